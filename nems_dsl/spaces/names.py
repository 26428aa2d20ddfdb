"""Names that a variable of a pattern cannot have."""

from __future__ import annotations

from ..syntax import Diagnostic, ModelStringError, clip
from ..syntax.space_tree import Alternatives, Pattern
from .condition import CONSTANTS, KEYWORDS
from .expansion import walk

COLUMNS = frozenset(
    """
    identity string canonical dataset recipe channel fold variables loss iterations evaluations
    seconds converged warnings optimizer seed versions status error traceback model finished
    cellid modelname
    """.split()
)
"""Columns of a table of results. Others have underscores, and a variable's name has none."""


def check_names(pattern: Pattern, names: dict[int, str]) -> None:
    """Refuse variables that would be mistaken for something else.

    Parameters
    ----------
    pattern : Pattern
    names : dict of int to str
        The names of all variables, as `name_variables` gives them.

    Raises
    ------
    ModelStringError
        A variable has the name of a column of the results, of an unnamed variable, or of a word in
        conditions.
    """
    nodes = [n for n in walk(pattern.body) if isinstance(n, Alternatives) and n.name is not None]
    given = {node.span.start for node in nodes}
    numbered = {name for start, name in names.items() if start not in given}
    faults = []
    for node in nodes:
        name = node.name or ""
        if name in numbered:
            why = "is given to a choice that has none"
        elif name in COLUMNS:
            why = "is that of a column of the results"
        elif name in KEYWORDS or name in CONSTANTS:
            why = "has a meaning of its own in conditions"
        else:
            continue
        message = f"the name `{clip(name)}` {why}"
        hint = f"choose another name, such as my{clip(name)}"
        faults.append(Diagnostic("E506", message, node.name_span, hint))
    if faults:
        raise ModelStringError(pattern.source, faults)
