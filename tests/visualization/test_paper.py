"""Figures for papers: 8.5 cm wide, letters of 7 points, and nothing that overlaps or is cut."""

import itertools

import numpy as np
import pytest
from matplotlib.text import Text

from nems_dsl import Model, cross_validate, fit
from nems_dsl.sweeps import Store, open_results
from nems_dsl.visualization import (
    plot_ceilings,
    plot_dstrf,
    plot_effect,
    plot_filters,
    plot_learning_curve,
    plot_model,
    plot_pareto,
    plot_repeats,
    plot_residuals,
    plot_results,
    plot_score_map,
    plot_step_response,
    plot_tuning,
    use_style,
)
from tests.sweeps.made_rows import made_sweep

FREQS = np.geomspace(200, 16000, 18)
LONG = "wc.18x2.g-stp.2-fir.2x15-dexp.1"


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.random((400, 18))
    return x, x[:, 3:5] + 0.3 * rng.standard_normal((400, 2))


@pytest.fixture(scope="module")
def fitted(data):
    x, y = data
    return fit("wc.18x1.g-fir.1x6-dexp.1", x, y, verbose=0, max_iterations=3)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweeps") / "results.db"
    with Store.open(path) as store:
        store.add(made_sweep())
    return open_results(path)


def texts_of(figure):
    """Texts that are seen, and the box that each takes, in pixels."""
    figure.draw_without_rendering()
    shown = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    for ax in figure.findobj(lambda artist: hasattr(artist, "xaxis")):
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = axis.get_major_ticks()
            # ticks beyond the limits are made, but not drawn
            outside = [t for t in ticks if not low <= t.get_loc() <= high or not ax.axison]
            hidden = {id(label) for t in outside for label in (t.label1, t.label2)}
            shown = [text for text in shown if id(text) not in hidden]
    boxes = [text.get_window_extent() for text in shown]
    return [(text, box) for text, box in zip(shown, boxes, strict=True) if box.width > 0]


def assert_clean(figure):
    assert 2.54 * figure.get_figwidth() == pytest.approx(8.5)
    page = figure.bbox
    found = texts_of(figure)
    assert found
    for text, box in found:
        name = text.get_text()
        # a pixel at 200 dots an inch is an eighth of a millimetre
        assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1, f"{name!r} is cut"
        assert box.y0 >= page.y0 - 1 and box.y1 <= page.y1 + 1, f"{name!r} is cut"
        assert 4 <= text.get_fontsize() <= 8, f"{name!r} has {text.get_fontsize()} points"
    for (one, its), (other, others) in itertools.combinations(found, 2):
        width = min(its.x1, others.x1) - max(its.x0, others.x0)
        height = min(its.y1, others.y1) - max(its.y0, others.y0)
        pair = f"{one.get_text()!r} and {other.get_text()!r} overlap"
        assert width <= 1 or height <= 1, pair


def figure_of(name, data, fitted, results):
    x, y = data
    model = fitted[0]
    times = list(range(50, 350, 50))
    makers = {
        "model": lambda: plot_model(model, x, y[:, :1], fs=100, freqs=FREQS),
        "no data": lambda: plot_model(Model(LONG), fs=100),
        "set": lambda: fitted.plot(x, y, fs=100, freqs=FREQS),
        "filters": lambda: plot_filters(Model("wc.18x4-fir.1x15x4"), 100, freqs=FREQS),
        "tuning": lambda: plot_tuning(model, 100, freqs=FREQS),
        "dstrf": lambda: plot_dstrf(model.dstrf(x, times), times, fs=100, freqs=FREQS),
        "folds": lambda: cross_validate(model, x, y[:, :1], n_folds=3).plot().figure,
        "history": lambda: model.results.plot().figure,
        "residuals": lambda: plot_residuals(model, x, y[:, :1], fs=100),
        "repeats": lambda: plot_repeats(model, x, np.ones((5, 400)), fs=100, freqs=FREQS),
        "step": lambda: plot_step_response(Model(LONG), fs=100).figure,
        "ceilings": lambda: plot_ceilings([0.2, 0.3], [0.4, 0.6]).figure,
        "learning": lambda: plot_learning_curve([0.5, 1], [[0.1, 0.2], [0.2, 0.3]]).figure,
        "pareto": lambda: plot_pareto(results).figure,
        "effect": lambda: plot_effect(results, "nl").figure,
        "map": lambda: plot_score_map(results).figure,
        "comparison": lambda: results.compare(
            "wc.6x1-fir.1x5-relu.1", "wc.6x3-fir.3x5-dexp.1").plot().figure,
        "results": lambda: plot_results(results),
    }  # fmt: skip
    return makers[name]()


NAMES = ["model", "tuning", "effect", "comparison"]
SLOW_NAMES = [
    "no data", "set", "filters", "dstrf", "folds", "history", "residuals", "repeats", "step",
    "ceilings", "learning", "pareto", "map", "results",
]  # fmt: skip


@pytest.mark.parametrize(
    "name", [*NAMES, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW_NAMES)]
)
def test_nothing_overlaps_and_nothing_is_cut(name, data, fitted, results):
    with use_style("paper"):
        figure = figure_of(name, data, fitted, results)
    # drawn when the style is over, as a file is written or a notebook shows it
    assert_clean(figure)


def test_a_figure_that_overlaps_is_found():
    with use_style("paper"):
        ax = Model("wc.5x1-fir.1x4").plot().axes[0]
    ax.text(0.5, 1.05, "over the title", fontsize=7, transform=ax.transAxes)
    with pytest.raises(AssertionError, match="overlap"):
        assert_clean(ax.figure)


def test_the_style_is_over_where_it_ends():
    with use_style("paper"):
        pass
    assert Model("wc.5x1-fir.1x4").plot().get_figwidth() == 8
    with (
        pytest.raises(ValueError, match='"screen" or "paper", not \'poster\''),
        use_style("poster"),
    ):
        pass


def test_lines_are_thinned_once():
    with use_style("paper"):
        ax = plot_learning_curve([0.5, 1], [0.1, 0.2], label="a")
        before = ax.lines[0].get_linewidth()
        plot_learning_curve([0.5, 1], [0.2, 0.3], ax, label="b")
    assert before == ax.lines[0].get_linewidth() == pytest.approx(2 * 0.65)
