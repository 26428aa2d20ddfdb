"""Columns of a response: which of them to fit, and whether there is something in them to fit."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from .trials import Trial


def choose_columns(
    channels: int | str | Sequence[int] | Sequence[str] | None,
    n_columns: int,
    names: Sequence[str] | None = None,
) -> tuple[int, ...]:
    """Read which channels of a response a user means.

    Parameters
    ----------
    channels : int, str, sequence of these, or (n_columns,) sequence of bool, optional
        By number, or by name where the data have names. All of them by default.
    n_columns : int
        How many there are.
    names : sequence of str, optional
        Names of all channels.

    Raises
    ------
    ValueError
        There is no such channel, one is named twice, or none is.

    Examples
    --------
    >>> choose_columns([4, 1], 5), choose_columns([True, False, True], 3), choose_columns(None, 2)
    ((4, 1), (0, 2), (0, 1))
    """
    if channels is None:
        return tuple(range(n_columns))
    array = np.atleast_1d(np.asarray(channels))
    if array.dtype.kind == "U" and names is not None:
        array = np.array(find_columns(array.tolist(), names))
    if array.ndim != 1 or array.size == 0 or array.dtype.kind not in "iub":
        nameless = ", as the response has no names for them" if array.dtype.kind == "U" else ""
        raise ValueError(
            f"channels must be whole numbers from 0, at least one{nameless}, not {channels!r}"
        )
    if array.dtype.kind == "b":
        if len(array) != n_columns or not array.any():
            raise ValueError(
                f"channels has {len(array)} entries of True or False, {int(array.sum())} of them "
                f"True; it needs one for each of the response's {n_columns} channels, and one True"
            )
        array = np.flatnonzero(array)
    chosen = tuple(int(channel) for channel in array)
    for channel in chosen:
        if not 0 <= channel < n_columns:
            raise ValueError(
                f"there is no channel {channel}: the response has {n_columns}, counted from 0"
            )
        if chosen.count(channel) > 1:
            raise ValueError(f"channel {channel} is named twice in channels={channels!r}")
    return chosen


def find_columns(given: Sequence[str], names: Sequence[Hashable] | None) -> list[int]:
    """Find channels of a response that are given as text, by number or by name.

    Parameters
    ----------
    given : sequence of str
    names : sequence of labels, optional
        Those of all channels, where they have some. A text of digits is a number, from 0, and
        not a name.

    Raises
    ------
    ValueError
        No channel has such a name; lists those that there are.

    Examples
    --------
    >>> find_columns(["unit7", "0"], ["unit2", "unit7"])
    [1, 0]
    """
    known = [str(name) for name in names or ()]
    found = []
    for text in given:
        if text.isdigit():
            found.append(int(text))
        elif known.count(text) == 1:
            found.append(known.index(text))
        else:
            listed = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
            there = f"there are {listed}" if known else "the response has no names for its channels"
            raise ValueError(f"no channel is called {text!r}: {there}; or give its number, from 0")
    return found


def check_infinite(target: Sequence[Trial], columns: Sequence[int]) -> None:
    """Refuse columns that are infinite somewhere.

    Raises
    ------
    ValueError
        Names the channel by its number in the response.
    """
    for column in columns:
        for number, trial in enumerate(target):
            infinite = np.isinf(trial[:, column])
            if infinite.any():
                place = f"trial {number}, " if len(target) > 1 else ""
                raise ValueError(
                    f"channel {column} of the response is infinite at {place}bin "
                    f"{int(infinite.argmax())} ({int(infinite.sum())} such values in all); NaN "
                    "marks bins to be left out"
                )


def why_nothing_to_fit(target: Sequence[Trial], column: int, where: str = "") -> str:
    """Tell why there is nothing to be learnt from a column; empty where there is something.

    Parameters
    ----------
    target : sequence of (T_i, channels) arrays
    column : int
    where : str
        Which part of the recording this is of, to be named.

    Examples
    --------
    >>> why_nothing_to_fit([np.array([[1.0, 0.0], [2.0, 0.0]])], 1)
    'channel 1 of the response has no variance: all samples are 0'
    """
    values = np.concatenate([trial[:, column] for trial in target])
    valid = values[~np.isnan(values)]
    if valid.size < 2:
        return (
            f"channel {column} of the response has {valid.size} samples{where} that are not NaN; "
            "at least 2 are needed"
        )
    if valid.min() == valid.max():
        return (
            f"channel {column} of the response has no variance{where}: all samples are {valid[0]:g}"
        )
    return ""
