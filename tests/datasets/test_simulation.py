"""The simulator: its truth is the truth."""

import math

import numpy as np
import pytest

from nems_dsl.datasets import simulate


def test_the_truth_reproduces_the_clean_response():
    simulation = simulate(n_times=300, n_outputs=3, n_taps=7, seed=4)
    drive = np.zeros((300, 3))
    for t in range(300):
        for lag in range(min(7, t + 1)):
            drive[t] += simulation.strf[:, :, lag] @ simulation.stim[t - lag]
    inner = np.exp(simulation.kappa) * (drive + simulation.shift)
    expected = simulation.base + simulation.amplitude * np.exp(-np.exp(-inner))
    np.testing.assert_allclose(simulation.clean, expected, rtol=1e-10)


@pytest.mark.parametrize("snr", [0.25, 1.0, 9.0])
def test_noise_has_the_power_asked_for(snr):
    simulation = simulate(n_times=20000, n_outputs=2, snr=snr, seed=1)
    noise = simulation.resp - simulation.clean
    np.testing.assert_allclose(simulation.clean.var(axis=0) / noise.var(axis=0), snr, rtol=0.05)
    np.testing.assert_allclose(noise.std(axis=0), simulation.noise_sd, rtol=0.02)


def test_no_noise():
    simulation = simulate(n_times=100, snr=math.inf)
    np.testing.assert_array_equal(simulation.resp, simulation.clean)


def test_stimulus_is_a_spectrogram():
    stim = simulate(n_times=3000).stim
    assert stim.shape == (3000, 18) and stim.min() == 0.0 and stim.max() == 1.0
    assert np.corrcoef(stim[:-1, 4], stim[1:, 4])[0, 1] > 0.5
    assert np.corrcoef(stim[:, 4], stim[:, 5])[0, 1] > 0.3


def test_response_uses_the_nonlinearity():
    simulation = simulate(n_times=5000, n_outputs=5, seed=2)
    span = (simulation.clean - simulation.base) / simulation.amplitude
    assert np.all(span.max(axis=0) > 0.7) and np.all(span.min(axis=0) < 0.2)


def test_seed():
    one, two, other = simulate(seed=5), simulate(seed=5), simulate(seed=6)
    np.testing.assert_array_equal(one.resp, two.resp)
    assert not np.array_equal(one.resp, other.resp)
    from_generator = simulate(seed=np.random.default_rng(5))
    np.testing.assert_array_equal(one.resp, from_generator.resp)


def test_smallest_sizes():
    simulation = simulate(n_times=2, n_channels=1, n_outputs=1, n_taps=1, seed=0)
    assert simulation.strf.shape == (1, 1, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_times": 1}, "n_times must be at least 2, got 1"),
        ({"n_channels": 0}, "n_channels must be at least 1, got 0"),
        ({"n_outputs": 0}, "n_outputs must be at least 1, got 0"),
        ({"n_taps": -1}, "n_taps must be at least 1, got -1"),
        ({"snr": 0}, "snr must be above 0, got 0"),
        ({"snr": math.nan}, "snr must be above 0, got nan"),
        ({"fs": -1.0}, "fs must be above 0, got -1.0"),
    ],
)
def test_messages(options, message):
    with pytest.raises(ValueError) as caught:
        simulate(**options)
    assert str(caught.value) == message
