"""The loops of curves, compiled around a formula, or the slopes of one.

There is one for each number of parameters, as a loop over them would keep LLVM from holding their
sums in registers. Formulas keep their order of operations to the bit; only the sums over time are
taken in the order of vectors.

Compiled code is kept on disk. Numba tells what it has kept for loops like these by the names of
their formulas, which stay the same where a formula is changed. So each loop also holds the state of
the file of its formula, and has a name, and thus a file, of its own.
"""

import os
from types import FunctionType

from numba.extending import overload, register_jitable

from . import elementary
from .compiled import EXACT, SUMS, njit
from .exponential import exp
from .logarithm import log1p

MOST_PARAMETERS = 4

# Functions that stand for themselves, or for others, in compiled code.
_known = {elementary.exp, elementary.log1p}


# Its own, or a formula would be compiled as the loop that comes first; and inlined whatever its
# length, or no loop with a logarithm is vectorized.
_FORMULA = {"error_model": "numpy", "fastmath": False, "forceinline": True}


@overload(elementary.exp, jit_options=_FORMULA)
def _exp(x):
    return lambda x: exp(x)


@overload(elementary.log1p, jit_options=_FORMULA)
def _log1p(x):
    return lambda x: log1p(x)


def forward_of(formula, n_parameters):
    """Compile the loop of a formula of so many parameters."""
    return _loop(_FORWARD, formula, n_parameters, EXACT)


def vjp_of(slopes, n_parameters):
    """Compile the vector-Jacobian product of a formula with such slopes."""
    return _loop(_VJP, slopes, n_parameters, SUMS)


def _loop(makers, formula, n_parameters, options):
    if n_parameters not in makers:
        raise ValueError(
            f"{formula.__name__} has {n_parameters} parameters, and a curve has 1 to "
            f"{MOST_PARAMETERS}: write its loops by hand, as a KernelLayer"
        )
    _make_known(formula)
    loop = makers[n_parameters](formula, _state_of(formula))
    loop.__qualname__ = f"{loop.__name__}.{formula.__module__}.{formula.__qualname__}"
    return njit(**options)(loop)


def _state_of(formula):
    """Give a number that changes with the file of a formula; 0 for one typed at a prompt.

    Of the latter numba looks at the code itself.
    """
    file = formula.__code__.co_filename
    if not os.path.exists(file):
        return 0
    state = os.stat(file)
    return state.st_mtime_ns + state.st_size


def _make_known(function):
    """Let compiled code call a function, and those of its module that it calls."""
    if function in _known:
        return
    _known.add(function)
    register_jitable(**_FORMULA)(function)
    for name in function.__code__.co_names:
        called = function.__globals__.get(name)
        if isinstance(called, FunctionType):
            _make_known(called)


def _forward_1(f, state):
    def forward(x, p, y):
        state  # noqa: B018  part of what numba tells kept code by
        for c in range(x.shape[0]):
            signal, out, a = x[c], y[c], p[c]
            for t in range(signal.size):
                out[t] = f(signal[t], a)

    return forward


def _forward_2(f, state):
    def forward(x, p, q, y):
        state  # noqa: B018
        for c in range(x.shape[0]):
            signal, out, a, b = x[c], y[c], p[c], q[c]
            for t in range(signal.size):
                out[t] = f(signal[t], a, b)

    return forward


def _forward_3(f, state):
    def forward(x, p, q, r, y):
        state  # noqa: B018
        for c in range(x.shape[0]):
            signal, out, a, b, d = x[c], y[c], p[c], q[c], r[c]
            for t in range(signal.size):
                out[t] = f(signal[t], a, b, d)

    return forward


def _forward_4(f, state):
    def forward(x, p, q, r, s, y):
        state  # noqa: B018
        for c in range(x.shape[0]):
            signal, out, a, b, d, e = x[c], y[c], p[c], q[c], r[c], s[c]
            for t in range(signal.size):
                out[t] = f(signal[t], a, b, d, e)

    return forward


def _vjp_1(slopes, state):
    def vjp(x, p, dy, dx, dp):
        state  # noqa: B018
        for c in range(x.shape[0]):
            signal, error, out, a = x[c], dy[c], dx[c], p[c]
            da = 0.0
            for t in range(signal.size):
                by_x, by_a = slopes(signal[t], a)
                back = error[t]
                out[t] = back * by_x
                da += back * by_a
            dp[c] += da

    return vjp


def _vjp_2(slopes, state):
    def vjp(x, p, q, dy, dx, dp, dq):
        state  # noqa: B018
        for c in range(x.shape[0]):
            signal, error, out, a, b = x[c], dy[c], dx[c], p[c], q[c]
            da = db = 0.0
            for t in range(signal.size):
                by_x, by_a, by_b = slopes(signal[t], a, b)
                back = error[t]
                out[t] = back * by_x
                da += back * by_a
                db += back * by_b
            dp[c] += da
            dq[c] += db

    return vjp


def _vjp_3(slopes, state):
    def vjp(x, p, q, r, dy, dx, dp, dq, dr):
        state  # noqa: B018
        for c in range(x.shape[0]):
            signal, error, out, a, b, d = x[c], dy[c], dx[c], p[c], q[c], r[c]
            da = db = dd = 0.0
            for t in range(signal.size):
                by_x, by_a, by_b, by_d = slopes(signal[t], a, b, d)
                back = error[t]
                out[t] = back * by_x
                da += back * by_a
                db += back * by_b
                dd += back * by_d
            dp[c] += da
            dq[c] += db
            dr[c] += dd

    return vjp


def _vjp_4(slopes, state):
    def vjp(x, p, q, r, s, dy, dx, dp, dq, dr, ds):
        state  # noqa: B018
        for c in range(x.shape[0]):
            signal, error, out, a, b, d, e = x[c], dy[c], dx[c], p[c], q[c], r[c], s[c]
            da = db = dd = de = 0.0
            for t in range(signal.size):
                by_x, by_a, by_b, by_d, by_e = slopes(signal[t], a, b, d, e)
                back = error[t]
                out[t] = back * by_x
                da += back * by_a
                db += back * by_b
                dd += back * by_d
                de += back * by_e
            dp[c] += da
            dq[c] += db
            dr[c] += dd
            ds[c] += de

    return vjp


_FORWARD = {1: _forward_1, 2: _forward_2, 3: _forward_3, 4: _forward_4}
_VJP = {1: _vjp_1, 2: _vjp_2, 3: _vjp_3, 4: _vjp_4}
