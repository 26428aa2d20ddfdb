"""Experiment strings of other programs: what is said natively, and what is named and left out."""

from pathlib import Path

import pytest

from nems_dsl import ModelStringError, canonical, convert
from nems_dsl.compiler import DialectWarning
from nems_dsl.experiments.foreign import parse_foreign

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "corpus_visible.tsv"
# keywords of other programs, and strings that do not fit together by themselves
NOT_OFFERED = {"E101", "E112", "E201"}
MODEL, NATIVE = "dlog-wc.18x1.g-fir.1x15-lvl.1", "dlog.18-wc.18x1.g-fir.1x15-lvl.1"


@pytest.mark.parametrize(
    ("prep", "fit", "expected"),
    [
        ("norm", "jk.nf10-basic", f"mm-mm.r-kf10_{NATIVE}_"),
        ("norm.ms.s", "basic.t7", f"zs_{NATIVE}_search.te-7"),
        ("norm.r-tev.v20", "init.rb5-basic.mi100", f"mm.r_{NATIVE}_start.staged.n5-search.i100"),
        ("tev", "jk.nf5.bt", None),
        ("aev", "init", f"est100_{NATIVE}_start.staged"),
    ],
)
def test_words_that_mean_something_here(prep, fit, expected):
    string = f"{prep}_{MODEL}_{fit}"
    if expected is None:
        with pytest.raises(ModelStringError, match="second way to split"):
            parse_foreign(string, "nems0")
        return
    experiment, notices = parse_foreign(string, "nems0")
    assert str(experiment) == expected == convert(string, "nems0", "native")
    assert not notices and experiment.foreign == (prep, fit)


def test_what_means_nothing_here_is_named_or_refused():
    string = f"ozgf.fs100.ch18-ld-norm.l1-sev_{MODEL}_tf.n"
    with pytest.warns(DialectWarning) as told:
        assert canonical(string, "nems0") == NATIVE
    message = str(told[0].message)
    for word in ("ozgf.fs100.ch18: it loads a spectrogram", "norm.l1: with these options", "tf.n"):
        assert word in message
    with pytest.raises(ValueError, match=r"left out of .*it loads a spectrogram"):
        convert(string, "nems0", "native", strict=True)


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
@pytest.mark.filterwarnings("ignore::nems_dsl.compiler.DialectWarning")
def test_experiments_of_the_corpus():
    n_read, refused = 0, []
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        n_sections, dialect, string = line.split("\t")
        if n_sections != "3" or dialect == "unknown":
            continue
        try:
            found = convert(string, dialect, "native")
            assert canonical(found) == found
            n_read += 1
        except ModelStringError as fault:
            codes = {each.code for each in fault.diagnostics}
            if not codes & NOT_OFFERED:
                refused.append((string, codes))
    assert n_read > 200 and not refused
