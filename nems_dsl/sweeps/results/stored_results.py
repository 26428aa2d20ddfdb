"""Results of a sweep: tables, rankings, comparisons, and the fitted models."""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sqlalchemy import URL, Connection, func, select

from ..._html import heading, notes, table
from ...errors import NemsError
from ..store import schema
from ..store.database import Location, StoreError, connect, describe, locate, plain_errors
from ..store.odd_cells import find_odd_cells
from .cells import check_one_kind, read_cells
from .comparison import Comparison, ScoreTable, read_scores
from .export import check_ending, list_printed, with_aliases, write_table
from .inference import Clusters
from .job_table import list_variables, read_table, usual_columns
from .names import (
    ModelNames,
    ambiguous_strings,
    canonical_or_none,
    find_model,
    names_for,
    read_names,
    read_neurons,
)
from .nesting import find_steps
from .row_filters import condition_keys, conditions_for, latest_conditions, sweep_conditions
from .row_selection import Selection, read_pairs, read_variables
from .score_tables import Over, Rows, effect_of, pivot_cells, rank
from .stored_models import load_model

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from ...models import Model
    from ..assessing.assessment import Assessment
    from ..assessing.partition import Partition

_MOST_RANKED = 10


def open_results(store: str | Path | URL) -> Results:
    """Open the results of a sweep for reading; a sweep may go on writing them.

    Parameters
    ----------
    store : str, Path or sqlalchemy.URL
        The file, or the URL of a database.

    Returns
    -------
    Results

    Raises
    ------
    FileNotFoundError
        There is no such file.
    StoreError
        It is no store, damaged, or of a newer format.
    """
    location = locate(store)
    if isinstance(location, Path) and not location.is_file():
        raise FileNotFoundError(errno.ENOENT, "there is no store here", str(location))
    with plain_errors(location), connect(location, write=False).connect() as connection:
        schema.check_format(connection, location)
    return Results(location)


