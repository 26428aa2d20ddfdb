"""Evaluating a graph of layers, one trial after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..data.trials import Trials
from ..layers.base import Layer
from .wiring import Node


def evaluate_trials(nodes: Sequence[Node], inputs: Trials) -> dict[str, list[np.ndarray]]:
    """Give every named output, and the last as ``output``, trial by trial.

    Parameters
    ----------
    nodes : list of Node
    inputs : Trials

    Returns
    -------
    dict of str to list of (T_i, channels) arrays
    """
    outputs: dict[str, list[np.ndarray]] = {}
    for trial in range(len(inputs.lengths)):
        signals = {name: trials[trial] for name, trials in inputs.signals.items()}
        for name, array in _evaluate_one(nodes, signals).items():
            outputs.setdefault(name, []).append(array)
    return outputs


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
