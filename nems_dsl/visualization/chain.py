"""How a chain of layers begins: the part that is linear, found by trying it out.

A layer counts as linear if, on small random signals, it is additive and homogeneous up to a
constant, and does the same at every time. No particular layer is known here, so that layers of
one's own are drawn like those of the package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..compiler import parse
from ..data.recording import Recording, read_recording
from ..errors import NemsError
from ..graph.evaluation import evaluate_layer
from ..graph.wiring import Node, connect

if TYPE_CHECKING:
    from ..models import Model

_SCALES = (1.0, 1e3)
_PROBE_BINS = 24
_UNKNOWN_MEMORY = 100
_TOLERANCE = 1e-7


class NoLinearFront(NemsError, ValueError):
    """The model does not begin with a linear part; the message says how it does begin."""


def behind_preparation(model: Model, recording: Recording | None) -> tuple[Model, Recording | None]:
    """Return a model and data as the first layer sees them: prepared, if the model prepares."""
    if model.preparation is None:
        return model, recording
    bare = model.copy()
    bare.preparation = None
    return bare, None if recording is None else model.preparation.apply(recording)


@dataclass(frozen=True)
class LinearFront:
    """A model taken apart: a linear part, and what follows it.

    Attributes
    ----------
    front, rest : tuple of Node
    n_inputs, n_outputs : int
        Channels that go into the front, and come out of it (a bank counts each of its slices).
    signal : str
        The signal that the model reads.
    """

    front: tuple[Node, ...]
    rest: tuple[Node, ...]
    n_inputs: int
    n_outputs: int
    signal: str

    @classmethod
    def of(cls, model: Model, x: Any = None) -> LinearFront:
        """Take a model apart.

        Parameters
        ----------
        model : Model
        x : as for `Model.predict`, optional
            Tells the number of input channels where no string does.

        Raises
        ------
        NoLinearFront
            Its first layer is not linear, or reads several signals.
        """
        model, inputs = behind_preparation(model, None if x is None else read_recording(x))
        nodes = connect(list((model if inputs is None else model.bind_data(inputs)).layers))
        first = nodes[0]
        if len(first.sources) != 1 or first.sources[0].signal is None:
            raise NoLinearFront(f"the chain begins with {first.layer.label}, of several signals")
        signal = first.sources[0].signal
        n_inputs = _count_inputs(model, inputs, signal)
        n_linear, width = 0, n_inputs
        for place, node in enumerate(nodes):
            if not _follows(node, place, first=not place) or not _is_linear(
                nodes[:place], node, n_inputs
            ):
                break
            n_linear = place + 1
            width = _run(nodes[:n_linear], np.zeros((1, n_inputs))).size
        if not n_linear:
            raise NoLinearFront(f"the chain begins with {first.layer.label}, which is not linear")
        return cls(tuple(nodes[:n_linear]), tuple(nodes[n_linear:]), n_inputs, width, signal)

    @classmethod
    def before_static(cls, model: Model, recording: Recording, channel: int) -> LinearFront | None:
        """Cut a chain before the static curve at its end; the front need not be linear then.

        Returns
        -------
        LinearFront or None
            The rest is the longest end of the chain that turns one number of the front into the
            output, bin by bin; None if there is none, or the chain branches.
        """
        nodes = connect(list(model.bind_data(recording).layers))
        first = nodes[0].sources[0].signal if len(nodes[0].sources) == 1 else None
        follow = all(_follows(node, place, first=not place) for place, node in enumerate(nodes))
        if first is None or not follow:
            return None
        n_inputs = int(recording.signals[first][0].shape[1])
        for place in range(1, len(nodes)):
            width = _run(nodes[:place], np.zeros((1, n_inputs))).size
            cut = cls(tuple(nodes[:place]), tuple(nodes[place:]), n_inputs, width, first)
            probe = np.random.default_rng(2).standard_normal((_PROBE_BINS, width))
            # cheap first: most chains mix many numbers until their last layers
            if cut.is_static(probe) and len(cut.drivers(channel)) == 1:
                return cut
        return None

    @property
    def names(self) -> str:
        """The names of the linear layers, as in a model string."""
        return "-".join(node.layer.label for node in self.front)

    @property
    def is_chain(self) -> bool:
        """Whether each later layer reads just the output of the one before it."""
        place = len(self.front)
        return all(_follows(node, place + i) for i, node in enumerate(self.rest))

    def drive(self, x: np.ndarray) -> np.ndarray:
        """Give the output of the linear part for one trial: (T, outputs)."""
        return _run(self.front, x).reshape(len(x), -1)

    def finish(self, drive: np.ndarray) -> np.ndarray:
        """Give the model's output for an output of the linear part: (T, channels)."""
        shape = _run(self.front, np.zeros((1, self.n_inputs))).shape[1:]
        return _run(self.rest, drive.reshape(-1, *shape)).reshape(len(drive), -1)

    def drivers(self, channel: int) -> list[int]:
        """Tell which outputs of the linear part an output of the model depends on."""
        if not self.is_chain:
            return list(range(self.n_outputs))
        rng = np.random.default_rng(0)
        base = rng.standard_normal((_PROBE_BINS, self.n_outputs))
        found = []
        for output in range(self.n_outputs):
            changed = base.copy()
            changed[:, output] = rng.standard_normal(_PROBE_BINS)
            if not _same(self.finish(base)[:, channel], self.finish(changed)[:, channel]):
                found.append(output)
        return found or [min(channel, self.n_outputs - 1)]

    def is_static(self, drive: np.ndarray) -> bool:
        """Tell whether what follows the linear part treats each bin on its own."""
        if not self.is_chain:
            return False
        order = np.random.default_rng(0).permutation(len(drive))
        return _same(self.finish(drive)[order], self.finish(drive[order]))

    def impulse_responses(self) -> np.ndarray:
        """Give the linear part's response to an impulse in each channel.

        Returns
        -------
        (outputs, channels, lags) ndarray
            Lag 0 first. Lags at the end, where all is 0, are left out if a layer does not tell
            how far back it looks.
        """
        memories = [node.layer.memory for node in self.front]
        known = [memory for memory in memories if memory is not None]
        n_lags = 1 + sum(known) + (0 if len(known) == len(memories) else _UNKNOWN_MEMORY)
        rest = self.drive(np.zeros((n_lags, self.n_inputs)))
        responses = []
        for channel in range(self.n_inputs):
            impulse = np.zeros((n_lags, self.n_inputs))
            impulse[0, channel] = 1.0
            responses.append((self.drive(impulse) - rest).T)
        field = np.stack(responses, axis=1)
        if len(known) < len(memories):
            size = np.abs(field).max(axis=(0, 1))
            last = np.flatnonzero(size > 1e-9 * max(float(size.max()), 1e-300))
            field = field[:, :, : int(last[-1]) + 1 if last.size else 1]
        return field


