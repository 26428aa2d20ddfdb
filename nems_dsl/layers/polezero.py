"""The pole-zero form of `fir`: taps that are read from discrete systems of poles and zeros."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import kernels
from ..distributions import HalfNormal, Normal
from ..keywords import Number, Option
from .base import Parameter, Phi

POLES, ZEROS, RATE = 3, 1, 100
_STARTING_POLES = (0.8, -0.4, 0.1, 0.0, 0.0)
_STARTING_ZERO = 0.1

OPTIONS = (
    Option("p", "poles", number=Number.INTEGER, default=POLES, minimum=1, maximum=5),
    Option(
        "z",
        "zeros",
        number=Number.INTEGER,
        default=ZEROS,
        minimum=1,
        maximum=5,
        absent=ZEROS,
        needs=("p",),
    ),
    Option(
        "fs",
        "bins per second, for delays",
        number=Number.INTEGER,
        default=RATE,
        minimum=1,
        absent=RATE,
        needs=("p",),
    ),
)


def is_pole_zero(options: Mapping[str, Any]) -> bool:
    """Tell whether the options ask for this form; those that are not given have their defaults."""
    return any(option.name in options for option in OPTIONS)


def shapes(each: tuple[int, ...], options: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Give the shape of each parameter, `each` being that of one number per filter."""
    n_zeros = int(options.get("z", ZEROS))
    n_poles = int(options.get("p", max(POLES, n_zeros)))
    return {"poles": (*each, n_poles), "zeros": (*each, n_zeros), "delays": each, "gains": each}


def parameters(each: tuple[int, ...], options: Mapping[str, Any]) -> Phi:
    """Give the parameters at their start."""
    sizes = shapes(each, options)
    poles = np.broadcast_to(_STARTING_POLES[: sizes["poles"][-1]], sizes["poles"])
    return Phi(
        Parameter("poles", sizes["poles"], Normal(poles, 0.3), bounds=(-1, 1)),
        Parameter("zeros", sizes["zeros"], Normal(_STARTING_ZERO, 0.2), bounds=(-1, 1)),
        Parameter("delays", each, HalfNormal(0.02), bounds=(0, np.inf)),
        Parameter("gains", each, Normal(0.1, 0.2)),
    )


def taps(values: Mapping[str, np.ndarray], n_taps: int, options: Mapping[str, Any]) -> np.ndarray:
    """Give the taps, (filters, taps), one filter after the other as the parameters have them."""
    h = np.empty((values["gains"].size, n_taps), values["gains"].dtype)
    kernels.pole_zero.taps(*_flat(values, options), h)
    return h


def taps_vjp(
    values: Mapping[str, np.ndarray], d_taps: np.ndarray, options: Mapping[str, Any]
) -> dict[str, np.ndarray]:
    """Carry the derivative from the taps back to the parameters."""
    flat = _flat(values, options)
    gradients = tuple(np.empty_like(value) for value in flat)
    d_exact = np.ascontiguousarray(d_taps, dtype=np.float64)
    kernels.pole_zero.taps_vjp(*flat, d_exact, *gradients)
    names = ("poles", "zeros", "delays", "gains")
    found = {
        name: gradient.reshape(values[name].shape).astype(values[name].dtype)
        for name, gradient in zip(names, gradients, strict=True)
    }
    found["delays"] *= _rate(options)
    return found


def _rate(options: Mapping[str, Any]) -> int:
    return int(options.get("fs", RATE))


def _flat(
    values: Mapping[str, np.ndarray], options: Mapping[str, Any]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give poles, zeros, delays in bins and gains, filters first, in double precision.

    Recursions lose digits.
    """
    poles, zeros, delays, gains = (
        np.ascontiguousarray(values[name], dtype=np.float64)
        for name in ("poles", "zeros", "delays", "gains")
    )
    return (
        poles.reshape(-1, poles.shape[-1]),
        zeros.reshape(-1, zeros.shape[-1]),
        delays.reshape(-1) * _rate(options),
        gains.reshape(-1),
    )
