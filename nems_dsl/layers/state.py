"""`stategain`, `sw`: a signal modulated by weighted sums of a second one, the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import PENALTIES, Flow, Number, Option, ShapeForm, Signature, registry
from .base import Arrays, Facts, KernelLayer, Parameter, Phi, Tangents, Work
from .follow import FollowModulation
from .tangents import scaled

STATE_FORM = ShapeForm(
    ("state", "channels"), n_required=2, inferred=frozenset({"state", "channels"})
)
STATE_FLOW = Flow(("channels",), ("channels",), also=(("state",),))


class Modulation(KernelLayer):
    """A gain and an offset for each channel, both functions of the state.

    A subclass makes them: two rows for each channel, all gains above all offsets. Its last weight
    holds a constant for each row.
    """

    memory = 0

    @property
    def facts(self) -> Facts:
        return Facts(near_identity=True)

    def n_modulations(self) -> int:
        """Give the number of gains."""
        return self.dims["channels"]

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        n_rows = 2 * self.n_modulations()
        return ((n_rows,), (n_rows,))

    def write_rows(self, work: Work, rows: np.ndarray) -> None:
        """Write what the state makes of gains and offsets, but for constants."""
        raise NotImplementedError

    def rows_vjp(self, work: Work, d_rows: np.ndarray, d_state: np.ndarray | None) -> None:
        """Carry the derivative from the rows back to the weights and, if wanted, the state."""
        raise NotImplementedError

    def forward(self, work: Work) -> None:
        rows = work.scratch[0]
        self.write_rows(work, rows)
        kernels.state.modulate(work.inputs[0], rows, work.weights[-1], work.out)

    def vjp(self, work: Work) -> None:
        rows, d_rows = work.scratch
        kernels.state.modulate_vjp_rows(work.inputs[0], work.d_out, d_rows, work.d_weights[-1])
        self.rows_vjp(work, d_rows, work.d_inputs[1])
        if work.d_inputs[0] is not None:
            constant = work.weights[-1]
            kernels.state.modulate_vjp_input(rows, constant, work.d_out, work.d_inputs[0])

    def input_tangents(self, work: Work, number: int, incoming: Tangents) -> Tangents:
        if number or work.out.shape != work.inputs[0].shape:
            return super().input_tangents(work, number, incoming)
        gain = np.empty_like(work.inputs[0])
        ones = np.ones_like(work.out)
        kernels.state.modulate_vjp_input(work.scratch[0], work.weights[-1], ones, gain)
        return scaled(incoming, gain)


class LinearModulation(Modulation):
    """Gains and offsets that are weighted sums of the state's channels."""

    @property
    def facts(self) -> Facts:
        # without a fitted gain, signal and state are added up
        is_sum = "d" in self.options
        return replace(
            super().facts,
            linear=is_sum and "c" not in self.options,
            affine=is_sum,
            linear_in_weights=True,
            linear_in=tuple(self.parameters),
            follow=FollowModulation(
                added=("offset",) if "offset" in self.parameters else (),
                # what is fixed cannot take up another unit
                gains=("gain",) if len(self.parameters) == 2 and "o" not in self.options else (),
            ),
        )

    _gives_up: ClassVar = {"gain": "d", "offset": "g"}

    @classmethod
    def parameter_shapes(
        cls, dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        shape = (dims["state"] + ("c" in options), dims["channels"])
        return {name: shape for name, option in cls._gives_up.items() if option not in options}

    def initial_parameters(self) -> Phi:
        shapes = self.parameter_shapes(self.dims, self.options)
        means = {name: np.zeros(shape) for name, shape in shapes.items()}
        if "gain" in means and "o" not in self.options:
            means["gain"][0] = 1
        return Phi(
            *(Parameter(name, mean.shape, Normal(mean, 0.05)) for name, mean in means.items())
        )

    # ---- weights: (2 channels, state), and a constant for each row ---------------------------

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        n_states, n_channels = self.dims["state"], self.dims["channels"]
        dtype = next(iter(values.values())).dtype
        weights = np.zeros((2 * n_channels, n_states), dtype)
        constant = np.zeros(2 * n_channels, dtype)
        if "gain" not in values:
            constant[:n_channels] = 1
        constant[:n_channels] += self.options.get("o", 0)
        for name, rows in self._rows(values):
            weights[rows] = values[name][-n_states:].T
            if "c" in self.options:
                constant[rows] += values[name][0]
        return weights, constant

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        d_mixed, d_constant = d_weights
        gradients = {}
        for name, rows in self._rows(values):
            d_values = d_mixed[rows].T
            if "c" in self.options:
                d_values = np.concatenate([d_constant[None, rows], d_values])
            gradients[name] = np.ascontiguousarray(d_values)
        return gradients

    def _rows(self, values: Mapping[str, np.ndarray]) -> list[tuple[str, slice]]:
        n_channels = self.dims["channels"]
        places = {"gain": slice(0, n_channels), "offset": slice(n_channels, None)}
        return [(name, places[name]) for name in values]

    # ---- signals -----------------------------------------------------------------------------

    def write_rows(self, work: Work, rows: np.ndarray) -> None:
        kernels.weights.mix(work.weights[0], work.inputs[1], rows)

    def rows_vjp(self, work: Work, d_rows: np.ndarray, d_state: np.ndarray | None) -> None:
        kernels.weights.mix_vjp_weights(work.inputs[1], d_rows, work.d_weights[0])
        if d_state is not None:
            kernels.weights.mix_vjp_input(work.weights[0], d_rows, d_state)


@registry.register
class StateGain(LinearModulation):
    """A gain and an offset that are weighted sums of the state.

    ``y[t, i] = x[t, i] sum_s gain[s, i] state[t, s] + sum_s offset[s, i] state[t, s]``

    The gain starts as the state's first channel, which is to be constant at 1, or with `c` as 1.

    Parameters
    ----------
    shape : (state, channels)
    c : bool
        A constant term: `gain` and `offset` have a row more, the first, which no state multiplies.
    g : bool
        A gain alone, without an offset.
    d : bool
        An offset alone; the gain is 1.
    o : float
        A number that is added to the gain, which starts as it.

    Examples
    --------
    >>> import numpy as np
    >>> layer = StateGain((1, 1), c=True, g=True, parameters={"gain": [[1.0], [0.5]]})
    >>> layer.evaluate(np.array([[2.0], [2.0]]), np.array([[0.0], [1.0]])).tolist()
    [[2.0], [3.0]]
    """

    signature = Signature(
        head="stategain",
        summary="gives each channel a gain and an offset that are weighted sums of the state",
        equation="y[t, i] = x[t, i] sum_s gain[s, i] state[t, s] + sum_s offset[s, i] state[t, s]",
        forms=(STATE_FORM,),
        flows=(STATE_FLOW,),
        options=(
            Option("c", "constant term"),
            Option("g", "gain alone", excludes=("d",)),
            Option("d", "offset alone"),
            Option("o", "added to the gain", number=Number.REAL, default=1.0, excludes=("d",)),
            *PENALTIES,
        ),
        signals=("state",),
        example="wc.18x1-fir.1x15-dexp.1-stategain.2x1.c",
        source="gain and baseline modulation by behavioural state, such as pupil size: "
        "Schwartz, Buran & David (2020), J Neurophysiol 123",
    )


@registry.register
class StateWeights(LinearModulation):
    """A weighted sum of the channels, with weights and an offset that depend on the state.

    ``y[t] = sum_i sum_s (gain[s, i] x[t, i] + offset[s, i]) state[t, s]``

    The weights start as the state's first channel, which is to be constant at 1.

    Parameters
    ----------
    shape : (state, channels)

    Examples
    --------
    >>> import numpy as np
    >>> layer = StateWeights((1, 2), parameters={"gain": [[1.0, 10.0]]})
    >>> layer.evaluate(np.array([[1.0, 2.0], [1.0, 2.0]]), np.array([[1.0], [0.5]])).tolist()
    [[21.0], [10.5]]
    """

    signature = Signature(
        head="sw",
        summary="weights channels by sums over the state: one output",
        equation="y[t] = sum_i sum_s (gain[s, i] x[t, i] + offset[s, i]) state[t, s]",
        forms=(
            ShapeForm(
                ("state", "channels"),
                n_required=2,
                defaults={"1": 1},
                inferred=frozenset({"state", "channels"}),
            ),
        ),
        flows=(Flow(("channels",), ("1",), also=(("state",),)),),
        options=PENALTIES,
        signals=("state",),
        example="wc.18x3-fir.3x15x3-sw.2x3",
        source="state-dependent weighting of channels",
    )

    @property
    def facts(self) -> Facts:
        # all channels are summed into one
        return replace(super().facts, near_identity=False)

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        return (1,)
