"""Units of stimulus and response change neither where a search ends nor a score."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, cross_validate, fit
from nems_dsl.data import EdgeWarning, read_recording
from nems_dsl.datasets import simulate
from nems_dsl.fitting import FitOptions, ScaleWarning
from nems_dsl.fitting.units import find_spread, find_standard
from nems_dsl.graph.wiring import connect
from nems_dsl.layers import Layer
from nems_dsl.studies import NotFittedWarning

RNG = np.random.default_rng(0)
X, STATE = RNG.normal(size=(300, 6)), RNG.random((300, 2))
DATA = simulate(n_times=1500, n_channels=6, n_taps=4, snr=2.0, seed=0)

# what can be followed: x scaled (S), moved (M), and y the same
FOLLOWED = {
    "wc.6x2-fir.2x4-lvl.1": "SMSM",
    "wc.6x2-fir.2x4-dexp.1": "SMSM",
    "wc.6x2.g-fir.2x4-relu.1.s.o": "SMSM",
    "fir.6x4-relu.1.s.o.g": "SMSM",
    "wc.6x2-fir.2x4-relu.1": "S-S-",
    "wc.6x2-fir.2x4-sig.1.s.o.g": "SMSM",
    "wc.6x2-fir.2x4-srelu.1.s.o.g": "SMSM",
    "wc.6x2-fir.2x4-tanh.1": "SMSM",
    "wc.6x2-fir.2x4-logsig.1": "SMSM",
    "wc.6x2-fir.2x4-qsig.1": "SMSM",
    "wc.6x2-fir.2x4-relsat.1": "SMSM",
    "wc.6x2-fir.2x4-prelu.1": "SMS-",
    "wc.6x2-scl.2-fir.2x4-dexp.1": "SMSM",
    "strf.6x4-dexp.1": "SMSM",
    "strf.6x2x4-lvl.1": "SMSM",
    "strf.6x2x4.relu-lvl.1": "S-SM",
    "do.6x4-dexp.1": "SMSM",
    "fir.6x4.p-lvl.1": "SMSM",
    "wc.6x2-fir.2x4": "S-S-",
    "wc.6x1-stategain.2x1-fir.1x4-lvl.1": "SMSM",
    "wc.6x1-fir.1x4-stategain.2x1": "SMS-",
    "wc.6x1-fir.1x4-sdexp.2x1": "S-S-",
    "wc.6x1-fir.1x4-statehinge.2x1": "SMS-",
    "wc.6x1-stp.1-fir.1x4-dexp.1": "S-SM",
    "wc.6x1-dlog.1-fir.1x4-lvl.1": "S-SM",
    "a=wc.6x1-b=fir.1x4@a-c=fir.1x5@a-cat@b,c-wc.2x1-lvl.1": "SMSM",
    "a=wc.6x1-b=wc.2x1@state-mult@a,b-fir.1x4-lvl.1": "S-SM",
    "wc.6x3-fir.3x4x4-relu.4.s-wc.4x1-dexp.1": "SMSM",
    "wc.6x3-fir.3x4x4-relu.4-wc.4x1-lvl.1": "S-SM",
    "wc.6x1x4.g-fir.1x4x4-relu.4.s-wc.4x1-dexp.1": "SMSM",
}
STRINGS = list(FOLLOWED)


def standard_of(model, recording, **options):
    nodes = connect(list(model.layers))
    return find_standard(nodes, recording, FitOptions(**options))


def moved(units, signal):
    return units.scale * signal + (0.0 if units.offset is None else units.offset)


@pytest.mark.parametrize("string", STRINGS)
def test_a_model_predicts_the_same_in_the_coordinates_of_the_fit(string):
    model = Model(string).sample_from_priors(seed=1)
    own = {"stim": 1e3 * X + 500, "state": STATE}
    y = 1e-3 * RNG.normal(size=(300, 1)) + 7
    standard = standard_of(model, read_recording(own, y), edges="omit")
    said = "".join(
        ("S" if units.scale != 1 else "-") + ("M" if units.offset is not None else "-")
        for units in (standard.stimulus, standard.response)
    )
    assert said == FOLLOWED[string]
    # parameters that have been set are those of the user's units
    outside = model.predict(own)
    before = model.get_parameter_values()
    standard.enter()
    inside = model.predict({"stim": moved(standard.stimulus, own["stim"]), "state": STATE})
    expected = moved(standard.response, outside)
    size = np.abs(expected).max()
    np.testing.assert_allclose(inside[20:], expected[20:], rtol=1e-8, atol=1e-9 * size)
    standard.leave()
    for name, values in model.get_parameter_values().items():
        for key, array in values.items():
            close = {"rtol": 1e-8, "atol": 1e-9 * np.abs(array).max(initial=1e-300)}
            np.testing.assert_allclose(array, before[name][key], **close)


UNITS = [(1e-12, 0, 1, 0), (1e12, 0, 1, 0), (1, 0, 1e-12, 0), (1, 0, 1e12, 0), (1, 0, 1, 1e6)]


@pytest.mark.parametrize(
    "string",
    [
        "fir.6x4-lvl.1",
        "wc.6x1-fir.1x4-dexp.1",
        "wc.6x1.g-fir.1x4-relu.1.s.o",
        "wc.6x1-stp.1-fir.1x4-dexp.1",
        "wc.6x2.l2e-3-fir.2x4-lvl.1",
    ],
)
def test_scores_do_not_depend_on_units(string):
    x, y = DATA.stim, DATA.resp
    for edges in ("zeros", "omit", "hold"):
        if edges != "zeros" and "stp" in string:
            continue
        base = fit(string, x, y, verbose=0, shrinkage="none", edges=edges)
        more = [(1, 1e6, 1, 0)] if edges != "zeros" else []
        for a, b, c, d in (UNITS if edges == "zeros" else []) + more:
            other = fit(string, a * x + b, c * y + d, verbose=0, shrinkage="none", edges=edges)
            assert other.results.loss == pytest.approx(base.results.loss, rel=1e-6)
            score = other.score(a * x + b, c * y + d)
            assert score == pytest.approx(base.score(x, y), abs=1e-6)


# of a search of hundreds of steps, rounding alone moves the end by more than 1e-6
LONG = [string for string in STRINGS if string.count("wc") > 1 and "fir.1x4x4" in string]
LONG += [string for string in STRINGS if "fir.3x4x4" in string]
# with a corner, or where little is gained by the last steps, rounding decides when a search ends
LONG += ["fir.6x4-relu.1.s.o.g", "fir.6x4.p-lvl.1"]


@pytest.mark.slow
@pytest.mark.parametrize("string", [string for string in STRINGS if string not in LONG])
def test_no_string_that_can_follow_depends_on_units(string):
    moves_x, moves_y = (FOLLOWED[string][place] == "M" for place in (1, 3))
    stim, resp = DATA.stim[:600], DATA.resp[:600]
    state = np.random.default_rng(1).random((600, 2))

    def score_of(edges, a=1.0, b=0.0, c=1.0, d=0.0):
        x, y = {"stim": a * stim + b, "state": state}, c * resp + d
        return fit(string, x, y, verbose=0, shrinkage="none", edges=edges).score(x, y)

    base = score_of("zeros")
    for units in UNITS if moves_y else UNITS[:4]:
        assert score_of("zeros", *units) == pytest.approx(base, abs=1e-6)
    assert score_of("zeros", 1e12, 0, 1e-12) == pytest.approx(base, abs=1e-6)
    if moves_x:
        for edges in ("omit", "hold"):
            assert score_of(edges, b=1e6) == pytest.approx(score_of(edges), abs=1e-6)


def test_the_loss_is_that_of_the_users_units():
    x, y = DATA.stim, 1e3 * DATA.resp
    losses = []
    fitted = fit(
        "wc.6x1-fir.1x4-lvl.1", x, y, loss="mse", verbose=0, shrinkage="none",
        callback=lambda number, loss: losses.append(loss),
    )  # fmt: skip
    assert fitted.results.loss == pytest.approx(fitted.score(x, y, metric="mse"), rel=1e-9)
    assert losses == pytest.approx(fitted.results.loss_history)


def test_a_fit_goes_on_where_a_fitted_model_stands():
    x, y = 1e4 * DATA.stim, 1e-5 * DATA.resp + 3
    first = fit("wc.6x1-fir.1x4-dexp.1", x, y, verbose=0, shrinkage="none", edges="omit")
    again = first.fit(x, y, verbose=0, shrinkage="none", edges="omit", init="model")
    assert again.results.initial_loss == pytest.approx(first.results.loss, rel=1e-9)
    assert again.results.loss <= first.results.loss * (1 + 1e-9)


def test_bounds_and_frozen_parameters_are_those_of_the_users_units():
    x, y = 1e3 * DATA.stim, 1e-3 * DATA.resp
    model = Model("wc.6x1-fir.1x4-lvl.1")
    model.layers["lvl"].parameters["shift"].bounds = (1e-4, 2e-4)
    model.set_parameter_values({"wc": {"coefficients": np.full((6, 1), 1e-3)}})
    model.freeze_layers("wc")
    fitted = model.fit(x, y, verbose=0, shrinkage="none", edges="omit")
    np.testing.assert_array_equal(fitted.get_parameter_values()["wc"]["coefficients"], 1e-3)
    assert 1e-4 <= fitted.get_parameter_values()["lvl"]["shift"][0] <= 2e-4
    assert fitted.layers["lvl"].parameters["shift"].bounds == (1e-4, 2e-4)


def test_what_cannot_be_followed_stays_as_it_is(recwarn):
    class Square(Layer):
        def evaluate(self, x):
            return x**2

    recording = read_recording(1e3 * X, RNG.normal(size=300))
    model = Model(layers=["wc.6x1", Square(), "lvl.1"])
    standard = standard_of(model, recording)
    # the weights before it can take up a scale, and those after it none
    assert standard.stimulus.scale != 1 and standard.response.scale == 1
    assert standard_of(Model(layers=[Square(), "wc.6x1"]), recording).stimulus.scale == 1
    assert standard_of(Model("wc.6x1-lvl.1"), recording, loss="poisson").response.scale == 1
    # priors are of parameters in the user's own units
    assert standard_of(Model("wc.6x1-lvl.1"), recording, priors=1.0).stimulus.scale == 1
    with pytest.warns(ScaleWarning, match="'stim'"):
        fit(
            "dlog.6-wc.6x1-lvl.1",
            1e5 * np.abs(X),
            X[:, 0],
            verbose=0,
            shrinkage="none",
            max_iterations=1,
        )


@pytest.mark.parametrize("string", ["dlog.6-wc.6x1-fir.1x4-lvl.1", "wc.6x1-stp.1-fir.1x4-dexp.1"])
def test_a_stimulus_that_cannot_be_moved_stays_where_it_is(string):
    recording = read_recording(X + 20, X[:, 0])
    for edges in ("zeros", "omit", "hold"):
        standard = standard_of(Model(string), recording, edges=edges)
        assert standard.stimulus.offset is None
        assert standard.response.scale != 1 and standard.response.offset is not None


def test_messages_have_the_users_numbers():
    y = np.stack([X[:, 0], np.full(300, 4.0)], axis=1)
    with pytest.raises(ValueError, match=r"channel 0 of the target .*: all samples are 4"):
        Model("wc.6x1-lvl.1").fit(X, y[:, 1], verbose=0, shrinkage="none")
    with pytest.warns(NotFittedWarning, match=r"channel 1 of the response .*: all samples are 4"):
        Model("wc.6x2-lvl.2").fit(X, y, verbose=0, shrinkage="none")
    capped = Model("wc.6x1-lvl.1")
    capped.layers["wc"].parameters["coefficients"].bounds = (-1, 0.5)
    # the standard deviation of the response, by which the fit divides it, is about 10
    (warning,) = capped.fit(X, 10 * X[:, 0], verbose=0, shrinkage="none").results.warnings
    assert warning.endswith("values of wc.coefficients at the upper bound 0.5")
    weighted = Model("wc.6x2-lvl.2").fit(X, y, verbose=0, shrinkage="none", channel_weights=[1, 0])
    assert weighted.results.converged


def test_signals_of_one_standard_deviation_are_moved():
    signs = np.where(RNG.random((100, 2)) < 0.5, -1.0, 1.0)
    y = np.concatenate([signs, -signs])
    x = np.concatenate([signs, -signs]) @ RNG.normal(size=(2, 3)) + RNG.normal(size=(200, 3))
    standard = standard_of(Model("wc.3x2-lvl.2"), read_recording(x, y + 5))
    assert standard.response.scale == 1 and standard.response.offset.tolist() == [-5, -5]
    usual, moved = (
        fit("wc.3x2-lvl.2", x, y + offset, verbose=0, shrinkage="none") for offset in (0, 5)
    )
    assert moved.results.loss == pytest.approx(usual.results.loss, rel=1e-9)


def test_zeros_before_trials_are_the_users_zeros():
    x, y = DATA.stim + 50, DATA.resp
    with pytest.warns(EdgeWarning, match="edges='omit'"):
        fitted = fit("wc.6x1-fir.1x4-lvl.1", x, y, verbose=0, shrinkage="none")
    # a mean far from 0 is taken off in the fit, which sees what the model predicts
    nmse = fitted.score(x, y, metric="nmse")
    assert fitted.results.loss == pytest.approx(nmse, rel=1e-9)
    result = cross_validate("wc.6x1-fir.1x4-lvl.1", x, y, n_folds=4, edges="omit")
    plain = cross_validate("wc.6x1-fir.1x4-lvl.1", DATA.stim, y, n_folds=4, edges="omit")
    assert result.score == pytest.approx(plain.score, abs=1e-6)


def test_the_spread_of_a_signal_leaves_out_nan():
    spread = find_spread([np.array([[1.0, np.nan], [3.0, 10.0]]), np.array([[np.nan, 14.0]])])
    np.testing.assert_array_equal(spread.mean, [2, 12])
    assert spread.sd == pytest.approx(np.sqrt((1 + 1 + 4 + 4) / 4))
