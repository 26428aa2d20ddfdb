"""One model out of many, with a score in which the choice has no say."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from .data.recording import read_recording
from .fit_options import FitArguments, FitOptions, document_options
from .models import Model
from .spaces.space import Space, expand
from .studies.crossvalidation import validate
from .studies.crossvalidation_results import CrossValidation
from .studies.design import Design
from .studies.many import read_held_out
from .studies.nested import prepare, read_models, settle
from .studies.threads import Tasks, count_threads

if TYPE_CHECKING:
    import pandas as pd

_MOST_ROWS = 20


@document_options
def select(
    models: str | Model | Space | Sequence[str | Model],
    x: Any,
    y: Any = None,
    *,
    n_folds: int = 10,
    inner_folds: int = 5,
    metric: str = "correlation",
    method: str = "pooled",
    by: str = "auto",
    gap: int | None = None,
    groups: Sequence[Hashable] | None = None,
    shuffle_seed: int | None = None,
    state: Any = None,
    mask: Any = None,
    n_jobs: int | None = 1,
    verbose: int = 0,
    callback: Callable[[int, float], object] | None = None,
    **options: Unpack[FitArguments],
) -> ModelSelection:
    """Choose a model by cross-validation, fit it to all of the data, and score the whole procedure.

    The score of the best of many models is too good: it is the best in part by luck. So within the
    data of each outer fold a model is chosen by inner folds, as it is by all of the data at the
    end; what the outer fold holds out is predicted by that model, and had no say in the choice.

    Parameters
    ----------
    models : str, Model or Space, or a sequence of str and Model
        What to choose from. A string may be a pattern, such as ``wc.18x{r=1..4}-fir.{r}x15``, and
        a space one with a condition: ``expand(pattern, where=...)``.
    x : (T, channels), (trials, T, channels), list of (T_i, channels), or dict of these
        The stimulus, or signals by name; finite.
    y : like `x`, or (T,)
        The response; NaN is left out. If the models have one output, each channel of several
        chooses by itself.
    n_folds : int
        Outer folds, that the score is of.
    inner_folds : int
        Folds of the choice; with trials, no more than there are.
    metric, method : str
        As for `cross_validate`; what models are chosen and scored by.
    by, gap, groups, shuffle_seed
        How the recording is cut, as for `cross_validate`.
    state : like `x`, optional
        The signal ``state``, where `x` does not have it.
    mask : like `y`, or without its channels, optional
        True where the response counts; the rest is neither fitted nor tested.
    n_jobs : int, optional
        How many fits at a time; None or -1 for one per core. The result is the same to the last
        bit. See `nems_dsl.fit`.
    verbose : int
        1 prints how each fit is going.
    callback : callable, optional
        Called with the iteration's number and the loss, in each fit.
    {options}

    Returns
    -------
    ModelSelection
        ``print`` it for a table.

    Raises
    ------
    ValueError, ModelStringError
        There is no model to choose from, one does not suit the data, or the data cannot be cut so:
        says what is wrong, before any fit.

    Warns
    -----
    NotFittedWarning
        As for `cross_validate`.

    Notes
    -----
    With c models there are ``(n_folds + 1) * (c * inner_folds + 1)`` fits for each channel, and
    ``n_folds + 1`` if there is but one.

    The score is that of models fitted to all data but a fold; the model that is given back has
    seen more, and is if anything better. S. Varma and R. Simon (2006), Bias in error estimation
    when using cross-validation for model selection, BMC Bioinformatics 7: 91.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import select
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((600, 3))
    >>> y = np.roll(x[:, 0], 2) + 0.5 * rng.standard_normal(600)
    >>> found = select("fir.3x{1,4}-lvl.1", x, y, n_folds=5, inner_folds=3)
    >>> print(found)
    fir.3x4-lvl.1, chosen out of 2
    correlation 0.8..., standard error 0.0...: pooled over 5 outer folds by time, with gaps ...
    <BLANKLINE>
    model          parameters  by choice  folds
    fir.3x1-lvl.1           4     ...      0
    fir.3x4-lvl.1          13      0.8...      5  chosen
    <BLANKLINE>
    what a choice is by is too good to be reported; the score above is not
    >>> found.string, found.model.results.converged
    ('fir.3x4-lvl.1', True)
    """
    chosen = read_held_out(FitOptions.read(options, "select"))
    candidates = read_models(_read_candidates(models))
    recording = read_recording(x, y, state=state, mask=mask, single=chosen.dtype == "float32")
    design = Design(0.0, n_folds, by, gap, groups, shuffle_seed)
    study = prepare(candidates, recording, design, method, metric, inner_folds, chosen)
    study = replace(study, verbose=verbose, callback=callback)
    validated = validate(study, n_jobs)
    n_threads = count_threads(n_jobs, len(study.columns))
    columns = study.columns
    work = Tasks(
        lambda n: settle(study, columns[n]), len(columns), n_threads, may_fork=study.is_quiet
    )
    fitted, numbers, scores = zip(*work.results(), strict=True)
    is_one = len(study.columns) == 1
    strings = [validated.candidates[number] for number in numbers]
    return ModelSelection(
        model=fitted[0] if is_one else list(fitted),
        string=strings[0] if is_one else strings,
        score=validated.score,
        standard_error=validated.standard_error,
        choice=np.array(numbers),
        choice_scores=np.stack(scores),
        n_parameters=[each.parameter_count for each in study.candidates],
        validation=validated,
    )


def _read_candidates(models: Any) -> list[str | Model]:
    """Give the models one by one: what patterns stand for, each model once."""
    if isinstance(models, str | Model | Space):
        models = [models]
    elif not isinstance(models, Iterable):
        raise TypeError(
            f"give models to choose from by strings, by a pattern or as Models, not {models!r}"
        )
    found: list[str | Model] = []
    met: set[str] = set()
    for each in models:
        if not isinstance(each, str | Space):
            found.append(each)
            continue
        for variant in expand(each) if isinstance(each, str) else each:
            if variant.canonical not in met:
                met.add(variant.canonical)
                found.append(variant.string)
    return found


@dataclass(frozen=True, repr=False)
class ModelSelection:
    """A model that was chosen among several and fitted to all data, and an honest score.

    Attributes
    ----------
    model : Model, or list of Model
        Fitted to all of the data; a list with one for each channel where each chose by itself.
    string : str, or list of str
        What was chosen.
    score : float, or (channels,) ndarray
        Of predictions of data that had a say neither in a fit nor in a choice.
    standard_error : float, or (channels,) ndarray
        Of `score`.
    choice : (n_models,) ndarray of int
        Which of the candidates was chosen, for each channel that has a model of its own.
    choice_scores : (n_models, n_candidates) ndarray
        What it was chosen by: cross-validated scores on all data. The best of them is too good to
        be reported, for it is the best in part by luck. NaN without a choice.
    n_parameters : list of int
        How many numbers the fit of each candidate could move.
    validation : CrossValidation
        What `score` is of, with the predictions and models of all outer folds.
    """

    model: Any
    string: Any
    score: Any
    standard_error: Any
    choice: np.ndarray
    choice_scores: np.ndarray
    n_parameters: list[int]
    validation: CrossValidation

    @property
    def candidates(self) -> list[str]:
        """The models that there were to choose from."""
        return self.validation.candidates

    @property
    def choices(self) -> np.ndarray:
        """Which candidate each outer fold chose, (n_folds, n_models) int."""
        return self.validation.choices

    def to_pandas(self) -> pd.DataFrame:
        """Give a table with a row for each candidate, and for each channel that chose by itself.

        Returns
        -------
        pandas.DataFrame
            With ``model``, ``n_parameters``, ``choice_score`` (what it was chosen by), ``chosen``,
            and ``times_chosen``, by outer folds. ``channel`` comes first where several chose.
        """
        import pandas as pd

        n_models, n_candidates = self.choice_scores.shape
        places = range(n_candidates)
        counts = np.stack([np.sum(self.choices == place, axis=0) for place in places], axis=1)
        table: dict[str, Any] = {}
        if n_models > 1:
            table["channel"] = np.repeat(self._names(n_models), n_candidates)
        table["model"] = self.candidates * n_models
        table["n_parameters"] = self.n_parameters * n_models
        table["choice_score"] = self.choice_scores.ravel()
        table["chosen"] = (self.choice[:, None] == np.arange(n_candidates)).ravel()
        table["times_chosen"] = counts.ravel()
        return pd.DataFrame(table)

    def summary(self) -> str:
        """Give the score and a table of what was chosen as text."""
        lines = [*self._head(), "", *self._table()]
        if len(self.candidates) > 1 and len(self.choice) == 1:
            lines += ["", "what a choice is by is too good to be reported; the score above is not"]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        n = len(self.candidates)
        return f"<ModelSelection of {self._chosen()} out of {n} model{'s' * (n != 1)}>"

    def _chosen(self) -> str:
        if isinstance(self.string, str):
            return self.string
        return f"{len(set(self.string))} for {len(self.string)} channels"

    def _names(self, n_models: int) -> list[Any]:
        return [*(self.validation.labels or range(n_models))]

    def _head(self) -> Iterator[str]:
        of, n = self.validation, len(self.candidates)
        yield f"{self._chosen()}, chosen out of {n}" if n > 1 else self._chosen()
        score, error = np.atleast_1d(self.score), np.atleast_1d(self.standard_error)
        gap = "" if of.by == "trials" else f", with gaps of {of.gap} bins"
        how = f"{of.method} over {len(of.folds)} outer folds by {of.by}{gap}"
        if len(score) == 1:
            yield f"{of.metric} {score[0]:.3f}, standard error {error[0]:.3f}: {how}"
        else:
            known = score[~np.isnan(score)]
            mean = float(known.mean()) if known.size else math.nan
            yield f"mean {of.metric} {mean:.3f} of {len(score)} channels: {how}"

    def _table(self) -> Iterator[str]:
        if len(self.choice) > 1:
            yield from self._by_channel()
            return
        names = self.candidates[:_MOST_ROWS]
        wide = max(map(len, ["model", *names]))
        yield f"{'model':{wide}}{'parameters':>12}{'by choice':>11}{'folds':>7}"
        counts = [int(np.sum(self.choices == place)) for place in range(len(self.candidates))]
        for place, name in enumerate(names):
            value = self.choice_scores[0, place]
            shown = f"{value:>11.3f}" if len(self.candidates) > 1 else f"{'':11}"
            mark = "  chosen" if place == self.choice[0] else ""
            yield f"{name:{wide}}{self.n_parameters[place]:>12}{shown}{counts[place]:>7}{mark}"
        if len(self.candidates) > _MOST_ROWS:
            yield f"({len(self.candidates) - _MOST_ROWS} more)"

    def _by_channel(self) -> Iterator[str]:
        names = [*map(str, self._names(len(self.choice)))][:_MOST_ROWS]
        wide = max(map(len, ["channel", *names]))
        yield f"{'channel':>{wide}}{'score':>9}{'se':>9}{'folds':>7}  chosen"
        for place, name in enumerate(names):
            count = int(np.sum(self.choices[:, place] == self.choice[place]))
            numbers = f"{self.score[place]:>9.3f}{self.standard_error[place]:>9.3f}{count:>7}"
            yield f"{name:>{wide}}{numbers}  {self.string[place]}"
        if len(self.choice) > _MOST_ROWS:
            yield f"({len(self.choice) - _MOST_ROWS} more)"
