"""Models that compute the same have one identity, and no others: against fits, numerically."""

import random

import numpy as np
import pytest
from scipy.optimize import least_squares

from nems_dsl import Model, canonical, expand, explain, parse
from nems_dsl.compiler import function_form, function_id

RNG = np.random.default_rng(7)
STIM, STATE = RNG.normal(size=(24, 3)), RNG.normal(size=(24, 2))
BRANCHES = (
    ("wc.3x1", 1), ("wc.3x2", 2), ("fir.3x2", 1), ("strf.3x2", 1), ("wc.3x1.g", 1),
    ("wc.2x1@state", 1), ("wc.2x2@state", 2), ("strf.3x1x2", 1), ("wc.3x1-fir.1x2-lvl.1", 1),
)  # fmt: skip
TAILS = {1: ("", "-lvl.1", "-relu.1", "-wc.1x1"), 2: ("-wc.2x1", "-sum", "-wc.2x1.g", "")}
JOINS = ("mult", "cat", "multexp", "mult", "cat")


def draw(random_):
    """Give the parts of a model: branches, who joins what, and what comes last."""
    branches = [random_.choice(BRANCHES) for _ in range(random_.randint(2, 3))]
    head = random_.choice(JOINS)
    reads = [random_.randrange(len(branches)) for _ in range(2)]
    if head != "cat":
        # what does not go together is not wanted
        reads = [n for n in reads if branches[n][1] == 1] or [0]
        reads = [reads[0], reads[-1]]
        width = max(branches[n][1] for n in reads)
    else:
        width = sum(branches[n][1] for n in reads)
    tail = random_.choice(TAILS[min(width, 2)])
    if width > 2:
        tail = random_.choice((f"-wc.{width}x1", "-sum", f"-fir.{width}x2", f"-wc.{width}x1.g"))
    return branches, head, reads, tail


def write(parts, names, order):
    """Write a model with branches in some order, under some names."""
    branches, head, reads, tail = parts
    said = []
    for place in order:
        text = branches[place][0]
        first, *rest = text.split("-")
        first = first if "@" in first or not said else f"{first}@stim"
        *before, last = [first, *rest]
        said.append("-".join([*before, f"{names[place]}={last}"]))
    return f"{'-'.join(said)}-{head}@{','.join(names[n] for n in reads)}{tail}"


def vary(parts, random_):
    """Change the parts a little, in ways of which some change what is computed."""
    branches, head, reads, tail = parts
    what = random_.randrange(6)
    if what == 0:
        reads = reads[::-1]
    elif what == 1:
        branches = [random_.choice(BRANCHES), *branches[1:]]
    elif what == 2:
        reads = [reads[0], reads[0]]
    elif what == 3:
        tail = tail.replace("strf", "fir")
    elif what == 4:
        said = {"fir.3x2": "strf.3x2", "wc.3x1-fir.1x2-lvl.1": "strf.3x1x2"}
        said |= {b: a for a, b in said.items()}
        branches = [(said.get(text, text), width) for text, width in branches]
    return branches, head, reads, tail


def draw_pair(seed):
    """Give two models of which often one is the other in other words."""
    random_ = random.Random(seed)
    while True:
        parts = draw(random_)
        strings = []
        for each in (parts, vary(parts, random_)):
            names = random_.sample("abcdefgh", len(each[0]))
            order = list(range(len(each[0])))
            random_.shuffle(order)
            strings.append(write(each, names, order))
        try:
            return [Model(string) for string in strings]
        except ValueError:
            continue


class Predictor:
    """What a model predicts of one vector of parameters, and within which bounds."""

    def __init__(self, model):
        self.model = model.copy()
        free = [
            (layer, name, parameter)
            for layer in self.model.layers
            for name, parameter in layer.parameters.items()
        ]
        self.shapes = [(layer, name, np.shape(each.values)) for layer, name, each in free]
        bounds = [each.bound_arrays() for *_, each in free]
        self.bounds = tuple(np.concatenate([np.ravel(b[n]) for b in bounds]) for n in range(2))

    def draw(self, random_):
        low, high = self.bounds
        return np.clip(random_.normal(scale=0.7, size=len(low)), low + 0.3, high - 0.3)

    def __call__(self, theta):
        place = 0
        for layer, name, shape in self.shapes:
            size = int(np.prod(shape))
            layer.set_parameter_values({name: theta[place : place + size].reshape(shape)})
            place += size
        return np.ravel(self.model.predict({"stim": STIM, "state": STATE}))


def reaches(predict, wanted, random_):
    """Tell whether some parameters make a model predict what is wanted."""
    scale = np.sqrt(np.mean(wanted**2))
    for _ in range(400):
        found = least_squares(
            lambda theta: predict(theta) - wanted,
            predict.draw(random_),
            bounds=predict.bounds,
            xtol=1e-15,
            max_nfev=200,
        )
        if np.sqrt(np.mean(found.fun**2)) < 1e-5 * scale:
            return True
    return False


def check(n_pairs, first=0):
    """Look at pairs of one identity, and give how many there were."""
    n_same, wrong = 0, []
    for seed in range(first, first + n_pairs):
        a, b = draw_pair(seed)
        if a.function_id != b.function_id:
            continue
        n_same += a.string != b.string
        if a.string == b.string:
            continue
        random_ = np.random.default_rng(seed)
        if a.string.endswith("-relu.1") and b.string.endswith("-relu.1"):
            # what is equal before it is equal behind it, and fits that see all end sooner
            a, b = (Model(each.string.removesuffix("-relu.1")) for each in (a, b))
        for one, other in ((a, b), (b, a)):
            predict = Predictor(one)
            wanted = predict(predict.draw(random_))
            if np.any(wanted) and not reaches(Predictor(other), wanted, random_):
                wrong.append((one.string, other.string))
    return n_same, wrong


