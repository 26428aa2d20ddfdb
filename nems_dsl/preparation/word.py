"""What a word of preparation is: declared once, with what it estimates and what it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np

from ..keywords import Flow, Option, ShapeForm, Signature

#: What a word is given: its sizes and options by name.
Given = Mapping[str, Any]
#: What a word has estimated of the data of a fit: (channels,) arrays by name.
Known = Mapping[str, np.ndarray]

NO_SHAPE = (ShapeForm((), n_required=0),)
NO_FLOW = (Flow((), ()),)
#: Which signal a word is about, where that is not the stimulus.
OF_RESPONSE = Option("r", "of the response")
OF_STATE = Option("s", "of the state", excludes=("r",))
#: The same, for a word that is not about responses.
OF_STATE_ALONE = Option("s", "of the state")
SIGNALS = {"r": "resp", "s": "state"}


class PrepWord:
    """A step of preparation; subclasses declare a signature, and say what the step does.

    Attributes
    ----------
    signature : Signature
        Of class, as keywords have it.
    keeps_channels : bool
        Of class: as many channels come out as go in.
    """

    signature: ClassVar[Signature]
    keeps_channels: ClassVar[bool] = True

    def estimate(self, values: np.ndarray, given: Given) -> dict[str, np.ndarray]:
        """Give what has to be known of the data of the fit, (bins, channels); NaN is missing."""
        return {}

    def apply(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        """Give a trial, (T, channels), as it is after the step."""
        raise NotImplementedError

    def undo(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        """Give a prediction in the units that the response had before the step."""
        return trial


W = TypeVar("W", bound=type[PrepWord])


class PrepWords(Mapping[str, PrepWord]):
    """The words of preparation there are, by head."""

    def __init__(self) -> None:
        self._words: dict[str, PrepWord] = {}

    def register(self, word: W) -> W:
        """Add a word; a decorator of the class that declares it."""
        self._words[word.signature.head] = word()
        return word

    def __getitem__(self, head: str) -> PrepWord:
        return self._words[head]

    def __iter__(self) -> Iterator[str]:
        return iter(self._words)

    def __len__(self) -> int:
        return len(self._words)


prep_words = PrepWords()
