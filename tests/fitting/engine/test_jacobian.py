"""The curvature of a loss: J'WJ, whatever the model, the data and the blocks they are cut into."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, Objective
from nems_dsl.data import read_recording
from nems_dsl.fitting.engine import blocks, packs
from nems_dsl.layers.base import Layer, Parameter, Phi

STRINGS = [
    "wc.3x2-fir.2x5-dexp.1",
    "wc.3x2.g-fir.2x5-lvl.1-dexp.1",
    "wc.3x2.n.l2e-2-fir.2x5.l2-relu.1.s.o.g",
    "wc.3x1.p-stp.1-fir.1x4-dexp.1",
    "stp.3-wc.3x2-fir.2x4-lvl.1",
    "wc.3x1x4-fir.1x4x4-sig.4-wc.4x1x3.g-fir.1x3x3-tanh.3-wc.3x2-dexp.2",
    "strf.3x2x5x2-lvl.2",
    "strf.3x5-dexp.1",
    "fir.3x5x4-relu.4.o-wc.4x2",
    "a=wc.3x2-b=fir.2x4@a-lvl.1",
    "a=wc.3x2-b=wc.3x3@stim-cat@a,b-wc.5x1-fir.1x3",
    "wc.3x2x1-fir.2x4.ac-dexp.1",
    "do.3x6-sig.1",
    "wc.3x2-dep.2-fir.2x5x3-lvl.3",
]
LENGTHS = (30, 17, 44)


def make_data(string, lengths=LENGTHS, seed=0, nan=True):
    rng = np.random.default_rng(seed)
    x = [rng.random((n, 3)) for n in lengths]
    n_outputs = Model(string).predict(np.zeros((2, 3))).shape[1]
    y = [rng.normal(size=(n, n_outputs)) for n in lengths]
    if nan:
        y[0][3:6] = np.nan
        y[-1][-1, 0] = np.nan
    return x, y


def a_theta(objective, seed=0):
    """Give parameters somewhere within their bounds."""
    rng = np.random.default_rng(seed)
    low, high = objective.bounds
    theta = objective.theta0 + 0.1 * rng.normal(size=objective.n_parameters)
    return np.clip(
        theta, np.where(np.isinf(low), -9, low + 1e-2), np.where(np.isinf(high), 99, high - 1e-2)
    )


def predict(objective, theta, x):
    """Predict as users do, trial by trial."""
    objective.vector.write(theta)
    return np.concatenate(objective.model.predict(x))


def explicit(objective, theta, x, y, step=1e-6):
    """Give J'WJ from differences of whole predictions."""
    rows = []
    for entry in np.eye(len(theta)) * step:
        above, below = (predict(objective, theta + sign * entry, x) for sign in (1, -1))
        rows.append((above - below) / (2 * step))
    jacobian = np.array(rows)
    prediction, target = predict(objective, theta, x), np.concatenate(y)
    valid = ~np.isnan(target)
    weights = np.broadcast_to(objective.loss.weights, target.shape)
    bends = weights / prediction if objective.loss_name == "poisson" else weights
    total = np.where(valid, bends, 0.0)
    square = np.einsum("ati,ti,bti->ab", jacobian, total, jacobian)
    n_samples = float(np.sum(valid * weights))
    if objective.loss_name == "poisson":
        return square / n_samples
    if objective.loss_name == "mse":
        return square * 2 / n_samples
    mean = np.sum(np.where(valid, target, 0) * weights) / n_samples
    variance = np.sum(np.where(valid, target - mean, 0) ** 2 * weights) / n_samples
    error = np.sum(np.where(valid, target - prediction, 0) ** 2 * weights) / n_samples
    return square / (n_samples * variance * np.sqrt(error / variance))


def same(found, expected, rtol=2e-5):
    np.testing.assert_allclose(found, found.T, rtol=1e-12)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol * np.abs(expected).max())


@pytest.mark.parametrize("loss", ["nmse", "mse"])
@pytest.mark.parametrize("string", STRINGS)
def test_curvature_is_that_of_the_predictions(string, loss):
    x, y = make_data(string)
    objective = Objective(Model(string), x, y, loss=loss, regularizers=False)
    theta = a_theta(objective)
    same(objective.curvature(theta), explicit(objective, theta, x, y))


