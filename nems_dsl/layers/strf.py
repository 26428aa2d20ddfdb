"""`strf`: a spectrotemporal receptive field in one keyword."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import L2, Flow, Option, ShapeForm, Signature, registry
from .base import Arrays, KernelLayer, Parameter, Phi, Work, flat
from .fir import starting_taps
from .weight_channels import starting_weights

_SD_WEIGHT = 0.05


@registry.register
class ReceptiveField(KernelLayer):
    """A spectrotemporal receptive field, whole or of low rank.

    ``y[t, o] = sum_k sum_c H[c, k, o] x[t - k, c] (+ shift[o])``. With two sizes H is the
    parameter itself, (in, taps), and there is no shift. With a rank,
    ``H[c, k, o] = sum_r w[c, r, o] h[r, k, o]``.

    Parameters
    ----------
    shape : (in, taps), (in, rank, taps) or (in, rank, taps, out)
    relu : bool
        Rectify the output.

    Examples
    --------
    >>> import numpy as np
    >>> layer = ReceptiveField(shape=(2, 2), parameters={"coefficients": [[1, 0], [0, 0.5]]})
    >>> layer.evaluate(np.array([[1.0, 4.0], [2.0, 0.0]])).tolist()
    [[1.0], [4.0]]
    """

    signature = Signature(
        head="strf",
        summary="filters the stimulus through a receptive field over channels and past bins",
        equation="y[t, o] = sum_r sum_k h[r, k, o] sum_c w[c, r, o] x[t - k, c] + shift[o]",
        forms=(
            ShapeForm(("in", "taps"), 2, defaults={"out": 1}, inferred=frozenset({"in"})),
            ShapeForm(
                ("in", "rank", "taps", "out"),
                n_required=3,
                defaults={"out": 1},
                inferred=frozenset({"in"}),
            ),
        ),
        flows=(Flow(("in",), ("out",)),),
        options=(Option("relu", "rectified"), L2),
        example="strf.18x2x25-dexp.1",
        source="spectrotemporal receptive field, separable in `rank` parts",
    )

    @property
    def memory(self) -> int:  # type: ignore[override]
        """Past bins that the output depends on."""
        return self.dims["taps"] - 1

    @property
    def _is_whole(self) -> bool:
        return "rank" not in self.dims

    @staticmethod
    def parameter_shapes(
        dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        if "rank" not in dims:
            return {"coefficients": (dims["in"], dims["taps"])}
        outputs = (dims["out"],) if dims["out"] > 1 else ()
        return {
            "wcoefficients": (dims["in"], dims["rank"], *outputs),
            "coefficients": (dims["rank"], dims["taps"], *outputs),
            "shift": (dims["out"],),
        }

    def initial_parameters(self) -> Phi:
        shapes = self.parameter_shapes(self.dims, self.options)
        taps = shapes["coefficients"]
        if self._is_whole:
            return Phi(Parameter("coefficients", taps, Normal(starting_taps(taps), 1 / taps[1])))
        weights = starting_weights(shapes["wcoefficients"])
        return Phi(
            Parameter("wcoefficients", shapes["wcoefficients"], Normal(weights, _SD_WEIGHT)),
            Parameter("coefficients", taps, Normal(_starting_onset(taps), 1 / taps[1])),
            Parameter("shift", shapes["shift"], Normal(0, 0.01)),
        )

    # ---- weights: filters (out, rank or in, taps), shift, and channel weights (rank * out, in) ---

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        taps = values["coefficients"]
        taps = taps[..., None] if taps.ndim == 2 else taps
        h = np.ascontiguousarray(taps.transpose(2, 0, 1))
        if self._is_whole:
            return (h, np.zeros(1, h.dtype))
        w = values["wcoefficients"].reshape(self.dims["in"], -1)
        return (h, np.ascontiguousarray(values["shift"]), np.ascontiguousarray(w.T))

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        shapes = {name: value.shape for name, value in values.items()}
        d_taps = d_weights[0].transpose(1, 2, 0).reshape(shapes["coefficients"])
        if self._is_whole:
            return {"coefficients": d_taps}
        d_w = d_weights[2].T.reshape(shapes["wcoefficients"])
        return {"wcoefficients": d_w, "coefficients": d_taps, "shift": d_weights[1]}

    # ---- signals -----------------------------------------------------------------------------

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        return (self.dims["out"],)

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        if self._is_whole:
            return ()
        mixed = (self.dims["rank"], self.dims["out"])
        return (mixed, mixed)

    def forward(self, work: Work) -> None:
        h, shift = work.weights[:2]
        x, out = work.inputs[0], work.out
        if self._is_whole:
            kernels.filters.fir(h, x, out, work.starts)
        else:
            mixed = work.scratch[0]
            kernels.weights.mix(work.weights[2], x, flat(mixed))
            kernels.filters.bank_fir(h, mixed, out, work.starts)
        if "relu" in self.options:
            kernels.pointwise.rectify(out, shift, *_unit_line(shift), out)
        else:
            kernels.pointwise.level(out, shift, out)

    def vjp(self, work: Work) -> None:
        self._shift_vjp(work)
        (x,), (dx,), d_out = work.inputs, work.d_inputs, work.d_out
        h, d_h = work.weights[0], work.d_weights[0]
        if self._is_whole:
            kernels.filters.fir_vjp_filter(x, d_out, d_h, work.starts)
            if dx is not None:
                kernels.filters.fir_vjp_input(h, d_out, dx, work.starts)
            return
        mixed, d_mixed = work.scratch
        kernels.filters.bank_fir_vjp_filter(mixed, d_out, d_h, work.starts)
        kernels.filters.bank_fir_vjp_input(h, d_out, d_mixed, work.starts)
        kernels.weights.mix_vjp_weights(x, flat(d_mixed), work.d_weights[2])
        if dx is not None:
            kernels.weights.mix_vjp_input(work.weights[2], flat(d_mixed), dx)

    def _shift_vjp(self, work: Work) -> None:
        """Carry the derivative back through shift and rectifier, within `d_out`."""
        d_out, d_shift = work.d_out, work.d_weights[1]
        if "relu" in self.options:
            # what was rectified is positive where the output is
            none, one = _unit_line(d_shift)
            kernels.pointwise.rectify_vjp(
                work.out, none, none, one, d_out, d_out, d_shift, none.copy(), one
            )
        else:
            kernels.pointwise.level_vjp(work.out, d_shift, d_out, d_out, d_shift)


def _unit_line(like: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros_like(like), np.ones_like(like)


def _starting_onset(shape: tuple[int, ...]) -> np.ndarray:
    """Give mean taps; short filters start as wider onset detectors than long ones."""
    n_taps = shape[1]
    if not 3 <= n_taps < 10:
        return starting_taps(shape)
    mean = np.zeros(shape)
    mean[:, :2] = 0.5 / n_taps
    mean[:, 2] = -0.5 / n_taps
    return mean