def test_no_false_merge_among_random_pairs():
    n_same, wrong = check(8)
    assert n_same >= 3 and not wrong


@pytest.mark.slow
def test_no_false_merge_among_many_random_pairs():
    """A part of what `python -m tests.compiler.test_identity 10000` looks at."""
    n_same, wrong = check(300, first=1000)
    assert n_same >= 150 and not wrong


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("drive=wc.3x1-gain=wc.2x1@state-mult@drive,gain", "g=wc.2x1@state-d=wc.3x1@stim-mult@g,d"),
        ("a=wc.3x1-b=fir.3x2@stim-mult@a,b-lvl.1", "b=fir.3x2-a=wc.3x1@stim-mult@b,a-lvl.1"),
        ("a=wc.3x2-b=wc.3x1@stim-cat@a,b-wc.3x1", "a=wc.3x2-b=wc.3x1@stim-cat@b,a-wc.3x1"),
        ("a=wc.3x2-b=wc.3x1@stim-cat@a,b-sum", "a=wc.3x2-b=wc.3x1@stim-cat@b,a-sum"),
        ("strf.18x15-dexp.1", "fir.18x15-dexp.1"),
        ("strf.18x2x15-relu.1", "wc.18x2-fir.2x15-lvl.1-relu.1"),
        ("x=wc.18x4-fir.4x15", "wc.18x4-fir.4x15"),
        ("wc.Nx1-lvl.1", "q=wc.Nx1-lvl.1"),
    ],
)
def test_the_same_function_has_one_identity(a, b):
    assert canonical(a) != canonical(b)
    assert function_form(parse(a)) == function_form(parse(b))
    assert Model(a).function_id == function_id(parse(b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("a=wc.3x1-mult@a,a", "a=wc.3x1-b=wc.3x1@stim-mult@a,b"),
        ("a=wc.3x1-b=fir.3x2@stim-multexp@a,b", "a=wc.3x1-b=fir.3x2@stim-multexp@b,a"),
        ("a=wc.3x2-b=wc.3x1@stim-cat@a,b-wc.3x1.g", "a=wc.3x2-b=wc.3x1@stim-cat@b,a-wc.3x1.g"),
        ("a=wc.3x2-b=fir.3x1@stim-cat@a,b", "a=wc.3x2-b=fir.3x1@stim-cat@b,a"),
        ("strf.18x15.relu", "fir.18x15"),
        ("wc.18x4.l2", "wc.18x4"),
        ("wc.18x1-stategain.2x1", "wc.18x1-fir.1x2"),
    ],
)
def test_other_functions_have_others(a, b):
    assert function_form(parse(a)) != function_form(parse(b))


def test_the_identity_is_for_ever():
    """It stands in tables; a change of it is a change of what is kept."""
    assert Model("wc.18x4-fir.4x15-dexp.1").function_id == "f8da29e5c1eb"
    assert function_id(parse("a=wc.3x1-b=wc.2x1@state-mult@a,b")) == "38c121db7f40"


def test_spaces_merge_what_computes_the_same_and_say_so():
    space = expand("{strf.18x15,fir.18x15,a=fir.18x15}-dexp.1")
    assert [variant.canonical for variant in space.models()] == ["strf.18x15-dexp.1"]
    (merged,) = space.merged
    assert merged.strings == ("strf.18x15-dexp.1", "fir.18x15-dexp.1", "a=fir.18x15-dexp.1")


@pytest.mark.parametrize(
    ("string", "told"),
    [
        ("wc.18x1-lvl.1-lvl.1", "lvl.1 before it adds a constant already"),
        ("wc.18x4-lvl.4-wc.4x1-lvl.1", "lvl.1 after it adds a constant already"),
        ("fir.18x15-dexp.1-lvl.1", "dexp.1 before it adds a constant already"),
        ("wc.18x18-wc.18x4", "with wc.18x4 after it says what one keyword of 18 inputs"),
        ("wc.18x20-fir.20x15", "with fir.20x15 after it says what one keyword of 18 inputs"),
        ("wc.18x4-scl.4-relu.4", "wc.18x4 before it scales its output already"),
        ("scl.18-wc.18x4", "wc.18x4 after it weights the same channels"),
    ],
)
def test_explain_names_what_adds_nothing(string, told):
    assert f"adds nothing: {told}" in explain(string)


@pytest.mark.parametrize(
    "string",
    [
        "wc.18x4-fir.4x15-lvl.1-dexp.1",
        "wc.18x4-wc.4x6",
        "wc.18x4.g-wc.4x4",
        "wc.18x4.p-scl.4",
        "wc.18x3-lvl.3-relu.3-wc.3x1-lvl.1",
        "a=wc.18x18-b=wc.18x4-cat@a,b",
        "wc.Nx4-lvl.4",
    ],
)
def test_explain_names_nothing_that_is_needed(string):
    assert "adds nothing" not in explain(string)


if __name__ == "__main__":
    import sys

    print("pairs merged: {}, falsely: {}".format(*check(int(sys.argv[1]), first=1000)))
