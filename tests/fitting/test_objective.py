"""Losses and their gradients, whatever the model, and however the data come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl import Model, ModelStringError, Objective
from nems_dsl.fitting import packs
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
        theta, np.where(np.isinf(low), -9, low + 1e-3), np.where(np.isinf(high), 99, high)
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


def test_penalties_are_the_sum_of_squares_and_can_be_left_out():
    x, y = make_data(1)
    plain = Objective(Model("wc.3x1-lvl.1"), x, y)
    penalised = Objective(Model("wc.3x1.l2e-1-lvl.1"), x, y)
    without = Objective(Model("wc.3x1.l2e-1-lvl.1"), x, y, regularizers=False)
    theta = np.array([0.5, -2.0, 1.0, 3.0])
    extra = 0.1 * (0.25 + 4 + 1)
    assert penalised.value(theta) == pytest.approx(plain.value(theta) + extra)
    assert without.value(theta) == plain.value(theta)
    check_gradient(penalised)


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
    refused(r"signal 'state'", x, y, string="wc.3x1@state-lvl.1")


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
