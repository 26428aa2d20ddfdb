import numpy as np
import pytest

from nems_dsl import ModelStringError
from nems_dsl.datasets import simulate
from nems_dsl.metrics import correlation, nmse
from nems_dsl.studies.channels import fit_channels, hold_out, plan_channels


@pytest.fixture(scope="module")
def data():
    return simulate(n_times=600, n_channels=4, n_outputs=3, n_taps=3, snr=5.0, seed=2)


def trials_of(signal, cuts=(100, 250, 400, 500)):
    return np.split(signal, cuts)


@pytest.mark.parametrize(
    ("fraction", "n_test", "said"),
    [
        (0.2, 1, "the last trial of 5"),
        (0.01, 1, "the last trial of 5"),
        (0.4, 2, "the last 2 trials of 5"),
        (0.99, 4, "the last 4 trials of 5"),
        (0, 0, "nothing"),
    ],
)
def test_last_trials_are_held_out(data, fraction, n_test, said):
    stim, resp = trials_of(data.stim), trials_of(data.resp)
    split = hold_out({"stim": stim, "state": resp}, resp, fraction)
    assert (len(split.y_test), split.description) == (n_test, said)
    for signal, fit, test in (
        (stim, split.x_fit["stim"], split.x_test["stim"]),
        (resp, split.x_fit["state"], split.x_test["state"]),
        (resp, split.y_fit, split.y_test),
    ):
        for one, other in zip(signal, [*fit, *test], strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_end_of_a_single_trial_is_held_out(data):
    split = hold_out(data.stim, data.resp, 0.25)
    np.testing.assert_array_equal(split.y_test[0], data.resp[450:])
    np.testing.assert_array_equal(split.x_fit["stim"][0], data.stim[:450])
    assert split.description == "the last 150 of 600 bins"


def test_what_cannot_be_split(data):
    with pytest.raises(ValueError, match="too short"):
        hold_out(data.stim[:3], data.resp[:3])
    with pytest.raises(ValueError, match="from 0 up to 1, not 1"):
        hold_out(data.stim, data.resp, 1)
    with pytest.raises(ValueError, match="does not match"):
        hold_out(data.stim, data.resp[:-1])
    stim = data.stim.copy()
    stim[599, 2] = np.nan
    with pytest.raises(ValueError, match="NaN at bin 599, channel 2"):
        hold_out(stim, data.resp)


def test_one_output_makes_a_model_per_channel(data):
    split = hold_out(data.stim, data.resp)
    jobs = plan_channels("wc.Nx1 - fir.x3", split, channels=[2, 0, 2])
    assert [(job.channels, job.stem) for job in jobs] == [
        ((2,), "wc.4x1-fir.1x3.ch2"), ((0,), "wc.4x1-fir.1x3.ch0")
    ]  # fmt: skip


def test_several_outputs_make_one_model(data):
    split = hold_out(data.stim, data.resp)
    (job,) = plan_channels("wc.4xR", split, name="cells")
    assert (job.channels, job.stem, job.model.string) == ((0, 1, 2), "cells", "wc.4x3")
    (job,) = plan_channels("wc.4x2", split, channels=[0, 2])
    assert job.channels == (0, 2)


def test_a_single_channel_needs_no_number(data):
    split = hold_out(data.stim, data.resp[:, 0])
    assert [job.stem for job in plan_channels("wc.4x1", split)] == ["wc.4x1"]


def test_long_strings_make_short_names(data):
    split = hold_out(data.stim, data.resp[:, 0])
    stems = {plan_channels("-".join(["wc.4x4"] * n) + "-wc.4x1", split)[0].stem for n in (40, 41)}
    assert len(stems) == 2
    assert max(map(len, stems)) < 200


def test_faults_are_found_before_any_fit(data):
    split = hold_out(data.stim, data.resp)
    with pytest.raises(ModelStringError):
        plan_channels("wc.4x2", split)
    with pytest.raises(ModelStringError):
        plan_channels("wc.5x1", split)
    with pytest.raises(ValueError, match="no channel 3: the response has 3"):
        plan_channels("wc.4x1", split, channels=[3])
    flat = hold_out(data.stim, np.where(np.arange(600)[:, None] < 500, data.resp * [1, 0, 1], 1))
    with pytest.raises(ValueError, match="channel 1 of the response has no variance"):
        plan_channels("wc.4x1", flat)
    assert len(plan_channels("wc.4x1", flat, channels=[0, 2])) == 2


@pytest.mark.parametrize("string", ["wc.4x1-fir.1x3-lvl.1", "wc.4x3-lvl.3"])
def test_scores_are_those_of_the_held_out_data(data, string):
    stim, resp = trials_of(data.stim), trials_of(data.resp)
    split = hold_out(stim, resp)
    seen = []
    rows = [
        row
        for rows in fit_channels(
            plan_channels(string, split),
            split,
            callback=lambda job, iteration, loss: seen.append((job.channels, iteration)),
            max_iterations=50,
        )
        for row in rows
    ]
    assert [row.channel for row in rows] == [0, 1, 2]
    jobs = [(0, 1, 2)] if string == "wc.4x3-lvl.3" else [(0,), (1,), (2,)]
    for job in jobs:
        iterations = [iteration for channels, iteration in seen if channels == job]
        assert iterations == list(range(len(iterations))) and iterations
    assert {channels for channels, _ in seen} == set(jobs)
    for row in rows:
        prediction = row.model.predict(stim[-1])[:, row.output]
        target = resp[-1][:, row.channel]
        assert row.r_test == pytest.approx(correlation(prediction=prediction, target=target))
        assert row.nmse_test == pytest.approx(nmse(prediction=prediction, target=target))
        assert row.r_fit == pytest.approx(
            correlation(
                prediction=[row.model.predict(x)[:, row.output] for x in stim[:-1]],
                target=[y[:, row.channel] for y in resp[:-1]],
            )
        )


def test_models_come_in_order_for_any_number_of_threads(data):
    split = hold_out(data.stim, data.resp)
    found = []
    for n_jobs in (1, 2, None):
        jobs = plan_channels("wc.4x1-fir.1x3-lvl.1", split, channels=[2, 0, 1])
        fits = list(fit_channels(jobs, split, n_jobs=n_jobs, max_iterations=20))
        assert [row.channel for rows in fits for row in rows] == [2, 0, 1]
        found.append([(row.r_test, row.nmse_test, row.r_fit) for rows in fits for row in rows])
    assert found[0] == found[1] == found[2]
    with pytest.raises(ValueError, match="n_jobs must be a number of threads"):
        next(fit_channels(jobs, split, n_jobs=0))


def test_a_fault_in_a_fit_names_the_channel(data):
    split = hold_out(data.stim, data.resp - data.resp.min(axis=0) - [0, 0, 1])
    jobs = plan_channels("wc.4x1-sig.1", split)
    with pytest.raises(ValueError, match=r"^in the fit of channel 2 alone: .* for counts"):
        list(fit_channels(jobs, split, loss="poisson"))


def test_nothing_held_out_gives_nan(data):
    split = hold_out(data.stim, data.resp[:, 0], 0)
    ((row,),) = fit_channels(plan_channels("wc.4x1", split), split, max_iterations=3)
    assert np.isnan(row.r_test)
    assert np.isfinite(row.r_fit)
