"""Compiling what a fit is going to call, once on a machine, and with all of its cores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._threads import usable_cores
from ..kernels.ahead import compile_all, load, trying_out
from ..progress import Bar

if TYPE_CHECKING:
    from .objective import Objective

# bins that are enough for a curvature to call all that it calls
_BINS = 4000
# of more parameters no curvature is taken
_MOST_PARAMETERS = 3000
_known: set[Any] = set()


def compile_ahead(objective: Objective) -> None:
    """Compile or load the kernels that evaluations of an objective call.

    Parameters
    ----------
    objective : Objective
        Its parameters and data are not touched. One with layers that have no kernels is left alone.
    """
    engine, loss = objective.engine, objective.loss
    if engine.structure.numeric or engine.structure.without_kernels():
        return
    layers = [engine.nodes[place].layer for place in engine.structure.needed]
    kinds = tuple((type(each), each.shape, str(getattr(each, "options", ""))) for each in layers)
    key = objective.loss_name, engine.dtype.str, kinds
    if key in _known:
        return
    theta = np.clip(objective.theta0, *objective.bounds)
    n_bins = sum(plan.pack.length for plan in engine.plans)
    with np.errstate(all="ignore"), trying_out() as wanted:
        engine.total_and_gradient(theta, loss)
        # without the products of parameters, which take memory and call nothing
        share = min(1.0, _BINS / n_bins)
        blocks = objective.jacobian().walk(theta, share) if len(theta) <= _MOST_PARAMETERS else ()
        for _, plan, _ in blocks:
            loss.curvature(plan.last.out, plan.pack.target, plan.last.d_out)
    missing = load(wanted)
    if missing:
        with Bar(len(missing), "kernel", stays=False) as bar:
            bar.tell("compiling, once")
            compile_all(missing, usable_cores(), bar.step)
    _known.add(key)
