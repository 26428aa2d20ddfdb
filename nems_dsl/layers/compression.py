"""`dlog`: logarithmic compression of each channel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from ..distributions import Normal
from ..kernels.elementary import log1p
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Option, Signature, registry
from .base import Parameter, Phi
from .pointwise import Curve, Pointwise

# Beyond these the shift acts at a fiftieth of its rate.
SOFT = 2.0
SOFTNESS = 50.0
# 10**shift stays a normal number, and so does its inverse.
LARGEST_EXPONENT = 300.0
# (x + d) / d: where it is below, the logarithm's argument is 0, negative, or as good as 0.
SMALLEST_RATIO = 1e-6
LARGEST_RATIO = 1e300
LN_10 = math.log(10.0)


def soften(shift):
    """Give the exponent of 10 that a shift stands for, and its slope."""
    o, slope = float(shift), 1.0
    if o > SOFT:
        o, slope = SOFT + (o - SOFT) / SOFTNESS, 1 / SOFTNESS
    if o < -SOFT:
        o, slope = -SOFT + (o + SOFT) / SOFTNESS, 1 / SOFTNESS
    if abs(o) > LARGEST_EXPONENT:
        o, slope = (LARGEST_EXPONENT if o > 0 else -LARGEST_EXPONENT), 0.0
    return o, slope


def bounded(ratio):
    # NaN is within any bounds here, so that it comes through
    if ratio < SMALLEST_RATIO - 1:
        return SMALLEST_RATIO - 1
    if ratio > LARGEST_RATIO:
        return LARGEST_RATIO
    return ratio


def log_compress(x, shift):
    return log1p(bounded(x * 10.0 ** -soften(shift)[0]))


def log_compress_slopes(x, shift):
    o, softened = soften(shift)
    per_d = 10.0**-o
    ratio = x * per_d
    inside = bounded(ratio)
    slope = 0.0 if ratio < inside else 1 / (1 + inside)
    return slope * per_d, -(slope * inside) * (LN_10 * softened)


@registry.register
class LogCompression(Pointwise):
    """Logarithmic compression, ``y = log((x + d) / d)`` with ``d = 10**shift``.

    What of the shift is beyond 2 or -2 is divided by 50. Input so negative that x + d is less
    than a millionth of d counts as just that, for there the logarithm is not defined.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    f : bool
        The shift is -1 and not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> layer = LogCompression(shape=(1,), f=True)
    >>> layer.evaluate(np.array([[0.0], [0.1], [0.9]])).round(3).tolist()
    [[0.0], [0.693], [2.303]]
    """

    signature = Signature(
        head="dlog",
        summary="compresses each channel logarithmically",
        equation="y = log((x + d) / d), d = 10 ** shift",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=(Option("f", "shift fixed at -1"),),
        example="dlog.18-wc.18x4-fir.4x15-dexp.1",
        source="logarithmic compression of spectrograms, with an offset",
    )
    curve = Curve(log_compress, log_compress_slopes)
    priors: ClassVar = {"shift": Normal(0, 0.02)}

    @staticmethod
    def fixed_parameters(options: Mapping[str, Any]) -> tuple[str, ...]:
        return ("shift",) if "f" in options else ()

    def initial_parameters(self) -> Phi:
        if "f" not in self.options:
            return super().initial_parameters()
        shape = tuple(self.dims.values())
        return Phi(Parameter("shift", shape, self.priors["shift"], None, -1.0, is_permanent=True))
