"""The command line: reads arguments, calls the package, prints. No logic of its own."""

import os
import sys


def main() -> None:
    """Run the command line as a process of its own."""
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
