"""Containers that know names and times: pandas, polars, records, xarray, pynapple.

None of their packages is imported: a container is known by what it has.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np

from .._warn import warn_user
from .arrays import read_numbers, refuse_objects, refuse_other_kinds
from .signal import DataWarning, Form, Role, Signal
from .timing import Timing, find_timing, is_trial_name, split_rows

_TIME_DIMS = ("time", "times", "t", "sample", "samples", "bin", "bins", "frame", "frames")
_TRIAL_DIMS = ("trial", "trials", "epoch", "epochs", "repeat", "repeats", "rep", "presentation")


def read_labelled(values: Any, what: str, role: Role) -> Signal | None:
    """Read a container that knows names or times; None if it is not one.

    Parameters
    ----------
    values : object
    what : str
        What messages call it.
    role : {"input", "response", "mask"}

    Returns
    -------
    Signal or None
        Its numbers are as the container has them: real, of any type, finite or not.

    Raises
    ------
    ValueError
        It holds something other than numbers, or several signals; says what to pass instead.
    """
    if hasattr(values, "iloc") and hasattr(values, "index"):
        return _read_pandas(values, what, role)
    if hasattr(values, "time_support"):
        return _read_pynapple(values, what, role)
    if hasattr(values, "dims") and hasattr(values, "coords"):
        return _read_xarray(values, what, role)
    if hasattr(values, "to_pandas") and hasattr(values, "column_names"):
        return _read_pandas(values.to_pandas(), what, role)
    if hasattr(values, "to_numpy") and hasattr(values, "get_column"):
        names = list(values.columns)
        return _read_columns(names, lambda name: values[name].to_numpy(), what, role)
    if getattr(getattr(values, "dtype", None), "names", None):
        names = list(values.dtype.names)
        return _read_columns(names, lambda name: values[name], what, role)
    return None


# ---- pandas ----------------------------------------------------------------------------------


def _read_pandas(values: Any, what: str, role: Role) -> Signal:
    if values.ndim == 1:
        name = values.name
        signal, _ = read_frame(values.to_frame(), what, role)
        return replace(signal, labels=None if name is None else (name,))
    signal, timing = read_frame(values, what, role)
    if timing.columns:
        _warn_of_columns(timing, what)
    return signal


def read_frame(frame: Any, what: str, role: Role, has_index: bool = True) -> tuple[Signal, Timing]:
    """Read a DataFrame of pandas.

    Parameters
    ----------
    frame : pandas.DataFrame
        Of a column for each channel, besides those that are times or number its trials.
    what : str
        What messages call it.
    role : {"input", "response", "mask"}
    has_index : bool
        The labels of its rows say something, and are not merely their numbers.

    Returns
    -------
    signal : Signal
    timing : Timing
        Which columns are no channels.

    Raises
    ------
    ValueError
        A column holds something other than numbers, or times that are none; names it.
    """
    names = list(frame.columns)
    timing = Timing()
    if len(names) > 1 and frame.columns.is_unique:
        timing = find_timing(names, lambda name: _plain(frame[name]), what)
        frame = frame.drop(columns=timing.columns) if timing.columns else frame
    for place, dtype in enumerate(frame.dtypes):
        column = f"column {frame.columns[place]!r} of {what}"
        if isinstance(dtype, np.dtype) and dtype.kind == "O":
            refuse_objects(frame.iloc[:, place].to_numpy(), frame, column)
        refuse_other_kinds(_kind_of(dtype), column)
    dtypes = set(frame.dtypes)
    if len(dtypes) == 1 and isinstance(next(iter(dtypes)), np.dtype):
        matrix = frame.to_numpy()
    else:
        matrix = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    times, rows, trial_labels = _read_index(frame.index) if has_index else (None, None, None)
    if timing.times is not None:
        times = timing.times
    if timing.rows is not None:
        rows, trial_labels = timing.rows, timing.trial_labels
    return _make(matrix, what, tuple(frame.columns), times, rows, trial_labels), timing


def _plain(column: Any) -> np.ndarray:
    if getattr(column.dtype, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    if not isinstance(column.dtype, np.dtype) and column.dtype.kind in "iuf":
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(column.to_numpy())


class _Kind:
    """The kind of a type that NumPy does not have, under the name that pandas prints."""

    def __init__(self, dtype: Any, kind: str) -> None:
        self.kind, self._name = kind, str(dtype)

    def __str__(self) -> str:
        return self._name


def _kind_of(dtype: Any) -> Any:
    if isinstance(dtype, np.dtype):
        return dtype
    return _Kind(dtype, "U" if "str" in str(dtype) else getattr(dtype, "kind", "O"))


def _read_index(
    index: Any,
) -> tuple[np.ndarray, tuple[np.ndarray, ...] | None, tuple[Hashable, ...] | None]:
    if getattr(index, "nlevels", 1) == 1:
        if getattr(index, "tz", None) is not None:
            index = index.tz_convert("UTC").tz_localize(None)
        return np.asarray(index.to_numpy()), None, None
    levels = list(index.names)
    trial = next((level for level in levels if is_trial_name(level)), None)
    if trial is None:
        return np.asarray(index.to_numpy()), None, None
    labels, rows = split_rows(np.asarray(index.get_level_values(trial)))
    times, _, _ = _read_index(index.droplevel(trial))
    return times, rows, labels


# ---- other tables ----------------------------------------------------------------------------


def _read_columns(names: list[str], column: Any, what: str, role: Role) -> Signal:
    timing = find_timing(names, lambda name: np.asarray(column(name)), what)
    channels = [name for name in names if name not in timing.columns]
    if not channels:
        timing, channels = Timing(), names
    elif timing.columns:
        _warn_of_columns(timing, what)
    read = [read_numbers(column(name), f"column {name!r} of {what}", role) for name in channels]
    matrix = np.stack([values.ravel() if values.ndim < 2 else values for values in read], axis=-1)
    return _make(
        matrix, what, tuple(channels), timing.times, timing.rows, timing.trial_labels
    )  # fmt: skip


def _warn_of_columns(timing: Timing, what: str) -> None:
    said = {
        timing.time: "its times",
        timing.trial: "the numbers of its trials",
        timing.counter: "the numbers of its rows",
    }
    read = " and ".join(f"column {name!r} as {said[name]}" for name in timing.columns)
    warn_user(
        f"{what}: read {read}, and not as a channel; rename the column if it is one, or make it "
        "the index, which says the same without this warning",
        DataWarning,
    )


def _make(
    matrix: np.ndarray,
    what: str,
    labels: tuple[Hashable, ...] | None,
    times: np.ndarray | None,
    rows: tuple[np.ndarray, ...] | None,
    trial_labels: tuple[Hashable, ...] | None,
) -> Signal:
    if rows is None:
        whole = None if times is None else (times,)
        form: Form = "stack" if matrix.ndim == 3 else "array"
        return Signal((matrix,), form, what, labels, whole)
    parts = tuple(_take(matrix, each) for each in rows)
    whole = None if times is None else tuple(times[each] for each in rows)
    return Signal(parts, "list", what, labels, whole, trial_labels)


def _take(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
    # rows that follow each other are a view
    if len(rows) == rows[-1] - rows[0] + 1:
        return matrix[rows[0] : rows[-1] + 1]
    return matrix[rows]


# ---- xarray ----------------------------------------------------------------------------------


def _read_xarray(values: Any, what: str, role: Role) -> Signal:
    if hasattr(values, "data_vars"):
        names = ", ".join(repr(str(name)) for name in list(values.data_vars)[:6])
        first = next(iter(values.data_vars), "name")
        raise ValueError(
            f"{what} is a Dataset, of {names or 'nothing'}; pass one array of it, such as "
            f"dataset[{str(first)!r}]"
        )
    dims = [str(dim) for dim in values.dims]
    if all(dim == f"dim_{place}" for place, dim in enumerate(dims)):
        # nobody named them: the order counts, as for NumPy
        return _plain_array(values, what, role)
    trial, time, channels = find_dims(dims, what)
    order = [dim for dim in (trial, time, *channels) if dim is not None]
    turned = values.transpose(*order)
    array = read_numbers(turned.values, what, role)
    if not channels:
        array = array[..., np.newaxis]
    labels = _coordinate(turned, channels[0]) if channels else None
    times = _coordinate(turned, time)
    named = None if labels is None else tuple(labels.tolist())
    if trial is None:
        return Signal((array,), "array", what, named, None if times is None else (times,))
    numbers = _coordinate(turned, trial)
    return Signal(
        tuple(array),
        "stack",
        what,
        named,
        None if times is None else (times,) * len(array),
        None if numbers is None else tuple(numbers.tolist()),
    )


def find_dims(dims: list[str], what: str) -> tuple[str | None, str, list[str]]:
    """Tell which dimension of a DataArray is trials, which is time, and which is channels.

    Parameters
    ----------
    dims : list of str
    what : str
        What messages call the array.

    Returns
    -------
    trial : str or None
    time : str
    channels : list of str
        One, or none.

    Raises
    ------
    ValueError
        Their names do not tell; says what to pass instead.

    Examples
    --------
    >>> find_dims(["freq", "time"], "the input")
    (None, 'time', ['freq'])
    """
    time = next((dim for dim in dims if dim.lower() in _TIME_DIMS), None)
    trial = next((dim for dim in dims if dim.lower() in _TRIAL_DIMS), None)
    numbered = [dim for dim in dims if dim.lower() in _TRIAL_DIMS]
    if len(numbered) > 1:
        listed = ", ".join(map(repr, numbered))
        raise ValueError(
            f"{what} has {len(numbered)} dimensions of trials: {listed}; make one of them: pass "
            f".stack(trials=[{listed}])"
        )
    channels = [dim for dim in dims if dim not in (time, trial)]
    if time is None:
        raise ValueError(
            f"{what} has the dimensions {', '.join(dims)}, and none of them is called 'time'; "
            f"pass .rename({{{dims[0]!r}: 'time'}}), with the one that is"
        )
    if len(channels) > 1:
        listed = ", ".join(map(repr, channels))
        raise ValueError(
            f"{what} has {len(channels)} dimensions besides time and trials: {listed}; make one of "
            f"them: pass .stack(channel=[{listed}])"
        )
    return trial, time, channels


def _plain_array(values: Any, what: str, role: Role) -> Signal:
    array = read_numbers(values.values, what, role)
    return Signal((array,), "array", what)


def _coordinate(values: Any, dim: str) -> np.ndarray | None:
    return np.asarray(values.coords[dim].values) if dim in values.coords else None


# ---- pynapple --------------------------------------------------------------------------------


def _read_pynapple(values: Any, what: str, role: Role) -> Signal:
    kind = type(values).__name__
    if not hasattr(values, "d"):
        raise ValueError(
            f"{what} is a {kind}, of times of events; pass their counts in bins, "
            ".count(bin_size) with the bin in seconds"
        )
    array = read_numbers(np.asarray(values.d), what, role)
    if array.ndim > 2:
        raise ValueError(
            f"{what} is a {kind} of shape {array.shape}; one axis of channels is read: pass "
            f"nap.TsdFrame(t=x.t, d=x.d.reshape(len(x.t), -1), time_support=x.time_support)"
        )
    labels = tuple(values.columns) if array.ndim == 2 and hasattr(values, "columns") else None
    times = np.asarray(values.t, dtype=np.float64)
    support = values.time_support
    starts, ends = np.asarray(support.start), np.asarray(support.end)
    if len(starts) < 2:
        return Signal((array,), "array", what, labels, (times,))
    first = np.searchsorted(times, starts, side="left")
    last = np.searchsorted(times, ends, side="right")
    # an interval may hold no sample, as that between two counts
    spans = [slice(int(i), int(j)) for i, j in zip(first, last, strict=True) if j > i]
    return Signal(
        tuple(array[span] for span in spans),
        "list",
        what,
        labels,
        tuple(times[span] for span in spans),
        is_cut=len(spans) > 1,
    )
