"""Recordings out of one container that holds several signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..data.files import read_data_files
from ..data.reading import read_signal
from ..data.recording import Recording, read_recording
from ..suggestions import no_such

# of a bin: times differ by rounding
_SLACK = 0.01


def from_pandas(table: Any, stim: Sequence[Any], resp: Any, state: Any = None) -> Recording:
    """Read a table in which stimulus and response are columns side by side.

    Parameters
    ----------
    table : pandas.DataFrame
        A row for each bin; its index, of two levels for trials, is that of the bins.
    stim : sequence of column names
    resp : column name, or sequence of them
        NaN is missing.
    state : column name, or sequence of them, optional

    Returns
    -------
    Recording
        To be given in place of x and y, with the names of the columns.

    Raises
    ------
    ValueError
        There is no such column; suggests the nearest.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame(rng.random((50, 3)), columns=["low", "high", "unit"])
    >>> recording = from_pandas(table, ["low", "high"], "unit")
    >>> recording, recording.labels["stim"]
    (Recording(50 bins; stim: 2 channels; response: 1 channel), ('low', 'high'))
    """

    def columns(names: Any) -> Any:
        chosen = [names] if isinstance(names, str) or np.isscalar(names) else list(names)
        for name in chosen:
            if name not in table.columns:
                raise ValueError(no_such("column", name, map(str, table.columns)))
        return table[chosen]

    return read_recording(
        columns(stim), columns(resp), state=None if state is None else columns(state)
    )


def from_xarray(
    dataset: Any, stim: str = "stim", resp: str = "resp", state: str | None = None
) -> Recording:
    """Read the signals of a Dataset of xarray.

    Parameters
    ----------
    dataset : xarray.Dataset
        Arrays with the dimensions that `nems_dsl.data` knows: ``time``, maybe ``trial``, and one
        of channels.
    stim, resp, state : str
        The names of the arrays.

    Returns
    -------
    Recording

    Raises
    ------
    ValueError
        There is no such array, or its dimensions cannot be told apart.

    Examples
    --------
    >>> import xarray
    >>> arrays = {"env": (("time", "band"), np.zeros((50, 4))), "lfp": ("time", np.ones(50))}
    >>> from_xarray(xarray.Dataset(arrays), stim="env", resp="lfp")
    Recording(50 bins; stim: 4 channels; response: 1 channel)
    """
    for name in (stim, resp, state):
        if name is not None and name not in dataset.data_vars:
            raise ValueError(no_such("array", name, map(str, dataset.data_vars)))
    return read_recording(
        dataset[stim], dataset[resp], state=None if state is None else dataset[state]
    )


def from_pynapple(stim: Any, units: Any, state: Any = None) -> Recording:
    """Count spikes in the bins of a stimulus.

    Parameters
    ----------
    stim : pynapple.Tsd or TsdFrame
        Each time is the middle of a bin, as `count` of pynapple has it; each interval of its time
        support is a trial.
    units : pynapple.TsGroup, Ts, Tsd or TsdFrame
        Times of spikes, which are counted; or a response, sampled as the stimulus is.
    state : pynapple.Tsd or TsdFrame, optional

    Returns
    -------
    Recording
        Spikes per bin, NaN where a bin is not within the time support of the units; its labels
        are the names of the units.

    Raises
    ------
    ValueError
        A trial has steps that differ, so that it has no bins.

    Examples
    --------
    >>> import pynapple as nap
    >>> stim = nap.TsdFrame(t=np.arange(100) / 10 + 0.05, d=np.ones((100, 4)))
    >>> spikes = nap.Ts(t=np.array([0.01, 0.08, 5.02]), time_support=nap.IntervalSet(0, 10))
    >>> from_pynapple(stim, spikes).target[0][[0, 1, 50], 0].tolist()
    [2.0, 0.0, 1.0]
    """
    if hasattr(units, "d"):
        return read_recording(stim, units, state=state)
    signal = read_signal(stim, "the stimulus")
    assert signal.times is not None
    trains = {key: units[key] for key in units.keys()} if hasattr(units, "keys") else {0: units}
    support = np.column_stack([units.time_support.start, units.time_support.end])
    counts = []
    for number, times in enumerate(signal.times):
        step = float(np.median(np.diff(times))) if len(times) > 1 else np.nan
        if not (np.abs(np.diff(times) - step) <= _SLACK * step).all() or np.isnan(step):
            raise ValueError(
                f"the steps of trial {number} of the stimulus differ, so that it has no bins; pass "
                "stim.bin_average(bin_size), or a time support without gaps"
            )
        edges = np.append(times - step / 2, times[-1] + step / 2)
        spikes = [np.histogram(np.asarray(train.t), edges)[0] for train in trains.values()]
        counted = np.stack(spikes, axis=1).astype(np.float64)
        counted[~_is_within(edges, support, _SLACK * step)] = np.nan
        counts.append(counted)
    response = counts if signal.form == "list" else counts[0]
    recording = read_recording(stim, response, state=state)
    labels = {**recording.labels, "resp": tuple(trains)}
    return replace(recording, labels=labels)


def from_nwb(
    path: str | Path,
    stim: str | None = None,
    resp: str | None = None,
    state: str | None = None,
) -> Recording:
    """Read a file of Neurodata Without Borders.

    Parameters
    ----------
    path : str or Path
    stim, resp, state : str, optional
        Names of time series; ``resp="units"`` counts the spikes of all units in the bins of the
        stimulus. By default what `nems_dsl.datasets.read_data_files` finds.

    Returns
    -------
    Recording
        With the names of the units, where there are some.

    Raises
    ------
    ValueError
        The file is damaged, lacks a signal, or takes pynwb (``nems_dsl[nwb]``).
    """
    data = read_data_files(path, stim=stim, resp=resp, state=state)
    recording = read_recording(data.stim, data.resp, state=data.state)
    return replace(recording, labels={**recording.labels, **data.labels})


def _is_within(edges: np.ndarray, support: np.ndarray, slack: float) -> np.ndarray:
    """Tell which bins lie in an interval."""
    found = np.zeros(len(edges) - 1, dtype=bool)
    for start, end in support:
        found |= (edges[:-1] >= start - slack) & (edges[1:] <= end + slack)
    return found
