"""The commands, put together, and what leaves the program when one of them fails."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from .demo import demo
from .fit import fit
from .plot import plot
from .streams import complain, say
from .strings.check import check
from .strings.convert import convert
from .strings.diff import diff
from .strings.expand import expand
from .strings.explain import explain
from .strings.keywords import keywords
from .sweeps.merge import merge
from .sweeps.plan import plan
from .sweeps.results import results
from .sweeps.sweep import sweep
from .sweeps.verify import verify
from .warm import warm

app = typer.Typer(
    name="nems-dsl",
    help="Encoding models of neural time series, written as one string.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
INTERRUPTED = 130


def _add(command: Callable[..., None]) -> None:
    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt:
            # older versions of typer would make it 1, as if the user's data were at fault
            raise typer.Exit(INTERRUPTED) from None

    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    app.command(help="\n\n".join(" ".join(text.split()) for text in paragraphs))(guarded)


for _command in (
    fit, sweep, merge, plan, results, verify,
    check, explain, diff, expand, convert, keywords, plot, demo, warm,
):  # fmt: skip
    _add(_command)


def _print_version(wanted: bool) -> None:
    if wanted:
        from nems_dsl import __version__

        say(f"nems-dsl {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process by default.

    Returns
    -------
    int
        The exit code: 0 good, 1 a fault in a string, in data or with a file, 2 wrong usage,
        130 interrupted, 141 whoever read the output went away.
    """
    try:
        app(args=None if arguments is None else list(arguments), prog_name="nems-dsl")
    except SystemExit as end:
        return _as_code(end.code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (ValueError, FloatingPointError) as fault:
        complain(str(fault))
    except OSError as fault:
        where = f"{fault.filename}: " if fault.filename is not None else ""
        complain(f"{where}{fault.strerror or fault}")
    return 1


def _as_code(code: object) -> int:
    return code if isinstance(code, int) else 0 if code is None else 1
