"""A string and a response of many channels: a model each, or one of them all."""

from __future__ import annotations

import _thread
import threading
import warnings

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, fit
from nems_dsl.data import read_recording
from nems_dsl.datasets import simulate
from nems_dsl.fitting import FitOptions, ScaleWarning
from nems_dsl.layers.base import Layer, Parameter, Phi
from nems_dsl.models import ModelSet
from nems_dsl.studies import many
from nems_dsl.studies.many import FitJob, NotFittedWarning, fit_jobs

STRING = "wc.4x1-fir.1x3-lvl.1"


@pytest.fixture(scope="module")
def data():
    simulation = simulate(n_times=600, n_channels=4, n_outputs=3, n_taps=3, snr=5.0, seed=2)
    return simulation.stim, simulation.resp


@pytest.fixture(autouse=True)
def _no_thread_is_left():
    yield
    assert not [each for each in threading.enumerate() if each.name.startswith("nems_dsl")]


def trials_of(signal):
    return np.split(signal, (100, 250, 400))


def parameters_of(model):
    return np.concatenate(
        [v.ravel() for p in model.get_parameter_values().values() for v in p.values()]
    )


def test_each_channel_gets_the_model_that_it_gets_alone(data):
    x, y = data
    models = fit("wc.Nx1-fir.x3-lvl", x, y, verbose=0)
    assert isinstance(models, ModelSet)
    assert (len(models), models.string, models.channels) == (3, STRING, (0, 1, 2))
    for channel, model in enumerate(models):
        alone = fit(STRING, x, y[:, channel], verbose=0)
        assert isinstance(alone, Model)
        np.testing.assert_array_equal(parameters_of(model), parameters_of(alone))
        assert model.results.loss_history == alone.results.loss_history


@pytest.mark.parametrize("form", ["array", "stack", "list", "dict"])
def test_forms_of_data(data, form):
    x, y = data
    x, y = {
        "array": lambda: (x, y),
        "stack": lambda: (x.reshape(3, 200, 4), y.reshape(3, 200, 3)),
        "list": lambda: (trials_of(x), trials_of(y)),
        "dict": lambda: ({"stim": trials_of(x), "state": trials_of(y)}, trials_of(y)),
    }[form]()
    models = fit(STRING, x, y, verbose=0, max_iterations=20)
    prediction = models.predict(x)
    assert type(prediction) is type(y)
    for one, other in zip(prediction, y, strict=True):
        assert one.shape == other.shape
    assert models.score(x, y).min() > 0.5


def test_any_number_of_threads_gives_the_same_bits(data):
    x, y = data
    y = y.copy()
    y[40:90, 1] = np.nan
    sets = [fit(STRING, x, y, verbose=0, n_jobs=n) for n in (1, 2, 3, 8, -1, None)]
    for other in sets[1:]:
        for one, two in zip(sets[0], other, strict=True):
            np.testing.assert_array_equal(parameters_of(one), parameters_of(two))
            assert one.results.loss_history == two.results.loss_history


def test_channels_of_models_of_their_own(data):
    x, y = data
    every = fit(STRING, x, y, verbose=0)
    some = fit(STRING, x, y, channels=[2, 0], verbose=0)
    assert (some.channels, some.n_columns) == ((2, 0), 3)
    for model, channel in zip(some, (2, 0), strict=True):
        np.testing.assert_array_equal(parameters_of(model), parameters_of(every[channel]))
    mask = fit(STRING, x, y, channels=np.array([True, False, True]), verbose=0)
    assert mask.channels == (0, 2)
    for channels in (1, [1], np.array([1]), [False, True, False]):
        one = fit(STRING, x, y, channels=channels, verbose=0)
        assert isinstance(one, Model)
        np.testing.assert_array_equal(parameters_of(one), parameters_of(every[1]))


