"""The columns of a table of results: one list, from which follows whatever holds or shows a row.

A `JobRow` has an attribute for each, a store keeps it, tables are typed by it, scores are those
that are marked as such, and a variable of a pattern cannot have its name. To add a column, add it
here and give its value where a job is run. Stores of before get it at the next sweep, and are read
as if it were missing in their rows; this needs a column of a job that may be None. Any other change
is a new format of stores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Type = Literal[
    "text",
    "word",  # of at most 32 characters
    "integer",
    "large integer",  # of up to 64 bits
    "number",
    "yes or no",
    "texts",
    "values by name",
    "long text",
    "channel",  # an integer, or None for all of them
]
Thing = Literal["job", "model", "spelling", "neuron", "recipe", "environment", "attachment"]
Shown = Literal["usually", "at the end", "on request", "never"]
Room = Literal["file", "terminal", "page"]

SIMPLE_HOLD_OUT = -1
"""The fold of a job whose data are split once, not into folds."""


class _Required:
    """Stands for no default."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED = _Required()


def utc_now() -> str:
    """Return the time as ISO text, UTC, to the millisecond.

    Examples
    --------
    >>> utc_now()
    '2...T...+00:00'
    """
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table of results.

    Attributes
    ----------
    name : str
    type : str
        What its values are.
    help : str
        What it says, in a few words.
    unit : str
        Empty where it has none.
    of : str
        What it tells of. Rows of one model, neuron or recipe share what is told of it; what is long
        is attached to a job, and stored apart from it.
    is_metric, higher_is_better : bool
        It is a score that models are ranked by, and which way.
    default : object
        Of a row that does not tell; a function of no arguments makes one for each row.
    shown : {"usually", "at the end", "on request", "never"}
        Where a table of rows has it.
    room : {"file", "terminal", "page"}
        The narrowest place that has room for it.
    """

    name: str
    type: Type
    help: str
    unit: str = ""
    of: Thing = "job"
    is_metric: bool = False
    higher_is_better: bool = False
    default: Any = None
    shown: Shown = "usually"
    room: Room = "file"

    @property
    def is_optional(self) -> bool:
        """A row may have None, or nothing, in its place."""
        return self.default is None or self.type == "texts"


# columns of one thing keep their order, for stores find what rows share by a digest of them
COLUMNS = (
    Column("string", "text", "the model as it was written", of="spelling", default=REQUIRED,
           room="page"),
    Column("canonical", "text", "the model in canonical form", of="model", default=REQUIRED),
    Column("model_id", "text", "twelve hexadecimal digits that stand for that", of="model",
           default=REQUIRED),
    Column("dataset", "text", "name of the data", of="neuron", default=REQUIRED, room="page"),
    Column("data_digest", "text", "digest of what the data hold", of="neuron", default=REQUIRED,
           shown="at the end"),
    Column("channel", "channel", "channel of the response; missing for a model of all of them",
           of="neuron", room="page"),
    Column("fold", "integer", "from 0 on; -1 where data are split once", default=SIMPLE_HOLD_OUT,
           room="terminal"),
    # a table has a column for each of them in this place
    Column("variables", "values by name", "values of the pattern's variables", of="spelling",
           default=dict),
    Column("n_parameters", "integer", "how many numbers the fit could move", is_metric=True,
           room="page"),
    Column("r_fit", "number", "correlation on the data of the fit", is_metric=True,
           higher_is_better=True, room="page"),
    Column("se_fit", "number", "standard error of `r_fit`, by the jackknife", is_metric=True),
    Column("r_test", "number", "correlation on the data held out", is_metric=True,
           higher_is_better=True, room="page"),
    Column("se_test", "number", "standard error of `r_test`, by the jackknife", is_metric=True,
           room="page"),
    Column("loss", "number", "the loss at the end of the fit, penalties included", is_metric=True,
           room="terminal"),
    Column("loss_name", "text", "which loss that is"),
    Column("converged", "yes or no", "the search came to its end", room="terminal"),
    Column("iterations", "integer", "iterations of the search", is_metric=True),
    Column("evaluations", "integer", "evaluations of the loss", is_metric=True),
    Column("seconds", "number", "wall time of the fit; of a failed job, from start to end",
           unit="s", is_metric=True, default=0.0, room="terminal"),
    Column("status", "word", "ok, or failed", default="ok", room="page"),
    Column("error", "text", "why a job failed"),
    Column("warnings", "texts", "what is wrong with the fit", default=()),
    Column("optimizer", "text", "how the fit searched"),
    Column("seed", "large integer", "seed of the fit"),
    Column("finished", "text", "when the job ended: ISO, UTC", default=utc_now),
    Column("recipe", "text", "how the model was fitted and tested, as JSON", of="recipe",
           default=REQUIRED, shown="at the end"),
    Column("identity", "word", "by what the job is known again", default=REQUIRED,
           shown="at the end"),
    Column("versions", "values by name", "versions of the packages, as JSON", of="environment",
           default=dict, shown="on request"),
    Column("traceback", "long text", "where a failed job failed", of="attachment",
           shown="on request"),
    Column("model", "long text", "the fitted model, for `load`", of="attachment", shown="never"),
)  # fmt: skip

ALIASES = ("cellid", "modelname")
"""Columns of exported tables by the names that NEMS gives them: the neuron, and the string."""


def select_columns(is_chosen: Callable[[Column], bool]) -> tuple[str, ...]:
    """Return the names of some columns, in their order.

    Examples
    --------
    >>> select_columns(lambda column: column.higher_is_better)
    ('r_fit', 'r_test')
    """
    return tuple(column.name for column in COLUMNS if is_chosen(column))


def list_metrics() -> tuple[str, ...]:
    """Return the names of the scores that models are ranked and compared by.

    Examples
    --------
    >>> list_metrics()[:3]
    ('n_parameters', 'r_fit', 'se_fit')
    """
    return select_columns(lambda column: column.is_metric)


def is_higher_better(metric: str) -> bool:
    """Tell whether more of a score is better; of anything else, less is.

    Examples
    --------
    >>> is_higher_better("r_test"), is_higher_better("loss")
    (True, False)
    """
    return metric in select_columns(lambda column: column.higher_is_better)
