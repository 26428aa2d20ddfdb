"""Which receptive fields of a model are shrunk, how, and how much."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ...data.recording import Recording
from ...graph.fronts import Front, find_fronts
from ...graph.reach import find_reach
from ...graph.wiring import Node
from ...keywords import FROM_DATA
from ..engine.vector import ParameterVector
from ..linear.field import ReceptiveField, lags_of
from ..linear.moments import Lags, windows
from ..losses import Loss
from .choice import FieldPrior, choose_prior, fixed_prior
from .priors import Smoothness, roughness, widths_to_try
from .quotient import QuotientPenalty
from .slopes import SlopePenalty
from .tail import find_tail

#: Beyond so many channels times lags a prior of all of them is not formed.
MOST_INPUTS = 3000
#: Bins at which slopes are taken.
_N_SAMPLES = 500
_OPTIONS = ("l2", "sl", "sc")


@dataclass(frozen=True, eq=False)
class Shrunk:
    """The receptive fields of one linear part of a model, and their prior.

    Attributes
    ----------
    front : Front
    prior : FieldPrior
    penalty : QuotientPenalty or SlopePenalty
        The latter where the rest of the model has slopes, bin by bin.
    from_data : bool
        Whether the data have told the strength.
    factor : float
        Of the strength of the prior, by what the data ask of a linear model.
    """

    front: Front
    prior: FieldPrior
    penalty: QuotientPenalty | SlopePenalty
    from_data: bool
    factor: float = 1.0

    @property
    def linear_prior(self) -> FieldPrior:
        """The prior as the data ask for it of a linear model."""
        return replace(self.prior, strengths=self.prior.strengths / self.factor)

    @property
    def label(self) -> str:
        """The layers of the linear part: ``wc-fir``."""
        return "-".join(node.layer.label for node in self.front.nodes)

    @property
    def told_strengths(self) -> float | list[float]:
        """The strength of each output, or of the only one."""
        each = [float(s) for s in self.prior.strengths]
        return each[0] if len(each) == 1 else each

    def __str__(self) -> str:
        each = self.prior.strengths
        if not self.from_data:
            return f"{self.label}: {self.prior.kind}"
        among = f"{each.min():.2g}" + f" to {each.max():.2g}" * (len(each) > 1)
        return f"{self.label}: {self.prior.kind}, strength {among} from the data"

    def times(self, factor: float) -> Shrunk:
        """Give the same, shrunk so many times as much, if the data have told how much."""
        if not self.from_data:
            return self
        penalty = copy.copy(self.penalty)
        penalty.weights = factor * penalty.weights
        prior = replace(self.prior, strengths=factor * self.prior.strengths)
        return replace(self, prior=prior, penalty=penalty, factor=factor * self.factor)

    @property
    def is_quadratic(self) -> bool:
        """Whether the penalty is a sum of squares of what is linear in receptive fields."""
        return isinstance(self.penalty, SlopePenalty) and self.penalty.is_quadratic


def written_options(front: Front) -> dict[str, float]:
    """Give the penalties that the layers of a linear part ask for, summed over layers."""
    found: dict[str, float] = {}
    for node in front.nodes:
        options = getattr(node.layer, "options", {})
        for name in _OPTIONS:
            if name not in options:
                continue
            number = float(options[name])
            before = found.get(name, 0.0)
            found[name] = FROM_DATA if FROM_DATA in (number, before) else before + number
    return found


def find_shrunk(
    nodes: Sequence[Node],
    places: Sequence[int],
    vector: ParameterVector,
    recording: Recording,
    target: Sequence[np.ndarray],
    loss: Loss,
    shrinkage: str | float = "none",
    regularizers: bool = True,
) -> list[Shrunk]:
    """Find the receptive fields to be shrunk, and choose priors for them.

    Parameters
    ----------
    nodes, places, vector
        The model, wired, the layers that count, and their free parameters.
    recording : Recording
        In the coordinates of the fit.
    target : list of (T_i, outputs) arrays
        NaN is left out.
    loss : Loss
        That the penalty is added to.
    shrinkage : {"auto", "none"} or float
        For what the string says nothing of.
    regularizers : bool
        Do what the string says.
    """
    found: list[Shrunk] = []
    if find_reach(nodes, places).stride > 1:
        # responses at another rate than the stimulus have no lagged covariances with it
        return found
    for front in find_fronts(nodes, places):
        written = written_options(front) if regularizers else {}
        n_channels = recording.signals[front.signal][0].shape[1]
        field = ReceptiveField(front.nodes, front.signal, n_channels)
        n_inputs = n_channels * field.lags.n
        if not field.vector.size or not 1 < n_inputs <= MOST_INPUTS:
            continue
        wanted = wanted_shrinkage(n_channels, field.lags.n, written, shrinkage)
        if wanted is None:
            continue
        data = recording, front.signal, field.lags, target
        if wanted.precision is None:
            prior = choose_prior(*data, wanted.candidates)
        else:
            prior = fixed_prior(*data, wanted.precision)
        entries = entries_of(front.places, field.vector, vector)
        tail = find_tail(nodes, places, front)
        penalty: QuotientPenalty | SlopePenalty
        if tail is None:
            weights = _quotient_weights(field, prior, loss, target)
            penalty = QuotientPenalty(field, entries, prior.covariance, prior.precision, weights)
        else:
            tail_vector = ParameterVector([node.layer for node in tail.nodes])
            penalty = SlopePenalty(
                field,
                entries,
                prior.covariance,
                prior.precision,
                loss.penalty_scale / loss.variance * prior.strengths * _shares(loss, target),
                tail,
                entries_of(tail.places, tail_vector, vector),
                *_sampled(recording, front.signal, field.lags, tail.signals, target),
            )
        found.append(Shrunk(front, prior, penalty, wanted.precision is None))
    return found


def too_large_to_shrink(nodes: Sequence[Node], places: Sequence[int], recording: Recording) -> str:
    """Say which receptive field has too many channels and lags for a prior, or nothing."""
    for front in find_fronts(nodes, places):
        n_channels = recording.signals[front.signal][0].shape[1]
        n_inputs = n_channels * lags_of(front.nodes).n
        if n_inputs > MOST_INPUTS:
            label = "-".join(node.layer.label for node in front.nodes)
            return (
                f"not shrunk: {label} has {n_inputs:,} channels times lags, above the "
                f"{MOST_INPUTS:,} that a prior is formed for; compare with validation=0.2, which "
                "ends the search by data held out"
            )
    return ""


def _sampled(
    recording: Recording,
    signal: str,
    lags: Lags,
    others: Sequence[str],
    target: Sequence[np.ndarray],
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Give a signal at all channels and lags, and other signals, at bins spread over the data."""
    silent = frozenset(n for n, trial in enumerate(target) if np.isnan(trial).all())
    trials = recording.signals[signal]
    chosen = [
        (number, bin_)
        for number, trial in enumerate(trials)
        if number not in silent
        for bin_ in range(len(trial))
    ]
    chosen = chosen[:: max(1, len(chosen) // _N_SAMPLES)]

    def make() -> np.ndarray:
        at = [[b for number, b in chosen if number == trial] for trial in range(len(trials))]
        parts = [windows(trial, bins, lags) for trial, bins in zip(trials, at, strict=True) if bins]
        return np.concatenate(parts).reshape(len(chosen), -1)

    found = recording.once(("windows", signal, lags, silent), make)
    beside = {
        name: np.array([recording.signals[name][number][bin_] for number, bin_ in chosen]).T
        for name in others
    }
    return found, beside


class Wanted(NamedTuple):
    """How a receptive field is to be shrunk.

    Attributes
    ----------
    precision : (n, n) ndarray or None
        Of the weights, as it is written; None where the data are to tell.
    candidates : list of Smoothness
        What they choose among.
    """

    precision: np.ndarray | None
    candidates: list[Smoothness]


def wanted_shrinkage(
    n_channels: int, n_lags: int, written: dict[str, float], shrinkage: str | float
) -> Wanted | None:
    """Tell how a receptive field is to be shrunk, by its layers or else by the fit; None if not."""
    numbers = {name: number for name, number in written.items() if number != FROM_DATA}
    asked = written.keys() - numbers.keys()
    if numbers:
        return Wanted(roughness(n_channels, n_lags, **numbers), [])
    if not asked and isinstance(shrinkage, str):
        if shrinkage == "none":
            return None
        asked = set(_OPTIONS)
    elif not asked:
        return Wanted(roughness(n_channels, n_lags, l2=float(shrinkage)), [])
    candidates = widths_to_try(n_channels, n_lags, "sc" in asked, "sl" in asked)
    if "l2" not in asked:
        candidates = [each for each in candidates if not each.is_ridge] or [Smoothness()]
    return Wanted(None, candidates)


def _shares(loss: Loss, target: Sequence[np.ndarray]) -> np.ndarray:
    """Give the share of the loss that is each output's."""
    counts = np.sum([np.sum(~np.isnan(trial), axis=0) for trial in target], axis=0)
    shares: np.ndarray = loss.weights * counts / (loss.weights @ counts)
    return shares


def _quotient_weights(
    field: ReceptiveField, prior: FieldPrior, loss: Loss, target: Sequence[np.ndarray]
) -> np.ndarray:
    """Give each output's weight: that with which the linear model's minimum is that of ridge."""
    theta = field.vector.read()
    n_outputs = len(field.values(theta))
    share_of_loss = _shares(loss, target) * prior.variance
    share_of_loss /= share_of_loss.sum()
    each = prior.strengths * prior.shares / (1 + prior.quotients)
    if n_outputs == len(each):
        return loss.penalty_scale * share_of_loss * each
    # filters that are mixed afterwards have no response of their own
    return np.full(n_outputs, loss.penalty_scale * float(share_of_loss @ each) / n_outputs)


def entries_of(places: Sequence[int], part: ParameterVector, whole: ParameterVector) -> np.ndarray:
    """Tell where the parameters of a part stand among all."""
    starts = {(slot.layer, slot.name): slot.start for slot in whole.slots}
    found = [
        starts[places[slot.layer], slot.name] + np.arange(slot.stop - slot.start)
        for slot in part.slots
    ]
    return np.concatenate(found) if found else np.empty(0, int)
