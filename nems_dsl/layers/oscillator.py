"""`do`: filters over time that are damped oscillations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..distributions import HalfNormal, Normal
from ..keywords import PENALTIES, Number, Option, Signature, registry
from .base import Arrays, Facts, Parameter, Phi
from .fir import FLOWS, FORMS, Filter

_DELAY = 1.5
_NAMES = ("f1s", "taus", "gains", "delays")


@registry.register
class DampedOscillator(Filter):
    """Filters over time whose taps are damped oscillations, summed over channels.

    ``h[k] = gain sin(f1 t) exp(-tau t)`` with ``t = k - delay``, and 0 for t < 0; each channel
    and output has its own. Angles are in radians per bin, rates in 1 / bin, delays in bins.

    Parameters
    ----------
    shape : (in, taps) or (in, taps, out)
    d : float
        How long delays are expected to be, as the scale of their prior.

    Examples
    --------
    >>> import numpy as np
    >>> half_turn = {"f1s": [np.pi / 2], "taus": [0.0], "gains": [2.0], "delays": [1.0]}
    >>> layer = DampedOscillator(shape=(1, 4), parameters=half_turn)
    >>> layer.evaluate(np.array([[1.0], [0.0], [0.0], [0.0]])).round(9).tolist()
    [[0.0], [0.0], [2.0], [0.0]]
    """

    signature = Signature(
        head="do",
        summary="filters each channel by a damped oscillation, and sums over channels",
        equation="h[c, k, o] = gain sin(f1 (k - delay)) exp(-tau (k - delay)), 0 before the delay",
        forms=FORMS,
        flows=FLOWS,
        options=(
            Option("d", "expected delay in bins", number=Number.REAL, default=_DELAY, minimum=1e-3),
            *PENALTIES,
        ),
        example="wc.18x4-do.4x15-dexp.1",
        source="impulse response of a damped oscillator",
    )

    facts = Facts(linear=True, linear_in_weights=True, linear_in=("gains",), gain="gains")

    @classmethod
    def parameter_shapes(
        cls, dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(_NAMES, (dims["in"], *cls.outputs(dims)))

    def initial_parameters(self) -> Phi:
        shape = (self.dims["in"], *self.outputs(self.dims))
        # channel by channel within an output, one filter's sign against the next one's
        place = np.arange(np.prod(shape)).reshape(shape[::-1]).T
        expected = self.options.get("d", _DELAY)
        return Phi(
            Parameter("f1s", shape, HalfNormal(0.6), bounds=(1e-15, 2 * np.pi)),
            Parameter("taus", shape, HalfNormal(0.3), bounds=(0, np.inf)),
            Parameter("gains", shape, Normal(np.where(place % 2, -0.1, 0.2), 0.2)),
            Parameter("delays", shape, HalfNormal(expected), bounds=(-1, self.dims["taps"])),
        )

    # ---- weights: (out, in, taps) ------------------------------------------------------------

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        f1, tau, gain, time = self._grid(values)
        wave = np.sin(f1 * time) * np.exp(-tau * time)
        return (np.ascontiguousarray(gain * wave),)

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        f1, tau, gain, time = self._grid(values)
        d_h, h = d_weights[0], weights[0]
        decay = np.exp(-tau * time)
        rising = gain * np.cos(f1 * time) * decay
        # before the delay nothing changes with it
        d_delays = np.where(time > 0, tau * h - f1 * rising, 0)
        slopes = (rising * time, -h * time, np.sin(f1 * time) * decay, d_delays)
        return {
            name: np.sum(d_h * slope, axis=2).T.reshape(values[name].shape)
            for name, slope in zip(_NAMES, slopes, strict=True)
        }

    def _grid(self, values: Mapping[str, np.ndarray]) -> Arrays:
        """Give angle, rate and gain as (out, in, 1), and times since the delay, 0 before it."""
        f1, tau, gain, delay = (
            values[name].reshape(self.dims["in"], self.dims["out"]).T[..., None] for name in _NAMES
        )
        lags = np.arange(self.dims["taps"], dtype=f1.dtype)
        return f1, tau, gain, np.maximum(lags - delay, 0)
