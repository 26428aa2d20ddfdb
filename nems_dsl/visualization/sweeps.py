"""Results of sweeps: score against size, what a variable does, and two models compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..result_columns import is_higher_better
from ..sweeps.results.inference import tell_sample
from .axes import (
    BLUE,
    GREY,
    RED,
    Style,
    finish,
    is_paper,
    new_figure,
    own_axes,
    say_instead,
    use_style,
)
from .words import MOST_LETTERS, count_of, tell_p, texts_of, words_for, wrap_string

if TYPE_CHECKING:
    from ..sweeps import Comparison, Results
    from ..sweeps.results.names import ModelNames
    from ..sweeps.results.score_tables import Over

MOST_LABELS = 4
MOST_LINES = 60
_JITTER = 0.12
_LEAST_SPAN = 0.1  # of the mean score


def pareto_front(size: np.ndarray, score: np.ndarray, *, lower: bool = False) -> np.ndarray:
    """Give the models that no other beats with as few parameters.

    Parameters
    ----------
    size, score : (models,) arrays
    lower : bool
        A lower score is better.

    Returns
    -------
    (front,) int array
        Places in the arrays, from the smallest model to the largest; scores get strictly better.

    Examples
    --------
    >>> size, score = np.array([10, 20, 20, 30, 40]), np.array([0.3, 0.5, 0.4, 0.45, 0.6])
    >>> pareto_front(size, score).tolist()
    [0, 1, 4]
    """
    better = -np.asarray(score) if lower else np.asarray(score)
    front: list[int] = []
    for place in np.lexsort((-better, size)):
        if not front or better[place] > better[front[-1]]:
            front.append(int(place))
    return np.array(front, dtype=int)


def plot_pareto(
    results: Results,
    metric: str = "r_test",
    ax: Axes | None = None,
    *,
    labels: int = MOST_LABELS,
    models: ModelNames = "canonical",
) -> Axes:
    """Draw the score of each model against its number of parameters, and their Pareto front.

    Parameters
    ----------
    results : Results
    metric : str
        As for `Results.pivot`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.
    labels : int
        Up to how many models of the front to name: the smallest, the best, and those between
        them that gain the most.
    models : {"canonical", "string"}
        As for `Results.pivot`.

    Returns
    -------
    matplotlib.axes.Axes
        A point is the mean over neurons; bars are its standard error. Models that were scored
        on fewer neurons than others are left out.

    Raises
    ------
    ValueError
        There is no such metric; or as for `Results.pivot`.
    """
    ax = own_axes(ax)
    table = results.best(metric, n=len(results) or 1, models=models)
    table = table.dropna(subset=["n_parameters", metric])
    if table.empty:
        return say_instead(ax, "no model was scored")
    size = table["n_parameters"].to_numpy(dtype=float)
    score, se = table[metric].to_numpy(dtype=float), table["se"].to_numpy(dtype=float)
    front = pareto_front(size, score, lower=not is_higher_better(metric))
    ax.errorbar(
        size, score, yerr=np.nan_to_num(se), fmt="o", ms=4, color=GREY, ecolor="0.85", elinewidth=1,
        label=f"{len(table)} models",
    )  # fmt: skip
    ax.step(
        size[front], score[front], where="post", color=BLUE, lw=1.5, marker="o", ms=5, zorder=3,
        label="Pareto front",
    )  # fmt: skip
    names = table[models].tolist()
    _name_points(ax, size, score, [names[place] for place in front], front, labels)
    n_neurons = int(table["n_neurons"].max())
    ax.set_xlabel("parameters")
    ax.set_ylabel(f"{words_for(metric)}, mean of {count_of(n_neurons, 'neuron')}")
    if size.max() > 20 * size.min() > 0:
        ax.set_xscale("log")
    ax.set_title("score against size", fontsize="medium")
    ax.legend(loc="lower right", fontsize="small", frameon=False)
    finish([ax])
    return ax


def plot_effect(
    results: Results,
    variable: str,
    metric: str = "r_test",
    ax: Axes | None = None,
    *,
    over: Over = "mean",
    models: ModelNames = "canonical",
) -> Axes:
    """Draw what a variable of the pattern does to the score.

    Parameters
    ----------
    results : Results
    variable : str
    metric : str
        As for `Results.pivot`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.
    over : {"mean", "best"}
        What stands for the models that have a value, on each neuron.
    models : {"canonical", "string"}
        As for `Results.pivot`.

    Returns
    -------
    matplotlib.axes.Axes
        A thin line is a neuron, the thick one their mean. Bars are the standard error of the
        mean after each neuron's own mean is taken away, for it is the same for all values. Values
        that are no numbers have no order, so that no lines join them, and neurons are dots. The
        y-axis spans at least a tenth of the mean score. A variable without a name is called by the
        text that it changes.

    Raises
    ------
    ValueError
        There is no such variable or metric; or as for `Results.effect`.
    """
    ax = own_axes(ax)
    table = results.effect(variable, metric, over=over, models=models)
    if table.empty:
        return say_instead(ax, "no model was scored")
    values = list(table.columns)
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    x = np.array(values, dtype=float) if numbers else np.arange(len(values), dtype=float)
    scores = table.to_numpy()
    if len(scores) <= MOST_LINES and numbers:
        ax.plot(x, scores.T, color="0.8", lw=0.7, zorder=1)
    elif len(scores) <= MOST_LINES:
        # kinds have no order, and a line from one to the next would mean one
        places = x + np.linspace(-_JITTER, _JITTER, len(scores))[:, None]
        ax.plot(places, scores, ".", color="0.75", ms=4, zorder=1)
    within = scores - scores.mean(axis=1, keepdims=True)
    n = len(scores)
    # a value's own mean is among those taken away, which makes the spread too small by this much
    shrunk = len(values) / max(len(values) - 1, 1)
    se = within.std(axis=0, ddof=1) * np.sqrt(shrunk / n) if n > 1 else np.zeros(len(values))
    means = scores.mean(axis=0)
    ax.errorbar(
        x, means, yerr=se, color=BLUE, lw=2, ls="-" if numbers else "none", marker="o", ms=5,
        capsize=3, zorder=3,
    )  # fmt: skip
    named, words = texts_of(results, variable, values)
    ax.set_xticks(x, words)
    if not numbers and sum(map(len, words)) > MOST_LETTERS:
        ax.tick_params(axis="x", rotation=30)
    ax.margins(x=0.1)
    _keep_in_proportion(ax, means)
    ax.set_xlabel(named)
    which = "mean" if over == "mean" else "best"
    ax.set_ylabel(words_for(metric))
    ax.set_title(f"{named}: {which} of the models, {count_of(n, 'neuron')}", fontsize="medium")
    finish([ax])
    return ax


def _keep_in_proportion(ax: Axes, means: np.ndarray) -> None:
    """Widen the y-axis, so that a small difference is not drawn as a tall one."""
    least = _LEAST_SPAN * float(np.abs(means).mean())
    low, high = ax.get_ylim()
    if high - low < least:
        middle = (low + high) / 2
        ax.set_ylim(middle - least / 2, middle + least / 2)


def plot_comparison(comparison: Comparison, ax: Axes | None = None) -> Axes:
    """Draw the scores of two models against each other, a point for each neuron.

    Parameters
    ----------
    comparison : Comparison
        As `Results.compare` gives it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Points above the diagonal are neurons on which b scores higher. The title holds the mean
        difference, its p-value and 95 % interval, and the number of neurons and datasets.

    Examples
    --------
    >>> from nems_dsl.sweeps import Neuron, compare_scores
    >>> cells = [Neuron("cell0", 0), Neuron("cell1", 0), Neuron("cell2", 0)]
    >>> scores = np.array([[0.3, 0.5, 0.4], [0.4, 0.5, 0.6]])
    >>> ax = plot_comparison(compare_scores("a", "b", "r_test", cells, np.arange(3), *scores))
    >>> print(ax.get_title())
    difference +0.100, p = 0.23
    95 % interval -0.148 to +0.348
    3 neurons of 3 datasets
    """
    ax = own_axes(ax)
    a, b = comparison.scores_a, comparison.scores_b
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    margin = 0.06 * (high - low) or 0.05
    limits = (low - margin, high + margin)
    ax.plot(limits, limits, color=GREY, lw=1, ls="--", zorder=1)
    ax.scatter(a, b, s=18, color=BLUE, alpha=0.7, edgecolors="none", zorder=2)
    ax.plot(
        comparison.mean_a, comparison.mean_b, "+", color=RED, ms=12, mew=2, zorder=3, label="mean"
    )
    ax.set_xlim(limits)
    ax.set_ylim(limits)
    ax.set_aspect("equal")
    words = words_for(comparison.metric)
    ax.set_xlabel(f"{words}\n{wrap_string(comparison.a)}", fontsize="small")
    ax.set_ylabel(f"{wrap_string(comparison.b)}\n{words}", fontsize="small")
    lines = [f"difference {comparison.difference:+.3f}{tell_p(comparison.p)}"]
    if comparison.estimate.df:
        begin, end = comparison.interval
        lines.append(f"95 % interval {begin:+.3f} to {end:+.3f}")
    lines.append(tell_sample(comparison.n, comparison.n_clusters, comparison.cluster_word))
    ax.set_title("\n".join(lines), fontsize="medium")
    ax.legend(loc="lower right", fontsize="small", frameon=False)
    finish([ax])
    return ax


def plot_results(
    results: Results,
    metric: str = "r_test",
    *,
    pair: tuple[str, str] | None = None,
    models: ModelNames | None = None,
    style: Style | None = None,
    figure: Figure | None = None,
) -> Figure:
    """Draw a sweep: score against size, each variable's effect, and two models compared.

    Parameters
    ----------
    results : Results
    metric : str
        As for `Results.pivot`.
    pair : (str, str), optional
        Models to compare; by default the best, and the smallest of the Pareto front.
    models : {"canonical", "string"}, optional
        As for `Results.pivot`; by default `Results.model_names`.
    style : {"screen", "paper"}, optional
        As for `use_style`, in which the figure is drawn; "screen" outside of that by default.
    figure : matplotlib.figure.Figure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib.figure.Figure
        The panels of variables have one y-axis, so that what is tall is large.

    Raises
    ------
    ValueError
        As for `plot_pareto`, `plot_effect` and `Results.compare`.
    """
    models = results.model_names if models is None else models
    effects = {v: results.effect(v, metric, models=models) for v in results.variables}
    variables = [variable for variable, effect in effects.items() if effect.shape[1] > 1]
    pair = _smallest_and_best(results, metric, models) if pair is None else pair
    n_panels = 1 + len(variables) + (pair is not None)
    with use_style(style):
        n_columns = 1 if is_paper() else _choose_columns(n_panels)
        n_rows = -(-n_panels // n_columns)
        if figure is None:
            figure = new_figure(4.6 * n_columns, 3.9 * n_rows, paper_height=2.4 * n_rows)
        axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        plot_pareto(results, metric, axes[0], models=models)
        panels = axes[1 : 1 + len(variables)]
        for ax, variable in zip(panels, variables, strict=True):
            plot_effect(results, variable, metric, ax, models=models)
        limits = [ax.get_ylim() for ax in panels]
        for ax in panels:
            ax.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        if pair is not None:
            plot_comparison(results.compare(*pair, metric, models=models), axes[n_panels - 1])
        for ax in axes[n_panels:]:
            ax.set_axis_off()
    return figure


def _choose_columns(n_panels: int) -> int:
    """Return how many columns leave the fewest cells empty; more of them where that is equal."""
    if n_panels < 3:
        return n_panels
    return min((3, 2, 4), key=lambda n: (-n_panels % n, n != 2 if n_panels == 4 else 0))


def _smallest_and_best(results: Results, metric: str, models: ModelNames) -> tuple[str, str] | None:
    table = results.best(metric, n=len(results) or 1, models=models)
    table = table.dropna(subset=["n_parameters", metric])
    front = pareto_front(
        table["n_parameters"].to_numpy(dtype=float), table[metric].to_numpy(dtype=float),
        lower=not is_higher_better(metric),
    )  # fmt: skip
    names = table[models].tolist()
    return (names[front[0]], names[front[-1]]) if len(front) > 1 else None


def _name_points(
    ax: Axes, size: np.ndarray, score: np.ndarray, names: list[str], front: np.ndarray, most: int
) -> None:
    """Name the ends of the front, and what gains most between them."""
    if most < 1:
        return
    gains = np.abs(np.diff(score[front], prepend=score[front[0]]))
    gains[[0, -1]] = np.inf
    chosen = np.sort(np.argsort(-gains, kind="stable")[:most])
    for number in chosen:
        place = front[number]
        # above a front and to its left lies nothing that a name could hide
        ax.annotate(
            names[number], (size[place], score[place]), xytext=(-5, 3), color=BLUE,
            textcoords="offset points", fontsize="x-small", ha="right", va="bottom", zorder=4,
        )  # fmt: skip
    _make_room_on_the_left(ax)


def _make_room_on_the_left(ax: Axes) -> None:
    """Widen the axes until the names in them fit, or take half of the width."""
    for _ in range(6):
        begin = min(text.get_window_extent().x0 for text in ax.texts)
        frame = ax.get_window_extent()
        if begin >= frame.x0:
            break
        # what is missing moves with the axes, so that a few rounds are needed
        begin = max(begin, frame.x0 - 0.3 * frame.width)
        ax.set_xlim(left=ax.transData.inverted().transform((begin, 0))[0])
    if ax.get_xscale() == "linear":
        low, high = ax.get_xlim()
        ax.set_xticks([tick for tick in ax.get_xticks() if max(low, 0) <= tick <= high])
