"""`lvl`, `scl`, `relu`, `dexp`: the commonest nonlinearities, with parameters per channel."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from .base import Facts, NonNegative, Work, flat
from .follow import FollowCurve
from .pointwise import (
    LINE_OPTIONS,
    LINE_SYNONYMS,
    NORMALISED,
    ON_A_LINE,
    Curve,
    OnLine,
    Pointwise,
    rectified_guess,
    shift_guess,
)


def level(x, shift):
    return x + shift


def level_slopes(x, shift):
    return 1.0, 1.0


LEVEL = Curve(level, level_slopes)


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
    curve = LEVEL
    priors: ClassVar = {"shift": Normal(0, 0.01)}
    curve_facts = Facts(
        affine=True,
        linear_in=("shift",),
        additive=("shift",),
        nonnegative=NonNegative(("shift",), inputs="all"),
        guess=shift_guess,
    )


def scale(x, gain):
    return gain * x


def scale_slopes(x, gain):
    return gain, x


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
    curve = Curve(scale, scale_slopes)
    priors: ClassVar = {"gain": Normal(1, 1)}
    curve_facts = Facts(
        linear=True,
        linear_in=("gain",),
        gain="gain",
        nonnegative=NonNegative(("gain",), inputs="all"),
    )


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
    priors: ClassVar = {
        "base": Normal(-0.1, 0.02),
        "amplitude": Normal(0.5, 0.2),
        "shift": Normal(0, 0.1),
        "kappa": Normal(0.2, 0.1),
    }

    curve_facts = Facts(
        linear_in=("base", "amplitude"),
        additive=("base",),
        nonnegative=NonNegative(("base", "amplitude")),
        guess=_guess_double_exponential,
        follow=FollowCurve(shift="shift", slope="kappa", gain=("amplitude",), offset="base"),
    )

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        return (*super().scratch_shapes(*shapes), shapes[0], shapes[0])

    def _curve_of(self, work: Work) -> None:
        kept = [flat(each) for each in work.scratch[-2:]]
        kernel = kernels.double_exponential.double_exponential
        kernel(flat(work.inputs[0]), *work.weights, *kept, flat(work.out))

    def _curve_vjp_of(
        self, work: Work, d_out: np.ndarray, dx: np.ndarray, *d_weights: np.ndarray
    ) -> None:
        kept = [flat(each) for each in work.scratch[-2:]]
        kernel = kernels.double_exponential.double_exponential_vjp
        kernel(flat(work.inputs[0]), *work.weights, *kept, d_out, dx, *d_weights)


def rectify(x, shift, offset, gain):
    z = x + shift
    # not max(z, 0): a NaN must come through
    return offset if z <= 0 else offset + gain * z


def rectify_slopes(x, shift, offset, gain):
    """Have slope 0 at the corner."""
    z = x + shift
    passed = 1.0 if z > 0 else 0.0
    return gain * passed, gain * passed, 1.0, passed * z


RECTIFY = Curve(rectify, rectify_slopes)


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
    curve = RECTIFY

    @property
    def facts(self) -> Facts:
        is_raised = "o" in self.options or self.parameters["offset"].values.min() > 0
        kept = NonNegative(("offset", "gain"), reaches_zero=not is_raised)
        facts = replace(super().facts, nonnegative=kept, guess=rectified_guess)
        follow = replace(ON_A_LINE, homogeneous=True)
        return facts if "n" in self.options else replace(facts, follow=follow)
