"""Folders of data that a sweep left behind when it was killed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

_MARK = "in_use"


def mark_ours(folder: Path) -> int | None:
    """Mark a folder as in use by this process, until it ends in whatever way.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    int or None
        An open file, to be closed when the folder is not wanted any more; None where the system
        has no such marks.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> (place / "mine_1").mkdir()
    >>> mark = mark_ours(place / "mine_1")
    >>> clear_left(place, "mine_")
    0
    >>> if mark is not None:
    ...     os.close(mark)
    >>> shutil.rmtree(place)
    """
    if sys.platform == "win32":
        return None
    import fcntl

    # named when it is locked, so that nobody finds it in between
    new = folder / f"{_MARK}.new"
    file = os.open(new, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        # not lockf: another sweep of this process could take that one too
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        # a file system without locks; without its mark, nobody takes the folder away
        os.close(file)
        new.unlink()
        return None
    new.rename(folder / _MARK)
    return file


def clear_left(place: Path, prefix: str) -> int:
    """Remove folders that are marked by a process that is no more.

    Parameters
    ----------
    place : Path
        Where to look.
    prefix : str
        What their names begin with.

    Returns
    -------
    int
        How many were removed.
    """
    return sum(_clear(folder) for folder in place.glob(f"{prefix}*"))


def _clear(folder: Path) -> bool:
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        # no link, which another user may have put there
        file = os.open(folder / _MARK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        # not marked, or of another user
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_left = not folder.is_symlink()
    except OSError:
        is_left = False
    else:
        if is_left:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(file)
    return is_left
