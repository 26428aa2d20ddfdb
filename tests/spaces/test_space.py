"""Model spaces: what they expand to, in which order, and what is wrong with some of it."""

import itertools
import subprocess
import sys
import tracemalloc
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl import Model, ModelStringError, keyword_info, parse
from nems_dsl.experiments.strings import read_experiment
from nems_dsl.spaces import SpaceWarning, expand, preview
from nems_dsl.spaces.variant import VariantReader
from nems_dsl.syntax import CODES, Span, unparse_space
from nems_dsl.syntax.space_check import check_groups
from tests.syntax.space_strategies import PATTERNS, spell_out

SPACES = {
    "wc.18x4": (["wc.18x4"], [{}]),
    "wc.18x{1,2,4}": (["wc.18x1", "wc.18x2", "wc.18x4"], [{"v1": 1}, {"v1": 2}, {"v1": 4}]),
    "wc.{2..10..4}x1": (["wc.2x1", "wc.6x1", "wc.10x1"], [{"v1": 2}, {"v1": 6}, {"v1": 10}]),
    "wc.{2..9..4}x1": (["wc.2x1", "wc.6x1"], [{"v1": 2}, {"v1": 6}]),
    "wc.{1,4..5}x1": (["wc.1x1", "wc.4x1", "wc.5x1"], [{"v1": 1}, {"v1": 4}, {"v1": 5}]),
    "wc.18x{r=1..2}-fir.{r}x{n=5,9}": (
        ["wc.18x1-fir.1x5", "wc.18x1-fir.1x9", "wc.18x2-fir.2x5", "wc.18x2-fir.2x9"],
        [{"r": 1, "n": 5}, {"r": 1, "n": 9}, {"r": 2, "n": 5}, {"r": 2, "n": 9}],
    ),
    "wc.4x1-{dexp,relu.s}.1": (
        ["wc.4x1-dexp.1", "wc.4x1-relu.s.1"],
        [{"v1": "dexp"}, {"v1": "relu.s"}],
    ),
    "wc.4x2{stp=no:,yes:-stp.{t=x,e}.2}": (
        ["wc.4x2", "wc.4x2-stp.x.2", "wc.4x2-stp.e.2"],
        [{"stp": "no", "t": None}, {"stp": "yes", "t": "x"}, {"stp": "yes", "t": "e"}],
    ),
    "wc.4x2[-stp.2[.x]]": (
        ["wc.4x2", "wc.4x2-stp.2", "wc.4x2-stp.2.x"],
        [{"v1": False, "v2": None}, {"v1": True, "v2": False}, {"v1": True, "v2": True}],
    ),
    "wc.4x{{r=1,2},{r=3}}-lvl.{r}": (
        ["wc.4x1-lvl.1", "wc.4x2-lvl.2", "wc.4x3-lvl.3"],
        [{"v1": 1, "r": 1}, {"v1": 2, "r": 2}, {"v1": 3, "r": 3}],
    ),
    "wc.4x1.l2{e-3,1e-2,15}": (
        ["wc.4x1.l2e-3", "wc.4x1.l21e-2", "wc.4x1.l215"],
        [{"v1": 0.001}, {"v1": 0.01}, {"v1": 15}],
    ),
    "wc.4x1-{nl=soft:srelu,2:relu}.1": (
        ["wc.4x1-srelu.1", "wc.4x1-relu.1"],
        [{"nl": "soft"}, {"nl": 2}],
    ),
    "wc.4x{r=1,2}{s=no:,yes:-lvl.{r}}{s}": (
        ["wc.4x1", "wc.4x1-lvl.1-lvl.1", "wc.4x2", "wc.4x2-lvl.2-lvl.2"],
        [{"r": 1, "s": "no"}, {"r": 1, "s": "yes"}, {"r": 2, "s": "no"}, {"r": 2, "s": "yes"}],
    ),
}


