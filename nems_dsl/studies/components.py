"""The few receptive fields that those of all times are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Components:
    """Principal components of local receptive fields.

    Attributes
    ----------
    components : (n_outputs, n, channels, lags) ndarray
        Of norm 1, the strongest first, each with the sign that it has in the average field; 0
        where fewer than n make up all fields.
    explained : (n_outputs, n) ndarray
        The share of each in the variance of all fields.
    weights : (n_outputs, n_times, n) ndarray
        How much of each there is at each time: the best approximation of the field at time t is
        ``sum_i weights[o, t, i] components[o, i]``.
    """

    components: np.ndarray
    explained: np.ndarray
    weights: np.ndarray


def principal_components(fields: Any, n: int = 3, *, center: bool = False) -> Components:
    """Find the few receptive fields that those of all times are made of.

    Parameters
    ----------
    fields : (n_times, n_outputs, channels, lags) array, or trials of these
        As `Model.dstrf` gives them.
    n : int
        How many.
    center : bool
        Take off the mean over time first. Without it variance is about 0, so that a linear model
        has one component, its receptive field, which explains everything.

    Returns
    -------
    Components

    Raises
    ------
    ValueError
        There are fewer than `n` times, or fewer than `n` numbers in a field.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import Model
    >>> x = np.random.default_rng(0).random((100, 18))
    >>> found = principal_components(Model("wc.18x1-fir.1x5").dstrf(x, range(20, 40)), n=2)
    >>> found.components.shape, float(found.explained[0, 0].round(6))
    ((1, 2, 18, 5), 1.0)
    """
    trials = fields if isinstance(fields, list | tuple) or np.ndim(fields) == 5 else [fields]
    whole = np.concatenate([np.asarray(trial, dtype=np.float64) for trial in trials])
    if whole.ndim != 4:
        raise ValueError(
            f"fields must have shape (n_times, n_outputs, channels, lags), not {whole.shape}"
        )
    n_times, n_outputs, n_channels, n_lags = whole.shape
    most = min(n_times, n_channels * n_lags)
    if not 1 <= n <= most:
        raise ValueError(f"n must be from 1 to {most} for {n_times} fields, not {n}")
    components = np.empty((n_outputs, n, n_channels, n_lags))
    explained, weights = np.empty((n_outputs, n)), np.empty((n_outputs, n_times, n))
    for output in range(n_outputs):
        rows = whole[:, output].reshape(n_times, -1)
        mean = rows.mean(axis=0)
        left, sizes, right = np.linalg.svd(rows - mean if center else rows, full_matrices=False)
        # what is left of fields of low rank is but noise of rounding
        sizes[sizes <= sizes[0] * max(rows.shape) * np.finfo(float).eps] = 0
        signs = np.where(right[:n] @ mean < 0, -1.0, 1.0) * (sizes[:n] > 0)
        components[output] = (signs[:, None] * right[:n]).reshape(n, n_channels, n_lags)
        explained[output] = sizes[:n] ** 2 / (np.sum(sizes**2) or 1)
        weights[output] = left[:, :n] * (signs * sizes[:n])
    return Components(components, explained, weights)
