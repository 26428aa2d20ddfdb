"""Data sets: what may be given, what tells them apart, what is refused."""

import numpy as np
import pytest

from nems_dsl.sweeps.running.datasets import SharedFilesError, share_datasets

RNG = np.random.default_rng(0)
X, Y = RNG.random((6, 50, 3)), RNG.random((6, 50, 2))
STATE = RNG.random((6, 50, 1))
LABELS = [0, 1, 2, 0, 1, 2]


class Recording:
    stim, resp = X, Y


def share(tmp_path, given, name="cell"):
    (dataset,) = share_datasets({name: given}, tmp_path)
    return dataset


@pytest.mark.parametrize(
    "given",
    [
        (X, Y),
        (list(X), list(Y)),
        ({"stim": X}, Y),
        {"stim": X, "resp": Y},
        {"x": X, "y": Y, "fs": 100.0, "state": None},
        Recording(),
        lambda: (X, Y),
        lambda: Recording(),
    ],
)
def test_forms_of_data_are_one(tmp_path, given):
    dataset = share(tmp_path, given)
    opened = dataset.open()
    assert list(opened.signals) == ["stim"]
    for trials, whole in ((opened.signals["stim"], X), (opened.target, Y)):
        np.testing.assert_array_equal(np.stack(trials), whole)
    assert dataset.lengths == (50,) * 6
    assert (dataset.n_inputs, dataset.n_channels, dataset.groups) == ({"stim": 3}, 2, None)
    assert dataset.digest == share(tmp_path, (X, Y)).digest


def test_files(tmp_path):
    np.savez(tmp_path / "one.npz", stim=X, resp=Y, state=STATE)
    np.savez(tmp_path / "two.npz", x=X[0], y=Y[0, :, 0])
    one, two = share_datasets([tmp_path / "one.npz", str(tmp_path / "two.npz")], tmp_path)
    assert (one.name, one.n_inputs, one.n_channels) == ("one", {"stim": 3, "state": 1}, 2)
    assert (two.name, two.lengths, two.n_channels) == ("two", (50,), 1)
    (named,) = share_datasets({"A1": tmp_path / "one.npz"}, tmp_path)
    assert named.name == "A1"
    (single,) = share_datasets(tmp_path / "one.npz", tmp_path)
    assert single == one


def test_repeats_and_state(tmp_path):
    dataset = share(tmp_path, (X, Y, LABELS, STATE))
    assert dataset.groups == tuple(LABELS)
    assert dataset.n_inputs == {"stim": 3, "state": 1}
    assert dataset == share(
        tmp_path, {"stim": X, "resp": Y, "repeats": np.array(LABELS), "state": STATE}
    )


def test_the_digest_tells_data_apart(tmp_path):
    other = Y.copy()
    other[0, 0, 0] = np.nextafter(other[0, 0, 0], 2)
    longer = [np.concatenate(X[:2]), *X[2:]], [np.concatenate(Y[:2]), *Y[2:]]
    given = [(X, Y), (X, other), longer, (X, Y, LABELS), (X, Y, None, STATE), (Y, X)]
    digests = [share(tmp_path, each).digest for each in given]
    digests.append(share(tmp_path, (X, Y), "another").digest)
    assert len(set(digests)) == len(digests)
    assert share(tmp_path, (X.copy(), Y)).digest == digests[0]
    # float32 data are those numbers
    assert (
        share(tmp_path, (X.astype("f4"), Y)).digest
        == share(tmp_path, (X.astype("f4").astype(float), Y)).digest
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((X, Y[:, :40]), "data set 'cell': the target does not match the input"),
        ((np.full_like(X, np.nan), Y), "data set 'cell': the input 'stim' is NaN at trial 0"),
        ((X, np.full_like(Y, np.inf)), "data set 'cell': the target is infinite"),
        ({"stim": X}, "data set 'cell': a dict of signals needs .* it has 'stim'"),
        ({"stim": X, "x": X, "resp": Y}, "one stimulus, .* it has 'stim', 'x', 'resp'"),
        ((X, Y, LABELS[:3]), r"data set 'cell': repeats must be one label.* shape \(3,\)"),
        ((X, Y, RNG.random((5, 6, 50))), r"repeats must be one label.* shape \(5, 6, 50\)"),
        ((X, Y, [1] * 6), "all 6 trials have the label 1"),
        (X, r"data set 'cell': it must be a tuple \(x, y\).* not an array of shape \(6, 50, 3\)"),
        ((X,), "not a tuple of 1"),
        (None, "not NoneType"),
    ],
)
def test_errors_name_the_data_set(tmp_path, given, message):
    with pytest.raises((ValueError, TypeError), match=message):
        share(tmp_path, given)


def test_errors_of_the_whole(tmp_path):
    for nothing in ({}, []):
        with pytest.raises(ValueError, match="no data sets"):
            share_datasets(nothing, tmp_path)
    with pytest.raises(TypeError, match="must be a dict of names and data"):
        share_datasets((X, Y), tmp_path)
    with pytest.raises(TypeError, match="named by text"):
        share_datasets({1: (X, Y)}, tmp_path)
    with pytest.raises(ValueError, match="two data sets are called 'a'"):
        share_datasets(["one/a.npz", "two/a.npz"], tmp_path)
    with pytest.raises(FileNotFoundError) as found:
        share_datasets({"A1": tmp_path / "none.npz"}, tmp_path)
    assert found.value.__notes__ == ["while the data set 'A1' was loaded"]


def test_mapped_arrays_are_shared_and_private(tmp_path):
    dataset = share(tmp_path, (X, Y))
    first, second = dataset.open().signals, dataset.open().signals
    # compiled code for arrays that are read-only would be another
    first["stim"][0][0, 0] = 17.0
    assert second["stim"][0][0, 0] == X[0, 0, 0]


def test_files_that_a_worker_does_not_see(tmp_path):
    dataset = share(tmp_path, (X, Y))
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(SharedFilesError, match=r"data set 'cell'.*scratch="):
        dataset.open()
