"""Data in units that a start is not made for are pointed out."""

import warnings

import numpy as np
import pytest

from nems_dsl import Model, fit
from nems_dsl.datasets import load_speech, simulate
from nems_dsl.fitting import ScaleWarning

RNG = np.random.default_rng(0)
X, Y = RNG.random((200, 3)), RNG.random(200)
# a layer between two linear ones, which no start from data can be had for
HIDDEN = "wc.3x2-relu.2-wc.2x1"
# priors are of parameters in the user's own units, so that nothing is standardised
OWN_UNITS = {"verbose": 0, "max_iterations": 1, "priors": 1.0}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("x", "y", "match"),
    [
        (X * 1e3, Y, "input 'stim' has a root mean square of 5"),
        (X * 1e-3, Y, "input 'stim' has a root mean square of 0.0005"),
        (X, Y * 1e4, "target has a standard deviation of 2"),
        (X, Y * 1e-6, "target has a standard deviation of 2"),
    ],
)
@pytest.mark.parametrize(
    ("string", "arguments"), [(HIDDEN, {}), ("wc.3x1-dexp.1", {"init": "mean"})]
)
def test_far_from_one(x, y, match, string, arguments):
    with pytest.warns(ScaleWarning, match=match):
        fit(string, x, y, **OWN_UNITS, **arguments)
    with pytest.warns(ScaleWarning, match=match):
        Model(string).fit(x, y, **OWN_UNITS, **arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(string, x, y, verbose=0, max_iterations=1, **arguments)


def test_what_starts_near_the_identity_wants_an_input_of_about_one():
    with pytest.warns(ScaleWarning, match="'stim'"):
        fit("stp.3-wc.3x1-lvl.1", X * 1e3, Y, verbose=0, max_iterations=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit("stp.3-wc.3x1-lvl.1", X, 1e3 * Y, verbose=0, max_iterations=1)
        # weights before it take up the scale
        fit("wc.3x1-stp.1-lvl.1", X * 1e3, Y, verbose=0, max_iterations=1)


def test_several_fits_warn_once():
    both = np.column_stack([Y, 1e4 * Y])
    with pytest.warns(ScaleWarning, match="channel 1 of the target") as found:
        fit(HIDDEN, X, both, n_jobs=2, **OWN_UNITS)
    assert len(found) == 1


def test_usual_units_are_not_worth_a_word():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(HIDDEN, 20 * X, 50 * Y, **OWN_UNITS)
        fit(HIDDEN, 0.01 * X, 0.02 * Y, **OWN_UNITS)
        fit(HIDDEN, X, 1e3 * Y, init=Model(HIDDEN), **OWN_UNITS)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["dexp.1", "relu.1.s.o", "sig.1.s.o.g", "logsig.1", "tanh.1"])
@pytest.mark.parametrize(("x_scale", "y_scale"), [(1e3, 1), (1e-3, 1), (1, 1e3), (1, 1e-3)])
def test_a_start_from_data_is_as_good_in_any_units(end, x_scale, y_scale):
    data = simulate(n_times=3000, snr=4.0, seed=0)
    x, y = data.stim, data.resp
    string = f"wc.18x1-fir.1x15-{end}"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        usual = fit(string, x, y, verbose=0)
        scaled = fit(string, x_scale * x, y_scale * y, verbose=0)
    assert scaled.results.loss == pytest.approx(usual.results.loss, rel=5e-3)
    assert scaled.results.n_iterations <= 2 * usual.results.n_iterations + 10


@pytest.mark.slow
def test_speech_in_any_units_is_predicted_alike():
    speech = load_speech()
    stim = [trial[:2000] for trial in speech.stim]
    resp = [trial[:2000, 0] for trial in speech.resp]
    scores = []
    for x_scale, y_scale in ((1, 1), (1e3, 1), (1, 1e3)):
        x, y = [x_scale * trial for trial in stim], [y_scale * trial for trial in resp]
        model = fit("wc.18x2-fir.2x15-dexp.1", x[:5], y[:5], verbose=0)
        scores.append(model.score(x[5:], y[5:]))
    assert scores[0] > 0.7
    assert scores == pytest.approx([scores[0]] * 3, abs=0.005)
