"""`srelu`, `prelu` and `exp`: nothing below 0, without a hard corner or with a slope below it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..distributions import Normal
from ..kernels.elementary import exp, log1p
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from .base import Facts, NonNegative
from .follow import FollowCurve, Tie, Units, Values
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

# e^40 is beyond any rate, and its square within single precision
_STEEPEST = 40.0
_FARTHEST = 1e9


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
        spellings=("softplus",),
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


def exponential(x, shift):
    z = float(x) + float(shift)
    e = exp(min(z, _STEEPEST))
    # straight on from there, so that neither a square nor a gradient overflows
    return e * (1.0 + min(max(z - _STEEPEST, 0.0), _FARTHEST))


def exponential_slopes(x, shift):
    z = float(x) + float(shift)
    slope = exp(min(z, _STEEPEST)) if z < _STEEPEST + _FARTHEST else 0.0
    return slope, slope


def _guess(x: np.ndarray, y: np.ndarray) -> Values:
    """Give the shift with which the mean is that of the wanted output."""
    highest = x.max(axis=1, keepdims=True)
    mean = np.exp(x - highest).mean(axis=1)
    wanted = np.maximum(y.mean(axis=1), 1e-3 * np.abs(y).max(axis=1) + np.finfo(float).tiny)
    return {"shift": np.log(wanted / mean) - highest[:, 0]}


@dataclass(frozen=True)
class _FollowExponential:
    """A factor of the output is a shift of the input."""

    def __str__(self) -> str:
        return "shift"

    def tie(self, free: Collection[str]) -> Tie:
        """Tell what the scale of the input may be; see `Follow`."""
        return "one"

    def values(
        self,
        values: Mapping[str, np.ndarray],
        free: Collection[str],
        incoming: Sequence[Units],
        out: Units,
    ) -> Values | None:
        """Return the parameters for the user's units; see `Follow`."""
        scale, offset = incoming[0]
        if scale != 1 or out.offset is not None or "shift" not in free:
            return None
        shift = values["shift"] - np.log(out.scale)
        return {"shift": shift if offset is None else shift + offset.reshape(shift.shape)}


@registry.register
class Exponential(Pointwise):
    """An exponential with an intercept, ``y = exp(x + shift)``.

    Above 40 it goes on as a straight line, and far above as a constant, so that nothing
    overflows.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)

    Examples
    --------
    >>> import numpy as np
    >>> layer = Exponential(shape=(1,), parameters={"shift": [1.0]})
    >>> layer.evaluate(np.array([[-1.0], [0.0]])).round(4).tolist()
    [[1.0], [2.7183]]
    >>> bool(np.isfinite(layer.evaluate(np.array([[1e6]]))).all())
    True
    """

    signature = Signature(
        head="exp",
        summary="passes each channel through an exponential",
        equation="y = exp(x + shift)",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        example="fir.18x15-exp.1",
        source="canonical link of the Poisson distribution, McCullagh & Nelder (1989); for spikes "
        "Paninski (2004), Network 15:243",
    )
    curve = Curve(exponential, exponential_slopes)
    priors: ClassVar = {"shift": Normal(0, 1)}
    curve_facts = Facts(nonnegative=NonNegative(), guess=_guess, follow=_FollowExponential())
