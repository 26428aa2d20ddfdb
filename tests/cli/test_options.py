"""Options of a fit on the command line: all that `FitOptions` tells, and nothing besides."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import fields
from enum import Enum
from typing import get_args

import numpy as np
import pytest

from nems_dsl import Model
from nems_dsl.cli.fit import fit
from nems_dsl.cli.options import NOT_SPELLED
from nems_dsl.cli.sweeps.sweep import sweep
from nems_dsl.fit_options import FitOptions

COMMANDS = {"fit": fit, "sweep": sweep}
SPELLED = {"n_starts": "--starts", "max_iterations": "--max-iter"}
STRING = "wc.6x1-fir.1x4-lvl.1"


def options_of(command):
    """Return parameters of a command, with what typer is told of each."""
    parameters = inspect.signature(COMMANDS[command], eval_str=True).parameters
    told = {name: each.annotation.__metadata__[0] for name, each in parameters.items()}
    return {name: (each, told[name]) for name, each in parameters.items()}


@pytest.mark.parametrize(("command", "own"), [("fit", set()), ("sweep", {"max_seconds"})])
@pytest.mark.parametrize("option", fields(FitOptions), ids=lambda each: each.name)
def test_every_option_is_there(command, own, option):
    there = options_of(command)
    if option.name in NOT_SPELLED:
        assert option.name not in there
        return
    parameter, told = there[option.name]
    if option.name in own:
        assert option.metadata["help"] not in told.help
        return
    spelled = SPELLED.get(option.name, "--" + option.name.replace("_", "-"))
    assert told.default.split("/")[0] == spelled
    default = parameter.default
    assert (default.value if isinstance(default, Enum) else default) == option.default
    assert told.help.startswith(option.metadata["help"].replace("`validation`", "--validation"))
    assert told.min == option.metadata["least"]
    if option.metadata["choices"]:
        known = dict(option.metadata["choices"])
        if option.name == "init":
            # a model that is made from a string stands nowhere yet
            assert known.pop("model") not in told.help
        (choice,) = (each for each in (default, *kinds(parameter)) if isinstance(each, type))
        assert [each.value for each in choice] == list(known)
        for name, meaning in known.items():
            assert f"{name}, {meaning}".replace("`", "") in told.help


def kinds(parameter):
    """Return the types that an option may have, but for None."""
    kind = parameter.annotation.__origin__
    return [each for each in get_args(kind) or (kind,) if each is not type(None)]


def test_options_arrive(nems, tmp_path, trials):
    """Each option that is given on the command line does what it does in Python."""
    done = nems(
        "fit", STRING, "-d", trials, "-c", "0", "--test", "0", "--edges", "omit", "--loss", "mse",
        "--init", "mean", "--priors", "0.01", "--optimizer", "l-bfgs-b", "--max-iter", "7",
        "--dtype", "float32", "--no-regularizers", "--no-figure",
    )  # fmt: skip
    assert done.code == 0
    stored = np.load(trials)
    x = [stored[f"stim_{i}"] for i in range(5)]
    y = [stored[f"resp_{i}"][:, [0]] for i in range(5)]
    expected = Model(STRING).fit(
        x, y, edges="omit", loss="mse", init="mean", priors=0.01, optimizer="l-bfgs-b",
        max_iterations=7, dtype="float32", regularizers=False, verbose=0,
    )  # fmt: skip
    saved = Model.load(tmp_path / f"{STRING}.ch0.json")
    assert saved == expected and saved.edges == "omit"
    assert saved.results.loss_history == expected.results.loss_history
    plain = Model(STRING).fit(x, y, loss="mse", verbose=0)
    assert saved != plain


def test_values_are_checked_before_data_are_read(nems):
    done = nems("fit", STRING, "-d", "nowhere.npz", "--priors", "-1")
    assert (done.code, done.out) == (1, "")
    assert done.err == "error: priors must be a weight of 0 or above, not -1.0\n"


def test_a_word_that_is_no_choice(nems):
    done = nems("fit", STRING, "-d", "nowhere.npz", "--edges", "zero")
    assert (done.code, done.out) == (2, "")
    assert "--edges" in done.err and "zeros" in done.err and "omit" in done.err


HEAVY = {"numba", "scipy", "pandas", "matplotlib"}


@pytest.mark.parametrize(
    ("arguments", "code", "absent"),
    [
        (["--version"], 0, HEAVY | {"numpy", "lark"}),
        (["fit", "--help"], 0, HEAVY | {"numpy", "lark"}),
        # keywords are declared with their layers, which know numpy
        (["fit", "wc.6x1-fri.4", "-d", "no.npz"], 1, HEAVY),
    ],
)
def test_nothing_heavy_is_loaded_for_it(tmp_path, arguments, code, absent):
    script = (
        "import sys; from nems_dsl.cli.app import run; code = run(sys.argv[1:]);"
        "print(code, *{name.split('.')[0] for name in sys.modules}, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found, *loaded = done.stderr.splitlines()[-1].split()
    assert int(found) == code
    assert not absent & set(loaded)
