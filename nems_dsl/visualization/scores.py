"""Scores of many neurons: of folds, against ceilings, over amounts of data, by model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes

from .axes import BLUE, GREY, RED, finish, own_axes
from .words import words_for

if TYPE_CHECKING:
    from ..studies import CrossValidation
    from ..sweeps import Results
    from ..sweeps.results.names import ModelNames

_MOST_NAMED = 12
_MOST_LETTERS = 30


def plot_cross_validation(result: CrossValidation, ax: Axes | None = None) -> Axes:
    """Draw the score of each channel on held-out data, and that of each fold.

    Parameters
    ----------
    result : CrossValidation
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Dots are folds, bars standard errors, crosses the scores on the data of the fits.

    Examples
    --------
    >>> from nems_dsl import cross_validate
    >>> x = np.random.default_rng(0).random((500, 4))
    >>> ax = plot_cross_validation(cross_validate("wc.4x1-lvl.1", x, x[:, :2] + 1, n_folds=5))
    >>> ax.get_ylabel(), ax.get_title()
    ('correlation', 'held-out data, 5 folds by time')
    """
    ax = own_axes(ax)
    n_folds, n_channels = result.scores.shape
    at = np.arange(n_channels)
    score, error = np.atleast_1d(result.score), np.atleast_1d(result.standard_error)
    spread = np.linspace(-0.15, 0.15, n_folds)
    ax.plot(
        (at + spread[:, None]).ravel(), result.scores.ravel(), ".", ms=3, color=GREY,
        label="folds",
    )  # fmt: skip
    ax.plot(
        at, np.atleast_1d(result.score_fit), "x", ms=5, color=RED, alpha=0.7,
        label="data of the fits",
    )  # fmt: skip
    ax.errorbar(
        at, score, yerr=np.nan_to_num(error), fmt="o", ms=5, color=BLUE, capsize=2, zorder=3,
        label="held-out data",
    )  # fmt: skip
    if n_channels <= _MOST_NAMED:
        names = result.labels or tuple(map(str, at))
        long = max(map(len, names)) * n_channels > _MOST_LETTERS
        ax.set_xticks(at, names, rotation=40 if long else 0, ha="right" if long else "center")
    ax.set_xlim(-0.6, n_channels - 0.4)
    ax.set_xlabel("channel")
    ax.set_ylabel(result.metric)
    ax.set_title(f"held-out data, {n_folds} folds by {result.by}", fontsize="medium")
    ax.legend(fontsize="small", frameon=False)
    finish([ax])
    return ax


def plot_ceilings(scores: Any, ceilings: Any, ax: Axes | None = None, *, metric: str = "r") -> Axes:
    """Draw the score of each neuron against the best that its noise allows.

    Parameters
    ----------
    scores : (neurons,) array
        On held-out data.
    ceilings : (neurons,) array
        Such as `nems_dsl.metrics.noise_ceiling` gives; NaN where there is none.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.
    metric : str
        What the scores are called.

    Returns
    -------
    matplotlib.axes.Axes
        On the diagonal a model explains all that can be explained. The title has the number of
        neurons and the median share of the ceiling.

    Raises
    ------
    ValueError
        There are not as many ceilings as scores.

    Examples
    --------
    >>> ax = plot_ceilings([0.3, 0.4, 0.2], [0.6, 0.5, np.nan])
    >>> ax.get_title()
    '2 neurons, median 65 % of the ceiling'
    """
    ax = own_axes(ax)
    score, ceiling = np.asarray(scores, dtype=float), np.asarray(ceilings, dtype=float)
    if score.shape != ceiling.shape or score.ndim != 1:
        raise ValueError(
            f"scores and ceilings are one for each neuron, not {score.shape} and {ceiling.shape}"
        )
    known = np.isfinite(score) & np.isfinite(ceiling)
    score, ceiling = score[known], ceiling[known]
    low = min(0.0, float(score.min(initial=0)))
    high = max(float(np.max([*score, *ceiling], initial=0)), 1e-9)
    limits = (low - 0.03 * (high - low), high + 0.05 * (high - low))
    ax.plot(limits, limits, color=GREY, lw=1, ls="--", zorder=1, label="ceiling")
    ax.scatter(ceiling, score, s=18, color=BLUE, alpha=0.7, edgecolors="none", zorder=2)
    ax.set_xlim(limits)
    ax.set_ylim(limits)
    ax.set_aspect("equal")
    ax.set_xlabel(f"ceiling of {metric}")
    ax.set_ylabel(f"{metric} on held-out data")
    title = f"{len(score)} neurons"
    share = score[ceiling > 0] / ceiling[ceiling > 0]
    if share.size:
        title += f", median {100 * np.median(share):.0f} % of the ceiling"
    ax.set_title(title, fontsize="medium")
    ax.legend(loc="upper left", fontsize="small", frameon=False)
    finish([ax])
    return ax


def plot_learning_curve(
    amounts: Any,
    scores: Any,
    ax: Axes | None = None,
    *,
    unit: str = "share of the data",
    metric: str = "r",
    label: str = "",
) -> Axes:
    """Draw scores on held-out data over how much data a model was fitted to.

    Parameters
    ----------
    amounts : (n,) array
        How much data.
    scores : (n, neurons) or (n,) array
        On the same held-out data each time; NaN where there is none.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default. Several curves may be drawn into one.
    unit, metric : str
        Of the two axes.
    label : str
        Of the curve, such as the model.

    Returns
    -------
    matplotlib.axes.Axes
        Thin lines are neurons, the thick one their mean; bars are standard errors of the mean
        after each neuron's own mean is taken away.

    Raises
    ------
    ValueError
        There are not as many amounts as rows of scores.

    Examples
    --------
    >>> ax = plot_learning_curve([0.25, 0.5, 1], [[0.2, 0.1], [0.3, 0.2], [0.35, 0.25]])
    >>> ax.lines[-1].get_ydata().round(3).tolist() if not ax.containers else "with errors"
    'with errors'
    """
    ax = own_axes(ax)
    amount, score = np.asarray(amounts, dtype=float), np.asarray(scores, dtype=float)
    score = score[:, None] if score.ndim == 1 else score
    if score.ndim != 2 or amount.shape != (len(score),):
        raise ValueError(
            f"scores have a row for each amount: not {score.shape} for {amount.shape} amounts"
        )
    score = score[:, ~np.isnan(score).any(axis=0)]
    n = score.shape[1]
    colour = f"C{len(ax.containers)}" if ax.containers else BLUE
    if n > 1:
        ax.plot(amount, score, color=colour, alpha=0.2, lw=0.7)
    error = None
    if n > 1:
        # the mean of a neuron over amounts is among those taken away; see `plot_effect`
        within = score - score.mean(axis=0)
        shrunk = len(amount) / max(len(amount) - 1, 1)
        error = within.std(axis=1, ddof=1) * np.sqrt(shrunk / n)
    ax.errorbar(
        amount, score.mean(axis=1), yerr=error, color=colour, marker="o", ms=5, lw=2, capsize=3,
        label=label or None,
    )  # fmt: skip
    ax.set_xlabel(unit)
    ax.set_ylabel(f"{metric} on held-out data")
    ax.set_title(f"{n} neuron{'' if n == 1 else 's'}", fontsize="medium")
    if label:
        ax.legend(fontsize="small", frameon=False)
    finish([ax])
    return ax


def plot_score_map(
    results: Results,
    metric: str = "r_test",
    ax: Axes | None = None,
    *,
    models: ModelNames = "canonical",
    cmap: str = "viridis",
) -> Axes:
    """Draw the scores of a sweep as colours: a row for each model, a column for each neuron.

    Parameters
    ----------
    results : Results
    metric : str
        As for `Results.pivot`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.
    models : {"canonical", "string"}
        As for `Results.pivot`.
    cmap : str
        Colours, by their name in matplotlib.

    Returns
    -------
    matplotlib.axes.Axes
        Models and neurons are sorted by their means, the best at the top and to the left; what is
        missing or failed is white. Up to 12 models are named.

    Raises
    ------
    ValueError
        As for `Results.pivot`.
    """
    from ..result_columns import is_higher_better

    ax = own_axes(ax)
    table = results.pivot(metric, rows="neuron", models=models)
    values = table.to_numpy(dtype=float)
    sign = -1 if is_higher_better(metric) else 1
    by_model = np.argsort(sign * _means(values, axis=0), kind="stable")
    by_neuron = np.argsort(sign * _means(values, axis=1), kind="stable")
    drawn = values[np.ix_(by_neuron, by_model)].T
    image = ax.imshow(drawn, aspect="auto", interpolation="nearest", cmap=cmap)
    names = [str(table.columns[place]) for place in by_model]
    if len(names) <= _MOST_NAMED:
        ax.set_yticks(range(len(names)), names, fontsize="x-small")
    else:
        ax.set_ylabel(f"{len(names)} models, the best first")
    ax.set_xlabel(f"{len(by_neuron)} neurons, the best first")
    ax.set_xticks([])
    ax.figure.colorbar(image, ax=ax, label=words_for(metric), pad=0.02)
    finish([ax])
    return ax


def _means(values: np.ndarray, axis: int) -> np.ndarray:
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    sums = np.where(known, values, 0).sum(axis=axis)
    # models without any score come last
    return np.where(count > 0, sums / np.maximum(count, 1), -np.inf)
