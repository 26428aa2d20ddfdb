"""Compiling what a model needs before it is needed."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import numpy as np

from ..models.graph import connect, signals_of
from .objective import Objective
from .starts.from_data import start_from_data

if TYPE_CHECKING:
    from ..models import Model

logger = logging.getLogger(__name__)
_FEW_BINS = 64


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
    >>> from nems_dsl.fitting import compile_model
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
    data = {name: rng.random((_FEW_BINS, n)) for name, n in _channels(model).items()}
    prediction = model.predict({name: data[name] for name in signals_of(nodes)})
    objective = Objective(model, data, rng.random(prediction.shape), dtype=dtype)
    theta = np.clip(objective.theta0, *objective.bounds)
    objective.value_and_grad(theta)
    if not objective.engine.structure.numeric:
        # both optimisers, for which one a fit takes depends on the data as well
        objective.curvature(theta)
        start_from_data(objective)
    seconds = time.perf_counter() - began
    logger.info("%s: compiled or loaded in %.2f s", model.string, seconds)
    return seconds


def _channels(model: Model) -> dict[str, int]:
    """Give the channels that a model wants of each signal of the data."""
    found: dict[str, int] = {}
    for node, keyword in zip(connect(model.layers), model.tree, strict=True):
        for source, sizes in zip(node.sources, [keyword.takes, *keyword.also], strict=True):
            if source.signal is not None and isinstance(sizes[0], int):
                found[source.signal] = sizes[0]
    return found
