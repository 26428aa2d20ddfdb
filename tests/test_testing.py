"""What `check_layer` finds, and keywords that users and other packages declare."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nems_dsl import Model, ModelStringError, canonical, explain, keyword_info
from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.datasets import simulate
from nems_dsl.keywords import (
    POINTWISE_FLOWS,
    POINTWISE_FORMS,
    Flow,
    Option,
    ShapeForm,
    Signature,
    registry,
)
from nems_dsl.layers.base import Facts, KernelLayer, KeywordLayer, Layer, Parameter, Phi
from nems_dsl.testing import CHECKS, check_layer

ROOT = Path(__file__).parents[1]


def signature(head, **arguments):
    declared = {"forms": POINTWISE_FORMS, "flows": POINTWISE_FLOWS, **arguments}
    return Signature(head, "does something", "y = f(x)", **declared)


class Soft(KeywordLayer):
    signature = signature(
        "soft", options=(Option("g", "fitted gain"),), example="wc.18x1-fir.1x5-soft.1"
    )

    def initial_parameters(self):
        gain = [Parameter("gain", self.shape, initial_value=1.0)] * ("g" in self.options)
        return Phi(Parameter("shift", self.shape), *gain)

    def evaluate(self, x):
        shift, *gain = self.get_parameter_values()
        return np.logaddexp(0, x + shift) * (gain[0] if gain else 1.0)


class ExactSoft(KernelLayer):
    signature = signature("exactsoft")
    memory = 0
    facts = Facts(channelwise=True)

    def initial_parameters(self):
        return Phi(Parameter("shift", self.shape))

    def prepare(self, values):
        return (values["shift"],)

    def forward(self, work):
        (shift,), (x,) = work.weights, work.inputs
        np.logaddexp(0, x + shift[..., None], out=work.out)

    def vjp(self, work):
        slope = work.d_out * -np.expm1(-work.out)
        work.d_weights[0][...] += slope.sum(axis=-1)
        if work.d_inputs[0] is not None:
            work.d_inputs[0][...] = slope


class WrongDerivative(ExactSoft):
    def vjp(self, work):
        super().vjp(work)
        work.d_weights[0][...] *= 1.001


class WrongInputDerivative(ExactSoft):
    def vjp(self, work):
        super().vjp(work)
        if work.d_inputs[0] is not None:
            work.d_inputs[0][..., -1] = 0


class Leaking(ExactSoft):
    def forward(self, work):
        super().forward(work)
        work.out[..., 1:] += 0.1 * work.inputs[0][..., :-1]


class Doubling(ExactSoft):
    def forward(self, work):
        super().forward(work)
        work.out *= 1 if work.out.dtype == np.float64 else 1.001


class Delayed(Layer):
    memory = 1

    def evaluate(self, x):
        return np.concatenate([np.zeros((2, x.shape[1])), x])[: len(x)]


class Ahead(Layer):
    memory = 0

    def evaluate(self, x):
        return np.concatenate([x[1:], x[:1]])


class Shortened(Layer):
    def evaluate(self, x):
        return x[1:]


class Overwriting(Layer):
    def evaluate(self, x):
        x *= 2
        return x


class Remembering(Layer):
    calls = 0

    def evaluate(self, x):
        self.calls += 1
        return x + self.calls


class Infinite(Layer):
    def evaluate(self, x):
        with np.errstate(invalid="ignore"):
            return np.log(x)


class Outside(Layer):
    def initial_parameters(self):
        return Phi(Parameter("gain", initial_value=-1.0, bounds=(0, 1)))

    def evaluate(self, x):
        return x


class Misdeclared(Soft):
    @classmethod
    def parameter_shapes(cls, dims, options):
        return {"shift": (1, 1)}


class WrongFlow(KeywordLayer):
    signature = signature(
        "wrongflow",
        forms=(ShapeForm(("in", "out"), n_required=2),),
        flows=(Flow(("in",), ("out",)),),
    )

    def evaluate(self, x):
        return x


@pytest.fixture
def with_keyword():
    """Register classes for one test."""
    catalogue()
    added = []

    def register(entry):
        added.append(entry.signature.head)
        return registry.register(entry)

    yield register
    for head in added:
        del registry._entries[head]
    registry.version += 1


# ---- check_layer ---------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [Soft, Soft(4), Soft((2, 3)), ExactSoft, "wc.3x2.g", "stp"])
def test_sound_layers_pass(layer):
    assert check_layer(layer) == list(CHECKS)


def test_a_string_is_checked_layer_by_layer():
    check_layer("a=wc.Nx2-b=fir.2x4x2@a-mult@a,b-skip.3x2@a,stim-stategain.2x4")


@pytest.mark.parametrize(
    ("layer", "complaint"),
    [
        (WrongDerivative, "derivatives: .*by shift is wrong"),
        (WrongInputDerivative, "derivatives: .*by input 0 is wrong"),
        (Leaking, "trials: .*one trial has a bearing on another"),
        (Leaking, "remembers 1 bins, not 0"),
        (Doubling, "float32: "),
        (Delayed, "remembers 2 bins, not 1"),
        (Ahead, "looks 1 bins ahead, not 0"),
        (Shortened, "gives 22 bins for 23, not 23"),
        (Overwriting, "changes its inputs"),
        (Remembering, "something else a second time"),
        (Infinite, "not finite"),
        (Outside, "gain starts outside its bounds"),
        (Misdeclared, "parameter_shapes says"),
    ],
)
def test_faults_are_named(layer, complaint):
    with pytest.raises(AssertionError) as caught:
        check_layer(layer)
    assert re.search(complaint, str(caught.value), re.DOTALL)
    assert str(caught.value).count(layer.__name__ if layer.signature is None else "soft")


def test_an_output_that_its_signature_denies_is_found(with_keyword):
    with_keyword(WrongFlow)
    with pytest.raises(AssertionError, match=r"gives \(3,\), but its signature says \(2,\)"):
        check_layer("wrongflow")


def test_a_domain_keeps_signals_where_a_layer_takes_them():
    check_layer(Infinite, domain=(0.1, 3.0))


def test_inputs_can_be_given():
    class Ratio(Layer):
        def evaluate(self, a, b):
            return a / (1 + b**2)

    check_layer(Ratio(), inputs=[(3,), (1,)])
    check_layer(Ratio(input={"b": "pupil", "a": "stim"}), inputs=[(3,), (3,)])


def test_a_kernel_without_a_derivative_is_told_what_to_be():
    class Half(KernelLayer):
        signature = signature("half")

        def forward(self, work):
            np.multiply(work.inputs[0], 0.5, out=work.out)

    with pytest.raises(AssertionError, match=r"Half must define vjp.*is a KeywordLayer"):
        check_layer(Half)


@pytest.mark.parametrize("thing", [3, None, int])
def test_only_layers_can_be_checked(thing):
    with pytest.raises(TypeError, match="can be checked"):
        check_layer(thing)


# ---- keywords of one's own -----------------------------------------------------------------------


def test_a_keyword_in_numpy_is_a_keyword_like_any_other(with_keyword):
    with_keyword(Soft)
    assert canonical("wc.18x2-fir.x5-soft.g") == "wc.18x2-fir.2x5-soft.1.g"
    assert canonical("wc.18x2x3-soft") == "wc.18x2x3-soft.2x3"
    assert "2 parameters: shift (1), gain (1)" in explain("wc.18x1-soft.g")
    assert keyword_info("soft").describe_options() == "g (fitted gain)"
    with pytest.raises(ModelStringError, match="did you mean soft"):
        canonical("wc.18x1-sofd")
    with pytest.raises(ModelStringError, match="has no option `q`"):
        canonical("wc.18x1-soft.q")
    with pytest.raises(ModelStringError, match="expects 1 input channel"):
        canonical("wc.18x1-soft.2")
    model = Model("wc.18x1-soft.g")
    assert model.parameter_count == 20
    assert model.predict(np.zeros((5, 18))).shape == (5, 1)


def test_one_too_large_is_refused_and_not_made(with_keyword):
    class Wide(KeywordLayer):
        signature = signature(
            "wide",
            forms=(ShapeForm(("in", "out"), n_required=2),),
            flows=(Flow(("in",), ("out",)),),
        )

        def initial_parameters(self):
            return Phi(Parameter("weights", self.shape))

        def evaluate(self, x):
            return x @ self.parameters["weights"].values

    with_keyword(Wide)
    assert canonical("wide.3x2-wide.2x1") == "wide.3x2-wide.2x1"
    with pytest.raises(ModelStringError, match="a model of 1,000,000,000,000 parameters"):
        canonical("wide.1000000x1000000")
    check_layer("wide")


def test_its_fit_agrees_with_that_of_an_exact_version(with_keyword, tmp_path):
    with_keyword(Soft)
    with_keyword(ExactSoft)
    data = simulate(n_times=1500, snr=4.0, seed=1)
    string = "wc.18x1-fir.1x8-{}.1-lvl.1"
    fits = [
        Model(string.format(head)).fit(data.stim, data.resp, verbose=0, shrinkage="none")
        for head in ("soft", "exactsoft")
    ]
    losses = [fit.results.loss for fit in fits]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)
    np.testing.assert_allclose(
        fits[0].predict(data.stim), fits[1].predict(data.stim), atol=0.02 * data.resp.std()
    )
    loaded = Model.load(fits[0].save(tmp_path / "soft.json"))
    np.testing.assert_array_equal(loaded.predict(data.stim), fits[0].predict(data.stim))


def test_a_taken_head_is_refused_unless_asked_for(with_keyword):
    with_keyword(Soft)
    with pytest.raises(ValueError, match="`soft` exists already"):
        registry.register(Misdeclared)
    registry.register(Misdeclared, replace=True)
    assert catalogue()["soft"] is Misdeclared


@pytest.mark.slow
def test_the_example_is_short_and_runs():
    text = (ROOT / "examples" / "own_keyword.py").read_text(encoding="utf-8")
    layer = text[text.index("@registry.register") : text.index("check_layer(")].strip()
    assert len(layer.splitlines()) < 25
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "own_keyword.py")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert "wc.18x1-fir.1x15-soft.1.g" in done.stdout


# ---- keywords of other packages ------------------------------------------------------------------

PLUGIN = """
from nems_dsl.keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from nems_dsl.layers.base import KeywordLayer

