"""Data sets of a sweep: read once, told apart by a digest, and shared by memory map."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...data.files import DataFile, read_data_files
from ...data.recording import Recording, read_recording
from ...data.trials import STIMULUS, check_match, with_state
from ...errors import NemsError, NemsWarning
from ...studies.design import Design

#: What a response may be called in a dict of signals.
RESPONSES = ("resp", "y")
_STIMULI = ("stim", "x", "input")
_SAMPLING_RATE = "fs"
_REPEATS = "repeats"
_FORMS = (
    "a tuple (x, y), (x, y, repeats) or (x, y, repeats, state), a dict with stim and resp, a "
    "Recording, the path of an npz file, or a function that gives one of these"
)


@dataclass(frozen=True)
class Dataset:
    """A data set as workers find it: arrays in files, which are mapped into memory.

    Attributes
    ----------
    name : str
    digest : str
        SHA-256 of its name, and of the names, types, shapes and bytes of its signals.
    files : dict of str to str
        The file of each signal that models read, trials one after the other.
    response : str
        The file of the response.
    lengths : tuple of int
        Bins of each trial.
    n_inputs : dict of str to int
        Channels of each signal.
    n_channels : int
        Channels of the response.
    groups : tuple or None
        A label for each trial; trials with the same label are held out together.
    fault : Exception or None
        Why it could not be loaded; nothing but its name is known then.
    source : str or None
        The file that it was read from, if it was one.
    """

    name: str
    digest: str
    files: dict[str, str]
    response: str
    lengths: tuple[int, ...]
    n_inputs: dict[str, int]
    n_channels: int
    groups: tuple[Hashable, ...] | None = None
    fault: Exception | None = None
    source: str | None = None

    def open(self) -> Recording:
        """Map the arrays into memory; processes share what none of them writes to.

        Raises
        ------
        SharedFilesError
            This process does not see the files.
        """
        try:
            signals = {name: self._map(file) for name, file in self.files.items()}
            return Recording(signals, self._map(self.response))
        except OSError as fault:
            raise SharedFilesError(
                f"a worker cannot read the data set {self.name!r} from {self.response}: {fault}; "
                "say by scratch= a folder that all workers see"
            ) from fault

    def _map(self, file: str) -> tuple[np.ndarray, ...]:
        # "r" would make compiled code for arrays that are read-only, a second time
        whole = np.load(file, mmap_mode="c")
        return tuple(np.split(np.asarray(whole), np.cumsum(self.lengths)[:-1]))


class DatasetWarning(NemsWarning):
    """A data set of several that could not be loaded."""


class SharedFilesError(NemsError, RuntimeError):
    """Workers do not see the files in which data are shared with them."""


def share_datasets(datasets: Any, folder: str | Path) -> list[Dataset]:
    """Read data sets, check them, and put them where workers can map them into memory.

    They are read one after the other, and none is kept, so that files and functions may give more
    than fits into memory together.

    Parameters
    ----------
    datasets : mapping of str to data, path, or sequence of paths
        Each is a tuple (x, y), (x, y, repeats) or (x, y, repeats, state); a dict with ``stim`` and
        ``resp``, and maybe ``state``, ``repeats`` and further signals; a `Recording`, which may
        stand for x and y in a tuple too; the path of an npz file; or a function that gives one of
        these. `repeats` has a label for each trial: trials with the same label, such as repeats of
        one stimulus, are held out together. Paths without a name are named after their files.
    folder : path
        Must exist.

    Returns
    -------
    list of Dataset

    Raises
    ------
    Exception
        No data set can be loaded: names the first, and says what is wrong in it. One of several
        that cannot be loaded is among those returned, with its `fault`.

    Examples
    --------
    >>> import tempfile
    >>> x, y = np.zeros((5, 40, 18)), np.arange(200.0).reshape(5, 40, 1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     (dataset,) = share_datasets({"cell": (x, y)}, folder)
    ...     dataset.n_inputs, dataset.lengths, dataset.open().n_channels
    ({'stim': 18}, (40, 40, 40, 40, 40), 1)
    """
    named = _name(datasets)
    if not named:
        raise ValueError("there are no data sets to sweep over")
    shared: list[Dataset] = []
    for number, (name, given) in enumerate(named.items()):
        try:
            shared.append(_share(name, given, Path(folder) / f"{number:05d}"))
        except Exception as fault:
            # one data set costs itself and no other; but if there is no other, nothing is left
            if len(named) == 1:
                raise
            shared.append(_unloaded(name, fault))
    if all(dataset.fault is not None for dataset in shared):
        assert shared[0].fault is not None
        raise shared[0].fault
    return shared


def _unloaded(name: str, fault: Exception) -> Dataset:
    digest = hashlib.sha256(json.dumps([name, "could not be loaded"]).encode())
    return Dataset(name, digest.hexdigest(), {}, "", (), {}, 0, None, fault)


# ---- names -----------------------------------------------------------------------------------


def _name(datasets: Any) -> dict[str, Any]:
    if isinstance(datasets, Mapping):
        for name in datasets:
            if not isinstance(name, str) or not name:
                raise TypeError(f"data sets are named by text that is not empty, not by {name!r}")
            _check_name(name, "")
        return dict(datasets)
    if isinstance(datasets, str | Path):
        datasets = [datasets]
    if not isinstance(datasets, Sequence) or not all(isinstance(d, str | Path) for d in datasets):
        raise TypeError(
            "datasets must be a dict of names and data, such as {'cell1': (x, y)}, or paths of npz "
            f"files, not {type(datasets).__name__}"
        )
    named: dict[str, Any] = {}
    for path in map(Path, datasets):
        if path.stem in named:
            raise ValueError(
                f"two data sets are called {path.stem!r}: {named[path.stem]} and {path}; give a "
                "dict of names and paths"
            )
        _check_name(path.stem, "; give a dict of names and paths")
        named[path.stem] = path
    return named


def _check_name(name: str, way: str) -> None:
    # files whose names are of another encoding are read with such characters in them
    if odd := next(filter(_is_odd, name), None):
        raise ValueError(
            f"the name {name!a} of a data set has the character {odd!a}, which cannot be "
            f"shown or stored: take another name{way}"
        )


def _is_odd(sign: str) -> bool:
    # what moves the cursor, or turns the writing around, would make a log or a table lie
    is_turning = "\u202a" <= sign <= "\u202e" or "\u2066" <= sign <= "\u2069"
    return is_turning or unicodedata.category(sign) in ("Cc", "Cs")


# ---- reading ---------------------------------------------------------------------------------


def _share(name: str, given: Any, stem: Path) -> Dataset:
    try:
        x, y, groups = _take_apart(given)
        recording = read_recording(x, y)
        target = recording.target
        check_match(target, recording.lengths)
        labels = _read_groups(groups, len(target))
    except Exception as fault:
        if type(fault) in (ValueError, TypeError):
            raise type(fault)(f"data set {name!r}: {fault}") from fault
        fault.add_note(f"while the data set {name!r} was loaded")
        raise
    digest = hashlib.sha256(json.dumps([name, labels], default=str).encode())
    files = {
        signal: _write(digest, signal, trials, f"{stem}-{number}.npy")
        for number, (signal, trials) in enumerate(sorted(recording.signals.items()))
    }
    response = _write(digest, "the response", target, f"{stem}-resp.npy")
    return Dataset(
        name,
        digest.hexdigest(),
        files,
        response,
        tuple(len(trial) for trial in target),
        {signal: trials[0].shape[1] for signal, trials in recording.signals.items()},
        target[0].shape[1],
        None if labels is None else tuple(labels),
        source=str(Path(given).absolute()) if isinstance(given, str | Path) else None,
    )


def _take_apart(given: Any) -> tuple[Any, Any, Any]:
    """Give the input, the response and the labels of trials."""
    if callable(given):
        given = given()
    if isinstance(given, str | Path):
        given = read_data_files(given)
    if isinstance(given, Recording):
        return given, None, None
    if isinstance(given, DataFile):
        return given.inputs, given.resp, None
    if isinstance(given, Mapping):
        return _read_mapping(given)
    if hasattr(given, "stim") and hasattr(given, "resp"):
        return given.stim, given.resp, None
    if not isinstance(given, tuple | list) or not 2 <= len(given) <= 4:
        raise TypeError(f"it must be {_FORMS}, not {_describe(given)}")
    x, y, groups, state = (*given, None, None)[:4]
    if isinstance(x, Recording) and state is not None:
        raise TypeError("a state goes with a stimulus as you have it, not with data read before")
    return with_state(x, state), y, groups


def _read_mapping(given: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    responses = [key for key in RESPONSES if key in given]
    stimuli = [key for key in _STIMULI if key in given]
    if len(responses) != 1 or len(stimuli) > 1:
        raise ValueError(
            "a dict of signals needs one stimulus, called stim (or x), and one response, called "
            f"resp (or y); it has {', '.join(map(repr, given))}"
        )
    others = {*responses, _REPEATS, _SAMPLING_RATE}
    signals = {
        STIMULUS if key in stimuli else key: value
        for key, value in given.items()
        if key not in others and value is not None
    }
    return signals, given[responses[0]], given.get(_REPEATS)


def _read_groups(groups: Any, n_trials: int) -> list[Any] | None:
    if groups is None:
        return None
    array = np.asarray(groups)
    if array.ndim != 1 or len(array) != n_trials or array.dtype.kind not in "biufUS":
        raise ValueError(
            f"repeats must be one label, a number or text, for each of the {n_trials} trials, so "
            "that repeats of a stimulus are held out together; it has shape "
            f"{array.shape} and type {array.dtype}"
        )
    labels: list[Any] = array.tolist()
    if len(set(labels)) < 2:
        raise ValueError(
            f"all {n_trials} trials have the label {labels[0]!r} in repeats, so that none could be "
            "held out; leave repeats out to split within trials"
        )
    return labels


def _write(digest: Any, signal: str, trials: Sequence[np.ndarray], file: str) -> str:
    whole = np.ascontiguousarray(np.concatenate(trials))
    digest.update(json.dumps([signal, whole.dtype.str, [t.shape for t in trials]]).encode())
    digest.update(whole.data)
    np.save(file, whole)
    return file


def _describe(given: Any) -> str:
    if isinstance(given, tuple | list):
        return f"a {type(given).__name__} of {len(given)}"
    shape = getattr(given, "shape", None)
    return f"an array of shape {shape}" if shape is not None else type(given).__name__


def check_split(dataset: Dataset, design: Design) -> None:
    """Refuse a data set that cannot be split, whatever the model.

    Raises
    ------
    ValueError
        Names the data set.
    """
    try:
        replace(design, gap=design.gap or 0).cut(dataset.lengths, ())
    except ValueError as fault:
        raise ValueError(f"data set {dataset.name!r}: {fault}") from None
