"""Errors of fits in figures: faint weights, and a band about the nonlinearity."""

import numpy as np
import pytest

from nems_dsl import fit
from nems_dsl.visualization import plot_nonlinearity, plot_receptive_field


@pytest.fixture(scope="module")
def noisy():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((600, 4))
    y = np.maximum(x[:, 0] - 0.7 * x[:, 2], 0) + 0.3 + 0.3 * rng.standard_normal(600)
    return fit("fir.4x3-srelu.1.s.o", x, y, verbose=0), x, y


def test_weights_that_may_be_0_are_faint(noisy):
    model, _, _ = noisy
    ax = plot_receptive_field(model)
    shown = ax.images[0].get_alpha()
    errors = model.results.standard_errors.receptive_field
    surely = np.abs(errors.values[0]) > 2 * errors.errors[0]
    assert shown.shape == (4, 3) and np.all(shown[surely] == 1)
    assert shown[0, 0] == shown[2, 0] == 1 and 6 <= np.sum(shown < 0.5) <= 10
    assert "(faint: may be 0)" in ax.figure.axes[-1].get_ylabel()


def test_the_nonlinearity_has_a_band(noisy):
    model, x, y = noisy
    ax = plot_nonlinearity(model, x, y=y)
    (band,) = (c for c in ax.collections if "interval" in str(c.get_label()))
    assert band.get_label() == "90 % interval"
    lower, upper = model.results.standard_errors.nonlinearity.interval(0.9)
    points = band.get_paths()[0].vertices[:, 1]
    assert points.min() == pytest.approx(lower.min()) and points.max() == pytest.approx(upper.max())
    curve = ax.lines[-1]
    at = model.results.standard_errors.nonlinearity.at[0]
    middle = np.interp(at, curve.get_xdata(), curve.get_ydata())
    assert np.all((lower[0] < middle) & (middle < upper[0]))


def test_errors_from_a_file_are_drawn(noisy, tmp_path):
    model, x, y = noisy
    again = type(model).load(model.save(tmp_path / "m.json"))
    assert plot_receptive_field(again).images[0].get_alpha() is not None
    labels = [c.get_label() for c in plot_nonlinearity(again, x, y=y).collections]
    assert labels.count("90 % interval") == 1


def test_errors_of_other_parameters_are_not_drawn(noisy):
    model, x, _ = noisy
    changed = model.copy()
    fir = changed.layers["fir"].parameters["coefficients"]
    fir.values = fir.values + 0.1
    changed.layers["srelu"].parameters["offset"].values = [3.0]
    assert plot_receptive_field(changed).images[0].get_alpha() is None
    assert not plot_nonlinearity(changed, x).collections