@pytest.mark.parametrize("pattern", SPACES)
def test_a_space_is(pattern):
    strings, values = SPACES[pattern]
    space = expand(pattern)
    assert len(space) == space.n_variants == len(strings)
    assert [space[n].string for n in range(len(space))] == strings
    assert [space[n].values for n in range(len(space))] == values
    assert space.variables == tuple(values[0])
    assert [variant.string for variant in space] == strings
    assert [variant.canonical for variant in space] == [parse(s).string for s in strings]


def test_a_pattern_may_be_written_over_several_lines():
    space = expand("wc.18x{r=1..2}\n  [-stp.{r}]\n  - fir.{r}x15")
    assert [variant.canonical for variant in space] == [
        "wc.18x1-fir.1x15",
        "wc.18x1-stp.1-fir.1x15",
        "wc.18x2-fir.2x15",
        "wc.18x2-stp.2-fir.2x15",
    ]


def test_exclusive_alternatives_may_define_the_same_variable():
    space = expand("{a:wc.18x{r=1,2}-fir.x15,b:strf.18x{r=3,4}x15}-lvl.1")
    assert [(variant.values["v1"], variant.values["r"]) for variant in space] == [
        ("a", 1), ("a", 2), ("b", 3), ("b", 4),
    ]  # fmt: skip
    assert space.named == ("r",)


@settings(deadline=None, max_examples=200)
@given(PATTERNS)
def test_variants_are_those_of_slow_enumeration(pattern):
    slow = list(itertools.islice(spell_out(pattern.body, {}), 301))
    if len(slow) > 300:
        return
    space = expand(unparse_space(pattern))
    assert len(space) == len(slow)
    for number, (string, texts) in enumerate(slow):
        variant = space[number]
        assert variant.string == string
        assert variant.number == number
        assert check_groups(string) is None
        assert not set(string) & set("{}[]")
        assert set(variant.values) == set(space.variables)
        assert set(texts) == {n for n in space.named if variant.values[n] is not None}


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from([*"{}[],=:-.", "r=", "{r}", "wc.", "1..3", "4x1", "dexp", "a"])))
def test_nothing_but_a_model_string_error_leaves(parts):
    pattern = "".join(parts)
    try:
        space = expand(pattern, limit=200)
        error = space.error
    except ModelStringError as fault:
        error = fault
    if error is not None:
        assert error.string == pattern
        for fault in error.diagnostics:
            assert fault.code in CODES
            assert 0 <= fault.span.start <= fault.span.stop <= len(pattern)


def test_variants_can_be_had_by_number_alone():
    space = expand("wc.18x{r=1..1000}-fir.{r}x{1..1000}-{dexp,relu}.{1..1000000}", limit=None)
    assert space.n_variants == 2 * 10**12
    assert space[10**12 + 1].string == "wc.18x501-fir.501x1-dexp.2"
    assert space[-1].string == "wc.18x1000-fir.1000x1000-relu.1000000"
    assert next(iter(space)).string == "wc.18x1-fir.1x1-dexp.1"
    with pytest.raises(IndexError, match="no variant 2000000000000"):
        space[2 * 10**12]


def test_a_count_may_be_astronomical():
    pattern = "wc.4x1" + "-{dexp,lvl}.1" * 700
    assert expand(pattern, limit=None).n_variants == 2**700
    with pytest.raises(ModelStringError, match=r"about 10\^211 variants; more than 1,000,000"):
        expand(pattern)


@pytest.mark.parametrize("limit", [1, 5, 6, None])
def test_the_limit_is_the_callers(limit):
    if limit is None or limit >= 6:
        assert len(expand("wc.4x{1..6}", limit=limit)) == 6
        return
    with pytest.raises(ModelStringError) as caught:
        expand("wc.4x{1..6}", limit=limit)
    assert caught.value.code == "E507"


