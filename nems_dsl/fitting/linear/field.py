"""The receptive field of a linear part of a model, as a function of its free parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...graph.reach import find_reach
from ...graph.wiring import Node
from ...layers.base import Tangents, flat
from ..engine.jacobian import Jacobian
from ..engine.packs import Pack
from ..engine.passes import Engine, Weights, run_backward, run_forward
from ..engine.vector import ParameterVector
from .moments import Lags

# of the impulses that are run at a time; all of some thousand channels would be very many, and
# more than fit a cache take no less time
_MOST_VALUES = 1 << 20


def lags_of(nodes: Sequence[Node]) -> Lags:
    """Give the lags that a linear part depends on."""
    reach = find_reach(nodes, range(len(nodes)))
    assert reach.past is not None
    return Lags(reach.past, reach.future)


class ReceptiveField:
    """What linear layers do with each channel at each lag, and its derivatives.

    The layers are run on impulses, one per channel, so that layers of any form need no code of
    their own here. Of many channels some are run at a time, in bounded memory.

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
        self._at_once = max(1, min(n_channels, _MOST_VALUES // (n_channels * self.lags.n)))
        starts = np.arange(self._at_once + 2) * self.lags.n
        self._impulses, self._shown = np.zeros((n_channels, starts[-1])), range(0)
        pack = Pack({signal: self._impulses}, np.empty((0, 0)), starts)
        places = list(range(len(nodes)))
        self.engine = Engine(nodes, places, [pack], self.vector, np.dtype(float))
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
        weights = self.engine.prepare(self.engine.values(theta))
        parts = []
        for channels in self._groups():
            self._run(channels, weights)
            parts.append(self._read(flat(plan.last.out), channels))
        return np.concatenate(parts, axis=1).reshape(len(parts[0]), -1)

    def gradient(
        self, theta: np.ndarray, d_field: np.ndarray, d_constant: np.ndarray | None = None
    ) -> np.ndarray:
        """Give the derivative by theta of what has these derivatives by fields and constants.

        `values` must have been called for this theta before.
        """
        engine, (plan,) = self.engine, self.engine.plans
        values = engine.values(theta)
        weights = engine.prepare(values)
        d_constants = np.zeros(len(d_field)) if d_constant is None else d_constant
        d_weights = engine.zero_weights(weights)
        groups = self._groups()
        for channels in groups:
            if len(groups) > 1:
                # what the pass left that gave the values is overwritten by those on other channels
                self._run(channels, weights)
            self._write(d_field, channels, flat(plan.last.d_out))
            if channels.start == 0:
                # what comes without an impulse is the same in every group
                flat(plan.last.d_out)[:, -1] += d_constants
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
        weights = self.engine.prepare(values)
        parts: list[tuple[range, Tangents]] = []
        for channels in self._groups():
            self._run(channels, weights)
            found = self.jacobian.tangents(plan, values)
            if found is not None:
                # the arrays are those of the next pass as well
                read = self._read(found.values, channels)
                parts.append((channels, Tangents(found.entries, found.rows, read)))
        rows = np.unique(np.concatenate([part.rows for _, part in parts])) if parts else ()
        return [(int(row), *self._joined(parts, row)) for row in rows]

    def _joined(
        self, parts: list[tuple[range, Tangents]], row: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give entries that change an output, and how they change its field."""
        # the weights of a channel change nothing where another has the impulse
        mine = [(channels, part, part.rows == row) for channels, part in parts]
        entries = np.unique(np.concatenate([part.entries[which] for _, part, which in mine]))
        fields = np.zeros((len(entries), self.n_channels, self.lags.n))
        for channels, part, which in mine:
            at = np.searchsorted(entries, part.entries[which])
            fields[at, channels.start : channels.stop] = part.values[which]
        return entries, fields.reshape(len(entries), -1)

    # ---- impulses ----------------------------------------------------------------------------

    def _groups(self) -> list[range]:
        """Give the channels that have their impulses in one pass."""
        n, step = self.n_channels, self._at_once
        return [range(first, min(first + step, n)) for first in range(0, n, step)]

    def _run(self, channels: range, weights: Weights) -> None:
        """Run the layers on a segment per channel with an impulse in it, and one without."""
        (plan,) = self.engine.plans
        if channels != self._shown:
            signal = self._impulses.reshape(self.n_channels, -1, self.lags.n)
            for shown, height in ((self._shown, 0.0), (channels, 1.0)):
                signal[shown, np.arange(len(shown)), self.lags.future] = height
            self._shown = channels
        run_forward(plan.forward, weights)

    def _read(self, rows: np.ndarray, channels: range) -> np.ndarray:
        # what comes without any impulse is the layers' constant
        by_impulse = rows.reshape(len(rows), -1, self.lags.n)
        return by_impulse[:, : len(channels)] - by_impulse[:, -1:]

    def _write(self, d_field: np.ndarray, channels: range, d_out: np.ndarray) -> None:
        by_impulse = d_out.reshape(len(d_out), -1, self.lags.n)
        by_impulse[:] = 0
        mine = d_field.reshape(len(d_out), self.n_channels, -1)[:, channels.start : channels.stop]
        by_impulse[:, : len(channels)] = mine
        by_impulse[:, -1] = -mine.sum(axis=1)
