"""Pointing out data whose units starting values are not made for."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence

import numpy as np

# starting values suit signals of about 1; beyond this a sigmoid may start out saturated
_LARGEST = 30.0


class ScaleWarning(UserWarning):
    """Data so large that a fit from the usual start may end far from the best."""


def warn_of_scales(
    inputs: Mapping[str, Sequence[np.ndarray]], target: Sequence[np.ndarray]
) -> None:
    """Warn where the size of a signal, or the spread of the target, is far above 1.

    Parameters
    ----------
    inputs : mapping of str to list of (T_i, channels) arrays
    target : list of (T_i, channels) arrays
        NaN is left out.
    """
    for name, trials in inputs.items():
        power = sum(float(np.sum(trial**2)) for trial in trials)
        size = np.sqrt(power / sum(trial.size for trial in trials))
        _warn(f"the input {name!r} has a root mean square of", float(size))
    spread = float(np.nanstd(np.concatenate([trial.ravel() for trial in target])))
    _warn("the target has a standard deviation of", spread)


def _warn(what: str, size: float) -> None:
    if size > _LARGEST:
        warnings.warn(
            f"{what} {size:.3g}; fits start from values that suit signals of about 1, and may end "
            "far from the best otherwise: scale it",
            ScaleWarning,
            stacklevel=5,
        )
