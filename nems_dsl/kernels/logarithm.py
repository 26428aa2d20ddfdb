"""A logarithm that LLVM can vectorize inside the loops of other kernels."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .compiled import FUSED, njit

_LN_2 = 0.6931471805599453
# The bits of sqrt(0.5): what lies above a multiple of 2**52 beyond them is the mantissa that
# makes a number of [sqrt(0.5), sqrt(2)), the multiple the exponent.
_ROOT_BITS = 0x3FE6A09E667F3BCD
# As a float64, 1.5 * 2**52, in whose low bits an integer may stand.
_INTEGER_BITS = 0x4338000000000000
_INTEGER = 6755399441055744.0


def _of_bits(result):
    """Make an intrinsic of a function from the bits of a float64 to those of another."""

    def typed(typingctx, value):
        if value != types.float64:
            return None

        def codegen(context, builder, signature, arguments):
            bits = builder.bitcast(arguments[0], ir.IntType(64))
            return builder.bitcast(result(builder, bits), ir.DoubleType())

        return types.float64(types.float64), codegen

    return intrinsic(typed)


def _exponent_bits(builder, bits):
    word = bits.type
    return builder.ashr(builder.sub(bits, ir.Constant(word, _ROOT_BITS)), ir.Constant(word, 52))


@_of_bits
def _exponent(builder, bits):
    exponent = _exponent_bits(builder, bits)
    return builder.add(exponent, ir.Constant(bits.type, _INTEGER_BITS))


@_of_bits
def _mantissa(builder, bits):
    shifted = builder.shl(_exponent_bits(builder, bits), ir.Constant(bits.type, 52))
    return builder.sub(bits, shifted)


# No `reassoc` here, ever: it would cancel `1.0 + x - 1.0`. The flags of a caller do not reach the
# instructions of an inlined callee, so a caller may use `reassoc` for its own sums.
@njit(**FUSED)
def log1p(x):
    """Logarithm of 1 + x in float64, within 4 units in the last place.

    ``1 + x = 2**k * m`` with m from sqrt(0.5) to sqrt(2), and with ``t = (m - 1) / (m + 1)``
    ``log(m) = 2 artanh(t) = 2 (t + t**3 / 3 + t**5 / 5 + ...)``.

    Parameters
    ----------
    x : float
        Above -1 and finite; NaN stays NaN.

    Returns
    -------
    float64
    """
    x = float(x)
    whole = 1.0 + x
    lost = x - (whole - 1.0) if x < 1.0 else 0.0
    k = _exponent(whole) - _INTEGER
    m = _mantissa(whole)
    t = (m - 1.0) / (m + 1.0)
    u = t * t
    p = 1 / 23
    p = p * u + 1 / 21
    p = p * u + 1 / 19
    p = p * u + 1 / 17
    p = p * u + 1 / 15
    p = p * u + 1 / 13
    p = p * u + 1 / 11
    p = p * u + 1 / 9
    p = p * u + 1 / 7
    p = p * u + 1 / 5
    p = p * u + 1 / 3
    return k * _LN_2 + (2.0 * (t + t * u * p) + lost / whole)
