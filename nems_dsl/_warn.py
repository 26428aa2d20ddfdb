"""Warnings that point to the user's own line."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

_HERE = str(Path(__file__).parent)


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn as if the line that called into this package had.

    Parameters
    ----------
    message : str
    category : type of Warning
    """
    depth, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, category, stacklevel=depth)
