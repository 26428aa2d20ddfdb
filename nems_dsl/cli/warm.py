"""``nems-dsl warm``: kernels compiled before anybody waits for them."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from .streams import complain, say

#: The models of the field that are fitted most.
COMMON = (
    "wc.18x4-fir.4x15-dexp.1",
    "wc.18x1-fir.1x15-dexp.1",
    "wc.18x2.g-stp.2-fir.2x15-dexp.1",
    "fir.18x15-dexp.1",
    "fir.18x15-lvl.1",
    "strf.18x25-dexp.1",
)


def warm(
    strings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STRINGS]...", help="Models; by default the commonest."),
    ] = None,
) -> None:
    """Compile what fits of some models call, for an image or a cluster node.

    Compiled code is kept on disk, for this processor and these versions: beside the package, or
    where NUMBA_CACHE_DIR says.
    """
    from nems_dsl import Model, ModelStringError
    from nems_dsl.models import compile_model
    from nems_dsl.progress import Bar

    try:
        models = [Model(string) for string in strings or COMMON]
    except ModelStringError as fault:
        complain(str(fault))
        raise typer.Exit(1) from None
    began = time.perf_counter()
    with Bar(len(models), "model", stays=False) as bar:
        for model in models:
            bar.tell(str(model.string))
            try:
                seconds = compile_model(model)
            except ValueError as fault:
                complain(str(fault))
                raise typer.Exit(1) from None
            say(f"{seconds:6.1f} s  {model.string}")
            bar.step()
    say(f"{time.perf_counter() - began:6.1f} s  in all; fits of these models compile no more")
