"""`srelu` and `prelu`: rectifiers without a hard corner, or with a slope below it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np

from ..distributions import Normal
from ..kernels.elementary import exp, log1p
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from .base import Facts
from .follow import FollowCurve
from .pointwise import (
    LINE_OPTIONS,
    LINE_SYNONYMS,
    NORMALISED,
    Curve,
    OnLine,
    Pointwise,
    rectified_guess,
    shift_guess,
)


def soften(z):
    """Give log(1 + exp(z)), which overflows nowhere."""
    return (z if z > 0 else 0.0) + log1p(exp(-abs(z)))


def soft_rectify(x, shift, offset, gain):
    return float(offset) + float(gain) * soften(x + float(shift))


def soft_rectify_slopes(x, shift, offset, gain):
    z = x + float(shift)
    e = exp(-abs(z))
    passed = (1.0 if z >= 0 else e) / (1 + e)
    return gain * passed, gain * passed, 1.0, soften(z)


@registry.register
class SoftRectifiedLinear(OnLine):
    """A smooth rectifier, ``y = offset + gain * log(1 + exp(x + shift))``.

    Shift, offset and gain are 0, 0 and 1 unless an option frees them.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    s, o, g : bool
        Fit the shift, the offset, the gain.
    n : bool
        Each channel is divided by its standard deviation over the trial, unless it is constant.

    Examples
    --------
    >>> import numpy as np
    >>> SoftRectifiedLinear(shape=(1,)).evaluate(np.array([[0.0], [800.0]])).round(4).tolist()
    [[0.6931], [800.0]]
    """

    signature = Signature(
        head="srelu",
        summary="rectifies each channel smoothly",
        equation="y = offset + gain * log(1 + exp(x + shift))",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=LINE_OPTIONS,
        synonyms=LINE_SYNONYMS,
        example="wc.18x2.g-fir.2x15-srelu.1.s.o",
        source="softplus, Dugas et al. (2001)",
    )

    curve = Curve(soft_rectify, soft_rectify_slopes)
    curve_facts = replace(OnLine.curve_facts, guess=rectified_guess)


def hinge(x, shift, alpha):
    z = x + shift
    return z if z > 0 else alpha * z


def hinge_slopes(x, shift, alpha):
    """Have slope alpha at the corner."""
    z = x + shift
    slope = 1.0 if z > 0 else alpha
    return slope, slope, 0.0 if z > 0 else z


@registry.register
class ParametricRectifiedLinear(Pointwise):
    """A rectifier with a fitted slope below 0, ``y = max(z, 0) + alpha * min(z, 0)``.

    z is x + shift.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    n : bool
        Each channel is divided by its standard deviation over the trial, unless it is constant.

    Notes
    -----
    `alpha` is the slope itself. NEMS stores ten times that.

    Examples
    --------
    >>> import numpy as np
    >>> layer = ParametricRectifiedLinear(shape=(1,), parameters={"shift": [0], "alpha": [0.5]})
    >>> layer.evaluate(np.array([[-2.0], [2.0]])).tolist()
    [[-1.0], [2.0]]
    """

    signature = Signature(
        head="prelu",
        summary="rectifies each channel, with a fitted slope below 0",
        equation="y = max(z, 0) + alpha * min(z, 0), z = x + shift",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=(NORMALISED,),
        example="wc.18x2.g-fir.2x15-prelu.1",
        source="He, Zhang, Ren & Sun (2015); alpha is the slope",
    )

    curve = Curve(hinge, hinge_slopes)
    priors: ClassVar = {"shift": Normal(0.05, 0.01), "alpha": Normal(0.01, 0.005)}
    bounds: ClassVar = {"alpha": (0.0, np.inf)}
    curve_facts = Facts(
        linear_in=("alpha",),
        guess=shift_guess,
        follow=FollowCurve(shift="shift", homogeneous=True),
    )
