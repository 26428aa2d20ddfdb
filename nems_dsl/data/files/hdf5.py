"""HDF5: .h5 and .hdf5 files, and what MATLAB writes since version 7.3."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .contents import SAVEZ, Contents, check_size, find_signals, needs, read_rate
from .numpy_files import read_named


def read_hdf5(path: Path, wanted: Mapping[str, str | None], is_matlab: bool = False) -> Contents:
    """Read the datasets of an HDF5 file.

    Trials of unequal length are datasets ``stim_0``, ``stim_1``, ..., or a group ``stim`` of
    datasets ``0``, ``1``, ... The sampling rate is a dataset or an attribute ``fs``.

    Parameters
    ----------
    path : Path
    wanted : mapping of str to str or None
        The name of a signal in this file, where it has one of its own; datasets in groups are
        called ``group/name``.
    is_matlab : bool
        Axes are stored in reverse, and cells as references.

    Raises
    ------
    ValueError
        It is none, damaged, lacks a signal, or takes h5py, which is not there.
    """
    try:
        import h5py
    except ImportError:
        raise needs("h5py", "hdf5", path, SAVEZ) from None
    try:
        file = h5py.File(path, "r")
    except OSError as fault:
        raise ValueError(
            f"{path} is no HDF5 file, or a damaged one: {fault}; write it again, or {SAVEZ}"
        ) from None
    with file:
        names = _names(file)
        found = find_signals(list(names), wanted, path)
        signals = {
            signal: read_named(
                lambda name: _read(file, names[name], path, is_matlab), key, signal, path
            )
            for signal, key in found.items()
        }
        fs = file["fs"] if "fs" in file else file.attrs.get("fs")
        rate = None if fs is None else read_rate(fs[()] if hasattr(fs, "shape") else fs, path)
    return Contents(signals, rate)


def _names(file: Any) -> dict[str, str]:
    """Return the names of all datasets, and where each is; those of a group of trials too."""
    places: dict[str, str] = {}

    def note(place: str, item: Any) -> None:
        if not hasattr(item, "shape") or place.startswith("#"):
            return
        group, _, last = place.rpartition("/")
        places[f"{group}_{last}" if group and last.isdigit() else place] = place

    file.visititems(note)
    return places


def _read(file: Any, place: str, path: Path, is_matlab: bool) -> Any:
    dataset = file[place]
    what = f"{path}: {place}"
    if dataset.shape is None:
        raise ValueError(f"{what} is empty")
    if dataset.dtype.kind == "O":
        return _read_references(file, dataset, what, is_matlab)
    check_size(dataset.shape, dataset.dtype.itemsize, what)
    return _turned(dataset[()], is_matlab)


def _read_references(file: Any, dataset: Any, what: str, is_matlab: bool) -> Any:
    import h5py

    if h5py.check_ref_dtype(dataset.dtype) is None:
        raise ValueError(f"{what} must hold real numbers, not text or objects")
    trials = []
    for reference in np.asarray(dataset[()]).ravel(order="F"):
        trial = file[reference]
        if not hasattr(trial, "shape") or trial.dtype.kind == "O":
            raise ValueError(f"{what} is a cell of cells, or of structs; save one of numbers")
        check_size(trial.shape, trial.dtype.itemsize, what)
        trials.append(_turned(trial[()], is_matlab))
    return trials


def _turned(array: np.ndarray, is_matlab: bool) -> np.ndarray:
    return as_vector(array.T) if is_matlab else array


def as_vector(array: np.ndarray) -> np.ndarray:
    """Return a row of MATLAB, which has no arrays of one axis, as (T,)."""
    return array[0] if array.ndim == 2 and len(array) == 1 else array
