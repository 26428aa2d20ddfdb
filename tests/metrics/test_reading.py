"""What metrics take: masked arrays, tables with an index, and trials by time."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from nems_dsl import metrics
from nems_dsl.metrics.registry import METRICS

rng = np.random.default_rng(0)
RATE = rng.random((120, 2)) + 0.5
COUNTS = rng.poisson(RATE).astype(float)
BAD = rng.random(COUNTS.shape) < 0.1
HOLED = np.where(BAD, np.nan, COUNTS)
MASKED = np.ma.masked_array(np.where(BAD, -9999, COUNTS), BAD)

REPEATS = rng.poisson(RATE, size=(12, 120, 2)).astype(float)
MISSING = rng.random(REPEATS.shape) < 0.05
HOLED_REPEATS = np.where(MISSING, np.nan, REPEATS)
MASKED_REPEATS = np.ma.masked_array(np.where(MISSING, -9999, REPEATS), MISSING)

ALONE = {name: getattr(metrics, name) for name in ("signal_power", "noise_power", "noise_ceiling")}
WITH_PREDICTION = {
    name: getattr(metrics, name)
    for name in ("normalized_correlation", "noise_corrected_correlation", "signal_power_explained")
}


def same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert np.isfinite(np.asarray(ours)).all()


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_what_is_masked_is_left_out(metric):
    expected = metric(RATE, HOLED)
    same(metric(RATE, MASKED), expected)
    same(metric([RATE[:50], RATE[50:]], [MASKED[:50], MASKED[50:]]), expected)
    same(metric(RATE.reshape(4, 30, 2), MASKED.reshape(4, 30, 2)), expected)
    same(metric(np.ma.masked_array(RATE, BAD), COUNTS), expected)
    same(metric(RATE[:, 0], np.ma.masked_array(MASKED[:, 0].astype(int), BAD[:, 0])),
         metric(RATE[:, 0], HOLED[:, 0]))  # fmt: skip


@pytest.mark.parametrize("metric", ALONE.values(), ids=ALONE)
def test_masked_repeats(metric):
    expected = metric(HOLED_REPEATS)
    same(metric(MASKED_REPEATS), expected)
    same(metric(list(MASKED_REPEATS)), expected)
    same(metric(MASKED_REPEATS[:, :, 0].T), metric(HOLED_REPEATS[:, :, 0].T))
    same(metric(pd.DataFrame(HOLED_REPEATS[:, :, 0].T)), metric(HOLED_REPEATS[:, :, 0].T))


@pytest.mark.parametrize("metric", WITH_PREDICTION.values(), ids=WITH_PREDICTION)
def test_masked_repeats_with_a_prediction(metric):
    expected = metric(RATE, HOLED_REPEATS)
    same(metric(RATE, MASKED_REPEATS), expected)
    same(metric(pd.DataFrame(RATE), list(MASKED_REPEATS)), expected)


def test_masked_repeats_of_xarray():
    xarray = pytest.importorskip("xarray")
    array = xarray.DataArray(HOLED_REPEATS, dims=("repeat", "time", "unit"))
    expected = metrics.noise_ceiling(HOLED_REPEATS)
    same(metrics.noise_ceiling(array.transpose("unit", "time", "repeat")), expected)
    same(metrics.noise_ceiling(array[:, :, 0].T), np.asarray(expected)[0])


def test_an_index_is_followed():
    index = np.arange(120) / 50
    rate, counts = (pd.DataFrame(array, index=index) for array in (RATE, COUNTS))
    expected = metrics.correlation(RATE, COUNTS)
    same(metrics.correlation(rate, counts.sample(frac=1, random_state=0)), expected)
    same(metrics.correlation(RATE, counts), expected)
    with pytest.raises(ValueError, match=r"indexes of prediction and target differ: 20 of 120"):
        metrics.correlation(rate, counts[20:])


def test_targets_of_trials_by_time():
    rate, counts = RATE[:, :1].reshape(4, 30, 1), COUNTS[:, 0].reshape(4, 30)
    same(metrics.nmse(rate, counts), metrics.nmse(rate, counts[:, :, None]))


def test_what_metrics_refuse():
    for values, way_out in (
        (sparse.csr_matrix(COUNTS), "toarray"),
        (COUNTS.astype(object), "float"),
    ):
        with pytest.raises(ValueError, match=rf"^target .*{way_out}"):
            metrics.correlation(RATE, values)
        with pytest.raises(ValueError, match=rf"^repeats .*{way_out}"):
            metrics.noise_ceiling(values)
