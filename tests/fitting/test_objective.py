"""Losses and their gradients, whatever the model, and however the data come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl import Model, ModelStringError, Objective
from nems_dsl.fitting.engine import packs
from nems_dsl.layers.base import Layer, Parameter, Phi

STRINGS = [
    "wc.3x2-fir.2x5-dexp.1",
    "wc.3x2.g-fir.2x5-lvl.1",
    "wc.3x2.n.l2e-2-fir.2x5.l2-relu.1.s.o.g",
    "wc.3x1.p-stp.1-fir.1x4-dexp.1",
    "stp.3-wc.3x2-fir.2x4-lvl.1",
    "wc.3x1x4-fir.1x4x4-relu.4-wc.4x1x3.g-fir.1x3x3-relu.3.s-wc.3x2-dexp.2",
    "strf.3x2x5x2.relu-lvl.2",
    "fir.3x5x9-relu.9.o-wc.9x1",
    "a=wc.3x2-b=fir.2x4@a-lvl.1",
    "wc.3x5-fir.1x4x5-wc.5x1",
]


class Scaled(Layer):
    """y = gain * x, without a derivative."""

    def initial_parameters(self):
        return Phi(Parameter("gain", initial_value=1.5, bounds=(0, 3)))

    def evaluate(self, x):
        (gain,) = self.get_parameter_values()
        return gain * np.tanh(x)


class Level(Layer):
    """y = x + level, without a derivative."""

    def initial_parameters(self):
        return Phi(Parameter("level"))

    def evaluate(self, x):
        (level,) = self.get_parameter_values()
        return x + level


class Sum(Layer):
    """Adds signals, without a derivative."""

    def evaluate(self, *inputs):
        return sum(inputs)


def make_data(n_outputs, lengths=(30, 17, 44), seed=0, n_channels=3, nan=True):
    rng = np.random.default_rng(seed)
    x = [rng.random((n, n_channels)) for n in lengths]
    y = [rng.normal(size=(n, n_outputs)) for n in lengths]
    if nan:
        y[0][3:6] = np.nan
        y[-1][-1, 0] = np.nan
    return x, y


def check_gradient(objective, seed=0, rtol=1e-5):
    rng = np.random.default_rng(seed)
    low, high = objective.bounds
    theta = objective.theta0 + 0.1 * rng.normal(size=objective.n_parameters)
    theta = np.clip(
        theta, np.where(np.isinf(low), -9, low + 1e-3), np.where(np.isinf(high), 99, high - 1e-3)
    )
    value, gradient = objective.value_and_grad(theta)
    assert value == pytest.approx(objective.value(theta), rel=1e-12)
    step = 1e-6
    expected = np.empty_like(theta)
    for i in range(theta.size):
        moved = theta.copy()
        moved[i] += step
        above = objective.value(moved)
        moved[i] -= 2 * step
        expected[i] = (above - objective.value(moved)) / (2 * step)
    np.testing.assert_allclose(gradient, expected, rtol=rtol, atol=rtol * np.abs(expected).max())


def n_outputs(string):
    return Model(string, N=3).bind_data(np.zeros((2, 3))).predict(np.zeros((2, 3))).shape[1]


@pytest.mark.parametrize("loss", ["nmse", "mse"])
@pytest.mark.parametrize("string", STRINGS)
def test_gradient_is_exact(string, loss):
    x, y = make_data(n_outputs(string))
    check_gradient(Objective(Model(string), x, y, loss=loss))


@settings(deadline=None, max_examples=25)
@given(
    string=st.sampled_from(STRINGS),
    lengths=st.lists(st.integers(2, 40), min_size=1, max_size=4),
    seed=st.integers(0, 100),
)
def test_gradient_is_exact_for_any_trials(string, lengths, seed):
    x, y = make_data(n_outputs(string), lengths, seed, nan=False)
    check_gradient(Objective(Model(string), x, y), seed)


@pytest.mark.parametrize("string", STRINGS)
def test_packs_change_nothing(string, monkeypatch):
    x, y = make_data(n_outputs(string), (300, 40, 500, 7))
    whole = Objective(Model(string), x, y)
    monkeypatch.setattr(packs, "SHORTEST_PACK", 64)
    monkeypatch.setattr(packs, "LONGEST_PACK", 64)
    cut = Objective(Model(string), x, y)
    assert len(cut.engine.plans) > len(whole.engine.plans)
    value, gradient = whole.value_and_grad(whole.theta0)
    cut_value, cut_gradient = cut.value_and_grad(cut.theta0)
    assert cut_value == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(
        cut_gradient, gradient, rtol=1e-9, atol=1e-11 * np.abs(gradient).max()
    )


@pytest.mark.parametrize("string", STRINGS)
def test_float32_is_close(string):
    x, y = make_data(n_outputs(string))
    exact = Objective(Model(string), x, y)
    single = Objective(Model(string), x, y, dtype="float32")
    value, gradient = exact.value_and_grad(exact.theta0)
    single_value, single_gradient = single.value_and_grad(single.theta0)
    assert single_gradient.dtype == np.float64
    assert single_value == pytest.approx(value, rel=1e-4)
    np.testing.assert_allclose(single_gradient, gradient, atol=1e-3 * np.abs(gradient).max())


def test_nmse_is_what_it_says():
    x, y = make_data(2)
    model = Model("wc.3x2-fir.2x4x2-lvl.2")
    prediction = np.concatenate(model.predict(x))
    target = np.concatenate(y)
    seen = ~np.isnan(target)
    mse = np.mean((prediction[seen] - target[seen]) ** 2)
    objective = Objective(model, x, y)
    assert objective.value(objective.theta0) == pytest.approx(np.sqrt(mse) / target[seen].std())
    objective = Objective(model, x, y, loss="mse")
    assert objective.value(objective.theta0) == pytest.approx(mse)


def test_penalties_are_of_the_receptive_field_and_can_be_left_out():
    x, y = make_data(1)
    plain = Objective(Model("wc.3x1-lvl.1"), x, y)
    penalised = Objective(Model("wc.3x1.l2e-1-lvl.1"), x, y)
    without = Objective(Model("wc.3x1.l2e-1-lvl.1"), x, y, regularizers=False)
    theta = np.array([0.5, -2.0, 1.0, 3.0])
    seen = np.concatenate(x)
    seen = seen - seen.mean(axis=0)
    variance = np.nanvar(np.concatenate(y))
    extra = 0.1 * np.mean(seen**2) * (0.25 + 4 + 1) / variance
    assert penalised.value(theta) ** 2 == pytest.approx(plain.value(theta) ** 2 + extra)
    assert without.value(theta) == plain.value(theta)
    check_gradient(penalised)


# ---- losses, weights, masks, priors ----------------------------------------------------------

RATES = [
    "wc.3x2-fir.2x5-srelu.1.o.g",
    "wc.3x2.g-stp.2-fir.2x4-sig.1.o.g",
    "strf.3x2x5x2.relu.sl.sc-srelu.2",
    "wc.3x2.l1e-2.sc1e-1-fir.2x5x2.sl1e-1.l2-srelu.2.s.o.g",
]


def make_counts(string, lengths=(30, 17, 44), nan=True):
    x, y = make_data(n_outputs(string), lengths, nan=nan)
    return x, [np.where(np.isnan(t), np.nan, np.round(np.abs(3 * t))) for t in y]


@pytest.mark.parametrize("string", RATES)
def test_gradient_of_poisson_is_exact(string):
    x, y = make_counts(string)
    check_gradient(Objective(Model(string), x, y, loss="poisson"))
    check_gradient(Objective(Model(string), x, y, loss="poisson", priors=1.0))


@pytest.mark.parametrize("loss", ["nmse", "mse", "poisson"])
@pytest.mark.parametrize("string", [RATES[2], RATES[3]])
def test_gradient_is_exact_with_weights_masks_priors_and_penalties(string, loss):
    x, y = make_counts(string)
    rng = np.random.default_rng(0)
    arguments = dict(
        loss=loss,
        priors=0.3,
        channel_weights=[0.5, 2.0],
        mask=[rng.random(t.shape) > 0.3 for t in y],
    )
    objective = Objective(Model(string), x, y, **arguments)
    check_gradient(objective)
    single = Objective(Model(string), x, y, dtype="float32", **arguments)
    (value, gradient), (near, near_gradient) = [
        each.value_and_grad(each.theta0) for each in (objective, single)
    ]
    assert near == pytest.approx(value, rel=1e-4)
    np.testing.assert_allclose(near_gradient, gradient, atol=1e-3 * np.abs(gradient).max())


def test_poisson_is_what_it_says():
    x, y = make_counts(RATES[2])
    model = Model(RATES[2])
    rate, count = np.concatenate(model.predict(x)), np.concatenate(y)
    seen = ~np.isnan(count)
    expected = np.mean((rate - count * np.log(rate))[seen])
    objective = Objective(model, x, y, loss="poisson", regularizers=False)
    assert objective.value(objective.theta0) == pytest.approx(expected)
    assert objective.search_power == 1


def test_rates_of_a_layer_that_is_not_known_are_looked_at():
    x, y = make_counts("wc.3x1-lvl.1")
    model = Model(layers=[*Model("wc.3x1").layers, Level()])
    objective = Objective(model, x, y, loss="poisson")
    theta = np.array([0.0, 0, 0, 1])
    objective.check_start(theta)
    assert np.isfinite(objective.value(theta))
    theta[-1] = -1
    value, gradient = objective.value_and_grad(theta)
    assert value == np.inf and np.all(np.isfinite(gradient))
    n_seen = sum(int((~np.isnan(t)).sum()) for t in y)
    with pytest.raises(ValueError, match=rf"Level, starts at -1 where .* \({n_seen} such values"):
        objective.check_start(theta)
    # a rate of 0 is right where nothing was counted, and nowhere else
    theta[-1] = 0
    n_counts = sum(int((t > 0).sum()) for t in y)
    with pytest.raises(ValueError, match=rf"starts at 0 where .* \({n_counts} such values"):
        objective.check_start(theta)
    model.layers[-1].parameters["level"].values = -1.0
    with pytest.raises(ValueError, match=r"Level, starts at -0\.9"):
        model.fit(x, y, loss="poisson", verbose=0)
    Objective(model, x, y).check_start(theta)


@pytest.mark.parametrize(
    ("string", "held"),
    [
        ("wc.3x1-dexp.1", "base amplitude"),
        ("wc.3x1-logsig.1", "base amplitude"),
        ("wc.3x1-tanh.1", "base amplitude"),
        ("wc.3x1-relsat.1", "base amplitude"),
        ("wc.3x1-relu.1.o.g", "offset gain"),
        ("wc.3x1-srelu.1.s", ""),
        ("wc.3x1-srelu.1.s-scl.1", "gain"),
        ("wc.3x1-relu.1-lvl.1", "shift"),
        ("wc.3x2-srelu.2.s-wc.2x1.p", ""),
        ("wc.3x2-srelu.2.s-wc.2x1.g", ""),
        ("wc.3x2-srelu.2-sum", ""),
        ("wc.3x2-a=srelu.2-b=wc.3x2@stim-multexp@a,b-sum", ""),
        ("wc.3x1-a=srelu.1-wc.3x1@stim-b=sig.1.g-mult@a,b", "gain"),
        ("strf.3x5.relu-lvl.1", "shift"),
    ],
)
def test_bounds_keep_rates_above_0(string, held):
    x, y = make_counts("wc.3x1-lvl.1")
    free, rates = (Objective(Model(string), x, y, loss=loss) for loss in ("mse", "poisson"))
    raised = rates.bounds[0] > free.bounds[0]
    names = {s.name for s in rates.vector.slots if raised[s.start : s.stop].all()}
    assert {*held.split()} >= names and raised.sum() == len(names)
    mean = np.nanmean(np.concatenate(y))
    assert np.all(rates.bounds[0][raised] == 1e-6 * mean)
    np.testing.assert_array_equal(rates.theta0[~raised], free.theta0[~raised])
    # anywhere within the bounds, no rate is negative
    low, high = rates.bounds
    rng = np.random.default_rng(0)
    for _ in range(20):
        theta = np.clip(10 * rng.normal(size=low.size), low, high)
        rates.vector.write(theta)
        assert min(rate.min() for rate in rates.model.predict(x)) >= 0
    assert np.isfinite(rates.value(rates.theta0))
    rates.check_start(rates.theta0)


def test_models_that_cannot_give_rates_are_refused():
    x, y = make_counts("wc.3x1-lvl.1")
    for string, label in {
        "wc.3x1-lvl.1": "wc",
        "fir.3x4": "fir",
        "wc.3x2-srelu.2-wc.2x1": r"wc\[1\]|wc",
        "wc.3x1-prelu.1": "prelu",
        "wc.3x1-dlog.1": "dlog",
    }.items():
        refused(
            rf"nothing keeps the output of ({label}) there.*srelu", x, y, string, loss="poisson"
        )
    for string in ("wc.3x1-relu.1.s", "strf.3x2x4.relu"):
        refused(r"0 wherever it rectifies.*relu.1.o", x, y, string, loss="poisson")
    model = Model("wc.3x1-dexp.1")
    base = model.layers["dexp"].parameters["base"]
    base.bounds = (-1, -0.1)
    with pytest.raises(ValueError, match=r"dexp.base has bounds below 0"):
        Objective(model, x, y, loss="poisson")
    base.freeze()
    with pytest.raises(ValueError, match=r"dexp.base is frozen below 0"):
        Objective(model, x, y, loss="poisson")
    base.values = [0.5]
    assert Objective(model, x, y, loss="poisson").bounds[0][-1] == -np.inf


def curvature_of(objective, theta):
    """Give what the curvatures of loss and penalties say the Hessian is, for a linear model."""
    x, y = (
        np.concatenate(each) for each in (objective.recording.signals["stim"], objective.target)
    )
    design = np.column_stack([x, np.ones(len(x))])
    rates, bends = (design @ theta)[None], np.empty((1, len(x)))
    loss = objective.loss
    _, factor = loss.finish(loss.add(rates, y.T, np.empty_like(rates)))
    loss.curvature(rates, y.T, bends)
    hessian = factor * (design.T * bends[0]) @ design
    for penalty in (*objective.penalties, *(each.penalty for each in objective.shrunk)):
        penalty.add_curvature(theta, hessian)
    return hessian


def change_of_gradient(objective, theta, step=1e-5):
    rows = []
    for entry in np.eye(theta.size) * step:
        above, below = (objective.value_and_grad(theta + sign * entry)[1] for sign in (1, -1))
        rows.append((above - below) / (2 * step))
    return np.array(rows)


@pytest.mark.parametrize("arguments", [{}, {"priors": 2.0}, {"regularizers": False}])
def test_curvature_is_the_hessian_of_a_linear_model(arguments):
    x, y = make_data(1)
    objective = Objective(Model("wc.3x1.l2e-1.sc2e-1.l1-lvl.1"), x, y, loss="mse", **arguments)
    theta = np.array([0.5, -0.3, 0.8, 0.2])
    expected = change_of_gradient(objective, theta)
    np.testing.assert_allclose(curvature_of(objective, theta), expected, rtol=1e-7, atol=1e-7)


def test_curvature_is_the_expected_hessian_of_counts():
    rng = np.random.default_rng(0)
    x = rng.random((60, 3))
    theta = np.array([0.5, 0.3, 0.8, 0.2])
    # with counts as expected, and not as drawn, the Hessian is the expected one
    y = np.column_stack([x, np.ones(60)]) @ theta
    model = Model(layers=[*Model("wc.3x1").layers, Level()])
    objective = Objective(model, x, y, loss="poisson")
    expected = change_of_gradient(objective, theta)
    np.testing.assert_allclose(curvature_of(objective, theta), expected, rtol=1e-6, atol=1e-7)


def test_counts_are_fitted_as_well_as_by_what_made_them():
    rng = np.random.default_rng(0)
    x = rng.random((3000, 3))
    truth = Model("wc.3x1-srelu.1.s.o.g")
    truth.set_parameter_values(
        {
            "wc": {"coefficients": [[4.0], [-3.0], [1.0]]},
            "srelu": {"shift": [-0.5], "offset": [0.1], "gain": [1.5]},
        }
    )
    y = rng.poisson(truth.predict(x)).astype(float)
    made = Objective(truth, x, y, loss="poisson")
    fitted = Model("wc.3x1-srelu.1.s.o.g").fit(x, y, loss="poisson", verbose=0, shrinkage="none")
    assert fitted.results.loss <= made.value(made.theta0)
    assert fitted.results.loss == pytest.approx(made.value(made.theta0), abs=10 / 3000)
    np.testing.assert_allclose(fitted.predict(x).mean(), y.mean(), rtol=1e-3)


def test_a_mask_is_the_same_as_nan():
    x, y = make_data(2)
    used = [np.random.default_rng(i).random(t.shape) > 0.4 for i, t in enumerate(y)]
    model = Model("wc.3x2-fir.2x4x2-lvl.2")
    masked = Objective(model, x, y, mask=used)
    holes = [np.where(u, t, np.nan) for u, t in zip(used, y, strict=True)]
    expected = Objective(model, x, holes)
    value, gradient = masked.value_and_grad(masked.theta0)
    assert value == expected.value(expected.theta0)
    np.testing.assert_array_equal(gradient, expected.value_and_grad(expected.theta0)[1])
    assert value != Objective(model, x, y).value(masked.theta0)
    # what is masked may be infinite
    wild = [np.where(u, t, np.inf) for u, t in zip(used, y, strict=True)]
    assert Objective(model, x, wild, mask=used).value(masked.theta0) == value


def test_masks_in_any_form():
    x, y = make_data(2, (25, 25, 25), nan=False)
    model = Model("wc.3x2-fir.2x4x2-lvl.2")
    per_bin = np.random.default_rng(0).random((3, 25)) > 0.4
    whole = np.repeat(per_bin[:, :, None], 2, axis=2)
    masks = [per_bin, whole, list(per_bin), list(whole), per_bin[:, :, None], whole.astype(int)]
    values = [
        Objective(model, inputs, target, mask=mask).value(Objective(model, inputs, target).theta0)
        for inputs, target in ((x, y), (np.stack(x), np.stack(y)))
        for mask in masks
    ]
    assert len(set(values)) == 1
    one = [
        Objective(model, x[0], y[0], mask=mask) for mask in (per_bin[0], whole[0], [*per_bin[0]])
    ]
    assert len({each.value(each.theta0) for each in one}) == 1


def test_a_channel_without_weight_is_left_out():
    x, y = make_data(3)
    dead = [np.column_stack([np.zeros(len(t)), t[:, 1:]]) for t in y]
    model = Model("wc.3x2-fir.2x4x3-lvl.3")
    for loss in ("nmse", "mse"):
        weighted = Objective(model, x, dead, loss=loss, channel_weights=[0, 1, 1])
        holes = [np.column_stack([np.full(len(t), np.nan), t[:, 1:]]) for t in y]
        total = Objective(model, x, y, loss=loss)
        value, gradient = weighted.value_and_grad(weighted.theta0)
        seen = np.concatenate(holes)[:, 1:]
        prediction = np.concatenate(model.predict(x))[:, 1:]
        valid = ~np.isnan(seen)
        mse = np.mean((prediction - seen)[valid] ** 2)
        expected = mse if loss == "mse" else np.sqrt(mse) / seen[valid].std()
        assert value == pytest.approx(expected, rel=1e-12)
        assert value != pytest.approx(total.value(total.theta0))
        entry = next(s for s in weighted.vector.slots if s.shape == (3,))
        assert gradient[entry.start] == 0 and np.all(gradient[entry.start + 1 : entry.stop] != 0)


def test_priors_are_the_log_posterior_of_counts():
    x, y = make_counts(RATES[0])
    model = Model(RATES[0])
    plain = Objective(model, x, y, loss="poisson")
    posterior = Objective(model, x, y, loss="poisson", priors=1.0)
    n_samples = sum(int((~np.isnan(t)).sum()) for t in y)

    def log_prior(theta):
        plain.vector.write(theta)
        parameters = [p for layer in plain.model.layers for p in layer.parameters.values()]
        return sum(float(np.sum(p.prior.log_density(p.values))) for p in parameters)

    rng = np.random.default_rng(0)
    one, other = (plain.theta0 * (0.9 + 0.2 * rng.random(plain.n_parameters)) for _ in range(2))
    # constants aside, n times the loss is minus the log posterior
    change = n_samples * (posterior.value(one) - posterior.value(other))
    likelihood = n_samples * (plain.value(one) - plain.value(other))
    assert change == pytest.approx(likelihood - log_prior(one) + log_prior(other), rel=1e-9)


def test_priors_hold_parameters_and_narrow_their_bounds():
    x, y = make_data(1)
    string = "wc.3x2.g-stp.2-fir.2x4-lvl.1"
    free, held = Objective(Model(string), x, y), Objective(Model(string), x, y, priors=1.0)
    assert free.penalties == () and len(held.penalties) == 1
    assert np.all(held.bounds[0] >= free.bounds[0]) and np.all(held.bounds[1] <= free.bounds[1])
    u = next(slot for slot in held.vector.slots if slot.name == "u")
    assert np.all(held.bounds[1][u.start : u.stop] < free.bounds[1][u.start : u.stop])
    low, high = held.bounds
    assert np.all((low <= held.theta0) & (held.theta0 <= high))
    assert held.value(held.theta0) >= free.value(free.theta0)
    frozen = Model(string)
    frozen.freeze_layers()
    assert Objective(frozen, x, y, priors=1.0).penalties == ()


def test_trials_never_leak_into_one_another():
    rng = np.random.default_rng(0)
    x, y = make_data(1, (20, 20), nan=False)
    model = Model("wc.3x2-stp.2-fir.2x8-lvl.1")
    separate = model.predict(x)
    x[0] += rng.random(x[0].shape)
    np.testing.assert_array_equal(model.predict(x)[1], separate[1])
    first = Objective(model, x, y).value(Objective(model, x, y).theta0)
    swapped = Objective(model, x[::-1], y[::-1])
    assert swapped.value(swapped.theta0) == pytest.approx(first, rel=1e-12)


@pytest.mark.parametrize("string", ["wc.3x2-fir.2x5-dexp.1", "wc.3x2.g-stp.2-fir.2x5-relu.1.s"])
def test_the_same_trials_in_any_form(string):
    x, y = make_data(1, (25, 25, 25))
    forms = [(x, y), (np.stack(x), np.stack(y)), (x, [t[:, 0] for t in y])]
    values = []
    for inputs, target in forms:
        objective = Objective(Model(string), inputs, target)
        values.append(objective.value_and_grad(objective.theta0))
    for value, gradient in values[1:]:
        assert value == values[0][0]
        np.testing.assert_array_equal(gradient, values[0][1])


# ---- layers without a derivative -------------------------------------------------------------


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [Scaled()],
        lambda: [Scaled(), *Model("wc.3x2-fir.2x4-dexp.1").layers],
        lambda: [*Model("wc.3x2").layers, Scaled(), *Model("fir.2x4-lvl.1").layers],
        lambda: [*Model("wc.3x2-fir.2x4-lvl.1").layers, Scaled()],
        lambda: [
            Scaled(output="a"),
            *Model("wc.3x3").layers,
            Sum(input=["a", "stim"], output="b"),
            *Model("wc.3x1-lvl.1").layers,
        ],
    ],
)
def test_numeric_layers_mix_with_exact_ones(layers):
    x, _ = make_data(1)
    model = Model(layers=layers())
    y = [trial + np.sin(np.arange(trial.size)).reshape(trial.shape) for trial in model.predict(x)]
    check_gradient(Objective(model, x, y), rtol=1e-4)


def test_only_the_numeric_share_is_differentiated_numerically(caplog):
    x, y = make_data(1)
    model = Model(layers=[Scaled(), *Model("wc.3x2-fir.2x4-dexp.1").layers])
    with caplog.at_level("INFO", logger="nems_dsl"):
        objective = Objective(model, x, y)
    (record,) = [r for r in caplog.records if "numerically" in r.getMessage()]
    assert "Scaled" in record.getMessage() and "each of 1 free" in record.getMessage()
    calls = []
    scaled = objective.vector.layers[0]
    evaluate = scaled.evaluate
    scaled.evaluate = lambda x: calls.append(1) or evaluate(x)
    objective.value_and_grad(objective.theta0)
    n_trials = 3
    assert len(calls) == n_trials * (1 + 2 * 1)


def test_numeric_steps_stay_within_bounds():
    seen = []

    class Watched(Scaled):
        def evaluate(self, x):
            seen.append(float(self.get_parameter_values()[0]))
            return super().evaluate(x)

    x, _ = make_data(1, nan=False)
    model = Model(layers=[Watched()])
    y = [np.tanh(t) for t in x]
    objective = Objective(model, x, y)
    for at in (0.0, 3.0):
        objective.value_and_grad(np.array([at]))
    assert min(seen) >= 0 and max(seen) <= 3


# ---- what a fit can and cannot be given ------------------------------------------------------


def test_frozen_parameters_are_left_out():
    x, y = make_data(1)
    model = Model("wc.3x2-fir.2x4-lvl.1")
    model.freeze_layers("wc")
    objective = Objective(model, x, y)
    assert objective.n_parameters == 9
    check_gradient(objective)


def refused(match, x, y, string="wc.3x1-lvl.1", error=ValueError, **arguments):
    with pytest.raises(error, match=match):
        Objective(Model(string), x, y, **arguments)


def test_bad_data_are_refused_before_anything_runs():
    x, y = np.random.default_rng(0).random((20, 3)), np.arange(20.0)
    bad = x.copy()
    bad[7, 2] = np.nan
    refused(r"NaN at bin 7, channel 2", bad, y)
    refused(r"NaN at trial 1, bin 7, channel 2", [x, bad], [y, y])
    bad[7, 2] = np.inf
    refused(r"infinite at bin 7, channel 2", bad, y)
    refused(r"target is infinite", x, np.where(y == 3, np.inf, y))
    refused(r"no variance: all samples are 2", x, np.full(20, 2.0))
    refused(r"too few samples", x, np.full(20, np.nan))
    refused(r"too few samples", x, np.where(y == 3, y, np.nan))
    refused(r"20 bins against 19 bins|19 bins against 20 bins", x, y[:-1])
    refused(r"pass its transpose", x, y[None])
    refused(r"expects 2 input channels here, not 3", x[:, :2], y, error=ModelStringError)
    refused(r"ends with 1 channel, but the response has 2", x, np.stack([y, y * 2], 1))
    refused(r"real numbers", x.astype(str), y)
    refused(r"real numbers", x + 1j, y)
    refused(r"no samples", x[:0], y[:0])
    refused(r"shape", x[None, None], y)
    refused(r"did you mean 'nmse'", x, y, loss="nsme")
    refused(r"dtype", x, y, dtype="int64")
    refused(r"priors must be a weight of 0 or above, not -1", x, y, priors=-1)
    refused(r"priors must be", x, y, priors=np.nan)
    refused(r"signal 'state'", x, y, string="wc.3x1@state-lvl.1")


def test_bad_masks_and_weights_are_refused():
    x, y = np.random.default_rng(0).random((20, 3)), np.arange(20.0)
    both = np.stack([y, -y], axis=1)
    string = "wc.3x2-lvl.2"
    refused(r"too few samples", x, y, mask=np.zeros(20, bool))
    refused(r"mask does not match .*: 19 x 1 against 20 x 1", x, y, mask=np.ones(19))
    refused(
        r"mask does not match .*2 trials of 20, 20 bins against 20 bins", x, y, mask=[y > 0, y > 0]
    )
    refused(r"20 x 3 against 20 x 2", x, both, string=string, mask=np.ones((20, 3)))
    refused(r"it is 2 at bin 2, channel 0", x, y, mask=y)
    refused(r"it is nan at trial 1, bin 0", [x, x], [y, y], mask=[y > 2, np.full(20, np.nan)])
    refused(r"real numbers", x, y, mask=["yes"] * 20)
    refused(r"of shape \(2,\), not of shape \(3,\)", x, both, string, channel_weights=[1, 1, 1])
    refused(r"that of channel 1 is -1", x, both, string, channel_weights=[1, -1])
    refused(r"that of channel 0 is nan", x, both, string, channel_weights=[np.nan, 1])
    refused(r"all 0", x, both, string, channel_weights=[0, 0])
    refused(r"type <U1", x, both, string, channel_weights=["a", "b"])
    refused(
        r"counts, which are 0 or above.* -1 at bin 1, channel 1", x, both, string, loss="poisson"
    )
    # the number of a channel is its own, whatever has no weight
    flat = np.stack([y, 0 * y, 0 * y + 2], axis=1)
    refused(
        r"channel 2 of the target has no variance", x, flat, "wc.3x3", channel_weights=[1, 0, 1]
    )


def test_theta_of_a_wrong_length_is_refused():
    x, y = make_data(1)
    objective = Objective(Model("wc.3x1-lvl.1"), x, y)
    with pytest.raises(ValueError, match=r"\(4,\)"):
        objective.value(np.zeros(3))


def test_nothing_of_the_length_of_the_data_is_allocated_after_the_first_call():
    import tracemalloc

    x, y = make_data(1, (60_000,))
    objective = Objective(Model("wc.3x2-fir.2x5-dexp.1"), x, y)
    objective.value_and_grad(objective.theta0)
    tracemalloc.start()
    objective.value_and_grad(objective.theta0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60_000
