"""Local receptive fields are the derivatives of what the model predicts."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.graph.wiring import connect, signals_of
from nems_dsl.layers.base import Layer
from nems_dsl.studies.dstrf import principal_components

N_CHANNELS, N_TIMES = 4, 40

# of fields whose sums are taken over packs, or lags, of another extent
ROUNDING = {"rtol": 1e-12, "atol": 1e-15}
CHAINS = {
    "wc-fir-dexp": "wc.4x2-fir.2x5-dexp.1",
    "full filter, 3 outputs": "fir.4x6x3-dexp.3",
    "filters by gemm": "wc.4x16-fir.16x5x16-relu.16.s-wc.16x2",
    "strf": "strf.4x2x5x2-srelu.2",
    "stp": "wc.4x2-stp.2-fir.2x4-dexp.1",
    "stp twice": "stp.4-strf.4x2x3x2-relu.2.s-stp.2-wc.2x2",
    "CNN with banks": "wc.4x2x3-fir.2x4-relu.3.s.o-wc.3x5-relu.5.s-fir.5x3-lvl.1",
    "ends with a bank": "wc.4x2x3-relu.2x3.s",
    "branches": "a=wc.4x2-b=fir.2x3x2-relu.2.s-wc.2x2@b",
    "no memory": "wc.4x2-dexp.2",
}


class Gain(Layer):
    """A layer without a derivative, that says how far back it looks."""

    memory = 1

    def evaluate(self, x):
        before = np.vstack([np.zeros_like(x[:1]), x[:-1]])
        return np.tanh(x) * (1 + before**2)


class Product(Layer):
    """A layer without a derivative, of two signals."""

    def evaluate(self, a, b):
        return a * b


def model_of(string, seed=1):
    model = Model(string)
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        for parameter in layer.parameters.values():
            low, high = parameter.bound_arrays()
            if not parameter.is_permanent:
                values = rng.normal(0, 0.5, parameter.shape)
                if np.isfinite(low).any() or np.isfinite(high).any():
                    # strong and slow adaptation
                    ends = np.maximum(low, 0.1), np.minimum(high, 20.0)
                    values = ends[0] + (ends[1] - ends[0]) * rng.uniform(0.3, 0.7, parameter.shape)
                parameter.values = values
    return model


@pytest.fixture
def x():
    return np.random.default_rng(1).uniform(0.1, 1.5, (N_TIMES, N_CHANNELS))


def differences(model, x, times, lags, signal="stim", stride=1, step=1e-6):
    """Move every value that counts, and see what the prediction does."""
    data = x if isinstance(x, dict) else {"stim": x}
    length, n_channels = data[signal].shape
    n_outputs = model.predict(data)[0].size
    fields = np.zeros((len(times), n_outputs, n_channels, len(lags)))
    for row, time in enumerate(times):
        for column, lag in enumerate(lags):
            if not 0 <= time * stride - lag < length:
                continue
            for channel in range(n_channels):
                ends = []
                for change in (step, -step):
                    moved = data[signal].copy()
                    moved[time * stride - lag, channel] += change
                    ends.append(model.predict({**data, signal: moved})[time].ravel())
                fields[row, :, channel, column] = (ends[0] - ends[1]) / (2 * step)
    return fields


# ---- derivatives -----------------------------------------------------------------------------


@pytest.mark.parametrize("string", CHAINS.values(), ids=CHAINS)
def test_it_is_what_differences_are(string, x):
    model = model_of(string)
    times, lags = [0, 2, 17, N_TIMES - 1], 9
    fields = model.dstrf(x, times, lags)
    expected = differences(model, x, times, range(lags))
    assert np.abs(expected[2]).max() > 1e-3
    np.testing.assert_allclose(fields, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("string", "field"),
    [
        ("fir.4x5", lambda m: m.layers[0].get_parameter_values()[0]),
        (
            "wc.4x2-fir.2x5-lvl.1",
            lambda m: np.einsum(
                "cr,rk->ck", *(m.layers[i].get_parameter_values()[0] for i in (0, 1))
            ),
        ),
    ],
)
def test_of_a_linear_model_it_is_the_receptive_field(string, field, x):
    model = model_of(string)
    fields = model.dstrf(x)
    assert fields.shape == (N_TIMES, 1, N_CHANNELS, 5)
    for time in range(N_TIMES):
        # there is no stimulus before the first bin
        known = field(model) * (np.arange(5) <= time)
        np.testing.assert_allclose(fields[time, 0], known, rtol=1e-12, atol=1e-15)


def examples():
    for head in catalogue():
        signature = catalogue()[head].signature
        yield pytest.param(signature.example, id=head)
        first = signature.example.split("-")[0].split(".")
        flags = [o.name for o in signature.options if o.number is None and not o.axes]
        if first[0] == head and len(first) > 1:
            yield from (f"{head}.{first[1]}.{flag}" for flag in flags)


@pytest.mark.parametrize("string", list(examples()))
def test_of_every_keyword(string):
    model = model_of(string)
    nodes = connect(model.layers)
    rng = np.random.default_rng(2)
    sizes = {"stim": 18, "state": 1 if "mrg" in string else 2}
    data = {name: rng.uniform(0.1, 0.5, (30, sizes[name])) for name in signals_of(nodes)}
    moved = rng.normal(0, 1e-6, data["stim"].shape)
    fields = model.dstrf(data, lags=(-29, 30))
    bins = np.arange(30)[:, None] - np.arange(-29, 30)
    by_lag = np.where((bins >= 0) & (bins < 30), moved[bins % 30].transpose(2, 0, 1), 0)
    change = np.einsum("tocl,ctl->to", fields, by_lag)
    up, down = (model.predict({**data, "stim": data["stim"] + sign * moved}) for sign in (1, -1))
    np.testing.assert_allclose(
        change, ((up - down) / 2).reshape(change.shape), rtol=1e-4, atol=1e-11
    )
    assert change.any()


@pytest.mark.parametrize(
    ("string", "stride", "n_lags"),
    [
        ("fir.4x5x2.s2-relu.2.s-fir.2x3.s3-lvl.1", 6, 9),
        ("fir.4x5.s2-dexp.1", 2, 5),
        ("wc.4x2-stp.2-fir.2x4.s3-dexp.1", 3, None),
    ],
)
def test_times_are_bins_of_an_output_thinned_out(string, stride, n_lags, x):
    model = model_of(string)
    n_times = -(-N_TIMES // stride)
    whole = model.dstrf(x, lags=None if n_lags else 9)
    assert whole.shape == (n_times, 1, N_CHANNELS, 9 if n_lags is None else n_lags)
    times = [0, 1, 3, n_times - 1]
    expected = differences(model, x, times, range(whole.shape[-1]), stride=stride)
    assert np.abs(expected[2]).max() > 1e-3
    np.testing.assert_allclose(whole[times], expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "string", ["fir.4x6.ac-dexp.1", "wc.4x2-stp.2-fir.2x5.ac", "fir.4x6.ac.s2"]
)
def test_lags_below_0_lie_ahead(string, x):
    model = model_of(string)
    stride = 2 if "s2" in string else 1
    lags = range(-4, 7)
    times = [0, 1, 10, -(-N_TIMES // stride) - 1]
    fields = model.dstrf(x, times, (lags.start, lags.stop))
    expected = differences(model, x, times, lags, stride=stride)
    assert np.abs(expected[..., :4]).max() > 1e-3
    np.testing.assert_allclose(fields, expected, rtol=1e-6, atol=1e-8)
    if "stp" not in string:
        layer = model.layers[0]
        usual = model.dstrf(x, times)
        first = 4 - layer.lookahead
        np.testing.assert_allclose(usual, fields[..., first : first + 6], **ROUNDING)


def test_many_times_are_those_one_by_one(x):
    model = model_of(CHAINS["CNN with banks"])
    whole = model.dstrf(x)
    for time in (0, 4, 5, N_TIMES - 1):
        np.testing.assert_allclose(model.dstrf(x, time)[0], whole[time], **ROUNDING)
    assert model.dstrf(x, []).shape == (0, *whole.shape[1:])


def test_long_recordings_pass_through_in_several_packs():
    x = np.random.default_rng(0).uniform(0, 1, (3000, N_CHANNELS))
    model = model_of(CHAINS["wc-fir-dexp"])
    fields = model.dstrf(x)
    for time in (0, 1500, 1999, 2999):
        cut = x[max(0, time - 4) : time + 1]
        expected = model.dstrf(cut, len(cut) - 1, 5)[0]
        np.testing.assert_allclose(fields[time], expected, **ROUNDING)


def test_fewer_and_more_lags_cut_and_fill(x):
    model = model_of(CHAINS["wc-fir-dexp"])
    whole = model.dstrf(x)
    assert whole.shape[-1] == 5
    np.testing.assert_array_equal(model.dstrf(x, lags=2), whole[..., :2])
    np.testing.assert_array_equal(model.dstrf(x, lags=(1, 4)), whole[..., 1:4])
    longer = model.dstrf(x, lags=8)
    np.testing.assert_allclose(longer[..., :5], whole, **ROUNDING)
    assert not longer[..., 5:].any()
    assert not model.dstrf(x, lags=(-2, 0)).any()


def test_the_model_stays_as_it_was(x):
    model = model_of(CHAINS["stp"])
    before, given = model.predict(x), x.copy()
    first = model.dstrf(x, lags=5)
    np.testing.assert_array_equal(model.dstrf(x, lags=5), first)
    np.testing.assert_array_equal(model.predict(x), before)
    np.testing.assert_array_equal(x, given)


def test_open_sizes_are_bound_to_the_data(x):
    assert Model("wc.Nx2-fir.2x3").dstrf(x, [5]).shape == (1, 1, N_CHANNELS, 3)


# ---- trials and signals ----------------------------------------------------------------------


def test_trials_are_apart_whatever_their_form(x):
    model = model_of(CHAINS["stp"])
    trials = [x[:13], x[13:26], x[26:39]]
    times = [0, 3, 12]
    one_by_one = [model.dstrf(trial, times, 6) for trial in trials]
    as_list = model.dstrf(trials, times, 6)
    assert isinstance(as_list, list)
    stacked = model.dstrf(np.stack(trials), times, 6)
    assert stacked.shape == (3, 3, 1, N_CHANNELS, 6)
    for a, b, c in zip(one_by_one, as_list, stacked, strict=True):
        np.testing.assert_allclose(a, b, **ROUNDING)
        np.testing.assert_allclose(a, c, **ROUNDING)


def test_every_trial_can_have_its_own_times(x):
    model = model_of(CHAINS["wc-fir-dexp"])
    ragged = [x[:10], x[10:]]
    fields = model.dstrf(ragged, [[9], [0, 29]])
    np.testing.assert_allclose(fields[0], model.dstrf(x[:10], [9]), **ROUNDING)
    np.testing.assert_allclose(fields[1], model.dstrf(x[10:], [0, 29]), **ROUNDING)
    assert [len(each) for each in model.dstrf(ragged)] == [10, 30]
    uneven = model.dstrf(np.stack([x[:20], x[20:]]), [[9], [0, 19]])
    assert [len(each) for each in uneven] == [1, 2]


def test_any_signal_can_be_the_one(x):
    model = model_of("wc.4x2-b=fir.2x3@aux-wc.1x2@b")
    data = {"stim": x, "aux": x[::-1, :2].copy()}
    times = [0, 20]
    np.testing.assert_allclose(
        model.dstrf(data, times, signal="aux"),
        differences(model, data, times, range(3), "aux"),
        rtol=1e-6,
        atol=1e-8,
    )
    # only a layer that nothing reads reads the stimulus
    assert model.dstrf(data, times, signal="input").shape == (2, 2, N_CHANNELS, 3)
    assert not model.dstrf(data, times).any()
    with pytest.raises(ValueError, match=r"no layer reads the signal 'pupil'; .* 'stim', 'aux'"):
        model.dstrf(data, times, signal="pupil")


# ---- layers without a derivative -------------------------------------------------------------


@pytest.mark.parametrize("declared", [True, False])
def test_layers_without_a_derivative_are_moved(declared, x):
    class Mine(Gain):
        memory = 1 if declared else None

    model = model_of("wc.4x2-fir.2x3-dexp.1")
    model.add_layers(Mine())
    times, lags = [0, 1, 20, N_TIMES - 1], 5
    expected = differences(model, x, times, range(lags))
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(model.dstrf(x, times, lags), expected, rtol=1e-5, atol=1e-8)
    if declared:
        assert model.dstrf(x, times).shape == (4, 1, 4, 4)
    two = model.dstrf([x[:25], x[25:]], [[3], [14, 2]], lags)
    assert [each.shape for each in two] == [(1, 1, 4, 5), (2, 1, 4, 5)]
    np.testing.assert_allclose(two[1][0], model.dstrf(x[25:], 14, lags)[0], rtol=1e-6, atol=1e-9)
    assert model.dstrf(x, [], lags).shape == (0, 1, 4, 5)


def test_a_layer_without_derivative_elsewhere_does_no_harm(x):
    class Centred(Layer):
        def evaluate(self, x):
            return x - x.mean(axis=0)

    model = model_of("a=wc.4x2-fir.2x3")
    model.add_layers(Centred(input="aux", output="c"))
    model.add_layers(Model("wc.2x2").layers[0])
    data = {"stim": x, "aux": x[:, 1:3].copy()}
    assert not model.dstrf(data, [3, 9], 4).any()
    model.add_layers(Product(input=["a", "c"]))
    times = [3, 30]
    expected = differences(model, data, times, range(4))
    np.testing.assert_allclose(model.dstrf(data, times, 4), expected, rtol=1e-6, atol=1e-8)


# ---- what is refused -------------------------------------------------------------------------


def test_unbounded_memory_needs_lags(x):
    with pytest.raises(ValueError, match=r"memory of stp is unbounded .* lags=20"):
        model_of(CHAINS["stp"]).dstrf(x)
    mine = Model(layers=[Product(input=["stim", "stim"])])
    with pytest.raises(ValueError, match="memory of Product is unbounded or not known"):
        mine.dstrf(x)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"times": [3, 40]}, ValueError, "no bin 40: the output has 40, counted from 0"),
        ({"times": -1}, ValueError, "no bin -1"),
        ({"times": [0.5]}, TypeError, "whole numbers"),
        ({"times": np.arange(40) > 3}, TypeError, "whole numbers"),
        ({"times": [[1], [2]]}, ValueError, "times for 2 trials, but 1 trial"),
        ({"lags": 0}, ValueError, "at least one bin"),
        ({"lags": (3, 3)}, ValueError, "at least one bin"),
        ({"lags": 2.0}, TypeError, "a number or"),
        ({"lags": True}, TypeError, "a number or"),
    ],
)
def test_wrong_times_and_lags_are_refused(arguments, error, message, x):
    with pytest.raises(error, match=message):
        Model("wc.4x1-fir.1x3").dstrf(x, **arguments)


def test_the_trial_at_fault_is_named(x):
    with pytest.raises(ValueError, match="no bin 12 of trial 1: the output has 10"):
        Model("wc.4x1").dstrf([x[:20], x[20:30]], [12])


# ---- principal components --------------------------------------------------------------------


def test_a_linear_model_has_one_component(x):
    model = model_of("wc.4x2-fir.2x5")
    fields = model.dstrf(x, range(10, 30))
    found = principal_components(fields, 2)
    field = fields[0, 0]
    np.testing.assert_allclose(found.components[0, 0], field / np.linalg.norm(field), atol=1e-12)
    np.testing.assert_allclose(found.explained, [[1, 0]], atol=1e-12)
    assert not found.components[0, 1].any()


@pytest.mark.parametrize("center", [False, True])
def test_all_components_make_up_the_fields(center, x):
    fields = model_of(CHAINS["stp twice"]).dstrf(x, lags=3)
    found = principal_components(fields, 12, center=center)
    assert found.components.shape == (2, 12, N_CHANNELS, 3)
    assert found.weights.shape == (2, N_TIMES, 12)
    assert (np.diff(found.explained, axis=1) <= 1e-15).all()
    np.testing.assert_allclose(found.explained.sum(axis=1), 1)
    mean = fields.mean(axis=0) if center else 0
    again = np.einsum("oti,oick->tock", found.weights, found.components) + mean
    np.testing.assert_allclose(again, fields, atol=1e-12)
    average = fields.mean(axis=0)[:, None]
    assert ((found.components * average).sum(axis=(2, 3)) > -1e-12).all()


def test_trials_are_taken_together(x):
    fields = model_of(CHAINS["stp"]).dstrf(x, lags=4)
    whole = principal_components(fields)
    for trials in ([fields[:7], fields[7:]], np.stack([fields[:20], fields[20:]])):
        np.testing.assert_array_equal(principal_components(trials).components, whole.components)


def test_too_many_components_are_refused():
    fields = np.ones((5, 1, 4, 6))
    with pytest.raises(ValueError, match="n must be from 1 to 5 for 5 fields, not 6"):
        principal_components(fields, 6)
    with pytest.raises(ValueError, match="must have shape"):
        principal_components(fields[0], 1)
    nothing = principal_components(0 * fields, 1)
    assert not nothing.components.any()
    assert not nothing.explained.any()
