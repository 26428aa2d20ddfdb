"""Recordings in files: stimulus and response from one npz file, or from a pair of csv files."""

from __future__ import annotations

import csv
import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Trials = list[np.ndarray]

#: What a signal may be called in a file; the first name is the one that messages use.
KEYS = {"stim": ("stim", "x"), "resp": ("resp", "y"), "state": ("state",)}
MISSING = frozenset({"", "nan", "na", "n/a", "none", "null"})
_LAYOUT = "stim and resp, or x and y, or stim_0, stim_1, ... and resp_0, resp_1, ... for trials"


@dataclass(frozen=True, slots=True)
class DataFile:
    """A recording as a file holds it.

    Attributes
    ----------
    stim : list of (T_i, channels) float64 arrays
    resp : list of (T_i, channels) float64 arrays
        NaN where a value is missing.
    state : list of (T_i, channels) float64 arrays, or None
    fs : float or None
        Sampling rate in Hz, where the file tells.
    source : str
        The names of the files.
    """

    stim: Trials
    resp: Trials
    state: Trials | None
    fs: float | None
    source: str

    @property
    def inputs(self) -> dict[str, Trials]:
        """The signals that a model may read."""
        return {"stim": self.stim} | ({} if self.state is None else {"state": self.state})


def read_data_files(*paths: str | Path) -> DataFile:
    """Read a stimulus and a response.

    Parameters
    ----------
    *paths : str or Path
        One npz file, or two csv files: the stimulus, then the response. In an npz file the
        signals are called ``stim`` and ``resp`` (or ``x`` and ``y``), of shape (T, channels),
        (T,) or (trials, T, channels); trials of unequal length are ``stim_0``, ``stim_1``, and so
        on. It may also hold ``state`` and the sampling rate ``fs``. In a csv file time goes down
        the rows, one column is one channel, and a first line of names is skipped.

    Returns
    -------
    DataFile

    Raises
    ------
    ValueError
        A file is damaged or lacks something; names the file and what was found in it.
    OSError
        A file cannot be opened.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "cell.npz"
    ...     np.savez(path, stim=np.zeros((50, 18)), resp=np.zeros(50), fs=100)
    ...     data = read_data_files(path)
    >>> data.stim[0].shape, data.resp[0].shape, data.fs
    ((50, 18), (50, 1), 100.0)
    """
    files = [Path(path) for path in paths]
    suffixes = [file.suffix.lower() for file in files]
    source = " and ".join(map(str, files))
    if suffixes == [".npz"]:
        signals, fs = _read_npz(files[0])
    elif suffixes == [".csv", ".csv"]:
        stim, resp = (_read_csv(file) for file in files)
        signals, fs = {"stim": [stim], "resp": [resp]}, None
    else:
        raise ValueError(
            f"cannot read {source or 'no file'}: give one .npz file, or two .csv files, the "
            "stimulus and then the response"
        )
    _check_lengths(signals, source)
    return DataFile(signals["stim"], signals["resp"], signals.get("state"), fs, source)


# ---- npz -------------------------------------------------------------------------------------


def _read_npz(path: Path) -> tuple[dict[str, Trials], float | None]:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            names = list(stored)
            signals = {}
            for signal, keys in KEYS.items():
                trials = _read_signal(stored, names, keys, path)
                if trials is not None:
                    signals[signal] = trials
            fs = _read_rate(stored["fs"], path) if "fs" in names else None
    except (zipfile.BadZipFile, EOFError) as fault:
        raise ValueError(f"{path} is no npz file, or a damaged one: {fault}") from None
    except TypeError:
        # np.load gives a plain array for a npy file, whatever the file is called
        raise ValueError(f"{path} holds a single array; np.savez writes several") from None
    except ValueError as fault:
        if "pickled" not in str(fault):
            raise
        raise ValueError(f"{path} is no npz file, or a damaged one") from None
    missing = [name for name in ("stim", "resp") if name not in signals]
    if missing:
        found = f"it has {', '.join(names)}" if names else "it is empty"
        raise ValueError(f"{path} has no {' and no '.join(missing)}: {found}; needed are {_LAYOUT}")
    return signals, fs


def _read_signal(stored: Any, names: list[str], keys: Sequence[str], path: Path) -> Trials | None:
    for key in keys:
        if key in names:
            array = _read_array(stored, key, path)
            return list(array) if array.ndim == 3 else [_as_columns(array, key, path)]
        numbered = sorted(
            (name for name in names if re.fullmatch(rf"{key}_\d+", name)),
            key=lambda name: int(name.rpartition("_")[2]),
        )
        if numbered:
            return [_as_columns(_read_array(stored, name, path), name, path) for name in numbered]
    return None


