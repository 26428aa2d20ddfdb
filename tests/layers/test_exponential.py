"""`exp`, `add` and the spelling `softplus`: words of models of counts."""

import numpy as np
import pytest

from nems_dsl import Model, canonical, fit, parse
from nems_dsl.layers import Exponential

RNG = np.random.default_rng(4)


def lagged(x, n_taps):
    """Give a design matrix: columns are channels and lags, zeros before the beginning."""
    rows = [np.vstack([np.zeros((k, x.shape[1])), x[: len(x) - k]]) for k in range(n_taps)]
    return np.stack(rows, axis=2).reshape(len(x), -1)


def irls(design, y, n_iterations=50):
    """Fit a Poisson GLM with its canonical link by reweighted least squares, plainly."""
    design = np.column_stack([design, np.ones(len(design))])
    beta = np.zeros(design.shape[1])
    beta[-1] = np.log(y.mean())
    for _ in range(n_iterations):
        eta = design @ beta
        mu = np.exp(eta)
        z = eta + (y - mu) / mu
        beta = np.linalg.solve(design.T @ (mu[:, None] * design), design.T @ (mu * z))
    return beta[:-1], beta[-1]


@pytest.fixture(scope="module")
def counts():
    x = RNG.normal(size=(3000, 4))
    h = 0.3 * RNG.normal(size=(4, 3))
    return x, RNG.poisson(np.exp(lagged(x, 3) @ h.ravel() - 0.7))[:, None].astype(float)


def test_a_poisson_glm_has_the_coefficients_of_reweighted_least_squares(counts):
    x, y = counts
    beta, intercept = irls(lagged(x, 3), y[:, 0])
    model = fit("fir.4x3-exp.1", x, y, loss="poisson", shrinkage="none", tolerance=1e-14, verbose=0)
    found = model.get_parameter_values()
    np.testing.assert_allclose(found["fir"]["coefficients"].ravel(), beta, atol=1e-6)
    np.testing.assert_allclose(found["exp"]["shift"], intercept, atol=1e-6)


def test_it_fits_other_losses_units_and_channels(counts):
    """The start is right in units far from 1, and for several channels at once."""
    x, y = counts
    for factor in (1e-3, 1.0, 1e3):
        model = Model("fir.4x3-exp.1").fit(x, factor * y, verbose=0)
        assert model.results.converged and model.score(x, factor * y) > 0.6
    wide = Model("fir.4x3x2-exp.2").fit(x, np.hstack([y, 5 * y]), loss="poisson", verbose=0)
    assert np.all(np.asarray(wide.score(x, np.hstack([y, 5 * y]))) > 0.6)


def test_it_never_overflows():
    layer = Exponential(shape=(1,), parameters={"shift": [0.0]})
    x = np.array([[-1e300], [0.0], [39.9], [40.1], [800.0], [1e300]])
    with np.errstate(all="raise"):
        y = layer.evaluate(x)
    assert np.isfinite(y).all() and (np.diff(y[:, 0]) >= 0).all()
    np.testing.assert_allclose(y[1:3, 0], np.exp(x[1:3, 0]), rtol=1e-12)
    np.testing.assert_allclose(y[3, 0], np.exp(40) * 1.1, rtol=1e-12)


def test_softplus_is_a_spelling_of_srelu():
    assert canonical("fir.18x15-softplus.s") == "fir.18x15-srelu.1.s"
    assert parse("softplus.3") == parse("srelu.3")
    assert type(Model("softplus.3").layers[0]) is type(Model("srelu.3").layers[0])


def test_signals_are_added_channel_by_channel():
    x, state = RNG.normal(size=(30, 3)), RNG.normal(size=(30, 2))
    model = Model("a=wc.3x2-b=wc.2x1@state-add@a,b")
    a, b = (model.layers[n].parameters["coefficients"].values for n in (0, 1))
    predicted = model.predict({"stim": x, "state": state})
    np.testing.assert_allclose(predicted, x @ a + state @ b, rtol=1e-12)
    three = Model("a=lvl.3-b=scl.3@stim-c=lvl.3@stim-add@a,b,c")
    shift, gain, other = (
        layer.parameters[name].values
        for layer, name in zip(three.layers, ("shift", "gain", "shift"), strict=False)
    )
    wanted = 2 * x + shift + other + x * gain
    np.testing.assert_allclose(three.predict(x), wanted, rtol=1e-12)
    assert Model("a=wc.3x1-b=fir.3x2@stim-add@a,b").function_id == (
        Model("q=fir.3x2-r=wc.3x1@stim-add@q,r").function_id
    )
