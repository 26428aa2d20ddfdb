"""What a cross-validation is about to do: models bound to the data, and all folds."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.folds import Fold, Stretch, check_groups, choose_way, count_units, join, make_folds
from ..data.masking import apply_mask
from ..data.trials import check_match, check_orientation, check_variance, read_signal
from ..fitting.engine.prepared import PreparedInputs
from ..graph.reach import Reach, find_reach
from ..graph.wiring import connect, needed
from ..metrics import get_metric
from ..models import Model

METHODS = ("jackknife", "kfold")


@dataclass(frozen=True)
class Study:
    """All that the fits have in common.

    Attributes
    ----------
    candidates : list of Model
        Bound to the data.
    columns : list of list of int
        The channels that each model is for: all, or each by itself.
    folds : list of Fold
    inner : list of list of Fold
        For each fold, those of the choice; none without a choice.
    """

    candidates: list[Model]
    inputs: PreparedInputs
    target: list[np.ndarray]
    columns: list[list[int]]
    folds: list[Fold]
    inner: list[list[Fold]]
    method: str
    metric: str
    by: str
    gap: int
    fit_arguments: dict[str, Any]

    def x(self, trials: Iterable[int] | None = None) -> dict[str, list[np.ndarray]]:
        """Give the signals of some trials, or of all, as a user does."""
        names, signals = self.inputs.names, self.inputs.signals
        chosen = range(len(self.target)) if trials is None else list(trials)
        return {names[name]: [signals[name][trial] for trial in chosen] for name in signals}

    def y(self, columns: list[int]) -> list[np.ndarray]:
        """Give some channels of the target."""
        if len(columns) == self.target[0].shape[1]:
            return self.target
        return [trial[:, columns] for trial in self.target]


def prepare_study(
    model: str | Model | Sequence[str | Model],
    x: Any,
    y: Any,
    *,
    method: str,
    metric: str,
    gap: int | None,
    by: str,
    n_folds: int,
    n_inner_folds: int,
    groups: Sequence[Hashable] | None,
    shuffle_seed: int | None,
    mask: Any,
    fit_arguments: dict[str, Any],
) -> Study:
    """Read what the user gave, cut the recording, and refuse what cannot be fitted."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, not {method!r}")
    get_metric(metric)
    candidates = _read_models(model)
    inputs = PreparedInputs.read(x)
    target, _ = read_signal(y, "the target")
    check_orientation(target, inputs)
    target = apply_mask(target, mask, None)
    columns = _split_channels(candidates, target[0].shape[1])
    candidates = [each.bind_data(inputs, (len(columns[0]),)) for each in candidates]
    reaches = [_reach(each) for each in candidates]
    if len({reach.stride for reach in reaches}) > 1:
        raise ValueError("the models differ in the sampling rate of what they give")
    check_match(target, inputs, reaches[0].stride)
    lengths = [len(trial) for trial in target]
    whole = [Stretch(trial, 0, length) for trial, length in enumerate(lengths)]
    by = choose_way(whole, n_folds, by, check_groups(groups, len(lengths)))
    if by == "trials":
        gap = 0
    elif gap is None:
        gap = max(
            _default_gap(each, reach) for each, reach in zip(candidates, reaches, strict=True)
        )
    folds = make_folds(lengths, n_folds, by=by, gap=gap, groups=groups, shuffle_seed=shuffle_seed)
    inner = [
        _cut_inner(lengths, fold, n_inner_folds, by, gap, groups) if len(candidates) > 1 else []
        for fold in folds
    ]
    _check_folds(target, folds, inner)
    return Study(
        candidates, inputs, target, columns, folds, inner, method, metric, by, gap, fit_arguments
    )


def _read_models(model: Any) -> list[Model]:
    given = [model] if isinstance(model, str | Model) else list(model)
    if not given:
        raise ValueError("there is no model to cross-validate: the list of models is empty")
    for each in given:
        if not isinstance(each, str | Model):
            raise TypeError(f"give a model by its string or as a Model, not as {each!r}")
    return [Model(each) if isinstance(each, str) else each for each in given]


def _split_channels(candidates: Sequence[Model], n_channels: int) -> list[list[int]]:
    """Tell which channels each model is for: a model with one output is for one channel."""
    single = {_has_one_output(each) for each in candidates}
    if len(single) > 1 and n_channels > 1:
        raise ValueError(
            "of the models to choose from some have one output and some have more; for "
            f"{n_channels} channels they must be alike"
        )
    if single == {True}:
        return [[channel] for channel in range(n_channels)]
    return [list(range(n_channels))]


def _has_one_output(model: Model) -> bool:
    try:
        tree = model.tree
    except ValueError:
        # a layer without a keyword: only its output can tell
        return False
    return bool(tree.keywords) and tree.keywords[-1].gives == (1,)


def _reach(model: Model) -> Reach:
    nodes = connect(list(model.layers))
    return find_reach(nodes, needed(nodes, len(nodes) - 1))


def _default_gap(model: Model, reach: Reach) -> int:
    if reach.past is None:
        labels = [layer.label for layer in model.layers if layer.memory is None]
        raise ValueError(
            f"what {', '.join(labels)} remembers has no bounds, or none that is known, so that no "
            "gap keeps blocks of time quite apart: say by gap= how many bins to leave between what "
            "is fitted and what is tested, or hold out whole trials by by='trials'"
        )
    return -(-(reach.past + reach.future) // reach.stride)


def _cut_inner(
    lengths: list[int],
    fold: Fold,
    n_folds: int,
    by: str,
    gap: int,
    groups: Sequence[Hashable] | None,
) -> list[Fold]:
    if by == "trials":
        n_units = count_units(fold.fit, groups)
        if n_units < 2:
            raise ValueError(
                "to choose among models, the data of each fit must hold at least 2 trials (or "
                f"groups of trials), not {n_units}; ask for more folds"
            )
        n_folds = min(n_folds, n_units)
    return make_folds(lengths, n_folds, by=by, gap=gap, groups=groups, within=fold.fit)


def _check_folds(
    target: list[np.ndarray], folds: Sequence[Fold], inner: Sequence[Sequence[Fold]]
) -> None:
    """Refuse folds without a response to fit, before the first fit takes its time."""
    for number, (fold, within) in enumerate(zip(folds, inner, strict=True)):
        for place, each in enumerate([fold, *within]):
            try:
                check_variance([join(target, each.fit)])
            except ValueError as error:
                of = f", part {place - 1} of the choice of a model" if place else ""
                raise ValueError(f"fold {number} of {len(folds)}{of}: {error}") from None
