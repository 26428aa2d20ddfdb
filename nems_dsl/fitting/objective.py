"""The objective of a fit: theta -> loss and its exact gradient."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers.base import KernelLayer
from ..models.graph import Node, connect, needed
from ..models.trials import check_match, check_orientation, check_variance, read_inputs, read_signal
from .conditioning import Conditioning
from .engine import Engine
from .losses import make_loss
from .packs import make_packs
from .reach import find_reach
from .scales import warn_of_scales
from .vector import ParameterVector

if TYPE_CHECKING:
    from ..models import Model

logger = logging.getLogger(__name__)


class Objective:
    """What a fit minimises, as a function of the free parameters.

    Parameters
    ----------
    model : Model
        Is not changed. Symbols in its string are bound to the data.
    x : (T, channels), (trials, T, channels), list of (T_i, channels), or dict of these
        The input; finite.
    y : like `x`
        The target. NaN is left out.
    loss : {"nmse", "mse"}
    regularizers : bool
        Add the penalties that the string asks for (``l2``).
    dtype : {"float64", "float32"}
        Precision of signals. Theta and gradients are float64 either way.

    Attributes
    ----------
    theta0 : (n,) float64 ndarray
        The free parameters as the model has them: layers in order, each layer's parameters in
        their order, the last axis fastest.
    bounds : (low, high), both (n,) float64 ndarrays

    Raises
    ------
    ValueError
        The data are not finite, do not match, or hold nothing to be learnt. Says where.
    ModelStringError
        The data do not fit the string.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import Model, Objective
    >>> x = np.random.default_rng(0).random((200, 18))
    >>> objective = Objective(Model("wc.18x1-fir.1x5-lvl.1"), x, x[:, 3])
    >>> value, gradient = objective.value_and_grad(objective.theta0)
    >>> gradient.shape
    (24,)
    """

    def __init__(
        self,
        model: Model,
        x: Any,
        y: Any,
        loss: str = "nmse",
        regularizers: bool = True,
        dtype: str = "float64",
    ):
        if np.dtype(dtype) not in (np.dtype("float64"), np.dtype("float32")):
            raise ValueError(f"dtype must be 'float64' or 'float32', not {dtype!r}")
        inputs = read_inputs(x)
        target, _ = read_signal(y, "the target")
        check_orientation(target, inputs)
        self.model = copy.deepcopy(model.bind_data(inputs, target[0].shape[1:]))
        layers = self.model.layers
        nodes = connect(list(layers))
        places = needed(nodes, len(nodes) - 1)
        reach = find_reach(nodes, places)
        check_match(target, inputs, reach.stride)
        check_variance(target)
        self.vector = ParameterVector([node.layer for node in nodes])
        self.theta0 = self.vector.read()
        self.bounds = self.vector.bounds()
        self.loss_name = loss
        self._loss = make_loss(loss, target)
        self._penalties = self._find_penalties() if regularizers else []
        signals = {s.signal for place in places for s in nodes[place].sources if s.signal}
        used = {name: inputs.signals[name] for name in inputs.signals if name in signals}
        self._used, self._target = used, target
        widest = _widest(nodes, places, used)
        packs = make_packs(used, target, reach, widest, np.dtype(dtype))
        self.engine = Engine(nodes, places, packs, self.vector, np.dtype(dtype))
        self._check_output(target)
        self.n_evaluations = 0
        self._log_numeric_part()

    @property
    def n_parameters(self) -> int:
        """How many free parameters there are."""
        return self.vector.size

    @property
    def search_power(self) -> int:
        """The power of the value that a search should minimise."""
        return self._loss.search_power

    def value(self, theta: np.ndarray) -> float:
        """Give the loss, with penalties, at `theta`."""
        theta = self._read_theta(theta)
        self.n_evaluations += 1
        value, _ = self._loss.finish(self.engine.total(theta, self._loss))
        return value + sum(weight * float(theta[at] @ theta[at]) for weight, at in self._penalties)

    def value_and_grad(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Give the loss, with penalties, and its gradient at `theta`.

        Returns
        -------
        value : float
        gradient : (n,) float64 ndarray
        """
        theta = self._read_theta(theta)
        self.n_evaluations += 1
        total, gradient = self.engine.total_and_gradient(theta, self._loss)
        value, factor = self._loss.finish(total)
        gradient *= factor
        for weight, at in self._penalties:
            value += weight * float(theta[at] @ theta[at])
            gradient[at] += 2 * weight * theta[at]
        return value, gradient

    def warn_of_scales(self) -> None:
        """Warn of data in units that starting values are not made for; see `ScaleWarning`."""
        warn_of_scales(self._used, self._target)

    def conditioning(self) -> Conditioning:
        """Give the variables in which a search should move."""
        packs = [plan.pack for plan in self.engine.plans]
        return Conditioning(self.engine.nodes, self.vector, packs)

    def _read_theta(self, theta: np.ndarray) -> np.ndarray:
        theta = np.asarray(theta, dtype=np.float64)
        if theta.shape != (self.vector.size,):
            raise ValueError(f"theta has shape {theta.shape}, not ({self.vector.size},)")
        return theta

    def _find_penalties(self) -> list[tuple[float, slice]]:
        found = []
        for slot in self.vector.slots:
            options = getattr(self.vector.layers[slot.layer], "options", {})
            if "l2" in options:
                found.append((float(options["l2"]), slice(slot.start, slot.stop)))
        return found

    def _log_numeric_part(self) -> None:
        numeric = self.engine.structure.numeric
        if not self.engine.structure.boundary:
            return
        labels = {layer.label for place, layer in enumerate(self.vector.layers) if place in numeric}
        n_entries = sum(s.stop - s.start for s in self.vector.slots if s.layer in numeric)
        logger.info(
            "%s: differentiated numerically, at two evaluations for each of %d free numbers; a "
            "derivative of their own would save all of these",
            ", ".join(sorted(labels)),
            n_entries,
        )

    def _check_output(self, target: list[np.ndarray]) -> None:
        shape = self.engine.output_shape
        if shape != target[0].shape[1:]:
            raise ValueError(
                f"the model gives {'x'.join(map(str, shape))} channels, but the target has "
                f"{target[0].shape[1]}"
            )


def _widest(
    nodes: Sequence[Node], places: Sequence[int], inputs: Mapping[str, list[np.ndarray]]
) -> int:
    """Give the rows of the widest signal, as far as the layers can tell beforehand."""
    shapes: dict[int, tuple[int, ...]] = {}
    widest = max(trials[0].shape[1] for trials in inputs.values())
    for place in places:
        layer = nodes[place].layer
        if not isinstance(layer, KernelLayer):
            break
        taken = [
            inputs[s.signal or ""][0].shape[1:] if s.layer is None else shapes[s.layer]
            for s in nodes[place].sources
        ]
        shapes[place] = layer.output_shape(*taken)
        widest = max(widest, int(np.prod(shapes[place])))
    return widest
