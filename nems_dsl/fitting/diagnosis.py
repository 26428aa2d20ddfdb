"""What is wrong with a fit: found from its parameters, its signals and its curvature."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..layers.base import flat
from .engine.jacobian import Jacobian
from .engine.packs import Pack
from .engine.passes import Engine, run_forward

if TYPE_CHECKING:
    from .objective import Objective

Bounds = tuple[np.ndarray, np.ndarray]

#: How the warning of directions that do not change the prediction begins.
REDUNDANT = "redundant parameters"

# of the largest eigenvalue of the curvature, each parameter in units in which its own is 1: below
# the first, rounding leaves nothing; below the second, a thousandth of noise moves it by its size
_NO_CURVATURE = 1e-13
_HARDLY_ANY = 1e-10
# relative to the size of a signal, and no less than so many roundings
_CONSTANT, _CONSTANT_ROUNDINGS = 1e-9, 8
_MOST_PARAMETERS = 600
_BINS, _BINS_PER_PARAMETER = 4000, 10
_AWAY = 0.3
# of what can be explained
_WORSE, _BETTER = 0.01, 1e-5
_MOST_NAMED, _WORTH_NAMING = 3, 0.05


def find_warnings(
    objective: Objective,
    theta: np.ndarray,
    converged: bool,
    message: str,
    own_bounds: Bounds | None = None,
) -> tuple[list[str], int | None]:
    """Find what a user should know before trusting a fit.

    Parameters
    ----------
    objective : Objective
    theta : (n,) array
        Where the search ended.
    converged : bool
    message : str
        Why it ended.
    own_bounds : pair of (n,) arrays, optional
        Bounds of the layers in the user's units; by default those of the objective.

    Returns
    -------
    warnings : list of str
    rank : int or None
        Of the Jacobian of the prediction; None where that is not known, or costs too much.
    """
    found = [] if converged else [f"not converged: {message}"]
    found += _at_bounds(objective, theta, own_bounds)
    found += _constant_signals(objective, theta)
    rank, about_rank = _redundant(objective, theta)
    return found + about_rank, rank


def beats_mean(objective: Objective, theta: np.ndarray) -> bool:
    """Tell whether a model predicts better than a constant would, penalties apart."""
    loss = objective.loss
    value, _ = loss.finish(objective.engine.total(theta, loss))
    return bool(value < loss.of_mean - _BETTER * (loss.of_mean - loss.least))


def worse_than_mean(objective: Objective, theta: np.ndarray) -> list[str]:
    """Find that a constant would have done as well or better, penalties apart.

    Parameters
    ----------
    objective : Objective
    theta : (n,) array
        Where the search ended.

    Returns
    -------
    list of str
        Of one warning, or empty.
    """
    loss = objective.loss
    if beats_mean(objective, theta):
        return []
    value, _ = loss.finish(objective.engine.total(theta, loss))
    is_worse = value - loss.of_mean > _WORSE * (loss.of_mean - loss.least)
    compared = (
        f"its nmse is {(value / loss.of_mean) ** (loss.search_power / 2):.3g}"
        if loss.is_squared
        else f"the loss is {value - loss.of_mean:.3g} above that of the mean"
    )
    if is_worse:
        return [
            f"the prediction is worse than the mean of the response: {compared}; let the last "
            "layer scale and move what it gives, as lvl and dexp do"
        ]
    return [
        f"the prediction is no better than the mean of the response: {compared}; there may be "
        "nothing of the stimulus in the response, penalties may be too strong, or other starts "
        "(n_starts=5) may do better"
    ]


def _at_bounds(objective: Objective, theta: np.ndarray, own_bounds: Bounds | None) -> Iterator[str]:
    low, high = objective.bounds
    of_layers = objective.vector.bounds()
    # what the loss has narrowed is told as it is
    told_low, told_high = (
        np.where(bound == inside, own, bound)
        for bound, inside, own in zip(
            objective.bounds, of_layers, own_bounds or of_layers, strict=True
        )
    )
    for slot in objective.vector.slots:
        at = slice(slot.start, slot.stop)
        label = f"{objective.vector.layers[slot.layer].label}.{slot.name}"
        for side, bound, says in (("lower", low, told_low), ("upper", high, told_high)):
            places = np.flatnonzero(theta[at] == bound[at])
            if len(places) and np.isfinite(bound[at][places]).all():
                values = ", ".join(f"{value:g}" for value in np.unique(says[at][places]))
                count = f"{len(places)} of {slot.stop - slot.start} values of " * (
                    slot.stop - slot.start > 1
                )
                yield f"{count}{label} at the {side} bound {values}"


def _constant_signals(objective: Objective, theta: np.ndarray) -> Iterator[str]:
    """Find units that give the same whatever comes in, and predictions that do."""
    engine = objective.engine
    weights = engine.prepare(engine.values(theta))
    ranges: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for plan in engine.plans:
        run_forward(plan.forward, weights)
        for step in plan.forward:
            rows = flat(step.work.out)
            least, most = rows.min(axis=1), rows.max(axis=1)
            # over all packs, for a signal may be constant within each and not between them
            low, high = ranges.get(step.place, (least, most))
            ranges[step.place] = np.minimum(low, least), np.maximum(high, most)
    share = max(_CONSTANT, _CONSTANT_ROUNDINGS * float(np.finfo(engine.dtype).eps))
    constant = {
        place: high - low <= share * np.maximum(np.abs(low), np.abs(high))
        for place, (low, high) in ranges.items()
    }
    for place in engine.structure.needed:
        n, n_all = int(constant[place].sum()), len(constant[place])
        sources = engine.nodes[place].sources
        from_dead = any(constant[s.layer].any() for s in sources if s.layer is not None)
        if place == engine.structure.last and n:
            which = "" if n_all == 1 else f" in {n} of {n_all} channels"
            yield f"the prediction is constant{which}"
        elif n and not from_dead:
            label = engine.nodes[place].layer.label
            yield f"dead units: {n} of {n_all} channels of {label} never change"


def _redundant(objective: Objective, theta: np.ndarray) -> tuple[int | None, list[str]]:
    """Find directions in which parameters may move and the prediction does not."""
    n = objective.n_parameters
    if not 0 < n <= _MOST_PARAMETERS or objective.engine.structure.numeric:
        return None, []
    square = _curvature(*derivatives_of(objective, _n_bins(objective)), theta)
    if _is_well_determined(square):
        return n, []
    if not np.isfinite(square).all():
        return None, []
    values = _eigenvalues(square)
    rank, weak = int(np.sum(values > _NO_CURVATURE)), int(np.sum(values <= _HARDLY_ANY))
    if not weak:
        return rank, []
    # a chain of linear layers has such directions wherever it stands, whatever comes in, which is
    # no fault of a fit
    usual = _eigenvalues(_curvature(_on_noise(objective), 1.0, _elsewhere(objective, theta)))
    usual_rank, usually_weak = np.sum(usual > _NO_CURVATURE), np.sum(usual <= _HARDLY_ANY)
    if rank < usual_rank:
        return rank, [
            f"{REDUNDANT}: {usual_rank - rank} more directions of {n} parameters than "
            f"usual for this model do not change the prediction "
            f"({_names(objective, square, n - rank)})"
        ]
    if weak > usually_weak:
        return rank, [
            f"ill-conditioned parameters: {weak - usually_weak} more directions of {n} than usual "
            f"for this model hardly change the prediction "
            f"({_names(objective, square, weak)})"
        ]
    return rank, []


def _n_bins(objective: Objective) -> int:
    return max(_BINS, _BINS_PER_PARAMETER * objective.n_parameters)


def derivatives_of(objective: Objective, n_bins: int) -> tuple[Jacobian, float]:
    """Give the derivatives for the data in double precision, and the share that has enough bins.

    Parameters
    ----------
    objective : Objective
    n_bins : int
        How many are enough.
    """
    engine = objective.engine
    n_all = sum(plan.pack.length for plan in engine.plans)
    share = min(1.0, n_bins / n_all)
    if engine.dtype == np.dtype(float):
        return objective.jacobian(), share
    # in single precision rounding hides which directions have no curvature
    step = max(1, min(round(1 / share), len(engine.plans)))
    packs = [plan.pack for plan in engine.plans[::step]]
    return _jacobian(objective, [_in_double(pack) for pack in packs]), 1.0


def _in_double(pack: Pack) -> Pack:
    inputs = {name: x.astype(float) for name, x in pack.inputs.items()}
    return Pack(inputs, pack.target.astype(float), pack.starts)


def _jacobian(objective: Objective, packs: Sequence[Pack]) -> Jacobian:
    engine = objective.engine
    needed = engine.structure.needed
    other = Engine(engine.nodes, needed, packs, engine.vector, np.dtype(float))
    return Jacobian(other, objective.reach)


def _on_noise(objective: Objective) -> Jacobian:
    """Give the derivatives for inputs of independent channels and bins, of the values of ours."""
    engine, n_bins = objective.engine, _n_bins(objective)
    rng = np.random.default_rng(0)
    inputs = {}
    for name, x in engine.plans[0].pack.inputs.items():
        drawn = rng.choice(x.ravel(), (len(x), n_bins)).astype(float)
        inputs[name] = drawn if np.ptp(drawn) else rng.random(drawn.shape)
    # the target is all there, but for its values, which a curvature does not depend on
    n_told = -(-n_bins // objective.reach.stride)
    target = np.zeros((*engine.output_shape, n_told))
    return _jacobian(objective, [Pack(inputs, target, np.array([0, n_bins]))])


def _curvature(jacobian: Jacobian, share: float, theta: np.ndarray) -> np.ndarray:
    """Give the curvature of the prediction, in units in which that by each parameter is 1."""
    square = jacobian.curvature(theta, _Plain(), share)
    scale = np.sqrt(np.diag(square))
    scale[scale == 0] = np.inf
    return square / np.outer(scale, scale)


def _is_well_determined(square: np.ndarray) -> bool:
    """Tell whether every direction has curvature; in much less time than its eigenvalues take."""
    # no eigenvalue is above the number of parameters, the sum of them all
    least = _HARDLY_ANY * len(square) * np.eye(len(square))
    try:
        np.linalg.cholesky(square - least)
    except np.linalg.LinAlgError:
        return False
    return True


def _eigenvalues(square: np.ndarray) -> np.ndarray:
    """Give the eigenvalues as shares of the largest, the smallest first."""
    values = np.linalg.eigvalsh(square)
    return values / max(values[-1], np.finfo(float).tiny)


class _Plain:
    """Every sample that has a response counts the same, whatever the loss."""

    @staticmethod
    def curvature(prediction: np.ndarray, target: np.ndarray, out: np.ndarray) -> None:
        np.logical_not(np.isnan(target), out=out)


def _elsewhere(objective: Objective, theta: np.ndarray) -> np.ndarray:
    """Give parameters near by, at which nothing is special."""
    rng = np.random.default_rng(0)
    size = np.maximum(np.abs(theta), np.sqrt(np.mean(theta**2)))
    return np.clip(theta + _AWAY * size * rng.standard_normal(len(theta)), *objective.bounds)


def _names(objective: Objective, square: np.ndarray, n_directions: int) -> str:
    """Name the parameters that have most to do with the least determined directions."""
    weights = np.sum(np.linalg.eigh(square)[1][:, :n_directions] ** 2, axis=1)
    shares: dict[str, float] = {}
    for slot in objective.vector.slots:
        label = f"{objective.vector.layers[slot.layer].label}.{slot.name}"
        share = float(weights[slot.start : slot.stop].sum())
        shares[label] = shares.get(label, 0.0) + share
    most = sorted(shares, key=lambda label: -shares[label])[:_MOST_NAMED]
    return ", ".join(label for label in most if shares[label] > _WORTH_NAMING * weights.sum())
