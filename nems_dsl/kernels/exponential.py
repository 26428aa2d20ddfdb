"""An exponential that LLVM can vectorize inside the loops of other kernels."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .compiled import FUSED, njit

SMALLEST = -708.0
LARGEST = 709.0

_LOG2_E = 1.4426950408889634
# The high part has 21 trailing zero bits: its product with any exponent is exact.
_LN2_HIGH = 6.93147180369123816490e-01
_LN2_LOW = 1.90821492927058770002e-10
# Adding 1.5 * 2**52 rounds to an integer and leaves that integer in the low bits of the sum.
_ROUND = 6755399441055744.0


@intrinsic
def _power_of_two(typingctx, rounded):
    """2**k, for the float64 k + 1.5 * 2**52 with -1023 < k < 1024."""
    if rounded != types.float64:
        return None

    def codegen(context, builder, signature, arguments):
        word = ir.IntType(64)
        bits = builder.bitcast(arguments[0], word)
        biased = builder.add(bits, ir.Constant(word, 1023))
        return builder.bitcast(builder.shl(biased, ir.Constant(word, 52)), ir.DoubleType())

    return types.float64(types.float64), codegen


# No `reassoc` here, ever: it would cancel `+ _ROUND - _ROUND`. The flags of a caller do not reach
# the instructions of an inlined callee, so a caller may use `reassoc` for its own sums; but this
# must not become `inline="always"`, which copies the body before the flags are set.
@njit(**FUSED)
def exp_within(x):
    """Exponential of one float64 from -709 to 709, or NaN; as `exp`, which looks for others.

    It is exactly 0 at -709, for 2**-1023 comes out as 0 here.
    """
    rounded = x * _LOG2_E + _ROUND
    k = rounded - _ROUND
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    # Chebyshev fit of (exp(r) - 1 - r) / r**2 on |r| <= ln(2) / 2; it leaves an error below 2e-17.
    p = 2.510038549551032e-08
    p = p * r + 2.7620088445409746e-07
    p = p * r + 2.7557268459997064e-06
    p = p * r + 2.4801521295954376e-05
    p = p * r + 1.9841269863053618e-04
    p = p * r + 1.3888888917213717e-03
    p = p * r + 8.333333333330062e-03
    p = p * r + 4.166666666662413e-02
    p = p * r + 0.16666666666666669
    p = p * r + 0.5000000000000001
    return (1.0 + (r + r * r * p)) * _power_of_two(rounded)


@njit(**FUSED)
def exp(x):
    """Exponential of one number, in float64, within 2 units in the last place.

    ``exp(x) = 2**k * p(x - k ln 2)``. Below -708 the result is exactly 0 and above 709 it is
    exp(709), finite on purpose: a saturated nonlinearity must have gradient 0 and never 0 * inf.
    NaN stays NaN.

    Parameters
    ----------
    x : float

    Returns
    -------
    float64
    """
    x = float(x)
    clipped = x
    if x < SMALLEST:
        clipped = SMALLEST
    if x > LARGEST:
        clipped = LARGEST
    return 0.0 if x < SMALLEST else exp_within(clipped)
