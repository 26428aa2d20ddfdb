"""Linearised fields, tuning, parts, residuals, repeats and scores: what the artists hold."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from nems_dsl import Model, cross_validate, fit, run
from nems_dsl.data import read_recording
from nems_dsl.sweeps import Store, open_results
from nems_dsl.visualization import (
    NoLinearFront,
    find_field,
    find_tuning,
    plot_ceilings,
    plot_cross_validation,
    plot_filters,
    plot_history,
    plot_learning_curve,
    plot_model,
    plot_model_set,
    plot_nonlinearity,
    plot_receptive_field,
    plot_repeats,
    plot_residuals,
    plot_score_map,
    plot_state_gain,
    plot_step_response,
    plot_tuning,
    receptive_field,
)
from tests.sweeps.made_rows import failed_row, made_sweep


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(0).random((200, 5))


def labelled(ax, label):
    (found,) = [line for line in ax.lines if line.get_label() == label]
    return found.get_data()


# ---- linearised fields -----------------------------------------------------------------------


def test_without_depletion_the_linearised_field_is_the_field(x):
    chain = Model("wc.5x2-fir.2x4").sample_from_priors(seed=1)
    # what is below 0 does not pass through `stp`
    weights = np.abs(chain.layers["wc"].parameters["coefficients"].values)
    chain.set_parameter_values({"wc": {"coefficients": weights}})
    plastic = Model("wc.5x2-stp.2-fir.2x4")
    plastic.set_parameter_values(chain.get_parameter_values())
    plastic.set_parameter_values({"stp": {"u": np.zeros(2)}})
    found = find_field(plastic, x=x)
    assert found.n_local == 40 and not found.of_noise
    np.testing.assert_allclose(found.values, receptive_field(chain), atol=1e-12)


def test_a_linearised_field_is_the_mean_of_local_ones(x):
    model = Model("wc.5x2-stp.2-fir.2x4-dexp.1").sample_from_priors(seed=2)
    found = find_field(model, x=x)
    times = np.unique(np.linspace(0, len(x) - 4 - 1, 40).astype(int)) + 4
    local = model.dstrf(x, times.tolist(), lags=4)
    np.testing.assert_allclose(found.values, local[:, 0].mean(axis=0), rtol=1e-10)
    ax = plot_receptive_field(model, x=x)
    np.testing.assert_array_equal(ax.images[0].get_array(), found.values)
    assert ax.get_title() == "linearised, mean of 40"
    assert plot_receptive_field(model).get_title() == "linearised, mean of 40, noise"


def test_times_of_trials_of_unequal_length(x):
    model = Model("wc.5x2-relu.2-wc.2x1-fir.1x3").sample_from_priors(seed=2)
    trials = [x[:40], x[40:42], x[42:]]
    found = find_field(model, x=trials)
    # of the trial of 2 bins none is whole
    assert found.n_local == 40
    steps = np.unique(np.linspace(0, 37 + 155 - 1, 40).astype(int))
    times = [(steps[steps < 37] + 3).tolist(), [], (steps[steps >= 37] - 37 + 3).tolist()]
    local = np.concatenate([part for part in model.dstrf(trials, times, 3) if len(part)])
    np.testing.assert_allclose(found.values, local[:, 0].mean(axis=0), rtol=1e-10)
    with pytest.raises(NoLinearFront, match="no trial is longer than the 3 lags"):
        find_field(model, x=[x[:3]])


def test_a_state_needs_data(x):
    model = Model("wc.5x1-fir.1x3-stategain.2x1.c").sample_from_priors(seed=1)
    with pytest.raises(NoLinearFront, match="pass x"):
        find_field(model)
    state = np.random.default_rng(1).random((200, 2))
    model.set_parameter_values({"stategain": {"gain": [[2.0], [0.0], [0.0]]}})
    found = find_field(model, x={"stim": x, "state": state})
    chain = Model("wc.5x1-fir.1x3")
    values = model.get_parameter_values()
    chain.set_parameter_values({name: values[name] for name in ("wc", "fir")})
    np.testing.assert_allclose(found.values, 2 * receptive_field(chain), rtol=1e-9)


def test_the_nonlinearity_of_a_chain_with_memory_before_it(x):
    model = Model("wc.5x2-stp.2-fir.2x4-dexp.1").sample_from_priors(seed=3)
    ax = plot_nonlinearity(model, x, y=x[:, :1])
    drive, values = labelled(ax, "model")
    reached = Model(layers=list(model.layers)[:3]).predict(x)
    assert (drive[0], drive[-1]) == pytest.approx((reached.min(), reached.max()))
    np.testing.assert_allclose(values[:, None], model.layers["dexp"].evaluate(drive[:, None]))
    assert ax.get_xlabel() == "drive (output of wc-stp-fir)"


def test_the_density_of_the_drive(x):
    model = Model("wc.5x1-dexp.1").sample_from_priors(seed=3)
    ax = plot_nonlinearity(model, x)
    (stairs,) = ax.patches
    counts, edges = np.histogram(x @ model.layers["wc"].parameters["coefficients"].values, 40)
    np.testing.assert_allclose(stairs.get_data().values, 0.15 * counts / counts.max())
    np.testing.assert_allclose(stairs.get_data().edges, edges)


def test_a_model_that_prepares_its_data_is_drawn_behind_that(x):
    raw = 50 + 10 * x
    y = raw[:, :1] - raw[:, 1:2]
    model = run("ch.1x2-zs-kf3_wc.2x1-fir.1x3-dexp.1_", raw, y).model
    assert model.preparation is not None
    bare = model.copy()
    bare.preparation = None
    ax = plot_nonlinearity(model, raw, y=y)
    drive, _ = labelled(ax, "model")
    prepared = model.preparation.apply(read_recording(raw, y))
    reached = Model(layers=list(bare.layers)[:2]).predict(prepared.signals["stim"][0])
    assert (drive[0], drive[-1]) == pytest.approx((reached.min(), reached.max()))
    assert abs(drive).max() < 50 and ax.get_ylabel() == "response (prepared)"
    (bars,) = ax.containers
    mean = np.average(bars[0].get_ydata(), weights=[14] * 5 + [13] * 10)
    assert mean == pytest.approx(prepared.target[0].mean())
    assert find_field(model, x=raw).values.shape == (2, 3)


# ---- filters, tuning, frequencies ------------------------------------------------------------


def test_all_filters_are_drawn_on_one_scale():
    model = Model("fir.5x4x6").sample_from_priors(seed=1)
    figure = plot_filters(model, fs=200)
    drawn = [ax for ax in figure.axes if ax.images]
    assert [ax.get_title() for ax in drawn] == list("123456")
    for number, ax in enumerate(drawn):
        weights = model.layers["fir"].parameters["coefficients"].values
        np.testing.assert_allclose(ax.images[0].get_array(), weights[..., number])
    assert len({ax.images[0].get_clim() for ax in drawn}) == 1
    assert figure.get_suptitle() == "filters of fir"


def test_filters_without_lags_are_curves():
    model = Model("wc.5x2-stp.2-fir.2x4").sample_from_priors(seed=1)
    (ax,) = plot_filters(model, freqs=[1000, 2000, 4000, 8000, 16000]).axes
    weights = model.layers["wc"].parameters["coefficients"].values
    np.testing.assert_allclose([line.get_xdata() for line in ax.lines[:2]], weights.T)
    ticks = [ax.yaxis.get_major_formatter()(place, None) for place in ax.get_yticks()]
    assert ticks == ["1", "2", "4", "8", "16"] and ax.get_ylabel() == "frequency (kHz)"


def test_frequencies_have_to_match():
    with pytest.raises(ValueError, match="one for each of 5 channels, not of shape"):
        plot_receptive_field(Model("wc.5x1-fir.1x4"), freqs=[1, 2, 3])


def test_colours_by_name():
    ax = plot_receptive_field(Model("wc.5x1-fir.1x4"), cmap="PiYG")
    assert ax.images[0].get_cmap().name == "PiYG"


def test_what_is_read_off_a_field():
    octaves = np.arange(9) / 2
    spectrum = np.exp(-((octaves - 2) ** 2) / 2)
    course = np.array([0.1, -2.0, 0.5])
    found = find_tuning(np.outer(spectrum, course), fs=50, freqs=250 * 2**octaves)
    assert found.best_frequency == 1000 and found.best_channel == 4 and found.latency == 20
    # a gaussian is half as high at 1.18 standard deviations; straight lines between channels
    assert found.bandwidth == pytest.approx(2 * np.sqrt(2 * np.log(2)), abs=0.05)
    assert found.separability == pytest.approx(1)
    np.testing.assert_allclose(
        np.outer(found.spectrum, found.time_course), np.outer(spectrum, course)
    )
    flat = find_tuning(np.ones((4, 3)))
    assert flat.bandwidth == 3 and flat.best_frequency is None


def test_marginals_lie_along_the_field():
    model = Model("wc.5x1-fir.1x4").sample_from_priors(seed=1)
    figure = plot_tuning(model, fs=100)
    spectrum, field, time = figure.axes[:3]
    found = find_tuning(receptive_field(model), fs=100)
    np.testing.assert_allclose(spectrum.lines[0].get_xdata(), found.spectrum)
    np.testing.assert_allclose(time.lines[0].get_ydata(), found.time_course)
    assert spectrum.get_ylim() == field.get_ylim() and time.get_xlim() == field.get_xlim()
    assert f"latency {found.latency:.3g} ms" in figure.get_suptitle()


# ---- parts -----------------------------------------------------------------------------------


def test_the_response_to_a_step():
    model = Model("wc.5x2-stp.2-fir.2x4")
    model.set_parameter_values({"stp": {"u": [0.1, 0.02], "tau": [20.0, 5.0]}})
    ax = plot_step_response(model, fs=100, level=2.0, n_bins=60)
    time, first = labelled(ax, "channel 0")
    assert time[0] == -100 and time[-1] == 590
    step = np.where(np.arange(70) < 10, 0.0, 2.0)[:, None] * np.ones(2)
    np.testing.assert_allclose(first, model.layers["stp"].evaluate(step)[:, 0])
    assert first[10] > first[-1] > 0
    named = plot_step_response(model, "fir")
    assert named.get_ylabel() == "output of fir"
    with pytest.raises(ValueError, match="no layer has memory without an end"):
        plot_step_response(Model("wc.5x1-fir.1x4"))


def test_gain_and_offset_by_state(x):
    model = Model("wc.5x1-stategain.2x1.c")
    gain, offset = [[1.0], [0.5], [0.0]], [[0.1], [0.0], [-2.0]]
    model.set_parameter_values({"stategain": {"gain": gain, "offset": offset}})
    state = np.random.default_rng(0).random((200, 2))
    ax = plot_state_gain(model, x, state=state)
    at, gains = labelled(ax, "gain by state 0")
    assert (at[0], at[-1]) == (state[:, 0].min(), state[:, 0].max())
    np.testing.assert_allclose(gains, 1 + 0.5 * at)
    at, offsets = labelled(ax, "offset by state 1")
    np.testing.assert_allclose(offsets, 0.1 - 2 * at)
    with pytest.raises(ValueError, match="no layer of the model modulates"):
        plot_state_gain(Model("wc.5x1"), x)


# ---- fits ------------------------------------------------------------------------------------


def test_the_history_of_a_fit(x):
    results = fit("wc.5x1-dexp.1", x, x[:, 0] ** 2, verbose=0, validation=0.2).results
    ax = Figure().subplots()
    assert plot_history(results, ax) is ax
    np.testing.assert_array_equal(labelled(ax, "data of the fit")[1], results.loss_history)
    np.testing.assert_array_equal(labelled(ax, "held-out data")[1], results.validation_history)
    assert ax.get_ylabel() == "nmse"


def test_residuals_and_their_correlation(x):
    model = Model("wc.5x1-lvl.1")
    y = model.predict(x) + np.sin(np.arange(200) / 3)[:, None]
    y[50] = np.nan
    left, right = plot_residuals(model, x, y, fs=100).axes
    residual = (y - model.predict(x))[:, 0]
    np.testing.assert_allclose(left.lines[0].get_ydata(), residual)
    assert left.get_title() == "residuals, not fitted"
    (bars, _) = right.collections
    segments = np.array(bars.get_segments())
    np.testing.assert_allclose(segments[:, 0, 0], np.arange(1, 51) / 100)
    centred = residual - np.nanmean(residual)
    expected = np.nanmean(centred[4:] * centred[:-4]) / np.nanmean(centred**2)
    assert segments[3, 1, 1] == pytest.approx(expected)


def test_repeats_below_their_stimulus(x):
    model = Model("wc.5x1-lvl.1").sample_from_priors(seed=1)
    repeats = np.random.default_rng(0).poisson(1.0, (6, 200)).astype(float)
    repeats[2, 5] = np.nan
    figure = plot_repeats(model, x, repeats, fs=100, seconds=1)
    stimulus, raster, panel = figure.axes
    np.testing.assert_array_equal(stimulus.images[0].get_array(), x[:100].T)
    np.testing.assert_array_equal(raster.images[0].get_array(), repeats[:, :100])
    mean = labelled(panel, "mean of 6 trials")[1]
    np.testing.assert_allclose(mean, np.nanmean(repeats[:, :100], axis=0))
    shown = labelled(panel, "prediction, not fitted")[1]
    np.testing.assert_array_equal(shown, model.predict(x)[:100, 0])
    with pytest.raises(ValueError, match=r"not \(6, 100\) beside \(200, 5\)"):
        plot_repeats(model, x, repeats[:, :100])


# ---- many neurons ----------------------------------------------------------------------------


def test_rows_of_a_set(x):
    y = x[:, :3] + 0.5 * x[:, 2:]
    models = fit("wc.5x1-dexp.1", x, y, channels=[0, 2], verbose=0, max_iterations=5)
    figure = plot_model_set(models, x, y, fs=100)
    panels = [ax for ax in figure.axes if ax.lines]
    traces = [ax for ax in panels if ax.get_legend() is not None]
    for ax, column in zip(traces, (0, 2), strict=True):
        np.testing.assert_array_equal(labelled(ax, "response")[1], y[:, column])
    assert figure.get_suptitle() == "wc.5x1-dexp.1 on the data of the fit"
    assert models.plot(x, y, held_out=True).get_suptitle() == "wc.5x1-dexp.1 on held-out data"
    names = [text.get_text() for ax in figure.axes for text in ax.texts]
    assert names == ["channel 0", "channel 2"]


def test_folds_and_their_scores(x):
    y = x[:, :2] + 0.3 * np.random.default_rng(1).standard_normal((200, 2))
    found = cross_validate("wc.5x1-lvl.1", x, y, n_folds=4)
    ax = plot_cross_validation(found)
    np.testing.assert_array_equal(labelled(ax, "folds")[1], found.scores.ravel())
    np.testing.assert_array_equal(labelled(ax, "data of the fits")[1], found.score_fit)
    (bars,) = ax.containers
    np.testing.assert_array_equal(bars[0].get_ydata(), found.score)


def test_scores_against_ceilings():
    ax = plot_ceilings([0.3, 0.4, np.nan, 0.1], [0.6, 0.5, 0.9, np.nan])
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), [[0.6, 0.3], [0.5, 0.4]])
    assert ax.get_xlim() == ax.get_ylim()
    with pytest.raises(ValueError, match="one for each neuron"):
        plot_ceilings([0.3], [0.6, 0.7])


def test_a_learning_curve():
    scores = np.array([[0.1, 0.2, np.nan], [0.2, 0.25, 0.3]])
    ax = plot_learning_curve([0.5, 1], scores)
    (bars,) = ax.containers
    np.testing.assert_allclose(bars[0].get_ydata(), [0.15, 0.225])
    half = [np.ptp(part[:, 1]) / 2 for part in bars[2][0].get_segments()]
    # of two amounts it is the error of the difference, over the square root of 2
    difference = np.array([0.1, 0.05])
    np.testing.assert_allclose(half, difference.std(ddof=1) / np.sqrt(2) / np.sqrt(2))
    with pytest.raises(ValueError, match="a row for each amount"):
        plot_learning_curve([0.5], scores)


def test_a_map_of_scores(tmp_path):
    with Store.open(tmp_path / "r.db") as store:
        store.add(made_sweep())
        store.add([failed_row("wc.6x4-fir.4x5-lvl.1", dataset="A")])
    results = open_results(tmp_path / "r.db")
    ax = plot_score_map(results)
    drawn = np.ma.filled(ax.images[0].get_array().astype(float), np.nan)
    table = results.pivot(rows="neuron")
    names = [label.get_text() for label in ax.get_yticklabels()]
    order = table.mean().sort_values(ascending=False, na_position="last").index
    assert names == list(order) and names[-1] == "wc.6x4-fir.4x5-lvl.1"
    for row, name in zip(drawn, names, strict=True):
        np.testing.assert_allclose(np.sort(row), np.sort(table[name].to_numpy()))
    assert np.isnan(drawn[-1]).all()


def test_what_comes_of_a_file_is_not_said_to_be_unfitted(x, tmp_path):
    model = fit("wc.5x1-lvl.1", x, x[:, 0], verbose=0)
    again = Model.load(model.save(tmp_path / "m.json"))
    title = plot_model(again, x, x[:, :1]).get_suptitle()
    assert title.endswith("on the data of the fit")
