"""What nonlinearities of one value at a time share; their keywords are in other modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from .. import kernels
from ..distributions import Distribution, Normal
from ..keywords import Option
from .base import Facts, KernelLayer, NonNegative, Parameter, Phi, Tangents, Work, flat
from .tangents import scaled

NORMALISED = Option("n", "output of standard deviation 1 in each trial")


class Pointwise(KernelLayer):
    """A function of each value alone; every parameter has one number per channel.

    A subclass names its parameters, and the two kernels that take what `prepare` makes of them.
    If it declares the option `n`, each channel of the output is divided by its standard deviation
    over the trial, unless it is constant there.
    """

    names: ClassVar[tuple[str, ...]]
    #: What a fit may know of the curve, without the option `n`.
    curve_facts: ClassVar[Facts] = Facts()

    @property
    def facts(self) -> Facts:
        """What a fit may know: each channel is by itself, and with `n` nothing is linear."""
        facts = replace(self.curve_facts, channelwise=True)
        if "n" not in self.options:
            return facts
        # what is added changes no standard deviation
        linear_in = facts.additive
        return replace(
            facts, linear=False, affine=False, linear_in=linear_in, additive=(), gain=None
        )

    @property
    def memory(self) -> int | None:  # type: ignore[override]
        """Past bins that the output depends on: none, or with `n` the whole trial."""
        return None if "n" in self.options else 0

    @classmethod
    def parameter_shapes(
        cls, dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(cls.names, tuple(dims.values()))

    @staticmethod
    def curve() -> Callable[..., None]:
        """Give the kernel ``f(x, *parameters, y)``."""
        raise NotImplementedError

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        """Give the kernel ``f(x, *parameters, dy, dx, *d_parameters)``."""
        raise NotImplementedError

    def _parameter(self, name: str, prior: Distribution, **arguments: Any) -> Parameter:
        return Parameter(name, tuple(self.dims.values()), prior, **arguments)

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        return (shapes[0],) if "n" in self.options else ()

    def forward(self, work: Work) -> None:
        self._curve_of(work)
        if "n" in self.options:
            kernels.normalization.divide_by_sd(flat(work.out), flat(work.scratch[0]), work.starts)

    def vjp(self, work: Work) -> None:
        if "n" in self.options:
            kernels.normalization.divide_by_sd_vjp(
                flat(work.out), flat(work.scratch[0]), flat(work.d_out), work.starts
            )
        # the kernels write dx in any case; where nobody wants it, d_out is done with afterwards
        dx = work.d_out if work.d_inputs[0] is None else work.d_inputs[0]
        self._curve_vjp_of(work, flat(dx))

    def _curve_of(self, work: Work) -> None:
        """Write the output; one that keeps something for the derivative does it here."""
        self.curve()(flat(work.inputs[0]), *work.weights, flat(work.out))

    def _curve_vjp_of(self, work: Work, dx: np.ndarray) -> None:
        """Write the derivative by the input, and add those by the weights."""
        d_out = flat(work.d_out)
        self.curve_vjp()(flat(work.inputs[0]), *work.weights, d_out, dx, *work.d_weights)

    def input_tangents(self, work: Work, number: int, incoming: Tangents) -> Tangents:
        if "n" in self.options:
            return super().input_tangents(work, number, incoming)
        x = flat(work.inputs[0])
        slope = np.empty_like(x)
        unused = [np.zeros_like(weight) for weight in work.weights]
        self.curve_vjp()(x, *work.weights, np.ones_like(x), slope, *unused)
        return scaled(incoming, slope)


LINE_OPTIONS = (
    Option("s", "fitted shift"),
    Option("o", "fitted offset"),
    Option("g", "fitted gain"),
    NORMALISED,
)
LINE_SYNONYMS = {"os": ("o", "s"), "so": ("o", "s")}


class OnLine(Pointwise):
    """A fixed curve on a line of one's own, ``y = offset + gain * f(x + shift)``.

    Shift, offset and gain are 0, 0 and 1 unless an option frees them.
    """

    names = ("shift", "offset", "gain")

    curve_facts = Facts(
        linear_in=("offset", "gain"),
        additive=("offset",),
        nonnegative=NonNegative(("offset", "gain")),
    )
    _freed_by: ClassVar = {"shift": "s", "offset": "o", "gain": "g"}

    @classmethod
    def fixed_parameters(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(name for name, option in cls._freed_by.items() if option not in options)

    def initial_parameters(self) -> Phi:
        return Phi(
            self._free("shift", Normal(0.05, 0.01), fixed=0.0),
            self._free("offset", Normal(-0.05, 0.01), fixed=0.0),
            self._free("gain", Normal(1.0, 0.01), fixed=1.0),
        )

    def _free(self, name: str, prior: Normal, fixed: float) -> Parameter:
        if name in self.fixed_parameters(self.options):
            return self._parameter(name, prior, initial_value=fixed, is_permanent=True)
        return self._parameter(name, prior)


def shift_guess(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Give the shift after which input and wanted output have the same mean."""
    return {"shift": y.mean(axis=1) - x.mean(axis=1)}


def rectified_guess(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Give shift, offset and gain of a line that begins where a third of the input lies below."""
    corner, floor = np.quantile(x, 1 / 3, axis=1), y.min(axis=1)
    reach = np.maximum(x.max(axis=1) - corner, np.finfo(float).tiny)
    return {"shift": -corner, "offset": floor, "gain": (y.max(axis=1) - floor) / reach}
