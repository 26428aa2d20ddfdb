"""Standard errors of fits: against formulas of regression, in any units, and for any gauge."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nems_dsl import Model, fit
from nems_dsl.fitting.results import FitResults
from nems_dsl.fitting.uncertainty.errors import StandardErrors

RNG = np.random.default_rng(4)
X = RNG.standard_normal((300, 2))
Y = X @ [1.0, -0.5] + 0.3 + (0.4 + 0.3 * np.abs(X[:, 0])) * RNG.standard_normal(300)


def errors_of(string, x, y, **options):
    return fit(string, x, y, verbose=0, shrinkage="none", **options).results.standard_errors


def hc2(design, response):
    """Errors of least squares by MacKinnon & White (1985), J. Econometrics 29: 305-325."""
    inverse = np.linalg.inv(design.T @ design)
    residual = response - design @ inverse @ (design.T @ response)
    leverage = np.einsum("ti,ij,tj->t", design, inverse, design)
    scores = design * (residual / np.sqrt(1 - leverage))[:, None]
    return np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse))


def clustered(design, response, length):
    """Errors by blocks, enlarged as Bell & McCaffrey (2002) do, in blocks' own rows."""
    inverse = np.linalg.inv(design.T @ design)
    residual = response - design @ inverse @ (design.T @ response)
    middle = []
    for start in range(0, len(design), length):
        rows = design[start : start + length]
        hat = rows @ inverse @ rows.T
        values, vectors = np.linalg.eigh(np.eye(len(rows)) - hat)
        root = vectors / np.sqrt(values) @ vectors.T
        middle.append(rows.T @ root @ residual[start : start + length])
    scores = np.array(middle) - np.mean(middle, axis=0)
    return np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse))


def test_least_squares_has_errors_that_allow_for_unequal_variances():
    errors = errors_of("wc.2x1-lvl.1", X, Y)
    design = np.column_stack([X, np.ones(300)])
    wanted = hc2(design, Y)
    assert errors.block_bins == 1
    # slopes differ by what centring scores does: one in 300
    np.testing.assert_allclose(errors["wc"]["coefficients"].ravel(), wanted[:2], rtol=2e-3)
    np.testing.assert_allclose(errors["lvl"]["shift"], wanted[2:], rtol=2e-3)
    # which ordinary ones would not: the first regressor moves the variance
    plain = np.sqrt(np.diag(np.linalg.inv(design.T @ design)) * np.var(Y - Y.mean()))
    assert abs(wanted[0] / plain[0] - 1) > 0.2


def test_residuals_that_go_on_have_errors_by_blocks():
    from nems_dsl.studies import standard_errors

    noise = RNG.standard_normal(300)
    for t in range(1, 300):
        noise[t] += 0.8 * noise[t - 1]
    slow = np.cumsum(RNG.standard_normal((300, 2)), axis=0) * 0.1
    y = slow @ [1.0, -0.5] + noise
    model = fit("wc.2x1-lvl.1", slow, y, verbose=0, shrinkage="none")
    assert 4 <= model.results.standard_errors.block_bins <= 10
    errors = standard_errors(model, slow, y, block_bins=10)
    wanted = clustered(np.column_stack([slow, np.ones(300)]), y, 10)
    np.testing.assert_allclose(errors["wc"]["coefficients"].ravel(), wanted[:2], rtol=1e-6)
    np.testing.assert_allclose(errors["lvl"]["shift"], wanted[2:], rtol=1e-6)
    one = standard_errors(model, slow, y, block_bins=1)
    assert np.all(errors["wc"]["coefficients"] > 1.5 * one["wc"]["coefficients"])


def test_counts_have_errors_by_their_information():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2000, 2))
    y = rng.poisson(0.2 + 2 / (1 + np.exp(-(x @ [1.5, -1.0])))).astype(float)
    model = fit("wc.2x1-sig.1.s.o.g", x, y, loss="poisson", verbose=0, shrinkage="none")
    drive = x @ model.layers["wc"].parameters["coefficients"].values.ravel()
    values = {n: p.values[0] for n, p in model.layers["sig"].parameters.items()}
    up = 1 / (1 + np.exp(-(drive + values["shift"])))
    rate, slope = values["offset"] + values["gain"] * up, values["gain"] * up * (1 - up)
    design = np.column_stack([x * slope[:, None], slope, np.ones(2000), up])
    information = np.linalg.inv(design.T @ (design / rate[:, None]))
    wanted = np.sqrt(np.diag(information))
    errors = model.results.standard_errors
    # counts are Poisson's here, so that sandwich and information agree but for chance
    found = [*errors["wc"]["coefficients"].ravel(), *np.ravel(list(errors["sig"].values()))]
    np.testing.assert_allclose(found, wanted, rtol=0.12)


