"""Variables in which a search converges in fewer steps.

Neighbouring channels of a spectrogram go up and down together, so that the loss has long narrow
valleys along differences of their weights. A search in the coordinates in which the channels are
uncorrelated, and of equal power, takes about half as many steps. Where a filter reads the data
themselves, neighbouring bins of each channel go up and down together as well; then it moves in the
coordinates in which all channels at all lags are uncorrelated, and takes a tenth as many. The
model and its minimum stay what they are: it is a linear change of variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from ..data.recording import Recording
from ..graph.wiring import Node
from ..layers.base import KernelLayer
from .engine.packs import Pack
from .engine.vector import ParameterVector, Slot
from .linear.moments import Lags, stimulus_moments
from .shrinkage.choice import FieldPrior
from .shrinkage.find import Shrunk

# the least power of a coordinate, as a share of the greatest, that is taken at its word
_RIDGE = 1e-2
# the same for channels at all lags, as a share of the mean
_LAGGED_RIDGE = 1e-3
# beyond so many channels and lags the change of variables costs more than an evaluation
_MOST_LAGGED = 1000


@dataclass(frozen=True)
class Block:
    """One parameter, whose first axis, or first two, weight the channels of the data.

    Attributes
    ----------
    at : slice
        Of theta.
    n_rows : int
        Channels, or channels times lags.
    whiten : (n_rows, n_rows) ndarray
        Theta from the variables of the search.
    color : (n_rows, n_rows) ndarray
        Its inverse.
    is_lagged : bool
        Whether the rows are channels at all lags.
    """

    at: slice
    n_rows: int
    whiten: np.ndarray
    color: np.ndarray
    is_lagged: bool = False


class Conditioning:
    """The map between theta and the variables of a search.

    Parameters
    ----------
    nodes : sequence of Node
    vector : ParameterVector
    packs : sequence of Pack
    bounds : (low, high), both (n,) arrays
        Of theta.
    recording : Recording
        The data that the packs are of.
    shrunk : sequence of Shrunk
        Receptive fields with a prior, which bends the valleys as the data do.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        vector: ParameterVector,
        packs: Sequence[Pack],
        bounds: tuple[np.ndarray, np.ndarray],
        recording: Recording,
        shrunk: Sequence[Shrunk] = (),
    ):
        moments: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.blocks: list[Block] = []
        for slot in vector.slots:
            layer, signal = vector.layers[slot.layer], nodes[slot.layer].sources[0].signal
            # what only a layer reads that nothing reads is not among the inputs
            is_read = signal is not None and all(signal in pack.inputs for pack in packs)
            if signal is None or not is_read or not isinstance(layer, KernelLayer):
                continue
            low, high = (bound[slot.start : slot.stop] for bound in bounds)
            # a bound on a weight is none on a mixture of weights
            is_free = np.isinf(low).all() and np.isinf(high).all()
            if slot.name not in layer.facts.channel_weights or not is_free:
                continue
            at, lags = slice(slot.start, slot.stop), _lags(layer, slot)
            if lags is not None:
                prior = _prior_of(shrunk, signal, lags)
                lagged = _lagged_whitening(recording, signal, lags, prior)
                self.blocks.append(Block(at, len(lagged[0]), *lagged, is_lagged=True))
                continue
            if signal not in moments:
                moments[signal] = _whitening([pack.inputs[signal] for pack in packs])
            whiten, color = moments[signal]
            if slot.shape[0] == len(whiten):
                self.blocks.append(Block(at, slot.shape[0], whiten, color))

    def theta(self, variables: np.ndarray) -> np.ndarray:
        """Give theta for the variables of the search."""
        return self._mapped(variables, [block.whiten for block in self.blocks])

    def variables(self, theta: np.ndarray) -> np.ndarray:
        """Give the variables of the search for theta."""
        return self._mapped(theta, [block.color for block in self.blocks])

    def gradient(self, gradient: np.ndarray) -> np.ndarray:
        """Turn a derivative by theta into one by the variables of the search."""
        return self._mapped(gradient, [block.whiten.T for block in self.blocks])

    def _mapped(self, vector: np.ndarray, matrices: Sequence[np.ndarray]) -> np.ndarray:
        mapped = vector.copy()
        for block, matrix in zip(self.blocks, matrices, strict=True):
            rows = vector[block.at].reshape(block.n_rows, -1)
            mapped[block.at] = (matrix @ rows).ravel()
        return mapped


def _lags(layer: KernelLayer, slot: Slot) -> Lags | None:
    """Give the lags that a parameter weights along its second axis, if it does."""
    if layer.memory is None or len(slot.shape) < 2 or layer.stride > 1:
        return None
    lags = Lags(layer.memory, layer.lookahead)
    fits = lags.n > 1 and slot.shape[1] == lags.n and slot.shape[0] * lags.n <= _MOST_LAGGED
    return lags if fits and slot.name in layer.facts.linear_in else None


def _prior_of(shrunk: Sequence[Shrunk], signal: str, lags: Lags) -> FieldPrior | None:
    for each in shrunk:
        if each.front.signal == signal and each.penalty.field.lags == lags:
            return each.prior
    return None


def _lagged_whitening(
    recording: Recording, signal: str, lags: Lags, prior: FieldPrior | None
) -> tuple[np.ndarray, np.ndarray]:
    """Give a matrix that makes channels at all lags alike, and its inverse."""
    moments = stimulus_moments(recording, lags, signal)

    def make() -> tuple[np.ndarray, np.ndarray]:
        square = moments.covariance if prior is None else prior.loaded
        square = square + np.outer(moments.mean, moments.mean)
        power = float(np.trace(square)) / len(square)
        if not power > 0:
            return np.eye(len(square)), np.eye(len(square))
        square[np.diag_indices_from(square)] += _LAGGED_RIDGE * power * (prior is None)
        color = np.linalg.cholesky(square / power).T
        return solve_triangular(color, np.eye(len(color))), color

    # a prior's strength is that of one response
    return make() if prior else recording.once(("whitening", signal, lags), make)


def _whitening(parts: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Give the symmetric matrix that makes channels alike, and its inverse.

    It leaves the power of the whole as it is. The second moment, and not the covariance, is what
    the loss of a model without offset depends on.
    """
    moment = sum(np.asarray(x @ x.T, dtype=float) for x in parts)
    power, axes = np.linalg.eigh(np.atleast_2d(moment))
    if not power[-1] > 0:
        same = np.eye(len(power))
        return same, same
    scale = np.sqrt((power + _RIDGE * power[-1]) / max(power.mean(), power[-1] * _RIDGE))
    return (axes / scale) @ axes.T, (axes * scale) @ axes.T
