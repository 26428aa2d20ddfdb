"""MATLAB's files: up to version 7 by SciPy, from 7.3 on as the HDF5 that they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import is_cell
from .contents import SAVEZ, Contents, check_size, find_signals, read_rate
from .hdf5 import as_vector, read_hdf5
from .numpy_files import read_named

_HDF5 = b"MATLAB 7.3"


def read_mat(path: Path, wanted: Mapping[str, str | None]) -> Contents:
    """Read matrices, sparse ones, and cells of trials.

    Raises
    ------
    ValueError
        It is none, damaged, lacks a signal, or keeps one in a struct.
    """
    with path.open("rb") as stream:
        start = stream.read(len(_HDF5))
    if start == _HDF5:
        return read_hdf5(path, wanted, is_matlab=True)
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import MatReadError

    try:
        shapes = {name: shape for name, shape, _ in whosmat(path)}
        names = list(shapes)
        found = find_signals(names, wanted, path)
        keys = [name for key in found.values() for name in ([key] if isinstance(key, str) else key)]
        for name in keys:
            check_size(shapes[name], 8, f"{path}: {name}")
        stored = loadmat(path, variable_names=[*keys, "fs"])
    except ValueError as fault:
        if str(fault).startswith(str(path)):
            raise
        raise _damaged(path, fault) from None
    except (TypeError, KeyError, IndexError, EOFError, OSError, MatReadError) as fault:
        raise _damaged(path, fault) from None
    signals = {
        signal: read_named(lambda name: _plain(stored[name], name, path), key, signal, path)
        for signal, key in found.items()
    }
    return Contents(signals, read_rate(stored["fs"], path) if "fs" in stored else None)


def _plain(value: Any, name: str, path: Path) -> Any:
    if hasattr(value, "toarray"):
        return value.toarray()
    if is_cell(value):
        return [_plain(trial, name, path) for trial in value.ravel(order="F")]
    if getattr(value.dtype, "names", None):
        fields = ", ".join(value.dtype.names[:6])
        raise ValueError(
            f"{path}: {name} is a struct, of {fields}; save the matrices that you mean by "
            f"themselves, as in stim = {name}.{value.dtype.names[0]}"
        )
    return as_vector(np.asarray(value))


def _damaged(path: Path, fault: Exception) -> ValueError:
    return ValueError(
        f"{path} is no mat file, or a damaged one: {fault}; write it again, or {SAVEZ}"
    )
