"""Short blocks of packs, for work that needs many rows for each bin."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...graph.reach import Reach
from .packs import Pack
from .passes import Engine
from .plan import Plan, Planner

# Bins of a block: with more rows than fit the cache all is read from far away; with fewer bins,
# calls take longer than work.
BLOCK_BINS = 2048
_FEWEST_BINS, _BLOCK_VALUES = 256, 260_000


@dataclass(frozen=True)
class Block:
    """A stretch of one segment of a pack, and the bins of the target that it tells.

    Attributes
    ----------
    pack : int
    first, last : int
        Bins of the inputs.
    start, stop : int
        Bins of the target that count.
    at : int
        Which bin of the prediction from these inputs is that of `start`.
    """

    pack: int
    first: int
    last: int
    start: int
    stop: int
    at: int

    @property
    def n_counted(self) -> int:
        """How many bins count."""
        return self.stop - self.start


class Blocks:
    """Packs of data cut into blocks, each copied to the same arrays when it is its turn.

    Parameters
    ----------
    engine : Engine
    reach : Reach, optional
        Without it, or where it has no bounds, segments stay whole.
    longest : int, optional
        Bins of a block that count, at most.
    """

    def __init__(self, engine: Engine, reach: Reach | None, longest: int | None = None):
        self._packs = [plan.pack for plan in engine.plans]
        fitting = _BLOCK_VALUES // max(1, engine.vector.size)
        most = max(1, min(BLOCK_BINS, max(_FEWEST_BINS, fitting), longest or BLOCK_BINS))
        self._blocks = [
            block
            for number, plan in enumerate(engine.plans)
            for block in _cut(number, plan, reach, most)
        ]
        self.n_counted = sum(block.n_counted for block in self._blocks)
        longest = max(block.last - block.first for block in self._blocks)
        self._planner = Planner(engine.structure, engine.shapes, longest, engine.dtype)
        self._buffers: dict[str, np.ndarray] = {}
        self._longest = longest
        self._plans: dict[int, Plan] = {}

    def groups(self, n: int) -> list[list[Block]]:
        """Give the blocks in n groups, or fewer, of about as many bins, each one stretch."""
        found: list[list[Block]] = [[] for _ in range(n)]
        at = 0
        for block in self._blocks:
            found[min(n - 1, n * (at + block.n_counted // 2) // self.n_counted)].append(block)
            at += block.n_counted
        return [group for group in found if group]

    def chosen(self, share: float, offset: int) -> Sequence[Block]:
        """Give blocks spread over the data, others for each offset."""
        step = max(1, min(round(1 / share), len(self._blocks)))
        return self._blocks[offset % step :: step]

    def plan(self, block: Block) -> Plan:
        """Give the plan of a block, with its data in it, until the next one is asked for."""
        length = block.last - block.first
        if length not in self._plans:
            self._plans[length] = self._plan(length)
        plan, source = self._plans[length], self._packs[block.pack]
        for name, x in plan.pack.inputs.items():
            x[...] = source.inputs[name][..., block.first : block.last]
        plan.pack.target.fill(np.nan)
        told = plan.pack.target[..., block.at : block.at + block.n_counted]
        told[...] = source.target[..., block.start : block.stop]
        return plan

    def _plan(self, length: int) -> Plan:
        example = self._packs[0]
        inputs = {
            name: self._buffer(name, x.shape[:-1], length, x.dtype)
            for name, x in example.inputs.items()
        }
        target = np.empty((*example.target.shape[:-1], 0), example.target.dtype)
        plan = self._planner.plan(Pack(inputs, target, np.array([0, length])))
        n_told = int(plan.last.out_starts[-1])
        told = self._buffer("the target", target.shape[:-1], n_told, target.dtype)
        return replace(plan, pack=replace(plan.pack, target=told))

    def _buffer(
        self, name: str, shape: tuple[int, ...], length: int, dtype: np.dtype
    ) -> np.ndarray:
        n_rows = int(np.prod(shape))
        if name not in self._buffers:
            self._buffers[name] = np.empty(n_rows * self._longest, dtype)
        return self._buffers[name][: n_rows * length].reshape(*shape, length)


def _cut(number: int, plan: Plan, reach: Reach | None, most: int) -> Iterator[Block]:
    """Cut the segments of a pack into blocks of at most `most` bins that count."""
    edges = plan.pack.starts.tolist(), plan.last.out_starts.tolist()
    segments = zip(*map(itertools.pairwise, edges), strict=True)
    for (first, last), (out_first, out_last) in segments:
        if reach is None or reach.past is None or reach.stride > 1:
            yield Block(number, first, last, out_first, out_last, 0)
            continue
        n_parts = -(-(last - first) // most)
        cuts = [first + (last - first) * part // n_parts for part in range(n_parts + 1)]
        for start, stop in itertools.pairwise(cuts):
            before, behind = max(first, start - reach.past), min(last, stop + reach.future)
            yield Block(number, before, behind, start, stop, start - before)
