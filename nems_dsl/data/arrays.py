"""Plain arrays of real numbers, from whatever holds numbers and no labels."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import numpy as np

from .signal import Role

REAL = "biuf"
_OTHER_KINDS = {
    "c": "complex numbers; pass their .real, or np.abs of them",
    "U": "text; if it stands for numbers, pass .astype(float)",
    "S": "text; if it stands for numbers, pass .astype(float)",
    "T": "text; if it stands for numbers, pass .astype(float)",
    "M": "dates; a signal is numbers, and dates belong into the index of a DataFrame",
    "m": "durations; pass them as numbers, such as values / np.timedelta64(1, 's')",
    "O": "Python objects; if they are numbers, pass .astype(float)",
    "V": "records; pass their fields as the columns of one array",
}


def read_numbers(values: Any, what: str, role: Role = "input") -> np.ndarray:
    """Read an array, a masked array, nested lists of numbers, or what converts to an array.

    Parameters
    ----------
    values : array_like
        What is masked in a response is missing, and becomes NaN.
    what : str
        What messages call it.
    role : {"input", "response", "mask"}

    Returns
    -------
    array of real numbers
        Of any shape and any real type; the user's own wherever nothing had to be changed.

    Raises
    ------
    ValueError
        Not real numbers, or masked where nothing may be missing; says what to pass instead.

    Examples
    --------
    >>> read_numbers(np.ma.masked_equal([1, -9999], -9999), "the response", "response").tolist()
    [1.0, nan]
    """
    _refuse_other_things(values, what)
    if isinstance(values, list | tuple):
        values = _read_nested(values, what)
    if isinstance(values, np.ma.MaskedArray):
        return _fill(values, what, role)
    array = _as_array(values, what)
    refuse_objects(array, values, what)
    refuse_other_kinds(array.dtype, what)
    if array.ndim == 0:
        raise ValueError(f"{what} is a single number; it must have shape (T,) or (T, channels)")
    return array


def refuse_other_kinds(dtype: Any, what: str) -> None:
    """Refuse a type that is not one of real numbers, and say what to pass instead."""
    if dtype.kind not in REAL:
        held = _OTHER_KINDS.get(dtype.kind, "something else")
        raise ValueError(f"{what} must hold real numbers, not {dtype}: these are {held}")


def refuse_objects(array: np.ndarray, values: Any, what: str) -> None:
    """Refuse an array of arrays, or what is no array at all, and say what to pass instead."""
    if array.dtype.kind != "O":
        return
    if array.ndim == 0:
        way_out = "; pass list(...) of it" if hasattr(values, "__iter__") else ""
        raise ValueError(f"{what} is a {type(values).__name__}, and not an array{way_out}")
    if any(has_axes(item) for item in array.ravel()):
        raise ValueError(
            f"{what} is an array of arrays; pass them as trials in a list, list(np.ravel(...)), or "
            "as one array, np.stack(...)"
        )


def has_axes(value: Any) -> bool:
    """Tell whether a value is an array, or a table, and not a number or a list of numbers."""
    n_axes = getattr(value, "ndim", None)
    if n_axes is None:
        n_axes = len(getattr(value, "shape", ()))
    return isinstance(n_axes, int) and n_axes > 0


def is_cell(values: Any) -> bool:
    """Tell whether it is an array of arrays, as MATLAB's cells become: (n,), (1, n) or (n, 1)."""
    return (
        isinstance(values, np.ndarray)
        and values.dtype.kind == "O"
        and values.size > 0
        and values.size == max(values.shape, default=0)
        and all(has_axes(item) for item in values.ravel())
    )


# ---- helpers ---------------------------------------------------------------------------------


def _refuse_other_things(values: Any, what: str) -> None:
    if values is None:
        raise ValueError(f"{what} is None; it must be an array, (T,) or (T, channels)")
    if isinstance(values, str | bytes | PurePath):
        raise ValueError(
            f"{what} is a text, {str(values)[:60]!r}; files are read by "
            "nems_dsl.datasets.read_data_files, which gives their arrays"
        )
    if isinstance(values, dict):
        raise ValueError(
            f"{what} is a dict, of {', '.join(map(repr, list(values)[:6]))}; pass one of its values"
        )
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise ValueError(f"{what} is a sparse matrix; pass its .toarray()")
    if isinstance(values, set | frozenset) or hasattr(values, "__next__"):
        raise ValueError(f"{what} is a {type(values).__name__}, and not an array; pass list(...)")


def _read_nested(values: list[Any] | tuple[Any, ...], what: str) -> Any:
    # NumPy drops the masks of arrays that it finds in a list
    if not _holds_masked(values):
        return values
    try:
        return np.ma.stack([_masked(value) for value in values])
    except ValueError:
        raise ValueError(_ragged(what)) from None


def _holds_masked(values: Any) -> bool:
    if isinstance(values, list | tuple):
        return any(_holds_masked(value) for value in values)
    return isinstance(values, np.ma.MaskedArray)


def _masked(values: Any) -> Any:
    if isinstance(values, list | tuple):
        return np.ma.stack([_masked(value) for value in values])
    return np.ma.asarray(values)


def _fill(values: Any, what: str, role: Role) -> np.ndarray:
    refuse_other_kinds(values.dtype, what)
    if values.ndim == 0:
        raise ValueError(f"{what} is a single number; it must have shape (T,) or (T, channels)")
    mask = np.ma.getmask(values)
    array = np.asarray(values.data)
    if not np.any(mask):
        return array
    if role == "response":
        keeps = array.dtype if array.dtype.kind == "f" else np.float64
        filled = np.array(array, dtype=keeps)
        filled[mask] = np.nan
        return filled
    place = ", ".join(map(str, np.argwhere(mask)[0]))
    count = int(np.count_nonzero(mask))
    if role == "mask":
        raise ValueError(f"{what} is itself masked at [{place}] ({count} such values in all)")
    raise ValueError(
        f"{what} is masked at [{place}] ({count} such values in all); fill or cut such bins, and "
        "mask the response there"
    )


def _as_array(values: Any, what: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except ValueError:
        if isinstance(values, list | tuple):
            raise ValueError(_ragged(what)) from None
        raise
    except (TypeError, RuntimeError) as fault:
        raise ValueError(
            f"{what} is a {type(values).__name__} that gives no array: {fault}; pass a NumPy array"
        ) from None


def _ragged(what: str) -> str:
    return (
        f"{what} is ragged; give trials of unequal length as a list of arrays, "
        "[np.array(trial) for trial in ...]"
    )
