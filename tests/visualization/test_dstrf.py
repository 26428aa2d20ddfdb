"""What the figures of local receptive fields hold, not how they look."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from nems_dsl import Model
from nems_dsl.studies.dstrf import principal_components
from nems_dsl.visualization import plot_dstrf, plot_field


@pytest.fixture(scope="module")
def fields():
    model = Model("wc.5x2-fir.2x4x2-relu.2.s-wc.2x2-dexp.2").sample_from_priors(seed=2)
    return model.dstrf(np.random.default_rng(0).normal(0, 1, (40, 5)))


def pictures(figure):
    return [ax for ax in figure.axes if ax.images]


def test_one_field(fields):
    ax = plot_field(fields[20, 1], fs=100, first_lag=-1, title="here")
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), fields[20, 1])
    assert image.get_extent() == pytest.approx([-15, 25, -0.5, 4.5])
    assert (ax.get_title(), ax.get_xlabel()) == ("here", "lag (ms)")
    low, high = image.get_clim()
    assert low == -high < 0
    assert len(ax.figure.axes) == 2
    mine = Figure().subplots()
    assert plot_field(fields[20, 1], mine, limit=3, label=None) is mine
    assert mine.images[0].get_clim() == (-3, 3)
    assert len(mine.figure.axes) == 1


def test_fields_and_components(fields):
    times = list(range(10, 34, 2))
    figure = plot_dstrf(fields[times], times, output=1, n_components=2)
    drawn = pictures(figure)
    shown = [10, 14, 18, 24, 28, 32]
    assert [ax.get_title() for ax in drawn[:6]] == [f"bin {time}" for time in shown]
    for ax, time in zip(drawn[:6], shown, strict=True):
        np.testing.assert_array_equal(ax.images[0].get_array(), fields[time, 1])
    assert len({ax.images[0].get_clim() for ax in drawn[:6]}) == 1
    found = principal_components(fields[times], 2)
    for number, ax in enumerate(drawn[6:]):
        np.testing.assert_allclose(ax.images[0].get_array(), found.components[1, number])
        share = found.explained[1, number]
        assert ax.get_title() == f"component {number + 1}: {share:.1%}"
    assert len(drawn) == 8


def test_times_in_seconds_on_a_figure_of_ones_own(fields):
    figure = Figure(layout="constrained")
    assert plot_dstrf(fields[:2], [0, 31], n_components=0, fs=50, figure=figure) is figure
    assert [ax.get_title() for ax in pictures(figure)] == ["0 s", "0.62 s"]
    figure.draw_without_rendering()


def test_times_that_are_not_known_are_not_made_up(fields):
    drawn = pictures(plot_dstrf(fields[20:23], n_components=0, fs=50))
    assert [ax.get_title() for ax in drawn] == ["field 1", "field 2", "field 3"]


def test_components_of_nothing_are_left_out():
    field = np.random.default_rng(0).standard_normal((1, 4, 5))
    drawn = pictures(plot_dstrf(np.stack([field] * 4), [1, 2, 3, 4], n_components=3))
    assert [ax.get_title() for ax in drawn[4:]] == ["component 1: 100.0%"]


def test_a_field_of_nothing_can_be_drawn():
    figure = plot_dstrf(np.zeros((3, 1, 4, 5)), n_components=1)
    assert [ax.get_title() for ax in pictures(figure)][-1] == "component 1: 0.0%"
    figure.draw_without_rendering()


def test_wrong_shapes_are_refused(fields):
    with pytest.raises(ValueError, match="draw trials one by one"):
        plot_dstrf(fields[None])
    with pytest.raises(ValueError, match="at least one time"):
        plot_dstrf(fields[:0])
    with pytest.raises(ValueError, match="3 times for 40 fields"):
        plot_dstrf(fields, [1, 2, 3])
