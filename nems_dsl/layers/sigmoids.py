"""`sig`, `logsig`, `tanh`, `qsig`, `relsat`: curves that saturate at both ends."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from ..distributions import Distribution, Normal
from ..kernels.elementary import exp
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from .base import Facts, NonNegative
from .follow import FollowCurve
from .pointwise import LINE_OPTIONS, LINE_SYNONYMS, Curve, OnLine, Pointwise, rectified_guess

_SMALLEST_WIDTH = 1e-3
# Saturated long before, at any sensible slope; products with errors stay finite.
LARGEST_INPUT = 1e100


def bounded(z):
    # NaN is within any bounds here, so that it comes through
    if z > LARGEST_INPUT:
        return LARGEST_INPUT
    if z < -LARGEST_INPUT:
        return -LARGEST_INPUT
    return z


def logistic(z):
    """Give 1 / (1 + exp(-z))."""
    e = exp(-abs(z))
    return (1.0 if z >= 0 else e) / (1 + e)


def logistic_and_slope(z):
    """Give the logistic function, with its slope, exactly 0 where it is saturated."""
    e = exp(-abs(z))
    per = 1 / (1 + e)
    return (1.0 if z >= 0 else e) * per, e * per * per


def algebraic(z):
    """Give (1 + z / sqrt(1 + z**2)) / 2."""
    return 0.5 + 0.5 * z / math.sqrt(1 + z * z)


def algebraic_and_slope(z):
    """Give the algebraic sigmoid, with its slope."""
    per = 1 / math.sqrt(1 + z * z)
    return 0.5 + 0.5 * (z * per), 0.5 * (per * per * per)


def _guess_line(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    return {"shift": -x.mean(axis=1), "offset": y.min(axis=1), "gain": np.ptp(y, axis=1)}


def _guess_width(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    levels = {"base": y.min(axis=1), "amplitude": np.ptp(y, axis=1)}
    spread = np.maximum(x.std(axis=1), np.finfo(float).tiny)
    return {**levels, "shift": x.mean(axis=1), "kappa": spread}


def _guess_slope(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    guessed = _guess_width(x, y)
    return {**guessed, "kappa": 1 / guessed["kappa"]}


def _guess_saturated(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    line = rectified_guess(x, y)
    levels = {"base": line["offset"], "amplitude": np.ptp(y, axis=1)}
    return {**levels, "shift": -line["shift"], "kappa": line["gain"]}


def sigmoid(x, shift, offset, gain):
    return float(offset) + float(gain) * logistic(bounded(x + float(shift)))


def sigmoid_slopes(x, shift, offset, gain):
    f, slope = logistic_and_slope(bounded(x + float(shift)))
    return gain * slope, gain * slope, 1.0, f


@registry.register
class Sigmoid(OnLine):
    """A logistic sigmoid, ``y = offset + gain / (1 + exp(-(x + shift)))``.

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
    >>> Sigmoid(shape=(1,)).evaluate(np.array([[-800.0], [0.0], [800.0]])).tolist()
    [[0.0], [0.5], [1.0]]
    """

    signature = Signature(
        head="sig",
        summary="passes each channel through a logistic sigmoid of slope 1",
        equation="y = offset + gain / (1 + exp(-(x + shift)))",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=LINE_OPTIONS,
        synonyms=LINE_SYNONYMS,
        example="wc.18x2.g-fir.2x15-sig.1.s.o.g",
        source="logistic function",
    )

    curve = Curve(sigmoid, sigmoid_slopes)
    curve_facts = replace(OnLine.curve_facts, guess=_guess_line)


#: How a curve between two levels follows other units.
BETWEEN_LEVELS = FollowCurve(
    shift="shift", sign=-1, slope="kappa", slope_is="factor", gain=("amplitude",), offset="base"
)


class FittedSigmoid(Pointwise):
    """A curve between two levels, of fitted place and slope; kappa is the slope."""

    priors: ClassVar[Mapping[str, Distribution]] = {
        "base": Normal(-0.1, 0.02),
        "amplitude": Normal(0.5, 0.2),
        "shift": Normal(0, 0.1),
        "kappa": Normal(1, 0.2),
    }
    curve_facts = Facts(
        linear_in=("base", "amplitude"),
        additive=("base",),
        nonnegative=NonNegative(("base", "amplitude")),
        guess=_guess_slope,
        follow=BETWEEN_LEVELS,
    )


def logistic_sigmoid(x, base, amplitude, shift, kappa):
    z = (1 / float(kappa)) * bounded(x - float(shift))
    return float(base) + float(amplitude) * logistic(z)


def logistic_sigmoid_slopes(x, base, amplitude, shift, kappa):
    k, w = 1 / float(kappa), bounded(x - float(shift))
    f, slope = logistic_and_slope(k * w)
    change = amplitude * slope
    return change * k, 1.0, f, -change * k, -(change * w) * (k * k)


@registry.register
class LogisticSigmoid(FittedSigmoid):
    """A logistic sigmoid, ``y = base + amplitude / (1 + exp(-(x - shift) / kappa))``.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)

    Examples
    --------
    >>> import numpy as np
    >>> layer = LogisticSigmoid(
    ...     shape=(1,), parameters={"base": [0], "amplitude": [2], "shift": [1], "kappa": [0.1]}
    ... )
    >>> layer.evaluate(np.array([[0.9], [1.0], [9.0]])).round(4).tolist()
    [[0.5379], [1.0], [2.0]]
    """

    signature = Signature(
        head="logsig",
        summary="passes each channel through a logistic sigmoid",
        equation="y = base + amplitude / (1 + exp(-(x - shift) / kappa))",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        example="wc.18x2.g-fir.2x15-logsig.1",
        source="logistic function; kappa is its width",
    )
    curve = Curve(logistic_sigmoid, logistic_sigmoid_slopes)
    priors: ClassVar = {**FittedSigmoid.priors, "kappa": Normal(0.5, 0.1)}
    bounds: ClassVar = {"kappa": (_SMALLEST_WIDTH, np.inf)}
    curve_facts = replace(
        FittedSigmoid.curve_facts,
        guess=_guess_width,
        follow=replace(BETWEEN_LEVELS, slope_is="width"),
    )


# (1 + tanh(z)) / 2 is the logistic function of 2 z


def hyperbolic_tangent(x, base, amplitude, shift, kappa):
    z = 2 * float(kappa) * bounded(x - float(shift))
    return float(base) + float(amplitude) * logistic(z)


def hyperbolic_tangent_slopes(x, base, amplitude, shift, kappa):
    k, w = 2 * float(kappa), bounded(x - float(shift))
    f, slope = logistic_and_slope(k * w)
    change = amplitude * slope
    return change * k, 1.0, f, -change * k, 2 * (change * w)


@registry.register
class HyperbolicTangent(FittedSigmoid):
    """A hyperbolic tangent, ``y = base + amplitude / 2 * (1 + tanh(kappa * (x - shift)))``.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)

    Examples
    --------
    >>> import numpy as np
    >>> layer = HyperbolicTangent(
    ...     shape=(1,), parameters={"base": [0], "amplitude": [2], "shift": [1], "kappa": [1]}
    ... )
    >>> layer.evaluate(np.array([[0.0], [1.0], [99.0]])).round(4).tolist()
    [[0.2384], [1.0], [2.0]]
    """

    signature = Signature(
        head="tanh",
        summary="passes each channel through a hyperbolic tangent",
        equation="y = base + amplitude / 2 * (1 + tanh(kappa * (x - shift)))",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        example="wc.18x2.g-fir.2x15-tanh.1",
        source="hyperbolic tangent",
    )

    curve = Curve(hyperbolic_tangent, hyperbolic_tangent_slopes)


def quick_sigmoid(x, base, amplitude, shift, kappa):
    z = bounded(float(kappa) * bounded(x - float(shift)))
    return float(base) + float(amplitude) * algebraic(z)


def quick_sigmoid_slopes(x, base, amplitude, shift, kappa):
    k, w = float(kappa), bounded(x - float(shift))
    f, slope = algebraic_and_slope(bounded(k * w))
    change = amplitude * slope
    return change * k, 1.0, f, -change * k, change * w


@registry.register
class QuickSigmoid(FittedSigmoid):
    """A sigmoid without exponentials, ``y = base + amplitude / 2 * (1 + z / sqrt(1 + z**2))``.

    z is kappa * (x - shift).

    Parameters
    ----------
    shape : (channels,) or (channels, bank)

    Examples
    --------
    >>> import numpy as np
    >>> layer = QuickSigmoid(
    ...     shape=(1,), parameters={"base": [0], "amplitude": [2], "shift": [1], "kappa": [0.75]}
    ... )
    >>> layer.evaluate(np.array([[1.0], [2.0]])).round(4).tolist()
    [[1.0], [1.6]]
    """

    signature = Signature(
        head="qsig",
        summary="passes each channel through a sigmoid that is slow to saturate",
        equation="y = base + amplitude / 2 * (1 + z / sqrt(1 + z ** 2)), z = kappa * (x - shift)",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        example="wc.18x2.g-fir.2x15-qsig.1",
        source="algebraic sigmoid",
    )
    curve = Curve(quick_sigmoid, quick_sigmoid_slopes)


def saturated_line(x, base, amplitude, shift, kappa):
    z = float(kappa) * bounded(x - float(shift))
    # not min and max: a NaN must come through
    line = 0.0 if z <= 0 else z
    return float(base) + (float(amplitude) if line >= amplitude else line)


def saturated_line_slopes(x, base, amplitude, shift, kappa):
    """Have slope 0 at both corners."""
    k, w = float(kappa), bounded(x - float(shift))
    z = k * w
    at_top = (0.0 if z <= 0 else z) >= amplitude
    rising = 0.0 if at_top or z <= 0 else 1.0
    by_kappa = w if rising != 0 else 0.0
    return rising * k, 1.0, 1.0 if at_top else 0.0, -rising * k, by_kappa


@registry.register
class SaturatedRectifier(FittedSigmoid):
    """A rectifier that saturates, ``y = base + min(max(kappa * (x - shift), 0), amplitude)``.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)

    Examples
    --------
    >>> import numpy as np
    >>> layer = SaturatedRectifier(
    ...     shape=(1,), parameters={"base": [1], "amplitude": [2], "shift": [1], "kappa": [3]}
    ... )
    >>> layer.evaluate(np.array([[0.0], [1.5], [9.0]])).tolist()
    [[1.0], [2.5], [3.0]]
    """

    signature = Signature(
        head="relsat",
        summary="rectifies each channel, up to a level",
        equation="y = base + min(max(kappa * (x - shift), 0), amplitude)",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        example="wc.18x2.g-fir.2x15-relsat.1",
        source="saturating linear rectifier",
    )

    curve = Curve(saturated_line, saturated_line_slopes)
    # the corner starts below 0: beyond it there is no slope to follow
    priors: ClassVar = {
        **FittedSigmoid.priors,
        "amplitude": Normal(1, 0.2),
        "shift": Normal(-0.1, 0.1),
    }
    bounds: ClassVar = {"amplitude": (0.0, np.inf), "kappa": (0.0, np.inf)}
    curve_facts = replace(
        FittedSigmoid.curve_facts,
        linear_in=("base",),
        guess=_guess_saturated,
        follow=replace(BETWEEN_LEVELS, slope_is="gain"),
    )
