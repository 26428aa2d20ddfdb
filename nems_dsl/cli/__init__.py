"""The command line: reads arguments, calls the package, prints. No logic of its own."""

import os
import sys
import warnings
from typing import Any


def main() -> None:
    """Run the command line as a process of its own."""
    warnings.showwarning = _show_warning
    try:
        from .app import run

        code = run()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # Python would complain once more when it closes the stream
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    # where in the package a warning arose says nothing to a user of the command line
    print(f"warning: {message}", file=sys.stderr)
