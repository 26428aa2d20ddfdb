"""Metrics by name, as `Model.score` and the command line take them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from nems_dsl.metrics.correlation import correlation
from nems_dsl.metrics.errors import explained_variance, mse, nmse, r2
from nems_dsl.metrics.pairing import Signal, Vector
from nems_dsl.metrics.poisson import bits_per_spike, poisson_log_likelihood
from nems_dsl.suggestions import no_such

Metric: TypeAlias = Callable[[Signal, Signal], float | Vector]
"""A function of (prediction, target)."""

METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "correlation": correlation,
        "nmse": nmse,
        "mse": mse,
        "r2": r2,
        "explained_variance": explained_variance,
        "poisson_log_likelihood": poisson_log_likelihood,
        "bits_per_spike": bits_per_spike,
    }
)


def get_metric(name: str) -> Metric:
    """Look a metric up by its name.

    Parameters
    ----------
    name : str
        One of `METRICS`.

    Returns
    -------
    metric : callable
        A function of (prediction, target).

    Raises
    ------
    ValueError
        Where there is no metric of that name; it suggests the nearest one.

    Examples
    --------
    >>> get_metric("r2")([1.0, 2.0], [1.0, 2.0])
    1.0
    >>> get_metric("corelation")
    Traceback (most recent call last):
    ...
    ValueError: no metric 'corelation'; there are 'correlation', ... did you mean 'correlation'?
    """
    if isinstance(name, str) and name in METRICS:
        return METRICS[name]
    raise ValueError(no_such("metric", name, METRICS))
