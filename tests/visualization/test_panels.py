"""What the artists hold, not how it looks."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from nems_dsl import Model
from nems_dsl.datasets import simulate
from nems_dsl.metrics import correlation
from nems_dsl.visualization import (
    plot_nonlinearity,
    plot_prediction,
    plot_receptive_field,
    receptive_field,
)


@pytest.fixture(scope="module")
def data():
    return simulate(n_times=1500, n_channels=5, n_outputs=2, n_taps=4, seed=1)


@pytest.fixture
def model():
    return Model("wc.5x2-fir.2x4-dexp.1").sample_from_priors(seed=2)


@pytest.fixture
def ax():
    return Figure().subplots()


def curve(ax, label):
    (line,) = [line for line in ax.lines if line.get_label().startswith(label)]
    return line.get_data()


# ---- receptive field -------------------------------------------------------------------------


@pytest.mark.parametrize(("fs", "step", "unit"), [(None, 1, "bins"), (100, 10, "ms")])
def test_the_field_and_its_axes(model, ax, fs, step, unit):
    assert plot_receptive_field(model, ax, fs) is ax
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), receptive_field(model))
    # lag 0 is centred on 0, channel 0 lies at the bottom
    assert image.get_extent() == pytest.approx([-0.5 * step, 3.5 * step, -0.5, 4.5])
    assert image.origin == "lower"
    assert ax.get_ylim()[0] < ax.get_ylim()[1]
    assert ax.get_xlabel() == f"lag ({unit})"


def test_the_colours_are_centred_on_zero(model, ax):
    plot_receptive_field(model, ax)
    (image,) = ax.images
    low, high = image.get_clim()
    assert low == -high < 0
    assert image.colorbar is not None


def test_colours_are_not_stretched_to_a_few_large_weights(ax):
    model = Model("wc.100x1")
    weights = np.ones((100, 1))
    weights[3] = 50
    model.set_parameter_values({"wc": {"coefficients": weights}})
    plot_receptive_field(model, ax)
    assert ax.images[0].get_clim()[1] == pytest.approx(1)
    assert ax.images[0].colorbar.extend == "both"


def test_a_field_of_zeros_can_be_drawn(ax):
    model = Model("wc.3x1")
    model.set_parameter_values({"wc": {"coefficients": np.zeros((3, 1))}})
    plot_receptive_field(model, ax)
    assert ax.images[0].get_clim() == (-1, 1)


def test_no_field_is_said_in_words(ax):
    plot_receptive_field(Model("stategain.1x5.c-wc.5x1"), ax)
    assert not ax.images
    assert "begins with stategain, of several signals" in " ".join(ax.texts[0].get_text().split())


# ---- nonlinearity ----------------------------------------------------------------------------


def test_the_curve_is_the_model_over_the_range_of_its_drive(model, ax, data):
    assert plot_nonlinearity(model, data.stim, ax) is ax
    drive, values = curve(ax, "model")
    reached = Model(layers=list(model.layers)[:2]).predict(data.stim)
    assert (drive[0], drive[-1]) == pytest.approx((reached.min(), reached.max()))
    np.testing.assert_allclose(values[:, None], model.layers[2].evaluate(drive[:, None]))
    assert ax.get_xlabel() == "drive (output of wc-fir)"


def test_means_of_the_response(model, ax, data):
    response = data.resp[:, :1].copy()
    response[::7] = np.nan
    plot_nonlinearity(model, data.stim, ax, y=response)
    (bars,) = ax.containers
    means = bars[0].get_ydata()
    assert means.shape == (15,)
    assert means.mean() == pytest.approx(np.nanmean(response), rel=0.01)
    drive, dots = curve(ax, "response")
    assert len(drive) == len(dots) <= 1500
    assert np.isfinite(dots).all()


def test_each_output_has_its_own_curve(ax, data):
    model = Model("wc.5x2-dexp.2").sample_from_priors(seed=4)
    plot_nonlinearity(model, data.stim, ax, channel=1)
    drive, values = curve(ax, "model")
    np.testing.assert_allclose(
        values, model.layers[1].evaluate(np.stack([drive, drive], axis=1))[:, 1]
    )


def test_without_data_the_curve_spans_stimuli_from_0_to_1(ax):
    model = Model("wc.2x1-lvl.1-relu.1")
    model.set_parameter_values({"wc": {"coefficients": [[2.0], [-1.0]]}, "lvl": {"shift": [0.5]}})
    plot_nonlinearity(model, ax=ax)
    drive, values = curve(ax, "model")
    assert (drive[0], drive[-1]) == pytest.approx((-0.5, 2.5))
    np.testing.assert_allclose(values, np.maximum(drive, 0))


@pytest.mark.parametrize(
    ("string", "reason"),
    [
        ("stp.5-wc.5x1", "begins with stp"),
        ("wc.5x2-relu.2-wc.2x1", "mixes 2 outputs of wc"),
        ("wc.5x1-relu.1-fir.1x3", "has memory"),
    ],
)
def test_where_no_curve_exists(ax, data, string, reason):
    model = Model(string).sample_from_priors(seed=1)
    plot_nonlinearity(model, data.stim, ax)
    assert reason in " ".join(ax.texts[0].get_text().split())
    compared = plot_nonlinearity(model, data.stim, y=data.resp[:, :1])
    assert compared.get_xlabel() == "prediction"
    ends, same = curve(compared, "equal")
    np.testing.assert_array_equal(ends, same)


def test_a_response_of_another_length(model, ax, data):
    with pytest.raises(ValueError, match="x has 1500 bins, y has 1400"):
        plot_nonlinearity(model, data.stim, ax, y=data.resp[:1400])


# ---- prediction ------------------------------------------------------------------------------


def test_prediction_and_response(model, ax, data):
    assert plot_prediction(model, data.stim, data.resp[:, :1], ax, fs=100, seconds=2) is ax
    time, response = curve(ax, "response")
    _, prediction = curve(ax, "prediction")
    np.testing.assert_allclose(time, np.arange(200) / 100)
    np.testing.assert_array_equal(response, data.resp[:200, 0])
    np.testing.assert_array_equal(prediction, model.predict(data.stim)[:200, 0])
    assert ax.get_legend().get_texts()[1].get_text() == "prediction, not fitted"
    fitted = model.fit(data.stim, data.resp[:, :1], verbose=0, max_iterations=2)
    r = correlation(prediction=fitted.predict(data.stim), target=data.resp[:, :1])
    again = plot_prediction(fitted, data.stim, data.resp[:, :1])
    assert again.get_legend().get_texts()[1].get_text() == f"prediction, r = {r:.2f}"
    assert ax.get_xlabel() == "time (s)"


def test_bins_trials_and_channels(ax, data):
    model = Model("wc.5x2-lvl.2").sample_from_priors(seed=1)
    x, y = [data.stim[:300], data.stim[300:]], [data.resp[:300], data.resp[300:]]
    plot_prediction(model, x, y, ax, channel=1, trial=1)
    time, response = curve(ax, "response")
    np.testing.assert_array_equal(time, np.arange(1000))
    np.testing.assert_array_equal(response, data.resp[300:1300, 1])
    assert ax.get_xlabel() == "time (bins)"


def test_prediction_alone(model, ax, data):
    plot_prediction(model, data.stim, ax=ax)
    assert len(ax.lines) == 1


def test_seconds_need_a_rate(model, data):
    with pytest.raises(ValueError, match="pass fs"):
        plot_prediction(model, data.stim, seconds=2)
    with pytest.raises(ValueError, match="above 0"):
        plot_prediction(model, data.stim, fs=0)


def test_no_such_channel(model, data):
    with pytest.raises(ValueError, match="no channel 1: the prediction has 1"):
        plot_prediction(model, data.stim, data.resp, channel=1)


@pytest.mark.slow
def test_no_display_and_no_pyplot_are_needed():
    program = (
        "import sys; from nems_dsl import Model; Model('wc.5x1-fir.1x4-dexp.1').plot(); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
