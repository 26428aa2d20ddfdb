"""Plans of sweeps: what will be fitted to what, and tested how, written before data are seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._version import __version__
from ...models.saving import read_json, write_json
from ...result_columns import utc_now
from ...spaces.space import expand
from ..results.names import canonical_or_none
from ..results.stored_results import Results, open_results
from ..running.jobs import Recipe
from .hypothesis import read_hypothesis

if TYPE_CHECKING:
    import pandas as pd

FORMAT, FORMAT_VERSION = "nems_dsl plan", 1
DONE, FAILED, MISSING, ADDED = "done", "failed", "missing", "added"


@dataclass(frozen=True, repr=False)
class Plan:
    """What a sweep will do.

    Attributes
    ----------
    told : dict
        As in the file: ``patterns``, ``where``, ``dialect``, ``models`` (canonical forms),
        ``datasets`` (files by name), ``recipe``, ``tests`` (hypotheses), ``written`` (when).
    sha256 : str
        Of all that.
    """

    told: Mapping[str, Any]

    @property
    def sha256(self) -> str:
        """A digest of the whole plan: to be put where it has a date, such as a preregistration."""
        return hashlib.sha256(json.dumps(dict(self.told), sort_keys=True).encode()).hexdigest()

    def save(self, path: str | Path) -> Path:
        """Write the plan to a file.

        Raises
        ------
        FileExistsError
            There is one already: a plan is not changed afterwards.
        """
        path = Path(path)
        if path.exists():
            raise FileExistsError(f"{path} exists; a plan is written once, so give another name")
        return write_json({**self.told, "sha256": self.sha256}, path)

    def __str__(self) -> str:
        told = self.told
        lines = [
            f"planned {told['written']} with nems_dsl {told['nems_dsl']}",
            *(f"models    {pattern}" for pattern in told["patterns"]),
            f"          {len(told['models'])} in all",
            f"data      {', '.join(told['datasets']) or 'not named'}",
            f"recipe    {told['recipe']}",
            *(f"test      {pattern}" for pattern in told["tests"]),
            f"sha256    {self.sha256}",
        ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Plan {self.sha256[:12]}: {len(self.told['models'])} models>"


def plan_sweep(
    patterns: str | Iterable[str],
    datasets: Iterable[str] | Mapping[str, Any] = (),
    *,
    where: str | None = None,
    dialect: str = "native",
    tests: Iterable[str] = (),
    recipe: Recipe | None = None,
) -> Plan:
    """Write down what a sweep will do; no data are read.

    Parameters
    ----------
    patterns : str or iterable of str
        Model or experiment strings, and patterns of them.
    datasets : names, or mapping of names to files
    where : str, optional
        Which variants to keep.
    dialect : str
    tests : iterable of str
        Hypotheses that will be tested, as for `assess`.
    recipe : Recipe, optional
        How models are fitted and tested.

    Raises
    ------
    ModelStringError, ValueError
        A pattern or a hypothesis cannot be read, or some variants are no models.

    Examples
    --------
    >>> plan = plan_sweep("wc.18x{1,2}-lvl", ["A1"], tests=["wc.18x1-lvl.1[-relu.1]"])
    >>> plan.told["models"]
    ['wc.18x1-lvl.1', 'wc.18x2-lvl.2']
    """
    given = [patterns] if isinstance(patterns, str) else list(patterns)
    models: dict[str, None] = {}
    for pattern in given:
        space = expand(pattern, where=where, dialect=dialect)
        models.update(dict.fromkeys(variant.canonical for variant in space.models()))
        if space.error is not None:
            raise space.error
    hypotheses = list(tests)
    for pattern in hypotheses:
        read_hypothesis(pattern, dialect)
    named = datasets if isinstance(datasets, Mapping) else dict.fromkeys(datasets)
    return Plan(
        {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "nems_dsl": __version__,
            "written": utc_now(),
            "patterns": given,
            "where": where,
            "dialect": dialect,
            "models": list(models),
            "datasets": {
                name: str(file) if isinstance(file, str | Path) else None
                for name, file in named.items()
            },
            "recipe": (recipe or Recipe()).text(of_all_channels=True),
            "tests": hypotheses,
        }
    )


def read_plan(path: str | Path) -> Plan:
    """Read a plan.

    Raises
    ------
    ValueError
        The file is no plan, or was changed after it was written.
    """
    told = read_json(Path(path), FORMAT, FORMAT_VERSION, "plan")
    plan = Plan({name: value for name, value in told.items() if name != "sha256"})
    if told.get("sha256") != plan.sha256:
        raise ValueError(f"{path} was changed after it was written: its sha256 is another")
    return plan


@dataclass(frozen=True, repr=False)
class Fulfilment:
    """What of a plan was done, and what was done besides.

    Attributes
    ----------
    table : pandas.DataFrame
        A row for each model and data set: ``model``, ``dataset``, ``status`` (done, failed,
        missing, or added to the plan), and ``why`` it is an addition.
    plan : Plan
    """

    table: pd.DataFrame
    plan: Plan

    def __str__(self) -> str:
        counts = self.table["status"].value_counts()
        told = [f"{counts.get(each, 0)} {each}" for each in (DONE, FAILED, MISSING, ADDED)]
        lines = [f"plan {self.plan.sha256[:12]}: {', '.join(told)}"]
        odd = self.table[self.table["status"] != DONE]
        for row in odd.to_dict("records"):
            why = f" ({row['why']})" if row["why"] else ""
            lines.append(f"{row['status']:7}  {row['model']} on {row['dataset']}{why}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<Fulfilment {self}>"


def compare_to_plan(plan: Plan | str | Path, results: Results | str | Path) -> Fulfilment:
    """Tell what of a plan is in a store, what was left out, and what was added to it.

    Examples
    --------
    >>> import tempfile
    >>> from nems_dsl import sweep
    >>> from nems_dsl.datasets import simulate
    >>> plan = plan_sweep("wc.4x1-fir.1x{2,3}", ["A1"])
    >>> data = {"A1": simulate(n_times=600, n_channels=4, n_taps=3)}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = sweep("wc.4x1-fir.1x{3,4}", data, f"{folder}/results.db", "serial")
    ...     print(str(compare_to_plan(plan, results)).split(": ")[1])
    1 done, 0 failed, 1 missing, 1 added
    added    wc.4x1-fir.1x4 on A1 (the model is not in the plan)
    missing  wc.4x1-fir.1x2 on A1
    """
    import pandas as pd

    plan = plan if isinstance(plan, Plan) else read_plan(plan)
    results = results if isinstance(results, Results) else open_results(results)
    rows = results.to_pandas(["string", "canonical", "dataset", "recipe", "status"])
    told = plan.told
    recipes = {told["recipe"], _without_channels(told["recipe"])}
    planned = dict.fromkeys(told["models"])
    spelled = {text: _known(text, planned) for text in rows["string"].unique()}
    found: dict[tuple[str, str], tuple[str, str]] = {}
    by = ["string", "canonical", "dataset", "recipe"]
    for (string, canonical, dataset, recipe), some in rows.groupby(by, sort=False):
        # a model with symbols is another one for other data, but planned as it is written
        model = canonical if canonical in planned else spelled[string] or canonical
        why = (
            "the model is not in the plan" if model not in planned
            else "the data are not in the plan" if dataset not in told["datasets"]
            else "it was fitted or tested otherwise" if recipe not in recipes
            else ""
        )  # fmt: skip
        status = FAILED if (some["status"] == "failed").any() else DONE
        if why:
            found.setdefault((model, dataset), (ADDED, why))
        else:
            found[model, dataset] = (status, "")
    for dataset in told["datasets"]:
        for model in planned:
            found.setdefault((model, dataset), (MISSING, ""))
    table = [(*key, *value) for key, value in found.items()]
    return Fulfilment(pd.DataFrame(table, columns=["model", "dataset", "status", "why"]), plan)


def _known(string: str, planned: Mapping[str, None]) -> str | None:
    canonical = canonical_or_none(string)
    return canonical if canonical in planned else None


def _without_channels(recipe: str) -> str:
    told = json.loads(recipe)
    told.pop("channels", None)
    return json.dumps(told, sort_keys=True)
