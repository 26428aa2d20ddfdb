"""What is fitted and what is tested: the one place where a recording is cut for a study."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from ..data.folds import (
    WAYS,
    Fold,
    Stretch,
    check_groups,
    choose_way,
    count_units,
    make_folds,
)
from ..data.holdout import hold_out_end
from ..graph.reach import Reach, find_reach
from ..graph.wiring import connect, needed
from ..models import Model


@dataclass(frozen=True)
class Design:
    """How recordings are split, whatever they are of and whatever is fitted to them.

    Attributes
    ----------
    test : float
        The share to hold out, of trials or of a single one; used if there are no folds.
    n_folds : int or None
    by : {"auto", "trials", "time"}
        What folds are of.
    gap : int or None
        Bins around what is tested that are neither fitted nor tested; by default as many as the
        models remember and look ahead.
    groups : sequence or None
        A label for each trial; trials of one label stay together.
    shuffle_seed : int or None
        Deal trials to folds in an order drawn with this seed.

    Raises
    ------
    ValueError
        An entry means nothing.
    """

    test: float = 0.2
    n_folds: int | None = None
    by: str = "auto"
    gap: int | None = None
    groups: Sequence[Hashable] | None = None
    shuffle_seed: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.test < 1:
            raise ValueError(f"the share to hold out must be from 0 up to 1, not {self.test:g}")
        if self.by not in WAYS:
            raise ValueError(f"by must be one of {', '.join(map(repr, WAYS))}, not {self.by!r}")
        if self.gap is not None and self.gap < 0:
            raise ValueError(f"gap must be 0 bins or more, not {self.gap}")

    def cut(self, lengths: Sequence[int], models: Sequence[Model]) -> Cuts:
        """Cut a recording for studies of some models.

        Parameters
        ----------
        lengths : sequence of int
            Bins of each trial of the response.
        models : sequence of Model
            With all sizes known. The gap suits them all.

        Raises
        ------
        ValueError
            The recording cannot be cut so: says why, and what can be done.
        """
        if self.n_folds is None:
            gap = self.gap
            if gap is None:
                gap = max((_known_gap(find_model_reach(model)) for model in models), default=0)
            return Cuts("", gap, [hold_out_end(lengths, self.test, gap=gap, groups=self.groups)])
        whole = [Stretch(trial, 0, length) for trial, length in enumerate(lengths)]
        by = choose_way(whole, self.n_folds, self.by, check_groups(self.groups, len(lengths)))
        gap = 0
        if by == "time":
            gap = max(map(_whole_gap, models)) if self.gap is None else self.gap
        folds = make_folds(
            lengths,
            self.n_folds,
            by=by,
            gap=gap,
            groups=self.groups,
            shuffle_seed=self.shuffle_seed,
        )
        return Cuts(by, gap, folds)

    def cut_within(
        self, lengths: Sequence[int], fold: Fold, n_folds: int, cuts: Cuts
    ) -> list[Fold]:
        """Cut the data of one fit again, to choose among models by them."""
        if cuts.by == "trials":
            n_units = count_units(fold.fit, self.groups)
            if n_units < 2:
                raise ValueError(
                    "to choose among models, the data of each fit must hold at least 2 trials (or "
                    f"groups of trials), not {n_units}; ask for more folds"
                )
            n_folds = min(n_folds, n_units)
        return make_folds(
            lengths, n_folds, by=cuts.by, gap=cuts.gap, groups=self.groups, within=fold.fit
        )


@dataclass(frozen=True)
class Cuts:
    """How a recording was cut.

    Attributes
    ----------
    by : {"trials", "time", ""}
        Empty for one part that is held out.
    gap : int
    folds : list of Fold
    """

    by: str
    gap: int
    folds: list[Fold]


def columns_of_models(has_one_output: bool, columns: Sequence[int]) -> list[tuple[int, ...]]:
    """Tell which channels of a response each model of a study is for.

    Parameters
    ----------
    has_one_output : bool
        What the string says: each channel needs a model of its own.
    columns : sequence of int
        All channels that are studied.

    Examples
    --------
    >>> columns_of_models(True, [0, 2]), columns_of_models(False, [0, 2])
    ([(0,), (2,)], [(0, 2)])
    """
    return [(column,) for column in columns] if has_one_output else [tuple(columns)]


def find_model_reach(model: Model) -> Reach:
    """Find how far in time the output of a model depends on its inputs."""
    nodes = connect(list(model.layers))
    return find_reach(nodes, needed(nodes, len(nodes) - 1))


def _known_gap(reach: Reach) -> int:
    return -(-(reach.known + reach.future) // reach.stride)


def _whole_gap(model: Model) -> int:
    reach = find_model_reach(model)
    if reach.past is None:
        labels = [layer.label for layer in model.layers if layer.memory is None]
        raise ValueError(
            f"what {', '.join(labels)} remembers has no bounds, or none that is known, so that no "
            "gap keeps blocks of time quite apart: say by gap= how many bins to leave between what "
            "is fitted and what is tested, or hold out whole trials by by='trials'"
        )
    return _known_gap(reach)
