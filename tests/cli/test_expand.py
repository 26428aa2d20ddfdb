"""The preview of a model space."""

import re

import pytest

from nems_dsl import ModelStringError
from nems_dsl.spaces import expand

PATTERN = "wc.18x{r=1..4}[-stp.{r}]-fir.{r}x15-{nl=dexp,relu}.1"


def test_a_space_is_previewed(nems):
    done = nems("expand", PATTERN, "--bins", 200)
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[:6] == [
        "16 variants: 16 models",
        "",
        "variable  values",
        "r         1 2 3 4",
        "v1        no yes",
        "nl        dexp relu",
    ]
    assert lines[7].split() == ["model", "parameters", "seconds", "string"]
    sizes = sorted(variant.n_parameters for variant in expand(PATTERN))
    shown = [line.split() for line in lines[8:11]]
    assert [row[0] for row in shown] == ["smallest", "median", "largest"]
    assert [int(row[1]) for row in shown] == [sizes[0], sizes[7], sizes[15]]
    assert all(float(row[2]) >= 0 for row in shown)
    assert re.fullmatch(
        r"about \d+(\.\d s| minutes) to fit each model once to 200 bins, one after the other on "
        r"this machine \(an estimate from the fits above, to simulated data\)",
        lines[12],
    )
    assert done.err.splitlines()[0] == "counting 16 variants"
    assert len(done.err.splitlines()) == 4


def test_quiet_and_untimed(nems):
    done = nems("expand", PATTERN, "--bins", 0, "--quiet")
    assert (done.code, done.err) == (0, "")
    assert "about" not in done.out
    assert re.search(r"^smallest +33 +- +wc.18x1-fir.1x15-relu.1$", done.out, re.M)


def test_a_condition_filters_and_models_are_listed(nems):
    done = nems("expand", PATTERN, "--where", "r <= 2 and nl == 'dexp'", "--bins", 0, "-q", "-l", 3)
    assert done.code == 0
    assert done.out.startswith("16 variants, 12 left out by the condition: 4 models\n")
    assert [line.split() for line in done.out.splitlines()[-4:]] == [
        ["string", "r", "v1", "nl"],
        ["wc.18x1-fir.1x15-dexp.1", "1", "no", "dexp"],
        ["wc.18x1-stp.1-fir.1x15-dexp.1", "1", "yes", "dexp"],
        ["wc.18x2-fir.2x15-dexp.1", "2", "no", "dexp"],
    ]


def test_merged_variants_are_counted(nems):
    done = nems("expand", "wc.18x{4,4,5}", "--bins", 0, "-q")
    assert done.out.splitlines()[0] == "3 variants, 1 the same as others: 2 models"


def test_faults_are_printed_as_errors_in_the_pattern(nems):
    pattern = "wc.18x{3,4}-fir.4x15-{dexp,rlu}.1"
    done = nems("expand", pattern, "--bins", 0, "-q")
    assert done.code == 1
    assert done.out.splitlines()[0] == "4 variants, 3 at fault: 1 model"
    assert done.err == f"{expand(pattern).error}\n\nerror: 3 of 4 variants are not models\n"
    assert f"  {pattern}\n" in done.err


def test_a_space_of_faults_shows_them_all(nems):
    done = nems("expand", "wc.18x{3,5}-fir.4x15", "-q")
    assert done.code == 1
    assert done.out == "2 variants, 2 at fault: 0 models\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("wc.18x{1,2",),
        ("wc.18x{1..9}", "--limit", 8),
        ("wc.18x{r=1..9}", "--where", "r < "),
        ("wc.18x{r=1..9}", "--where", "rank < 3"),
    ],
)
def test_a_wrong_pattern_or_condition_is_an_error_with_a_caret(nems, arguments):
    done = nems("expand", *arguments)
    assert (done.code, done.out) == (1, "")
    assert re.match(r"error\[E50\d\]: ", done.err)
    assert re.search(r"^ +\^+$", done.err, re.M)


def test_the_limit_is_an_option(nems):
    refused = nems("expand", PATTERN, "--limit", 15)
    assert refused.code == 1 and "16 variants; more than 15 are refused" in refused.err
    assert nems("expand", PATTERN, "--limit", 16, "--bins", 0, "-q").code == 0


@pytest.mark.slow
def test_the_limit_can_be_raised(nems):
    pattern = "wc.{1..1100}x{1..1000}"
    with pytest.raises(ModelStringError, match="1,100,000 variants"):
        expand(pattern)
    done = nems("expand", pattern, "--limit", 1_100_000, "--where", "v1 == 1 and v2 < 3",
                "--bins", 0, "-q")  # fmt: skip
    assert done.out.startswith("1,100,000 variants, 1,099,998 left out by the condition: 2 models")


def test_open_sizes_are_assumed_or_given(nems):
    pattern = "wc.Nx{1..3}-fir.x15xR"
    done = nems("expand", pattern, "--bins", 0, "-q")
    assert done.out.splitlines()[-1] == "with N = 18, R = 1"
    done = nems("expand", pattern, "--bins", 0, "-q", "-N", 20, "-R", 2)
    assert re.search(r"^smallest +50 .*wc.20x1-fir.1x15x2$", done.out, re.M)


def test_many_values_are_shortened(nems):
    done = nems("expand", "wc.18x{r=1..40}", "--bins", 0, "-q")
    assert "r         1 2 3 4 5 6 7 8 9 10 11 12 and 28 more" in done.out.splitlines()


def test_one_model_is_the_only_one(nems):
    done = nems("expand", "wc.18x4", "--bins", 0, "-q")
    assert done.out.splitlines()[0] == "1 variant: 1 model"
    assert re.search(r"^only +72 +- +wc.18x4$", done.out, re.M)
