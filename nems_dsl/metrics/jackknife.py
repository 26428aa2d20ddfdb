"""Standard errors of metrics that take repeats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from nems_dsl.metrics.pairing import Vector, per_channel
from nems_dsl.metrics.repeats import Repeats, read_repeats, read_with_prediction


class Estimate(NamedTuple):
    """A value and its standard error; each a float for one channel, or (channels,) float64."""

    value: float | Vector
    standard_error: float | Vector


def jackknife(metric: Callable[..., float | Vector], *signals: Any, **options: Any) -> Estimate:
    r"""Evaluate a metric, and its standard error by leaving out one repeat at a time.

    .. math:: \mathrm{se}^2 = \frac{N - 1}{N} \sum_n \left( v_n - \bar v \right)^2

    :math:`v_n` is the value without repeat n. The error is what other repeats of the same stimulus
    would change, not what another stimulus would.

    Parameters
    ----------
    metric : callable
        A metric that takes repeats, as `signal_power` or `normalized_correlation`.
    *signals
        What it takes: repeats, or a prediction and repeats.
    **options
        Passed on to the metric.

    Returns
    -------
    value : float, or (channels,) float64
        The metric on all repeats.
    standard_error : float, or (channels,) float64
        NaN for fewer than three repeats, or where leaving out one leaves the value undefined.

    Raises
    ------
    ValueError
        As the metric does.
    TypeError
        Where neither repeats, nor a prediction and repeats, were passed.

    References
    ----------
    B. Efron and C. Stein (1981), The jackknife estimate of variance, Annals of Statistics 9,
    586-596: on average it is not too small.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl.metrics import signal_power
    >>> rng = np.random.default_rng(0)
    >>> repeats = rng.standard_normal((2000, 1)) + rng.standard_normal((2000, 10))
    >>> value, error = jackknife(signal_power, repeats)
    >>> abs(value - 1) < 0.1, 0.01 < error < 0.02
    (True, True)
    """
    given, array = _split(signals)
    value = np.atleast_1d(metric(*signals, **options))
    n_repeats = len(array)
    if n_repeats < 3:
        return Estimate(per_channel(value.tolist()), per_channel([np.nan] * value.size))
    without = np.array(
        [
            np.atleast_1d(metric(*given, np.delete(array, index, axis=0), **options))
            for index in range(n_repeats)
        ]
    )
    # a repeat that a channel does not have is not one that could be left out
    there = np.any(~np.isnan(array), axis=1)
    errors = [_error(without[there[:, channel], channel]) for channel in range(value.size)]
    return Estimate(per_channel(value.tolist()), per_channel(errors))


def _split(signals: tuple[Any, ...]) -> tuple[tuple[Any, ...], Vector]:
    if len(signals) == 1:
        repeats: Repeats = signals[0]
        return (), read_repeats(repeats)
    if len(signals) == 2:
        prediction, array = read_with_prediction(*signals)
        return (prediction,), array
    raise TypeError(
        f"jackknife takes a metric, and repeats or a prediction and repeats; got {len(signals)} "
        "signals"
    )


def _error(without: Vector) -> float:
    n = len(without)
    if n < 3:
        return float("nan")
    return float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
