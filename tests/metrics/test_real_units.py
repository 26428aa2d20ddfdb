"""Metrics on recorded units: values that make sense, and agreement with themselves."""

from pathlib import Path

import numpy as np
import pytest

from nems_dsl.metrics import (
    bits_per_spike,
    jackknife,
    noise_ceiling,
    noise_corrected_correlation,
    noise_power,
    normalized_correlation,
    r_floor,
    signal_power,
    signal_power_explained,
)

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
UNITS = {
    "raster_a1": "a1_binaural.npz",
    "raster_b1": "a1_binaural.npz",
    "spikes_a1": "a1_pupil.npz",
    "spikes_b1": "a1_pupil.npz",
}

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="no recordings beside the tree")


def load(name, file):
    with np.load(DATA / file) as stored:
        counts = stored[name]
    return counts.T if file == "a1_pupil.npz" else counts


@pytest.fixture(params=UNITS)
def counts(request):
    return load(request.param, UNITS[request.param])


def test_ceilings_are_between_0_and_1(counts):
    value, error = jackknife(noise_ceiling, counts)
    assert 0.8 < value < 1 and 0 < error < 0.03
    power, its_error = jackknife(signal_power, counts)
    assert power > 2 * its_error
    assert power + noise_power(counts) == pytest.approx(counts.var(axis=0).mean(), rel=1e-10)


def test_noise_is_about_that_of_a_poisson_process(counts):
    assert 0.5 < noise_power(counts) / counts.mean() < 2.5


def test_halves_of_the_repeats_agree(counts):
    one, two = (jackknife(signal_power, half) for half in (counts[:, ::2], counts[:, 1::2]))
    error = np.hypot(one.standard_error, two.standard_error)
    assert abs(one.value - two.value) < 3 * error


def test_one_half_predicts_the_other_as_well_as_its_own_ceiling_says(counts):
    # the mean over a half is the signal and noise: it correlates with the signal by its ceiling
    first, second = counts[:, ::2], counts[:, 1::2]
    r, error = jackknife(normalized_correlation, first.mean(axis=1), second)
    ceiling, its_error = jackknife(noise_ceiling, first)
    assert abs(r - ceiling) < 3 * np.hypot(error, its_error)


def test_the_two_corrections_agree(counts):
    first, second = counts[:, ::2].mean(axis=1), counts[:, 1::2]
    norm, error = jackknife(normalized_correlation, first, second)
    assert abs(noise_corrected_correlation(first, second) - norm) < error
    assert 0 < signal_power_explained(first, second) < 1


def test_the_prediction_by_other_repeats_is_far_above_chance(counts):
    first, second = counts[:, ::2].mean(axis=1), counts[:, 1::2].mean(axis=1)
    chance = r_floor(first, second)
    assert chance.r > 2 * chance.floor > 0
    assert chance.p_value == 1 / (1 + chance.n_shifts)
    rate = 0.5 * (first + first.mean())  # no bin at 0, where a spike could not happen
    assert bits_per_spike(rate, second) > 0.01


def test_a_unit_that_hardly_fires():
    counts = load("raster_b2", "a1_binaural.npz")
    assert counts.sum() < 100
    value, error = jackknife(signal_power, counts)
    assert abs(value) < 2 * error
    assert np.isnan(noise_ceiling(counts[:, 1::2]))


def test_the_wrong_way_round_is_noticed():
    with np.load(DATA / "a1_pupil.npz") as stored:
        counts = stored["spikes_a1"]
    with pytest.raises(ValueError, match=r"pass repeats\.T; if they are as meant"):
        signal_power(counts)
