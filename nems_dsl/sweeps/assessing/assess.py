"""A hypothesis on data, or on the rows of a store: fit what is missing, then compare."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...experiments.strings import read_experiment
from ..results.cells import check_metric
from ..results.inference import Clusters
from ..results.names import canonical_or_none
from ..running.datasets import RESPONSES
from ..running.executors import SERIAL
from ..running.sweeping import sweep
from .assessment import Assessment, assess_pair
from .hypothesis import Hypothesis, read_hypothesis
from .partition import Partition, partition_variance

if TYPE_CHECKING:
    import pandas as pd

    from ..results.stored_results import Results

_CORRELATIONS = ("r_test", "r_fit")
_TOLD_BY_ROWS = ("n_folds", "by", "test", "gap", "seed")
_MOST_NAMED = 4
_NOT_FOR_ASSESS = {"where": "the pattern says which models there are"}


def assess(
    pattern: str,
    x: Any,
    y: Any = None,
    *,
    metric: str = "r_test",
    state: Any = None,
    clusters: Clusters | None = None,
    n_folds: int | None = 5,
    store: str | Path | None = None,
    executor: Any = SERIAL,
    **options: Any,
) -> Assessment | Partition:
    """Tell what a part of a model is worth: cross-validate with it and without, and compare.

    Parameters
    ----------
    pattern : str
        A model string with the part in brackets, as ``wc.18x2[-stp.2]-fir.2x15-dexp.1``, or a
        choice of two, as ``wc.18x2-fir.2x15-{lvl,dexp}.1``. With two of them, the variance that
        four models explain is divided into what is unique to each part and what they share.
    x : array, list of arrays, dict, Recording, or mapping of str to data
        One data set, as for `Model.fit`, with `y`; or several by name, each in a form that
        `sweep` takes, as ``{"cell1": (x, y), "cell2": (x, y)}``.
    y : array or list of arrays, optional
        The response to x, all of whose channels are fitted. Leave it out where `x` has it.
    metric : str
        What is compared; as for `Results.compare`.
    state : array or list of arrays, optional
        The state that goes with one x.
    clusters : mapping of str to str, or callable, optional
        Of which recording, site or animal a data set is, by its name. By default each is one by
        itself. Neurons of one are no independent samples.
    n_folds : int or None
        Into how many folds the data are divided; None holds out one part.
    store : str, Path or URL, optional
        Where to keep the fits, so that nothing is done twice. By default they are not kept.
    executor : concurrent.futures.Executor, "serial" or None
        As for `sweep`, but in this process by default; None has a process for each core.
    **options
        Others of `sweep`, and those of fits.

    Returns
    -------
    Assessment or Partition
        With ``effect``, ``interval``, ``p``, ``n_clusters``, ``n``, ``table``, ``plot()`` and
        ``sentence``; or, for two parts, with ``unique_a``, ``unique_b``, ``shared`` and
        ``explained``.

    Raises
    ------
    ModelStringError
        The pattern cannot be read, or spells what is no model.
    ValueError, TypeError
        It is no hypothesis; the data or options are wrong; all fits have failed.

    Notes
    -----
    With one data set, p and interval are over folds and hold for its neurons on new data: they
    say nothing of other recordings. See `Effect`.

    Examples
    --------
    >>> from nems_dsl import assess
    >>> from nems_dsl.datasets import simulate
    >>> cells = {
    ...     f"cell{n}": simulate(n_times=600, n_channels=6, n_taps=4, snr=4.0, seed=n)
    ...     for n in range(3)
    ... }
    >>> found = assess("wc.6x1-fir.1x4[-dexp.1]", cells, n_folds=2)
    >>> found.part, found.n_clusters, found.effect > 0.01, found.interval[0] > 0
    ('dexp.1', 3, True, True)
    >>> found.sentence.split(" raised ")[0]
    'Adding dexp.1 (wc.6x1-fir.1x4-dexp.1 against wc.6x1-fir.1x4)'
    """
    for name, why in _NOT_FOR_ASSESS.items():
        if name in options:
            raise TypeError(f"assess does not take {name!r}: {why}")
    hypothesis = read_hypothesis(pattern, options.get("dialect", "native"))
    _check_metric(hypothesis, metric)
    datasets = _name_data(x, y, state)
    with tempfile.TemporaryDirectory(prefix="nems_dsl_assess_") as folder:
        place = Path(folder) / "results.db" if store is None else store
        results = sweep(pattern, datasets, place, executor, n_folds=n_folds, **options)
        return _conclude(hypothesis, results, metric, clusters)


def assess_results(
    results: Results,
    pattern: str,
    metric: str,
    datasets: Any,
    clusters: Clusters | None,
    executor: Any,
    options: Mapping[str, Any],
) -> Assessment | Partition:
    """Assess a hypothesis on the data of a store's rows, by their recipe; see `Results.assess`."""
    import pandas as pd

    for name in options:
        if name in (*_TOLD_BY_ROWS, "fit"):
            raise TypeError(f"assess does not take {name!r}: the rows say how models were tested")
    hypothesis = read_hypothesis(pattern, options.get("dialect", "native"))
    _check_metric(hypothesis, metric)
    results.check_one_kind()
    rows = _read_rows(results)
    if not len(rows):
        raise ValueError("there are no rows, which would say of which data and how tested")
    whole = _on_same_data(results, rows)
    missing = _find_missing(hypothesis, rows, _read_rows(whole))
    if missing and datasets is not None:
        told = json.loads(rows["recipe"].iloc[0])
        channels = sorted(rows["channel"].dropna().unique().astype(int).tolist())
        # not as text, in which a URL has no password
        location: Any = results.location
        fitted = sweep(
            pattern, datasets, location, executor, fit=told.get("fit"),
            channels=channels or told.get("channels"),
            **{name: told[name] for name in _TOLD_BY_ROWS if name in told}, **options,
        )  # fmt: skip
        rows = pd.concat([rows, _read_rows(fitted)])
        whole = _on_same_data(results, rows)
        missing = _find_missing(hypothesis, rows, _read_rows(whole))
    if missing:
        string, names = next(iter(missing.items()))
        remedy = (
            "a store has scores and models, but no data: give these by datasets=, as to the sweep, "
            "and what is missing is fitted"
            if datasets is None
            else "they are not among the datasets that were given"
        )
        raise ValueError(f"{string} was not fitted to all of {_list(names)}; {remedy}")
    return _conclude(hypothesis, whole, metric, clusters)