def test_long_variants_are_refused_before_they_are_written():
    names = ["a0", *(f"a{n}" for n in range(1, 200))]
    doubled = "".join(f"{{{b}={{{a}}}{{{a}}}}}" for a, b in itertools.pairwise(names))
    with pytest.raises(ModelStringError, match="more than 10,000 characters"):
        expand("wc.4x1{a0=-lvl.1}" + doubled)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"limit": 0}, ValueError),
        ({"limit": 1.5}, TypeError),
        ({"limit": True}, TypeError),
        ({"where": 3}, TypeError),
        ({"dialect": "latin"}, ValueError),
        ({"N": 0}, ValueError),
        ({"R": "two"}, TypeError),
    ],
)
def test_wrong_arguments_are_refused(arguments, error):
    with pytest.raises(error):
        expand("wc.4x{1,2}", **arguments)


@pytest.mark.parametrize("name", ["loss", "fold", "cellid", "in", "true", "None", "v1"])
def test_names_that_are_taken_are_refused(name):
    with pytest.raises(ModelStringError) as caught:
        expand(f"wc.{{4,5}}x{{{name}=1,2}}")
    assert caught.value.code == "E506"
    assert caught.value.span == Span(10, 10 + len(name))


def test_an_unnamed_choice_leaves_its_number_to_no_name():
    assert expand("wc.4x{v1=1,2}").variables == ("v1",)
    assert expand("wc.4x{v2=1,2}[-dexp]").variables == ("v2", "v1")


# ---- merging -----------------------------------------------------------------------------------


def test_variants_of_one_canonical_form_are_merged_and_reported():
    space = expand("wc.18x{4,4}-fir.{a:,b:4}x15[-dexp.1]")
    assert len(space) == 8
    assert [variant.string for variant in space] == ["wc.18x4-fir.x15", "wc.18x4-fir.x15-dexp.1"]
    assert (space.n_models, space.n_merged, space.n_faulty) == (2, 6, 0)
    assert [(merge.canonical, merge.strings) for merge in space.merged] == [
        ("wc.18x4-fir.4x15", ("wc.18x4-fir.x15", "wc.18x4-fir.4x15") * 2),
        (
            "wc.18x4-fir.4x15-dexp.1",
            ("wc.18x4-fir.x15-dexp.1", "wc.18x4-fir.4x15-dexp.1") * 2,
        ),
    ]


# ---- faults ------------------------------------------------------------------------------------


def test_faults_are_told_once_where_they_stand_in_the_pattern():
    space = expand("wc.18x{r=1..3}[-stp.{r}]-fir.{3,4}x15-{dexp,rlu}.1")
    assert str(space.error) == (
        "error[E201]: `fir` expects 1 input channel here, not 3\n"
        "  wc.18x{r=1..3}[-stp.{r}]-fir.{3,4}x15-{dexp,rlu}.1\n"
        "                                ^\n"
        "  wc.18x1 gives 1 channel\n"
        "  in 8 of 24 variants, the first of them wc.18x1-fir.3x15-dexp.1\n"
        "  help: write fir.1x15\n"
        "\n"
        "error[E201]: `fir` expects 1 input channel here, not 4\n"
        "  wc.18x{r=1..3}[-stp.{r}]-fir.{3,4}x15-{dexp,rlu}.1\n"
        "                                  ^\n"
        "  wc.18x1 gives 1 channel\n"
        "  in 12 of 24 variants, the first of them wc.18x1-fir.4x15-dexp.1\n"
        "  help: write fir.1x15\n"
        "\n"
        "error[E101]: no keyword `rlu`\n"
        "  wc.18x{r=1..3}[-stp.{r}]-fir.{3,4}x15-{dexp,rlu}.1\n"
        "                                              ^^^\n"
        "  in 12 of 24 variants, the first of them wc.18x1-fir.3x15-rlu.1\n"
        "  help: did you mean relu.1? (`relu` rectifies each channel)"
    )
    assert (space.n_models, space.n_faulty) == (2, 22)
    assert [fault.n_variants for fault in space.faults] == [8, 12, 12]


