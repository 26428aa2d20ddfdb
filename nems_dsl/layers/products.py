"""`mult`, `add`, `multexp`: signals put together channel by channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from ..keywords import Signature, registry
from .base import Facts, NonNegative, Work, flat
from .follow import FollowProduct
from .joining import MOST_SIGNALS, NO_SHAPE, Dims, Joining, Options, Shape


def _spread(dims: Dims, shapes: Sequence[Shape], options: Options) -> Shape | None:
    """Give the shape that all signals have, those of one channel aside, which serve for all."""
    wide = {shape for shape in shapes if shape != (1,)}
    if len(wide) > 1:
        return None
    return wide.pop() if wide else (1,)


def _gather(product: np.ndarray, dx: np.ndarray) -> None:
    """Sum the derivative of a spread signal over all the channels that it served."""
    np.sum(flat(product), axis=0, out=dx[0])


class _OfAny(Joining):
    """Any number of signals, in any order, put together by one operation."""

    operation: ClassVar[np.ufunc]

    def forward(self, work: Work) -> None:
        first, *others = work.inputs
        work.out[...] = first
        for x in others:
            self.operation(work.out, x, out=work.out)


def _of_any(head: str, summary: str, equation: str, example: str, source: str) -> Signature:
    """Declare a keyword that reads two signals or more, whose order does not matter."""
    return Signature(
        head,
        summary,
        equation,
        forms=NO_SHAPE,
        flows=(),
        n_inputs=(2, MOST_SIGNALS),
        join=_spread,
        example=example,
        source=source,
        commutes=True,
    )


@registry.register
class Multiply(_OfAny):
    """The product of several signals, channel by channel.

    A signal of one channel multiplies every channel of the others.

    Parameters
    ----------
    shape : ()
    input : list of str
        Two or more signals.

    Examples
    --------
    >>> import numpy as np
    >>> drive, gain = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[10.0], [0.5]])
    >>> Multiply().evaluate(drive, gain).tolist()
    [[10.0, 20.0], [1.5, 2.0]]
    """

    signature = _of_any(
        head="mult",
        summary="multiplies signals, channel by channel",
        equation="y[t, c] = a[t, c] * b[t, c] * ...",
        example="drive=wc.18x1-gain=wc.2x1@state-mult@drive,gain-dexp.1",
        source="product; the form for directional gains that other programs give this name "
        "is not offered",
    )

    facts = Facts(nonnegative=NonNegative(inputs="all"), follow=FollowProduct())
    operation = np.multiply

    def scratch_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        whole = self.output_shape(*shapes)
        return (whole,) if any(shape != whole for shape in shapes) else ()

    def vjp(self, work: Work) -> None:
        for place, dx in enumerate(work.d_inputs):
            if dx is None:
                continue
            product = dx if dx.shape == work.d_out.shape else work.scratch[0]
            first, *others = (x for other, x in enumerate(work.inputs) if other != place)
            np.multiply(work.d_out, first, out=product)
            for x in others:
                product *= x
            if product is not dx:
                _gather(product, dx)


@registry.register
class Add(_OfAny):
    """The sum of several signals, channel by channel.

    A signal of one channel is added to every channel of the others.

    Parameters
    ----------
    shape : ()
    input : list of str
        Two or more signals.

    Examples
    --------
    >>> import numpy as np
    >>> drive, history = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[10.0], [0.5]])
    >>> Add().evaluate(drive, history).tolist()
    [[11.0, 12.0], [3.5, 4.5]]
    """

    signature = _of_any(
        head="add",
        summary="adds signals up, channel by channel",
        equation="y[t, c] = a[t, c] + b[t, c] + ...",
        example="drive=fir.18x15-offset=wc.2x1@state-add@drive,offset-exp.1",
        source="sum; of filters as in Pillow et al. (2008), Nature 454:995",
    )

    facts = Facts(linear=True, nonnegative=NonNegative(inputs="all"))
    operation = np.add

    def vjp(self, work: Work) -> None:
        for dx in work.d_inputs:
            if dx is None:
                continue
            if dx.shape == work.d_out.shape:
                dx[...] = work.d_out
            else:
                _gather(work.d_out, dx)


@registry.register
class MultiplyExponential(Joining):
    """One signal times the exponential of another, ``y = a * exp(b)``.

    A signal of one channel serves all channels of the other. So that no bin overflows, b counts
    as 354 where it is above that (44 in float32): there its derivative is 0.

    Parameters
    ----------
    shape : ()
    input : list of str
        Two signals, a and b.

    Examples
    --------
    >>> import numpy as np
    >>> drive, log_gain = np.array([[1.0], [2.0]]), np.log([[3.0], [0.5]])
    >>> MultiplyExponential().evaluate(drive, log_gain).round(9).tolist()
    [[3.0], [1.0]]
    """

    signature = Signature(
        head="multexp",
        summary="multiplies a signal by the exponential of another",
        equation="y[t, c] = a[t, c] * exp(b[t, c])",
        forms=NO_SHAPE,
        flows=(),
        n_inputs=(2, 2),
        join=_spread,
        example="drive=wc.18x1-gain=wc.2x1@state-multexp@drive,gain-dexp.1",
        source="gain of exponential form",
    )

    facts = Facts(nonnegative=NonNegative(inputs="first"), follow=FollowProduct())

    def scratch_shapes(self, *shapes: Shape) -> tuple[Shape, ...]:
        return shapes[1], self.output_shape(*shapes)

    def forward(self, work: Work) -> None:
        (a, b), gain = work.inputs, work.scratch[0]
        np.minimum(b, _highest_exponent(b.dtype), out=gain)
        np.exp(gain, out=gain)
        np.multiply(a, gain, out=work.out)

    def vjp(self, work: Work) -> None:
        (_, b), (da, db), (gain, product) = work.inputs, work.d_inputs, work.scratch
        if da is not None:
            np.multiply(work.d_out, gain, out=product)
            _hand_back(product, da)
        if db is not None:
            np.multiply(work.d_out, work.out, out=product)
            _hand_back(product, db)
            np.less_equal(b, _highest_exponent(b.dtype), out=gain)
            db *= gain


def _highest_exponent(dtype: np.dtype) -> float:
    """Give a number whose exponential leaves as many powers of ten for the other factor."""
    return float(np.floor(np.log(np.finfo(dtype).max) / 2))


def _hand_back(product: np.ndarray, dx: np.ndarray) -> None:
    if product.shape == dx.shape:
        dx[...] = product
    else:
        _gather(product, dx)
