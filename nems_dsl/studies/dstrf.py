"""Local receptive fields: how the output at one time depends on the stimulus before it.

For a linear model this is the receptive field, the same at all times. For any other it changes
with the stimulus, and is known as the dynamic or dSTRF.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.recording import Recording, read_recording
from ..data.trials import STIMULUS, SYNONYMS, Data
from ..fitting.engine.packs import LONGEST_PACK, PACK_BYTES, SHORTEST_PACK, Pack
from ..fitting.engine.passes import run_backward, run_forward
from ..fitting.engine.plan import Planner, find_shapes, find_structure
from ..graph.evaluation import evaluate_trials
from ..graph.reach import Reach, find_reach
from ..graph.wiring import Node, Source, connect, needed, signals_of
from ..layers.base import Arrays, KernelLayer, Layer, Work
from .components import Components as Components
from .components import principal_components as principal_components

if TYPE_CHECKING:
    from ..models.model import Model

_RELATIVE_STEP = float(np.cbrt(np.finfo(float).eps))

Lags = int | tuple[int, int] | None


def dstrf(
    model: Model,
    x: Data,
    times: Any = None,
    lags: Lags = None,
    *,
    signal: str = STIMULUS,
    state: Data | None = None,
) -> Any:
    """Give the local receptive field at each of some times; see `Model.dstrf`.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import Model
    >>> x = np.random.default_rng(0).random((200, 18))
    >>> dstrf(Model("wc.18x4-stp.4-fir.4x15-dexp.1"), x, times=[50, 120], lags=15).shape
    (2, 1, 18, 15)
    """
    model, recording = model.bind_recording(read_recording(x, state=state))
    signal = SYNONYMS.get(signal, signal)
    nodes = connect(model.layers)
    if signal not in signals_of(nodes):
        there_are = ", ".join(map(repr, signals_of(nodes)))
        raise ValueError(f"no layer reads the signal {signal!r}; the model reads {there_are}")
    nodes = _with_signal_first(nodes, signal)
    places = needed(nodes, len(nodes) - 1)
    reach = find_reach(nodes, places)
    chosen = _read_lags(lags, reach, [nodes[place].layer for place in places])
    bins = _read_times(times, [-(-length // reach.stride) for length in recording.lengths])
    task = _Task(nodes, places, recording.signals, signal, bins, chosen, reach)
    fields = _by_differences(task) if 0 in task.numeric else _by_derivatives(task)
    trials = np.split(fields, np.cumsum([len(each) for each in bins])[:-1])
    if recording.form == "stack" and len({len(each) for each in bins}) > 1:
        return trials
    return recording.restore(trials)


# ---- what is asked for -----------------------------------------------------------------------


class _Signal(KernelLayer):
    """Hands a signal on, so that its derivative has a place among those of the layers."""

    memory = 0

    def __init__(self) -> None:
        Layer.__init__(self)

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        return inputs[0]

    def forward(self, work: Work) -> None:
        work.out[...] = work.inputs[0]

    def vjp(self, work: Work) -> None:
        """Nothing lies upstream."""


def _with_signal_first(nodes: Sequence[Node], signal: str) -> list[Node]:
    """Make a signal the output of the first layer, which all that read it read then."""

    def moved(source: Source) -> Source:
        if source.layer is not None:
            return Source(layer=source.layer + 1)
        return Source(layer=0) if source.signal == signal else source

    shifted = [replace(node, sources=tuple(map(moved, node.sources))) for node in nodes]
    return [Node(_Signal(), (Source(signal=signal),)), *shifted]


@dataclass(frozen=True)
class _Task:
    """What is to be differentiated by what.

    Attributes
    ----------
    nodes : sequence of Node
        The first hands on the signal.
    places : list of int
        Layers that the output depends on.
    signals : dict of str to list of (T_i, channels) arrays
    signal : str
    times : list of int arrays
        Bins of the output, for each trial.
    lags : (n_lags,) int array
    reach : Reach
    """

    nodes: Sequence[Node]
    places: list[int]
    signals: Mapping[str, Sequence[np.ndarray]]
    signal: str
    times: list[np.ndarray]
    lags: np.ndarray
    reach: Reach

    @property
    def numeric(self) -> set[int]:
        """Layers without a derivative, and what lies upstream of them."""
        return find_structure(self.nodes, self.places, {0}).numeric

    def empty(self, n_outputs: int) -> np.ndarray:
        """Give an array for the fields of all trials, one after the other."""
        n_channels = self.signals[self.signal][0].shape[1]
        return np.zeros((sum(map(len, self.times)), n_outputs, n_channels, len(self.lags)))


def _read_lags(lags: Lags, reach: Reach, layers: Sequence[Layer]) -> np.ndarray:
    if lags is None:
        if reach.past is None:
            labels = {layer.label: None for layer in layers if layer.memory is None}
            raise ValueError(
                f"the memory of {', '.join(labels) or 'the model'} is unbounded or not known, so "
                "that there is no last lag; say how many you want, for example lags=20"
            )
        return np.arange(-reach.future, reach.past + 1)
    first, stop = lags if isinstance(lags, tuple) else (0, lags)
    for bound in (first, stop):
        if isinstance(bound, bool) or not isinstance(bound, int | np.integer):
            raise TypeError(f"lags are bins, a number or (first, stop), not {lags!r}")
    if stop <= first:
        raise ValueError(f"lags must leave at least one bin, not {lags}")
    return np.arange(first, stop)


def _read_times(times: Any, lengths: list[int]) -> list[np.ndarray]:
    if times is None:
        return [np.arange(length) for length in lengths]
    by_trial = np.ndim(times) > 1 if isinstance(times, np.ndarray) else _is_nested(times)
    if by_trial and len(times) != len(lengths):
        raise ValueError(f"there are times for {len(times)} trials, but {len(lengths)} trials")
    found = []
    for number, length in enumerate(lengths):
        each = np.atleast_1d(np.asarray(times[number] if by_trial else times))
        if each.ndim > 1 or (each.size and each.dtype.kind not in "iu"):
            raise TypeError("times are bins of the output: whole numbers, one list or one a trial")
        outside = each[(each < 0) | (each >= length)]
        if outside.size:
            trial = f" of trial {number}" if len(lengths) > 1 else ""
            raise ValueError(
                f"there is no bin {outside[0]}{trial}: the output has {length}, counted from 0"
            )
        found.append(each.astype(np.int64))
    return found


def _is_nested(times: Any) -> bool:
    return isinstance(times, list | tuple) and any(np.ndim(each) for each in times)


# ---- by derivatives --------------------------------------------------------------------------


class _Window(NamedTuple):
    """The bins of a trial that the output at one time depends on, and that time."""

    trial: int
    first: int
    stop: int
    #: of the output, counted from the beginning of the window
    time: int


def _windows(task: _Task) -> list[_Window]:
    past, future, stride = task.reach.past, task.reach.future, task.reach.stride
    # a layer of the user's own, on a branch of its own, may look anywhere
    whole = not all(isinstance(task.nodes[place].layer, KernelLayer) for place in task.places)
    found = []
    for trial, times in enumerate(task.times):
        length = len(task.signals[task.signal][trial])
        for time in times.tolist():
            # every stride keeps the bins that it keeps in the whole trial
            first = 0 if past is None else max(0, time * stride - past) // stride
            stop = length if whole else min(length, time * stride + future + 1)
            found.append(_Window(trial, first * stride, stop, time - first))
    return found


def _by_derivatives(task: _Task) -> np.ndarray:
    """Carry a 1 at one time of one output back to the signal, in many windows at once."""
    structure = find_structure(task.nodes, task.places, {0})
    read = {s.signal for place in task.places for s in task.nodes[place].sources if s.signal}
    sample = {name: np.moveaxis(task.signals[name][0], 0, -1) for name in read}
    shapes = find_shapes(structure, sample)
    n_outputs = int(np.prod(shapes[structure.last]))
    fields = task.empty(n_outputs)
    if 0 not in task.places:
        return fields
    windows = _windows(task)
    groups = _groups(windows, max(int(np.prod(shape)) for shape in shapes.values()))
    longest = max((sum(w.stop - w.first for w in windows[group]) for group in groups), default=0)
    planner = Planner(structure, shapes, longest, np.dtype(np.float64))
    weights = _prepare(task)
    d_weights = [tuple(np.zeros(w.shape, w.dtype) for w in each) for each in weights]
    for group in groups:
        part = windows[group]
        pack = _pack({name: task.signals[name] for name in read}, part)
        plan = planner.plan(pack)
        last, d_signal = plan.last, plan.forward[0].work.d_out
        at = last.out_starts[:-1] + [window.time for window in part]
        time_in_pack = pack.starts[:-1] + [window.time * task.reach.stride for window in part]
        columns = time_in_pack[:, None] - task.lags
        inside = (columns >= pack.starts[:-1, None]) & (columns < pack.starts[1:, None])
        columns[~inside] = 0
        for output in range(n_outputs):
            # again for every output, since a backward pass may use up what this one keeps
            run_forward(plan.forward, weights)
            last.d_out[...] = 0
            last.d_out.reshape(n_outputs, -1)[output, at] = 1
            run_backward(plan.backward, d_weights)
            picked = np.where(inside, d_signal[:, columns], 0)
            fields[group, output] = np.moveaxis(picked, 0, 1)
    return fields


def _groups(windows: list[_Window], widest: int) -> list[slice]:
    """Tell which windows lie in one pack, so that its signals stay in the processor's cache."""
    limit = min(max(PACK_BYTES // (8 * widest), SHORTEST_PACK), LONGEST_PACK)
    edges, n_bins = [0], 0
    for number, window in enumerate(windows):
        length = window.stop - window.first
        if n_bins and n_bins + length > limit:
            edges.append(number)
            n_bins = 0
        n_bins += length
    edges.append(len(windows))
    return [slice(a, b) for a, b in itertools.pairwise(edges) if b > a]


def _pack(signals: Mapping[str, Sequence[np.ndarray]], windows: list[_Window]) -> Pack:
    lengths = [window.stop - window.first for window in windows]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    inputs = {
        name: np.ascontiguousarray(
            np.concatenate([trials[w.trial][w.first : w.stop] for w in windows]).T
        )
        for name, trials in signals.items()
    }
    return Pack(inputs, np.empty((0, 0)), starts)


def _prepare(task: _Task) -> list[Arrays]:
    weights: list[Arrays] = [()] * len(task.nodes)
    for place in task.places:
        layer = task.nodes[place].layer
        if isinstance(layer, KernelLayer):
            values = {n: np.asarray(p.values, np.float64) for n, p in layer.parameters.items()}
            weights[place] = layer.prepare(values)
    return weights


# ---- by differences --------------------------------------------------------------------------


def _by_differences(task: _Task) -> np.ndarray:
    """Move each value of the signal that counts a little up and down, and evaluate the model."""
    fields: np.ndarray | None = None
    at = 0
    for trial, times in enumerate(task.times):
        signals = {name: trials[trial] for name, trials in task.signals.items()}
        x = signals[task.signal]
        step = _RELATIVE_STEP * (float(np.abs(x).max()) or 1.0)
        bins = times[:, None] * task.reach.stride - task.lags
        counts = (bins >= 0) & (bins < len(x)) & _within(task.reach, task.lags)
        for moved in _combs(task.reach, np.unique(bins[counts])):
            hit = counts & np.isin(bins, moved)
            rows, columns = np.nonzero(hit)
            for channel in range(x.shape[1]):
                ends = []
                for change in (step, -step):
                    changed = x.copy()
                    changed[moved, channel] += change
                    ends.append(_evaluate(task, {**signals, task.signal: changed}))
                slope = (ends[0] - ends[1]) / (2 * step)
                if fields is None:
                    fields = task.empty(slope.shape[1])
                fields[at + rows, :, channel, columns] = slope[times[rows]]
        at += len(times)
    if fields is None:
        first = {name: trials[0] for name, trials in task.signals.items()}
        fields = task.empty(_evaluate(task, first).shape[1])
    return fields


def _within(reach: Reach, lags: np.ndarray) -> np.ndarray:
    return (lags >= -reach.future) & (lags <= (np.inf if reach.past is None else reach.past))


def _combs(reach: Reach, bins: np.ndarray) -> list[np.ndarray]:
    """Give bins that may be moved together, as no output depends on two of them."""
    if reach.past is None:
        return [bins[i : i + 1] for i in range(len(bins))]
    period = reach.past + reach.future + 1
    combs = [bins[bins % period == phase] for phase in range(period)]
    return [comb for comb in combs if len(comb)]


def _evaluate(task: _Task, signals: Mapping[str, np.ndarray]) -> np.ndarray:
    as_trials = Recording({name: (x,) for name, x in signals.items()})
    (out,) = evaluate_trials(task.nodes, as_trials)["output"]
    return out.reshape(len(out), -1)
