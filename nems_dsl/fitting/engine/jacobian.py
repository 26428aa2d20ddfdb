"""The Gauss-Newton curvature of a loss, summed over packs: J'WJ, without ever holding J whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from scipy.linalg.blas import dsyrk

from ...graph.reach import Reach
from ...layers.arena import Arena, using
from ...layers.base import FreeParameter, KernelLayer, Tangents, flat
from ...layers.tangents import join
from .blocks import Block, Blocks
from .passes import Engine, run_backward, run_forward
from .plan import Plan, Step

# derivatives that are kept while a fit is looked at
_MOST_KEPT = 1 << 23


class HasCurvature(Protocol):
    """A loss, as far as a curvature needs it."""

    def curvature(self, prediction: np.ndarray, target: np.ndarray, out: np.ndarray) -> None:
        """Write the second derivative by each sample of the prediction."""
        ...


class HasParts(HasCurvature, Protocol):
    """A loss, as far as its gradient is needed too."""

    def add(self, prediction: np.ndarray, target: np.ndarray, d_prediction: np.ndarray) -> float:
        """Give a part of the sum, and write its derivative."""
        ...


class Jacobian:
    """Derivatives of the prediction by all free parameters, one block of the data at a time.

    Parameters
    ----------
    engine : Engine
        Of layers that all have kernels.
    reach : Reach, optional
        What a bin of the prediction depends on; without it the packs are not cut into blocks.

    Raises
    ------
    ValueError
        A layer of one's own has no derivative that could be carried forward.
    """

    def __init__(self, engine: Engine, reach: Reach | None = None):
        own = engine.structure.without_kernels()
        if own:
            raise ValueError(
                f"{own[0]} has no kernels, so that the curvature of the loss is not known; use "
                "optimizer='l-bfgs-b'"
            )
        self.engine = engine
        self.free = _free_parameters(engine)
        self._blocks = Blocks(engine, reach)
        self._arena = Arena()

    def curvature(
        self, theta: np.ndarray, loss: HasCurvature, share: float = 1.0, offset: int = 0
    ) -> np.ndarray:
        """Give the curvature of the sum that a loss is made of, but for the loss's factor.

        Parameters
        ----------
        theta : (n,) array
        loss : Loss
        share : float
            The share of the data to take; what it gives is scaled to stand for all.
        offset : int
            Which share: those of another offset are others.

        Returns
        -------
        (n, n) ndarray
            Symmetric, positive semidefinite.
        """
        n, last = len(theta), self.engine.structure.last
        total = np.zeros((n, n))
        n_counted = 0
        for block, plan, found in self.walk(theta, share, offset):
            n_counted += block.n_counted
            _add_curvature(total, loss, plan, found.get(last))
        return _both_halves(total) * (self._blocks.n_counted / n_counted)

    def by_group(
        self, theta: np.ndarray, loss: HasParts, groups: Sequence[Sequence[Block]], blocks: Blocks
    ) -> list[Part]:
        """Give gradient and curvature of each group's part of the sum, but for the loss's factor.

        Parameters
        ----------
        theta : (n,) array
        loss : Loss
        groups : sequence of sequence of Block
        blocks : Blocks
            That they are of.
        """
        engine, n, last = self.engine, len(theta), self.engine.structure.last
        values = engine.values(theta)
        weights = engine.prepare(values)
        n_values = sum(block.n_counted for group in groups for block in group) * n
        parts = []
        for group in groups:
            d_weights, total, seen = engine.zero_weights(weights), np.zeros((n, n)), []
            for block, plan, found in self._through(values, weights, group, blocks):
                if n_values <= _MOST_KEPT:
                    seen.append(_Seen(block, *_copied(plan, found.get(last))))
                _add_curvature(total, loss, plan, found.get(last))
                loss.add(plan.last.out, plan.pack.target, plan.last.d_out)
                run_backward(plan.backward, d_weights)
            gradient = engine.gather(values, weights, d_weights)
            parts.append(Part(gradient, _both_halves(total), list(group), seen))
        return parts

    def along(
        self, theta: np.ndarray, step: np.ndarray, part: Part, blocks: Blocks
    ) -> Iterator[tuple[Block, np.ndarray, np.ndarray]]:
        """Give the prediction on each block, (outputs, n), and its derivative along a step."""
        if part.seen:
            for each in part.seen:
                yield each.block, each.out, _along(each.out, each.tangents, step)
            return
        values = self.engine.values(theta)
        weights = self.engine.prepare(values)
        for block, plan, found in self._through(values, weights, part.blocks, blocks):
            out = np.array(flat(plan.last.out), float)
            yield block, out, _along(out, found.get(self.engine.structure.last), step)

    def walk(
        self, theta: np.ndarray, share: float = 1.0, offset: int = 0
    ) -> Iterator[tuple[Block, Plan, dict[int, Tangents]]]:
        """Go through blocks of the data, and give the derivatives of every layer's output.

        Parameters
        ----------
        theta : (n,) array
        share, offset
            As for `curvature`.

        Yields
        ------
        block : Block
        plan : Plan
            After its forward pass.
        tangents : dict of int to Tangents
            By the place of the layer, where some free parameter bears on it. Their arrays, and
            those of the plan, are valid until the next block is asked for.
        """
        values = self.engine.values(theta)
        weights = self.engine.prepare(values)
        yield from self._through(values, weights, self._blocks.chosen(share, offset), self._blocks)

    def _through(
        self,
        values: Sequence[Mapping[str, np.ndarray]],
        weights: list[tuple[np.ndarray, ...]],
        chosen: Iterable[Block],
        blocks: Blocks,
    ) -> Iterator[tuple[Block, Plan, dict[int, Tangents]]]:
        for block in chosen:
            plan = blocks.plan(block)
            run_forward(plan.forward, weights)
            self._arena.reset()
            with using(self._arena):
                found = self._by_place(plan, values)
            yield block, plan, found

    def tangents(self, plan: Plan, values: Sequence[Mapping[str, np.ndarray]]) -> Tangents | None:
        """Give the derivatives of the prediction on one pack, after its forward pass."""
        return self._by_place(plan, values).get(self.engine.structure.last)

    def _by_place(
        self, plan: Plan, values: Sequence[Mapping[str, np.ndarray]]
    ) -> dict[int, Tangents]:
        found: dict[int, Tangents] = {}
        for step in plan.forward:
            parts = self._step(step, values[step.place], found)
            if parts:
                found[step.place] = join(parts)
        return found

    def _step(
        self, step: Step, values: Mapping[str, np.ndarray], found: Mapping[int, Tangents]
    ) -> list[Tangents]:
        layer = step.node.layer
        assert isinstance(layer, KernelLayer)
        free = self.free.get(step.place)
        parts = layer.parameter_tangents(step.work, values, free) if free else []
        for number, source in enumerate(step.node.sources):
            if source.layer is not None and source.layer in found:
                parts.append(layer.input_tangents(step.work, number, found[source.layer]))
        return [part for part in parts if len(part.rows)]


@dataclass(frozen=True, eq=False)
class Part:
    """One group of blocks, and its part of the sum that a loss is made of.

    Attributes
    ----------
    gradient : (n,) ndarray
    curvature : (n, n) ndarray
    blocks : list of Block
    seen : list
        Predictions and their derivatives, block by block, if they are not too many to be kept.
    """

    gradient: np.ndarray
    curvature: np.ndarray
    blocks: list[Block]
    seen: list[_Seen]


class _Seen(NamedTuple):
    block: Block
    out: np.ndarray
    tangents: Tangents | None


def _copied(plan: Plan, tangents: Tangents | None) -> tuple[np.ndarray, Tangents | None]:
    """Copy what is valid until the next block."""
    kept = None if tangents is None else replace(tangents, values=tangents.values.copy())
    return np.array(flat(plan.last.out), float), kept


def _along(out: np.ndarray, tangents: Tangents | None, step: np.ndarray) -> np.ndarray:
    """Give the derivative of a prediction along a step."""
    along = np.zeros_like(out)
    if tangents is not None:
        for row in np.unique(tangents.rows):
            mine = tangents.rows == row
            values = tangents.values if mine.all() else tangents.values[mine]
            along[row] = step[tangents.entries[mine]] @ values
    return along


def _free_parameters(engine: Engine) -> dict[int, list[FreeParameter]]:
    found: dict[int, list[FreeParameter]] = {}
    for slot in engine.vector.slots:
        low, high = engine.vector.layers[slot.layer].parameters[slot.name].bound_arrays()
        found.setdefault(slot.layer, []).append(FreeParameter(slot.name, slot.start, low, high))
    return found


def _add_curvature(
    total: np.ndarray, loss: HasCurvature, plan: Plan, tangents: Tangents | None
) -> None:
    if tangents is None:
        return
    curvature = plan.last.d_out
    loss.curvature(plan.last.out, plan.pack.target, curvature)
    _add_products(total, tangents, flat(curvature))


def _both_halves(total: np.ndarray) -> np.ndarray:
    """Mirror a square of which one half was written for each pair, on either side."""
    return total + total.T - np.diag(np.diag(total))


def _add_products(total: np.ndarray, tangents: Tangents, curvature: np.ndarray) -> None:
    """Add the weighted products of all pairs of parameters, output by output."""
    rows = np.unique(tangents.rows)
    for row in rows:
        entries, values = tangents.entries, tangents.values
        if len(rows) > 1:
            mine = tangents.rows == row
            entries, values = entries[mine], values[mine]
        values *= np.sqrt(curvature[row])
        # a product of a matrix with itself takes half the work of two; the other half follows
        products = dsyrk(1.0, values.T, trans=1, lower=1)
        total[np.ix_(entries, entries)] += products