def test_channels_of_one_model(data):
    x, y = data
    for string in ("wc.4xR-lvl.R", "wc.4x2-lvl.2"):
        both = fit(string, x, y, channels=[2, 0], verbose=0)
        assert both.string == "wc.4x2-lvl.2"
        same = fit(string, x, y[:, [2, 0]], verbose=0)
        np.testing.assert_array_equal(parameters_of(both), parameters_of(same))
    assert fit("wc.4xR-lvl.R", x, y, verbose=0, max_iterations=3).string == "wc.4x3-lvl.3"
    assert fit("wc.4xR-lvl.R", x, y, channels=2, verbose=0).string == "wc.4x1-lvl.1"


def test_one_column_gives_a_model(data):
    x, y = data
    for response in (y[:, 0], y[:, :1], trials_of(y[:, 0])):
        stimulus = trials_of(x) if isinstance(response, list) else x
        assert isinstance(fit(STRING, stimulus, response, verbose=0, max_iterations=3), Model)


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ([3], "no channel 3: the response has 3, counted from 0"),
        ([-1], "no channel -1"),
        ([1, 1], "channel 1 is named twice"),
        ([], "at least one"),
        ("0", "whole numbers"),
        ([0.5], "whole numbers"),
        ([[0, 1]], "whole numbers"),
        ([True, False], "one for each of the response's 3 channels"),
        ([False, False, False], "one True"),
    ],
)
def test_channels_that_are_none(data, channels, message):
    for string in (STRING, "wc.4xR-lvl.R"):
        with pytest.raises(ValueError, match=message):
            fit(string, *data, channels=channels, verbose=0)


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, True, "2"])
def test_numbers_of_threads_that_are_none(data, n_jobs):
    with pytest.raises(ValueError, match="n_jobs must be a number of threads"):
        fit(STRING, *data, n_jobs=n_jobs, verbose=0)


def test_faults_of_the_data_name_the_channel(data):
    x, y = data
    with pytest.raises(ValueError, match="channel 1 of the response has 0 samples"):
        fit(STRING, x, y * [1, np.nan, 0], verbose=0, channels=[1, 2])
    infinite = np.where((np.arange(600) == 300)[:, None], [0, np.inf, 0], y)
    with pytest.raises(
        ValueError, match="channel 1 of the response is infinite at trial 2, bin 50"
    ):
        fit(STRING, trials_of(x), trials_of(infinite), verbose=0)
    with pytest.raises(ValueError, match="the target does not match the input"):
        fit(STRING, x, y[:-1], verbose=0)
    with pytest.raises(ValueError, match="transpose"):
        fit(STRING, x, y.T, verbose=0)
    with pytest.raises(ValueError, match="NaN at bin 0"):
        fit(STRING, np.where(np.arange(600)[:, None] < 1, np.nan, x), y, verbose=0)
    with pytest.raises(ModelStringError):
        fit("wc.5x1", x, y, verbose=0)
    with pytest.raises(ModelStringError):
        fit("wc.4x2", x, y, verbose=0)
    assert len(fit("wc.4x1", x, y * [1, 1, 0], channels=[0, 1], verbose=0)) == 2


def test_a_channel_in_which_nothing_can_be_learnt_costs_itself_alone(data, tmp_path):
    x, y = data
    silent = y * [1, 0, 1]
    with pytest.warns(NotFittedWarning, match="channel 1 of the response has no variance") as seen:
        models = fit(STRING, x, silent, verbose=0, n_jobs=2)
    assert len(seen) == 1 and seen[0].filename == __file__
    for channel in (0, 2):
        alone = fit(STRING, x, y[:, channel], verbose=0)
        np.testing.assert_array_equal(parameters_of(models[channel]), parameters_of(alone))
    assert models[1].results.is_failed and "not fitted: channel 1" in str(models)
    assert np.isnan(models.predict(x)[:, 1]).all() and np.isnan(models.score(x, silent)[1])
    assert np.isfinite(models.predict(x)[:, [0, 2]]).all()
    again = ModelSet.load(models.save(tmp_path / "set"))
    assert again[1].results.is_failed and np.isnan(again.predict(x)[:, 1]).all()


