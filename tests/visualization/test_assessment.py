"""Figures of hypotheses: what the artists hold."""

import numpy as np
import pytest

from nems_dsl.sweeps import Store, open_results
from nems_dsl.visualization import plot_partition, save_figure
from tests.sweeps.made_rows import make_row

PATTERN = "wc.6x1-fir.1x4-{lvl,dexp}.1"
TWO = "wc.6x1[-fir.1x4]-{lvl,dexp}.1"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Four models on three neurons of each of four datasets, in two folds."""
    rng = np.random.default_rng(2)
    path = tmp_path_factory.mktemp("assessment") / "results.db"
    with Store.open(path) as store:
        store.add([
            make_row(f"wc.6x1{fir}-{nl}.1", f"site{n}", channel, fold, r_test=rng.uniform(0.2, 0.6))
            for n in range(4) for channel in range(3) for fold in range(2)
            for fir in ("", "-fir.1x4") for nl in ("lvl", "dexp")
        ])  # fmt: skip
    return open_results(path)


def interval_in(ax):
    (bars,) = ax.containers
    (mean,) = bars.lines[0].get_ydata()
    ((low, high),) = [segment[:, 1] for segment in bars.lines[2][0].get_segments()]
    return mean, low, high


def test_the_effect_with_its_interval(results, tmp_path):
    found = results.assess(PATTERN)
    figure = found.plot()
    left, right = figure.axes
    assert "12 neurons of 4 datasets" in left.get_title()
    assert right.get_title() == "taking dexp in place of lvl"
    assert interval_in(right) == pytest.approx((found.effect, *found.interval))
    dots, means = right.collections[:2]
    differences = found.table["difference"].to_numpy()
    np.testing.assert_allclose(np.asarray(dots.get_offsets())[:, 1], differences)
    drawn = [segment[0, 1] for segment in means.get_segments()]
    np.testing.assert_allclose(drawn, np.sort(differences.reshape(4, 3).mean(axis=1)))
    names = [label.get_text() for label in right.get_xticklabels()]
    assert sorted(names[:-1]) == ["site0", "site1", "site2", "site3"]
    assert names[-1] == "mean"
    # each neuron stands above the name of its dataset
    at = np.asarray(dots.get_offsets())[:, 0].astype(int)
    assert [names[place] for place in at] == found.table["dataset"].tolist()
    save_figure(figure, tmp_path / "effect.png")


def test_folds_of_one_dataset(results):
    found = results.select(dataset="site1").assess(PATTERN)
    right = found.plot().axes[1]
    folds = np.asarray(right.collections[1].get_offsets())[:, 1]
    np.testing.assert_allclose(folds, found.comparison.estimate.means)
    assert [label.get_text() for label in right.get_xticklabels()] == ["site1", "folds", "mean"]


def test_nothing_but_a_mean(results):
    right = results.select(dataset="site1", fold=0).assess(PATTERN).plot().axes[1]
    assert right.get_legend_handles_labels()[1] == ["neurons", "datasets", "mean"]


def test_many_datasets_are_counted(tmp_path):
    with Store.open(tmp_path / "results.db") as store:
        store.add([
            make_row(f"wc.6x1-fir.1x4-{nl}.1", f"site{n}", r_test=n / 100 + 0.1 * (nl == "dexp"))
            for n in range(12) for nl in ("lvl", "dexp")
        ])  # fmt: skip
    right = open_results(tmp_path / "results.db").assess(PATTERN).plot().axes[1]
    assert [label.get_text() for label in right.get_xticklabels()] == ["12 datasets", "mean"]


def test_a_partition(results):
    found = results.assess(TWO)
    figure = found.plot()
    (ax,) = figure.axes
    heights = [bar.get_height() for bar in ax.patches]
    np.testing.assert_allclose(heights, [100 * e.mean for e in found.shares.values()])
    assert heights[0] + heights[1] + heights[2] == pytest.approx(heights[3])
    assert [label.get_text().replace("\n", " ") for label in ax.get_xticklabels()] == list(
        found.shares
    )
    points = np.asarray(ax.collections[0].get_offsets())[:, 1]
    np.testing.assert_allclose(points, 100 * found.unique_a.means)
    assert plot_partition(found, ax) is figure
