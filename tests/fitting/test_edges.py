"""Edges of trials: what a fit, a prediction and a score take the past of a trial for."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from nems_dsl import Model, cross_validate, fit
from nems_dsl.data import EdgeWarning
from nems_dsl.metrics import correlation

#: The minimum of the loss alone.
PLAIN = {"verbose": 0, "shrinkage": "none"}

# string: bins that it looks back, and ahead, and bins of the stimulus to one of the response
REACHES = {
    "wc.4x1-fir.1x5-lvl.1": (4, 0, 1),
    "fir.4x5-relu.1.s.o.g": (4, 0, 1),
    "wc.4x1-fir.1x3-fir.1x4-lvl.1": (5, 0, 1),
    "wc.4x1-fir.1x5.ac-lvl.1": (1, 3, 1),
    "fir.4x5.s2-lvl.1": (4, 0, 2),
    "a=wc.4x1-b=fir.1x3@a-c=fir.1x5@a-cat@b,c-wc.2x1-lvl.1": (4, 0, 1),
}
RNG = np.random.default_rng(0)
LENGTHS = (90, 121, 60)
STIM = [RNG.normal(0.4, 1.0, (n, 4)) for n in LENGTHS]


def response(string, stim, offset=0.0):
    model = Model(string).sample_from_priors(seed=3)
    rng = np.random.default_rng(1)
    predicted = model.predict(stim)
    spread = np.concatenate(predicted).std()
    return [t + 0.5 * spread * rng.normal(size=t.shape) + offset for t in predicted]


def without_edges(resp, past, future, stride):
    told = [trial.copy() for trial in resp]
    for trial in told:
        trial[: -(-past // stride)] = np.nan
        trial[len(trial) - -(-future // stride) :] = np.nan
    return told


def padded(trials, before, after, **how):
    return [np.pad(trial, ((before, after), (0, 0)), **how) for trial in trials]


def same_parameters(one, other):
    for layer, values in one.get_parameter_values().items():
        for name, array in values.items():
            theirs = other.get_parameter_values()[layer][name]
            np.testing.assert_allclose(array, theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("string", REACHES)
def test_bins_whose_past_is_not_there_are_left_out(string):
    past, future, stride = REACHES[string]
    resp = response(string, STIM)
    told = without_edges(resp, past, future, stride)
    omitted = fit(string, STIM, resp, edges="omit", **PLAIN)
    # bins that are left out say nothing, whatever they hold
    absurd = [np.where(np.isnan(t), 1e6, r) for t, r in zip(told, resp, strict=True)]
    again = fit(string, STIM, absurd, edges="omit", **PLAIN)
    same_parameters(omitted, again)
    assert again.results.loss == omitted.results.loss
    by_hand = fit(string, STIM, told, edges="omit", **PLAIN)
    same_parameters(omitted, by_hand)
    predictions = omitted.predict(STIM)
    assert omitted.results.loss == pytest.approx(
        omitted.score(STIM, told, metric="nmse", edges="zeros"), rel=1e-9
    )
    for metric in ("correlation", "nmse"):
        score = omitted.score(STIM, absurd, metric=metric)
        assert score == omitted.score(STIM, told, metric=metric, edges="zeros")
    assert omitted.score(STIM, absurd) == correlation(predictions, told)
    # what is asked for in the score counts there
    assert omitted.score(STIM, absurd, edges="zeros") != omitted.score(STIM, absurd)
    zeros = fit(string, STIM, told, **PLAIN)
    assert zeros.score(STIM, told) == pytest.approx(omitted.score(STIM, told), abs=1e-3)


@pytest.mark.parametrize("string", REACHES)
def test_a_stimulus_that_goes_on_with_its_first_value(string):
    past, future, stride = REACHES[string]
    before, after = (-(-n // stride) * stride for n in (past, future))
    resp = response(string, STIM)
    held = fit(string, STIM, resp, edges="hold", **PLAIN, tolerance=1e-12)
    longer = padded(STIM, before, after, mode="edge")
    told = padded(resp, before // stride, after // stride, constant_values=np.nan)
    # the zeros before the longer trials are further away than the model looks back
    plain = Model(string)
    plain.set_parameter_values(held.get_parameter_values())
    by_hand = plain.score(longer, told, metric="nmse", edges="omit")
    assert held.results.loss == pytest.approx(by_hand, rel=1e-9)
    if "relu" not in string:
        # past a kink, rounding decides where a search goes on
        other = fit(string, longer, told, edges="omit", **PLAIN, tolerance=1e-12)
        assert held.results.loss == pytest.approx(other.results.loss, rel=1e-7)
    first = before // stride
    expected = [t[first : first + len(r)] for t, r in zip(plain.predict(longer), resp, strict=True)]
    for trial, other in zip(held.predict(STIM), expected, strict=True):
        np.testing.assert_allclose(trial, other, rtol=1e-12, atol=1e-12)
    assert held.score(STIM, resp) == pytest.approx(correlation(expected, resp), rel=1e-12)
    assert plain.score(STIM, resp, edges="hold") == held.score(STIM, resp)
    assert held.score(STIM, resp, edges="zeros") == plain.score(STIM, resp)
    assert held.score(STIM, resp) != plain.score(STIM, resp)


def test_a_prediction_with_held_edges_has_every_named_output():
    string = "a=fir.4x3.s2-b=fir.1x4@a-lvl.1"
    model = fit(string, STIM[0], response(string, STIM[:1])[0], edges="hold", **PLAIN)
    plain = Model(string)
    plain.set_parameter_values(model.get_parameter_values())
    given, other = model.evaluate(STIM[0]), plain.evaluate(STIM[0])
    assert {name: a.shape for name, a in given.items()} == {n: a.shape for n, a in other.items()}
    # 8 bins are all that it looks back
    for name in ("a", "b", "output"):
        np.testing.assert_allclose(given[name][4:], other[name][4:], rtol=1e-12)
        assert not np.allclose(given[name][:1], other[name][:1])


def test_a_model_keeps_the_edges_of_its_fit(tmp_path):
    string = "wc.4x1-fir.1x5-lvl.1"
    resp = response(string, STIM)
    for edges in ("zeros", "omit", "hold"):
        fitted = fit(string, STIM, resp, edges=edges, **PLAIN)
        assert fitted.edges == fitted.results.edges == edges
        read = Model.load(fitted.save(tmp_path / f"{edges}.json"))
        assert read.edges == edges and read.score(STIM, resp) == fitted.score(STIM, resp)
        for trial, other in zip(read.predict(STIM), fitted.predict(STIM), strict=True):
            np.testing.assert_array_equal(trial, other)
    assert Model(string).edges == "zeros"


@pytest.mark.parametrize("call", ["fit", "score", "cross_validate"])
def test_a_way_that_there_is_not(call):
    x, y = STIM[0], STIM[0][:, 0]
    model = Model("wc.4x1-fir.1x5-lvl.1")
    for edges, meant in (("zero", "zeros"), ("omti", "omit")):
        with pytest.raises(ValueError, match=f"{edges}.*did you mean '{meant}'"):
            getattr(model, call)(x, y, edges=edges)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_a_stimulus_far_from_zero_is_told(scale):
    string = "wc.4x1-fir.1x5-lvl.1"
    model, rng = Model(string), np.random.default_rng(0)
    noise, y = rng.normal(size=(300, 4)), rng.normal(size=300)
    near, far = scale * (noise + 2.5), scale * (noise - 4)
    said = r"'stim' lies [34]\.?\d* of its standard deviations from 0.*the 4 bins.*edges='omit'"
    for call in (model.fit, lambda x, y, **how: fit(string, x, y, **how)):
        with pytest.warns(EdgeWarning, match=said):
            call(far, y, **PLAIN)
    with pytest.warns(EdgeWarning, match=said) as found:
        cross_validate(string, far, y, n_folds=3)
    assert len(found) == 1
    with pytest.warns(EdgeWarning, match=said) as found:
        fit(string, far, rng.normal(size=(300, 3)), **PLAIN)
    assert len(found) == 1
    with pytest.warns(EdgeWarning, match="'stim'"):
        model.fit({"stim": far}, y, **PLAIN)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(near, y, **PLAIN)
        for edges in ("omit", "hold"):
            model.fit(far, y, **PLAIN, edges=edges)
        fit("wc.4x1-lvl.1", far, y, **PLAIN)
        # what a model does not read, it does not take for 0
        fit(string, {"stim": near, "other": far}, y, **PLAIN)


@pytest.mark.parametrize("edges", ["omit", "hold"])
def test_where_the_stimulus_is_moved_to_is_nothing_to_a_score(edges):
    string = "wc.4x1-fir.1x5-lvl.1"
    resp = response(string, STIM)
    usual = fit(string, STIM, resp, edges=edges, **PLAIN)
    for offset in (-30.0, 1e3, 1e6):
        far = [trial + offset for trial in STIM]
        moved = fit(string, far, resp, edges=edges, **PLAIN)
        assert moved.score(far, resp) == pytest.approx(usual.score(STIM, resp), abs=1e-6)