def _conclude(
    hypothesis: Hypothesis, results: Results, metric: str, clusters: Clusters | None
) -> Assessment | Partition:
    scores, names = results.score_table(list(hypothesis.strings.values()), metric)
    models = dict(zip(hypothesis.strings, names, strict=True))
    rows = _read_rows(results)
    rows = rows[(rows["status"] == "failed") & _are_of(rows, hypothesis.strings.values())]
    failures = tuple(
        f"{string} on {dataset}: {error.partition(chr(10))[0]}"
        for string, dataset, error in zip(
            rows["string"], rows["dataset"], rows["error"], strict=True
        )
    )
    conclude = assess_pair if len(hypothesis.parts) == 1 else partition_variance
    return conclude(hypothesis, scores, models, clusters, failures)


def _check_metric(hypothesis: Hypothesis, metric: str) -> None:
    check_metric(metric)
    if len(hypothesis.parts) == 2 and metric not in _CORRELATIONS:
        raise ValueError(
            f"variance is divided by correlations, {' or '.join(_CORRELATIONS)}, not by {metric}; "
            "of one optional part any score can be assessed"
        )


# ---- data ------------------------------------------------------------------------------------


def _name_data(x: Any, y: Any, state: Any) -> Any:
    """Give data sets as `sweep` takes them."""
    if y is not None:
        return {"data": (x, y) if state is None else (x, y, None, state)}
    if state is not None:
        raise TypeError("a state goes with one x and y; of several data sets each has its own")
    if isinstance(x, Mapping) and not any(name in x for name in RESPONSES):
        return x
    if isinstance(x, str | Path):
        return x
    if isinstance(x, Sequence) and x and all(isinstance(each, str | Path) for each in x):
        return x
    return {"data": x}


# ---- rows ------------------------------------------------------------------------------------


def _read_rows(results: Results) -> pd.DataFrame:
    return results.to_pandas(
        ["string", "canonical", "dataset", "data_digest", "channel", "fold", "status", "error",
         "recipe"]
    )  # fmt: skip


def _on_same_data(results: Results, rows: pd.DataFrame) -> Results:
    """Give all rows of the store of the same data, recipes, channels and folds."""
    found = type(results)(results.location).of_sweep(
        rows["data_digest"].unique(), rows["recipe"].unique()
    )
    channels = [None if channel != channel else int(channel) for channel in _plain(rows["channel"])]
    return found.select(channel=channels, fold=_plain(rows["fold"]))


def _plain(column: pd.Series) -> list[Any]:
    return column.astype(float).drop_duplicates().tolist()


def _find_missing(
    hypothesis: Hypothesis, wanted: pd.DataFrame, there: pd.DataFrame
) -> dict[str, list[str]]:
    """Give the data sets on which models were not tried that others were, by model."""
    missing = {}
    for string in hypothesis.strings.values():
        # models of all channels together have rows of their own, without a channel
        alike = wanted[
            wanted["channel"].notna()
            == read_experiment(string, hypothesis.dialect).model.has_one_output
        ]
        by = ["data_digest", "channel", "fold"] if len(alike) else ["data_digest", "fold"]
        asked = alike if len(alike) else wanted
        own = there[_are_of(there, [string])]
        done = set(own[by].astype(str).itertuples(index=False, name=None))
        open_ = [
            pair not in done for pair in asked[by].astype(str).itertuples(index=False, name=None)
        ]
        if any(open_):
            missing[string] = asked["dataset"][open_].unique().tolist()
    return missing


def _are_of(rows: pd.DataFrame, strings: Iterable[str]) -> pd.Series:
    strings = list(strings)
    known = {text for string in strings if (text := canonical_or_none(string)) is not None}
    return rows["string"].isin(strings) | rows["canonical"].isin(known)


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more
