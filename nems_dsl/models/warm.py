"""Compiling what a model needs before it is needed."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import numpy as np

from ..fitting.compiling import compile_ahead
from ..fitting.starts.from_data import start_from_data
from ..graph.wiring import connect, signals_of
from ..layers.base import KernelLayer
from .objective import Objective

if TYPE_CHECKING:
    from .model import Model

logger = logging.getLogger(__name__)
# what form a filter takes depends on how long a trial is
_BINS = 64, 2048


def compile_model(model: Model, dtype: str = "float64") -> float:
    """Compile the kernels that fits and predictions of a model call.

    Compiled code is kept on disk, so that this takes seconds once on a machine and milliseconds
    afterwards. Call it before several processes start on the same work: each of them would
    compile for itself otherwise.

    Parameters
    ----------
    model : Model
        With all sizes known; its parameters are not touched.
    dtype : {"float64", "float32"}

    Returns
    -------
    float
        The seconds that it took.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> from nems_dsl.models import compile_model
    >>> seconds = compile_model(Model("wc.18x1-lvl.1"))
    """
    began = time.perf_counter()
    nodes = connect(model.layers)
    rng = np.random.default_rng(0)
    open_signals = sorted(set(signals_of(nodes)) - set(_channels(model)))
    if open_signals:
        raise ValueError(
            f"the string leaves open how many channels {open_signals[0]!r} has; say so: "
            "Model(..., N=...) for the stimulus, S=... for the state"
        )
    channels = _channels(model)
    data = {name: [rng.random((t, n)) for t in _BINS] for name, n in channels.items()}
    prediction = model.predict({name: data[name] for name in signals_of(nodes)})
    target = [rng.random(trial.shape) for trial in prediction]
    objective = Objective(model, data, target, dtype=dtype)
    compile_ahead(objective)
    theta = np.clip(objective.theta0, *objective.bounds)
    objective.value_and_grad(theta)
    if not objective.engine.structure.numeric:
        # both optimisers, for which one a fit takes depends on the data as well
        objective.curvature(theta)
        start_from_data(objective)
    seconds = time.perf_counter() - began
    logger.info("%s: compiled or loaded in %.2f s", model.tree, seconds)
    return seconds


def has_only_kernels(model: Model) -> bool:
    """Say whether every layer of a model is made of kernels, which `compile_model` compiles.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> has_only_kernels(Model("wc.18x1-lvl.1"))
    True
    """
    return all(isinstance(layer, KernelLayer) for layer in model.layers)


def _channels(model: Model) -> dict[str, int]:
    """Give the channels that a model wants of each signal of the data."""
    found: dict[str, int] = {}
    for node, keyword in zip(connect(model.layers), model.tree, strict=True):
        for source, sizes in zip(node.sources, [keyword.takes, *keyword.also], strict=True):
            if source.signal is not None and isinstance(sizes[0], int):
                found[source.signal] = sizes[0]
    return found
