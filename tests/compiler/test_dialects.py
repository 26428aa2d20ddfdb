"""Strings of other programs: what they say natively, what is refused, and the way back."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nems_dsl import Model, ModelStringError, canonical, convert, keyword_info, parse
from nems_dsl.compiler import DialectWarning
from nems_dsl.compiler.flags import read_flags, write_flag
from nems_dsl.keywords.dialects import DIALECTS, UNOFFERED
from nems_dsl.syntax import CODES, Flag, read, unparse

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs" / "dialects.md"
CORPUS = ROOT.parent / "shared" / "corpus" / "corpus_visible.tsv"
OFFERED = keyword_info()
NOT_OFFERED = {"E112", "E113"}

NEMS = {
    "wc.18x4-fir.15x4-dexp.1": "wc.18x4-fir.4x15-dexp.1",
    "wc.18x4-fir.15x4x3-lvl.3": "wc.18x4-fir.4x15x3-lvl.3",
    "wc.18x1x70-fir.15x1x70-relu.70.f-wc.70xR-dexp.R": (
        "wc.18x1x70-fir.1x15x70-relu.70-wc.70xR-dexp.R"
    ),
    "wc.18x4.l2-fir.15x4.l24": "wc.18x4.l2e-3-fir.4x15.l2e-4",
    "wc.18x4.l2:4-fir.15x4.l2:3": "wc.18x4.l2e-4-fir.4x15.l2e-3",
    "wc.18x2.l2:0d5": "wc.18x2.l231622776601683794e-17",
    "wc.18x2.g.n.p": "wc.18x2.g.n",
    "wc.18x2.b-relu.2.os": "wc.18x2-relu.2.s.o",
    "strf.18x2x15x4.relu.lvl": "strf.18x2x15x4.relu",
    "wc.18x4.i-fir.15x4": "wc.18x4-fir.4x15",
    "wc.18x4-relu.4-wc.18x3.i": "wc.18x4-relu.4-wc.18x3@stim",
    "LN.15x18": "fir.18x15-dexp.1",
    "LN.15x18x2.g.lvl": "wc.18x2.g-fir.2x15-lvl.1",
    "LNpop.10xNxRx20": "wc.Nx1x20-fir.1x10x20-wc.20xR-dexp.R",
    "LNpop.20xNxRx2.i.l2": "wc.Nx2xR.l2e-3-fir.2x20xR.l2e-3-dexp.R",
    "LNpop.15x18x5x2.wl2:4.g": "wc.18x1x2.g.l2e-4-fir.1x15x2-wc.2x5.l2e-4-dexp.5",
    "CNNpop.10x18x6x3x8.relu": ("wc.18x1x3-fir.1x10x3-relu.3.s-wc.3x8-relu.8.s-wc.8x6-relu.6.s.o"),
    "wc.18x5-relu.5-cat.relu1.input-wc.23x1": "wc.18x5-relu1=relu.5-cat@relu1,stim-wc.23x1",
    "wc.18x5-relu.5-skip.18x4.relu1.input": "wc.18x5-relu1=relu.5-skip.18x4@relu1,stim",
    "wc.18x5-wc.5x5-wc.18x5.i-cat.wc1.wc3": "wc1=wc.18x5-wc.5x5-wc3=wc.18x5@stim-cat@wc1,wc3",
    "cat.s.input.face": "cat.s@stim,face",
    "wc.18x4-fir.15x4.s2": "wc.18x4-fir.4x15.s2",
    "wc.18x4-fir.15x4.p2z1fs100": "wc.18x4-fir.4x15.p2",
    "strf.18x2x15.sk50": "strf.18x2x15.sk5e-1",
}
NEMS0 = {
    "wc.18x4-fir.4x15-lvl.1-dexp.1": "wc.18x4-fir.4x15-lvl.1-dexp.1",
    "dlog-wc.18x2.g-fir.2x15-relu.1": "dlog.N-wc.18x2.g-fir.2x15-relu.1.s",
    "wc.18x16.g-fir.4x15x4-relu.4": "wc.18x4x4.g-fir.4x15x4-relu.4.s",
    "wc.18x4-fir.4x15x4": "wc.18x4-fir.4x15x4",
    "wc.18x70-fir.1x15x70": "wc.18x70-fir.1x15x70",
    "wc.18x2-stp.2.s": "wc.18x2-stp.2.ue-1",
    "wc.18x4-relu.4.f": "wc.18x4-relu.4",
    "wc.18x4-relu.4.b": "wc.18x4-relu.4.s.o",
    "wc.18x4-relu.4.f.b": "wc.18x4-relu.4.o",
    "wc.18x1-stategain.S": "wc.18x1-stategain.Sx1",
    "wc.18x1-stategain.3.g": "wc.18x1-stategain.3x1.g",
}


def expected(string, native, dialect):
    """Compare what a string says natively, or skip it where a keyword is not offered yet."""
    try:
        tree = parse(string, dialect)
    except ModelStringError as fault:
        if {each.code for each in fault.diagnostics} & NOT_OFFERED:
            pytest.skip(fault.diagnostics[0].message)
        raise
    if dialect == "nems0" and native.startswith("dlog"):
        native = canonical(native)
    assert tree.string == canonical(native)


@pytest.mark.parametrize(("string", "native"), NEMS.items())
def test_nems(string, native):
    expected(string, native, "nems")


@pytest.mark.parametrize(("string", "native"), NEMS0.items())
def test_nems0(string, native):
    expected(string, native, "nems0")


def fault_of(string, dialect):
    with pytest.raises(ModelStringError) as caught:
        parse(string, dialect, strict=True)
    return caught.value


def test_a_shape_in_the_native_order_is_told_both_ways_out():
    fault = fault_of("wc.18x4-fir.4x15-dexp.1", "nems")
    assert str(fault) == (
        "error[E301]: `4x15` is not how `nems` writes `fir`: taps come first there, and 4 channels "
        "come in\n"
        "  wc.18x4-fir.4x15-dexp.1\n"
        "              ^^^^\n"
        '  help: write fir.15x4, or read the string as native (dialect="native")'
    )
    assert fault_of("wc.18x4-fir.4x15x3.l2-lvl.3", "nems").code == "E301"
    assert fault_of("wc.18x4-fir.15x3", "nems").code == "E201"


FAULTS = {
    ("wc.18x4.gg", "nems"): ("E102", "wc.18x4.g"),
    ("wc.18x4.l2e-3", "nems"): ("E113", "wc.18x4"),
    ("wc.18x4.rnd", "nems0"): ("E113", "wc.18x4"),
    ("lvl.1.foo", "nems0"): ("E102", ""),
    ("dlog.c4", "nems0"): ("E113", "dlog"),
    ("conv2d.4.8x3.rep3", "nems0"): ("E112", ""),
    ("stp.2.q", "nems"): ("E102", ""),
    ("wc.18x4-fir.15x3", "nems"): ("E201", "fir.15x4"),
    ("wc.18x4-fir.3x15", "nems0"): ("E201", "fir.4x15"),
    ("wc.18x4x2", "nems0"): ("E104", ""),
    ("tanh.1", "nems"): ("E101", ""),
    ("hrtf.18", "nems"): ("E112", ""),
    ("hrtf.18", "native"): ("E112", ""),
    ("LN.15x18x2", "native"): ("E112", ""),
    ("mult", "nems"): ("E112", ""),
    ("LN.15", "nems"): ("E104", "LN.10x18x5.dexp"),
    ("wc.18x4-LN.15x4", "nems"): ("E303", "LN.15x4"),
    ("a=wc.18x4", "nems"): ("E010", ""),
    ("wc.18x4@stim", "nems"): ("E010", ""),
    ("zs_wc.18x4_", "nems"): ("E005", "wc.18x4"),
    ("wc.18X4", "nems"): ("E008", "wc.18x4"),
    ("relux.3", "nems"): ("E101", "relu.3"),
}


@pytest.mark.parametrize(("string", "dialect"), FAULTS)
def test_faults(string, dialect):
    code, proposal = FAULTS[string, dialect]
    fault = fault_of(string, dialect)
    assert fault.code == code
    assert fault.code in CODES
    assert proposal in fault.hint
    if proposal and code not in ("E201", "E303"):
        parse(proposal, dialect)


def test_faults_of_all_keywords_are_reported_together():
    fault = fault_of("wc.18x4.gg-fir.15x3.zz-relu.1", "nems")
    assert [each.code for each in fault.diagnostics] == ["E102", "E201", "E102"]


@pytest.mark.parametrize("head", UNOFFERED)
@pytest.mark.parametrize("dialect", ["native", *DIALECTS])
def test_a_head_that_is_not_offered_is_named(head, dialect):
    if head in OFFERED or head in DIALECTS.get(dialect, DIALECTS["nems"]).heads:
        return
    fault = fault_of(f"{head}.18", dialect)
    assert (fault.code, f"`{head}`" in str(fault)) == ("E112", True)


# ---- and back ------------------------------------------------------------------------------------


@pytest.mark.parametrize("string", NEMS)
def test_nems_strings_come_back_from_native(string):
    try:
        native = convert(string, "nems", "native")
        again = convert(native, "native", "nems")
    except ModelStringError:
        return
    assert parse(again, "nems").string == native


CHAIN = st.lists(
    st.sampled_from(
        [
            "wc.4x4", "wc.4x4.g", "wc.4x4.n.l2", "wc.4x4.l2e-4", "wc.4x4@stim", "wc.4x4.p",
            "fir.4x15x4", "fir.4x15x3-wc.3x4", "fir.4x15-wc.1x4", "strf.4x2x15x4.relu",
            "relu.4", "relu.4.s", "relu.4.o", "relu.4.os.g", "dexp.4", "lvl", "stp.4", "wc1=wc.4x4",
            "wc.4x1x4-fir.1x8x4", "wc.4x4.l2316e-6", "wc.4x4@state",
        ]
    ),
    min_size=1,
    max_size=5,
)  # fmt: skip


@given(CHAIN, st.sampled_from(list(DIALECTS)))
def test_what_is_converted_comes_back(keywords, dialect):
    string = "-".join(keywords)
    try:
        native = canonical(string)
    except ModelStringError:
        return
    try:
        there = convert(string, "native", dialect)
    except ModelStringError as fault:
        assert fault.code == "E302"
        return
    assert convert(there, dialect, "native") == native
    assert convert(there, dialect, dialect) == there


def test_the_native_target_is_the_canonical_form():
    assert convert("wc.18x4.n.g-fir.x15", "native", "native") == "wc.18x4.g.n-fir.4x15"


@pytest.mark.parametrize(
    ("string", "target", "reason"),
    [
        ("wc.18x4-fir.4x15x4", "nems", "one filter for each channel"),
        ("a=wc.18x4-relu.4@a", "nems", "this one is called wc1"),
        ("wc.18x4-relu.4@face", "nems", "cannot name what it reads"),
        ("wc.18x4.n", "nems0", "no option for `n`"),
        ("wc.18x4x3", "nems0", "a shape of 2 sizes"),
        ("strf.18x4", "nems0", "no keyword for `strf`"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(string, target, reason):
    with pytest.raises(ModelStringError, match=reason) as caught:
        convert(string, "native", target)
    assert caught.value.code == "E302"


def test_unknown_dialects():
    for call in (lambda: parse("lvl", "nem"), lambda: convert("lvl", "native", "nem")):
        with pytest.raises(ValueError, match="did you mean 'nems'"):
            call()


def test_a_model_is_built_from_a_dialect():
    model = Model("wc.18x4-fir.15x4-dexp.1", dialect="nems")
    assert model.string == "wc.18x4-fir.4x15-dexp.1"
    assert str(parse("wc.Nx4-fir.15x4", "nems", N=18)) == "wc.18x4-fir.4x15"
    if "stategain" in OFFERED:
        assert str(parse("wc.18x1-stategain.3x1", "nems", S=2)) == "wc.18x1-stategain.2x1.c"


WORDS = st.sampled_from(
    [
        *DIALECTS["nems"].heads, *DIALECTS["nems0"].heads, "hrtf", "q",
        ".", ".", ".", "-", "-", "x", "4x15", "18x4", "15x4", "NxR", "2x2x2", "0", "1",
        "10x18x6x3x8",
        "g", "b", "i", "s", "l2:4", "l2:3d5", "l2e-3", "p2z1fs100", "sk50", "input", "wc1", "relu1",
        "@", "=", ",", "_", " ", "é", "c#", "x1,2", "b0d001:5",
    ]
)  # fmt: skip


@given(st.lists(WORDS, max_size=14).map("".join), st.sampled_from([*DIALECTS, "native"]))
def test_nothing_but_model_string_errors_escapes(string, dialect):
    for call in (parse, lambda s, d: [convert(s, d, target) for target in (*DIALECTS, "native")]):
        try:
            call(string, dialect)
        except ModelStringError as fault:
            for each in fault.diagnostics:
                assert each.code in CODES
                assert 0 <= each.span.start <= each.span.stop <= max(len(string), 1)


# ---- tables --------------------------------------------------------------------------------------


@given(st.integers(0, 30), st.sampled_from(["", "d5", "d25", "d125"]))
def test_penalties_come_back(whole, decimals):
    row = DIALECTS["nems"].heads["wc"]
    (flag,), faults = read_flags(row, [Flag(f"l2:{whole}{decimals}")], 2)
    assert not faults
    again = write_flag(row, flag.native[0])
    (same,), _ = read_flags(row, [Flag(again)], 2)
    assert same.native == flag.native


def test_tables_name_native_options_as_they_are_declared():
    for dialect in DIALECTS.values():
        for row in dialect.heads.values():
            for flag in row.flags:
                for name in (*flag.native, *flag.removes):
                    assert re.fullmatch("[a-z]+[0-9]*(#|e-[0-9])?", name)
            for n, order in row.orders.items():
                assert sorted(order) == list(range(n))


def test_the_page_shows_what_is_so():
    results = doctest.testfile(str(DOCS), module_relative=False)
    assert results.attempted >= 4
    assert not results.failed
    rows = re.findall(r"^\| `(nems0?)`: (.*?) \| (.*?) \|$", DOCS.read_text("utf-8"), re.M)
    pairs = [(d, *re.findall(r"`([^`]+)`", a + b)) for d, a, b in rows if "..." not in a]
    assert len(pairs) >= 8
    for dialect, there, *_, native in (pair for pair in pairs if len(pair) == 3):
        if "." in there and "." in native:
            expected(there, native, dialect) if there.split(".")[0] in OFFERED else None


# ---- the corpus ----------------------------------------------------------------------------------


def sections():
    """Give each string of the corpus with a dialect, as dialect and model section."""
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        n_sections, dialect, string = line.split("\t")
        if dialect in DIALECTS and n_sections in "13":
            text = read(string)
            yield dialect, unparse(text.sections[len(text.sections) // 2])


@pytest.mark.filterwarnings("ignore::nems_dsl.compiler.DialectWarning")
@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_strings_of_the_corpus():
    parsed, refused = 0, []
    for dialect, string in sections():
        try:
            assert convert(string, dialect, "native")
            parsed += 1
        except ModelStringError as fault:
            codes = {each.code for each in fault.diagnostics}
            if not codes & NOT_OFFERED:
                refused.append((dialect, string, codes))
    # the rest do not fit together by themselves, or have banks of their own making
    assert parsed >= 0.95 * (parsed + len(refused)), refused


def test_what_says_something_of_a_fit_alone_is_left_out_and_told():
    string = "wc.2x2.c-fir.2x15.z-lvl.1-stategain.2.b0d001:5"
    with pytest.warns(DialectWarning) as told:
        assert convert(string, "nems0", "native") == "wc.2x2-fir.2x15-lvl.1-stategain.2x1"
    assert all(f"`{option}`" in str(told[0].message) for option in ("c", "z", "b0d001:5"))
    with pytest.raises(ModelStringError) as raised:
        convert(string, "nems0", "native", strict=True)
    assert [each.code for each in raised.value.diagnostics] == ["E113"] * 3


@pytest.mark.parametrize(
    ("string", "native", "bound"),
    [
        ("wc.18x3R.g-fir.3x15xR", "wc.18x3xR.g-fir.3x15xR", "wc.18x3x5.g-fir.3x15x5"),
        ("wc.18x6R-fir.3x9x2R", "wc.18x3x2R-fir.3x9x2R", "wc.18x3x10-fir.3x9x10"),
        ("wc.18xR-fir.1x9xR", "wc.18xR-fir.1x9xR", "wc.18x5-fir.1x9x5"),
    ],
)
def test_filters_of_inputs_of_their_own_for_each_response(string, native, bound):
    assert str(parse(string, "nems0")) == native
    assert str(parse(string, "nems0", R=5)) == bound


def test_the_state_of_the_data_tells_a_constant_row():
    rng = np.random.default_rng(0)
    x, state = rng.random((50, 4)), rng.random((50, 2))
    known = Model("wc.4x1-stategain.3x1", dialect="nems", S=2)
    told = Model("wc.4x1-stategain.3x1", dialect="nems").bind_data({"stim": x, "state": state})
    assert told.string == known.string == "wc.4x1-stategain.2x1.c"
    # without one nothing changes, and parameters stay
    plain = Model("wc.4x1-stategain.2x1", dialect="nems")
    plain.set_parameter_values({"wc": {"coefficients": np.ones((4, 1))}})
    assert plain.bind_data({"stim": x, "state": state}) is plain


def test_a_list_of_numbers_is_no_misspelt_shape():
    with pytest.raises(ModelStringError) as raised:
        parse("wc.18x1-stategain.3.0,1", "nems0")
    assert "E113" in str(raised.value) and "`0,1`" in str(raised.value)
    with pytest.raises(ModelStringError, match="not a shape"):
        parse("fir.4,15")
