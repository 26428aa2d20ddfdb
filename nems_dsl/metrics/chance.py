"""The correlation that comes about by chance, between series that are smooth in time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nems_dsl.metrics.correlation import correlation
from nems_dsl.metrics.pairing import Signal, Vector, is_constant, paired_trials, per_channel

# With fewer bins in common, or less variance than rounding leaves, a shift has no correlation.
_TINY = 1e-9


@dataclass(frozen=True)
class ChanceCorrelation:
    """Correlation of a prediction, and of the same prediction shifted in time.

    Parameters
    ----------
    r : float or (channels,) float64
        The correlation without a shift.
    floor : float or (channels,) float64
        The quantile of the correlations with a shift.
    mean, sd : float or (channels,) float64
        Their mean and standard deviation.
    p_value : float or (channels,) float64
        Share of shifts with a correlation of at least `r`, the unshifted prediction counted in:
        (1 + number) / (1 + n_shifts).
    quantile : float
        Which one `floor` is.
    n_shifts : int
        The number of shifts.
    """

    r: float | Vector
    floor: float | Vector
    mean: float | Vector
    sd: float | Vector
    p_value: float | Vector
    quantile: float
    n_shifts: int


def r_floor(
    prediction: Signal,
    target: Signal,
    *,
    quantile: float = 0.95,
    n_shifts: int = 1000,
    min_shift: int | None = None,
    seed: int = 0,
) -> ChanceCorrelation:
    """Give the correlation that the prediction has by chance, channel by channel.

    The prediction is moved along time, what leaves at the end of a trial coming in at its start,
    and correlated with the target. It keeps its own autocorrelation and loses what it knows of the
    target. Each trial is moved within itself, by a number of bins of its own, the same for all
    channels.

    Parameters
    ----------
    prediction, target : array_like or list of array
        (T,), (T, C), (S, T, C), or a list of trials (T_i, C). Pairs with a NaN are left out, after
        the shift.
    quantile : float, default 0.95
        Between 0 and 1.
    n_shifts : int, default 1000
        How many to draw. A single trial that allows no more than these gets each of them once.
    min_shift : int, optional
        The least number of bins to move by, either way round: more than both signals are
        correlated with themselves for. By default a tenth of each trial.
    seed : int, default 0
        Of the shifts.

    Returns
    -------
    chance : ChanceCorrelation
        With `r`, `floor`, `mean`, `sd` and `p_value`, each a float for one channel, or (channels,).
        NaN where the prediction or the target is constant.

    Raises
    ------
    ValueError
        Where the shapes differ, a value is infinite, an option is out of range, or a trial is too
        short for the least shift.

    Notes
    -----
    The floor holds for one prediction that was fixed beforehand, on data that the fit has not seen.
    K. D. Harris (2020), Nonsense correlations in neuroscience, bioRxiv 2020.11.29.402719, tells
    when shifts are a fair test, and when not.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> target = rng.standard_normal(1000)
    >>> chance = r_floor(prediction=target + rng.standard_normal(1000), target=target)
    >>> round(chance.r, 1), round(chance.floor, 2), chance.n_shifts, chance.p_value < 0.01
    (0.7, 0.05, 801, True)
    """
    if not 0 <= quantile <= 1:
        raise ValueError(f"quantile must be between 0 and 1, got {quantile}")
    if n_shifts < 1:
        raise ValueError(f"n_shifts must be 1 or more, got {n_shifts}")
    ours, theirs = paired_trials(prediction, target)
    shifts = _draw_shifts([len(trial) for trial in theirs], n_shifts, min_shift, seed)
    observed = np.atleast_1d(correlation(prediction, target))
    rows = []
    for channel, r in enumerate(observed):
        shifted = _shifted_correlations(
            [trial[:, channel] for trial in ours], [trial[:, channel] for trial in theirs], shifts
        )
        rows.append(_summary(float(r), shifted[~np.isnan(shifted)], quantile))
    floor, mean, sd, p_value = (per_channel(list(column)) for column in zip(*rows, strict=True))
    r = per_channel(observed.tolist())
    return ChanceCorrelation(r, floor, mean, sd, p_value, quantile, len(shifts))


def _draw_shifts(
    lengths: list[int], n_shifts: int, min_shift: int | None, seed: int
) -> NDArray[np.int64]:
    """Give the shifts of each trial, (shifts, trials)."""
    if min_shift is not None and min_shift < 1:
        raise ValueError(f"min_shift must be 1 or more, got {min_shift}")
    least = [max(1, n // 10) if min_shift is None else min_shift for n in lengths]
    for index, (n, low) in enumerate(zip(lengths, least, strict=True)):
        if n < 2 * low:
            raise ValueError(
                f"trial {index} has {n} time bins: too few to be moved by {low} or more either "
                "way. Make min_shift smaller, or leave the trial out"
            )
    if len(lengths) == 1 and lengths[0] - 2 * least[0] < n_shifts:
        return np.arange(least[0], lengths[0] - least[0] + 1)[:, np.newaxis]
    first, last = np.array(least), np.array(lengths) - np.array(least)
    rng = np.random.default_rng(seed)
    return rng.integers(first, last, size=(n_shifts, len(lengths)), endpoint=True)


def _shifted_correlations(
    prediction: list[Vector], target: list[Vector], shifts: NDArray[np.int64]
) -> Vector:
    ours, theirs = _standardized(prediction), _standardized(target)
    if ours is None or theirs is None:
        return np.full(len(shifts), np.nan)
    sums = np.zeros((6, len(shifts)))
    for index, (p, y) in enumerate(zip(ours, theirs, strict=True)):
        sums += _circular_sums(p, y)[:, shifts[:, index] % len(y)]
    n, p, y, pp, yy, py = sums
    n = np.maximum(np.round(n), 1.0)
    var_p, var_y = pp / n - (p / n) ** 2, yy / n - (y / n) ** 2
    defined = (var_p > _TINY) & (var_y > _TINY)
    scale = np.sqrt(np.where(defined, var_p * var_y, 1.0))
    return np.where(defined, np.clip((py / n - p * y / n**2) / scale, -1.0, 1.0), np.nan)


def _standardized(trials: list[Vector]) -> list[Vector] | None:
    values = np.concatenate(trials)
    values = values[~np.isnan(values)]
    if is_constant(values):
        return None
    return [(trial - values.mean()) / values.std() for trial in trials]


def _circular_sums(prediction: Vector, target: Vector) -> Vector:
    """Give, for every circular shift at once, the six sums that a correlation is made of.

    Each is a cross-correlation, for which the Fourier transform needs T log T steps.
    """
    there = [~np.isnan(prediction), ~np.isnan(target)]
    p, y = np.where(there[0], prediction, 0.0), np.where(there[1], target, 0.0)
    ours = np.fft.rfft([there[0], p, p**2]).conj()
    theirs = np.fft.rfft([there[1], y, y**2])
    products = [
        ours[0] * theirs[0],
        ours[1] * theirs[0],
        ours[0] * theirs[1],
        ours[2] * theirs[0],
        ours[0] * theirs[2],
        ours[1] * theirs[1],
    ]
    return np.asarray(np.fft.irfft(products, n=len(target)))


def _summary(r: float, shifted: Vector, quantile: float) -> tuple[float, float, float, float]:
    if not shifted.size:
        return (math.nan,) * 4
    # sparse counts give many equal correlations: rounding must not tell them apart
    reached = int(np.count_nonzero(shifted >= r - _TINY))
    p_value = math.nan if math.isnan(r) else (1 + reached) / (1 + shifted.size)
    floor, mean, sd = np.quantile(shifted, quantile), shifted.mean(), shifted.std()
    return float(floor), float(mean), float(sd), p_value
