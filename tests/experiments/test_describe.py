"""The methods paragraph, and its equations in LaTeX, which are evaluated as they are written."""

import itertools
import math
import re

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, describe
from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.compiler.meaning.equations import to_latex
from nems_dsl.preparation import prep_words
from nems_dsl.syntax.grammar import equation_parser

RNG = np.random.default_rng(3)
FUNCTIONS = {
    "exp": math.exp, "log": math.log, "max": max, "min": min, "tanh": math.tanh,
}  # fmt: skip
#: What equations call parameters that have longer names.
LETTERS = {"w": ("wcoefficients", "coefficients"), "h": ("coefficients",), "x0": ("x0",)}
TOKEN = re.compile(
    r"\\(?:left|right)|\\,|\\[a-z]+|[A-Za-z]|[0-9]+(?:\.[0-9]+)?|\^|_|\{|\}|[()+\-,=|']"
)


class Latex:
    """Evaluates what `to_latex` writes, term by term, for one place of the output."""

    def __init__(self, text, names, sizes):
        self.names, self.sizes = names, sizes
        self.tokens = [t for t in TOKEN.findall(text) if t not in ("\\left", "\\right", "\\,")]

    def side(self):
        """Read what stands left of the equals sign: its index."""
        self.place = 0
        self.take()
        index = []
        if self.peek() == "_":
            self.take()
            self.take("{")
            index.append(self.take())
            while self.take() == ",":
                index.append(self.take())
        self.take("=")
        return index

    def value(self, index):
        self.bound = dict(index)
        return self.expression()

    def peek(self):
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def take(self, wanted=None):
        token = self.tokens[self.place]
        assert wanted in (None, token), (wanted, token, self.tokens[self.place :])
        self.place += 1
        return token

    def expression(self):
        value = -self.term() if self.peek() == "-" and self.take() else self.term()
        while self.peek() in ("+", "-"):
            sign = 1 if self.take() == "+" else -1
            value += sign * self.term()
        return value

    def term(self):
        value = 1.0
        while self.peek() not in (None, "+", "-", ")", "}", ",", "="):
            value *= self.factor()
        return value

    def factor(self):
        token = self.take()
        if token == "\\sum":
            return self.summed()
        if token == "\\frac":
            return self.braced() / self.braced()
        if token == "\\sqrt":
            return math.sqrt(self.braced())
        if token == "{":
            base = self.expression()
            self.take("}")
            self.take("^")
            return base ** self.braced()
        if token == "(":
            value = self.expression()
            self.take(")")
            return value
        if token[0].isdigit():
            return float(token)
        name = token.removeprefix("\\")
        if name in FUNCTIONS and self.peek() == "(":
            self.take("(")
            given = [self.expression()]
            while self.take() == ",":
                given.append(self.expression())
            return FUNCTIONS[name](*given)
        if name == "mathrm":
            self.take("{")
            letters = []
            while self.peek() != "}":
                letters.append(self.take())
            self.take("}")
            name = "".join(letters)
        return self.named(name)

    def braced(self):
        self.take("{")
        value = self.expression()
        self.take("}")
        return value

    def summed(self):
        self.take("_")
        self.take("{")
        index = self.take()
        self.take("}")
        start, total = self.place, 0.0
        for number in range(self.sizes[index]):
            self.place = start
            self.bound[index] = number
            total += self.term()
        del self.bound[index]
        return total

    def named(self, name):
        index = None
        if self.peek() == "_":
            self.take()
            self.take("{")
            index = [self.expression()]
            while self.take() == ",":
                index.append(self.expression())
        if name in self.bound:
            return self.bound[name]
        return self.names(
            name, None if index is None else [int(each) for each in index], self.bound
        )


def evaluate(layer, inputs, state):
    """Evaluate a layer by its equation in LaTeX: (T, channels)."""
    text = to_latex(layer.signature.equation)
    main, *helpers = re.split(r", (?=[a-z] =)", text)
    parameters = {name: np.asarray(each.values) for name, each in layer.parameters.items()}
    n_times = len(inputs[0])
    dims = {axis: int(size) for axis, size in layer.dims.items()}
    sizes = {
        "c": dims.get("in", inputs[0].shape[1]),
        "k": dims.get("taps", 0),
        "r": dims.get("rank", 0),
        "s": 0 if state is None else state.shape[1],
        "i": inputs[0].shape[1],
    }
    signals = dict(zip("xab"[len(inputs) > 1 :], inputs, strict=False))
    if state is not None:
        signals["state"] = state

    def look_up(name, index, bound):
        for helper in helpers:
            if helper.startswith(f"{name} ="):
                reader = Latex(helper, look_up, sizes)
                reader.side()
                return reader.value(bound)
        if name in signals:
            index = [bound["t"], bound["o"]] if index is None else index
            return float(signals[name][tuple(index)]) if index[0] >= 0 else 0.0
        full = next((n for n in LETTERS.get(name, (name,)) if n in parameters), name)
        if index is None:
            values = np.ravel(parameters[full])
            return float(values[bound["o"] if len(values) > 1 else 0])
        values = parameters[full]
        return float(values[tuple(index[: values.ndim])])

    reader = Latex(main, look_up, sizes)
    index = reader.side()
    wanted = layer.output_shape(*(x.shape[1:] for x in inputs))
    out = np.zeros((n_times, *wanted))
    start = reader.place
    for t, o in itertools.product(range(n_times), range(wanted[0])):
        reader.place = start
        bound = {"t": t, "o": o}
        if len(index) > 1:
            bound[index[1]] = o
        out[t, o] = reader.value(bound)
    return out


