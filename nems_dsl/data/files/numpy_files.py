"""NumPy's files: .npz of named arrays, .npy of one."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from ..reading import read_signal
from ..signal import Signal
from .contents import ROLES, Contents, check_size, find_signals, read_rate, trial_numbers

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_npz(path: Path, wanted: Mapping[str, str | None]) -> Contents:
    """Read the arrays of an npz file; nothing is unpickled.

    Raises
    ------
    ValueError
        It is none, damaged, or lacks a signal.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            names = list(stored)
            found = find_signals(names, wanted, path)
            signals = {
                signal: read_named(lambda name: _read_member(stored, name, path), key, signal, path)
                for signal, key in found.items()
            }
            fs = read_rate(stored["fs"], path) if "fs" in names else None
    except (zipfile.BadZipFile, EOFError) as fault:
        raise ValueError(f"{path} is no npz file, or a damaged one: {fault}") from None
    except TypeError:
        # np.load gives a plain array for a npy file, whatever the file is called
        raise ValueError(
            f"{path} holds a single array; np.savez writes several, and two .npy files do as well"
        ) from None
    except ValueError as fault:
        if "pickled" not in str(fault) or str(fault).startswith(str(path)):
            raise
        raise ValueError(f"{path} is no npz file, or a damaged one") from None
    return Contents(signals, fs)


def read_npy(path: Path, signal: str) -> Contents:
    """Read the one array of a npy file, as the signal that it is said to be."""
    try:
        with path.open("rb") as stream:
            _check_header(stream, path.stat().st_size, f"{path}")
            stream.seek(0)
            array = np.load(stream, allow_pickle=False)
    except (EOFError, ValueError) as fault:
        if str(fault).startswith(str(path)):
            raise
        raise ValueError(f"{path} is no npy file, or a damaged one: {fault}") from None
    return Contents({signal: read_signal(array, f"{path}", role=ROLES[signal])})


def read_named(read: Callable[[str], Any], key: str | list[str], signal: str, path: Path) -> Signal:
    """Read one signal of a file: an array of its name, or one array for each of its trials.

    Parameters
    ----------
    read : callable
        Gives what the file holds under a name.
    key : str or list of str
    signal : str
        One of `KEYS`.
    path : Path
    """
    role = ROLES[signal]
    if isinstance(key, str):
        return read_signal(read(key), f"{path}: {key}", role=role)
    trials = []
    for name in key:
        # what is missing in a trial is seen to with all of them
        trial = read_signal(read(name), f"{path}: {name}", role="response")
        if trial.form != "array":
            raise ValueError(f"{path}: {name} is one trial, but has shape {np.shape(read(name))}")
        trials.append(trial.trials[0])
    if len({trial.shape[1] for trial in trials}) > 1:
        shapes = ", ".join(str(trial.shape) for trial in trials)
        raise ValueError(f"{path}: the trials of {signal} differ in channels: {shapes}")
    joined = read_signal(trials, f"{path}: {signal}", role=role)
    return replace(joined, trial_labels=trial_numbers(key))


def _read_member(stored: Any, key: str, path: Path) -> np.ndarray:
    member = stored.zip.getinfo(f"{key}.npy")
    with stored.zip.open(member) as stream:
        _check_header(stream, member.file_size, f"{path}: {key}")
    try:
        return np.asarray(stored[key])
    except ValueError as fault:
        if "Object arrays" not in str(fault):
            raise ValueError(f"{path}: {key} is damaged: {fault}") from None
        raise ValueError(
            f"{path}: {key} is an array of objects; save trials of unequal "
            f"length as {key}_0, {key}_1, ..."
        ) from None


def _check_header(stream: IO[bytes], n_bytes: int, what: str) -> None:
    """Refuse an array that is longer than its file, or than memory."""
    version = np.lib.format.read_magic(stream)
    if version not in _HEADERS:
        return
    shape, _, dtype = _HEADERS[version](stream)
    if dtype.hasobject:
        return
    check_size(shape, dtype.itemsize, what)
    if np.prod([float(n) for n in shape]) * dtype.itemsize > n_bytes:
        raise ValueError(f"{what} is damaged: it says shape {shape}, and holds less")
