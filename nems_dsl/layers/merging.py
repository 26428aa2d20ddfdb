"""`mrg`: one channel of many, picked by a state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import kernels
from ..keywords import Flow, ShapeForm, Signature, registry
from .base import Facts, KernelLayer, NonNegative, Phi, Work
from .follow import FollowProduct


@registry.register
class MergeChannels(KernelLayer):
    """The channel whose number the state is, ``y[t] = x[t, round(state[t])]``.

    Numbers start at 0. A state below or above all of them picks the first or the last channel.
    With `rep`, each state has a copy of the channel, with parameters of its own.

    Parameters
    ----------
    shape : (channels,)

    Examples
    --------
    >>> import numpy as np
    >>> x, state = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.0], [1.0]])
    >>> MergeChannels(2).evaluate(x, state).tolist()
    [[1.0], [4.0]]
    """

    signature = Signature(
        head="mrg",
        summary="picks the channel whose number the state is",
        equation="y[t] = x[t, round(state[t])]",
        forms=(
            ShapeForm(
                ("channels",),
                n_required=1,
                defaults={"1": 1, "state": 1},
                inferred=frozenset({"channels"}),
            ),
        ),
        flows=(Flow(("channels",), ("1",), also=(("state",),)),),
        signals=("state",),
        example="wc.18x1-fir.1x15-rep.2-lvl.2-mrg.2",
        source="selection",
    )
    memory = 0
    facts = Facts(nonnegative=NonNegative(inputs="first"), follow=FollowProduct())

    @staticmethod
    def parameter_shapes(
        dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        return {}

    def initial_parameters(self) -> Phi:
        return Phi()

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        return (1,)

    def forward(self, work: Work) -> None:
        kernels.selection.pick_channel(*work.inputs, work.out)

    def vjp(self, work: Work) -> None:
        dx, d_state = work.d_inputs
        if dx is not None:
            kernels.selection.pick_channel_vjp(work.inputs[1], work.d_out, dx)
        if d_state is not None:
            # between two numbers the choice does not change with the state
            d_state[...] = 0