@pytest.mark.parametrize(
    "string",
    [
        "wc.3x2", "fir.3x4x2", "fir.3x4", "strf.3x2x4", "lvl.3", "scl.3", "relu.3.s.o.g",
        "sig.3.s.o.g", "srelu.3.s.o.g", "prelu.3", "dlog.3", "dexp.3", "logsig.3", "tanh.3",
        "qsig.3", "relsat.3", "sum", "stategain.2x3", "sw.2x3",
        "wc.3x2-fir.2x4-dexp.1", "wc.3x2-relu.2.s-wc.2x1-stategain.2x1-tanh.1",
    ],
)  # fmt: skip
def test_the_latex_of_the_chain_evaluates_to_what_is_predicted(string):
    model = Model(string)
    rng = np.random.default_rng(11)
    for layer in model.layers:
        for name, each in layer.parameters.items():
            values = rng.uniform(0.2, 0.9, size=np.shape(each.values))
            layer.set_parameter_values({name: values})
    x, state = RNG.uniform(0.1, 1.5, size=(9, 3)), RNG.uniform(0, 1, size=(9, 2))
    has_state = any(layer.signature.signals for layer in model.layers)
    predicted = model.predict({"stim": x, "state": state} if has_state else x)
    out = x
    for layer in model.layers:
        out = evaluate(layer, [out], state if layer.signature.signals else None)
    np.testing.assert_allclose(out, predicted, rtol=1e-10, atol=1e-12)


def test_products_of_signals_evaluate_too():
    a, b = RNG.normal(size=(5, 2)), RNG.normal(size=(5, 2))
    layer = Model("a=lvl.2-b=lvl.2@stim-multexp@a,b").layers[2]
    np.testing.assert_allclose(evaluate(layer, [a, b], None), a * np.exp(b), rtol=1e-12)


@pytest.mark.parametrize("head", [*catalogue(), *prep_words])
def test_every_equation_is_set_and_its_braces_balance(head):
    entry = catalogue()[head] if head in catalogue() else prep_words[head]
    text = to_latex(entry.signature.equation)
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0 and text.count(r"\left") == text.count(r"\right")
    # no subscript of a subscript, which TeX refuses
    assert not re.search(r"_\{[^{}]*\}_\{", text) and "=" in text.split(r"\text")[0]


def test_the_grammar_of_equations_has_no_collisions():
    pytest.importorskip("interegular")
    equation_parser(True)


def test_the_paragraph_says_every_section_and_defaults():
    told = describe("zs-mm.r-kf5.bl_wc.18x2.g-fir.2x15.l2-dexp.1_start.n5-mse")
    flat = " ".join(told.split())
    for text in (
        "zs makes each channel", "mm.r scales", "of the response", "kf5.bl cross-validates",
        "3 stages and 38 parameters", "(gaussian)", "start.n5", "Minimised was",
        "``zs-mm.r-kf5.bl_wc.18x2.g-fir.2x15.l2-dexp.1_start.n5-mse``",
    ):  # fmt: skip
        assert text in flat, text
    plain = " ".join(describe("wc.Nx1-lvl.1").split())
    assert "The data were fitted as they are. Word est80" in plain and "2 stages:" in plain
    assert max(map(len, told.splitlines())) <= 100


def test_latex_escapes_what_tex_reads_otherwise():
    told = describe("zs_wc.18x1-lvl.1_", latex=True)
    assert r"\texttt{zs\_wc.18x1-lvl.1\_}" in told and r"$y = x + \mathrm{shift}$" in told


def test_faults_and_dialects():
    with pytest.raises(ModelStringError, match="E201"):
        describe("wc.18x4-fir.3x15")
    assert "fir.4x15" in describe("wc.18x4-fir.15x4", dialect="nems")
