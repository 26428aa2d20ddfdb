"""`fir`: causal filters over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import L2, Flow, ShapeForm, Signature, registry
from .base import Arrays, KernelLayer, Parameter, Phi, Work


@registry.register
class FiniteImpulseResponse(KernelLayer):
    """Causal filters, summed over channels.

    ``y[t, o] = sum_c sum_k h[c, k, o] x[t - k, c]``, with x = 0 before the start of a trial. The
    first tap is lag 0. After a bank, output o filters slice o: `fir.1x15x70` filters each of 70.

    Parameters
    ----------
    shape : (in, taps) or (in, taps, out)

    Examples
    --------
    >>> import numpy as np
    >>> layer = FiniteImpulseResponse(shape=(1, 2), parameters={"coefficients": [[1.0, 0.5]]})
    >>> layer.evaluate(np.array([[1.0], [0.0], [2.0]])).tolist()
    [[1.0], [0.5], [2.0]]
    """

    signature = Signature(
        head="fir",
        summary="filters each channel over past bins, and sums over channels",
        equation="y[t, o] = sum_c sum_k h[c, k, o] x[t - k, c]",
        forms=(
            ShapeForm(
                ("in", "taps", "out"),
                n_required=2,
                defaults={"out": 1},
                inferred=frozenset({"in"}),
            ),
        ),
        flows=(
            Flow(("in",), ("out",)),
            Flow(("in", "out"), ("out",)),
            Flow(("out",), ("out",), sizes={"in": 1}),
            Flow(("in", "*"), ("*",), sizes={"out": 1}),
        ),
        options=(L2,),
        example="wc.18x4-fir.4x15-dexp.1",
        source="finite impulse response filter",
    )

    @property
    def memory(self) -> int:  # type: ignore[override]
        """Past bins that the output depends on."""
        return self.dims["taps"] - 1

    @staticmethod
    def parameter_shapes(
        dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        out = (dims["out"],) if dims["out"] > 1 else ()
        return {"coefficients": (dims["in"], dims["taps"], *out)}

    def initial_parameters(self) -> Phi:
        shape = self.parameter_shapes(self.dims, self.options)["coefficients"]
        return Phi(Parameter("coefficients", shape, Normal(starting_taps(shape), 1 / shape[1])))

    # ---- weights: (out, in, taps) ------------------------------------------------------------

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        taps = values["coefficients"]
        taps = taps[..., None] if taps.ndim == 2 else taps
        return (np.ascontiguousarray(taps.transpose(2, 0, 1)),)

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        d_taps = d_weights[0].transpose(1, 2, 0)
        return {"coefficients": d_taps.reshape(values["coefficients"].shape)}

    # ---- signals -----------------------------------------------------------------------------

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        return shapes[0][1:] or (self.dims["out"],)

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        if self._is_bank(shapes[0]) or not self._by_gemm():
            return ()
        return ((self.dims["in"] * self.dims["taps"],),)

    def _by_gemm(self) -> bool:
        return bool(
            kernels.filters.prefers_gemm(self.dims["out"], self.dims["in"], self.dims["taps"])
        )

    def _is_bank(self, shape: tuple[int, ...]) -> bool:
        return len(shape) > 1 or shape[0] != self.dims["in"]

    def _slices(self, x: np.ndarray) -> np.ndarray:
        return x if x.ndim == 3 else x[None]

    def _shared(self, h: np.ndarray, n_slices: int) -> np.ndarray:
        """Give one filter per slice, where one filter serves all."""
        return h if len(h) == n_slices else np.repeat(h, n_slices, axis=0)

    def forward(self, work: Work) -> None:
        (h,), (x,) = work.weights, work.inputs
        if self._is_bank(x.shape[:-1]):
            shared = self._shared(h, len(work.out))
            kernels.filters.bank_fir(shared, self._slices(x), work.out, work.starts)
        elif work.scratch:
            kernels.filters.lag(x, h.shape[2], work.scratch[0], work.starts)
            kernels.filters.fir_gemm(h, work.scratch[0], work.out)
        else:
            kernels.filters.fir(h, x, work.out, work.starts)

    def vjp(self, work: Work) -> None:
        if self._is_bank(work.inputs[0].shape[:-1]):
            self._bank_vjp(work)
            return
        (h,), (x,), (dx,), (dh,) = work.weights, work.inputs, work.d_inputs, work.d_weights
        if work.scratch:
            (lagged,) = work.scratch
            kernels.filters.fir_gemm_vjp_filter(lagged, work.d_out, dh)
            if dx is not None:
                kernels.filters.fir_gemm_vjp_input(h, work.d_out, lagged, dx, work.starts)
            return
        kernels.filters.fir_vjp_filter(x, work.d_out, dh, work.starts)
        if dx is not None:
            kernels.filters.fir_vjp_input(h, work.d_out, dx, work.starts)

    def _bank_vjp(self, work: Work) -> None:
        (h,), (x,), (dx,), (dh,) = work.weights, work.inputs, work.d_inputs, work.d_weights
        n_slices = len(work.d_out)
        d_each = dh if len(dh) == n_slices else np.zeros((n_slices, *dh.shape[1:]), dh.dtype)
        kernels.filters.bank_fir_vjp_filter(self._slices(x), work.d_out, d_each, work.starts)
        if d_each is not dh:
            dh += d_each.sum(axis=0)
        if dx is not None:
            shared = self._shared(h, n_slices)
            kernels.filters.bank_fir_vjp_input(shared, work.d_out, self._slices(dx), work.starts)


def starting_taps(shape: tuple[int, ...]) -> np.ndarray:
    """Give mean taps: up at lag 1, down at lag 2, so that the filter starts as an onset detector.

    `shape` is (channels, taps) or (channels, taps, outputs).
    """
    mean = np.zeros(shape)
    if shape[1] > 2:
        mean[:, 1] = 2 / shape[1]
        mean[:, 2] = -1 / shape[1]
    return mean
