"""Columns that are no channels: times and numbers of trials, known by their names and values."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_TIME = {"time", "times", "timestamp", "timestamps", "datetime"}
#: Names that are often something else: they are times only if they count in equal steps.
_PERHAPS_TIME = {"t", "ts", "sec", "secs", "seconds", "ms", "msec", "date"}
_COUNTERS = {"", "index", "idx", "sample", "samples", "bin", "bins", "frame", "frames", "row"}
_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "usec", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
}
_COUNTED = {"sample", "samples", "bin", "bins", "frame", "frames", "index", "idx", "stamp", "in"}
_TRIALS = {"trial", "trials", "epoch", "epochs"}
_NUMBERS = {"id", "ids", "no", "nr", "num", "number", "index", "idx", "label", "name"}


@dataclass(frozen=True)
class Timing:
    """Which columns of a table are times and trials, and what they say.

    Attributes
    ----------
    time, trial : label of a column, or None
    counter : label of a column, or None
        One that numbers the rows.
    times : (rows,) array, or None
        Of the column of times, or of the one that counts.
    rows : tuple of (T_i,) int arrays, or None
        The rows of each trial.
    trial_labels : tuple, or None
    fs : float or None
        Samples in a second, where the times tell.
    """

    time: Hashable = None
    trial: Hashable = None
    counter: Hashable = None
    times: np.ndarray | None = None
    rows: tuple[np.ndarray, ...] | None = None
    trial_labels: tuple[Hashable, ...] | None = None
    fs: float | None = None

    @property
    def columns(self) -> list[Hashable]:
        """The columns that are no channels."""
        return [name for name in (self.time, self.trial, self.counter) if name is not None]


def find_timing(
    names: Sequence[Hashable], column: Callable[[Hashable], np.ndarray], what: str
) -> Timing:
    """Find the columns of a table that are times, count its rows, or number its trials.

    Parameters
    ----------
    names : sequence of labels
        Those of all columns; what is not text has no meaning here.
    column : callable
        Gives the values of a column, (rows,).
    what : str
        What messages call the table.

    Returns
    -------
    Timing

    Raises
    ------
    ValueError
        Two columns number the trials, or times go back, stand still, or leave a gap.

    Examples
    --------
    >>> table = {"time_s": np.arange(4) / 100, "f0": np.zeros(4), "trial": np.array([1, 1, 2, 2])}
    >>> timing = find_timing(list(table), table.__getitem__, "stim.csv")
    >>> timing.columns, timing.fs, [rows.tolist() for rows in timing.rows]
    (['time_s', 'trial'], 100.0, [[0, 1], [2, 3]])
    """
    texts = [name for name in names if isinstance(name, str)]
    trial, labels, rows = _find_trials(texts, column, what)
    n_rows = len(column(names[0])) if len(names) else 0
    parts = (np.arange(n_rows),) if rows is None else rows
    time: Hashable = None
    times: np.ndarray | None = None
    fs = None
    for name in texts:
        if name == trial or not is_time_name(name):
            continue
        values = column(name)
        if values.dtype.kind not in "iufMm" or time is not None:
            continue
        fault = _find_fault(values, parts)
        if fault and _words(name)[0] in _TIME:
            raise ValueError(
                f"{what}: its column {name!r} {fault}. Number the trials in a column 'trial', "
                "or rename the column if it is a channel, or leave it out"
            )
        if not fault:
            time, times, fs = name, values, _find_rate(name, values, parts)
    counters = [name for name in texts if is_counter_name(name) and name not in (time, trial)]
    counter = next((name for name in counters if _counts(column(name), parts)), None)
    if counter is not None and times is None:
        times = column(counter)
    if rows is not None and time is None and _is_scattered(rows):
        raise ValueError(
            f"{what}: the rows of a trial do not follow each other, and no column of times says "
            f"what their order is; sort them by {trial!r}, or add a column 'time'"
        )
    return Timing(time, trial, counter, times, rows, labels, fs)


def is_trial_name(name: Any) -> bool:
    """Tell whether a column, level or dimension numbers trials, by its name."""
    words = _words(name) if isinstance(name, str) else []
    return bool(words) and words[0] in _TRIALS and set(words[1:]) <= _NUMBERS


def is_time_name(name: str) -> bool:
    """Tell whether a column may be times, by its name."""
    words = _words(name)
    known = {*_UNITS, *_COUNTED}
    return bool(words) and words[0] in _TIME | _PERHAPS_TIME and set(words[1:]) <= known


def is_counter_name(name: str) -> bool:
    """Tell whether a column may number the rows, by its name, or by having none."""
    words = _words(name)
    if name.startswith("Unnamed:") or words == [""]:
        return True
    return bool(words) and words[0] in _COUNTERS and set(words[1:]) <= _NUMBERS


def split_rows(values: np.ndarray) -> tuple[tuple[Hashable, ...], tuple[np.ndarray, ...]]:
    """Return the trials of a table, in the order in which they appear, and the rows of each.

    Examples
    --------
    >>> labels, rows = split_rows(np.array(["b", "a", "b"]))
    >>> labels, [each.tolist() for each in rows]
    (('b', 'a'), [[0, 2], [1]])
    """
    found: dict[Hashable, list[int]] = {}
    for row, label in enumerate(values.tolist()):
        found.setdefault(label, []).append(row)
    labels = tuple(_whole(label) for label in found)
    return labels, tuple(np.array(rows) for rows in found.values())


# ---- trials ----------------------------------------------------------------------------------


def _find_trials(
    names: Sequence[str], column: Callable[[Hashable], np.ndarray], what: str
) -> tuple[str | None, tuple[Hashable, ...] | None, tuple[np.ndarray, ...] | None]:
    found = [name for name in names if is_trial_name(name)]
    if not found:
        return None, None, None
    if len(found) > 1:
        raise ValueError(
            f"{what}: two columns number the trials, {found[0]!r} and {found[1]!r}; keep one"
        )
    values = column(found[0])
    if values.dtype.kind == "f":
        if np.isnan(values).any():
            row = int(np.isnan(values).argmax())
            raise ValueError(f"{what}: its column {found[0]!r} has no number in row {row}")
        if (values != np.round(values)).any():
            return None, None, None
    labels, rows = split_rows(values)
    return found[0], labels, rows


def _whole(label: Hashable) -> Hashable:
    # a missing cell elsewhere makes a float of what one file has as an integer
    return int(label) if isinstance(label, float) and label.is_integer() else label


def _is_scattered(rows: Sequence[np.ndarray]) -> bool:
    return any(len(each) > 1 and (np.diff(each) != 1).any() for each in rows)


# ---- times -----------------------------------------------------------------------------------


def _words(name: str) -> list[str]:
    """Split a name at what is no letter; a name with digits is that of a channel."""
    return [] if re.search(r"\d", name) else re.findall(r"[a-zµ]+", name.lower()) or [""]


def _counts(values: np.ndarray, parts: Sequence[np.ndarray]) -> bool:
    """Tell whether a column numbers the rows, of the table or of each trial."""
    if values.dtype.kind not in "iuf" or not len(values):
        return False
    return all((np.diff(values[rows]) == 1).all() for rows in parts)


def _find_fault(values: np.ndarray, parts: Sequence[np.ndarray]) -> str:
    """Say in what a column differs from times in equal steps; nothing, if it does not."""
    numbers = _as_numbers(values)
    for rows in parts:
        times = numbers[rows]
        if not np.isfinite(times).all():
            return f"has no time in row {rows[int((~np.isfinite(times)).argmax())]}"
        steps = np.diff(times)
        if not len(steps):
            continue
        if (steps <= 0).any():
            row = rows[int((steps <= 0).argmax()) + 1]
            return f"is a time that does not go on in row {row}: {values[row]}"
        typical = float(np.median(steps))
        # times may be rounded, by up to half a step to either side
        if (np.abs(steps - typical) > 1.01 * typical).any():
            place = int((np.abs(steps - typical) > 1.01 * typical).argmax())
            before, after = values[rows[place]], values[rows[place + 1]]
            return f"is a time that leaves a gap at row {rows[place + 1]}: {before} to {after}"
    return "" if max(map(len, parts), default=0) > 1 else "is a single time"


def _find_rate(name: str, values: np.ndarray, parts: Sequence[np.ndarray]) -> float | None:
    numbers = _as_numbers(values)
    longest = numbers[max(parts, key=len)]
    step = float(longest[-1] - longest[0]) / (len(longest) - 1)
    units = [_UNITS[word] for word in _words(name) if word in _UNITS]
    if values.dtype.kind in "Mm":
        seconds = 1e-9
    elif units:
        seconds = units[0]
    elif step == 1 and (longest == np.round(longest)).all():
        # 0, 1, 2, ... are bins, of which nothing tells the length
        return None
    else:
        seconds = 1.0
    rate = 1 / (step * seconds)
    return float(f"{rate:.6g}")


def _as_numbers(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "Mm":
        return values.astype(np.float64)
    unit = "datetime64[ns]" if values.dtype.kind == "M" else "timedelta64[ns]"
    numbers = values.astype(unit).astype(np.int64)
    missing = np.isnat(values)
    return np.where(missing, np.nan, (numbers - numbers[0]).astype(np.float64))
