"""`conv2d`: filters over channels and past bins."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import PENALTIES, Flow, Number, Option, ShapeForm, Signature, registry
from .base import Arrays, Facts, KernelLayer, Parameter, Phi, Work, flat
from .fir import STRIDE


@registry.register
class Convolution(KernelLayer):
    """Filters that slide over the channels, for stimuli whose channels have an order.

    ``y[t, c, f] = sum_k sum_m w[k, m, f] x[t - k, c + m - floor(width / 2)]``, with x = 0 before
    the start of a trial and beyond the first and the last channel. The filters are pooled to one
    value per channel, by their mean unless an option says otherwise.

    Parameters
    ----------
    shape : (taps, width) or (taps, width, filters)
        The window comes first and in the order of time and channels, as any number of channels
        may come in.
    max : bool
        Give the largest of the filters.
    stack : bool
        Give all of them, (T, channels, filters).
    s, c : int
        Keep one bin of `s`, one channel of `c`, beginning with the first.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Convolution(shape=(1, 3), parameters={"coefficients": [[1.0, 0.0, -1.0]]})
    >>> layer.evaluate(np.array([[1.0, 2.0, 4.0]])).tolist()
    [[-2.0, -3.0, 2.0]]
    """

    signature = Signature(
        head="conv2d",
        summary="filters the stimulus over neighbouring channels and past bins",
        equation="y[t, c] = mean_f sum_k sum_m w[k, m, f] x[t - k, c + m - floor(width / 2)]",
        forms=(ShapeForm(("taps", "width", "filters"), n_required=2, defaults={"filters": 1}),),
        flows=(
            Flow(("*",), ("*",), frozenset({"stack"}), {"filters": 1}, strides={"*": "c"}),
            Flow(("*",), ("*", "filters"), frozenset({"stack"}), strides={"*": "c"}),
            Flow(("*",), ("*",), strides={"*": "c"}),
        ),
        options=(
            Option(
                "max", "gives the largest of the filters", excludes=("stack",), axes=("filters",)
            ),
            Option("stack", "gives all filters, as a bank", axes=("filters",)),
            STRIDE,
            Option(
                "c",
                "keeps one channel of so many, and the first",
                Number.INTEGER,
                minimum=1,
                absent=1,
            ),
            *PENALTIES,
        ),
        example="conv2d.3x3x4.max-relu.18-wc.18x1",
        source="two-dimensional convolution, causal in time",
    )

    @property
    def facts(self) -> Facts:
        if self._pools_by_max:
            return Facts()
        return Facts(linear=True, linear_in_weights=True, linear_in=("coefficients",))

    @property
    def memory(self) -> int:  # type: ignore[override]
        """Past bins that the output depends on."""
        return self.dims["taps"] - 1

    @property
    def stride(self) -> int:  # type: ignore[override]
        """Bins of the input to one of the output."""
        return int(self.options.get("s", 1))

    @staticmethod
    def parameter_shapes(
        dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        filters = (dims["filters"],) if dims["filters"] > 1 else ()
        return {"coefficients": (dims["taps"], dims["width"], *filters)}

    def initial_parameters(self) -> Phi:
        shape = self.parameter_shapes(self.dims, self.options)["coefficients"]
        n = int(np.prod(shape))
        mean = np.zeros(shape)
        if shape[0] > 2:
            mean[1], mean[2] = 2 / n, -1 / n
        return Phi(Parameter("coefficients", shape, Normal(mean, 1 / n)))

    # ---- weights: (filters, width, taps), their mean alone where that is all that counts -----

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        w = values["coefficients"].reshape(self.dims["taps"], self.dims["width"], -1)
        if self._pools_by_mean:
            w = w.mean(axis=2, keepdims=True)
        return (np.ascontiguousarray(w.transpose(2, 1, 0)),)

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        d_w, n_filters = d_weights[0].transpose(2, 1, 0), self.dims["filters"]
        if self._pools_by_mean:
            d_w = np.repeat(d_w / n_filters, n_filters, axis=2)
        return {"coefficients": d_w.reshape(values["coefficients"].shape)}

    @property
    def _pools_by_mean(self) -> bool:
        return "max" not in self.options and "stack" not in self.options

    @property
    def _pools_by_max(self) -> bool:
        return "max" in self.options and self.dims["filters"] > 1

    # ---- signals -----------------------------------------------------------------------------

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        stacked = "stack" in self.options and self.dims["filters"] > 1
        n_channels = -(-shapes[0][0] // self._across)
        return (n_channels, self.dims["filters"]) if stacked else (n_channels,)

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        every = (self.output_shape(*shapes)[0], len(self._filters()))
        return (every,) * (int(self.stride > 1) + int(self._pools_by_max))

    @property
    def _across(self) -> int:
        return int(self.options.get("c", 1))

    def _filters(self) -> range:
        return range(1 if self._pools_by_mean else self.dims["filters"])

    def _stacked(self, work: Work, y: np.ndarray) -> np.ndarray:
        """Give (channels, filters, time) for each filter's share of an output."""
        shape = (len(y), len(self._filters()), y.shape[-1])
        if not self._pools_by_max:
            return y.reshape(shape)
        return work.scratch[-1].reshape(-1)[: math.prod(shape)].reshape(shape)

    def forward(self, work: Work) -> None:
        (w,), (x,) = work.weights, work.inputs
        stacked = self._stacked(work, work.out)
        full = work.scratch[0] if self.stride > 1 else stacked
        kernels.convolution.conv2d(w, x, full, self._across, work.starts)
        if self.stride > 1:
            moved = (0, self.stride, work.starts, work.out_starts)
            kernels.convolution.pick(flat(full), flat(stacked), *moved)
        if self._pools_by_max:
            kernels.convolution.pool_max(stacked, work.out)

    def vjp(self, work: Work) -> None:
        (w,), (x,), (dx,), (dw,) = work.weights, work.inputs, work.d_inputs, work.d_weights
        dy = self._stacked(work, work.d_out)
        if self._pools_by_max:
            kernels.convolution.pool_max_vjp(dy, work.out, work.d_out)
        if self.stride > 1:
            moved = (0, self.stride, work.starts, work.out_starts)
            kernels.convolution.pick_vjp(flat(dy), flat(work.scratch[0]), *moved)
            dy = work.scratch[0]
        kernels.convolution.conv2d_vjp_filter(x, dy, dw, self._across, work.starts)
        if dx is not None:
            kernels.convolution.conv2d_vjp_input(w, dy, dx, self._across, work.starts)
