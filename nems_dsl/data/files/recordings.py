"""A recording from files: which are read, how, and what belongs together."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..matching import match_signals
from ..signal import Signal
from .contents import KEYS, LAYOUT, Contents, Reader
from .hdf5 import read_hdf5
from .matlab import read_mat
from .numpy_files import read_npy, read_npz
from .nwb import read_nwb
from .tables import read_csv, read_parquet

Trials = list[np.ndarray]

#: Files that hold several signals, by their endings.
_WHOLE: Mapping[str, Reader] = {
    ".npz": read_npz,
    ".mat": read_mat,
    ".h5": read_hdf5,
    ".hdf5": read_hdf5,
    ".nwb": read_nwb,
}
#: Files that hold one.
_SINGLE = {
    ".npy": read_npy,
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
}
_SIDES = {"stim": {*KEYS["stim"], "s"}, "resp": {*KEYS["resp"], "r"}}


@dataclass(frozen=True, slots=True)
class DataFile:
    """A recording as files hold it.

    Attributes
    ----------
    stim : list of (T_i, channels) float64 arrays
    resp : list of (T_i, channels) float64 arrays
        NaN where a value is missing.
    state : list of (T_i, channels) float64 arrays, or None
    fs : float or None
        Sampling rate in Hz, where the files tell.
    source : str
        The names of the files.
    labels : dict of str to tuple
        Names of the channels of ``stim``, ``resp`` and ``state``, where the files have some.
    notes : tuple of str
        What was read as what, where it was the files that told.
    """

    stim: Trials
    resp: Trials
    state: Trials | None
    fs: float | None
    source: str
    labels: Mapping[str, tuple[Hashable, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def inputs(self) -> dict[str, Trials]:
        """The signals that a model may read."""
        return {"stim": self.stim} | ({} if self.state is None else {"state": self.state})


def read_data_files(
    *paths: str | Path,
    stim: str | None = None,
    resp: str | None = None,
    state: str | None = None,
) -> DataFile:
    """Read a stimulus and a response.

    Parameters
    ----------
    *paths : str or Path
        One file that holds both: .npz, .mat of any version, .h5 or .hdf5, or .nwb. Or two files
        of one signal each: .npy, .csv, .tsv or .parquet, the stimulus and then the response,
        unless their names say otherwise. The page `data` tells what each may hold.
    stim, resp, state : str, optional
        What these are called in a file that holds several signals, where they have names of their
        own.

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
    source = " and ".join(map(str, files))
    endings = [file.suffix.lower() for file in files]
    wanted = {"stim": stim, "resp": resp, "state": state}
    if len(files) == 1 and endings[0] in _WHOLE:
        _check_there(files)
        contents = _WHOLE[endings[0]](files[0], wanted)
    elif len(files) == 2 and all(ending in _SINGLE for ending in endings):
        _check_there(files)
        contents = _read_pair(files)
    else:
        raise ValueError(
            f"cannot read {source or 'no file'}: give one file of {', '.join(_WHOLE)}, or two of "
            f"{', '.join(_SINGLE)}, the stimulus and then the response; {LAYOUT}"
        )
    inputs = {name: s for name, s in contents.signals.items() if name != "resp"}
    matched = match_signals(inputs, contents.signals["resp"])
    signals = {**matched.inputs, "resp": matched.response or contents.signals["resp"]}
    _check_lengths(signals, source)
    return DataFile(
        list(signals["stim"].trials),
        list(signals["resp"].trials),
        list(signals["state"].trials) if "state" in signals else None,
        contents.fs,
        source,
        {name: s.labels for name, s in signals.items() if s.labels is not None},
        contents.notes,
    )


def _check_there(files: Sequence[Path]) -> None:
    # a folder, or no file at all, has its own message, whichever packages are installed
    for file in files:
        with file.open("rb"):
            pass


# ---- pairs -----------------------------------------------------------------------------------


def _read_pair(files: list[Path]) -> Contents:
    ordered = _in_order(files)
    read = {
        signal: _SINGLE[file.suffix.lower()](file, signal)
        for signal, file in zip(("stim", "resp"), ordered, strict=True)
    }
    signals: dict[str, Signal] = {}
    for contents in read.values():
        signals |= contents.signals
    rates = [contents.fs for contents in read.values() if contents.fs is not None]
    notes = tuple(note for contents in read.values() for note in contents.notes)
    if ordered != files:
        notes = (f"{ordered[0]} read as the stimulus, {ordered[1]} as the response", *notes)
    return Contents(signals, rates[0] if rates else None, notes)


def _in_order(files: list[Path]) -> list[Path]:
    """Give the stimulus and then the response, as the names say, or else as they are."""
    sides = [_side_of(file) for file in files]
    return files[::-1] if sides == ["resp", "stim"] else files


def _side_of(file: Path) -> str | None:
    words = set(re.findall(r"[a-z]+", file.stem.lower()))
    sides = [side for side, names in _SIDES.items() if words & names]
    return sides[0] if len(sides) == 1 else None


# ---- together --------------------------------------------------------------------------------


def _check_lengths(signals: Mapping[str, Signal], source: str) -> None:
    stim = signals["stim"]
    for name, signal in signals.items():
        for number, (one, other) in enumerate(zip(stim.trials, signal.trials, strict=True)):
            if len(one) != len(other):
                where = f" in trial {number}" if len(stim.trials) > 1 else ""
                raise ValueError(
                    f"{source}: stim and {name} differ in length{where}: shapes {one.shape} and "
                    f"{other.shape}, time first"
                )
