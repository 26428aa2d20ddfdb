"""Score a model by cross-validation, and compare the score with what noise allows."""

import numpy as np

from nems_dsl import cross_validate
from nems_dsl.datasets import simulate
from nems_dsl.metrics import noise_ceiling, noise_corrected_correlation

# one minute at 100 Hz, heard four times: spikes about a rate that follows the stimulus
data = simulate(n_times=6000, snr=np.inf, seed=0)
rate = np.exp(0.6 * data.resp[:, 0] / data.resp.std() - 2)
repeats = np.random.default_rng(1).poisson(rate[:, np.newaxis], (6000, 4))

result = cross_validate(
    ["wc.18x1-fir.1x15-dexp.1", "wc.18x1-fir.1x15-relu.1.s.o", "wc.18x1-fir.1x15-lvl.1"],
    data.stim,
    repeats.mean(axis=1),
    n_folds=5,
)
print(result)

# of the prediction that is stitched together from what each fold's model has not seen
prediction = result.prediction[:, 0]
print(f"\nnoise ceiling of the correlation with the mean response: {noise_ceiling(repeats):.3f}")
print(f"correlation but for noise: {noise_corrected_correlation(prediction, repeats):.3f}")
known = np.corrcoef(prediction, rate)[0, 1]
print(f"correlation with the true rate, known in a simulation: {known:.3f}")