def test_a_channel_that_was_not_recorded_costs_itself_alone(data):
    x, y = data
    partly = y.copy()
    partly[:, 0] = np.nan
    partly[1:, 2] = np.nan
    with pytest.warns(NotFittedWarning) as seen:
        models = fit(STRING, x, partly, verbose=0)
    messages = [str(warning.message) for warning in seen]
    assert [message[: message.index(" that")] for message in messages] == [
        f"channel {channel} of the response has {n} samples" for channel, n in ((0, 0), (2, 1))
    ]
    assert [model.results.is_failed for model in models] == [True, False, True]
    alone = fit(STRING, x, y[:, 1], verbose=0)
    np.testing.assert_array_equal(parameters_of(models[1]), parameters_of(alone))
    with pytest.raises(ValueError, match="channel 0 of the response has 0 samples"):
        fit(STRING, x, partly, channels=[0, 2], verbose=0)


@pytest.mark.parametrize("n_jobs", [1, 2, 3])
def test_the_first_channel_that_fails_is_named(data, n_jobs):
    x, y = data
    y = y.copy()
    y -= y.min()
    y[5, 1:] = -1
    with pytest.raises(ValueError, match=r"^in the fit of channel 1 alone: .* for counts"):
        fit("wc.4x1-sig.1", x, y, loss="poisson", verbose=0, n_jobs=n_jobs)


def test_an_unknown_argument_is_refused(data):
    with pytest.raises(TypeError, match="tolerence"):
        fit(STRING, *data, tolerence=1e-3, verbose=0)


def test_what_weighs_outputs_has_none_to_weigh(data):
    with pytest.raises(ValueError, match="each channel gets a model of its own"):
        fit(STRING, *data, channel_weights=[1, 2, 3], verbose=0)


def test_masks_and_weights_are_cut_as_the_response_is(data):
    x, y = data
    mask = np.ones(y.shape, bool)
    mask[:200, 1] = False
    models = fit(STRING, x, y, mask=mask, verbose=0, max_iterations=20)
    for channel, model in enumerate(models):
        alone = fit(STRING, x, np.where(mask, y, np.nan)[:, channel], verbose=0, max_iterations=20)
        np.testing.assert_array_equal(parameters_of(model), parameters_of(alone))
    two = fit(
        "wc.4xR", x, y, mask=mask, channels=[1, 0], channel_weights=[1, 2, 3], verbose=0,
        max_iterations=20,
    )  # fmt: skip
    same = fit(
        "wc.4x2", x, y[:, [1, 0]], mask=mask[:, [1, 0]], channel_weights=[2, 1], verbose=0,
        max_iterations=20,
    )  # fmt: skip
    np.testing.assert_array_equal(parameters_of(two), parameters_of(same))


def test_data_held_out_are_those_of_each_channel(data):
    x, y = data
    held = (x[450:], y[450:])
    for validation, stop in ((held, 450), (0.25, 600)):
        models = fit(
            STRING, x[:stop], y[:stop], validation=validation, patience=2, verbose=0, n_jobs=2
        )
        for channel, model in enumerate(models):
            own = 0.25 if stop == 600 else (held[0], held[1][:, channel])
            alone = fit(STRING, x[:stop], y[:stop, channel], validation=own, patience=2, verbose=0)
            np.testing.assert_array_equal(parameters_of(model), parameters_of(alone))
    some = fit("wc.4xR", x[:450], y[:450], channels=[2, 0], validation=held, verbose=0)
    same = fit("wc.4x2", x[:450], y[:450, [2, 0]], validation=(x[450:], y[450:, [2, 0]]), verbose=0)
    np.testing.assert_array_equal(parameters_of(some), parameters_of(same))
    with pytest.raises(ValueError, match=r"held out has 2 channels, but the response .* has 3"):
        fit(STRING, x, y, validation=(x, y[:, :2]), verbose=0)


