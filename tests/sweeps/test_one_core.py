"""One study: what a sweep writes of a fold is what `cross_validate` says of it, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, cross_validate, keyword_info, parse, sweep
from nems_dsl._threads import one_blas_thread
from nems_dsl.data import read_recording
from nems_dsl.studies.design import find_model_reach

N_FOLDS = 2
SHAPE = [0.2, 0.6, 0.4, 0.1]
LENGTHS = {"trials": [40, 30, 45], "time": [110]}
BRANCHED = [
    "a=wc.4x1-b=fir.1x5@a-c=fir.1x3@a-cat@b,c-wc.2x1.l2e-4-lvl.1",
    "a=wc.4x2-c=fir.2x4xR-b=wc.4xR@stim-mult@c,b-dexp.R",
    "a=wc.4x1-b=fir.1x4@a-c=relu.1.s@b-d=wc.4x1@stim-e=fir.1x6@d-cat@c,e-sum",
    "drive=wc.4xR-gain=wc.2xR@state-multexp@drive,gain-lvl.R",
    "wc.4x2-fir.2x4x2-wc.2xR-stategain.2xR",
]


def in_small(example):
    """Give a string with fewer channels and shorter filters."""
    for large, small in (("18", "6"), ("x15", "x4"), ("x25", "x4")):
        example = example.replace(large, small)
    return example


EXAMPLES = sorted({in_small(signature.example) for signature in keyword_info().values()})


@pytest.fixture(autouse=True)
def _one_thread():
    # sweeps add in the order of one thread, and so must what they are compared with
    with one_blas_thread():
        yield


def data_of(string, lengths, n_outputs):
    """Make trials of all that a model reads, and responses that have to do with it."""
    rng = np.random.default_rng(len(string))
    # what is left open is said by the data
    widths = {name: n if isinstance(n, int) else 6 for name, (n,) in parse(string).reads}
    signals = {
        name: [rng.gamma(2.0, 0.5, size=(length, n)) for length in lengths]
        for name, n in widths.items()
    }
    gains = np.linspace(0.5, 1.5, n_outputs)
    noise = [rng.gamma(2.0, 0.2, size=(length, n_outputs)) for length in lengths]
    drive = [np.convolve(x[:, 0], SHAPE)[: len(x), None] for x in signals["stim"]]
    return signals, [gains * x + e for x, e in zip(drive, noise, strict=True)]


# folds of trials differ from those of time in nothing that depends on the keyword
CASES = [
    *((string, 3 if "rep.3" in string else 2, "time") for string in EXAMPLES),
    *(
        pytest.param(string, 3 if "rep.3" in string else 2, "trials", marks=pytest.mark.slow)
        for string in EXAMPLES
    ),
    *((string, n, by) for string in BRANCHED for n in (1, 2) for by in LENGTHS),
]


@pytest.mark.slow
@pytest.mark.parametrize(("string", "n_outputs", "by"), CASES)
def test_a_sweep_scores_folds_as_cross_validation_does(string, n_outputs, by, tmp_path):
    x, y = data_of(string, LENGTHS[by], n_outputs)
    model = Model(string)
    one = model.has_one_output or n_outputs == 1
    bound = model.bind_data(read_recording(x, y), (1 if one else n_outputs,))
    is_endless = find_model_reach(bound).past is None
    arguments = {
        "n_folds": N_FOLDS,
        "by": by,
        "gap": 6 if is_endless and by == "time" else None,
        "max_iterations": 2,
    }
    found = cross_validate(string, x, y, **arguments)
    rows = sweep(
        string, {"cell": {**x, "resp": y}}, tmp_path / "r.db", "serial", show_progress=False,
        **arguments,
    ).to_pandas()  # fmt: skip
    assert set(rows.status) == {"ok"}, rows.error.tolist()
    assert len(rows) == N_FOLDS * (n_outputs if one else 1)
    # where little can be told of so few data, a fold may be predicted by a constant
    assert np.isfinite(found.scores).mean() >= 0.5
    for scores, name in ((found.scores, "r_test"), (found.scores_fit, "r_fit")):
        for row in rows.itertuples():
            of_fold = scores[row.fold]
            expected = of_fold[row.channel] if one else of_fold.mean()
            told = getattr(row, name)
            same = told == expected or (np.isnan(told) and np.isnan(expected))
            assert same, (name, row.fold, row.channel)
