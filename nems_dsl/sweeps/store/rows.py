"""The outcome of one job, and the identity by which a sweep knows it again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import field, make_dataclass
from typing import Any

from ...result_columns import COLUMNS, REQUIRED, Column
from ...result_columns import SIMPLE_HOLD_OUT as SIMPLE_HOLD_OUT

FORMAT_VERSION = 1
"""Of the store, and of what a job's identity stands for."""


def identity_of(
    canonical: str, data_digest: str, recipe: str, channel: int | None, fold: int
) -> str:
    """Return the identity of a job: equal if, and only if, running it again would tell nothing new.

    Parameters
    ----------
    canonical : str
        The model string in canonical form.
    data_digest : str
        Digest of the data.
    recipe : str
        How the model is fitted and tested, as JSON text.
    channel : int or None
        Channel of the response; None for all of them.
    fold : int
        Number of the fold, or -1 for a simple hold-out.

    Returns
    -------
    str
        The first 32 hexadecimal digits of a SHA-256: the same on every machine and Python.

    Examples
    --------
    >>> identity_of("wc.18x1-lvl.1", "6c1f", "{}", 0, -1)
    '4b2d2139a553bc1de362361c77e1d5fe'
    """
    # as JSON, so that no two lists of parts can run together into the same text
    parts = json.dumps([FORMAT_VERSION, canonical, data_digest, recipe, channel, fold])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def _field(column: Column) -> tuple[str, type, Any]:
    if column.default is REQUIRED:
        return column.name, object, field()
    if callable(column.default):
        return column.name, object, field(default_factory=column.default)
    return column.name, object, field(default=column.default)


def _check_status(row: Any) -> None:
    if row.status not in ("ok", "failed"):
        raise ValueError(f"the status of a job is 'ok' or 'failed', not {row.status!r}")
    if row.status == "ok" and row.error is not None:
        raise ValueError(f"a job with the status 'ok' has no error, but this: {row.error!r}")
    if row.status == "failed" and row.error is None:
        raise ValueError("a job with the status 'failed' has an error, which says why")


_Fields: Any = make_dataclass(
    "_Fields",
    map(_field, COLUMNS),
    namespace={"__post_init__": _check_status},
    frozen=True,
    slots=True,
    kw_only=True,
)


class JobRow(_Fields):
    """The outcome of one job: a model string, fitted to a channel of a dataset and tested.

    Its attributes are the columns of `result_columns.py`, where each is described. Values
    are those of Python: None for what there is not, a tuple of texts, a dict of values by name.

    Raises
    ------
    TypeError
        There is no such column, or one is missing that every row has.
    ValueError
        The status is neither "ok" nor "failed", or does not go with the error.

    Examples
    --------
    >>> row = JobRow(
    ...     identity="4b2d", string="lvl", canonical="lvl.1", model_id="01ab", dataset="A1",
    ...     data_digest="6c1f", recipe="{}", r_test=0.5,
    ... )
    >>> row.r_test, row.loss, row.fold, row.warnings
    (0.5, None, -1, ())
    """

    __slots__ = ()