@pytest.mark.parametrize("string", ["fir.2x3-lvl.1", "fir.2x3-srelu.1.s.o.g", "fir.2x3-dexp.1"])
def test_errors_follow_the_users_units(string):
    x = RNG.standard_normal((600, 2))
    y = np.maximum(x[:, 0] + 0.5 * x[:, 1], 0) + 0.5 * RNG.standard_normal(600)
    own = fit(string, x, y, verbose=0, shrinkage="none")
    other = fit(string, 100 * x, 7 * y - 40, verbose=0, shrinkage="none")
    scale = {"fir": 7 / 100, "base": 7, "amplitude": 7}
    first, second = own.results.standard_errors, other.results.standard_errors
    field, moved = first.receptive_field, second.receptive_field
    ratio = moved.values[0, 0, 0] / field.values[0, 0, 0]
    np.testing.assert_allclose(moved.errors, abs(ratio) * field.errors, rtol=0.02)
    curve, moved = first.nonlinearity, second.nonlinearity
    np.testing.assert_allclose(moved.errors, 7 * curve.errors, rtol=0.02)
    np.testing.assert_allclose(moved.values, 7 * curve.values - 40, rtol=0.02, atol=0.2)
    if string.endswith("lvl.1"):
        np.testing.assert_allclose(
            second["fir"]["coefficients"], scale["fir"] * first["fir"]["coefficients"], rtol=1e-4
        )
        np.testing.assert_allclose(second["lvl"]["shift"], 7 * first["lvl"]["shift"], rtol=1e-4)
    if string.endswith("dexp.1"):
        for name in ("base", "amplitude"):
            np.testing.assert_allclose(
                second["dexp"][name], scale[name] * first["dexp"][name], rtol=0.02
            )


def test_a_stimulus_far_from_zero_moves_the_errors_of_offsets():
    far = X + 50.0
    errors = errors_of("wc.2x1-lvl.1", far, Y, edges="omit")
    wanted = hc2(np.column_stack([far, np.ones(300)]), Y)
    np.testing.assert_allclose(errors["wc"]["coefficients"].ravel(), wanted[:2], rtol=2e-3)
    np.testing.assert_allclose(errors["lvl"]["shift"], wanted[2:], rtol=2e-3)


def test_what_others_make_up_for_is_named_and_has_no_error():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((800, 4))
    drive = x @ [1.0, -0.5, 0.3, 0.2] + 0.6 * np.roll(x @ [0.2, 0.5, -1.0, 0.0], 1)
    y = np.tanh(drive) + 0.4 * rng.standard_normal(800)
    errors = errors_of("wc.4x2-fir.2x3-logsig.1", x, y)
    first, second = errors.not_identified
    assert first == "wc.coefficients and fir.coefficients (4 directions)"
    assert second == "fir.coefficients, logsig.shift and logsig.kappa (1 direction)"
    assert np.isnan(errors["wc"]["coefficients"]).all()
    assert np.isfinite(errors.aligned["wc"]["coefficients"]).all()
    assert np.isnan(errors["logsig"]["kappa"]).all() and np.isfinite(errors["logsig"]["base"])
    # what they compose is told all the same
    assert errors.receptive_field.is_relative
    assert np.isfinite(errors.receptive_field.errors).all()
    assert np.isfinite(errors.nonlinearity.errors).all()


def test_layers_of_the_same_keyword_are_told_apart():
    errors = errors_of("wc.2x1-relu.1.s-wc.1x1-lvl.1", X, np.maximum(X[:, 0] + 0.5, 0) + 0.1 * Y)
    (said,) = errors.not_identified
    assert said == "wc1.coefficients, relu.shift and wc2.coefficients (1 direction)"


def test_the_gauge_does_not_matter_to_what_is_composed():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((800, 3))
    y = np.tanh(x @ [1.0, -0.5, 0.3]) + 0.4 * rng.standard_normal(800)
    model = fit("wc.3x1-fir.1x3-dexp.1", x, y, verbose=0, shrinkage="none")
    from nems_dsl.studies import standard_errors

    other = model.copy()
    wc, fir = (other.layers[name].parameters["coefficients"] for name in ("wc", "fir"))
    wc.values, fir.values = -3 * wc.values, -fir.values / 3
    one, two = (standard_errors(each, x, y) for each in (model, other))
    np.testing.assert_allclose(two.receptive_field.errors, one.receptive_field.errors, rtol=1e-5)
    np.testing.assert_allclose(two.nonlinearity.errors, one.nonlinearity.errors, rtol=1e-5)