def test_each_channel_starts_from_its_own_model_of_a_set(data, monkeypatch):
    x, y = data
    first = fit(STRING, x, y, verbose=0, max_iterations=2)
    for before, after in zip(first, fit(STRING, x, y, init=first, verbose=0), strict=True):
        assert after.results.initial_loss == pytest.approx(before.results.loss, rel=1e-12)
    plain, seen = many.fit_model, []

    def recorded(model, recording, options, **arguments):
        seen.append(options.init)
        return plain(model, recording, options, **arguments)

    monkeypatch.setattr(many, "fit_model", recorded)
    fit(STRING, x, y, channels=[2, 0], init=first, n_jobs=1, verbose=0, max_iterations=2)
    assert seen == [first[2], first[0]]
    fit(STRING, x, y, channels=1, init=first, verbose=0, max_iterations=2)
    assert seen[2] is first[1]
    with pytest.raises(KeyError, match="no model is for channel 0; there are channels 1 to 2"):
        fit(STRING, x, y, init=first[1:], verbose=0)
    with pytest.raises(ValueError, match=r"init is a set of 3 models, but one model of 2 outputs"):
        fit("wc.4xR", x, y, channels=[0, 1], init=first, verbose=0)


def test_callbacks_name_the_channel_and_come_one_at_a_time(data):
    seen, inside = [], threading.Lock()

    def callback(channel, iteration, loss):
        assert inside.acquire(blocking=False)
        seen.append((channel, iteration, loss))
        inside.release()

    models = fit(STRING, *data, channels=[2, 0], callback=callback, verbose=0, n_jobs=2)
    for model, channel in zip(models, (2, 0), strict=True):
        losses = [loss for which, _, loss in seen if which == channel]
        assert losses[0] == model.results.initial_loss
        assert len(losses) == model.results.n_iterations + 1


def test_a_fault_in_a_callback_ends_the_fits(data):
    def callback(channel, iteration, loss):
        if channel == 1 and iteration == 2:
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        fit(STRING, *data, callback=callback, verbose=0, n_jobs=2)


def test_ctrl_c_ends_all_fits(data):
    x, y = data
    done = threading.Event()

    def callback(channel, iteration, loss):
        # what Ctrl-C does: the main thread, which waits, is interrupted
        if iteration == 1 and not done.is_set():
            done.set()
            _thread.interrupt_main()

    wide = np.tile(y, 20)
    with pytest.raises(KeyboardInterrupt):
        fit("wc.4x2-fir.2x3-dexp.1", x, wide, callback=callback, verbose=0, n_jobs=2, tolerance=0)


def test_it_is_silent_but_for_a_line(data, capsys):
    fit(STRING, *data, verbose=0)
    assert capsys.readouterr().out == ""
    fit(STRING, *data)
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.startswith(f"ModelSet({STRING}, channels 0 to 2: 3 of 3 converged) in ")


def test_data_in_large_units_are_pointed_out_once(data):
    x, y = data
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        # priors are of parameters in the user's units, and no start from data can be had for it
        fit(
            "wc.4x2-relu.2-wc.2x1", 1e3 * x, y * [1, 1e4, 1e3], verbose=0, max_iterations=1,
            n_jobs=2, priors=1.0,
        )  # fmt: skip
    assert [each.category for each in seen] == [ScaleWarning, ScaleWarning]
    assert "the input 'stim' has a root mean square of" in str(seen[0].message)
    assert "channel 1 of the target has a standard deviation of" in str(seen[1].message)
    assert seen[0].filename == __file__


def test_a_layer_that_gives_no_derivative(data):
    class Gain(Layer):
        def initial_parameters(self):
            return Phi(Parameter("gain", initial_value=2.0))

        def evaluate(self, x):
            return self.get_parameter_values()[0] * x

    x, y = data
    model = Model(layers=[Gain()])
    jobs = [FitJob(model, (channel,), FitOptions()) for channel in range(3)]
    found = list(fit_jobs(jobs, read_recording(x[:, :1], y), 2))
    for channel, fitted in enumerate(found):
        alone = model.fit(x[:, :1], y[:, channel], verbose=0)
        np.testing.assert_array_equal(parameters_of(fitted), parameters_of(alone))
    assert parameters_of(model) == 2.0
