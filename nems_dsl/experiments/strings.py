"""Reading strings of either kind: models, and experiments of three sections."""

from __future__ import annotations

from .. import compiler
from .._warn import warn_user
from ..compiler import BoundModel, DialectWarning, check_dialect
from ..compiler.dialects.convert import convert as convert_model
from ..compiler.dialects.oldest import modernise
from ..syntax import ModelStringError, clip, read
from .bind import BoundExperiment, plain_experiment
from .foreign import parse_foreign


def canonical(string: str, dialect: str = "native") -> str:
    """Give the one spelling that all strings of the same model, or the same experiment, share.

    Examples
    --------
    >>> canonical("wc.18x4.n.l2-fir.x15x1-relu.os")
    'wc.18x4.n.l2-fir.4x15-relu.1.s.o'
    >>> canonical("zs-est80 _ wc.18x4-fir.x15-dexp _ seed0")
    'zs_wc.18x4-fir.4x15-dexp.1_'
    """
    return read_either(string, dialect).string


def read_either(
    string: str, dialect: str = "native", *, strict: bool = False, **sizes: int
) -> BoundModel | BoundExperiment:
    """Read a model string, or an experiment string, with N, R, S as far as they are known.

    Raises
    ------
    ModelStringError
        The string is at fault.

    Warns
    -----
    DialectWarning
        Words of another program have no meaning here; names them.
    """
    check_dialect(dialect)
    if not is_experiment(string, dialect):
        return compiler.parse(string, dialect, strict=strict, **sizes)
    experiment, notices = parse_foreign(string, dialect, strict=strict, **sizes)
    if notices:
        warn_user(f"left out of {clip(string)}: {'; '.join(notices)}", DialectWarning)
    return experiment


def read_experiment(string: str, dialect: str = "native", **sizes: int) -> BoundExperiment:
    """Read an experiment string, or a model string, which stands for one with defaults.

    Raises
    ------
    ModelStringError
        The string is at fault.
    """
    found = read_either(string, dialect, strict=False, **sizes)
    return plain_experiment(found) if isinstance(found, BoundModel) else found


def convert(string: str, source: str, target: str, *, strict: bool = False) -> str:
    """Write a model string in another dialect, or an experiment string natively.

    Parameters
    ----------
    string : str
        A model string; or an experiment string, ``preparation_model_fit``, for a native target.
    source, target : {"native", "nems", "nems0"}
        The dialect that it is written in, and the one that is wanted.
    strict : bool
        Refuse what says something of a fit, or of data, that cannot be said here; it is left out
        with a `DialectWarning` otherwise.

    Returns
    -------
    str
        With complete shapes. Natively, the canonical form.

    Raises
    ------
    ModelStringError
        The string is no model of its dialect, or the other cannot say what it says; then with
        the reason.

    Notes
    -----
    What is computed stays the same. Where a fit starts is not a part of a model string here, and a
    parameter may have another sign or unit there; `nems_dsl.interop` knows those. The oldest
    spelling of NEMS0, with options glued to keywords, is converted with a `DialectWarning`.

    Examples
    --------
    >>> convert("wc.18x4.l2:4-fir.15x4-dexp.1", "nems", "native")
    'wc.18x4.l2e-4-fir.4x15-dexp.1'
    >>> convert("wc.18x4-fir.4x15-relu.1", "native", "nems0")
    'wc.18x4-fir.4x15-relu.1.f'
    >>> convert("norm_wc.18x1-fir.1x15-lvl.1_jk.nf10-basic", "nems0", "native")
    'mm-mm.r-kf10_wc.18x1-fir.1x15-lvl.1_'
    """
    check_dialect(target)
    check_dialect(source)
    today = modernise(string) if source != "native" else None
    if today is not None:
        warn_user(f"{clip(string)} is an oldest spelling, and read as {today}", DialectWarning)
        string = today
    if target == "native" and is_experiment(string, source):
        return read_either(string, source, strict=strict).string
    return convert_model(string, source, target, strict=strict)


def is_experiment(string: str, dialect: str = "native") -> bool:
    """Tell whether a string can be read, and has three sections; two will do in other dialects."""
    try:
        return len(read(string).sections) == 3
    except ModelStringError as fault:
        # what reads the model tells of it, and of all other faults
        return dialect != "native" and fault.code == "E004"
