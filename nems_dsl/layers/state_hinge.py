"""`statehinge`: a signal modulated by bent lines of the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import PENALTIES, Option, Signature, registry
from .base import Arrays, Facts, Parameter, Phi, Work
from .follow import FollowModulation
from .state import STATE_FLOW, STATE_FORM, Modulation

_NAMES = ("gain1", "gain2", "offset1", "offset2", "x0")


@registry.register
class StateHinge(Modulation):
    """A gain and an offset that are sums of lines of the state, bent at `x0`.

    With ``w = state[t, s] - x0[s, i]``: ``y[t, i] = G[t, i] x[t, i] + D[t, i]``,
    ``G = sum_s (gain1[s, i] min(w, 0) + gain2[s, i] max(w, 0))``, and D likewise of `offset1` and
    `offset2`. The gain starts as the state's first channel, which is to be constant at 1.

    Parameters
    ----------
    shape : (state, channels)
    m : bool
        Lines do not turn back: `gain2` and `offset2` have the signs of `gain1` and `offset1`,
        whatever their own (that of 0 is positive).

    Examples
    --------
    >>> import numpy as np
    >>> layer = StateHinge((1, 1), parameters={"gain1": [[1.0]], "gain2": [[3.0]]})
    >>> layer.evaluate(np.ones((2, 1)), np.array([[-1.0], [1.0]])).tolist()
    [[-1.0], [3.0]]
    """

    signature = Signature(
        head="statehinge",
        summary="gives each channel a gain and an offset that are bent lines of the state",
        equation="y[t, i] = G[t, i] x[t, i] + D[t, i], G = sum_s (gain1 min(state - x0, 0) + gain2 "
        "max(state - x0, 0)), D likewise of offset1 and offset2",
        forms=(STATE_FORM,),
        flows=(STATE_FLOW,),
        options=(Option("m", "monotonic: no line turns back at its bend"), *PENALTIES),
        signals=("state",),
        example="wc.18x1-fir.1x15-statehinge.2x1",
        source="piecewise linear modulation by state",
    )

    @property
    def facts(self) -> Facts:
        slopes = ("gain1", "gain2", "offset1", "offset2")
        # with `m` the sign of one slope is that of another
        is_turned = "m" in self.options
        return replace(
            super().facts,
            linear_in=() if is_turned else slopes,
            follow=FollowModulation(
                added=("offset1", "offset2"), gains=() if is_turned else ("gain1", "gain2")
            ),
        )

    @staticmethod
    def parameter_shapes(
        dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(_NAMES, (dims["state"], dims["channels"]))

    def initial_parameters(self) -> Phi:
        shape = (self.dims["state"], self.dims["channels"])
        first = np.zeros(shape)
        first[0] = 1
        return Phi(
            Parameter("gain1", shape, Normal(first, 0.05)),
            Parameter("gain2", shape, Normal(first, 0.05)),
            Parameter("offset1", shape, Normal(np.zeros(shape), 1.0)),
            Parameter("offset2", shape, Normal(np.zeros(shape), 1.0)),
            Parameter("x0", shape, Normal(np.zeros(shape), 1.0)),
        )

    # ---- weights: corner, below, above (2 channels, state) each, and constants of 0 ----------

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        below, above = self._slopes(values)
        corner = np.concatenate([values["x0"].T, values["x0"].T])
        return corner, below, self._signs(below, above) * above, np.zeros_like(corner[:, 0])

    def _slopes(self, values: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        below = np.concatenate([values["gain1"].T, values["offset1"].T])
        return below, np.concatenate([values["gain2"].T, values["offset2"].T])

    def _signs(self, below: np.ndarray, above: np.ndarray) -> np.ndarray:
        """Give -1 where `m` turns a slope above the corner round, else 1."""
        differ = (below < 0) != (above < 0)
        return np.where(differ & ("m" in self.options), -1, 1).astype(above.dtype)

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        d_corner, d_below, d_above, _ = d_weights
        d_above = d_above * self._signs(*self._slopes(values))
        d_gain1, d_offset1 = np.split(d_below, 2)
        d_gain2, d_offset2 = np.split(d_above, 2)
        d_x0 = np.sum(np.split(d_corner, 2), axis=0)
        found = (d_gain1, d_gain2, d_offset1, d_offset2, d_x0)
        return {name: np.ascontiguousarray(d.T) for name, d in zip(_NAMES, found, strict=True)}

    # ---- signals -----------------------------------------------------------------------------

    def write_rows(self, work: Work, rows: np.ndarray) -> None:
        kernels.state.hinges(work.inputs[1], *work.weights[:-1], rows)

    def rows_vjp(self, work: Work, d_rows: np.ndarray, d_state: np.ndarray | None) -> None:
        state, bent = work.inputs[1], work.weights[:-1]
        kernels.state.hinges_vjp(state, *bent, d_rows, *work.d_weights[:-1])
        if d_state is not None:
            kernels.state.hinges_vjp_state(state, *bent, d_rows, d_state)
