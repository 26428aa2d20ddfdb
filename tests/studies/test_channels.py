import numpy as np
import pytest

from nems_dsl import ModelStringError
from nems_dsl.data import hold_out, read_recording
from nems_dsl.datasets import simulate
from nems_dsl.metrics import correlation, nmse
from nems_dsl.studies import NotFittedWarning
from nems_dsl.studies.channels import fit_channels, plan_channels, split_recording


@pytest.fixture(scope="module")
def data():
    return simulate(n_times=600, n_channels=4, n_outputs=3, n_taps=3, snr=5.0, seed=2)


def trials_of(signal, cuts=(100, 250, 400, 500)):
    return np.split(signal, cuts)


def test_one_output_makes_a_model_per_channel(data):
    recording = read_recording(data.stim, data.resp)
    jobs = plan_channels("wc.Nx1 - fir.x3", recording, channels=[2, 0, 2])
    assert [(job.channels, job.stem) for job in jobs] == [
        ((2,), "wc.4x1-fir.1x3.ch2"), ((0,), "wc.4x1-fir.1x3.ch0")
    ]  # fmt: skip


def test_several_outputs_make_one_model(data):
    recording = read_recording(data.stim, data.resp)
    (job,) = plan_channels("wc.4xR", recording, name="cells")
    assert (job.channels, job.stem, job.model.string) == ((0, 1, 2), "cells", "wc.4x3")
    (job,) = plan_channels("wc.4x2", recording, channels=[0, 2])
    assert job.channels == (0, 2)


def test_a_single_channel_needs_no_number(data):
    recording = read_recording(data.stim, data.resp[:, 0])
    assert [job.stem for job in plan_channels("wc.4x1", recording)] == ["wc.4x1"]


def test_long_strings_make_short_names(data):
    recording = read_recording(data.stim, data.resp[:, 0])
    strings = ["-".join(["wc.4x4"] * n) + "-wc.4x1" for n in (40, 41)]
    stems = {plan_channels(string, recording)[0].stem for string in strings}
    assert len(stems) == 2
    assert max(map(len, stems)) < 200


def test_faults_are_found_before_any_fit(data):
    recording = read_recording(data.stim, data.resp)
    with pytest.raises(ModelStringError):
        plan_channels("wc.4x2", recording)
    with pytest.raises(ModelStringError):
        plan_channels("wc.5x1", recording)
    with pytest.raises(ValueError, match="no channel 3: the response has 3"):
        plan_channels("wc.4x1", recording, channels=[3])
    flat = read_recording(data.stim, data.resp * [1, 0, 1])
    with pytest.raises(ValueError, match="channel 1 of the response has no variance"):
        plan_channels("wc.4x1", flat, channels=[1])
    # one channel costs itself alone
    assert len(plan_channels("wc.4x1", flat)) == 3


@pytest.mark.parametrize("string", ["wc.4x1-fir.1x3-lvl.1", "wc.4x3-lvl.3"])
def test_scores_are_those_of_the_held_out_data(data, string):
    stim, resp = trials_of(data.stim), trials_of(data.resp)
    recording = read_recording(stim, resp)
    split = hold_out(recording)
    seen = []
    rows = [
        row
        for rows in fit_channels(
            plan_channels(string, recording),
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
    recording = read_recording(data.stim, data.resp)
    split, found = hold_out(recording), []
    for n_jobs in (1, 2, None):
        jobs = plan_channels("wc.4x1-fir.1x3-lvl.1", recording, channels=[2, 0, 1])
        fits = list(fit_channels(jobs, split, n_jobs=n_jobs, max_iterations=20))
        assert [row.channel for rows in fits for row in rows] == [2, 0, 1]
        found.append([(row.r_test, row.nmse_test, row.r_fit) for rows in fits for row in rows])
    assert found[0] == found[1] == found[2]
    with pytest.raises(ValueError, match="n_jobs must be a number of threads"):
        next(fit_channels(jobs, split, n_jobs=0))


def test_a_fault_in_a_fit_names_the_channel(data):
    recording = read_recording(data.stim, data.resp - data.resp.min(axis=0) - [0, 0, 1])
    split = hold_out(recording)
    jobs = plan_channels("wc.4x1-sig.1", recording)
    with pytest.raises(ValueError, match=r"^in the fit of channel 2 alone: .* for counts"):
        list(fit_channels(jobs, split, loss="poisson"))


def test_nothing_held_out_gives_nan(data):
    recording = read_recording(data.stim, data.resp[:, 0])
    split = split_recording(plan_channels("wc.4x1", recording), recording, 0)
    ((row,),) = fit_channels(plan_channels("wc.4x1", recording), split, max_iterations=3)
    assert np.isnan(row.r_test)
    assert np.isfinite(row.r_fit)


@pytest.mark.parametrize("kind", ["silent", "silent in the fit", "recorded in the test alone"])
def test_a_bad_channel_costs_itself_alone(data, kind):
    x, y = trials_of(data.stim), [trial.copy() for trial in trials_of(data.resp)]
    for trial in y[: len(y) if kind == "silent" else -1]:
        trial[:, 1] = np.nan if kind.startswith("recorded") else 3.0
    recording = read_recording(x, y)
    jobs = plan_channels("wc.4x1-fir.1x3-lvl.1", recording)
    split = split_recording(jobs, recording, 0.2)
    message = "channel 1 of the response has (no variance|0 samples)"
    with pytest.warns(NotFittedWarning, match=message) as seen:
        found = [row for rows in fit_channels(jobs, split, n_jobs=2) for row in rows]
    assert len(seen) == 1 and seen[0].filename == __file__
    alone = hold_out(read_recording(x, trials_of(data.resp)), 0.2)
    for row, job in zip(found, jobs, strict=True):
        scores = row.r_fit, row.r_test, row.nmse_test
        if row.channel == 1:
            assert np.isnan(scores).all() and row.model.results.is_failed
            continue
        ((one,),) = fit_channels([job], alone)
        assert scores == (one.r_fit, one.r_test, one.nmse_test)
