"""Arguments by the names of other programs: each row of the table, and the page that shows it."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path

import numpy as np
import pytest

from nems_dsl import Model, Objective, cross_validate, fit, select
from nems_dsl.argument_names import ELSEWHERE, PAGE

REWRITE = os.environ.get("NEMS_DSL_REWRITE_SNAPSHOTS") == "1"
BETWEEN = re.compile(
    r"(?<=<!-- begin: arguments of NEMS -->\n)(.*?)(?=<!-- end: arguments of NEMS -->)", re.DOTALL
)
RNG = np.random.default_rng(0)
X = RNG.random((200, 3))
Y = X[:, :1] + 0.1 * RNG.random((200, 1))
MODEL = Model("wc.3x1-lvl.1")
FUNCTIONS = {
    "fit": lambda **given: MODEL.fit(verbose=0, **given),
    "cross_validate": lambda **given: MODEL.cross_validate(n_folds=2, **given),
    "select": lambda **given: select(["wc.3x1-lvl.1"], n_folds=2, inner_folds=2, **given),
    "evaluate": MODEL.evaluate,
    "predict": MODEL.predict,
    "score": MODEL.score,
    "dstrf": MODEL.dstrf,
    "Objective": lambda **given: Objective(MODEL, **given),
    "Model": lambda **given: Model("wc.3x1-lvl.1", **given),
}
KNOWN = {
    "fit": inspect.signature(MODEL.fit),
    "cross_validate": inspect.signature(cross_validate),
    "select": inspect.signature(select),
    "evaluate": inspect.signature(MODEL.evaluate),
    "predict": inspect.signature(MODEL.predict),
    "score": inspect.signature(MODEL.score),
    "dstrf": inspect.signature(MODEL.dstrf),
    "Objective": inspect.signature(Objective),
    "Model": inspect.signature(Model),
}
OF_NEMS = {name: there for name, there in ELSEWHERE.items() if there.of_nems}


def least(whose):
    """Give the arguments that a function cannot be without."""
    if whose == "Model":
        return {}
    x = {"x": X}
    return x if whose in ("evaluate", "predict", "dstrf") else {**x, "y": Y}


def rows():
    yield "| there | here | |"
    yield "| --- | --- | --- |"
    for name, there in OF_NEMS.items():
        ours = "" if there.ours is None else f"`{there.ours}=`"
        if there.holds:
            said = "its entries are read by this table"
        elif there.values is None:
            said = "taken" if there.ours else there.told
        else:
            pairs = there.values.items()
            told = [
                f"`{one!r}`" + ("" if other in (one, None) else f" as `{other!r}`")
                for one, other in pairs
            ]
            said = f"{', '.join(told)} taken; else: {there.told}"
        yield f"| `{name}=` | {ours} | {said} |"


def test_the_page_has_the_table():
    path = Path(__file__).resolve().parents[1] / PAGE
    text = path.read_text(encoding="utf-8")
    expected = "\n" + "\n".join(rows()) + "\n\n"
    if REWRITE:
        path.write_text(BETWEEN.sub(lambda _: expected, text), encoding="utf-8")
        text = path.read_text(encoding="utf-8")
    (found,) = BETWEEN.findall(text)
    assert found == expected


def stand_in(name):
    """Give a value for an argument that takes any."""
    return {"x": X, "y": Y, "lags": 4, "times": [5, 9], "max_iterations": 3, "validation": 0.2}[
        name
    ]


@pytest.mark.parametrize("whose", ["fit", "predict", "evaluate", "score", "dstrf", "Objective"])
@pytest.mark.parametrize("name", [name for name, there in OF_NEMS.items() if there.ours])
def test_what_is_taken_does_what_ours_does(whose, name):
    there = OF_NEMS[name]
    known = KNOWN[whose].parameters
    if there.ours not in known:
        with pytest.raises(TypeError, match=f"{whose} has no option '{name}': .*{PAGE}"):
            FUNCTIONS[whose](**least(whose), **{name: "whatever"})
        return
    pairs = [(stand_in(there.ours),) * 2] if there.values is None else there.values.items()
    for theirs, ours in pairs:
        if isinstance(theirs, str) and theirs == "poisson":
            continue  # not for a model that ends in lvl
        given = {key: value for key, value in least(whose).items() if key != there.ours}
        one = FUNCTIONS[whose](**given, **{name: theirs})
        other = FUNCTIONS[whose](**given, **{there.ours: ours})
        if whose == "fit":
            assert one == other and one.results.n_iterations == other.results.n_iterations
        elif whose == "Objective":
            assert one.value(one.theta0) == other.value(other.theta0)
        elif whose == "evaluate":
            np.testing.assert_array_equal(one["output"], other["output"])
        else:
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("whose", ["fit", "predict", "score"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name, there in OF_NEMS.items()
        if there.values and not there.ours
        for value in there.values
    ],
)
def test_what_asks_for_what_is_done_anyway_is_taken(whose, name, value):
    assert FUNCTIONS[whose](**least(whose), **{name: value}) is not None


def refused():
    """Give functions and arguments that they take under no value, or under few."""
    for whose, signature in KNOWN.items():
        for name, there in ELSEWHERE.items():
            is_taken = there.ours in signature.parameters and there.values is None
            if name not in signature.parameters and not is_taken:
                yield whose, name


@pytest.mark.parametrize(("whose", "name"), list(refused()))
def test_what_means_something_else_is_refused(whose, name):
    there = ELSEWHERE[name]
    with pytest.raises(TypeError) as caught:
        FUNCTIONS[whose](**least(whose), **{name: "something else"})
    page = f" (see {PAGE})" if there.of_nems else ""
    assert str(caught.value) == f"{whose} has no option {name!r}: {there.told}{page}"


def test_entries_of_a_dict_are_read_one_by_one():
    options = {"cost_function": "squared_error", "options": {"maxiter": 4}, "method": "L-BFGS-B"}
    one = fit("wc.3x1-lvl.1", X, target=Y, fitter_options=options, verbose=0)
    other = fit("wc.3x1-lvl.1", X, Y, loss="mse", max_iterations=4, optimizer="l-bfgs-b", verbose=0)
    assert one == other and one.results.loss_name == other.results.loss_name == "mse"
    with pytest.raises(TypeError, match="fit has no option 'ftol': write tolerance="):
        MODEL.fit(X, Y, fitter_options={"options": {"ftol": 1e-4}})
    with pytest.raises(TypeError, match="fit has no option 'momentum'"):
        MODEL.fit(X, Y, fitter_options={"momentum": 1})


def test_two_names_for_one_thing_are_refused():
    with pytest.raises(TypeError, match="fit is given target= and y=, which both mean y="):
        MODEL.fit(X, target=Y, y=Y)
    with pytest.raises(TypeError, match="predict is given an argument without a name and input="):
        MODEL.predict(X, input=X)


def test_names_of_ours_stay_those_of_the_signature():
    for name in ("predict", "evaluate", "score", "dstrf"):
        assert "input" not in inspect.signature(getattr(Model, name)).parameters
    with pytest.raises(TypeError, match=r"predict has no option 'stat'; did you mean state=\?"):
        MODEL.predict(X, stat=X)
    with pytest.raises(TypeError, match="Model has no option 'colour'; there are string, dialect"):
        Model(colour=3)


TUTORIALS = (
    "wc.18x1-fir.15x1-lvl.1",
    "wc.18x4.g-fir.15x4-dexp.1",
    "wc.18x2-fir.15x2-stategain.2x1",
    pytest.param("wc.18x3-stp.3-fir.15x3-relu.1", marks=pytest.mark.slow),
    pytest.param("strf.18x15-dexp.1", marks=pytest.mark.slow),
    pytest.param("LN.15x18x2", marks=pytest.mark.slow),
)


@pytest.mark.parametrize("string", TUTORIALS)
def test_models_of_there_build_and_fit_by_what_the_page_says(string):
    x, state = RNG.random((400, 18)), RNG.random((400, 2))
    y = np.roll(x[:, 3:4], 1, axis=0) + 0.1 * RNG.random((400, 1))
    model = Model.from_keywords(string, dialect="nems")
    needs = {"state": state} if "state" in string else {}
    fitted = model.fit(
        input=x, target=y, backend="scipy", fitter_options={"options": {"maxiter": 15}},
        verbose=0, **needs,
    )  # fmt: skip
    assert fitted.score(input=x, target=y, **needs) > 0.5
    assert fitted.predict(input=x, **needs).shape == (400, 1)
