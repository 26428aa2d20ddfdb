"""`lvl`, `relu`, `dexp`: nonlinearities of one value at a time, with parameters per channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from .. import kernels
from ..distributions import Normal
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Option, Signature, registry
from .base import KernelLayer, Parameter, Phi, Work, flat


class Pointwise(KernelLayer):
    """A function of each value alone; every parameter has one number per channel.

    A subclass names its parameters, and the two kernels that take them in that order.
    """

    names: ClassVar[tuple[str, ...]]
    memory = 0

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

    def _parameter(self, name: str, prior: Normal, **arguments: Any) -> Parameter:
        return Parameter(name, tuple(self.dims.values()), prior, **arguments)

    def forward(self, work: Work) -> None:
        self.curve()(flat(work.inputs[0]), *work.weights, flat(work.out))

    def vjp(self, work: Work) -> None:
        # the kernels write dx in any case; where nobody wants it, d_out is done with afterwards
        dx = work.d_out if work.d_inputs[0] is None else work.d_inputs[0]
        self.curve_vjp()(
            flat(work.inputs[0]), *work.weights, flat(work.d_out), flat(dx), *work.d_weights
        )


@registry.register
class LevelShift(Pointwise):
    """A constant per channel, ``y = x + shift``.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    """

    signature = Signature(
        head="lvl",
        summary="adds a constant to each channel",
        equation="y = x + shift",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        example="wc.18x1-fir.1x15-lvl.1",
        source="constant offset",
    )
    names = ("shift",)

    def initial_parameters(self) -> Phi:
        return Phi(self._parameter("shift", Normal(0, 0.01)))

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.pointwise.level

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.pointwise.level_vjp


@registry.register
class DoubleExponential(Pointwise):
    """A sigmoid with two exponentials, steeper on one side.

    ``y = base + amplitude * exp(-exp(-exp(kappa) * (x + shift)))``

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    """

    signature = Signature(
        head="dexp",
        summary="passes each channel through a double-exponential sigmoid",
        equation="y = base + amplitude * exp(-exp(-exp(kappa) * (x + shift)))",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        example="wc.18x4-fir.4x15-dexp.1",
        source="Thorson, Lienard & David (2015), PLoS Comput Biol 11(12), with the sign of shift "
        "such that it adds to the input",
    )
    names = ("base", "amplitude", "shift", "kappa")

    def initial_parameters(self) -> Phi:
        return Phi(
            self._parameter("base", Normal(-0.1, 0.02)),
            self._parameter("amplitude", Normal(0.5, 0.2)),
            self._parameter("shift", Normal(0, 0.1)),
            self._parameter("kappa", Normal(0.2, 0.1)),
        )

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.pointwise.double_exponential

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.pointwise.double_exponential_vjp


@registry.register
class RectifiedLinear(Pointwise):
    """A rectifier, ``y = offset + gain * max(x + shift, 0)``.

    Shift, offset and gain are 0, 0 and 1 unless an option frees them.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    s, o, g : bool
        Fit the shift, the offset, the gain.
    """

    signature = Signature(
        head="relu",
        summary="rectifies each channel",
        equation="y = offset + gain * max(x + shift, 0)",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=(
            Option("s", "fitted shift"),
            Option("o", "fitted offset"),
            Option("g", "fitted gain"),
        ),
        synonyms={"os": ("o", "s"), "so": ("o", "s")},
        example="wc.18x2.g-fir.2x15-relu.1.s.o",
        source="linear rectifier",
    )
    names = ("shift", "offset", "gain")

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

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.pointwise.rectify

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.pointwise.rectify_vjp
