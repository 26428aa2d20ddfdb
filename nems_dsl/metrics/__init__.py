"""Scores of a prediction against a target.

Every metric takes `(prediction, target)`, time first, as one array or as a list of trials, and
leaves out each pair of values of which one is NaN.

Examples
--------
>>> import numpy as np
>>> from nems_dsl.metrics import correlation, nmse
>>> target = np.array([[0.0, 1.0], [1.0, np.nan], [2.0, 3.0], [3.0, 7.0]])
>>> prediction = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 5.0], [4.0, 6.0]])
>>> correlation(prediction=prediction, target=target)
array([1.  , 0.8660254])
"""

from nems_dsl.metrics.correlation import correlation as correlation
from nems_dsl.metrics.errors import mse as mse
from nems_dsl.metrics.errors import nmse as nmse
from nems_dsl.metrics.errors import r2 as r2
from nems_dsl.metrics.registry import METRICS as METRICS
from nems_dsl.metrics.registry import Metric as Metric
from nems_dsl.metrics.registry import get_metric as get_metric

__all__ = ["METRICS", "Metric", "correlation", "get_metric", "mse", "nmse", "r2"]
