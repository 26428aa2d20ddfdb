"""Data of MNE and mTRFpy, in the axes that models take."""

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.data.matching import match_signals
from nems_dsl.data.reading import read_signal
from nems_dsl.interop import from_mne, from_mtrf

X = np.random.default_rng(0).normal(size=(4, 50, 3))


def test_arrays_in_the_order_of_mne():
    np.testing.assert_array_equal(from_mne(X.swapaxes(0, 1)), X)
    np.testing.assert_array_equal(from_mne(X[0]), X[0])
    assert from_mne(X[0, :, 0]).shape == (50, 1)
    with pytest.raises(ValueError, match="this is a list"):
        from_mne(list(X))


class Epochs:
    """As MNE keeps trials: (epochs, channels, times)."""

    def __init__(self, array):
        self.array = array

    def get_data(self, picks=None):
        return self.array if picks is None else self.array[..., picks, :]


class Raw(Epochs):
    first_samp = 0

    def get_data(self, picks=None, reject_by_annotation=None):
        assert reject_by_annotation == "NaN"
        return super().get_data(picks)


def test_objects_with_data():
    np.testing.assert_array_equal(from_mne(Epochs(X.swapaxes(1, 2))), X)
    np.testing.assert_array_equal(from_mne(Epochs(X.swapaxes(1, 2)), picks=[2, 0]), X[..., [2, 0]])
    np.testing.assert_array_equal(from_mne(Raw(X[0].T)), X[0])


def test_objects_of_mne():
    mne = pytest.importorskip("mne")
    info = mne.create_info(3, 100.0, "eeg")
    raw = mne.io.RawArray(X.reshape(200, 3).T, info, verbose=False)
    raw.set_annotations(mne.Annotations([0.5], [0.1], ["bad blink"]), verbose=False)
    found = from_mne(raw)
    bad = np.isnan(found).all(axis=1)
    assert found.shape == (200, 3) and 8 <= bad.sum() <= 12 and bad[52]
    np.testing.assert_array_equal(found[~bad], X.reshape(200, 3)[~bad])
    epochs = mne.EpochsArray(X.swapaxes(1, 2), info, verbose=False)
    np.testing.assert_allclose(from_mne(epochs), X)
    np.testing.assert_allclose(from_mne(epochs.average()), X.mean(axis=0))


@pytest.mark.parametrize("shape", [(4,), (1, 4), (4, 1)])
def test_trials_of_mtrf(shape):
    cell = np.empty(4, dtype=object)
    for i, trial in enumerate(X):
        cell[i] = trial[: 30 + i]
    for trials in (cell.reshape(shape), list(cell)):
        found = from_mtrf(trials)
        assert isinstance(found, list)
        for ours, theirs in zip(found, cell, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert [trial.shape for trial in from_mtrf(X)] == [(50, 3)] * 4
    assert [trial.shape for trial in from_mtrf(X[0])] == [(50, 3)]
    assert [trial.shape for trial in from_mtrf([trial[:, 0] for trial in X])] == [(50, 1)] * 4
    with pytest.raises(ValueError, match=r"the trials of the data differ in channels: \[2, 3\]"):
        from_mtrf([X[0], X[1, :, :2]])


def test_what_they_give_belongs_together():
    x = read_signal(from_mne(X.swapaxes(0, 1)), "the input")
    y = read_signal(from_mtrf([trial[:, 0] for trial in X]), "the target", role="response")
    assert match_signals({"stim": x}, y).response.lengths == [50] * 4


@pytest.mark.slow
def test_a_receptive_field_is_that_of_mne():
    mne = pytest.importorskip("mne")
    decoding = pytest.importorskip("mne.decoding")
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 2, 3))  # times, epochs, features
    kernel = rng.normal(size=(3, 4))
    y = sum(np.pad(x[..., f], ((k, 0), (0, 0)))[:300] * kernel[f, k]
            for f in range(3) for k in range(4))[..., None]  # fmt: skip
    theirs = decoding.ReceptiveField(0, 3, 1.0, estimator=1e-8, fit_intercept=False)
    with mne.use_log_level("error"):
        theirs.fit(x, y)
    ours = Model("fir.3x4").fit(from_mne(x), from_mne(y), shrinkage="none", verbose=0)
    np.testing.assert_allclose(ours.layers[0].parameters["coefficients"].values, kernel, atol=1e-5)
    np.testing.assert_allclose(from_mne(theirs.predict(x)), ours.predict(from_mne(x)), atol=1e-3)


def test_a_forward_model_is_that_of_mtrf():
    mtrf = pytest.importorskip("mtrf.model")
    rng = np.random.default_rng(2)
    stimulus = [rng.normal(size=(n, 3)) for n in (400, 300)]
    kernel = rng.normal(size=(3, 4))
    response = [
        sum(np.pad(s[:, f], (k, 0))[: len(s)] * kernel[f, k] for f in range(3) for k in range(4))
        for s in stimulus
    ]
    theirs = mtrf.TRF(direction=1)
    theirs.train(stimulus, [r[:, None] for r in response], 1, 0.0, 3.0, 1e-6)
    np.testing.assert_allclose(theirs.weights[:, :, 0], kernel, atol=1e-3)
    x, y = from_mtrf(stimulus), from_mtrf(response)
    ours = Model("fir.3x4").fit(x, y, shrinkage="none", verbose=0)
    np.testing.assert_allclose(ours.layers[0].parameters["coefficients"].values, kernel, atol=1e-5)
    predicted, _ = theirs.predict(stimulus, [r[:, None] for r in response])
    for one, other in zip(predicted, ours.predict(x), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-2)
