"""Variables in which a search converges in fewer steps.

Neighbouring channels of a spectrogram go up and down together, so that the loss has long narrow
valleys along differences of their weights. A search in the coordinates in which the channels are
uncorrelated, and of equal power, takes about half as many steps. The model and its minimum stay
what they are: it is a linear change of variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..layers.base import KernelLayer
from ..models.graph import Node
from .packs import Pack
from .vector import ParameterVector

# the least power of a coordinate, as a share of the greatest, that is taken at its word
_RIDGE = 1e-2


@dataclass(frozen=True)
class Block:
    """One parameter, whose first axis weights the channels of the data."""

    at: slice
    n_channels: int
    whiten: np.ndarray
    color: np.ndarray


class Conditioning:
    """The map between theta and the variables of a search.

    Parameters
    ----------
    nodes : sequence of Node
    vector : ParameterVector
    packs : sequence of Pack
    """

    def __init__(self, nodes: Sequence[Node], vector: ParameterVector, packs: Sequence[Pack]):
        moments: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self.blocks: list[Block] = []
        for slot in vector.slots:
            layer, signal = vector.layers[slot.layer], nodes[slot.layer].sources[0].signal
            if signal is None or not isinstance(layer, KernelLayer):
                continue
            low, high = layer.parameters[slot.name].bound_arrays()
            # a bound on a weight is none on a mixture of weights
            is_free = np.isinf(low).all() and np.isinf(high).all()
            if slot.name not in layer.channel_weights() or not is_free:
                continue
            if signal not in moments:
                moments[signal] = _whitening([pack.inputs[signal] for pack in packs])
            whiten, color = moments[signal]
            if slot.shape[0] == len(whiten):
                at = slice(slot.start, slot.stop)
                self.blocks.append(Block(at, slot.shape[0], whiten, color))

    def theta(self, variables: np.ndarray) -> np.ndarray:
        """Give theta for the variables of the search."""
        return self._mapped(variables, [block.whiten for block in self.blocks])

    def variables(self, theta: np.ndarray) -> np.ndarray:
        """Give the variables of the search for theta."""
        return self._mapped(theta, [block.color for block in self.blocks])

    def gradient(self, gradient: np.ndarray) -> np.ndarray:
        """Turn a derivative by theta into one by the variables of the search."""
        # the matrices are symmetric
        return self._mapped(gradient, [block.whiten for block in self.blocks])

    def _mapped(self, vector: np.ndarray, matrices: Sequence[np.ndarray]) -> np.ndarray:
        mapped = vector.copy()
        for block, matrix in zip(self.blocks, matrices, strict=True):
            rows = vector[block.at].reshape(block.n_channels, -1)
            mapped[block.at] = (matrix @ rows).ravel()
        return mapped


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
