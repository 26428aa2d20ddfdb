"""`srelu` and `prelu`: rectifiers without a hard corner, or with a slope below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from .base import Facts, Phi
from .pointwise import (
    LINE_OPTIONS,
    LINE_SYNONYMS,
    NORMALISED,
    OnLine,
    Pointwise,
    rectified_guess,
    shift_guess,
)


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

    curve_facts = replace(OnLine.curve_facts, guess=rectified_guess)

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.sigmoids.soft_rectify

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.sigmoids.soft_rectify_vjp


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

    curve_facts = Facts(linear_in=("alpha",), guess=shift_guess)
    names = ("shift", "alpha")

    def initial_parameters(self) -> Phi:
        return Phi(
            self._parameter("shift", Normal(0.05, 0.01)),
            self._parameter("alpha", Normal(0.01, 0.005), bounds=(0.0, np.inf)),
        )

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.pointwise.hinge

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.pointwise.hinge_vjp