{decorator}
class Square(KeywordLayer):
    signature = Signature("{head}", "squares", "y = x ** 2", POINTWISE_FORMS, POINTWISE_FLOWS)

    def evaluate(self, x):
        return x**2
"""


def install(folder, name, value, text):
    (folder / f"{name}.py").write_text(text)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[nems_dsl.keywords]\n{name} = {value}\n")


def run(code, folder, *flags):
    return subprocess.run(
        [sys.executable, *flags, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": f"{ROOT}:{folder}"},
        cwd=folder,
    )


def test_packages_bring_keywords_by_an_entry_point(tmp_path):
    by_import = PLUGIN.format(decorator="@registry.register", head="square")
    by_name = PLUGIN.format(decorator="", head="squaretwo")
    install(tmp_path, "plugin_one", "plugin_one", by_import)
    install(tmp_path, "plugin_two", "plugin_two:Square", by_name)
    code = "import nems_dsl; print(nems_dsl.canonical('wc.4x2-square-squaretwo'))"
    done = run(code, tmp_path, "-W", "error")
    assert done.stdout.strip() == "wc.4x2-square.2-squaretwo.2", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "value", "complaint"),
    [
        ("1 / 0", "broken", "ZeroDivisionError: division by zero"),
        ("", "broken:Missing", "AttributeError"),
        ("", "elsewhere", "ModuleNotFoundError"),
        (
            PLUGIN.format(decorator="@registry.register", head="wc"),
            "broken",
            "ValueError: the keyword `wc` exists already",
        ),
    ],
)
def test_a_broken_package_is_named_and_does_no_harm(tmp_path, text, value, complaint):
    install(tmp_path, "broken", value, text)
    square = PLUGIN.format(decorator="@registry.register", head="square")
    install(tmp_path, "plugin_one", "plugin_one", square)
    done = run("import nems_dsl; print(nems_dsl.canonical('wc.4x2-square'))", tmp_path)
    assert done.stdout.strip() == "wc.4x2-square.2"
    assert f"the keywords of broken (entry point broken = {value}) cannot be loaded" in done.stderr
    assert complaint in done.stderr


def test_importing_the_package_looks_for_no_packages():
    code = "import nems_dsl, nems_dsl.keywords, sys; print('importlib.metadata' in sys.modules)"
    assert run(code, ROOT).stdout.strip() == "False"
