"""`sig`, `logsig`, `tanh`, `qsig`, `relsat`: curves that saturate at both ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from .. import kernels
from ..distributions import Normal
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from .base import Arrays, Facts, NonNegative, Phi
from .pointwise import LINE_OPTIONS, LINE_SYNONYMS, OnLine, Pointwise, rectified_guess

_SMALLEST_WIDTH = 1e-3


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

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        shift, offset, gain = super().prepare(values)
        return offset, gain, shift, np.ones_like(shift)

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        offset, gain, shift, _ = d_weights
        return super().prepare_vjp(values, weights, (shift, offset, gain))

    curve_facts = replace(OnLine.curve_facts, guess=_guess_line)

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.sigmoids.logistic

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.sigmoids.logistic_vjp


class FittedSigmoid(Pointwise):
    """A curve between two levels, of fitted place and slope; kappa is the slope."""

    names = ("base", "amplitude", "shift", "kappa")

    def initial_parameters(self) -> Phi:
        return Phi(
            self._parameter("base", Normal(-0.1, 0.02)),
            self._parameter("amplitude", Normal(0.5, 0.2)),
            self._parameter("shift", Normal(0, 0.1)),
            self._parameter("kappa", Normal(1, 0.2)),
        )

    curve_facts = Facts(
        linear_in=("base", "amplitude"),
        additive=("base",),
        nonnegative=NonNegative(("base", "amplitude")),
        guess=_guess_slope,
    )

    @staticmethod
    def _slope(kappa: np.ndarray) -> np.ndarray:
        return kappa

    @staticmethod
    def _slope_vjp(kappa: np.ndarray, d_slope: np.ndarray) -> np.ndarray:
        return d_slope

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        base, amplitude, shift, kappa = super().prepare(values)
        return base, amplitude, -shift, self._slope(kappa)

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        base, amplitude, shift, slope = d_weights
        kappa = self._slope_vjp(values["kappa"].reshape(-1), slope)
        return super().prepare_vjp(values, weights, (base, amplitude, -shift, kappa))


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
    curve_facts = replace(FittedSigmoid.curve_facts, guess=_guess_width)

    def initial_parameters(self) -> Phi:
        return Phi(
            self._parameter("base", Normal(-0.1, 0.02)),
            self._parameter("amplitude", Normal(0.5, 0.2)),
            self._parameter("shift", Normal(0, 0.1)),
            self._parameter("kappa", Normal(0.5, 0.1), bounds=(_SMALLEST_WIDTH, np.inf)),
        )

    @staticmethod
    def _slope(kappa: np.ndarray) -> np.ndarray:
        return 1 / kappa

    @staticmethod
    def _slope_vjp(kappa: np.ndarray, d_slope: np.ndarray) -> np.ndarray:
        return -d_slope / kappa**2

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.sigmoids.logistic

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.sigmoids.logistic_vjp


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

    # (1 + tanh(z)) / 2 is the logistic function of 2 z
    @staticmethod
    def _slope(kappa: np.ndarray) -> np.ndarray:
        return 2 * kappa

    @staticmethod
    def _slope_vjp(kappa: np.ndarray, d_slope: np.ndarray) -> np.ndarray:
        return 2 * d_slope

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.sigmoids.logistic

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.sigmoids.logistic_vjp


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

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.sigmoids.algebraic

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.sigmoids.algebraic_vjp


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

    def initial_parameters(self) -> Phi:
        # the corner starts below 0: beyond it there is no slope to follow
        return Phi(
            self._parameter("base", Normal(-0.1, 0.02)),
            self._parameter("amplitude", Normal(1, 0.2), bounds=(0.0, np.inf)),
            self._parameter("shift", Normal(-0.1, 0.1)),
            self._parameter("kappa", Normal(1, 0.2), bounds=(0.0, np.inf)),
        )

    curve_facts = replace(FittedSigmoid.curve_facts, linear_in=("base",), guess=_guess_saturated)

    @staticmethod
    def curve() -> Callable[..., None]:
        return kernels.sigmoids.saturated_line

    @staticmethod
    def curve_vjp() -> Callable[..., None]:
        return kernels.sigmoids.saturated_line_vjp