def test_a_field_of_fixed_size_has_the_errors_of_its_weights():
    errors = errors_of("fir.2x3-lvl.1", X, Y)
    field = errors.receptive_field
    assert not field.is_relative and field.at.tolist() == [0, 1, 2]
    np.testing.assert_allclose(field.errors[0], errors["fir"]["coefficients"], rtol=1e-6)
    # at the mean of the drive a line has the error of the mean alone
    curve = errors.nonlinearity
    middle = np.argmin(np.abs(curve.values - Y.mean()))
    residual = Y - fit("fir.2x3-lvl.1", X, Y, verbose=0, shrinkage="none").predict(X)[:, 0]
    assert curve.errors[0, middle] == pytest.approx(residual.std() / np.sqrt(300), rel=0.06)


def test_parameters_that_were_not_fitted_have_none():
    model = Model("wc.2x1-lvl.1")
    model.layers["lvl"].parameters["shift"].values = [0.3]
    model.freeze_parameters("lvl.shift")
    errors = model.fit(X, Y, verbose=0, shrinkage="none").results.standard_errors
    assert np.isnan(errors["lvl"]["shift"]) and np.isfinite(errors["wc"]["coefficients"]).all()
    assert "2 of 2" in repr(errors)


def test_parameters_at_bounds_have_none():
    errors = errors_of("wc.2x1.p-lvl.1", X, Y)
    at_zero = np.isnan(errors["wc"]["coefficients"]).ravel()
    assert at_zero.tolist() == [False, True]
    wanted = hc2(np.column_stack([X[:, 0], np.ones(300)]), Y)
    assert errors["wc"]["coefficients"][0, 0] == pytest.approx(wanted[0], rel=5e-3)


def test_a_prediction_that_nothing_moves_has_none():
    model = Model("wc.2x1-relu.1")
    model.layers["wc"].parameters["coefficients"].values = [[-1.0], [-1.0]]
    errors = model.fit(
        np.abs(X), Y, init="model", verbose=0, shrinkage="none"
    ).results.standard_errors
    assert np.isnan(errors["wc"]["coefficients"]).all()
    assert errors.not_identified == ("wc.coefficients (2 directions)",)


def test_a_penalty_makes_errors_smaller():
    free = errors_of("wc.2x1-lvl.1", X, Y)
    held = errors_of("wc.2x1.l2e0-lvl.1", X, Y)
    assert np.all(held["wc"]["coefficients"] < 0.8 * free["wc"]["coefficients"])


def test_missing_samples_and_trials_are_left_out():
    y = Y.copy()
    y[100:150] = np.nan
    keep = np.isfinite(y)
    errors = errors_of("wc.2x1-lvl.1", [X[:180], X[180:]], [y[:180], y[180:]])
    wanted = hc2(np.column_stack([X, np.ones(300)])[keep], Y[keep])
    np.testing.assert_allclose(errors["wc"]["coefficients"].ravel(), wanted[:2], rtol=5e-3)


def test_single_precision_gives_the_same():
    double = errors_of("fir.2x3-lvl.1", X, Y)
    single = errors_of("fir.2x3-lvl.1", X.astype(np.float32), Y, dtype="float32")
    np.testing.assert_allclose(
        single["fir"]["coefficients"], double["fir"]["coefficients"], rtol=1e-3
    )


def test_a_share_of_long_data_tells_about_the_same():
    from nems_dsl.studies import standard_errors

    rng = np.random.default_rng(8)
    x = rng.standard_normal((30_000, 2))
    y = np.maximum(x[:, 0], 0) + rng.standard_normal(30_000)
    model = fit("fir.2x3-relu.1.s.o", x, y, verbose=0, shrinkage="none")
    some, all_ = model.results.standard_errors, standard_errors(model, x, y)
    assert some.n_blocks < 10_000 < all_.n_blocks
    np.testing.assert_allclose(some["fir"]["coefficients"], all_["fir"]["coefficients"], rtol=0.08)


