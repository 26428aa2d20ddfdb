"""Figures of hypotheses: two models and the effect between them, and variance divided."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..sweeps.results.inference import Effect, tell_sample
from .axes import BLUE, GREY, RED, new_figure
from .sweeps import plot_comparison
from .words import words_for

if TYPE_CHECKING:
    from ..sweeps import Assessment, Partition

_MOST_NAMED = 8
_MOST_LETTERS = 36  # of all names, side by side
_WIDTH = 0.6


def plot_assessment(assessment: Assessment, figure: Figure | None = None) -> Figure:
    """Draw two models against each other, and the difference with its interval.

    Parameters
    ----------
    assessment : Assessment
    figure : matplotlib.figure.Figure, optional
        Where to draw; a new one by default.

    Returns
    -------
    matplotlib.figure.Figure
        To the left a point for each neuron, as `plot_comparison` draws it. To the right the
        differences of neurons by dataset, with the mean of each dataset (or, with one dataset,
        of each fold), and the effect with its 95 % interval.
    """
    if figure is None:
        figure = new_figure(9.4, 4.6)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1))
    plot_comparison(assessment.comparison, left)
    _draw_differences(right, assessment)
    return figure


def _draw_differences(ax: Axes, assessment: Assessment) -> None:
    comparison = assessment.comparison
    effect, differences = comparison.estimate, comparison.scores_b - comparison.scores_a
    names, place = np.unique(comparison.clusters, return_inverse=True)
    means = np.array([differences[place == number].mean() for number in range(len(names))])
    # in the order of their means, so that a trend over datasets is no accident of their names
    order = np.argsort(means, kind="stable")
    column = np.argsort(order)
    ax.axhline(0, color=GREY, lw=1, ls="--", zorder=1)
    ax.scatter(column[place], differences, s=14, color="0.7", edgecolors="none", label="neurons")
    ticks = [str(names[number]) for number in order]
    if effect.unit == "folds":
        at = np.full(len(effect.means), float(len(ticks)))
        ax.scatter(at, effect.means, s=26, facecolors="none", edgecolors=BLUE, label="folds")
        ticks.append("folds")
    else:
        width = _WIDTH / 2
        ax.hlines(
            means[order], column[order] - width, column[order] + width, color=BLUE, lw=2,
            label=f"{comparison.cluster_word}s",
        )  # fmt: skip
    _draw_interval(ax, len(ticks), effect, "mean, 95 % interval" if effect.df else "mean")
    if len(ticks) <= _MOST_NAMED:
        ax.set_xticks(range(len(ticks) + 1), [*ticks, "mean"], fontsize="small")
        if sum(map(len, ticks)) > _MOST_LETTERS:
            ax.tick_params(axis="x", rotation=40)
    else:
        ax.set_xticks([(len(ticks) - 1) / 2, len(ticks)], [f"{len(names)} datasets", "mean"])
    ax.set_xlim(-0.7, len(ticks) + 0.7)
    ax.set_ylabel(f"difference of {words_for(comparison.metric)}")
    ax.set_title(assessment.change, fontsize="medium")
    ax.legend(loc="best", fontsize="small", frameon=False)


def plot_partition(partition: Partition, ax: Axes | None = None) -> Figure:
    """Draw what is unique to each of two parts, what they share, and their sum.

    Parameters
    ----------
    partition : Partition
    ax : matplotlib.axes.Axes, optional
        Where to draw; those of a new figure by default.

    Returns
    -------
    matplotlib.figure.Figure
        Bars are variance explained, in per cent of the variance of held-out responses, with 95 %
        intervals; points are datasets, or folds if there is one dataset.
    """
    if ax is None:
        ax = new_figure(5.6, 4.2).subplots()
    unit = {"clusters": f"{partition.cluster_word}s", "folds": "folds", "none": "neurons"}
    for number, effect in enumerate(partition.shares.values()):
        ax.bar(number, 100 * effect.mean, _WIDTH, color="0.88", edgecolor=GREY, zorder=1)
        ax.scatter(
            number + _WIDTH * np.linspace(-0.4, 0, len(effect.means)),
            100 * effect.means, s=14, color=BLUE, alpha=0.7, edgecolors="none", zorder=2,
            label=unit[effect.unit] if not number else None,
        )  # fmt: skip
        label = ("mean, 95 % interval" if effect.df else "mean") if not number else None
        _draw_interval(ax, number + _WIDTH / 4, effect, label, 100)
    ax.axhline(0, color="0.2", lw=0.8)
    words = [name.replace(" to ", " to\n") for name in partition.shares]
    ax.set_xticks(range(len(words)), words, fontsize="small")
    ax.set_ylabel("variance explained of held-out data, %")
    sample = tell_sample(partition.n, partition.n_clusters, partition.cluster_word)
    ax.set_title(sample, fontsize="medium")
    ax.legend(loc="upper left", fontsize="small", frameon=False)
    figure = ax.get_figure(root=True)
    assert figure is not None
    return figure


def _draw_interval(
    ax: Axes, at: float, effect: Effect, label: str | None, scale: float = 1.0
) -> None:
    error = None
    if effect.df:
        low, high = effect.interval
        error = np.array([[effect.mean - low], [high - effect.mean]]) * scale
    ax.errorbar(
        [at], [scale * effect.mean], yerr=error, fmt="o", color=RED, ms=6, lw=2, capsize=4,
        zorder=3, label=label,
    )  # fmt: skip
