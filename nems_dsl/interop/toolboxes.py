"""Data of other toolboxes, in the order of axes that models take: time first, or trials first."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data.reading import read_signal


def from_mne(data: Any, picks: Any = None) -> np.ndarray:
    """Return data of MNE with trials first, and channels last.

    Parameters
    ----------
    data : mne.Epochs, mne.io.Raw, mne.Evoked, or array
        An array as `mne.decoding.ReceptiveField` takes it, (times, epochs, features) or
        (times, features).
    picks : optional
        Which channels of an object of MNE, as its ``get_data`` takes them.

    Returns
    -------
    (epochs, times, channels) or (times, channels) float64 array
        What annotations of a Raw mark as bad is NaN, which in a response is left out.

    Raises
    ------
    ValueError
        An array of other axes, or of no real numbers.

    Examples
    --------
    >>> from_mne(np.zeros((500, 4, 18))).shape
    (4, 500, 18)
    """
    if hasattr(data, "get_data"):
        is_raw = hasattr(data, "first_samp")
        options = {"reject_by_annotation": "NaN"} if is_raw else {}
        array = np.asarray(data.get_data(picks=picks, **options))
        return np.ascontiguousarray(array.swapaxes(-2, -1), dtype=np.float64)
    signal = read_signal(data, "the array", role="response")
    if signal.form == "list":
        raise ValueError(
            "MNE keeps its trials in one array, (times, epochs, features), and this is a list; "
            "lists of (T, features) arrays are taken as they are"
        )
    if signal.form == "array":
        return signal.trials[0]
    return np.ascontiguousarray(np.stack(signal.trials).swapaxes(0, 1))


def from_mtrf(data: Any) -> list[np.ndarray]:
    """Return data of mTRFpy, or of the mTRF-Toolbox, as a list of trials.

    Parameters
    ----------
    data : list of (T_i, features) or (T_i,) arrays, array of them, or one array
        A cell of MATLAB, as `scipy.io.loadmat` reads it, is an array of arrays, whatever its
        shape. One array is one trial, or (trials, T, features).

    Returns
    -------
    list of (T_i, features) float64 arrays

    Raises
    ------
    ValueError
        The trials differ in features, or hold no real numbers; names the trial.

    Examples
    --------
    >>> cell = np.empty((1, 2), dtype=object)
    >>> cell[0, 0], cell[0, 1] = np.zeros((300, 16)), np.zeros((250, 16))
    >>> [trial.shape for trial in from_mtrf(cell)]
    [(300, 16), (250, 16)]
    """
    return list(read_signal(data, "the data", role="response").trials)
