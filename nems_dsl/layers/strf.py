"""`strf`: a spectrotemporal receptive field in one keyword."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
from .base import (
    Arrays,
    Facts,
    FreeParameter,
    KernelLayer,
    NonNegative,
    Parameter,
    Phi,
    Tangents,
    Work,
    flat,
)
from .fir import AHEAD, STRIDE, bins_ahead, filtered, lagged, move, move_vjp, starting_taps
from .follow import FollowProduct
from .nonlinearity import LEVEL, RECTIFY
from .weight_channels import mixed, starting_weights

_SD_WEIGHT = 0.05
_SKIPPED = 0.1


def _skip(name: str, help: str, **arguments: Any) -> Option:
    return Option(name, help, number=Number.REAL, default=_SKIPPED, **arguments)


def _by_parts(dims: Mapping[str, int], options: Mapping[str, Any]) -> str | None:
    """Say a receptive field by filters, and by weights where it has a rank."""
    if options.keys() - {"s", "ac"} or dims["out"] > 1:
        return None
    flags = (f".s{options['s']}" if "s" in options else "") + ".ac" * ("ac" in options)
    if "rank" not in dims:
        return f"fir.{dims['in']}x{dims['taps']}{flags}"
    return f"wc.{dims['in']}x{dims['rank']}-fir.{dims['rank']}x{dims['taps']}{flags}-lvl.1"


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
    sk, skl : float
        Add so much of the first channels of the input, channel by channel, to the first outputs:
        `sk` after the rectifier, `skl` before it.
    s : int
        Keep one bin of `s`, beginning with the first.
    ac : bool
        About half of the taps look ahead, as for `fir`.

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
        options=(
            Option("relu", "rectified"),
            _skip("sk", "adds the input to the output", excludes=("skl",)),
            _skip("skl", "adds the input before the rectifier"),
            STRIDE,
            AHEAD,
            *PENALTIES,
            smooth_over_lags(),
            smooth_over_channels(),
        ),
        said_by=_by_parts,
        example="strf.18x2x25-dexp.1",
        source="spectrotemporal receptive field, separable in `rank` parts",
    )

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

    @property
    def facts(self) -> Facts:
        weights = "coefficients" if self._is_whole else "wcoefficients"
        facts = Facts(
            channel_weights=(weights,),
            smooth_along={"sl": {"coefficients": 1}, "sc": {weights: 0}},
            aim=None if self._is_whole else self._aim,
        )
        added = () if self._is_whole else ("shift",)
        if "relu" in self.options:
            is_rate = "sk" not in self.options
            return replace(
                facts,
                nonnegative=NonNegative(reaches_zero=True) if is_rate else None,
                follow=None if self._skipped else FollowProduct(("coefficients",), added),
            )
        return replace(
            facts,
            linear=self._is_whole,
            linear_in_weights=self._is_whole and not self._skipped,
            affine=True,
            linear_in=("coefficients", *added),
            additive=added,
            gain=None if self._skipped else "coefficients",
        )

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

    def _aim(self, directions: np.ndarray) -> dict[str, np.ndarray]:
        if self.dims["rank"] > directions.shape[1]:
            return {}
        weights = directions[:, : self.dims["rank"]]
        shape = self.parameters["wcoefficients"].shape
        return {
            "wcoefficients": np.broadcast_to(
                weights.reshape(*weights.shape, 1), (*weights.shape, self.dims["out"])
            ).reshape(shape)
        }

    def parameter_tangents(
        self, work: Work, values: Mapping[str, np.ndarray], free: Sequence[FreeParameter]
    ) -> list[Tangents]:
        if "relu" in self.options or self._is_moved:
            return super().parameter_tangents(work, values, free)
        return [self._tangents(work, each) for each in free]

    def _tangents(self, work: Work, free: FreeParameter) -> Tangents:
        h, (x,), n_outputs = work.weights[0], work.inputs, self.dims["out"]
        n_taps, starts = self.dims["taps"], work.starts
        if free.name == "shift":
            entries, ones = np.arange(n_outputs), np.ones((n_outputs, x.shape[1]), x.dtype)
            return Tangents(free.start + entries, entries, ones)
        if self._is_whole:
            return lagged(x, n_taps, 1, free.start, starts)
        n_mixed = self.dims["rank"] * n_outputs
        if free.name == "wcoefficients":
            parts = mixed(x, n_mixed, free.start)
            each = h.transpose(1, 0, 2).reshape(n_mixed, n_taps)
            through = filtered(parts, each, 0, starts)
            return Tangents(parts.entries, parts.rows % n_outputs, through.values)
        rows = flat(work.scratch[0])
        found = lagged(rows, n_taps, 1, 0, starts)
        source, tap = np.divmod(found.entries, n_taps)
        rank, output = np.divmod(source, n_outputs)
        entries = free.start + (rank * n_taps + tap) * n_outputs + output
        return Tangents(entries, output, found.values)

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
        mixed = () if self._is_whole else ((self.dims["rank"], self.dims["out"]),) * 2
        full = (self.dims["out"],)
        # last what is kept of the rectifier, and before it what is strided or looks ahead
        return (*mixed, *[full] * (int(self._is_moved) + int(self._keeps_rectified)))

    @property
    def _keeps_rectified(self) -> bool:
        # what was rectified shows in the output, unless something is added to it
        return "relu" in self.options and "sk" in self.options

    @property
    def _is_moved(self) -> bool:
        return self.stride > 1 or self.lookahead > 0

    @property
    def _skipped(self) -> float:
        return float(self.options.get("sk", self.options.get("skl", 0)))

    def _rectified(self, work: Work) -> np.ndarray:
        """Give where the output is found as it was after the rectifier."""
        if not self._keeps_rectified:
            return work.out
        return work.scratch[-1].reshape(-1)[: work.out.size].reshape(work.out.shape)

    def forward(self, work: Work) -> None:
        shift, out, alpha = work.weights[1], work.out, work.out.dtype.type(self._skipped)
        self._filter(work)
        if "skl" in self.options:
            kernels.convolution.add_rows(alpha, work.inputs[0], out, *self._strides(work))
        if "relu" in self.options:
            RECTIFY.forward(out, shift, *_unit_line(shift), out)
        else:
            LEVEL.forward(out, shift, out)
        if self._keeps_rectified:
            self._rectified(work)[:] = out
        if "sk" in self.options:
            kernels.convolution.add_rows(alpha, work.inputs[0], out, *self._strides(work))

    def _strides(self, work: Work) -> tuple[int, np.ndarray, np.ndarray]:
        return self.stride, work.starts, work.out_starts

    def _full(self, work: Work) -> np.ndarray:
        """Give where the filters write, at every bin of the input."""
        return work.scratch[0 if self._is_whole else 2] if self._is_moved else work.out

    def _filter(self, work: Work) -> None:
        h, (x,), full = work.weights[0], work.inputs, self._full(work)
        if self._is_whole:
            kernels.filters.fir(h, x, full, work.starts)
        else:
            x = work.scratch[0]
            kernels.weights.mix(work.weights[2], work.inputs[0], flat(x))
            kernels.filters.bank_fir(h, x, full, work.starts)
        if self._is_moved:
            move(h, x, full, work, self.lookahead, self.stride)

    def vjp(self, work: Work) -> None:
        (x,), (dx,) = work.inputs, work.d_inputs
        d_filtered = self._shift_vjp(work)
        if self._is_whole:
            self._filter_vjp(work, x, d_filtered, dx)
        else:
            mixed, d_mixed = work.scratch[:2]
            self._filter_vjp(work, mixed, d_filtered, d_mixed)
            kernels.weights.mix_vjp_weights(x, flat(d_mixed), work.d_weights[2])
            if dx is not None:
                kernels.weights.mix_vjp_input(work.weights[2], flat(d_mixed), dx)
        if dx is not None and self._skipped:
            alpha = dx.dtype.type(self._skipped)
            d_skipped = work.d_out if "sk" in self.options else d_filtered
            kernels.convolution.add_rows_vjp(alpha, d_skipped, dx, *self._strides(work))

    def _filter_vjp(
        self, work: Work, x: np.ndarray, d_filtered: np.ndarray, dx: np.ndarray | None
    ) -> None:
        """Carry the derivative back through the filters."""
        h, d_h, starts, dy = work.weights[0], work.d_weights[0], work.starts, d_filtered
        if self._is_moved:
            dy = self._full(work)
            kernels.convolution.pick_vjp(d_filtered, dy, self.lookahead, *self._strides(work))
        if self._is_whole:
            kernels.filters.fir_vjp_filter(x, dy, d_h, starts)
            if dx is not None:
                kernels.filters.fir_vjp_input(h, dy, dx, starts)
        else:
            kernels.filters.bank_fir_vjp_filter(x, dy, d_h, starts)
            kernels.filters.bank_fir_vjp_input(h, dy, dx, starts)
        if self.lookahead:
            move_vjp(h, x, dx, d_h, d_filtered, work, self.lookahead, self.stride)

    def _shift_vjp(self, work: Work) -> np.ndarray:
        """Carry the derivative back through rectifier and shift; give it."""
        d_out, d_shift, rectified = work.d_out, work.d_weights[1], self._rectified(work)
        d_filtered = rectified if self._keeps_rectified else d_out
        if "relu" in self.options:
            # what was rectified is positive where the output is
            none, one = _unit_line(d_shift)
            RECTIFY.vjp(rectified, none, none, one, d_out, d_filtered, d_shift, none.copy(), one)
        else:
            LEVEL.vjp(work.out, d_shift, d_out, d_out, d_shift)
        return d_filtered


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
