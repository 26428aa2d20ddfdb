"""Experiment strings of other programs: what is said natively, and what is named and left out."""

from pathlib import Path

import pytest

from nems_dsl import ModelStringError, canonical, convert, parse
from nems_dsl.compiler import DialectWarning
from nems_dsl.compiler.dialects.oldest import modernise
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


@pytest.mark.parametrize(
    ("oldest", "today"),
    [
        ("wc18x1_lvl1_fir15x1", "wc.18x1-lvl.1-fir.15x1"),
        ("wcg18x1_stp1_firNx15_dexp1", "wc.18x1.g-stp.1-fir.Nx15-dexp.1"),
        (
            "ozgf100ch18_dlog_wcg18x1_fir1x15_lvl1_dexp1_basic",
            "ozgf100ch18_dlog-wc.18x1.g-fir.1x15-lvl.1-dexp.1_basic",
        ),
        ("zs_wc18x1_", None),
        ("est80_lvl1_seed0", None),
    ],
)
def test_the_oldest_spelling_is_known_and_explained(oldest, today):
    """It is refused with what it is today; converting reads it, and says so."""
    assert modernise(oldest) == today
    for dialect in ("native", "nems0", "nems"):
        for read in (canonical, parse):
            with pytest.raises(ModelStringError) as told:
                read(oldest, dialect)
            assert (told.value.code == "E304") is (today is not None)
            if today is not None:
                assert f"spelled {today};" in told.value.hint
    if today is not None and "N" not in today and "15x1" not in today:
        with pytest.warns(DialectWarning) as told:
            assert convert(oldest, "nems0", "native") == f"{NATIVE}-dexp.1"
        said = [str(each.message) for each in told]
        assert f"{oldest[:20]}" in said[0] and f"read as {today}" in said[0]
        assert "ozgf100ch18: it has no meaning here" in said[1]


def test_two_sections_are_preparation_and_model():
    string = "norm_wc.18x1-lvl.1"
    assert (
        canonical(string, "nems0") == "mm-mm.r_wc.18x1-lvl.1_" == canonical(f"{string}_", "nems0")
    )
    with pytest.raises(ModelStringError, match="E004"):
        canonical(string)


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
