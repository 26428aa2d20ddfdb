"""The speech data: form, range, provenance, and how they were reduced."""

import importlib.util
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from nems_dsl.datasets import load_speech

ROOT = Path(__file__).resolve().parents[2]
FULL = ROOT.parent / "shared" / "data" / "speech.npz"


@pytest.fixture(scope="module")
def speech():
    return load_speech()


def test_form(speech):
    lengths = [6000, 5203, 6000, 6000, 6000, 6000]
    assert [stim.shape for stim in speech.stim] == [(n, 18) for n in lengths]
    assert [resp.shape for resp in speech.resp] == [(n, 7) for n in lengths]
    assert speech.fs == 100.0 and len(speech.channels) == 7
    for array in speech.stim + speech.resp:
        assert array.dtype == np.float64 and array.flags.c_contiguous and array.flags.writeable
        assert np.isfinite(array).all()


def test_range(speech):
    stim = np.concatenate(speech.stim)
    assert stim.min() == 0.0 and stim.max() == 1.0
    resp = np.concatenate(speech.resp)
    np.testing.assert_allclose(resp.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(resp.std(axis=0), 1.0, atol=1e-4)


def test_responses_follow_the_sound(speech):
    loudness, resp = np.concatenate(speech.stim).mean(axis=1), np.concatenate(speech.resp)
    late = [np.corrcoef(loudness[:-10], channel[10:])[0, 1] for channel in resp.T]
    assert np.max(np.abs(late)) > 0.2


def test_each_call_gives_new_arrays(speech):
    other = load_speech()
    other.stim[0][:] = 7
    assert speech.stim[0].max() <= 1.0


def test_provenance(speech):
    assert "naplib" in speech.source and "MIT" in speech.licence
    readme = files("nems_dsl.datasets").joinpath("README.md").read_text(encoding="utf-8")
    assert "Copyright (c) The naplib-python developers" in readme
    assert "naplib" in (ROOT / "NOTICE").read_text(encoding="utf-8")


def test_size():
    data = files("nems_dsl.datasets").joinpath("speech_small.npz").read_bytes()
    assert len(data) < 1_000_000


def test_repr_is_short(speech):
    assert len(repr(speech)) < 200


@pytest.mark.skipif(not FULL.exists(), reason="the full data are not beside the tree")
def test_reduction_is_reproducible():
    path = ROOT / "docs" / "data" / "reduce_speech.py"
    spec = importlib.util.spec_from_file_location("reduce_speech", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    shipped = files("nems_dsl.datasets").joinpath("speech_small.npz")
    with np.load(FULL) as full, shipped.open("rb") as stream, np.load(stream) as stored:
        arrays = script.reduced(full)
        assert sorted(arrays) == sorted(stored)
        for name, array in arrays.items():
            assert stored[name].dtype == array.dtype
            np.testing.assert_array_equal(stored[name], array)


def test_written_bytes_depend_on_the_arrays_only(tmp_path):
    path = ROOT / "docs" / "data" / "reduce_speech.py"
    spec = importlib.util.spec_from_file_location("reduce_speech", path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    arrays = {"a": np.arange(5), "fs": np.float64(100)}
    for name in ("one.npz", "two.npz"):
        script.write(tmp_path / name, arrays)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as stored:
        np.testing.assert_array_equal(stored["a"], np.arange(5))
