"""Options of a fit: told once, and found wherever a fit can be asked for."""

from __future__ import annotations

import inspect
import re
from dataclasses import FrozenInstanceError, fields
from typing import get_type_hints

import numpy as np
import pytest

from nems_dsl import Model, cross_validate, fit, sweep
from nems_dsl.data import read_recording
from nems_dsl.fit_choices import EDGES, INITS, LOSSES, OPTIMIZERS
from nems_dsl.fit_options import (
    NAMES,
    FitArguments,
    FitOptions,
    SweepFitArguments,
    describe_option,
)
from nems_dsl.fitting.losses import LOSSES as FORMULAS

DEFAULTS = {
    "loss": "nmse",
    "regularizers": True,
    "shrinkage": "auto",
    "priors": 0.0,
    "channel_weights": None,
    "edges": "zeros",
    "init": "auto",
    "n_starts": 1,
    "seed": 0,
    "optimizer": None,
    "tolerance": None,
    "max_iterations": None,
    "max_seconds": None,
    "validation": None,
    "patience": 10,
    "dtype": "float64",
}
# what a sweep has of its own, or cannot pass on
NOT_OF_A_SWEEP = {"seed", "max_seconds", "channel_weights"}


def test_defaults():
    assert {name: getattr(FitOptions(), name) for name in NAMES} == DEFAULTS
    assert FitOptions().changed() == {}
    assert FitOptions(loss="mse", seed=None).changed() == {"loss": "mse", "seed": None}


def test_options_do_not_change():
    with pytest.raises(FrozenInstanceError):
        FitOptions().loss = "mse"


def test_arguments_are_the_options():
    expected = get_type_hints(FitOptions)
    assert get_type_hints(FitArguments) == expected
    # what can be written into a store
    plain = {**expected, "init": str, "validation": float | None}
    assert get_type_hints(SweepFitArguments) == {
        name: kind for name, kind in plain.items() if name not in NOT_OF_A_SWEEP
    }


@pytest.mark.parametrize("function", [Model.fit, fit, cross_validate, sweep])
def test_signatures_and_docstrings_list_them(function):
    parameters = inspect.signature(function).parameters
    told = " ".join(function.__doc__.split())
    assert not [each for each in parameters.values() if each.kind is each.VAR_KEYWORD]
    assert "{options}" not in told
    for option in fields(FitOptions):
        sentence = describe_option(option, any_value=function is not sweep)
        if function is sweep and option.name in NOT_OF_A_SWEEP:
            assert sentence not in told
            continue
        assert parameters[option.name].default == option.default
        assert parameters[option.name].kind is inspect.Parameter.KEYWORD_ONLY
        assert f" {option.name} : " in told and sentence in told


def test_a_sweep_says_what_can_be_kept():
    told = " ".join(sweep.__doc__.split())
    assert "init : str What" in told and "validation : float, optional The share" in told
    assert "fitted model" not in told


def test_a_choice_is_what_there_is():
    assert list(LOSSES) == list(FORMULAS)
    choices = {each.name: each.metadata["choices"] for each in fields(FitOptions)}
    assert choices["loss"] == LOSSES and choices["edges"] == EDGES and choices["init"] == INITS
    assert choices["optimizer"] == {name: each.summary for name, each in OPTIMIZERS.items()}
    for name, known in choices.items():
        for choice in known or ():
            assert getattr(FitOptions(**{name: choice}), name) == choice


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"loss": "nsme"},
            "no loss 'nsme'; there are 'nmse', 'mse', 'poisson'; did you ",
        ),
        ({"loss": None}, "no loss None; there are 'nmse', 'mse', 'poisson'"),
        (
            {"edges": "zero"},
            "no way to treat edges 'zero'; there are 'zeros', 'omit', 'hold'; ",
        ),
        ({"init": "meen"}, "no start 'meen'; there are 'auto', 'data', 'staged', 'mean', "),
        ({"optimizer": "lbfgs"}, "no optimizer 'lbfgs'; there are 'gauss-newton', 'l-bfgs-b', "),
        ({"dtype": "float16"}, "no dtype 'float16'; "),
        ({"n_starts": 0}, "n_starts must be at least 1, not 0"),
        ({"n_starts": 2.5}, "n_starts must be a whole number, not 2.5"),
        ({"n_starts": None}, "n_starts must be a whole number, not None"),
        ({"patience": True}, "patience must be a whole number, not True"),
        ({"seed": -1}, "seed must be at least 0, not -1"),
        ({"max_iterations": 0}, "max_iterations must be at least 1, not 0"),
        ({"max_seconds": 0}, "max_seconds must be above 0, not 0"),
        ({"tolerance": 1}, "tolerance must be from 0 up to 1, not 1"),
        ({"priors": -1.0}, "priors must be a weight of 0 or above, not -1.0"),
        ({"priors": np.inf}, "priors must be a weight of 0 or above, not inf"),
        ({"validation": 1.5}, "the share to hold out must lie between 0 and 1, not 1.5"),
        ({"validation": True}, "validation must be the share of the data to hold out, or a pair"),
        ({"validation": "end"}, "validation must be the share of the data to hold out, or a pair"),
    ],
)
def test_values_that_mean_nothing(options, message):
    with pytest.raises(ValueError) as caught:
        FitOptions(**options)
    assert str(caught.value).startswith(message)


