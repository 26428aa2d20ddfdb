"""Whether the rows of a store are what a fit gives: some are fitted again, and compared."""

from __future__ import annotations

import json
import math
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import select

from ..._environment import environment
from ..._threads import one_blas_thread
from ...compiler.bound import model_id
from ..results.stored_results import Results, open_results
from ..running.datasets import Dataset, share_datasets
from ..running.jobs import Job, Recipe, Task
from ..running.limits import Limits
from ..running.run import fit_and_score, this_process
from ..store import schema
from ..store.database import describe
from ..store.rows import identity_of

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = ("n_parameters", "r_fit", "se_fit", "r_test", "se_test", "loss")
_TOLERANCE = 1e-6
_ROW = ("string", "dataset", "channel", "fold")
SAME, CLOSE, OTHER, UNKNOWN = "same", "close", "differs", "not checked"


@dataclass(frozen=True, repr=False)
class Verification:
    """What came of fitting rows of a store again.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each that was looked at: ``string``, ``dataset``, ``channel``, ``fold``;
        ``verdict``, which is "same" (to the last bit), "close" (to 1e-6, with other versions or
        on another processor), "differs", or "not checked"; and ``why``.
    n_rows : int
        Rows in the store that a fit has succeeded in.
    where : str
    """

    table: pd.DataFrame
    n_rows: int
    where: str

    @property
    def ok(self) -> bool:
        """Whether nothing differs, and something was checked."""
        verdicts = set(self.table["verdict"])
        return OTHER not in verdicts and bool(verdicts & {SAME, CLOSE})

    def __str__(self) -> str:
        counts = self.table["verdict"].value_counts()
        told = ", ".join(f"{counts[v]} {v}" for v in (SAME, CLOSE, OTHER, UNKNOWN) if v in counts)
        lines = [f"{self.where}: {len(self.table)} of {self.n_rows} rows looked at: {told or '-'}"]
        for row in self.table.to_dict("records"):
            if row["verdict"] != SAME:
                channel = "" if row["channel"] is None else f", channel {row['channel']}"
                fold = "" if row["fold"] < 0 else f", fold {row['fold']}"
                where = f"{row['string']} on {row['dataset']}{channel}{fold}"
                lines.append(f"{row['verdict']}: {where}: {row['why']}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Verification {self}>"


def verify(
    store: str | Path | Results,
    sample: int | None = 20,
    *,
    datasets: Any = None,
    seed: int | None = 0,
) -> Verification:
    """Fit rows of a store again, and compare what comes of it to what is stored.

    Parameters
    ----------
    store : str, Path or Results
        Of a sweep; or only some rows, as ``open_results("results.db").where("rank == 1")``.
    sample : int or None
        How many rows to fit again, drawn at random; None for all. What a row says of itself is
        checked for all.
    datasets : as for `sweep`, optional
        The data; by default the files that they were read from, or files of these names beside
        the store.
    seed : int or None
        Of the draw.

    Returns
    -------
    Verification
        Rows that were drawn, and rows that contradict themselves. With the versions and on the
        kind of processor that a row names, numbers are the same to the last bit; otherwise they
        are compared to 1e-6.

    Raises
    ------
    ValueError
        There is nothing to verify, or `sample` is no number of rows.
    OSError
        There is no such store.

    Examples
    --------
    >>> import tempfile
    >>> from nems_dsl import sweep, verify
    >>> from nems_dsl.datasets import simulate
    >>> data = {"A1": simulate(n_times=600, n_channels=4, n_taps=3, snr=4.0)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = sweep("wc.4x1-fir.1x{2,3}-lvl.1", data, f"{folder}/results.db", "serial")
    ...     found = verify(f"{folder}/results.db", datasets=data)
    >>> found.ok, found.table.verdict.tolist()
    (True, ['same', 'same'])
    """
    if sample is not None and (isinstance(sample, bool) or sample < 1):
        raise ValueError(f"sample is a number of rows, or None for all, not {sample!r}")
    import pandas as pd

    results = store if isinstance(store, Results) else open_results(store)
    rows = _read_rows(results)
    if not rows:
        raise ValueError(f"{describe(results.location)} has no row of a fit that has succeeded")
    found = {row["identity"]: (OTHER, why) for row in rows if (why := _contradiction(row))}
    chosen = [row for row in rows if row["identity"] not in found]
    if sample is not None and sample < len(chosen):
        drawn = np.random.default_rng(seed).choice(len(chosen), sample, replace=False)
        chosen = [chosen[place] for place in sorted(drawn)]
    with tempfile.TemporaryDirectory(prefix="nems_dsl_verify_") as folder, one_blas_thread():
        names = {row["data_digest"]: row["dataset"] for row in chosen}
        data, missing = _find_data(results, datasets, names, folder)
        for row in chosen:
            dataset = data.get(row["data_digest"])
            if dataset is None:
                found[row["identity"]] = (UNKNOWN, missing[row["data_digest"]])
            else:
                found[row["identity"]] = _fit_again(results, row, dataset)
    told = [
        {**{name: row[name] for name in _ROW}, "verdict": verdict, "why": why}
        for row in rows
        if (pair := found.get(row["identity"])) is not None
        for verdict, why in [pair]
    ]
    columns = [*_ROW, "verdict", "why"]
    return Verification(pd.DataFrame(told, columns=columns), len(rows), describe(results.location))


# ---- rows ------------------------------------------------------------------------------------


def _read_rows(results: Results) -> list[dict[str, Any]]:
    names = [
        *_ROW, *_NUMBERS, "canonical", "model_id", "data_digest", "status", "recipe", "identity",
        "versions",
    ]  # fmt: skip
    table = results.to_pandas(names)
    table = table[table["status"] == "ok"].astype(object)
    rows: list[dict[str, Any]] = table.where(table.notna(), None).to_dict("records")
    for row in rows:
        row["channel"] = None if row["channel"] is None else int(row["channel"])
    return rows


def _contradiction(row: Mapping[str, Any]) -> str:
    """Say in what a row contradicts itself, or nothing."""
    if row["model_id"] != model_id(row["canonical"]):
        return "its model_id is that of another string"
    known = (row["canonical"], row["data_digest"], row["recipe"], row["channel"], row["fold"])
    if row["identity"] != identity_of(*known):
        return "its identity is that of another string, data, recipe, channel or fold"
    return ""


# ---- data ------------------------------------------------------------------------------------


def _find_data(
    results: Results, given: Any, names: Mapping[str, str], folder: str
) -> tuple[dict[str, Dataset], dict[str, str]]:
    """Find data by their digests and names, and say of each that is not there why."""
    if given is not None:
        shared = {d.digest: d for d in share_datasets(given, folder)}
        told = "none of the data sets given is that of the row, to the bit and by name"
        return shared, dict.fromkeys(names.keys() - shared.keys(), told)
    with results.reading() as connection:
        sources = schema.read_sources(connection)
    shared, missing = {}, {}
    for number, digest in enumerate(sorted(names)):
        source = next((file for key, file in sources.items() if digest.startswith(key)), None)
        place = None if source is None else _place(Path(source), results)
        if source is None:
            missing[digest] = "its data came from no file: pass them by datasets="
        elif place is None:
            missing[digest] = f"there is no file {source}: pass the data by datasets="
        else:
            within = Path(folder) / str(number)
            within.mkdir()
            (dataset,) = share_datasets({names[digest]: place}, within)
            if dataset.digest == digest:
                shared[digest] = dataset
            else:
                missing[digest] = f"{place} holds other data now than those of the row"
    return shared, missing


def _place(source: Path, results: Results) -> Path | None:
    """Find a file where it was, or beside the store."""
    if source.exists():
        return source
    if isinstance(results.location, Path):
        beside = results.location.parent / source.name
        return beside if beside.exists() else None
    return None


# ---- fits ------------------------------------------------------------------------------------


def _fit_again(results: Results, row: Mapping[str, Any], dataset: Dataset) -> tuple[str, str]:
    """Do the job of a row once more, and compare."""
    job = Job(
        row["identity"], row["string"], row["canonical"], row["recipe"], {}, row["channel"],
        row["fold"],
    )  # fmt: skip
    task = Task(dataset, Recipe.of_text(row["recipe"]), Limits(), (job,), this_process())
    try:
        again = fit_and_score(task, job)
    except Exception as fault:
        return OTHER, f"it fails now: {type(fault).__name__}: {fault}"
    stored = {**row, "parameters": _parameters(_stored_model(results, row["identity"]))}
    again["parameters"] = _parameters(json.loads(again["model"]))
    names = [*_NUMBERS, "parameters"]
    if all(_is_same(stored[name], again[name]) for name in names):
        return SAME, ""
    versions = json.loads(row["versions"])
    changed = [name for name, value in environment().items() if versions.get(name) != value]
    far = [name for name in names if not _is_close(stored[name], again[name])]
    if changed and not far:
        others = ", ".join(f"{name} {versions.get(name, '?')}" for name in changed)
        return CLOSE, f"to 1e-6; it was fitted with {others}"
    if not far:
        far = [name for name in names if not _is_same(stored[name], again[name])]
    told = "; ".join(_tell(name, stored[name], again[name]) for name in far)
    return OTHER, told


def _stored_model(results: Results, identity: str) -> dict[str, Any] | None:
    jobs, attached = schema.jobs.c, schema.attachments.c
    with results.reading() as connection:
        packed = connection.scalar(
            select(attached.model)
            .join(schema.jobs, jobs.key == attached.job_key)
            .where(jobs.identity == identity)
        )
    if packed is None:
        return None
    try:
        found: dict[str, Any] = json.loads(zlib.decompress(packed))
    except (zlib.error, ValueError):
        return None
    return found


def _parameters(model: Mapping[str, Any] | None) -> list[float] | None:
    """Give all parameters of a model, in the order of its file."""
    if model is None:
        return None
    values = [each["values"] for layer in model["parameters"].values() for each in layer.values()]
    return [float(number) for each in values for number in np.ravel(each)]


def _is_same(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    return bool(a == b)


def _is_close(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return a is b
    if isinstance(a, list):
        return len(a) == len(b) and bool(np.allclose(a, b, rtol=_TOLERANCE, atol=_TOLERANCE))
    return math.isclose(a, b, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)


def _tell(name: str, stored: Any, again: Any) -> str:
    if name == "parameters":
        return "its parameters are others" if stored is not None else "its model is damaged"
    return f"{name} is {stored} in the store, and {again} now"
