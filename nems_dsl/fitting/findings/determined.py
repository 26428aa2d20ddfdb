"""Finding directions of parameters that the data do not determine: the rank of the Jacobian."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..engine.jacobian import Jacobian
from ..engine.packs import Pack
from ..engine.passes import Engine

if TYPE_CHECKING:
    from ..objective import Objective

#: How the warning of directions that do not change the prediction begins.
REDUNDANT = "redundant parameters"

# of the largest eigenvalue of the curvature, each parameter in units in which its own is 1: below
# the first, rounding leaves nothing; below the second, a thousandth of noise moves it by its size
_NO_CURVATURE = 1e-13
_HARDLY_ANY = 1e-10
_MOST_PARAMETERS = 600
_BINS, _BINS_PER_PARAMETER = 4000, 10
_AWAY = 0.3
_MOST_NAMED, _WORTH_NAMING = 3, 0.05


def undetermined(objective: Objective, theta: np.ndarray) -> tuple[int | None, list[str]]:
    """Find directions in which parameters may move and the prediction does not."""
    n = objective.n_parameters
    if not 0 < n <= _MOST_PARAMETERS or objective.engine.structure.numeric:
        return None, []
    if objective.shares_squares and objective.engine.dtype == np.dtype(float):
        # every sample counts the same, as here
        square = _in_own_units(objective.squares(theta))
    else:
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
    return _in_own_units(jacobian.curvature(theta, _Plain(), share))


def _in_own_units(square: np.ndarray) -> np.ndarray:
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
