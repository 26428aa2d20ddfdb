"""`sdexp`: a signal modulated by double exponentials of the state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import PENALTIES, Flow, Option, Signature, registry
from .base import Arrays, Facts, Parameter, Phi, Work
from .follow import FollowModulation
from .state import STATE_FLOW, STATE_FORM, Modulation

_KINDS = ("g", "d")
_SHAPED = ("amp", "kappa", "offset")
_NAMES = tuple(f"{name}_{kind}" for kind in _KINDS for name in ("base", *_SHAPED))


@registry.register
class StateDoubleExponential(Modulation):
    """A gain and an offset that are sums of double exponentials of the state.

    ``y[t, i] = G[t, i] x[t, i] + D[t, i]``, with
    ``G = sum_s (base_g + amp_g exp(-exp(-exp(kappa_g) (state - offset_g))))``, each parameter at
    [s, i], and likewise D of ``base_d, amp_d, kappa_d, offset_d``. The gain starts as a curve
    over the first channel of the state alone.

    Parameters
    ----------
    shape : (state, channels)
    per : bool
        No sum over the channels of the state: each gives an output of its own, which it alone
        modulates. An output is the sum over the channels of the signal then.

    Examples
    --------
    >>> import numpy as np
    >>> layer = StateDoubleExponential((1, 1))
    >>> layer.evaluate(np.ones((2, 1)), np.array([[-100.0], [100.0]])).tolist()
    [[0.0], [1.0]]
    """

    signature = Signature(
        head="sdexp",
        summary="gives each channel a gain and an offset that are sigmoids of the state",
        equation="y[t, i] = G[t, i] x[t, i] + D[t, i], G = sum_s (base_g + amp_g "
        "exp(-exp(-exp(kappa_g) (state - offset_g)))), D likewise",
        forms=(STATE_FORM,),
        flows=(
            Flow(("channels",), ("state",), options=frozenset({"per"}), also=(("state",),)),
            STATE_FLOW,
        ),
        options=(Option("per", "one output for each channel of the state"), *PENALTIES),
        signals=("state",),
        example="wc.18x1-fir.1x15-sdexp.2x1",
        source="the double exponential of Thorson, Lienard & David (2015), PLoS Comput Biol "
        "11(12), as a function of behavioural state",
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
        sds = {"base": 1.0, "amp": 0.1, "kappa": 0.1, "offset": 0.1}
        parameters = []
        for name in _NAMES:
            what, kind = name.split("_")
            mean = first if name == "amp_g" else np.zeros(shape)
            # what is added is in units of the response, which may be any
            bounds = (0.0, 10.0) if kind == "g" and what in ("base", "amp") else None
            parameters.append(Parameter(name, shape, Normal(mean, sds[what]), bounds=bounds))
        return Phi(*parameters)

    # ---- weights: a column for each channel of the state, and the sums of the bases ----------

    @property
    def facts(self) -> Facts:
        # with `per` there is an output for each state, and not for each channel that comes in
        linear_in = ("base_g", "amp_g", "base_d", "amp_d")
        follow = FollowModulation(added=("base_d", "amp_d"))
        return Facts(near_identity="per" not in self.options, linear_in=linear_in, follow=follow)

    def n_modulations(self) -> int:
        return self.dims["channels"] * (self.dims["state"] if "per" in self.options else 1)

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        shaped = [
            np.concatenate([self._as_rows(values[f"{name}_{kind}"]) for kind in _KINDS])
            for name in ("base", *_SHAPED)
        ]
        return (*shaped[1:], shaped[0].sum(axis=1))

    def _as_rows(self, values: np.ndarray) -> np.ndarray:
        """Give parameters as (modulations, columns)."""
        return values.reshape(-1, 1) if "per" in self.options else values.T

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        *d_shaped, d_constant = d_weights
        d_base = np.repeat(d_constant[:, None], d_shaped[0].shape[1], axis=1)
        gradients = {}
        for name, d_rows in zip(("base", *_SHAPED), (d_base, *d_shaped), strict=True):
            for kind, half in zip(_KINDS, np.split(d_rows, 2), strict=True):
                d_values = half if "per" in self.options else half.T
                gradients[f"{name}_{kind}"] = d_values.reshape(values[f"{name}_{kind}"].shape)
        return {name: gradients[name] for name in values}

    # ---- signals -----------------------------------------------------------------------------

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        return (self.dims["state"],) if "per" in self.options else shapes[0]

    def write_rows(self, work: Work, rows: np.ndarray) -> None:
        kernels.state.sigmoids(work.inputs[1], *work.weights[:-1], rows)

    def rows_vjp(self, work: Work, d_rows: np.ndarray, d_state: np.ndarray | None) -> None:
        state, shaped = work.inputs[1], work.weights[:-1]
        kernels.state.sigmoids_vjp(state, *shaped, d_rows, *work.d_weights[:-1])
        if d_state is not None:
            kernels.state.sigmoids_vjp_state(state, *shaped, d_rows, d_state)