@pytest.mark.parametrize("string", ["wc.3x2-fir.2x5x2-dexp.2", "a=wc.3x2-fir.2x4x2@a-lvl.2"])
@pytest.mark.parametrize("loss", ["nmse", "mse"])
def test_channels_count_by_their_weights(string, loss):
    x, y = make_data(string)
    y = [np.where(np.arange(2) == 0, np.nan, t) if n == 1 else t for n, t in enumerate(y)]
    objective = Objective(Model(string), x, y, loss=loss, channel_weights=[3.0, 0.5])
    theta = a_theta(objective)
    same(objective.curvature(theta), explicit(objective, theta, x, y))


@pytest.mark.parametrize("string", ["wc.3x1-fir.1x4-dexp.1", "wc.3x2.g-srelu.2.o"])
def test_counts_have_their_fisher_information(string):
    x, y = make_data(string, nan=False)
    y = [np.random.default_rng(n).poisson(2.0, t.shape).astype(float) for n, t in enumerate(y)]
    y[1][2:5] = np.nan
    objective = Objective(Model(string), x, y, loss="poisson")
    theta = a_theta(objective)
    rates = predict(objective, theta, x)
    assert rates.min() > 0
    same(objective.curvature(theta), explicit(objective, theta, x, y))


def test_penalties_are_added():
    x, y = make_data("wc.3x2-fir.2x5-dexp.1")
    string = "wc.3x2.l2e-1-fir.2x5.sl2e-1-dexp.1"
    with_them = Objective(Model(string), x, y, priors=0.5)
    without = Objective(Model(string), x, y, regularizers=False)
    theta = a_theta(with_them)
    added = with_them.curvature(theta) - without.curvature(theta)
    expected = np.zeros_like(added)
    value = with_them.value(theta)
    plain = without.value(theta)
    # the penalty of the receptive field is on the square of the loss
    (prior,) = with_them.penalties
    of_loss = value - prior.value(theta)
    expected = (plain / of_loss - 1) * without.curvature(theta)
    for shrunk in with_them.shrunk:
        square = np.zeros_like(added)
        shrunk.penalty.add_curvature(theta, square)
        expected += square / (2 * of_loss)
    prior.add_curvature(theta, expected)
    assert len(with_them.shrunk) == 1
    np.testing.assert_allclose(added, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("string", STRINGS)
def test_float32_is_close(string):
    x, y = make_data(string)
    single, double = (Objective(Model(string), x, y, dtype=d) for d in ("float32", "float64"))
    theta = a_theta(double)
    expected = double.curvature(theta)
    size = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    error = np.abs(single.curvature(theta) - expected) / size
    # where a step of a difference passes a bend, as few do, it is less exact
    assert np.quantile(error, 0.9) < 2e-2 and error.max() < 0.1


@pytest.mark.parametrize("string", STRINGS)
def test_blocks_change_nothing(string, monkeypatch):
    lengths = (300, 40, 7, 1, 158)
    x, y = make_data(string, lengths)
    whole = Objective(Model(string), x, y)
    theta = a_theta(whole)
    expected = whole.curvature(theta)
    monkeypatch.setattr(blocks, "BLOCK_BINS", 19)
    cut = Objective(Model(string), x, y)
    n_blocks = len(cut.jacobian()._blocks.chosen(1.0, 0))
    limited = cut.reach.past is not None
    assert n_blocks == (sum(-(-n // 19) for n in lengths) if limited else len(lengths))
    same(cut.curvature(theta), expected, rtol=1e-8)
    # and packs that are cut themselves, with halos in them
    monkeypatch.setattr(packs, "SHORTEST_PACK", 64)
    monkeypatch.setattr(packs, "LONGEST_PACK", 64)
    packed = Objective(Model(string), x, y)
    if limited:
        assert len(packed.engine.plans) > 1
    same(packed.curvature(theta), expected, rtol=1e-8)


@pytest.mark.parametrize("string", ["fir.3x5.s2-dexp.1", "wc.3x2-fir.2x4.s3-lvl.1"])
def test_strides(string, monkeypatch):
    rng = np.random.default_rng(0)
    stride = Model(string).layers["fir"].stride
    assert stride > 1
    x = [rng.random((n, 3)) for n in (40, 27)]
    y = [rng.normal(size=(-(-len(trial) // stride), 1)) for trial in x]
    y[0][2] = np.nan
    monkeypatch.setattr(blocks, "BLOCK_BINS", 16)
    objective = Objective(Model(string), x, y)
    theta = a_theta(objective)
    same(objective.curvature(theta), explicit(objective, theta, x, y))


def test_bins_ahead(monkeypatch):
    string = "wc.3x2-fir.2x7.ac-dexp.1"
    x, y = make_data(string)
    expected = Objective(Model(string), x, y)
    assert expected.reach.future > 0
    theta = a_theta(expected)
    monkeypatch.setattr(blocks, "BLOCK_BINS", 8)
    objective = Objective(Model(string), x, y)
    same(objective.curvature(theta), explicit(expected, theta, x, y))


@pytest.mark.parametrize("share", [1 / 2, 1 / 3, 0.21])
def test_shares_average_to_the_whole(share, monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK_BINS", 20)
    string = "wc.3x2-fir.2x5-dexp.1"
    # blocks of one length, as many for each share
    x, y = make_data(string, (600,), nan=False)
    objective = Objective(Model(string), x, y)
    theta, n_shares = a_theta(objective), round(1 / share)
    parts = [objective.curvature(theta, share, offset) for offset in range(n_shares)]
    same(np.mean(parts, axis=0), objective.curvature(theta), rtol=1e-9)
    assert not np.allclose(parts[0], parts[1], rtol=1e-3)
    np.testing.assert_array_equal(objective.curvature(theta, share, n_shares), parts[0])


def test_a_share_of_few_blocks_is_at_least_one():
    x, y = make_data("wc.3x1-srelu.1")
    objective = Objective(Model("wc.3x1-srelu.1"), x, y)
    theta = a_theta(objective)
    parts = [objective.curvature(theta, 1e-6, offset) for offset in range(3)]
    for part in parts:
        assert np.all(np.linalg.eigvalsh(part) > 0)
    assert not np.array_equal(parts[0], parts[1])


def test_that_of_a_linear_model_is_taken_once_for_all_responses():
    x, y = make_data("fir.3x4-lvl.1")
    recording = read_recording(x, y)
    other = recording.with_response([trial * 3 + trial**2 for trial in y])
    holes = recording.with_response(
        [np.where(trial > np.nanmean(trial), trial, np.nan) for trial in y]
    )

    def objective_of(data):
        return Objective(Model("fir.3x4-lvl.1"), data)

    data = (recording, other, holes, recording.forgetful())
    found = [objective.squares(a_theta(objective)) for objective in map(objective_of, data)]
    same(found[0], found[3], rtol=1e-12)
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.allclose(found[0], found[2], rtol=0.1)
    # what is given is a copy
    found[0][:] = 0
    np.testing.assert_array_equal(objective_of(recording).squares(np.zeros(13)), found[1])


def test_what_is_frozen_has_no_curvature():
    string = "wc.3x2-fir.2x5-dexp.1"
    x, y = make_data(string)
    model = Model(string)
    whole = Objective(model, x, y)
    theta = whole.theta0
    model.freeze_layers("fir")
    frozen = Objective(model, x, y)
    kept = np.concatenate([np.arange(6), np.arange(16, 20)])
    same(frozen.curvature(frozen.theta0), whole.curvature(theta)[np.ix_(kept, kept)], rtol=1e-9)


def test_the_curvature_is_of_the_theta_that_is_asked_for():
    string = "wc.3x2-fir.2x5-dexp.1"
    x, y = make_data(string)
    objective = Objective(Model(string), x, y)
    one, other = a_theta(objective, 1), a_theta(objective, 2)
    expected = Objective(Model(string), x, y).curvature(one)
    objective.value_and_grad(other)
    np.testing.assert_array_equal(objective.curvature(one), expected)
    objective.value_and_grad(one)
    np.testing.assert_array_equal(objective.curvature(one), expected)


def test_layers_without_kernels_have_none():
    class Gain(Layer):
        def initial_parameters(self):
            return Phi(Parameter("gain", initial_value=1.0))

        def evaluate(self, x):
            return self.get_parameter_values()[0] * x

    x, y = make_data("wc.3x1")
    objective = Objective(Model(layers=[*Model("wc.3x1").layers, Gain()]), x, y)
    with pytest.raises(ValueError, match=r"Gain has no kernels.*l-bfgs-b"):
        objective.curvature(objective.theta0)
