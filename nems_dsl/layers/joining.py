"""`cat`, `skip`: several signals side by side, as the channels of one."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import PENALTIES, Option, ShapeForm, Signature, registry
from .base import Arrays, Facts, KernelLayer, NonNegative, Parameter, Phi, Work

MOST_SIGNALS = 100
NO_SHAPE = (ShapeForm((), n_required=0),)
_SD_WEIGHT = 0.1

Shape = tuple[int, ...]
Dims = Mapping[str, int]
Options = Mapping[str, Any]


class Joining(KernelLayer):
    """A layer whose output's shape is what its signature's `join` says."""

    memory = 0

    def output_shape(self, *shapes: Shape) -> Shape:
        assert self.signature.join is not None
        gives = self.signature.join(self.dims, shapes, self.options)
        assert gives is not None, "shapes are checked before"
        return gives


def _concatenated(dims: Dims, shapes: Sequence[Shape], options: Options) -> Shape | None:
    first, *others = shapes
    if any(other[1:] != first[1:] for other in others):
        return None
    added = (1 if "s" in options else other[0] for other in others)
    return (first[0] + sum(added), *first[1:])


@registry.register
class Concatenate(Joining):
    """Several signals side by side, as channels of one; one signal alone passes as it is.

    Parameters
    ----------
    shape : ()
    input : list of str
        The signals, in the order in which their channels are wanted.
    s : bool
        Every signal but the first is summed over its channels before.

    Examples
    --------
    >>> import numpy as np
    >>> one, two = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])
    >>> Concatenate().evaluate(one, two).tolist()
    [[1.0, 2.0, 3.0, 4.0]]
    >>> Concatenate(s=True).evaluate(one, two).tolist()
    [[1.0, 2.0, 7.0]]
    """

    facts = Facts(linear=True, nonnegative=NonNegative(inputs="all"))
    signature = Signature(
        head="cat",
        summary="puts the channels of several signals side by side",
        equation="y[t] = (a[t, 0], a[t, 1], ..., b[t, 0], b[t, 1], ...)",
        forms=NO_SHAPE,
        flows=(),
        options=(Option("s", "all signals but the first summed over their channels"),),
        n_inputs=(1, MOST_SIGNALS),
        join=_concatenated,
        stacks=True,
        example="a=wc.18x2-b=wc.18x3@stim-cat@a,b-fir.5x15-dexp.1",
        source="concatenation",
    )

    def forward(self, work: Work) -> None:
        for x, y in zip(work.inputs, self._parts(work.inputs, work.out), strict=True):
            if len(y) == len(x):
                y[...] = x
            else:
                np.sum(x, axis=0, out=y[0])

    def vjp(self, work: Work) -> None:
        parts = self._parts(work.inputs, work.d_out)
        for dx, dy in zip(work.d_inputs, parts, strict=True):
            if dx is not None:
                dx[...] = dy

    def _parts(self, inputs: Arrays, joined: np.ndarray) -> list[np.ndarray]:
        """Give the part of the joined channels that comes from each input."""
        sizes = [1 if "s" in self.options and place else len(x) for place, x in enumerate(inputs)]
        edges = itertools.pairwise(itertools.accumulate(sizes, initial=0))
        return [joined[start:stop] for start, stop in edges]


def _skipped(dims: Dims, shapes: Sequence[Shape], options: Options) -> Shape | None:
    first, *others = shapes
    if not others or any(len(shape) != 1 for shape in shapes):
        return None
    n_each = dims["out"] // len(others)
    if not n_each or max(shape[0] for shape in others) != dims["in"]:
        return None
    return (first[0] + n_each * len(others),)


@registry.register
class SkipConnection(Joining):
    """A signal, and weighted sums of other signals as further channels of it.

    The columns of the weights are divided evenly among the other signals, in order: of `out`
    columns for n of them each gets the next ``out // n``, and columns left over have no bearing.
    A signal with fewer channels than `in` uses the first rows.

    Parameters
    ----------
    shape : (in, out)
        The channels of the widest of the other signals, and how many channels are added.
    input : list of str
        The signal that passes as it is, then the others.

    Examples
    --------
    >>> import numpy as np
    >>> deep, stim = np.array([[1.0]]), np.array([[2.0, 3.0]])
    >>> layer = SkipConnection((2, 1), parameters={"coefficients": [[1.0], [10.0]]})
    >>> layer.evaluate(deep, stim).tolist()
    [[1.0, 32.0]]
    """

    facts = Facts(linear=True, linear_in=("coefficients",))
    signature = Signature(
        head="skip",
        summary="adds weighted sums of other signals to a signal as further channels",
        equation="y[t] = (a[t], b[t] w_b, c[t] w_c, ...)",
        forms=(ShapeForm(("in", "out"), n_required=2),),
        flows=(),
        options=PENALTIES,
        n_inputs=(2, MOST_SIGNALS),
        join=_skipped,
        example="deep=wc.18x4-skip.18x2@deep,stim-fir.6x15-dexp.1",
        source="skip connection with weights",
    )

    @staticmethod
    def parameter_shapes(dims: Dims, options: Options) -> dict[str, Shape]:
        return {"coefficients": (dims["in"], dims["out"])}

    def initial_parameters(self) -> Phi:
        shape = self.parameter_shapes(self.dims, self.options)["coefficients"]
        return Phi(Parameter("coefficients", shape, Normal(np.zeros(shape), _SD_WEIGHT)))

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        return (np.ascontiguousarray(values["coefficients"].T),)

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        return {"coefficients": d_weights[0].T}

    def forward(self, work: Work) -> None:
        first, *others = work.inputs
        work.out[: len(first)] = first
        for x, rows in zip(others, self._rows(len(others)), strict=True):
            w = np.ascontiguousarray(work.weights[0][rows, : len(x)])
            kernels.weights.mix(w, x, work.out[len(first) :][rows])

    def vjp(self, work: Work) -> None:
        first, *others = work.inputs
        if work.d_inputs[0] is not None:
            work.d_inputs[0][...] = work.d_out[: len(first)]
        rows_of = self._rows(len(others))
        for x, dx, rows in zip(others, work.d_inputs[1:], rows_of, strict=True):
            dy = work.d_out[len(first) :][rows]
            dw = np.zeros((len(dy), len(x)), dy.dtype)
            kernels.weights.mix_vjp_weights(x, dy, dw)
            work.d_weights[0][rows, : len(x)] += dw
            if dx is not None:
                w = np.ascontiguousarray(work.weights[0][rows, : len(x)])
                kernels.weights.mix_vjp_input(w, dy, dx)

    def _rows(self, n_signals: int) -> list[slice]:
        n_each = self.dims["out"] // n_signals
        return [slice(i * n_each, (i + 1) * n_each) for i in range(n_signals)]
