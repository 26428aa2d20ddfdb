"""Evaluating a graph of layers, one trial after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._threads import one_blas_thread
from ..data.edges import bins_before, omit_edges, pad_edges
from ..data.recording import Recording
from ..layers.base import Layer
from .reach import Reach, find_reach
from .wiring import Node, needed


@one_blas_thread()
def evaluate_trials(
    nodes: Sequence[Node], recording: Recording, edges: str = "zeros"
) -> dict[str, list[np.ndarray]]:
    """Return every named output, and the last as ``output``, trial by trial.

    Parameters
    ----------
    nodes : list of Node
    recording : Recording
    edges : {"zeros", "omit", "hold"}
        What the stimulus is before trials begin; with "hold", its first value.

    Returns
    -------
    dict of str to list of (T_i, channels) arrays
    """
    if edges == "hold":
        return _evaluate_held(nodes, recording)
    outputs: dict[str, list[np.ndarray]] = {}
    for trial in range(len(recording.lengths)):
        signals = {name: trials[trial] for name, trials in recording.signals.items()}
        for name, array in _evaluate_one(nodes, signals).items():
            outputs.setdefault(name, []).append(array)
    return outputs


def without_edges(recording: Recording, reach: Reach, edges: str) -> Recording:
    """Return a recording whose response is NaN where these edges leave it out."""
    if edges != "omit":
        return recording
    return omit_edges(recording, reach.known, reach.future, reach.stride)


def _evaluate_held(nodes: Sequence[Node], recording: Recording) -> dict[str, list[np.ndarray]]:
    reach = find_reach(nodes, needed(nodes, len(nodes) - 1))
    around = (reach.known, reach.future, reach.stride)
    outputs = evaluate_trials(nodes, pad_edges(recording.with_response(None), *around))
    before = bins_before(reach.known, reach.stride)
    strides = {
        node.layer.output: find_reach(nodes, needed(nodes, place)).stride
        for place, node in enumerate(nodes)
    }
    found = {}
    for name, trials in outputs.items():
        stride = reach.stride if name == "output" else strides[name]
        first = before // stride
        found[name] = [
            trial[first : first - (-length // stride)]
            for trial, length in zip(trials, recording.lengths, strict=True)
        ]
    return found


def _evaluate_one(nodes: Sequence[Node], signals: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    given: list[np.ndarray] = []
    named: dict[str, np.ndarray] = {}
    for node in nodes:
        arrays = [
            signals[source.signal or ""] if source.layer is None else given[source.layer]
            for source in node.sources
        ]
        given.append(evaluate_layer(node, arrays))
        if node.layer.output is not None:
            named[node.layer.output] = given[-1]
    named["output"] = given[-1]
    return named


def evaluate_layer(node: Node, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Evaluate a layer on one trial, time first, and check what it gives.

    An output of one axis is one channel.

    Raises
    ------
    ValueError
        The output is not as long as the input.
    """
    layer: Layer = node.layer
    if node.arguments is None:
        out = layer.evaluate(*inputs)
    else:
        out = layer.evaluate(**dict(zip(node.arguments, inputs, strict=False)))
    out = np.asarray(out)
    if out.ndim == 1:
        out = out[:, None]
    if out.ndim == 0 or len(out) != -(-len(inputs[0]) // layer.stride):
        raise ValueError(
            f"{layer.label}.evaluate gave an array of shape {out.shape} for {len(inputs[0])} "
            "bins; the first axis of its output must be time, as long as that of its input"
        )
    return out