PLACES = {
    "wc.18x{r=1,2}-fir.{r}x15-lvl.3": ("3", 2),
    "wc.18x4-fir.{3}x15": ("3", 1),
    "wc.18x{r=3,5}-lvl.{r}-fir.4x15": ("4", 2),
    "wc.18x4-fir.{q=3,5}x15-lvl.1-fir.{q}x15": ("3", 1),
    "wc.18x4{x:-fir.3x15,y:}": ("3", 1),
    "wc.18x4[-{fri,fir}.4x15]": ("fri", 1),
    "wc.18x4-f{ri,ir}.4x15": ("f{ri,ir}", 1),
    "wc.18x4-{a:f,b:f}{ri,ri}.4x15": ("{a:f,b:f}{ri,ri}", 4),
    "wc.18x4-fir.{2..3}x15": ("2..3", 2),
    "{n=4,5}x": ("{n=4,5}x", 2),
    "wc.18x4-{lvl,lvl -}": ("-", 1),
    "wc.18x1-lvl{dot:.,none:}": (".", 1),
}


@pytest.mark.parametrize("pattern", PLACES)
def test_a_fault_stands_in_the_pattern_at(pattern):
    expected, n_variants = PLACES[pattern]
    fault = expand(pattern).faults[0]
    assert pattern[slice(*fault.diagnostic.span)] == expected
    assert fault.n_variants == n_variants


def test_a_fault_of_a_used_variable_is_shown_at_its_use():
    pattern = "wc.{n=3,5}x4-fir.{n}x15"
    span = expand(pattern).faults[0].diagnostic.span
    assert span == Span(pattern.index("{n}"), pattern.index("{n}") + 3)