def receptive_field(model: Model, channel: int = 0, x: Any = None) -> np.ndarray:
    """Give a model's receptive field: the response of its linear front to impulses.

    Parameters
    ----------
    model : Model
    channel : int
        Output of the model. If it depends on several outputs of the linear part, the field of
        the first of these is given.
    x : as for `Model.predict`, optional
        Tells the number of input channels where the model has no string.

    Returns
    -------
    (channels, lags) ndarray
        Lag 0 first.

    Raises
    ------
    NoLinearFront
        The model does not begin with a linear layer.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> receptive_field(Model("wc.18x4-fir.4x15-dexp.1")).shape
    (18, 15)
    """
    front = LinearFront.of(model, x)
    return np.asarray(front.impulse_responses()[front.drivers(channel)[0]])


def _count_inputs(model: Model, inputs: Recording | None, signal: str) -> int:
    if inputs is not None:
        return int(inputs.signals[signal][0].shape[1])
    try:
        size = parse(model.string).keywords[0].takes[0]
    except ValueError:
        size = None
    if not isinstance(size, int):
        raise ValueError("no string tells how many channels the model takes; pass x as well")
    return size


def _follows(node: Node, place: int, first: bool = False) -> bool:
    if len(node.sources) != 1:
        return False
    return first or node.sources[0].layer == place - 1


def _run(nodes: Sequence[Node], x: np.ndarray) -> np.ndarray:
    for node in nodes:
        x = evaluate_layer(node, [x])
    return x


def _is_linear(before: Sequence[Node], node: Node, n_inputs: int) -> bool:
    shape = _run(before, np.zeros((1, n_inputs))).shape[1:]
    rng = np.random.default_rng(0)
    for scale in _SCALES:
        a, b = scale * rng.standard_normal((2, _PROBE_BINS, *shape))
        delayed = np.concatenate([np.zeros_like(a[:1]), a[:-1]])
        with np.errstate(all="ignore"):
            rest, of_a, of_b, of_sum, of_delayed = (
                np.array(evaluate_layer(node, [signal]))
                for signal in (np.zeros_like(a), a, b, a - 2 * b, delayed)
            )
            additive = _same(of_sum - rest, (of_a - rest) - 2 * (of_b - rest))
            steady = _same((of_delayed - rest)[1:], (of_a - rest)[:-1])
        if not (additive and steady):
            return False
    return True


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        return False
    size = max(float(np.abs(one).max()), float(np.abs(other).max()))
    return bool(np.abs(one - other).max() <= _TOLERANCE * size)
