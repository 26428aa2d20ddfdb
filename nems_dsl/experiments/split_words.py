"""Words that say how data are split into those of the fit and those of the test: est, kf."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..keywords import Number, Option, Signature
from ..preparation.word import NO_FLOW, NO_SHAPE

if TYPE_CHECKING:
    from ..studies.design import Design

_GAP = Option("g", "bins between fit and test that are in neither", number=Number.INTEGER)


class SplitWord:
    """A way to split; subclasses declare a signature, whose first option is the head's number."""

    signature: Signature

    def design(self, given: Mapping[str, Any], groups: Sequence[Hashable] | None) -> Design:
        """Give the design that it stands for."""
        raise NotImplementedError


class HoldOut(SplitWord):
    """Fit to the beginning, test on the end."""

    signature = Signature(
        head="est",
        summary="fits to so many percent of the data, and tests on their end",
        equation="the last trials are held out, or the end of a single one",
        forms=NO_SHAPE,
        flows=NO_FLOW,
        options=(
            Option(
                "est",
                "percent of the data that are fitted",
                number=Number.INTEGER,
                default=80,
                minimum=1,
                maximum=100,
            ),
            _GAP,
        ),
        example="est70_wc.18x1-lvl.1_",
    )

    def design(self, given: Mapping[str, Any], groups: Sequence[Hashable] | None) -> Design:
        """Give the design that it stands for."""
        from ..studies.design import Design

        return Design(1 - given["est"] / 100, gap=given.get("g"), groups=groups)


class Folds(SplitWord):
    """Cross-validate."""

    signature = Signature(
        head="kf",
        summary="cross-validates in folds, each tested by a fit to the others",
        equation="whole trials where there are as many as folds, else blocks of time with gaps",
        forms=NO_SHAPE,
        flows=NO_FLOW,
        options=(
            Option(
                "kf", "number of folds", number=Number.INTEGER, default=5, minimum=2, maximum=1e6
            ),
            Option("tr", "folds of whole trials"),
            Option("bl", "folds of blocks of time", excludes=("tr",)),
            _GAP,
            Option("sh", "deal trials in an order drawn with this seed", number=Number.INTEGER),
            Option("each", "score each fold by itself, and take the mean"),
        ),
        example="kf10_wc.18x1-lvl.1_",
    )

    def design(self, given: Mapping[str, Any], groups: Sequence[Hashable] | None) -> Design:
        """Give the design that it stands for."""
        from ..studies.design import Design

        by = "trials" if given.get("tr") else "time" if given.get("bl") else "auto"
        return Design(0.0, given["kf"], by, given.get("g"), groups, given.get("sh"))


#: By head.
split_words: dict[str, SplitWord] = {word.signature.head: word for word in (HoldOut(), Folds())}
#: Other programs' names for them.
SYNONYMS = {"jk": "kf"}
