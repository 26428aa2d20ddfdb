"""What a file holds, before it is known which of it is the stimulus and which the response."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..signal import Role, Signal

#: What a signal may be called in a file; the first name is the one that messages use.
KEYS = {"stim": ("stim", "stimulus", "x"), "resp": ("resp", "response", "y"), "state": ("state",)}
ROLES: Mapping[str, Role] = {"stim": "input", "resp": "response", "state": "input"}
LAYOUT = (
    "needed are stim and resp, or x and y, or stim_0, stim_1, ... and resp_0, resp_1, ... for "
    "trials, as np.savez(path, stim=x, resp=y) writes them"
)


@dataclass(frozen=True)
class Contents:
    """Signals of one file, by the names of `KEYS`.

    Attributes
    ----------
    signals : dict of str to Signal
    fs : float or None
        Samples in a second, in Hz.
    notes : tuple of str
        What was found in the file, where its user would want to know.
    """

    signals: dict[str, Signal]
    fs: float | None = None
    notes: tuple[str, ...] = field(default=())


def find_signals(
    names: Sequence[str], wanted: Mapping[str, str | None], path: Path
) -> dict[str, str | list[str]]:
    """Find which of the arrays in a file are the stimulus, the response and the state.

    Parameters
    ----------
    names : sequence of str
        Of all that the file holds.
    wanted : mapping of str to str or None
        What the user calls a signal in this file, where it has a name of its own.
    path : Path

    Returns
    -------
    dict of str to str or list of str
        The name of each signal that is there, or the names of its trials in their order.

    Raises
    ------
    ValueError
        No stimulus, or no response; names what there is.

    Examples
    --------
    >>> names = ["resp_10", "resp_9", "stim_9", "stim_10", "fs"]
    >>> find_signals(names, {}, Path("a.npz"))
    {'stim': ['stim_9', 'stim_10'], 'resp': ['resp_9', 'resp_10']}
    """
    found: dict[str, str | list[str]] = {}
    for signal, keys in KEYS.items():
        own = wanted.get(signal)
        match = _find_one(names, (own,) if own else keys)
        if match:
            found[signal] = match
        elif own:
            raise ValueError(f"{path} has no {own!r}: {_describe(names)}")
    missing = [name for name in ("stim", "resp") if name not in found]
    if missing:
        raise ValueError(f"{path} has no {' and no '.join(missing)}: {_describe(names)}; {LAYOUT}")
    return found


def trial_numbers(names: Sequence[str]) -> tuple[int, ...]:
    """Return the numbers with which the names of trials end."""
    return tuple(int(name.rpartition("_")[2]) for name in names)


def read_rate(value: Any, path: Path) -> float:
    """Read a sampling rate in Hz, in whatever axes the file keeps it."""
    fs = np.asarray(value)
    if fs.size != 1 or fs.dtype.kind not in "iuf" or not 0 < fs.item() < math.inf:
        raise ValueError(f"{path}: fs must be one number above 0, in Hz")
    return float(fs.item())


def check_size(shape: Iterable[int], itemsize: int, what: str) -> None:
    """Refuse what cannot fit into memory, before any of it is read.

    Examples
    --------
    >>> check_size((10**9, 10**9), 8, "a.h5: stim")
    Traceback (most recent call last):
    ...
    ValueError: a.h5: stim of shape (1000000000, 1000000000) takes 8e+09 GB, and this machine has...
    """
    shape = tuple(int(n) for n in shape)
    n_bytes = math.prod(shape) * itemsize
    if n_bytes > memory():
        raise ValueError(
            f"{what} of shape {shape} takes {n_bytes / 1e9:.3g} GB, and this machine has "
            f"{memory() / 1e9:.3g} GB; save a part of it, or fewer channels"
        )


def memory() -> float:
    """Return the bytes of memory that this machine has; infinite where it does not tell."""
    if not hasattr(os, "sysconf"):
        return math.inf
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def needs(package: str, extra: str, path: Path, instead: str) -> ValueError:
    """Return the error of a file that takes a package which is not installed."""
    return ValueError(
        f"{path}: reading it takes {package}: pip install 'nems_dsl[{extra}]', or {instead}"
    )


SAVEZ = "save it as npz, with np.savez(path, stim=x, resp=y)"

Reader = Callable[[Path, Mapping[str, "str | None"]], Contents]


def _find_one(names: Sequence[str], keys: Sequence[str]) -> str | list[str] | None:
    lower = {name.lower(): name for name in names}
    for key in keys:
        if key in names:
            return key
        if key.lower() in lower:
            return lower[key.lower()]
        numbered = [name for name in names if re.fullmatch(rf"{re.escape(key)}_\d+", name, re.I)]
        if numbered:
            return sorted(numbered, key=lambda name: int(name.rpartition("_")[2]))
    return None


def _describe(names: Sequence[str]) -> str:
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"it has {shown}" if names else "it is empty"
