"""A model out of many: what is held out has no say in it, and the rest is as by hand."""

from __future__ import annotations

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, cross_validate, expand, fit, select
from nems_dsl.studies import part


@pytest.fixture(scope="module")
def delayed():
    """Give a response of two channels: one to what is now, and one to what was three bins ago."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((500, 3))
    late = np.concatenate([np.zeros(3), x[:-3, 0]])
    return x, np.column_stack([x[:, 1], late]) + 0.3 * rng.standard_normal((500, 2))


def values_of(model):
    return np.concatenate(
        [v.ravel() for layer in model.get_parameter_values().values() for v in layer.values()]
    )


def test_a_selection_is_as_by_hand(delayed):
    x, y = delayed[0], delayed[1][:, 1]
    strings = ["fir.3x1-lvl.1", "fir.3x5-lvl.1", "fir.3x6-lvl.1"]
    found = select("fir.3x{1,5,6}-lvl.1", x, y, n_folds=4, inner_folds=3)
    nested = cross_validate(strings, x, y, n_folds=4, n_inner_folds=3)
    assert found.score == nested.score and found.standard_error == nested.standard_error
    np.testing.assert_array_equal(found.choices, nested.choices)
    np.testing.assert_array_equal(found.validation.prediction, nested.prediction)
    # chosen by all data as each fold chooses by its own; the gap suits all candidates
    by_hand = [cross_validate(string, x, y, n_folds=3, gap=5).score for string in strings]
    np.testing.assert_allclose(found.choice_scores, [by_hand], rtol=1e-10)
    assert found.choice[0] == np.argmax(by_hand)
    assert found.string == found.model.string == strings[found.choice[0]]
    np.testing.assert_array_equal(
        values_of(found.model), values_of(fit(found.string, x, y, verbose=0))
    )
    assert found.candidates == strings and found.n_parameters == [4, 16, 19]


@pytest.mark.slow
def test_the_best_of_many_models_that_know_nothing_has_no_score():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((600, 5)), rng.standard_normal(600)
    candidates = []
    for _ in range(40):
        model = Model("wc.5x1")
        model.set_parameter_values({"wc": {"coefficients": rng.standard_normal((5, 1))}})
        model.freeze_layers()
        candidates.append(model)
    found = select(candidates, x, y, n_folds=5, inner_folds=3)
    assert found.choice_scores.max() > 0.07
    assert found.score < 0.5 * found.choice_scores.max()
    assert abs(found.score) < 2 * found.standard_error


@pytest.mark.slow
def test_channels_choose_for_themselves(delayed):
    x, y = delayed
    found = select("fir.3x{1,5}", x, y, n_folds=3, inner_folds=3)
    assert found.string[1] == "fir.3x5" and found.choice[1] == 1
    for channel, model in enumerate(found.model):
        alone = select("fir.3x{1,5}", x, y[:, channel], n_folds=3, inner_folds=3)
        assert model.string == found.string[channel] == alone.string
        np.testing.assert_array_equal(values_of(model), values_of(alone.model))
        assert found.score[channel] == pytest.approx(alone.score, rel=1e-12)
    table = found.to_pandas()
    assert table.channel.tolist() == [0, 0, 1, 1]
    assert table.chosen.tolist() == [found.choice[0] == 0, found.choice[0] == 1, False, True]
    assert table.times_chosen.tolist()[2:] == [0, 3]
    lines = str(found).splitlines()
    assert lines[0].endswith("for 2 channels, chosen out of 2")
    assert lines[1].startswith(f"mean correlation {found.score.mean():.3f} of 2 channels: pooled")
    assert lines[3].split() == ["channel", "score", "se", "folds", "chosen"]
    cells = ["1", f"{found.score[1]:.3f}", f"{found.standard_error[1]:.3f}", "3", "fir.3x5"]
    assert lines[5].split() == cells and len(lines) == 6


def test_one_model_of_all_channels_is_chosen_as_one(delayed):
    found = select("fir.3x{1,5}x2", *delayed, n_folds=3, inner_folds=3)
    assert found.string == "fir.3x5x2" and found.model.string == found.string
    assert found.score.shape == (2,) and found.choice.shape == (1,)
    # each channel has a score, and what was chosen is one model
    assert "channel" not in found.to_pandas() and str(found).splitlines()[5].endswith("chosen")


def test_models_are_given_in_any_way(delayed):
    x, y = delayed[0], delayed[1][:, 0]
    short = {"n_folds": 2, "inner_folds": 2, "max_iterations": 2}
    space = expand("fir.3x{n=1..4}", where="n > 2")
    assert select(space, x, y, **short).candidates == ["fir.3x3", "fir.3x4"]
    mixed = ["fir.3x{1,2}", Model("wc.3x1"), "fir.3x2x1", space]
    assert select(mixed, x, y, **short).candidates == [
        "fir.3x1", "fir.3x2", "wc.3x1", "fir.3x3", "fir.3x4"
    ]  # fmt: skip


def test_of_one_model_there_is_no_choice(delayed):
    x, y = delayed[0], delayed[1][:, 0]
    found = select("wc.3x1-lvl.1", x, y, n_folds=3)
    assert found.string == "wc.3x1-lvl.1" and found.choice.tolist() == [0]
    assert np.isnan(found.choice_scores).all()
    assert found.score == cross_validate("wc.3x1-lvl.1", x, y, n_folds=3).score
    assert "too good" not in str(found)


def test_trials_are_held_out_in_the_choice_as_well(delayed):
    x, y = (np.split(signal, 5) for signal in (delayed[0], delayed[1][:, [1]]))
    found = select("fir.3x{1,5}", x, y, n_folds=5, inner_folds=9)
    assert found.validation.by == "trials" and found.string == "fir.3x5"
    # five trials make no more than five inner folds
    assert found.choice_scores[0, 1] == pytest.approx(
        cross_validate("fir.3x5", x, y, n_folds=5).score, rel=1e-10
    )


def test_threads_change_nothing(delayed):
    one, other = (
        select("fir.3x{1,5}", *delayed, n_folds=3, inner_folds=2, max_iterations=5, n_jobs=n)
        for n in (1, 3)
    )
    for name in ("score", "standard_error", "choice", "choice_scores"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for a, b in zip(one.model, other.model, strict=True):
        np.testing.assert_array_equal(values_of(a), values_of(b))


def test_an_error_is_chosen_low(delayed):
    x, y = delayed[0], delayed[1][:, 1]
    found = select("fir.3x{1,5}", x, y, n_folds=3, inner_folds=3, metric="nmse", method="kfold")
    assert found.string == "fir.3x5" and found.choice_scores.argmin() == 1
    assert str(found).splitlines()[1].startswith("nmse ")


@pytest.mark.parametrize(
    ("models", "arguments", "error", "message"),
    [
        ([], {}, ValueError, "there is no model to"),
        (3, {}, TypeError, "give models to choose from by strings, by a pattern"),
        ([3], {}, TypeError, "not as 3"),
        ("wc.3x{1,", {}, ModelStringError, "wc.3x"),
        ("wc.{4,5}x1", {}, ModelStringError, "wc.4x1"),
        (["wc.3x1", "fir.3x3.s2"], {}, ValueError, "differ in the sampling rate"),
        ("wc.3x1-lvl.1", {"metric": "corelation"}, ValueError, "did you mean 'correlation'"),
        ("fir.3x{1,2}", {"inner_folds": 1}, ValueError, "n_folds must be at least 2"),
        ("fir.3x{1,2}", {"n_fold": 3}, TypeError, "n_folds"),
    ],
)  # fmt: skip
def test_faults_are_named_before_any_fit(delayed, monkeypatch, models, arguments, error, message):
    monkeypatch.setattr(part, "fit_model", lambda *_, **__: pytest.fail("there was a fit"))
    with pytest.raises(error, match=message):
        select(models, delayed[0], delayed[1][:, 0], **arguments)
