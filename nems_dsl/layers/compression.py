"""`dlog`: logarithmic compression of each channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .. import kernels
from ..distributions import Normal
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Option, Signature, registry
from .base import Phi
from .pointwise import Pointwise


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
    names = ("shift",)

    @staticmethod
    def fixed_parameters(options: Mapping[str, Any]) -> tuple[str, ...]:
        return ("shift",) if "f" in options else ()

    def initial_parameters(self) -> Phi:
        prior = Normal(0, 0.02)
        if "f" in self.options:
            return Phi(self._parameter("shift", prior, initial_value=-1.0, is_permanent=True))
        return Phi(self._parameter("shift", prior))

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.compression.log_compress

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.compression.log_compress_vjp