def test_some_faults_are_warned_of_and_nothing_but_faults_is_an_error():
    space = expand("wc.4x{1,2,0}")
    with pytest.warns(SpaceWarning, match="1 of 3 variants are not models"):
        assert [variant.string for variant in space] == ["wc.4x1", "wc.4x2"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(list(space.models())) == 2
        assert len(list(expand("wc.4x{1,2}"))) == 2
    with pytest.raises(ModelStringError) as caught:
        list(expand("wc.4x{0,00}"))
    assert len(caught.value.diagnostics) == 2


def test_a_space_of_one_prints_the_fault_of_a_string():
    with pytest.raises(ModelStringError) as caught:
        parse("wc.18x4-fri.4x15")
    assert str(expand("wc.18x4-fri.4x15").error) == str(caught.value)


# ---- where -------------------------------------------------------------------------------------

PATTERN = "wc.18x{r=1..4}[-stp.{r}]-fir.{r}x15-{nl=dexp,relu.s}.1"


def strings(where, pattern=PATTERN):
    return [variant.string for variant in expand(pattern, where=where)]


def test_a_predicate_sees_variables_and_parameters():
    seen = []

    def where(facts):
        seen.append(dict(facts))
        return facts["r"] == 2 and facts["n_parameters"] < 70 and not facts["v1"]

    assert strings(where) == ["wc.18x2-fir.2x15-relu.s.1"]
    assert len(seen) == 16
    assert seen[0] == {"r": 1, "v1": False, "nl": "dexp", "n_parameters": 37}
    space = expand(PATTERN, where=where)
    assert (space.n_models, space.n_excluded) == (1, 15)
    assert len(space) == 16


def test_a_predicate_that_asks_for_another_name_is_told():
    with pytest.raises(KeyError, match="no variable 'rank'; there is r, v1, nl, n_parameters"):
        strings(lambda v: v["rank"] < 3)


def test_what_a_predicate_leaves_out_is_no_fault():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert strings("c == r", "wc.18x{r=1,2}-fir.{c=1,2}x15") == [
            "wc.18x1-fir.1x15",
            "wc.18x2-fir.2x15",
        ]


def test_a_predicate_that_counts_parameters_of_no_model_leaves_it_a_fault():
    space = expand("wc.18x{1,0}", where=lambda v: v["n_parameters"] < 100)
    assert (space.n_models, space.n_faulty, space.n_excluded) == (1, 1, 0)


def test_parameters_of_open_sizes_are_asked_for():
    with pytest.raises(ValueError, match=r"depends on N; say how many: expand\(..., N=...\)"):
        strings("n_parameters < 100", "wc.Nx{1..3}")
    space = expand("wc.Nx{1..3}", where="n_parameters < 50", N=18)
    assert [variant.canonical for variant in space] == ["wc.18x1", "wc.18x2"]


def test_parameters_are_those_of_the_model():
    for head, signature in keyword_info().items():
        (variant,) = expand(signature.example)
        assert variant.n_parameters == Model(signature.example).parameter_count, head


CONDITIONS = {
    "r == 2": 4,
    "r != 2": 12,
    "r < 2 or r >= 4": 8,
    "1 < r <= 3 and not v1": 4,
    "nl == 'dexp'": 8,
    'nl != "dexp"': 8,
    "'relu' in nl": 8,
    "nl in ('dexp', 'lvl')": 8,
    "nl in ['lvl']": 0,
    "r in (1,)": 4,
    "r not in (1, 2)": 8,
    "not r in (1, 2)": 8,
    "r in []": 0,
    "v1": 8,
    "v1 == true": 8,
    "v1 == False or r == 1": 10,
    "r * 2 + 1 == 5": 4,
    "r % 2": 8,
    "-r + +3 > 0": 8,
    "6 / r == 1.5": 4,
    "r - 1 - 1 == 0": 4,
    "2 * (r - 1) == 6": 4,
    "n_parameters <= 37": 3,
    "r < 1e1 and r > 0.5": 16,
    "r == none": 0,
    "r != None": 16,
    "not (r == 1 and nl == 'dexp') and r < 2": 2,
    "v1 or r == 1 and nl == 'dexp'": 9,
    "r\n<\t2": 4,
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_keeps(condition):
    assert len(strings(condition)) == CONDITIONS[condition]


def test_absent_values_are_neither_less_nor_greater():
    pattern = "wc.18x4{stp=no:,yes:-stp.{n=4,4}}"
    for condition in ("n < 9", "n > 0", "n + 1 > 0", "n in (4, 5)"):
        assert expand(pattern, where=condition).n_excluded == 1
    assert expand(pattern, where="n == none").n_excluded == 2


@settings(deadline=None, max_examples=300)
@given(
    st.text(max_size=30)
    | st.lists(
        st.sampled_from(
            ["r", "nl", "v1", " ", "<", "==", "in", "not ", "and ", "or ", "(", ")", "[", "]", ",",
             "1", "2.5", "'a'", "+", "-", "*", "/", "%", "none", "true", "n_parameters", "=", "!"]
        )
    ).map("".join)
)  # fmt: skip
def test_nothing_but_a_model_string_error_leaves_a_condition(condition):
    try:
        expand(PATTERN, where=condition).n_models  # noqa: B018 - it evaluates the condition
    except ModelStringError as error:
        assert error.string == condition
        assert {fault.code for fault in error.diagnostics} <= {"E508", "E509"}
        for fault in error.diagnostics:
            assert 0 <= fault.span.start <= fault.span.stop <= len(condition)


@pytest.mark.parametrize(
    "condition",
    [
        "-" * 900 + "1",
        "1+" * 400 + "1",
        "(" * 400 + "1" + ")" * 400,
        "not " * 200 + "1",
        "1" * 999,
    ],
)
def test_long_conditions_end_in_an_error_or_an_answer(condition):
    try:
        assert len(strings(condition)) in (0, 16)
    except ModelStringError as error:
        assert error.code == "E508"


def test_nothing_of_python_is_run():
    for condition in ("__import__('os')", "r.real", "[x for x in (1,)]", "r if v1 else 2", "r:=2"):
        with pytest.raises(ModelStringError) as caught:
            strings(condition)
        assert {fault.code for fault in caught.value.diagnostics} <= {"E508", "E509"}


# ---- reading many ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "string",
    [
        "wc.18x4.l2e-3-fir.4x15-dexp.1",
        "wc.18x4.l2e-3 - fir.4x15\n-dexp.1",
        "a=wc.18x2-b=wc.18x3@stim-cat@a,b-fir.5x15",
        "wc.Nx4-fir.x15xR-dexp",
        "wc.18x4-fir.e-3x15",
        "wc.18x4--dexp",
        "zs_wc.18x4_",
        "_wc.18x4_",
        "wc.18x4-fir.5x15",
        "wc.18x4.l2e-15-relu",
        " wc.18x4",
        "wc.18x4-3x4",
        "-".join(["lvl.1"] * 1001),
    ],
)
def test_reading_by_keyword_is_reading(string):
    reader = VariantReader("native", {})
    for _ in range(2):
        try:
            expected = read_experiment(string)
        except ModelStringError as error:
            with pytest.raises(ModelStringError) as caught:
                reader.read(string)
            assert str(caught.value) == str(error)
        else:
            got = reader.read(string)
            assert got.model == expected.model
            assert got.string == expected.string


def test_other_dialects_expand():
    space = expand("wc.18x{r=1,2}-fir.15x{r}", dialect="nems")
    assert [variant.canonical for variant in space] == ["wc.18x1-fir.1x15", "wc.18x2-fir.2x15"]


def test_memory_does_not_grow_with_the_number_of_variants():
    space = expand("wc.18x{1..900000}", limit=None)
    tracemalloc.start()
    try:
        for number in range(0, 900_000, 100):
            space[number]
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_importing_spaces_imports_no_arrays():
    code = (
        "from nems_dsl.spaces import expand; expand('wc.4x{1,2}', where='v1 < 2').n_models;"
        "import sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numba", "scipy", "matplotlib", "pandas", "sqlalchemy"}
    assert not heavy & set(done.stdout.split())


# ---- preview -----------------------------------------------------------------------------------


def test_a_preview_counts_and_times():
    told = []
    seen = preview(expand(PATTERN, where="r < 4"), n_bins=200, callback=told.append)
    assert (seen.n_variants, seen.n_excluded, seen.n_models) == (16, 4, 12)
    assert seen.values == {"r": (1, 2, 3), "v1": (False, True), "nl": ("dexp", "relu.s")}
    counts = [sample.n_parameters for sample in seen.samples]
    assert counts == sorted(counts)
    everything = sorted(variant.n_parameters for variant in expand(PATTERN, where="r < 4"))
    assert counts == [everything[0], everything[5], everything[-1]]
    assert all(sample.seconds > 0 for sample in seen.samples)
    low, high = (pick(s.seconds for s in seen.samples) for pick in (min, max))
    assert 12 * low <= seen.seconds <= 12 * high
    assert len(told) == 4


def test_a_preview_without_fits_is_of_counts_alone():
    seen = preview(expand("wc.Nx{1..3}-fir.x15xR", R=2), n_bins=0)
    assert seen.seconds is None
    assert seen.assumed == {"N": 18}
    assert [sample.n_parameters for sample in seen.samples] == [48, 96, 144]
    assert all(sample.seconds is None for sample in seen.samples)


def test_a_preview_of_nothing_says_so():
    seen = preview(expand("wc.4x{1,2}", where="v1 > 2"), n_bins=200)
    assert (seen.n_models, seen.samples, seen.seconds) == (0, (), None)


@pytest.mark.slow
@pytest.mark.parametrize(
    "string",
    [
        "wc.18x1-fir.1x15-dexp.1-stategain.2x1.c",
        "drive=wc.18x1-gain=wc.2x1@state-mult@drive,gain-dexp.1",
        "wc.4x2@face-fir.2x15",
        "conv2d.3x3x4.max-relu.18-wc.18x1",
        "wc.Nx4-fir.x15xR-dexp",
    ],
)
def test_models_of_every_kind_of_signal_are_timed(string):
    (sample,) = preview(expand(string), n_bins=200).samples
    assert sample.seconds > 0


@pytest.mark.parametrize("n_bins", [-1, 1, 99])
def test_a_recording_too_short_to_time_is_refused(n_bins):
    with pytest.raises(ValueError, match="at least 100"):
        preview(expand("wc.4x1"), n_bins=n_bins)


def test_a_range_of_thousands_of_digits_is_too_large():
    with pytest.raises(ModelStringError, match="go up to"):
        expand("wc.18x{1.." + "9" * 9000 + "}")