def _read_array(stored: Any, key: str, path: Path) -> np.ndarray:
    try:
        array = stored[key]
    except ValueError:
        raise ValueError(
            f"{path}: {key} is an array of objects; save trials of unequal length as "
            f"{key}_0, {key}_1, ..."
        ) from None
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{path}: {key} must hold real numbers, not {array.dtype}")
    if not 1 <= array.ndim <= 3:
        raise ValueError(
            f"{path}: {key} has shape {array.shape}; it must be (T,), (T, channels) or "
            "(trials, T, channels)"
        )
    if not array.size:
        raise ValueError(f"{path}: {key} has no samples, its shape is {array.shape}")
    return np.asarray(array, dtype=np.float64)


def _as_columns(array: np.ndarray, key: str, path: Path) -> np.ndarray:
    if array.ndim == 3:
        raise ValueError(f"{path}: {key} is one trial, but has shape {array.shape}")
    return array[:, None] if array.ndim == 1 else array


def _read_rate(fs: np.ndarray, path: Path) -> float:
    if fs.size != 1 or fs.dtype.kind not in "iuf" or not 0 < fs.item() < math.inf:
        raise ValueError(f"{path}: fs must be one number above 0, in Hz")
    return float(fs.item())


# ---- csv -------------------------------------------------------------------------------------


def _read_csv(path: Path) -> np.ndarray:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(_read_rows(csv.reader(file, _Dialect.of(file.readline(), file)), path))
    except (UnicodeDecodeError, csv.Error) as fault:
        raise ValueError(f"{path} is no csv file: {fault}") from None
    if not rows:
        raise ValueError(f"{path} has no samples")
    return np.array(rows, dtype=np.float64)


class _Dialect(csv.excel):
    """Plain csv, with the delimiter that the first line shows."""

    @classmethod
    def of(cls, line: str, file: Any) -> type[csv.excel]:
        file.seek(0)
        delimiter = max(",;\t", key=line.count)
        return type("Found", (cls,), {"delimiter": delimiter})


def _read_rows(reader: Any, path: Path) -> Iterator[list[float]]:
    n_columns = 0
    for cells in reader:
        if not any(cell.strip() for cell in cells) and len(cells) < 2:
            continue
        if not n_columns:
            n_columns = len(cells)
            if _is_header(cells, path):
                continue
        if len(cells) != n_columns:
            raise ValueError(
                f"{path}, line {reader.line_num}: {len(cells)} column{'s' * (len(cells) != 1)}, "
                f"where the lines before have {n_columns}"
            )
        values = [_number(cell) for cell in cells]
        if None in values:
            column = values.index(None)
            raise ValueError(
                f"{path}, line {reader.line_num}, column {column + 1}: {cells[column]!r} is not "
                "a number"
            )
        yield [value for value in values if value is not None]


def _is_header(cells: list[str], path: Path) -> bool:
    names = [cell.strip() for cell in cells]
    numbered = [str(number) for number in range(len(names))]
    if len(names) > 1 and (not names[0] or names == numbered):
        # what pandas writes by default: read as samples, it would be wrong without a sign of it
        raise ValueError(
            f"{path}, line 1: these look like the row and column labels of a data frame; write it "
            "with index=False, header=False"
        )
    return any(_number(name) is None for name in names)


def _number(cell: str) -> float | None:
    if cell.strip().lower() in MISSING:
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return None


# ---- together --------------------------------------------------------------------------------


def _check_lengths(signals: dict[str, Trials], source: str) -> None:
    stim = signals["stim"]
    for name, trials in signals.items():
        if len({trial.shape[1] for trial in trials}) > 1:
            shapes = ", ".join(str(trial.shape) for trial in trials)
            raise ValueError(f"{source}: the trials of {name} differ in channels: {shapes}")
        if len(trials) != len(stim):
            raise ValueError(
                f"{source}: {len(stim)} trial{'s' * (len(stim) != 1)} of stim, but "
                f"{len(trials)} of {name}"
            )
        for number, (one, other) in enumerate(zip(stim, trials, strict=True)):
            if len(one) != len(other):
                where = f" in trial {number}" if len(stim) > 1 else ""
                raise ValueError(
                    f"{source}: stim and {name} differ in length{where}: shapes {one.shape} and "
                    f"{other.shape}, time first{_transpose_hint(one, other, name)}"
                )


def _transpose_hint(stim: np.ndarray, other: np.ndarray, name: str) -> str:
    turned = [
        key
        for key, lengths in {
            "stim": (stim.shape[1], other.shape[0]),
            name: (stim.shape[0], other.shape[1]),
            f"stim and {name}": (stim.shape[1], other.shape[1]),
        }.items()
        if lengths[0] == lengths[1]
    ]
    return f"; transpose {turned[0]}" if turned else ""
