"""`sum`, `rep`, `sd`: the channels of one signal added up, repeated, or laid out anew."""

from __future__ import annotations

import numpy as np

from ..keywords import Flow, ShapeForm, Signature, registry
from .base import Facts, KernelLayer, NonNegative, Work, flat
from .joining import NO_SHAPE, Joining, Shape


@registry.register
class SumChannels(Joining):
    """The sum of all channels, and of all slices of a bank, as one channel.

    Parameters
    ----------
    shape : ()

    Examples
    --------
    >>> import numpy as np
    >>> SumChannels().evaluate(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[3.0], [7.0]]
    """

    facts = Facts(linear=True, nonnegative=NonNegative(inputs="all"))
    signature = Signature(
        head="sum",
        any_order=frozenset(),
        summary="adds all channels up",
        equation="y[t] = sum_c x[t, c]",
        forms=NO_SHAPE,
        flows=(),
        join=lambda dims, shapes, options: (1,),
        example="wc.18x4-fir.4x15x4-relu.4-sum",
        source="sum",
    )

    def forward(self, work: Work) -> None:
        np.sum(flat(work.inputs[0]), axis=0, out=work.out[0])

    def vjp(self, work: Work) -> None:
        if work.d_inputs[0] is not None:
            work.d_inputs[0][...] = work.d_out[0]


@registry.register
class RepeatChannels(Joining):
    """All channels, several times over: a b a b.

    Parameters
    ----------
    shape : (times,)

    Examples
    --------
    >>> import numpy as np
    >>> RepeatChannels(2).evaluate(np.array([[1.0, 2.0]])).tolist()
    [[1.0, 2.0, 1.0, 2.0]]
    """

    facts = Facts(linear=True, nonnegative=NonNegative(inputs="all"))
    signature = Signature(
        head="rep",
        summary="repeats all channels, one copy after the other",
        equation="y[t, k channels + c] = x[t, c]",
        forms=(ShapeForm(("times",), n_required=1),),
        flows=(),
        join=lambda dims, shapes, options: (dims["times"] * shapes[0][0], *shapes[0][1:]),
        example="wc.18x1-fir.1x15-rep.3-dexp.3",
        source="repetition",
    )

    def forward(self, work: Work) -> None:
        self._copies(work.inputs[0], work.out)[...] = work.inputs[0]

    def vjp(self, work: Work) -> None:
        if work.d_inputs[0] is not None:
            copies = self._copies(work.inputs[0], work.d_out)
            np.sum(copies, axis=0, out=work.d_inputs[0])

    def _copies(self, x: np.ndarray, repeated: np.ndarray) -> np.ndarray:
        return repeated.reshape(self.dims["times"], *x.shape)


@registry.register
class SwapAxes(KernelLayer):
    """A bank with its two axes exchanged: (T, channels, bank) becomes (T, bank, channels).

    Parameters
    ----------
    shape : ()

    Examples
    --------
    >>> import numpy as np
    >>> SwapAxes().evaluate(np.ones((10, 4, 3))).shape
    (10, 3, 4)
    """

    memory = 0
    facts = Facts(linear=True, nonnegative=NonNegative(inputs="all"))
    signature = Signature(
        head="sd",
        summary="exchanges the channels and the bank",
        equation="y[t, b, c] = x[t, c, b]",
        forms=NO_SHAPE,
        flows=(Flow(("channels", "bank"), ("bank", "channels")),),
        example="wc.18x3x4-sd-wc.4x1-sum",
        source="transposition",
    )

    def output_shape(self, *shapes: Shape) -> Shape:
        return shapes[0][::-1]

    def forward(self, work: Work) -> None:
        work.out[...] = work.inputs[0].swapaxes(0, 1)

    def vjp(self, work: Work) -> None:
        if work.d_inputs[0] is not None:
            work.d_inputs[0][...] = work.d_out.swapaxes(0, 1)
