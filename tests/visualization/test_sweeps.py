"""Figures of sweeps: what the artists hold."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from nems_dsl.sweeps import Store, open_results
from nems_dsl.visualization.sweeps import (
    pareto_front,
    plot_comparison,
    plot_effect,
    plot_pareto,
    plot_results,
)
from tests.sweeps.made_rows import failed_row, made_sweep, make_row

SMALL, BEST = "wc.6x1-fir.1x5-relu.1", "wc.6x3-fir.3x5-dexp.1"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "results.db"
    with Store.open(path) as store:
        store.add(made_sweep(channels=(0, 1)))
    return open_results(path)


@pytest.fixture
def ax():
    return Figure().subplots()


def small_store(tmp_path, rows):
    with Store.open(tmp_path / "small.db") as store:
        store.add(rows)
    return open_results(tmp_path / "small.db")


# ---- score against size ------------------------------------------------------------------------


def slow_front(size, score):
    """Models that none beats with as few parameters, and the first of those that are equal."""
    kept = []
    for place in range(len(size)):
        others = [o for o in range(len(size)) if o != place and size[o] <= size[place]]
        beaten = any(
            score[o] > score[place]
            or (score[o] == score[place] and (size[o], o) < (size[place], place))
            for o in others
        )
        if not beaten:
            kept.append(place)
    return sorted(kept, key=lambda place: size[place])


@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_what_nothing_beats(seed):
    rng = np.random.default_rng(seed)
    size, score = rng.integers(1, 12, 30), rng.integers(0, 15, 30) / 10
    assert pareto_front(size, score).tolist() == slow_front(size, score)
    assert pareto_front(size, -score, lower=True).tolist() == slow_front(size, score)


def test_the_front_of_nothing():
    assert pareto_front(np.empty(0), np.empty(0)).tolist() == []


def test_points_are_the_means_over_neurons(results, ax):
    assert plot_pareto(results, ax=ax) is ax
    means, sizes = results.pivot().mean(), results.pivot("n_parameters").max()
    points = ax.containers[0].lines[0]
    found = sorted(zip(*points.get_data(), strict=True))
    assert np.allclose(found, sorted(zip(sizes, means, strict=True)), rtol=1e-14)
    (front,) = [line for line in ax.lines if line.get_label() == "Pareto front"]
    x, y = front.get_data()
    places = pareto_front(sizes.to_numpy(), means.to_numpy())
    np.testing.assert_allclose(x, sizes.to_numpy()[places])
    np.testing.assert_allclose(y, means.to_numpy()[places])
    assert ax.get_xlabel() == "parameters"
    assert ax.get_ylabel() == "r on held-out data, mean of 12 neurons"


def test_the_ends_of_the_front_have_names(results, ax):
    plot_pareto(results, ax=ax, labels=2)
    assert [text.get_text() for text in ax.texts] == [SMALL, BEST]
    for text in ax.texts:
        assert text.get_window_extent().x0 >= ax.get_window_extent().x0 - 1e-6
    assert min(ax.get_xticks()) >= 0
    bare = plot_pareto(results, labels=0)
    assert len(bare.texts) == 0


def test_the_figure_of_the_caller_keeps_its_canvas(results):
    figure = Figure()
    canvas = figure.canvas
    plot_pareto(results, ax=figure.subplots())
    assert figure.canvas is canvas


def test_a_lower_loss_is_better(results):
    ax = plot_pareto(results, "loss")
    (front,) = [line for line in ax.lines if line.get_label() == "Pareto front"]
    assert (np.diff(front.get_ydata()) < 0).all()


def test_sizes_far_apart_are_drawn_on_a_logarithmic_scale(tmp_path):
    results = small_store(
        tmp_path,
        [make_row("lvl.1", n_parameters=1), make_row("wc.6x1-lvl.1", n_parameters=1000)],
    )
    assert plot_pareto(results).get_xscale() == "log"


def test_a_sweep_of_which_all_failed(tmp_path):
    results = small_store(tmp_path, [failed_row(variables={"rank": 1})])
    ax = plot_pareto(results)
    assert [text.get_text() for text in ax.texts] == ["no model was scored"]
    assert [text.get_text() for text in plot_effect(results, "rank").texts] == [
        "no model was scored"
    ]


# ---- what a variable does ----------------------------------------------------------------------


@pytest.mark.parametrize("over", ["mean", "best"])
def test_a_line_for_each_neuron_and_their_mean(results, ax, over):
    assert plot_effect(results, "rank", ax=ax, over=over) is ax
    table = results.effect("rank", over=over)
    thin = [line for line in ax.lines if line.get_linewidth() < 1]
    np.testing.assert_array_equal([line.get_ydata() for line in thin], table.to_numpy())
    (mean,) = [line for line in ax.lines if line.get_marker() == "o"]
    assert mean.get_xdata().tolist() == [1, 2, 3]
    np.testing.assert_allclose(mean.get_ydata(), table.mean().to_numpy(), rtol=1e-14)
    assert ax.get_xlabel() == "rank"
    assert ax.get_title() == f"rank: {over} of the models, 12 neurons"


def test_bars_are_the_error_within_neurons(results, ax):
    plot_effect(results, "rank", ax=ax)
    scores = results.effect("rank").to_numpy()
    # for two values it is that of the difference, over the square root of 2
    (bars,) = ax.containers[0].lines[2]
    half = [np.ptp(segment[:, 1]) / 2 for segment in bars.get_segments()]
    within = scores - scores.mean(axis=1, keepdims=True)
    expected = np.sqrt((within**2).sum(axis=0) - 12 * within.mean(axis=0) ** 2)
    expected *= np.sqrt(3 / 2 / 12 / 11)
    np.testing.assert_allclose(half, expected, rtol=1e-6)


def test_bars_of_two_values_are_those_of_their_difference(results, ax):
    some = results.where("rank < 3")
    plot_effect(some, "rank", ax=ax)
    scores = some.effect("rank").to_numpy()
    (bars,) = ax.containers[0].lines[2]
    half = [np.ptp(segment[:, 1]) / 2 for segment in bars.get_segments()]
    difference = scores[:, 1] - scores[:, 0]
    expected = difference.std(ddof=1) / np.sqrt(len(scores)) / np.sqrt(2)
    np.testing.assert_allclose(half, [expected] * 2, rtol=1e-6)


def test_values_that_are_no_numbers_have_places(results, ax):
    plot_effect(results, "nl", ax=ax)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["dexp", "lvl", "relu"]
    assert ax.get_xticks().tolist() == [0, 1, 2]
    # no line runs from one kind to the next
    assert {line.get_linestyle() for line in ax.lines} == {"None"}
    dots = [line for line in ax.lines if line.get_marker() == "."]
    table = results.effect("nl").to_numpy()
    np.testing.assert_array_equal(np.array([d.get_ydata() for d in dots]).T, table)


def test_a_tiny_effect_is_drawn_small(tmp_path):
    rows = [
        make_row(f"wc.6x{rank}-fir.{rank}x5-lvl.1", channel=channel, r_test=0.6 + 0.0002 * rank,
                 variables={"rank": rank})
        for rank in (1, 2, 3) for channel in range(2)
    ]  # fmt: skip
    ax = plot_effect(small_store(tmp_path, rows), "rank")
    low, high = ax.get_ylim()
    assert high - low == pytest.approx(0.06, rel=0.01) and low < 0.6 < high


def test_a_variable_without_a_name_is_called_by_its_text(tmp_path):
    rows = [
        make_row(f"wc.6x{rank}{g}-fir.{rank}x5-lvl.1", variables={"v1": bool(g), "rank": rank})
        for g in ("", ".g") for rank in (1, 2)
    ]  # fmt: skip
    ax = plot_effect(small_store(tmp_path, rows), "v1")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["none", ".g"]
    assert ax.get_xlabel() == "none, .g"


def test_panels_of_variables_share_their_scale(results):
    panels = plot_results(results).axes[1:3]
    assert panels[0].get_ylim() == panels[1].get_ylim()
    for ax, name in zip(panels, ("rank", "nl"), strict=True):
        low, high = ax.get_ylim()
        table = results.effect(name).to_numpy()
        assert low <= table.min() and table.max() <= high


def test_a_variable_that_there_is_not(results):
    with pytest.raises(ValueError, match=r"no variable 'rnk'; .* did you mean 'rank'"):
        plot_effect(results, "rnk")


# ---- two models --------------------------------------------------------------------------------


def test_a_point_for_each_neuron(results, ax):
    comparison = results.compare(SMALL, BEST)
    assert plot_comparison(comparison, ax) is ax
    (points,) = ax.collections
    np.testing.assert_array_equal(
        np.asarray(points.get_offsets()),
        np.column_stack([comparison.scores_a, comparison.scores_b]),
    )
    assert ax.get_xlim() == ax.get_ylim()
    assert SMALL in ax.get_xlabel()
    assert BEST in ax.get_ylabel()
    low, high = comparison.interval
    assert ax.get_title().splitlines() == [
        f"difference {comparison.difference:+.3f}, p < 0.001",
        f"95 % interval {low:+.3f} to {high:+.3f}",
        "12 neurons of 6 datasets",
    ]
    assert comparison.p < 0.001


def test_one_neuron_alone(tmp_path):
    results = small_store(tmp_path, [make_row("lvl.1"), make_row("wc.1x1-lvl.1", r_test=0.6)])
    ax = plot_comparison(results.compare("lvl.1", "wc.1x1-lvl.1"))
    assert ax.get_title() == "difference +0.100\n1 neuron of 1 dataset"


# ---- whole figures -----------------------------------------------------------------------------


def test_a_panel_for_each_question(results):
    figure = plot_results(results)
    titles = [ax.get_title().split(",")[0].split(":")[0] for ax in figure.axes if ax.axison]
    assert titles[:3] == ["score against size", "rank", "nl"]
    assert titles[3].startswith("difference +")
    chosen = plot_results(results, pair=("wc.6x1-fir.1x5-lvl", "wc.6x2-fir.2x5-lvl"))
    assert "wc.6x2-fir.2x5-lvl.1" in chosen.axes[3].get_ylabel()


def test_a_sweep_of_one_model(tmp_path):
    figure = plot_results(small_store(tmp_path, [make_row(variables={"rank": 1})]))
    assert len(figure.axes) == 1


def test_pyplot_is_not_involved():
    code = "import sys, nems_dsl.visualization.sweeps; print('matplotlib.pyplot' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
