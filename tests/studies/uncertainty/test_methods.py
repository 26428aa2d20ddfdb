"""Bootstrap and profile likelihood: both agree with what is known, and say where they cannot."""

import numpy as np
import pytest
from scipy import optimize, stats

from nems_dsl import Model, fit
from nems_dsl.studies import standard_errors

RNG = np.random.default_rng(11)
X = RNG.standard_normal((600, 2))
Y = X @ [1.0, -0.5] + 0.3 + 0.5 * RNG.standard_normal(600)


@pytest.fixture(scope="module")
def linear():
    return fit("wc.2x1-lvl.1", X, Y, verbose=0, shrinkage="none")


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((700, 2))
    return x, rng.poisson(0.2 + 2 / (1 + np.exp(-(x @ [1.5, -1.0])))).astype(float)


def test_the_bootstrap_agrees_with_the_sandwich(linear):
    errors = standard_errors(linear, X, Y, method="bootstrap", n_resamples=80)
    own = linear.results.standard_errors
    assert errors.method == "bootstrap" and errors.n_blocks > 100
    # of 80 resamples a standard deviation is known to 8 %
    np.testing.assert_allclose(errors["wc"]["coefficients"], own["wc"]["coefficients"], rtol=0.25)
    np.testing.assert_allclose(errors["lvl"]["shift"], own["lvl"]["shift"], rtol=0.25)
    np.testing.assert_allclose(errors.receptive_field.errors, own.receptive_field.errors, rtol=0.25)
    np.testing.assert_allclose(errors.nonlinearity.errors, own.nonlinearity.errors, rtol=0.25)
    lower, upper = errors.interval()
    width = upper["lvl"]["shift"] - lower["lvl"]["shift"]
    np.testing.assert_allclose(width, 2 * 1.645 * own["lvl"]["shift"], rtol=0.3)
    with pytest.raises(ValueError, match=r"are at the level 0.9; .*method='bootstrap', level=0.5"):
        errors.interval(0.5)


def test_the_same_seed_draws_the_same(linear):
    one, two, other = (
        standard_errors(linear, X, Y, method="bootstrap", n_resamples=10, resampling_seed=seed)
        for seed in (1, 1, 2)
    )
    assert one == two and one != other


@pytest.mark.parametrize("edges", ["zeros", "omit", "hold"])
def test_blocks_bring_their_past_with_them(edges):
    """A model without noise is found from any blocks, if what they remember is there."""
    x = 3 + RNG.standard_normal((2, 150, 2))
    truth = Model("fir.2x4-lvl.1")
    truth.layers["fir"].parameters["coefficients"].values = RNG.standard_normal((2, 4))
    if edges == "hold":
        y = truth.fit(
            x,
            truth.predict(x),
            edges="hold",
            init="model",
            max_iterations=1,
            verbose=0,
            shrinkage="none",
        )
        y = y.predict(x)
    else:
        y = truth.predict(x)
    y = y + 1e-6 * RNG.standard_normal(y.shape)
    model = fit("fir.2x4-lvl.1", x, y, edges=edges, verbose=0, shrinkage="none")
    errors = standard_errors(model, x, y, method="bootstrap", n_resamples=10)
    assert errors["fir"]["coefficients"].max() < 1e-6


def test_the_profile_of_a_line_is_students_t(linear):
    design = np.column_stack([X, np.ones(600)])
    inverse = np.linalg.inv(design.T @ design)
    weights = inverse @ design.T @ Y
    # errors of the curvature, which the sandwich's stand for here
    errors = standard_errors(linear, X, Y, method="profile", level=0.95)
    own = linear.results.standard_errors
    lower, upper = errors.interval(0.95)
    found = np.ravel([errors["wc"]["coefficients"].ravel()[0], errors["lvl"]["shift"][0]])
    np.testing.assert_allclose(
        found, [own["wc"]["coefficients"][0, 0], own["lvl"]["shift"][0]], rtol=2e-3
    )
    middle = (lower["wc"]["coefficients"] + upper["wc"]["coefficients"]).ravel() / 2
    np.testing.assert_allclose(middle, weights[:2], atol=1e-4)


