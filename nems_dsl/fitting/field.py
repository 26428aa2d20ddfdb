"""The receptive field of a linear part of a model, as a function of its free parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..graph.reach import find_reach
from ..graph.wiring import Node
from ..layers.base import Tangents, flat
from .engine.jacobian import Jacobian
from .engine.packs import Pack
from .engine.passes import Engine, run_backward, run_forward
from .engine.vector import ParameterVector
from .moments import Lags


def lags_of(nodes: Sequence[Node]) -> Lags:
    """Give the lags that a linear part depends on."""
    reach = find_reach(nodes, range(len(nodes)))
    assert reach.past is not None
    return Lags(reach.past, reach.future)


class ReceptiveField:
    """What linear layers do with each channel at each lag, and its derivatives.

    The layers are run on impulses, one per channel, so that layers of any form need no code of
    their own here.

    Parameters
    ----------
    nodes : sequence of Node
        Affine layers, wired to each other, that read one signal.
    signal : str
    n_channels : int
        Of the signal.

    Attributes
    ----------
    lags : Lags
    vector : ParameterVector
        Of the layers' free parameters.
    shape : tuple of int
        Of one bin of what the layers give.
    """

    def __init__(self, nodes: Sequence[Node], signal: str, n_channels: int):
        self.lags, self.n_channels = lags_of(nodes), n_channels
        self.vector = ParameterVector([node.layer for node in nodes])
        self.engine = Engine(
            nodes,
            list(range(len(nodes))),
            [impulses(signal, n_channels, self.lags)],
            self.vector,
            np.dtype(float),
        )
        self.jacobian = Jacobian(self.engine)
        self.shape = self.engine.output_shape

    @property
    def constant(self) -> np.ndarray:
        """What comes without any stimulus, (outputs,), for the theta that `values` had last."""
        (plan,) = self.engine.plans
        return np.array(flat(plan.last.out)[:, -1])

    def values(self, theta: np.ndarray) -> np.ndarray:
        """Give the receptive fields, (outputs, channels * lags), lags fastest."""
        (plan,) = self.engine.plans
        run_forward(plan.forward, self.engine.prepare(self.engine.values(theta)))
        return self._read(flat(plan.last.out))

    def gradient(
        self, theta: np.ndarray, d_field: np.ndarray, d_constant: np.ndarray | None = None
    ) -> np.ndarray:
        """Give the derivative by theta of what has these derivatives by fields and constants.

        `values` must have been called for this theta before.
        """
        engine, (plan,) = self.engine, self.engine.plans
        values = engine.values(theta)
        weights = engine.prepare(values)
        d_out = flat(plan.last.d_out)
        self._write(d_field, d_out)
        if d_constant is not None:
            d_out[:, -1] += d_constant
        d_weights = engine.zero_weights(weights)
        run_backward(plan.backward, d_weights)
        return engine.gather(values, weights, d_weights)

    def tangents(self, theta: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """Give the derivatives of the fields by theta.

        Returns
        -------
        list of (output, entries, (entries, channels * lags) array)
            For each output those entries of theta that it depends on.
        """
        (plan,) = self.engine.plans
        values = self.engine.values(theta)
        run_forward(plan.forward, self.engine.prepare(values))
        found: Tangents | None = self.jacobian.tangents(plan, values)
        if found is None:
            return []
        fields = self._read(found.values)
        return [
            (int(row), found.entries[found.rows == row], fields[found.rows == row])
            for row in np.unique(found.rows)
        ]

    def _read(self, rows: np.ndarray) -> np.ndarray:
        # what comes without any impulse is the layers' constant
        by_impulse = rows.reshape(len(rows), self.n_channels + 1, self.lags.n)
        return (by_impulse[:, :-1] - by_impulse[:, -1:]).reshape(len(rows), -1)

    def _write(self, d_field: np.ndarray, d_out: np.ndarray) -> None:
        by_impulse = d_out.reshape(len(d_out), self.n_channels + 1, self.lags.n)
        by_impulse[:, :-1] = d_field.reshape(len(d_out), self.n_channels, -1)
        by_impulse[:, -1] = -by_impulse[:, :-1].sum(axis=1)


def impulses(signal: str, n_channels: int, lags: Lags) -> Pack:
    """Give a segment per channel with an impulse in it, and one without."""
    stim = np.zeros((n_channels, n_channels + 1, lags.n))
    stim[np.arange(n_channels), np.arange(n_channels), lags.future] = 1
    starts = np.arange(n_channels + 2) * lags.n
    return Pack({signal: stim.reshape(n_channels, -1)}, np.empty((0, 0)), starts)
