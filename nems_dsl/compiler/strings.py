"""From text to a bound tree, in whichever language it is written."""

from __future__ import annotations

from .._warn import warn_user
from ..errors import NemsWarning
from ..keywords.dialects import DIALECTS as FOREIGN
from ..suggestions import no_such
from ..syntax import Diagnostic, ModelStringError, clip, read
from .bind import bind, read_sizes, with_other_faults
from .bound import BoundModel
from .dialects.foreign import bind_foreign, without_lists
from .dialects.oldest import refuse_oldest

DIALECTS = ("native", *FOREIGN)


class DialectWarning(NemsWarning):
    """Options of another dialect were left out, for they say nothing of the model."""


def parse(
    string: str,
    dialect: str = "native",
    *,
    N: int | None = None,
    R: int | None = None,
    S: int | None = None,
    strict: bool = False,
) -> BoundModel:
    """Read a model string, check it, and complete its shapes.

    Parameters
    ----------
    string : str
        One model, such as ``wc.18x4-fir.4x15-dexp.1``.
    dialect : str
        The language that the string is written in.
    N, R, S : int, optional
        Numbers of input, response and state channels, where the string leaves them open.
    strict : bool
        Refuse options of other dialects that say where a fit starts, or within which bounds; they
        are left out with a `DialectWarning` otherwise.

    Returns
    -------
    BoundModel
        A tree that prints as the canonical form; equal for strings that build the same model.

    Raises
    ------
    ModelStringError
        With every fault that was found, each with its place and what to do.
    TypeError, ValueError
        `dialect`, `N`, `R` or `S` is not what it should be.

    Examples
    --------
    >>> str(parse("wc.Nx4 - fir.x15 - dexp", N=18))
    'wc.18x4-fir.4x15-dexp.1'
    """
    tree, notices = read_quietly(string, dialect, N=N, R=R, S=S, strict=strict)
    if notices:
        left_out = "; ".join(each.message for each in notices)
        warn_user(f"left out of {clip(string)}: {left_out}", DialectWarning)
    return tree


def read_quietly(
    string: str,
    dialect: str,
    *,
    N: int | None = None,
    R: int | None = None,
    S: int | None = None,
    strict: bool = False,
) -> tuple[BoundModel, list[Diagnostic]]:
    """Do as `parse` does, and give what was left out beside it."""
    check_dialect(dialect)
    values = read_sizes(N=N, R=R, S=S)
    refuse_oldest(string)
    try:
        text = read(string)
    except ModelStringError as fault:
        if dialect == "native":
            raise with_other_faults(fault, values) from None
        raise without_lists(fault, dialect) from None
    if dialect != "native":
        tree, translation = bind_foreign(text, dialect, values, strict=strict)
        return tree, translation.notices
    return bind(text, values), []


def check_dialect(dialect: str) -> None:
    """Refuse a dialect that is not known."""
    if dialect not in DIALECTS:
        raise ValueError(no_such("dialect", dialect, DIALECTS))
