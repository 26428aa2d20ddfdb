"""`wc`: each output is a weighted sum of the input channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .. import kernels
from ..distributions import HalfNormal, Normal
from ..keywords import (
    PENALTIES,
    Flow,
    Option,
    ShapeForm,
    Signature,
    registry,
    smooth_over_channels,
)
from .arena import empty
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
)
from .tangents import join

_MEAN_WEIGHT = 0.01
_SD_WEIGHT = 0.1
# in units of the whole range of channels
_TUNING_WIDTHS = np.array([0.06, 0.12, 0.25, 0.5])


@registry.register
class WeightChannels(KernelLayer):
    """Weighted sums of channels, ``y[t, o] = sum_c x[t, c] w[c, o]``.

    With a bank, one such matrix per slice of the bank, and an output of (T, out, bank).
    With the option b a bank may come in as well: slice f of the input, (T, in, bank), meets slice
    f of the weights. Gaussians are then slice by slice, and `n` scales the whole array as ever.

    Parameters
    ----------
    shape : (in, out) or (in, out, bank)
    g : bool
        Each output's weights are a gaussian over the channels, of parameters `mean` and `sd`
        (both (out[, bank]), in units of the whole range of channels), of sum 1.
    n : bool
        The weights are divided by their root mean square over the whole array.
    ns : bool
        Each output's weights are divided by the sum of their sizes.
    p : bool
        The weights stay at 0 or above.
    b : bool
        Take a bank, slice by slice.

    Examples
    --------
    >>> import numpy as np
    >>> layer = WeightChannels(shape=(2, 1), parameters={"coefficients": [[0.5], [2.0]]})
    >>> layer.evaluate(np.array([[1.0, 1.0], [2.0, 0.0]])).tolist()
    [[2.5], [1.0]]
    """

    signature = Signature(
        head="wc",
        summary="weights channels: each output is a weighted sum of the inputs",
        equation="y[t, o] = sum_c x[t, c] w[c, o]",
        forms=(ShapeForm(("in", "out", "bank"), n_required=2, inferred=frozenset({"in"})),),
        flows=(
            Flow(("in",), ("out",)),
            Flow(("in",), ("out", "bank")),
            Flow(("in", "*"), ("out", "*")),
            Flow(("in", "bank"), ("out", "bank"), options=frozenset({"b"})),
        ),
        options=(
            Option("g", "gaussian", excludes=("p",)),
            Option("n", "normalised"),
            Option("ns", "each output's weights over the sum of their sizes", excludes=("g", "n")),
            Option("p", "non-negative"),
            Option("b", "banks: each slice meets its own weights", axes=("bank",)),
            *PENALTIES,
            smooth_over_channels("g", "n", "ns"),
        ),
        any_order=frozenset({"g", "sc"}),
        example="wc.18x4-fir.4x15-dexp.1",
        source="linear spectral weighting; gaussian tuning as in Thorson, Lienard & David (2015)",
    )
    memory = 0

    @staticmethod
    def parameter_shapes(
        dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        outputs = tuple(dims[axis] for axis in ("out", "bank") if axis in dims)
        if "g" in options:
            return {"mean": outputs, "sd": outputs}
        return {"coefficients": (dims["in"], *outputs)}

    def initial_parameters(self) -> Phi:
        shapes = self.parameter_shapes(self.dims, self.options)
        if "g" in self.options:
            n_outputs = int(np.prod(shapes["mean"]))
            centres = np.arange(1, n_outputs + 1) / (2 * n_outputs + 2) + 0.25
            return Phi(
                Parameter(
                    "mean",
                    shapes["mean"],
                    Normal(centres.reshape(shapes["mean"]), 0.2),
                    bounds=(-0.1, 1.1),
                ),
                Parameter(
                    "sd",
                    shapes["sd"],
                    HalfNormal(np.full(shapes["sd"], 0.4)),
                    bounds=(0.05, np.inf),
                ),
            )
        shape = shapes["coefficients"]
        mean = starting_weights(shape)
        if "p" in self.options:
            return Phi(Parameter("coefficients", shape, HalfNormal(mean), bounds=(0, np.inf)))
        return Phi(Parameter("coefficients", shape, Normal(mean, _SD_WEIGHT)))

    @property
    def facts(self) -> Facts:
        keeps_sign = {"g", "p"} & set(self.options)
        facts = Facts(
            linear=True,
            linear_in_weights=True,
            nonnegative=NonNegative(inputs="all") if keeps_sign else None,
            smooth_along={"sc": {"coefficients": 0}},
        )
        if {"n", "ns"} & set(self.options):
            return facts if "g" in self.options else replace(facts, aim=self._aim)
        if "g" in self.options:
            return replace(facts, tunings=self._tunings)
        own = ("coefficients",)
        return replace(
            facts, linear_in=own, gain="coefficients", channel_weights=own, aim=self._aim
        )

    def _aim(self, directions: np.ndarray) -> dict[str, np.ndarray]:
        n_outputs = self.dims["out"] * self.dims.get("bank", 1)
        if n_outputs > directions.shape[1]:
            return {}
        weights = directions[:, :n_outputs]
        if "p" in self.options:
            # the sign of a direction is free: each is turned so that more of it is kept
            weights = np.maximum(weights * np.sign(np.sum(weights * abs(weights), axis=0)), 0)
        return {"coefficients": weights.reshape(self.parameters["coefficients"].shape)}

    def _tunings(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        mean = np.arange(2 * self.dims["in"] - 1) / (2 * self.dims["in"])
        grid = [each.ravel() for each in np.meshgrid(mean, _TUNING_WIDTHS, indexing="ij")]
        parameters = dict(zip(("mean", "sd"), grid, strict=True))
        return self._raw(parameters), parameters

    def parameter_tangents(
        self, work: Work, values: Mapping[str, np.ndarray], free: Sequence[FreeParameter]
    ) -> list[Tangents]:
        x = work.inputs[0]
        if not self.facts.channel_weights or x.ndim == 3:
            return super().parameter_tangents(work, values, free)
        n_rows = len(work.weights[0])
        return [mixed(x, n_rows, each.start) for each in free]

    def input_tangents(self, work: Work, number: int, incoming: Tangents) -> Tangents:
        if work.inputs[0].ndim == 3:
            return super().input_tangents(work, number, incoming)
        return join([weighted(incoming, w, row) for row, w in enumerate(work.weights[0])])

    # ---- weights -----------------------------------------------------------------------------

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        weights = self._raw(values)
        if "n" in self.options:
            weights = weights / (_root_mean_square(weights) or 1)
        if "ns" in self.options:
            weights = weights / _sizes(weights)
        return (weights,)

    def _raw(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Give the weights, (outputs, channels), before they are normalised."""
        n_channels = self.dims["in"]
        if "g" not in self.options:
            return np.ascontiguousarray(values["coefficients"].reshape(n_channels, -1).T)
        curves = np.exp(-0.5 * self._distances(values) ** 2)
        sums = curves.sum(axis=1, keepdims=True)
        return np.divide(curves, sums, out=curves, where=sums > 0)

    def _distances(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Give how many sd each channel lies from each gaussian's mean."""
        mean, sd = values["mean"].reshape(-1, 1), values["sd"].reshape(-1, 1)
        places = np.arange(self.dims["in"], dtype=mean.dtype) / self.dims["in"]
        return (places - mean) / sd

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        (d_raw,) = d_weights
        if "n" in self.options:
            raw = self._raw(values)
            scale = _root_mean_square(raw)
            if scale:
                d_raw = (d_raw - raw * (np.sum(d_raw * raw) / (raw.size * scale**2))) / scale
        if "ns" in self.options:
            raw = self._raw(values)
            sizes = _sizes(raw)
            along = np.sum(d_raw * raw, axis=1, keepdims=True) / sizes
            d_raw = (d_raw - np.sign(raw) * along) / sizes
        if "g" not in self.options:
            return {"coefficients": d_raw.T.reshape(values["coefficients"].shape)}
        curves, distances = self._raw(values), self._distances(values)
        # of the normalised curve: the mean slope leaves, for the sum stays 1
        d_log = curves * (d_raw - np.sum(d_raw * curves, axis=1, keepdims=True))
        sd = values["sd"].reshape(-1, 1)
        d_mean = np.sum(d_log * distances / sd, axis=1)
        d_sd = np.sum(d_log * distances**2 / sd, axis=1)
        return {
            "mean": d_mean.reshape(values["mean"].shape),
            "sd": d_sd.reshape(values["sd"].shape),
        }

    # ---- signals -----------------------------------------------------------------------------

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        bank = (self.dims["bank"],) if "bank" in self.dims else shapes[0][1:]
        return (self.dims["out"], *bank)

    def forward(self, work: Work) -> None:
        if self._is_banked(work):
            kernels.weights.banked_mix(self._by_slice(work.weights[0]), work.inputs[0], work.out)
            return
        w, x, y = self._rows(work, work.inputs[0], work.out)
        kernels.weights.mix(w, x, y)

    def vjp(self, work: Work) -> None:
        if self._is_banked(work):
            self._banked_vjp(work)
            return
        w, x, dy = self._rows(work, work.inputs[0], work.d_out)
        kernels.weights.mix_vjp_weights(x, dy, work.d_weights[0])
        if work.d_inputs[0] is not None:
            kernels.weights.mix_vjp_input(w, dy, work.d_inputs[0].reshape(x.shape))

    def _banked_vjp(self, work: Work) -> None:
        (w,), (x,), (dx,), (dw,) = work.weights, work.inputs, work.d_inputs, work.d_weights
        by_slice = self._by_slice(w)
        d_by_slice = np.zeros_like(by_slice)
        kernels.weights.banked_mix_vjp_weights(x, work.d_out, d_by_slice)
        dw += d_by_slice.transpose(1, 0, 2).reshape(dw.shape)
        if dx is not None:
            kernels.weights.banked_mix_vjp_input(by_slice, work.d_out, dx)

    def _is_banked(self, work: Work) -> bool:
        return "bank" in self.dims and work.inputs[0].ndim == 3

    def _by_slice(self, w: np.ndarray) -> np.ndarray:
        """Give the weights as (bank, out, in)."""
        each = w.reshape(self.dims["out"], self.dims["bank"], self.dims["in"])
        return np.ascontiguousarray(each.transpose(1, 0, 2))

    @staticmethod
    def _rows(
        work: Work, x: np.ndarray, y: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give weights, input and output as matrices; a bank that comes in lies along time."""
        (w,) = work.weights
        return w, x.reshape(w.shape[1], -1), y.reshape(w.shape[0], -1)


def _sizes(weights: np.ndarray) -> np.ndarray:
    """Give the sum of the sizes of each row; 1 where there are none."""
    sums = np.sum(np.abs(weights), axis=1, keepdims=True)
    return np.where(sums > 0, sums, 1.0).astype(weights.dtype)


def starting_weights(shape: tuple[int, ...]) -> np.ndarray:
    """Give mean weights that differ from output to output, so that a fit can tell them apart.

    Each output favours its own block of channels; outputs beyond the number of channels differ
    in how much.
    """
    n_channels, n_outputs = shape[0], int(np.prod(shape[1:]))
    channel = np.arange(n_channels)[:, None]
    output = np.arange(n_outputs)[None, :]
    first = output * n_channels // n_outputs
    stop = np.maximum((output + 1) * n_channels // n_outputs, first + 1)
    height = 1 + (output / n_outputs if n_outputs > n_channels else 0)
    favoured = (channel >= first) & (channel < stop)
    return (_MEAN_WEIGHT * (1 + favoured * height)).reshape(shape)


def mixed(x: np.ndarray, n_outputs: int, start: int) -> Tangents:
    """Give the derivatives by coefficients (in, outputs): the input, for each output."""
    rows = np.tile(np.arange(n_outputs), len(x))
    values = empty((len(rows), x.shape[1]), x.dtype)
    values.reshape(len(x), n_outputs, -1)[...] = x[:, None]
    return Tangents(start + np.arange(len(rows)), rows, values)


def weighted(incoming: Tangents, w: np.ndarray, row: int) -> Tangents:
    """Carry derivatives through one output's weights, (in,), into row `row`."""
    values = empty(incoming.values.shape, incoming.values.dtype)
    np.multiply(incoming.values, w[incoming.rows][:, None], out=values)
    return Tangents(incoming.entries, np.full(len(incoming.rows), row), values)


def _root_mean_square(weights: np.ndarray) -> float:
    return float(np.sqrt(np.mean(weights**2)))
