"""Scores of a prediction against a target.

The metrics of `METRICS` take `(prediction, target)`, time first, as one array or as a list of
trials, and leave out each pair of values of which one is NaN. Those that allow for noise take
repeats of one stimulus: `(repeats)` or `(prediction, repeats)`.

Examples
--------
>>> import numpy as np
>>> from nems_dsl.metrics import correlation, nmse
>>> target = np.array([[0.0, 1.0], [1.0, np.nan], [2.0, 3.0], [3.0, 7.0]])
>>> prediction = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 5.0], [4.0, 6.0]])
>>> correlation(prediction=prediction, target=target)
array([1.  , 0.8660254])
"""

from nems_dsl.metrics.ceiling import noise_ceiling as noise_ceiling
from nems_dsl.metrics.ceiling import noise_corrected_correlation as noise_corrected_correlation
from nems_dsl.metrics.ceiling import normalized_correlation as normalized_correlation
from nems_dsl.metrics.ceiling import signal_power_explained as signal_power_explained
from nems_dsl.metrics.chance import ChanceCorrelation as ChanceCorrelation
from nems_dsl.metrics.chance import r_floor as r_floor
from nems_dsl.metrics.correlation import correlation as correlation
from nems_dsl.metrics.errors import explained_variance as explained_variance
from nems_dsl.metrics.errors import mse as mse
from nems_dsl.metrics.errors import nmse as nmse
from nems_dsl.metrics.errors import r2 as r2
from nems_dsl.metrics.jackknife import Estimate as Estimate
from nems_dsl.metrics.jackknife import jackknife as jackknife
from nems_dsl.metrics.poisson import bits_per_spike as bits_per_spike
from nems_dsl.metrics.poisson import poisson_log_likelihood as poisson_log_likelihood
from nems_dsl.metrics.power import noise_power as noise_power
from nems_dsl.metrics.power import signal_power as signal_power
from nems_dsl.metrics.registry import METRICS as METRICS
from nems_dsl.metrics.registry import Metric as Metric
from nems_dsl.metrics.registry import get_metric as get_metric

__all__ = [
    "METRICS",
    "ChanceCorrelation",
    "Estimate",
    "Metric",
    "bits_per_spike",
    "correlation",
    "explained_variance",
    "get_metric",
    "jackknife",
    "mse",
    "nmse",
    "noise_ceiling",
    "noise_corrected_correlation",
    "noise_power",
    "normalized_correlation",
    "poisson_log_likelihood",
    "r2",
    "r_floor",
    "signal_power",
    "signal_power_explained",
]
