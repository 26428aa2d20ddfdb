"""The speech recording that fits are measured on, and the models."""

from pathlib import Path

import numpy as np

PATH = Path(__file__).parents[3] / "shared" / "data" / "speech.npz"
N_TRIALS, N_FIT, N_CHANNELS = 10, 8, 7
MODELS = (
    "wc.18x1-fir.1x25-dexp.1",
    "wc.18x2-fir.2x25-dexp.1",
    "wc.18x3.g-fir.3x25-lvl.1-dexp.1",
    "fir.18x25-relu.1.o.s",
    "strf.18x2x25-dexp.1",
    "wc.18x2.g-stp.2-fir.2x25-dexp.1",
)


def load(n_trials=N_FIT):
    """Trials of stimulus and response, scaled by the eight to fit: cube roots, and z-scores."""
    with np.load(PATH) as data:
        stim = [np.cbrt(data[f"stim_{trial}"]) for trial in range(n_trials)]
        resp = [data[f"resp_{trial}"] for trial in range(n_trials)]
    largest = max(trial.max() for trial in stim[:N_FIT])
    values = np.concatenate(resp[:N_FIT])
    mean, sd = values.mean(axis=0), values.std(axis=0)
    return [trial / largest for trial in stim], [(trial - mean) / sd for trial in resp]
