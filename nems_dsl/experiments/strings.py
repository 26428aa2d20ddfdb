"""Reading strings of either kind: models, and experiments of three sections."""

from __future__ import annotations

from .. import compiler
from ..compiler import BoundModel
from ..syntax import ModelStringError, read
from .bind import BoundExperiment, parse_experiment


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


def read_either(string: str, dialect: str = "native") -> BoundModel | BoundExperiment:
    """Read a model string, or an experiment string.

    Raises
    ------
    ModelStringError
        The string is at fault.
    """
    if dialect == "native" and _is_experiment(string):
        return parse_experiment(string)
    return compiler.parse(string, dialect)


def _is_experiment(string: str) -> bool:
    try:
        return len(read(string).sections) == 3
    except ModelStringError:
        # what reads the model tells of it, and of all other faults
        return False