class Results:
    """The rows of a store, or some of them.

    Scores are those of a *neuron*: a channel of a dataset, or all of its channels where a model
    predicts them together. Where a neuron has several folds, its score is their mean, and NaN if
    one of them failed. Nothing is kept in memory: each question reads the store as it is then.

    Parameters
    ----------
    location : Path or sqlalchemy.URL
    selection : Selection, optional
        All by default.

    Examples
    --------
    >>> import tempfile
    >>> from nems_dsl import sweep
    >>> from nems_dsl.datasets import simulate
    >>> cells = {
    ...     f"cell{n}": simulate(n_times=800, n_channels=6, n_taps=4, snr=4.0, seed=n)
    ...     for n in range(3)
    ... }
    >>> folder = tempfile.TemporaryDirectory()
    >>> pattern = "wc.6x{rank=1..2}-fir.{rank}x4-{nl=lvl,dexp}.1"
    >>> results = sweep(pattern, cells, f"{folder.name}/results.db", "serial")
    >>> print(str(results).splitlines()[1])
    4 models, 3 neurons of 3 datasets
    >>> results.pivot().shape
    (3, 4)
    >>> results.where("rank == 1").best().canonical[0]
    'wc.6x1-fir.1x4-dexp.1'
    >>> comparison = results.compare("wc.6x1-fir.1x4-lvl.1", "wc.6x1-fir.1x4-dexp.1")
    >>> comparison.n, comparison.n_clusters, comparison.difference > 0, round(comparison.p, 3)
    (3, 3, True, 0.006)
    >>> results.nested().change.unique().tolist()
    ['wc out 1 -> 2', 'lvl.1 -> dexp.1']
    >>> results.load("wc.6x1-fir.1x4-lvl.1", "cell1").string
    'wc.6x1-fir.1x4-lvl.1'
    >>> folder.cleanup()
    """

    def __init__(self, location: Location, selection: Selection | None = None):
        self.location = location
        self._selection = Selection() if selection is None else selection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection, in one transaction."""
        engine = connect(self.location, write=False)
        # in one transaction, so that several questions are answered by the same rows
        with plain_errors(self.location), engine.connect() as connection, connection.begin():
            try:
                yield connection
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
                # looked at only now, for it takes a while
                if isinstance(fault, NemsError) or not isinstance(self.location, Path):
                    raise
                odd = next(find_odd_cells(connection), None)
                if odd is None:
                    raise
                raise StoreError(
                    f"{self.location} is damaged: no sweep has written {odd}; mend it by sqlite3, "
                    "or remove the row and sweep again"
                ) from fault

    # ---- which rows --------------------------------------------------------------------------

    def select(self, **values: Any) -> Self:
        """Give the rows that have some values.

        Parameters
        ----------
        **values
            By name: ``string``, ``canonical``, ``model_id``, ``dataset``, ``data_digest``,
            ``channel``, ``fold``, ``status``, ``recipe``, or a variable of the pattern. A list
            means any of its values.

        Returns
        -------
        Results

        Raises
        ------
        ValueError
            There is no such name or value; suggests the nearest.
        """
        with self.reading() as connection:
            conditions = conditions_for(connection, values)
        return type(self)(self.location, self._selection.narrowed(*conditions))

    def where(self, condition: str | Callable[[dict[str, Any]], bool]) -> Self:
        """Give the rows that meet a condition.

        Parameters
        ----------
        condition : str or callable
            Such as ``"rank < 3 and r_test > 0.2"``: names are columns and variables. Or a
            function of a dict of the columns of a row.

        Returns
        -------
        Results

        Raises
        ------
        ModelStringError
            The text is no condition, or names what is not there.
        """
        with self.reading() as connection:
            keys = condition_keys(connection, self._selection, condition)
        return type(self)(self.location, self._selection.restricted(keys))

    def latest(self) -> Self:
        """Give the rows of the recipe that was run last, and of the last version of each dataset.

        Returns
        -------
        Results
        """
        with self.reading() as connection:
            conditions = latest_conditions(connection, self._selection)
        return type(self)(self.location, self._selection.narrowed(*conditions))

    def of_sweep(self, digests: Collection[str], recipes: Collection[str]) -> Self:
        """Give the rows of a sweep, by its data and recipes; there may be none.

        Parameters
        ----------
        digests : collection of str
            Values of ``data_digest``.
        recipes : collection of str
            Values of ``recipe``.

        Returns
        -------
        Results
        """
        with self.reading() as connection:
            conditions = sweep_conditions(connection, digests, recipes)
        return type(self)(self.location, self._selection.narrowed(*conditions))

    # ---- tables ------------------------------------------------------------------------------

    def to_pandas(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Give a table with a row for each job.

        Parameters
        ----------
        columns : sequence of str, optional
            By default all but the long ones: ``versions`` (JSON text) and ``traceback``.

        Returns
        -------
        pandas.DataFrame
            In the order in which the rows were first stored. The variables of the pattern are
            columns; one that has the name of another column is called ``variable_NAME``. A
            failed job has the status "failed", its error, and no scores.

        Raises
        ------
        ValueError
            There is no such column; suggests the nearest.
        """
        with self.reading() as connection:
            return read_table(connection, self._selection, columns)

    def pivot(
        self,
        metric: str = "r_test",
        *,
        rows: Rows | None = None,
        models: ModelNames = "canonical",
    ) -> pd.DataFrame:
        """Give a table of scores: a row for each neuron or dataset, a column for each model.

        Parameters
        ----------
        metric : str
            Such as ``r_test`` or ``loss``: any score among the columns, which the page on sweeps
            lists.
        rows : {"dataset", "neuron"}, optional
            The mean over a dataset's channels; or each neuron by itself, by dataset and channel.
            By default "dataset" if no dataset has several channels, and "neuron" otherwise.
        models : {"canonical", "string"}
            By what models are told apart: the canonical string, or the string as it was written,
            whose symbols (N, R, S) may stand for other numbers in other datasets.

        Returns
        -------
        pandas.DataFrame
            Rows and columns are sorted, numbers within names by their size. NaN where a job is
            missing or has failed.

        Raises
        ------
        ValueError
            There is no such metric; or the rows were fitted by several recipes, or to several
            versions of a dataset.
        """
        with self.reading() as connection:
            cells = read_cells(connection, self._selection, metric, models)
            return pivot_cells(cells, read_neurons(connection), rows)

    def best(
        self,
        metric: str = "r_test",
        by: str | None = None,
        *,
        n: int = 1,
        incomplete: bool = False,
        models: ModelNames = "canonical",
    ) -> pd.DataFrame:
        """Give the best models.

        Parameters
        ----------
        metric : str
            As for `pivot`. The highest correlation is the best, and the lowest of anything else.
        by : str, optional
            "dataset", "neuron", or a variable of the pattern: the best for each. By default
            over all neurons.
        n : int
            How many.
        incomplete : bool
            Count models too that were scored on fewer neurons than others; they may have had
            the easier ones.
        models : {"canonical", "string"}
            As for `pivot`.

        Returns
        -------
        pandas.DataFrame
            What it is the best for, the model, ``n_parameters``, the mean score over neurons
            under the name of the metric, its standard error ``se``, ``n_neurons``, and out of how
            many models it is, ``n_models``.

        Raises
        ------
        ValueError
            There is no such metric or variable; or as for `pivot`.

        Notes
        -----
        The best of many scores is the best in part by luck, so that it is too good, the more so
        the more models there are and the larger its error is. `nems_dsl.select` scores the choice
        as well; or report scores of the models that were chosen on data that had no say in it.
        """
        if n < 1:
            raise ValueError(f"n is the number of models to give, 1 or more, not {n}")
        with self.reading() as connection:
            cells = read_cells(connection, self._selection, metric, models).complete()
            return rank(connection, self._selection, cells, metric, by, n, incomplete)

    def effect(
        self,
        variable: str,
        metric: str = "r_test",
        *,
        over: Over = "mean",
        models: ModelNames = "canonical",
    ) -> pd.DataFrame:
        """Give the scores of each neuron by the value of a variable.

        Parameters
        ----------
        variable : str
            Of the pattern.
        metric : str
            As for `pivot`.
        over : {"mean", "best"}
            What stands for the models that have a value: their mean, or the best of them, on
            each neuron.
        models : {"canonical", "string"}
            As for `pivot`.

        Returns
        -------
        pandas.DataFrame
            A row for each neuron that was scored with all models, by dataset and channel, and a
            column for each value. Where the pattern does not cross a variable with the others,
            they too may differ between columns.

        Raises
        ------
        ValueError
            There is no such variable or metric; no neuron was scored with all models; or as for
            `pivot`.
        """
        with self.reading() as connection:
            cells = read_cells(connection, self._selection, metric, models).complete()
            return effect_of(connection, self._selection, cells, metric, variable, over)

    # ---- comparisons -------------------------------------------------------------------------

    def compare(
        self,
        a: str,
        b: str,
        metric: str = "r_test",
        *,
        models: ModelNames | None = None,
        clusters: Clusters | None = None,
    ) -> Comparison:
        """Compare two models on the neurons that both were scored on.

        The unit is the dataset, for neurons of one recording are no independent samples.

        Parameters
        ----------
        a, b : str
            Models, by string or by model_id.
        metric : str
        models : {"canonical", "string"}, optional
            As for `pivot`. By default "string" where `a` or `b` is a string whose symbols stood
            for several numbers, and both are strings as they were written; otherwise "canonical".
        clusters : mapping of str to str, or callable, optional
            Of which recording, site or animal a dataset is, by its name, where several datasets
            are of one: ``{"cell1": "site1", "cell2": "site1"}``. By default each is its own.

        Returns
        -------
        Comparison
            Prints as the difference (b minus a) with its interval, the p-value of a t-test over
            datasets, and how many neurons and datasets there are.

        Raises
        ------
        ValueError
            There is no such model, or no neuron that both were scored on; or as for `pivot`.
        """
        table, (first, second) = self.score_table((a, b), metric, models)
        comparison = table.compare(first, second, clusters)
        if not comparison.n:
            raise ValueError(f"no neuron has a {metric} of both {first} and {second}")
        return comparison

    def assess(
        self,
        pattern: str,
        metric: str = "r_test",
        *,
        datasets: Any = None,
        clusters: Clusters | None = None,
        executor: Any = "serial",
        **options: Any,
    ) -> Assessment | Partition:
        """Tell what a part of a model is worth, on the data of these rows.

        The rows say on which data, channels and folds, and how models are fitted and tested. The
        models are those of the pattern; what the store has not is fitted and kept in it.

        Parameters
        ----------
        pattern : str
            As for `nems_dsl.assess`: a string with a part in brackets, a choice of two, or two of
            them.
        metric : str
        datasets : as for `sweep`, optional
            Needed where a fit is missing, for a store has scores and models, but no data.
        clusters : mapping of str to str, or callable, optional
            As for `compare`.
        executor, **options
            As for `sweep`, but in this process by default.

        Returns
        -------
        Assessment or Partition

        Raises
        ------
        ValueError
            A fit is missing, and so are the data for it; names both. Or as for `compare`.
        """
        from ..assessing.assess import assess_results

        return assess_results(self, pattern, metric, datasets, clusters, executor, options)

    def score_table(
        self, given: Iterable[str], metric: str = "r_test", models: ModelNames | None = None
    ) -> tuple[ScoreTable, list[str]]:
        """Give scores by fold of some models, and what these are called there."""
        given = list(given)
        with self.reading() as connection:
            names = names_for(connection, given, models)
            found = [find_model(connection, names, model) for model in given]
            return read_scores(connection, self._selection, metric, names, found), found

    def check_one_kind(self) -> None:
        """Refuse rows whose scores do not compare."""
        with self.reading() as connection:
            check_one_kind(connection, self._selection)

    def compare_all(
        self,
        reference: str | None = None,
        *,
        pairs: Iterable[tuple[str, str]] | None = None,
        metric: str = "r_test",
        models: ModelNames | None = None,
        clusters: Clusters | None = None,
    ) -> pd.DataFrame:
        """Compare many pairs of models; p-values are corrected for their number.

        Parameters
        ----------
        reference : str, optional
            A model with which all others are compared.
        pairs : iterable of (str, str), optional
            Or the pairs to compare. Without either, all pairs.
        metric : str
        models : {"canonical", "string"}, optional
            As for `compare`, with the models that are given.
        clusters : mapping of str to str, or callable, optional
            As for `compare`.

        Returns
        -------
        pandas.DataFrame
            A row for each pair: ``a``, ``b``, ``n_neurons``, ``n_datasets`` (or ``n_clusters``),
            ``mean_a``, ``mean_b``, ``difference`` (b minus a), its standard error ``se``, its
            95 % interval from ``low`` to ``high``, ``p`` as of `compare`, and ``p_holm``,
            corrected by Holm's method for the number of rows.

        Raises
        ------
        ValueError
            There is no such model; or as for `pivot`.
        """
        if reference is not None and pairs is not None:
            raise ValueError("give a reference to compare with, or pairs, not both")
        given = [reference] if reference is not None else []
        pairs = None if pairs is None else list(pairs)
        given += [model for pair in pairs or () for model in pair]
        with self.reading() as connection:
            names = names_for(connection, given, models)

            def find(model: str) -> str:
                return find_model(connection, names, model)

            first = None if reference is None else find(reference)
            chosen = None if pairs is None else [(find(a), find(b)) for a, b in pairs]
            table = read_scores(connection, self._selection, metric, names)
        if chosen is None:
            chosen = list(table.all_pairs(first))
        return table.compare_pairs(chosen, clusters)

    def nested(
        self,
        metric: str = "r_test",
        *,
        models: ModelNames | None = None,
        clusters: Clusters | None = None,
    ) -> pd.DataFrame:
        """Compare models that differ by one keyword, one option or one value.

        Parameters
        ----------
        metric : str
        models : {"canonical", "string"}, optional
            As for `pivot`; by default `model_names`.
        clusters : mapping of str to str, or callable, optional
            As for `compare`.

        Returns
        -------
        pandas.DataFrame
            As from `compare_all`, with ``kind`` ("value", "option added", "keyword added",
            "keyword replaced"), ``change`` (such as ``fir taps 10 -> 15``), and
            ``n_parameters``, the difference in parameters. `nems_dsl.sweeps.find_steps` says
            which pairs these are.

        Raises
        ------
        ValueError
            As for `pivot`.
        """
        with self.reading() as connection:
            names = read_names(connection, models or self._kind_of_names(connection))
            if models is None and not all(map(canonical_or_none, names.names)):
                # strings of another dialect; steps are found from native trees
                names = read_names(connection)
            table = read_scores(connection, self._selection, metric, names)
            sizes = read_cells(connection, self._selection, metric, names.kind).size_of
        steps = [step.from_simpler(sizes) for step in find_steps(table.present)]
        found = table.compare_pairs([(step.a, step.b) for step in steps], clusters)
        more = found["b"].map(sizes) - found["a"].map(sizes)
        found.insert(0, "kind", [step.kind for step in steps])
        found.insert(1, "change", [step.change for step in steps])
        found.insert(4, "n_parameters", more.astype("Int64"))
        return found

    # ---- files and models --------------------------------------------------------------------

    def export(self, path: str | Path, columns: Sequence[str] | None = None) -> Path:
        """Write the table of `to_pandas` to a file, by its ending.

        Parameters
        ----------
        path : str or Path
            Ends in ``.csv``, ``.parquet`` (needs pyarrow) or ``.tex`` (needs Jinja2).
        columns : sequence of str, optional
            As for `to_pandas`; for LaTeX, by default, those that a printed table has room for.
            Other files begin with ``cellid`` and ``modelname``, the names of NEMS, where
            dataset and channel, or string, are among the columns.

        Returns
        -------
        Path

        Raises
        ------
        ValueError
            The ending says nothing, or a package is missing.
        """
        if check_ending(path).suffix.lower() == ".tex":
            return write_table(self.to_pandas(list_printed() if columns is None else columns), path)
        return write_table(with_aliases(self.to_pandas(columns)), path)

    def load(
        self, model: str, dataset: str, channel: int | None = None, fold: int | None = None
    ) -> Model:
        """Give a fitted model back; its predictions are those that were scored, to the last bit.

        Parameters
        ----------
        model : str
            By model_id, or by its string.
        dataset : str
        channel, fold : int, optional
            Needed where there are several.

        Returns
        -------
        Model

        Raises
        ------
        ValueError
            There is no such fit, or several; says which there are.
        """
        with self.reading() as connection:
            return load_model(connection, self._selection, model, dataset, channel, fold)

    # ---- what there is -----------------------------------------------------------------------

    def __len__(self) -> int:
        """Give the number of rows, those of failed jobs included."""
        with self.reading() as connection:
            if self._selection.keys is None:
                jobs = select(func.count()).select_from(schema.jobs)
                return connection.scalar(jobs.where(*self._selection.conditions)) or 0
            (keys,) = self._selection.read(connection, [schema.jobs.c.key])
            return len(keys)

    @property
    def variables(self) -> list[str]:
        """Names of the patterns' variables."""
        with self.reading() as connection:
            return list_variables(read_variables(connection))

    @property
    def columns(self) -> list[str]:
        """Columns of `to_pandas`."""
        return usual_columns(self.variables)

    @property
    def model_names(self) -> ModelNames:
        """By what models are best told apart.

        "string" where the symbols (N, R, S) of a string stand for other numbers in other datasets,
        so that it is several canonical models, and otherwise "canonical".
        """
        with self.reading() as connection:
            return self._kind_of_names(connection)

    def _kind_of_names(self, connection: Connection) -> ModelNames:
        models = read_names(connection)
        found = ambiguous_strings(connection, self._selection.conditions, models)
        return "string" if found else "canonical"

    @property
    def recipes(self) -> list[str]:
        """In which ways the models were fitted and tested, as JSON texts."""
        with self.reading() as connection:
            (keys,) = self._selection.read(connection, [schema.jobs.c.recipe_key])
            recipes = schema.recipes.c
            texts = read_pairs(connection, recipes.key, recipes.recipe)
        return [texts[key] for key in np.unique(keys).astype(int).tolist()]

    def plot(self, metric: str = "r_test", **arguments: Any) -> Figure:
        """Draw score against size, what each variable does, and two models compared.

        Parameters
        ----------
        metric : str
            As for `pivot`.
        **arguments
            As for `nems_dsl.visualization.plot_results`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from ...visualization import plot_results

        return plot_results(self, metric, **arguments)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: how many rows there are, and the best models."""
        head = heading(*str(self).splitlines())
        try:
            ranked = self.best(n=_MOST_RANKED, models=self.model_names)
        except ValueError as fault:
            return head + notes([fault])
        # there may be no row yet, or none with a score
        rows = [
            [f"{value:.4g}" if isinstance(value, float) else value for value in row]
            for row in ranked.itertuples(index=False, name=None)
        ]
        return head + (table(list(ranked.columns), rows) if rows else "")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({describe(self.location)!r})"

    def __str__(self) -> str:
        with self.reading() as connection:
            return _summarise(connection, self._selection, describe(self.location))


def _summarise(connection: Connection, selection: Selection, where: str) -> str:
    """Write how many rows, failures, models and neurons there are."""
    jobs = schema.jobs.c
    columns = [jobs.status, jobs.model_key, jobs.neuron_key]
    status, model, neuron = selection.read(connection, columns)
    n_failed = int(np.count_nonzero(status == "failed"))
    known = read_neurons(connection)
    datasets = {known[int(key)].dataset for key in np.unique(neuron)}
    failed = f", {n_failed:,} of them failed" if n_failed else ""
    return (
        f"{where}: {_count(len(status), 'row')}{failed}\n"
        f"{_count(len(np.unique(model)), 'model')}, {_count(len(np.unique(neuron)), 'neuron')} "
        f"of {_count(len(datasets), 'dataset')}"
    )


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"
