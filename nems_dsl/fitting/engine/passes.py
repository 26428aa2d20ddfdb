"""Forward and backward passes over the packs of some data."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from ...graph.evaluation import evaluate_layer
from ...graph.wiring import Node
from ...layers.base import Arrays, KernelLayer
from ..losses import Loss
from .packs import Pack
from .plan import Plan, Planner, Step, find_shapes, find_structure
from .vector import ParameterVector

Weights = list[Arrays]
Values = Sequence[Mapping[str, np.ndarray]]


class Engine:
    """Runs a graph of layers over packs.

    The exact part of a model is differentiated by its layers' own vector-Jacobian products.
    Layers that give none, and all that lies upstream of them, are differentiated numerically:
    each of their parameters is moved a little, that part of the model alone is run again, and
    the change is carried on by the exact derivative downstream.

    Parameters
    ----------
    nodes : list of Node
    needed : list of int
        The layers that the last one depends on, in order.
    packs : list of Pack
    vector : ParameterVector
        Over the layers of `nodes`.
    dtype : dtype
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        needed: Sequence[int],
        packs: Sequence[Pack],
        vector: ParameterVector,
        dtype: np.dtype,
    ):
        self.nodes, self.vector, self.dtype = nodes, vector, dtype
        self.moved = {slot.layer for slot in vector.slots}
        self.structure = find_structure(nodes, list(needed), self.moved)
        shortest = min(packs, key=lambda pack: int(pack.starts[1]))
        first = {name: x[..., : shortest.starts[1]] for name, x in shortest.inputs.items()}
        self.shapes = find_shapes(self.structure, first)
        longest = max(pack.length for pack in packs)
        planner = Planner(self.structure, self.shapes, longest, dtype)
        self.plans = [planner.plan(pack) for pack in packs]

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of one bin of the prediction."""
        return self.shapes[self.structure.last]

    # ---- passes ------------------------------------------------------------------------------

    def total(self, theta: np.ndarray, loss: Loss) -> float:
        """Give the sum that the loss is made of."""
        weights = self.prepare(self.values(theta))
        total = 0.0
        for plan in self.plans:
            run_forward(plan.forward, weights)
            total += loss.add(plan.last.out, plan.pack.target, plan.last.d_out)
        return total

    def total_and_gradient(self, theta: np.ndarray, loss: Loss) -> tuple[float, np.ndarray]:
        """Give the sum that the loss is made of, and its derivative but for the loss's factor."""
        values = self.values(theta)
        weights = self.prepare(values)
        d_weights = self.zero_weights(weights)
        numeric = np.zeros(self.vector.size)
        total = 0.0
        for plan in self.plans:
            run_forward(plan.forward, weights)
            total += loss.add(plan.last.out, plan.pack.target, plan.last.d_out)
            run_backward(plan.backward, d_weights)
            if self.structure.boundary:
                self._add_numeric(plan, theta, numeric)
        return total, self.gather(values, weights, d_weights) + numeric

    def zero_weights(self, weights: Weights) -> Weights:
        """Give arrays for the derivatives by the weights to be added up in."""
        return [tuple(np.zeros(w.shape, w.dtype) for w in each) for each in weights]

    def gather(self, values: Values, weights: Weights, d_weights: Weights) -> np.ndarray:
        """Carry the derivatives by the weights on to theta."""
        gradients: list[dict[str, np.ndarray]] = [{} for _ in self.nodes]
        for place in self.moved & self.structure.differentiated:
            layer = self.nodes[place].layer
            assert isinstance(layer, KernelLayer)
            gradients[place] = layer.prepare_vjp(values[place], weights[place], d_weights[place])
        return self.vector.gather(gradients)

    # ---- parameters --------------------------------------------------------------------------

    def values(self, theta: np.ndarray) -> Values:
        """Give every layer's parameters by name."""
        if self.structure.numeric:
            # layers of the user's own read their parameters from themselves
            self.vector.write(theta)
        return self.vector.values(theta, self.dtype)

    def prepare(self, values: Values) -> Weights:
        """Give what the kernels of every layer take."""
        weights: Weights = [()] * len(self.nodes)
        for place in self.structure.needed:
            layer = self.nodes[place].layer
            if isinstance(layer, KernelLayer):
                weights[place] = layer.prepare(values[place])
        return weights

    # ---- numeric part ------------------------------------------------------------------------

    def _add_numeric(self, plan: Plan, theta: np.ndarray, gradient: np.ndarray) -> None:
        """Add the derivative by the parameters of the numeric part, by central differences."""
        steps = [step for step in plan.forward if step.place in self.structure.numeric]
        ends = [step for step in steps if step.place in self.structure.boundary]
        low, high = self.vector.bounds()
        moved = theta.copy()
        for slot in self.vector.slots:
            if slot.layer not in self.structure.numeric:
                continue
            for entry in range(slot.start, slot.stop):
                size = np.cbrt(np.finfo(float).eps) * max(1.0, abs(theta[entry]))
                up, down = (
                    min(theta[entry] + size, high[entry]),
                    max(theta[entry] - size, low[entry]),
                )
                if up == down:
                    continue
                moved[entry] = up
                self._run_numeric(steps, moved)
                for end in ends:
                    plan.spare[end.place][...] = end.work.out
                moved[entry] = down
                self._run_numeric(steps, moved)
                moved[entry] = theta[entry]
                change = sum(
                    np.vdot(end.work.d_out, plan.spare[end.place] - end.work.out) for end in ends
                )
                gradient[entry] += float(change) / (up - down)
        self.vector.write(theta)

    def _run_numeric(self, steps: Sequence[Step], theta: np.ndarray) -> None:
        run_forward(steps, self.prepare(self.values(theta)))


def run_forward(steps: Sequence[Step], weights: Weights) -> None:
    """Evaluate layers in order, each into its own buffer."""
    for step in steps:
        layer, work = step.node.layer, step.work
        if isinstance(layer, KernelLayer):
            work.weights = weights[step.place]
            layer.forward(work)
            continue
        edges = itertools.pairwise(work.starts), itertools.pairwise(work.out_starts)
        for (start, stop), (out_start, out_stop) in zip(*edges, strict=True):
            trial = [np.moveaxis(x[..., start:stop], -1, 0) for x in work.inputs]
            out = evaluate_layer(step.node, trial)
            work.out[..., out_start:out_stop] = np.moveaxis(out, 0, -1)


def run_backward(steps: Sequence[Step], d_weights: Weights) -> None:
    """Carry the derivative by the last output back through the layers."""
    for step in steps:
        layer = step.node.layer
        assert isinstance(layer, KernelLayer)
        step.work.d_weights = d_weights[step.place]
        layer.vjp(step.work)
        for share, whole in step.shares:
            whole += share