PAGE = "docs/coming_from_nems.md"
FITTER = "tolerance= and max_iterations="


def test_values_that_mean_something():
    x = np.random.default_rng(0).random((50, 2))
    recording = read_recording(x, x[:, 0])
    for value in (0.2, (x, x[:, 0]), [x, x[:, 0]], recording):
        assert FitOptions(validation=value).validation is value
    assert FitOptions(n_starts=np.int64(3), max_iterations=None, seed=None).n_starts == 3
    model = Model("wc.2x1")
    assert FitOptions(init=model).init is model


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("optimiser", "; did you mean optimizer=?"),
        ("max_iteration", "; did you mean max_iterations=?"),
        ("fitter_options", f": write its entries as arguments, such as {FITTER} (see {PAGE})"),
        ("max_iter", ": write max_iterations="),
        ("cost_function", f": write loss= (see {PAGE})"),
        ("resp", ": the response is called y here"),
    ],
)
def test_options_that_are_not_there(name, instead):
    x = np.random.default_rng(0).random((50, 2))
    y = x[:, 0]
    callers = {
        "fit": lambda **options: Model("wc.2x1").fit(x, y, **options),
        "cross_validate": lambda **options: cross_validate("wc.2x1", x, y, **options),
        "sweep": lambda **options: sweep("wc.2x1", {"a": (x, y)}, **options),
    }
    for whose, call in callers.items():
        with pytest.raises(TypeError) as caught:
            call(**{name: 3})
        assert str(caught.value) == f"{whose} has no option {name!r}{instead}"
    with pytest.raises(TypeError, match=name):
        fit("wc.2x1", x, y, **{name: 3})


@pytest.mark.parametrize("call", [fit, cross_validate])
def test_an_option_like_no_other_lists_all(call):
    with pytest.raises(TypeError) as caught:
        call("wc.2x1", colour=3)
    (listed,) = re.findall(r"has no option 'colour'; there are (.*)", str(caught.value))
    assert listed.split(", ") == list(inspect.signature(call).parameters)


@pytest.mark.slow
def test_mypy_refuses_what_is_not_there(tmp_path):
    api = pytest.importorskip("mypy.api")
    calls = {
        "Model('wc.2x1').fit(x, x, {})": "Model",
        "fit('wc.2x1', x, x, {})": "fit",
        "cross_validate('wc.2x1', x, x, {})": "cross_validate",
        "sweep('wc.2x1', (x, x), {})": "sweep",
    }
    right = ["import numpy as np", f"from nems_dsl import {', '.join(calls.values())}"]
    right += ["x = np.ones((50, 2))", *(call.format("optimizer='l-bfgs-b'") for call in calls)]
    wrong = [call.format("optimiser='l-bfgs-b'") for call in calls]
    script = tmp_path / "script.py"
    script.write_text("\n".join(right + wrong))
    out, err, code = api.run(
        ["--config-file=", "--follow-imports=silent", f"--cache-dir={tmp_path}", str(script)]
    )
    assert code == 1 and not err
    faults = [line for line in out.splitlines() if ": error: " in line]
    numbers = [int(line.split(":")[1]) for line in faults]
    assert numbers == [len(right) + 1 + place for place in range(len(wrong))], out
    assert all('Unexpected keyword argument "optimiser"' in line for line in faults)