def test_the_profile_of_counts_is_that_of_the_likelihood(counts):
    """Against a minimiser that knows nothing of the package."""
    x, y = counts
    model = fit("wc.2x1-sig.1.s.o.g", x, y, loss="poisson", verbose=0, shrinkage="none")
    errors = standard_errors(model, x, y, method="profile", parameters=["sig.gain"])

    def deviance(theta, gain):
        up = 1 / (1 + np.exp(-(x @ theta[:2] + theta[2])))
        rate = np.exp(theta[3]) + gain * up
        return 2 * np.sum(rate - y * np.log(rate))

    values = model.get_parameter_values()
    start = [
        *values["wc"]["coefficients"].ravel(),
        values["sig"]["shift"][0],
        np.log(values["sig"]["offset"][0]),
    ]
    least = deviance(np.array(start), values["sig"]["gain"][0])
    curvature_error = _information_error(x, values)
    own = model.results.standard_errors
    degrees = own.degrees["sig"]["gain"][0]
    q = stats.t.ppf(0.95, degrees) * own["sig"]["gain"][0] / curvature_error
    for end in (errors.lower, errors.upper):
        gain = end["sig"]["gain"][0]
        best = optimize.minimize(deviance, start, args=(gain,), method="BFGS").fun
        assert best - least == pytest.approx(q**2, rel=0.02)
    # it is not symmetric
    value = values["sig"]["gain"][0]
    assert errors.upper["sig"]["gain"][0] - value > 1.05 * (value - errors.lower["sig"]["gain"][0])
    # what was not asked for is the sandwich's
    np.testing.assert_array_equal(errors["wc"]["coefficients"], own["wc"]["coefficients"])


def _information_error(x, values):
    """The error of the gain by the information of the counts."""
    sig = {name: value[0] for name, value in values["sig"].items()}
    up = 1 / (1 + np.exp(-(x @ values["wc"]["coefficients"].ravel() + sig["shift"])))
    rate, slope = sig["offset"] + sig["gain"] * up, sig["gain"] * up * (1 - up)
    design = np.column_stack([x * slope[:, None], slope, np.ones(len(x)), up])
    return np.sqrt(np.diag(np.linalg.inv(design.T @ (design / rate[:, None])))[-1])


def test_a_method_that_there_is_not(linear):
    with pytest.raises(ValueError, match=r"no method 'bootstrp'.*did you mean 'bootstrap'"):
        standard_errors(linear, X, Y, method="bootstrp")


def test_a_model_that_was_not_fitted():
    with pytest.raises(ValueError, match="the model was not fitted"):
        standard_errors(Model("wc.2x1-lvl.1"), X, Y)


def test_a_parameter_that_there_is_not(linear):
    with pytest.raises(KeyError, match=r"no fitted parameter 'lvl\.shft'"):
        standard_errors(linear, X, Y, method="profile", parameters=["lvl.shft"])


def test_too_few_of_something(linear):
    with pytest.raises(ValueError, match="n_resamples must be at least 10, not 3"):
        standard_errors(linear, X, Y, method="bootstrap", n_resamples=3)
    with pytest.raises(ValueError, match=r"2 blocks of 300 bins; .* at least 10"):
        standard_errors(linear, X, Y, method="bootstrap", block_bins=300)
    with pytest.raises(ValueError, match="between 0 and 1"):
        standard_errors(linear, X, Y, level=95)


def test_memory_without_bounds_cannot_be_cut():
    x = RNG.random((200, 2))
    model = fit(
        "stp.2-wc.2x1-lvl.1", x, x[:, 0] + 0.1 * RNG.random(200), verbose=0, shrinkage="none"
    )
    with pytest.raises(ValueError, match="remembers without bounds"):
        standard_errors(model, x, x[:, 0], method="bootstrap")


def test_the_users_data_stay_as_they_are(linear):
    before = linear.get_parameter_values()
    standard_errors(linear, X, Y, method="profile")
    standard_errors(linear, X, Y, method="bootstrap", n_resamples=10)
    for layer, by_name in linear.get_parameter_values().items():
        for name, value in by_name.items():
            np.testing.assert_array_equal(value, before[layer][name])
