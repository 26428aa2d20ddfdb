"""`fir`: filters over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import (
    PENALTIES,
    Flow,
    Number,
    Option,
    ShapeForm,
    Signature,
    registry,
    smooth_over_channels,
    smooth_over_lags,
)
from . import polezero
from .arena import empty
from .base import Arrays, Facts, FreeParameter, KernelLayer, Parameter, Phi, Tangents, Work
from .tangents import join

FORMS = (
    ShapeForm(
        ("in", "taps", "out"),
        n_required=2,
        defaults={"out": 1},
        inferred=frozenset({"in"}),
    ),
)
FLOWS = (
    Flow(("in",), ("out",)),
    Flow(("in", "out"), ("out",)),
    Flow(("out",), ("out",), sizes={"in": 1}),
    Flow(("in", "*"), ("*",), sizes={"out": 1}),
)
STRIDE = Option(
    "s", "keeps one bin of so many, and the first", number=Number.INTEGER, minimum=1, absent=1
)
AHEAD = Option("ac", "not causal: about half of the taps look ahead")


def bins_ahead(n_taps: int, options: Mapping[str, Any]) -> int:
    """Give how many of the taps look ahead."""
    return min(n_taps - 1, n_taps - n_taps // 2) if "ac" in options else 0


class Filter(KernelLayer):
    """What filters over time have in common: all but where their taps come from.

    `prepare` of a subclass gives the taps, (out, in, taps).
    """

    @property
    def memory(self) -> int:  # type: ignore[override]
        """Past bins that the output depends on."""
        return self.dims["taps"] - 1 - self.lookahead

    @property
    def lookahead(self) -> int:  # type: ignore[override]
        """Bins ahead that the output depends on."""
        return bins_ahead(self.dims["taps"], self.options)

    @property
    def stride(self) -> int:  # type: ignore[override]
        """Bins of the input to one of the output."""
        return int(self.options.get("s", 1))

    @staticmethod
    def outputs(dims: Mapping[str, int]) -> tuple[int, ...]:
        """Give the last axis of parameters; a single output has none."""
        return (dims["out"],) if dims["out"] > 1 else ()

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        return shapes[0][1:] or (self.dims["out"],)

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        return (self.output_shape(*shapes),) if self._is_moved else ()

    @property
    def _is_moved(self) -> bool:
        return self.stride > 1 or self.lookahead > 0

    def _is_bank(self, shape: tuple[int, ...]) -> bool:
        return len(shape) > 1 or shape[0] != self.dims["in"]

    def _slices(self, x: np.ndarray) -> np.ndarray:
        return x if x.ndim == 3 else x[None]

    def _shared(self, h: np.ndarray, n_slices: int) -> np.ndarray:
        """Give one filter per slice, where one filter serves all."""
        return h if len(h) == n_slices else np.repeat(h, n_slices, axis=0)

    def forward(self, work: Work) -> None:
        (h,), (x,) = work.weights, work.inputs
        full = work.scratch[0] if self._is_moved else work.out
        if self._is_bank(x.shape[:-1]):
            h, x = self._shared(h, len(work.out)), self._slices(x)
            kernels.filters.bank_fir(h, x, full, work.starts)
        else:
            kernels.filters.fir(h, x, full, work.starts)
        if self._is_moved:
            move(h, x, full, work, self.lookahead, self.stride)

    def vjp(self, work: Work) -> None:
        (h,), (x,), (dx,), (dh,) = work.weights, work.inputs, work.d_inputs, work.d_weights
        dy, shared_dh = work.d_out, dh
        if self._is_moved:
            dy = work.scratch[0]
            moved = (self.lookahead, self.stride, work.starts, work.out_starts)
            kernels.convolution.pick_vjp(work.d_out, dy, *moved)
        if self._is_bank(x.shape[:-1]):
            h, x = self._shared(h, len(work.out)), self._slices(x)
            dx = None if dx is None else self._slices(dx)
            dh = dh if len(dh) == len(h) else np.zeros_like(h)
            kernels.filters.bank_fir_vjp_filter(x, dy, dh, work.starts)
            if dx is not None:
                kernels.filters.bank_fir_vjp_input(h, dy, dx, work.starts)
        else:
            kernels.filters.fir_vjp_filter(x, dy, dh, work.starts)
            if dx is not None:
                kernels.filters.fir_vjp_input(h, dy, dx, work.starts)
        if self.lookahead:
            move_vjp(h, x, dx, dh, work.d_out, work, self.lookahead, self.stride)
        if dh is not shared_dh:
            shared_dh += dh.sum(axis=0)

    def input_tangents(self, work: Work, number: int, incoming: Tangents) -> Tangents:
        if self._is_moved or self._is_bank(work.inputs[0].shape[:-1]):
            return super().input_tangents(work, number, incoming)
        h = work.weights[0]
        return join([filtered(incoming, h[o], o, work.starts) for o in range(len(h))])


def move(
    h: np.ndarray, x: np.ndarray, full: np.ndarray, work: Work, ahead: int, stride: int
) -> None:
    """Write the output from a causal one at every bin.

    `x` is what the filters read, (in, time) or (in, filters, time).
    """
    moved = (ahead, stride, work.starts, work.out_starts)
    kernels.convolution.pick(full, work.out, *moved)
    if ahead:
        kernels.convolution.fir_end(h, per_filter(x), work.out, *moved)


def move_vjp(
    h: np.ndarray,
    x: np.ndarray,
    dx: np.ndarray | None,
    dh: np.ndarray,
    dy: np.ndarray,
    work: Work,
    ahead: int,
    stride: int,
) -> None:
    """Add to derivatives what they lack at the ends of trials."""
    moved = (ahead, stride, work.starts, work.out_starts)
    kernels.convolution.fir_end_vjp_filter(per_filter(x), dy, dh, *moved)
    if dx is not None:
        kernels.convolution.fir_end_vjp_input(h, dy, per_filter(dx), *moved)


def per_filter(x: np.ndarray) -> np.ndarray:
    """Give (in, filters, time), with one in place of the filters if they read the same."""
    return x if x.ndim == 3 else x[:, None]


@registry.register
class FiniteImpulseResponse(Filter):
    """Filters over time, summed over channels.

    ``y[t, o] = sum_c sum_k h[c, k, o] x[t - k, c]``, with x = 0 before the start of a trial. The
    first tap is lag 0. After a bank, output o filters slice o: `fir.1x15x70` filters each of 70.

    In the pole-zero form, h is the response to an impulse of a discrete system of five samples
    per bin, ``gain q^(P-Z) prod_j (1 - zero_j q) / prod_i (1 - pole_i q)`` with q a delay by a
    sample. Tap k is read between samples, along straight lines, at bin ``k + 1 - fs delay``, and
    is 0 outside of the samples from bin 0 to the last.

    Parameters
    ----------
    shape : (in, taps) or (in, taps, out)
    s : int
        Keep one bin of `s`, beginning with the first.
    ac : bool
        The first tap is the lag ``floor(taps / 2) - taps``, or ``1 - taps`` if that is later, so
        that about half of the taps look ahead.
    p, z, fs : int
        The pole-zero form: the numbers of poles (3, or that of zeros if that is more) and of
        zeros (1), and the bins per second (100), as `delays` are in seconds.

    Examples
    --------
    >>> import numpy as np
    >>> layer = FiniteImpulseResponse(shape=(1, 2), parameters={"coefficients": [[1.0, 0.5]]})
    >>> layer.evaluate(np.array([[1.0], [0.0], [2.0]])).tolist()
    [[1.0], [0.5], [2.0]]
    >>> ahead = FiniteImpulseResponse((1, 2), ac=True, parameters={"coefficients": [[1.0, 0.5]]})
    >>> ahead.evaluate(np.array([[1.0], [0.0], [2.0]])).tolist()
    [[0.5], [2.0], [1.0]]
    """

    signature = Signature(
        head="fir",
        summary="filters each channel over past bins, and sums over channels",
        equation="y[t, o] = sum_c sum_k h[c, k, o] x[t - k, c]",
        forms=FORMS,
        flows=FLOWS,
        options=(
            STRIDE,
            AHEAD,
            *polezero.OPTIONS,
            *PENALTIES,
            smooth_over_lags("p"),
            smooth_over_channels("p"),
        ),
        any_order=frozenset({"sc"}),
        example="wc.18x4-fir.4x15-dexp.1",
        source="finite impulse response filter; poles and zeros as in Thorson, Lienard & David "
        "(2015)",
    )

    @classmethod
    def parameter_shapes(
        cls, dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        outputs = cls.outputs(dims)
        if polezero.is_pole_zero(options):
            return polezero.shapes((dims["in"], *outputs), options)
        return {"coefficients": (dims["in"], dims["taps"], *outputs)}

    @property
    def facts(self) -> Facts:
        if polezero.is_pole_zero(self.options):
            return Facts(linear=True, linear_in_weights=True, linear_in=("gains",), gain="gains")
        own = ("coefficients",)
        return Facts(
            linear=True,
            linear_in_weights=True,
            linear_in=own,
            gain="coefficients",
            channel_weights=own,
            smooth_along={"sl": {"coefficients": 1}, "sc": {"coefficients": 0}},
        )

    def initial_parameters(self) -> Phi:
        if polezero.is_pole_zero(self.options):
            return polezero.parameters((self.dims["in"], *self.outputs(self.dims)), self.options)
        shape = self.parameter_shapes(self.dims, self.options)["coefficients"]
        return Phi(Parameter("coefficients", shape, Normal(starting_taps(shape), 1 / shape[1])))

    def parameter_tangents(
        self, work: Work, values: Mapping[str, np.ndarray], free: Sequence[FreeParameter]
    ) -> list[Tangents]:
        is_bank = self._is_bank(work.inputs[0].shape[:-1])
        if polezero.is_pole_zero(self.options) or self._is_moved or is_bank:
            return super().parameter_tangents(work, values, free)
        n_outputs = self.dims["out"]
        return [
            lagged(work.inputs[0], self.dims["taps"], n_outputs, each.start, work.starts)
            for each in free
        ]

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        if polezero.is_pole_zero(self.options):
            flat = polezero.taps(values, self.dims["taps"], self.options)
            by_channel = flat.reshape(self.dims["in"], self.dims["out"], -1)
            return (np.ascontiguousarray(by_channel.transpose(1, 0, 2)),)
        taps = values["coefficients"]
        taps = taps[..., None] if taps.ndim == 2 else taps
        return (np.ascontiguousarray(taps.transpose(2, 0, 1)),)

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        if polezero.is_pole_zero(self.options):
            by_filter = d_weights[0].transpose(1, 0, 2).reshape(-1, self.dims["taps"])
            return polezero.taps_vjp(values, by_filter, self.options)
        d_taps = d_weights[0].transpose(1, 2, 0)
        return {"coefficients": d_taps.reshape(values["coefficients"].shape)}


def starting_taps(shape: tuple[int, ...]) -> np.ndarray:
    """Give mean taps: up at lag 1, down at lag 2, so that the filter starts as an onset detector.

    `shape` is (channels, taps) or (channels, taps, outputs).
    """
    mean = np.zeros(shape)
    if shape[1] > 2:
        mean[:, 1] = 2 / shape[1]
        mean[:, 2] = -1 / shape[1]
    return mean


def lagged(x: np.ndarray, n_taps: int, n_outputs: int, start: int, starts: np.ndarray) -> Tangents:
    """Give the derivatives by coefficients (in, taps, out): the input at each lag."""
    values = empty((len(x) * n_taps, x.shape[1]), x.dtype)
    kernels.filters.lag(x, n_taps, values, starts)
    entries = start + np.arange(len(values) * n_outputs)
    rows = np.tile(np.arange(n_outputs), len(values))
    return Tangents(entries, rows, values if n_outputs == 1 else values.repeat(n_outputs, axis=0))


def filtered(incoming: Tangents, h: np.ndarray, row: int, starts: np.ndarray) -> Tangents:
    """Carry derivatives through one filter on all channels, (in, taps), into row `row`."""
    n = len(incoming.rows)
    values = empty(incoming.values.shape, incoming.values.dtype)
    taps = np.ascontiguousarray(h[incoming.rows][:, None])
    kernels.filters.bank_fir(taps, incoming.values[None], values, starts)
    return Tangents(incoming.entries, np.full(n, row), values)
