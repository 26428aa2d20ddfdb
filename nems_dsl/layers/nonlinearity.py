"""`lvl`, `scl`, `relu`, `dexp`: the commonest nonlinearities, with parameters per channel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from .base import Facts, NonNegative, Phi, Work, flat
from .pointwise import (
    LINE_OPTIONS,
    LINE_SYNONYMS,
    NORMALISED,
    OnLine,
    Pointwise,
    rectified_guess,
    shift_guess,
)


@registry.register
class LevelShift(Pointwise):
    """A constant per channel, ``y = x + shift``.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    n : bool
        Each channel is divided by its standard deviation over the trial, unless it is constant.
    """

    signature = Signature(
        head="lvl",
        summary="adds a constant to each channel",
        equation="y = x + shift",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=(NORMALISED,),
        example="wc.18x1-fir.1x15-lvl.1",
        source="constant offset",
    )
    names = ("shift",)
    curve_facts = Facts(
        affine=True,
        linear_in=("shift",),
        additive=("shift",),
        nonnegative=NonNegative(("shift",), inputs="all"),
        guess=shift_guess,
    )

    def initial_parameters(self) -> Phi:
        return Phi(self._parameter("shift", Normal(0, 0.01)))

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.pointwise.level

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.pointwise.level_vjp


@registry.register
class Scale(Pointwise):
    """A factor per channel, ``y = gain * x``.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)

    Examples
    --------
    >>> import numpy as np
    >>> layer = Scale(shape=(1,), parameters={"gain": [2.0]})
    >>> layer.evaluate(np.array([[1.0], [3.0]])).tolist()
    [[2.0], [6.0]]
    """

    signature = Signature(
        head="scl",
        summary="multiplies each channel by a factor",
        equation="y = gain * x",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        example="wc.18x1-fir.1x15-relu.1-scl.1",
        source="constant factor",
    )
    names = ("gain",)
    curve_facts = Facts(
        linear=True,
        linear_in=("gain",),
        gain="gain",
        nonnegative=NonNegative(("gain",), inputs="all"),
    )

    def initial_parameters(self) -> Phi:
        return Phi(self._parameter("gain", Normal(1, 1)))

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.pointwise.scale

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.pointwise.scale_vjp


def _guess_double_exponential(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    spread = x.std(axis=1)
    # nothing tells the slope for an input that never changes
    spread = np.where(spread > 1e-9 * np.abs(x).max(axis=1), spread, 1.0)
    levels = {"base": y.min(axis=1), "amplitude": np.ptp(y, axis=1)}
    return {**levels, "shift": -x.mean(axis=1), "kappa": -np.log(spread)}


@registry.register
class DoubleExponential(Pointwise):
    """A sigmoid with two exponentials, steeper on one side.

    ``y = base + amplitude * exp(-exp(-exp(kappa) * (x + shift)))``

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    n : bool
        Each channel is divided by its standard deviation over the trial, unless it is constant.
    """

    signature = Signature(
        head="dexp",
        summary="passes each channel through a double-exponential sigmoid",
        equation="y = base + amplitude * exp(-exp(-exp(kappa) * (x + shift)))",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=(NORMALISED,),
        example="wc.18x4-fir.4x15-dexp.1",
        source="Thorson, Lienard & David (2015), PLoS Comput Biol 11(12), with the sign of shift "
        "such that it adds to the input",
    )
    names = ("base", "amplitude", "shift", "kappa")

    curve_facts = Facts(
        linear_in=("base", "amplitude"),
        additive=("base",),
        nonnegative=NonNegative(("base", "amplitude")),
        guess=_guess_double_exponential,
    )

    def initial_parameters(self) -> Phi:
        return Phi(
            self._parameter("base", Normal(-0.1, 0.02)),
            self._parameter("amplitude", Normal(0.5, 0.2)),
            self._parameter("shift", Normal(0, 0.1)),
            self._parameter("kappa", Normal(0.2, 0.1)),
        )

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        return (*super().scratch_shapes(*shapes), shapes[0], shapes[0])

    def _curve_of(self, work: Work) -> None:
        kept = [flat(each) for each in work.scratch[-2:]]
        kernel = kernels.kept_exponential.double_exponential
        kernel(flat(work.inputs[0]), *work.weights, *kept, flat(work.out))

    def _curve_vjp_of(self, work: Work, dx: np.ndarray) -> None:
        kept = [flat(each) for each in work.scratch[-2:]]
        kernel = kernels.kept_exponential.double_exponential_vjp
        d_out = flat(work.d_out)
        kernel(flat(work.inputs[0]), *work.weights, *kept, d_out, dx, *work.d_weights)

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.pointwise.double_exponential

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.pointwise.double_exponential_vjp


@registry.register
class RectifiedLinear(OnLine):
    """A rectifier, ``y = offset + gain * max(x + shift, 0)``.

    Shift, offset and gain are 0, 0 and 1 unless an option frees them.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    s, o, g : bool
        Fit the shift, the offset, the gain.
    n : bool
        Each channel is divided by its standard deviation over the trial, unless it is constant.
    """

    signature = Signature(
        head="relu",
        summary="rectifies each channel",
        equation="y = offset + gain * max(x + shift, 0)",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=LINE_OPTIONS,
        synonyms=LINE_SYNONYMS,
        example="wc.18x2.g-fir.2x15-relu.1.s.o",
        source="linear rectifier",
    )

    @property
    def facts(self) -> Facts:
        is_raised = "o" in self.options or self.parameters["offset"].values.min() > 0
        kept = NonNegative(("offset", "gain"), reaches_zero=not is_raised)
        return replace(super().facts, nonnegative=kept, guess=rectified_guess)

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.pointwise.rectify

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.pointwise.rectify_vjp
