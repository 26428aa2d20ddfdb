"""What single layers do: the response to a step, and the gain that a state gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from ..data.recording import read_recording
from ..graph.evaluation import evaluate_layer
from ..graph.wiring import connect
from .axes import finish, lag_step, own_axes

if TYPE_CHECKING:
    from ..models import Model

_MOST_CURVES = 8
_GRID = 100


def plot_step_response(
    model: Model,
    layer: str | int | None = None,
    ax: Axes | None = None,
    fs: float | None = None,
    *,
    level: float = 1.0,
    n_bins: int = 60,
) -> Axes:
    """Draw how a layer with memory, such as `stp`, answers to a step in each channel.

    Parameters
    ----------
    model : Model
        With all sizes known.
    layer : str or int, optional
        By name or place; by default the first with memory that has no end.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.
    fs : float, optional
        Sampling rate in Hz. Without it time is in bins.
    level : float
        The height of the step.
    n_bins : int
        How long it lasts; it begins after a sixth of that in silence.

    Returns
    -------
    matplotlib.axes.Axes
        A curve for each of up to eight channels.

    Raises
    ------
    ValueError
        No layer has such memory, or the one that is named reads several signals.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> ax = plot_step_response(Model("wc.18x2-stp.2-fir.2x15"), fs=100)
    >>> len(ax.lines), ax.get_xlabel()
    (3, 'time from the step (ms)')
    """
    ax = own_axes(ax)
    nodes = connect(list(model.layers))
    names = list(model.layers.names)
    if layer is None:
        places = [p for p, n in enumerate(nodes) if n.layer.memory is None and len(n.sources) == 1]
        if not places:
            raise ValueError("no layer has memory without an end, such as stp: name one by layer=")
        place = places[0]
    else:
        place = [each is model.layers[layer] for each in model.layers].index(True)
    node = nodes[place]
    takes = model.tree.keywords[place].takes
    sizes = [size for size in takes or () if isinstance(size, int)]
    if len(node.sources) != 1 or not sizes or len(sizes) != len(takes or ()):
        raise ValueError(f"{names[place]} does not read one signal of a known size")
    before = max(1, n_bins // 6)
    step = np.zeros((before + n_bins, *sizes))
    step[before:] = level
    response = np.asarray(evaluate_layer(node, [step])).reshape(len(step), -1)
    width, unit = lag_step(fs)
    time = width * (np.arange(len(step)) - before)
    ax.plot(time, step.reshape(len(step), -1)[:, 0], color="0.75", lw=1, label="step")
    shown = response[:, :_MOST_CURVES].T
    for number, curve in enumerate(shown):
        ax.plot(time, curve, color=f"C{number}", label=f"channel {number}")
    ax.set_xlabel(f"time from the step ({unit})")
    ax.set_ylabel(f"output of {names[place]}")
    ax.set_title("response to a step", fontsize="medium")
    ax.legend(fontsize="small", frameon=False, ncols=1 + len(shown) // 5)
    finish([ax])
    return ax


def plot_state_gain(
    model: Model,
    x: Any,
    ax: Axes | None = None,
    *,
    state: Any = None,
    channel: int = 0,
    label: str = "state",
) -> Axes:
    """Draw the gain and the offset that each channel of the state gives.

    Parameters
    ----------
    model : Model
        With a layer that reads ``state``, such as `stategain`.
    x, state : as for `Model.predict`
        Tell the range of each state.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.
    channel : int
        Channel of the layer's output.
    label : str
        What states are called.

    Returns
    -------
    matplotlib.axes.Axes
        Solid lines are gains, the difference that an input of 1 makes, dashed ones the output
        without input, over the values of one state while the others are at their means. A state
        that never changes is left out.

    Raises
    ------
    ValueError
        No layer reads a state.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> rng = np.random.default_rng(0)
    >>> data = {"stim": rng.random((50, 4)), "state": rng.random((50, 2))}
    >>> ax = plot_state_gain(Model("wc.4x1-stategain.2x1.c"), data)
    >>> [line.get_label() for line in ax.lines]
    ['gain by state 0', 'offset by state 0', 'gain by state 1', 'offset by state 1']
    """
    recording = read_recording(x, state=state)
    nodes = connect(list(model.bind_data(recording).layers))
    reading = [node for node in nodes if any(s.signal == "state" for s in node.sources)]
    if not reading or len(reading[0].sources) != 2:
        raise ValueError("no layer of the model modulates its input by the signal 'state'")
    ax = own_axes(ax)
    node = reading[0]
    place = [source.signal == "state" for source in node.sources].index(True)
    values = np.concatenate(list(recording.signals["state"]))
    means, lows, highs = values.mean(axis=0), values.min(axis=0), values.max(axis=0)
    # (state, channels), as all keywords that read a state have it
    shape = node.layer.shape or (1,)
    width = int(shape[-1])
    for number in np.flatnonzero(highs > lows).tolist():
        states = np.tile(means, (_GRID, 1))
        states[:, number] = np.linspace(lows[number], highs[number], _GRID)
        with_input, without = (
            np.asarray(evaluate_layer(node, _in_order(place, states, np.full((_GRID, width), v))))
            for v in (1.0, 0.0)
        )
        at = states[:, number]
        gain = with_input[:, channel] - without[:, channel]
        ax.plot(at, gain, color=f"C{number}", label=f"gain by {label} {number}")
        offset = without[:, channel]
        ax.plot(at, offset, "--", color=f"C{number}", label=f"offset by {label} {number}")
    ax.set_xlabel(label)
    ax.set_ylabel("gain, offset")
    ax.set_title(f"gain by {label}", fontsize="medium")
    ax.legend(fontsize="small", frameon=False)
    finish([ax])
    return ax


def _in_order(place: int, states: np.ndarray, signal: np.ndarray) -> list[np.ndarray]:
    return [states, signal] if place == 0 else [signal, states]
