"""The outcome of one job, and the identity by which a sweep knows it again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from ...spaces.expansion import Value

FORMAT_VERSION = 1
"""Of the store, and of what a job's identity stands for."""

SIMPLE_HOLD_OUT = -1
"""The fold of a job whose data are split once, not into folds."""


def identity_of(
    canonical: str, data_digest: str, recipe: str, channel: int | None, fold: int
) -> str:
    """Give the identity of a job: equal if, and only if, running it again would tell nothing new.

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


def utc_now() -> str:
    """Give the time as ISO text, UTC, to the millisecond.

    Examples
    --------
    >>> utc_now()
    '2...T...+00:00'
    """
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """The outcome of one job: a model string, fitted to a channel of a dataset and tested.

    Attributes
    ----------
    identity : str
        As `identity_of` gives it.
    string, canonical, model_id : str
        The model as it was written, in canonical form, and the latter's twelve digits.
    dataset, data_digest : str
        Name of the data, and digest of what they hold.
    recipe : str
        How the model was fitted and tested, as JSON text.
    channel : int or None
        Channel of the response; None for a model of all of them.
    fold : int
        From 0 on; -1 for a simple hold-out.
    variables : mapping of str to str, int, float, bool or None
        Values of the pattern's named variables.
    n_parameters : int or None
    r_fit, se_fit, r_test, se_test : float or None
        Correlations on the data of the fit and on data held out, with their standard errors.
    loss : float or None
        At the end of the fit, penalties included.
    loss_name : str or None
    iterations, evaluations : int or None
    seconds : float
        Wall time of the fit; of a failed job, from its start to its end.
    converged : bool or None
    warnings : tuple of str
    optimizer : str or None
    seed : int or None
    versions : mapping of str to str
        Versions of the packages.
    status : {"ok", "failed"}
    error, traceback : str or None
        Of a job that failed.
    model : str or None
        The fitted model, as the text that `Model.save` writes.
    finished : str
        When, as ISO text, UTC.

    Raises
    ------
    ValueError
        The status is neither "ok" nor "failed", or does not go with the error.
    """

    identity: str
    string: str
    canonical: str
    model_id: str
    dataset: str
    data_digest: str
    recipe: str
    channel: int | None = None
    fold: int = SIMPLE_HOLD_OUT
    variables: Mapping[str, Value] = field(default_factory=dict)
    n_parameters: int | None = None
    r_fit: float | None = None
    se_fit: float | None = None
    r_test: float | None = None
    se_test: float | None = None
    loss: float | None = None
    loss_name: str | None = None
    iterations: int | None = None
    evaluations: int | None = None
    seconds: float = 0.0
    converged: bool | None = None
    warnings: tuple[str, ...] = ()
    optimizer: str | None = None
    seed: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    status: Literal["ok", "failed"] = "ok"
    error: str | None = None
    traceback: str | None = None
    model: str | None = None
    finished: str = field(default_factory=utc_now)

    def __post_init__(self) -> None:
        if self.status not in ("ok", "failed"):
            raise ValueError(f"the status of a job is 'ok' or 'failed', not {self.status!r}")
        if self.status == "ok" and self.error is not None:
            raise ValueError(f"a job with the status 'ok' has no error, but this: {self.error!r}")
        if self.status == "failed" and self.error is None:
            raise ValueError("a job with the status 'failed' has an error, which says why")
