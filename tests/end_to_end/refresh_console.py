"""Run the commands shown in pages again, and put in what they print now.

`python tests/end_to_end/refresh_console.py README.md docs/cli.md` rewrites the console blocks.
Commands whose output differs from run to run (fit, demo) are left as they are.
"""

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

from nems_dsl.cli.app import run

STEADY = ("check", "explain", "keywords")
BLOCK = re.compile(r"(?<=```console\n).*?(?=^```)", re.DOTALL | re.MULTILINE)


def refresh(page: str) -> str:
    """Give the page with the output of each steady command as it is now."""
    return BLOCK.sub(lambda match: _refresh_block(match.group()), page)


def _refresh_block(block: str) -> str:
    parts = re.split(r"^(?=\$ )", block, flags=re.MULTILINE)
    return "".join(map(_refresh_part, parts))


def _refresh_part(part: str) -> str:
    command, _, rest = part.partition("\n")
    words = shlex.split(command.removeprefix("$ "))
    if words[:1] != ["nems-dsl"] or words[1] not in STEADY or not rest:
        return part
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        run(words[1:])
    return f"{command}\n{output.getvalue().rstrip()}\n"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(refresh(path.read_text(encoding="utf-8")), encoding="utf-8")