def test_models_that_cannot_be_linearised_have_none():
    from nems_dsl.layers.base import Layer, Parameter, Phi

    class Shift(Layer):
        def initial_parameters(self):
            return Phi(Parameter("by"))

        def evaluate(self, x):
            (by,) = self.get_parameter_values("by")
            return x + by

    model = Model(layers=["wc.2x1", Shift()])
    results = model.fit(X, Y, verbose=0, shrinkage="none").results
    assert results.standard_errors is None
    with pytest.raises(ValueError, match="no standard errors: it has more than 600"):
        results.to_pandas()


# ---- keeping and showing them ----


@pytest.fixture(scope="module")
def fitted():
    return fit("wc.2x1-fir.1x2-dexp.1", X, Y, verbose=0, shrinkage="none")


def test_they_are_kept_in_files(fitted, tmp_path):
    again = Model.load(fitted.save(tmp_path / "m.json"))
    assert again.results == fitted.results
    one, two = fitted.results.standard_errors, again.results.standard_errors
    assert one == two and one is not two
    np.testing.assert_allclose(two.receptive_field.errors, one.receptive_field.errors, rtol=1e-5)
    assert len(json.dumps(one.to_dict())) < 4000
    assert two != replace(two, block_bins=7) and two != 3


def test_old_files_have_none(fitted):
    data = json.loads(json.dumps(fitted.results.to_dict()))
    for name in ("standard_errors", "log_likelihood", "n_samples"):
        del data[name]
    old = FitResults.from_dict(data)
    assert old.standard_errors is None and old.aic is None and old.bic is None


def test_they_are_by_layer_and_by_name(fitted):
    errors = fitted.results.standard_errors
    values = fitted.get_parameter_values()
    assert list(errors) == list(values) and len(errors) == 3
    for layer, by_name in values.items():
        assert {n: a.shape for n, a in errors[layer].items()} == {
            n: a.shape for n, a in by_name.items()
        }
        for name, value in by_name.items():
            np.testing.assert_array_equal(errors.estimates[layer][name], value)


def test_the_table(fitted):
    table = fitted.results.to_pandas()
    assert len(table) == fitted.results.n_parameters
    base = table[table.parameter == "base"].iloc[0]
    errors = fitted.results.standard_errors
    assert base.error == errors["dexp"]["base"][0]
    assert base.lower < base.value < base.upper
    lower, _ = errors.interval(0.5)
    assert base.lower < lower["dexp"]["base"][0] < base.value


def test_intervals_are_those_of_students_t():
    nested = {"a": {"b": np.ones(1)}}
    degrees = {"a": {"b": np.array([5.0])}}
    errors = StandardErrors("sandwich", nested, nested, nested, degrees)
    lower, upper = errors.interval(0.9)
    # of a table of quantiles: t(0.95; 5) = 2.015
    assert upper["a"]["b"][0] == pytest.approx(1 + 2.015, abs=5e-4)
    assert lower["a"]["b"][0] == pytest.approx(1 - 2.015, abs=5e-4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        errors.interval(90)


# ---- likelihood ----


def test_log_likelihood_of_normal_residuals(fitted):
    from scipy.stats import norm

    residual = Y - fitted.predict(X)[:, 0]
    wanted = norm.logpdf(residual, scale=np.sqrt(np.mean(residual**2))).sum()
    results = fitted.results
    assert results.n_samples == 300
    assert results.log_likelihood == pytest.approx(wanted, rel=1e-9)
    # 8 parameters, two of whose directions are redundant, and the variance
    assert results.rank == 6
    assert results.n_effective == pytest.approx(6, rel=1e-6)
    assert results.aic == pytest.approx(2 * 7 - 2 * wanted)
    assert results.bic == pytest.approx(np.log(300) * 7 - 2 * wanted)


def test_log_likelihood_of_counts():
    from scipy.stats import poisson

    counts = RNG.poisson(np.exp(0.3 * X[:, 0])).astype(float)
    counts[3] = np.nan
    model = fit("wc.2x1-sig.1.s.o.g", X, counts, loss="poisson", verbose=0, shrinkage="none")
    rate = model.predict(X)[:, 0]
    wanted = np.nansum(poisson.logpmf(np.nan_to_num(counts), rate)[np.isfinite(counts)])
    assert model.results.log_likelihood == pytest.approx(wanted, rel=1e-9)
    assert model.results.aic == pytest.approx(2 * model.results.rank - 2 * wanted)


def test_weighted_channels_have_no_likelihood():
    model = fit(
        "wc.2x2-lvl.2",
        X,
        np.column_stack([Y, Y**2]),
        channel_weights=[1, 3],
        verbose=0,
        shrinkage="none",
    )
    assert model.results.log_likelihood is None and model.results.aic is None
