"""Experiment strings: canonical form, sections, words tied to the options of a fit."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl import ModelStringError, canonical, explain, parse_experiment
from nems_dsl.experiments.fit_words import NOT_SPELLED, WORDS, fit_words, write_options
from nems_dsl.experiments.split_words import split_words
from nems_dsl.fit_choices import DTYPES, EDGES, INITS, LOSSES, OPTIMIZERS, SHRINKAGE
from nems_dsl.fit_options import FitOptions
from nems_dsl.keywords import registry
from nems_dsl.keywords.registry import check_signature
from nems_dsl.layers import load_all
from nems_dsl.preparation import prep_words

MODEL = "wc.18x4-fir.4x15-dexp.1"


@pytest.mark.parametrize(
    ("string", "expected"),
    [
        ("zs-kf5_wc.18x4-fir.x15-dexp_", f"zs-kf5_{MODEL}_"),
        (f"zs - jk10 _ {MODEL} _", f"zs-kf10_{MODEL}_"),
        (f"kf-zs_{MODEL}_", f"zs-kf5_{MODEL}_"),
        (f"est80_{MODEL}_seed0-start.n1-es20.p10", f"_{MODEL}_es20"),
        (f"_{MODEL}_seed3-es20-pois-start.n5", f"_{MODEL}_start.n5-pois-es20-seed3"),
        (f"root.2-log.o1-log.o5e-1_{MODEL}_search", f"root-log-log.o5e-1_{MODEL}_"),
        (
            f"zs.r-root.3.s-est.g20_{MODEL}_",
            f"zs.r-root.3.s-est80.g20_{MODEL}_",
        ),
        (f"_{MODEL}_map.w1-shrink.w1e-2-hold", f"_{MODEL}_shrink.we-2-map-hold"),
        (f"_{MODEL}_", MODEL),
        (MODEL, MODEL),
    ],
)
def test_canonical_form(string, expected):
    assert canonical(string) == expected
    assert canonical(expected) == expected
    assert parse_experiment(string) == parse_experiment(expected)
    assert len({parse_experiment(each).experiment_id for each in (string, expected)}) == 1


def test_the_order_of_preparation_matters_and_that_of_the_fit_does_not():
    assert canonical(f"zs-root_{MODEL}_") != canonical(f"root-zs_{MODEL}_")
    assert canonical(f"_{MODEL}_pois-lbfgs") == canonical(f"_{MODEL}_lbfgs-pois")


def options():
    numbers = st.sampled_from([None, 1e-6, 0.001, 0.5])
    return st.builds(
        FitOptions,
        loss=st.sampled_from(sorted(LOSSES)),
        regularizers=st.booleans(),
        shrinkage=st.sampled_from([*SHRINKAGE, 0.1, 1e-5, 3.0]),
        priors=st.sampled_from([0.0, 1.0, 0.25]),
        edges=st.sampled_from(sorted(EDGES)),
        init=st.sampled_from(sorted(INITS)),
        n_starts=st.integers(1, 30),
        seed=st.integers(0, 1000),
        optimizer=st.sampled_from([None, *OPTIMIZERS]),
        tolerance=numbers,
        max_iterations=st.sampled_from([None, 1, 250]),
        validation=st.sampled_from([None, 0.01, 0.2, 0.29, 0.57, 0.99]),
        dtype=st.sampled_from(sorted(DTYPES)),
    )


@given(options(), st.integers(1, 99))
@settings(max_examples=300, deadline=None)
def test_every_option_comes_back_from_its_spelling(given_options, patience):
    if given_options.validation is not None:
        given_options = replace(given_options, patience=patience)
    text = write_options(given_options)
    assert parse_experiment(f"_{MODEL}_{text}").options == given_options
    assert canonical(f"_{MODEL}_{text}") == (f"_{MODEL}_{text}" if text else MODEL)


def test_every_option_has_a_word_or_a_reason():
    spelled = {name for word in WORDS for name in word.gives}
    assert spelled.isdisjoint(NOT_SPELLED)
    assert spelled | NOT_SPELLED.keys() == {each.name for each in fields(FitOptions)}


@pytest.mark.parametrize(
    "options",
    [{"max_seconds": 3.0}, {"channel_weights": [1.0]}, {"validation": 0.125}, {"seed": None}],
)
def test_what_no_string_says_is_named(options):
    with pytest.raises(ValueError, match=f"not reproducible by its string .*{min(options)}"):
        write_options(FitOptions(**options))


def test_words_are_declared_as_keywords_are_and_none_twice():
    load_all()
    families = [prep_words, split_words, fit_words, registry]
    heads = [head for family in families for head in family]
    assert len(heads) == len(set(heads))
    for family in families[:3]:
        for head, word in family.items():
            check_signature(word.signature)
            assert head == word.signature.head and word.signature.summary
            assert canonical(word.signature.example)


@given(st.text(alphabet="zskfest-_.@=0123456789wcxlv ", max_size=40))
@settings(max_examples=300, deadline=None)
def test_nothing_else_than_a_string_error_escapes(text):
    try:
        found = parse_experiment(text)
    except ModelStringError as fault:
        assert fault.code and fault.hint
        return
    assert parse_experiment(found.string) == found


def test_explain_tells_of_all_three():
    told = explain(f"root.3-kf4.bl_{MODEL}_lbfgs.t1e-6")
    for part in ("preparation", "root.3 takes a root", "kf = 4: number of folds", "blocks of time",
                 "wc.18x4 weights", "lbfgs.te-6 searches", "t = 1e-06: tolerance"):  # fmt: skip
        assert part in told
    assert "by default" in explain(f"zs_{MODEL}_")
    assert explain(MODEL).startswith(MODEL)
