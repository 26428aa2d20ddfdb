"""Neurodata Without Borders: a time series by name, and spikes of units counted in its bins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..reading import read_signal
from ..signal import Role, Signal
from .contents import KEYS, SAVEZ, Contents, check_size, needs

UNITS = "units"


def read_nwb(path: Path, wanted: Mapping[str, str | None]) -> Contents:
    """Read a stimulus, a response, and maybe a state, from an NWB file.

    The stimulus is the time series of that name, or the only one among the stimuli. The response
    is the time series of that name, or else the spikes of all units, counted in the bins of the
    stimulus; where a unit was not observed they are missing.

    Parameters
    ----------
    path : Path
    wanted : mapping of str to str or None
        The names of series for ``stim``, ``resp`` and ``state``; ``units`` for spikes of units.

    Raises
    ------
    ValueError
        It is none, damaged, lacks a signal, or takes pynwb, which is not there.
    """
    try:
        import pynwb
    except ImportError:
        raise needs("pynwb", "nwb", path, SAVEZ) from None
    try:
        io = pynwb.NWBHDF5IO(path, "r")
    except (OSError, ValueError, TypeError, KeyError) as fault:
        raise ValueError(f"{path} is no NWB file, or a damaged one: {fault}") from None
    with io:
        file = io.read()
        series = _find_series(file)
        stim = _read_series(_choose(series, file, "stim", wanted, path), path, "input")
        signals, notes = {"stim": stim}, [f"{path}: the stimulus is {_last(stim.what)}"]
        response = wanted.get("resp") or _first_named(series, "resp") or UNITS
        if response == UNITS:
            signals["resp"] = _count_spikes(file, stim, path)
            notes.append(
                f"{path}: the response is the spikes of {signals['resp'].n_channels} units"
            )
        else:
            chosen = _choose(series, file, "resp", {"resp": response}, path)
            signals["resp"] = _read_series(chosen, path, "response")
        state = wanted.get("state") or _first_named(series, "state")
        if state:
            chosen = _choose(series, file, "state", {"state": state}, path)
            signals["state"] = _read_series(chosen, path, "input")
    return Contents(signals, _find_rate(stim), tuple(notes))


# ---- series ----------------------------------------------------------------------------------


def _find_series(file: Any) -> dict[str, Any]:
    """Return all time series of real numbers, by name."""
    found: dict[str, Any] = {}
    for item in file.objects.values():
        if not hasattr(item, "timestamps") or getattr(item, "data", None) is None:
            continue
        if getattr(item.data, "dtype", np.dtype(object)).kind in "biuf":
            found.setdefault(item.name, item)
    return found


def _first_named(series: Mapping[str, Any], signal: str) -> str | None:
    lower = {name.lower(): name for name in series}
    return next((lower[key] for key in KEYS[signal] if key in lower), None)


def _choose(
    series: Mapping[str, Any], file: Any, signal: str, wanted: Mapping[str, str | None], path: Path
) -> Any:
    name = wanted.get(signal) or _first_named(series, signal)
    if name is not None and name in series:
        return series[name]
    presented = [item for item in series if item in file.stimulus]
    if name is None and len(presented) == 1:
        return series[presented[0]]
    listed = ", ".join(list(series)[:12]) or "none"
    lacks = f"has no time series {name!r}" if name else f"does not say which series is {signal}"
    raise ValueError(f"{path} {lacks}; name one of them, {signal}=...: {listed}")


def _read_series(series: Any, path: Path, role: Role) -> Signal:
    what = f"{path}: {series.name}"
    check_size(series.data.shape, 8, what)
    values = np.asarray(series.data[:])
    if values.ndim > 2:
        raise ValueError(
            f"{what} has shape {values.shape}; one axis of channels is read, beside that of time"
        )
    signal = read_signal(values, what, role=role)
    if series.timestamps is not None:
        times = np.asarray(series.timestamps[:], dtype=np.float64)
    else:
        start = series.starting_time or 0.0
        times = start + np.arange(len(values)) / series.rate
    return replace(signal, times=(times,))


def _last(what: str) -> str:
    return what.rpartition(": ")[2]


def _find_rate(signal: Signal) -> float | None:
    assert signal.times is not None
    times = signal.times[0]
    return None if len(times) < 2 else float(f"{1 / float(np.median(np.diff(times))):.6g}")


# ---- units -----------------------------------------------------------------------------------


def _count_spikes(file: Any, stim: Signal, path: Path) -> Signal:
    units = file.units
    if units is None or len(units) == 0 or "spike_times" not in units.colnames:
        raise ValueError(
            f"{path} has no units with times of spikes, and no series resp; name the series that "
            "is the response, resp=..."
        )
    assert stim.times is not None
    times = stim.times[0]
    step = float(np.median(np.diff(times)))
    edges = np.append(times, times[-1] + step)
    if (np.abs(np.diff(times) - step) > 0.5 * step).any():
        place = int((np.abs(np.diff(times) - step) > 0.5 * step).argmax())
        raise ValueError(
            f"{stim.what} leaves a gap at {times[place]:g} s, so that spikes cannot be counted in "
            f"its bins; {SAVEZ}, with a list of trials"
        )
    has_intervals = "obs_intervals" in units.colnames
    counts = np.empty((len(times), len(units)))
    for unit in range(len(units)):
        spikes = np.sort(units.get_unit_spike_times(unit))
        counts[:, unit] = np.diff(np.searchsorted(spikes, edges))
        if has_intervals:
            intervals = np.atleast_2d(units.get_unit_obs_intervals(unit))
            counts[~_is_observed(times, step, intervals), unit] = np.nan
    labels = tuple(str(unit) for unit in units.id[:])
    return Signal((counts,), "array", f"{path}: {UNITS}", labels, (times,))


def _is_observed(times: np.ndarray, step: float, intervals: np.ndarray) -> np.ndarray:
    """Tell which bins lie within an interval, but for a hundredth of their length."""
    slack = 0.01 * step
    observed = np.zeros(len(times), dtype=bool)
    for start, stop in intervals:
        observed |= (times >= start - slack) & (times + step <= stop + slack)
    return observed
