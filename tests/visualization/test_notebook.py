"""What a notebook shows, in one that is executed."""

import base64
import inspect
import re
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from nems_dsl import Model, ModelStringError, cross_validate, expand, explain, fit
from nems_dsl._html import table
from nems_dsl.models import ModelSet
from nems_dsl.models.later import LaterModels
from nems_dsl.visualization import plot_model, plot_receptive_field

CELLS = [
    "import numpy as np\nfrom nems_dsl import Model, cross_validate, expand, explain, fit, sweep\n"
    "from nems_dsl.datasets import simulate\nfrom nems_dsl.visualization import *\n"
    "x = np.random.default_rng(0).random((300, 4))\ny = x[:, :2] + 0.1 * x[:, 2:] ** 2",
    "model = fit('wc.4x1-lvl.1', x, y[:, 0], verbose=0); model",
    "model.plot(x, y[:, 0])",
    "plot_receptive_field(model)",
    "model.results",
    "models = fit('wc.4x1-lvl.1', x, y, verbose=0); models",
    "cross_validate('wc.4x1-lvl.1', x, y, n_folds=3)",
    "expand('wc.18x{r=1..3}-fir.{r}x15')",
    "explain('wc.18x4-fir.4x15-dexp.1')",
    "results = sweep('wc.4x1-{lvl,dexp}.1', {'<one>': (x, y), 'two': (x, y)}, 'r.db', 'serial')\n"
    "results",
    "results.compare('wc.4x1-lvl.1', 'wc.4x1-dexp.1')",
    "results.plot()",
    "Model('wc.18x4-fri.4x15')",
]
PICTURES = {2, 3, 11}
WORDS = {
    1: "<b>wc.4x1-lvl.1</b>", 4: "converged</b>", 5: "<th>channel</th>", 6: "<th>test</th>",
    7: "wc.18x3-fir.3x15", 8: "<pre", 9: "<td>wc.4x1-lvl.1</td>", 10: "<td>b - a</td>",
}  # fmt: skip


@pytest.mark.slow
def test_an_executed_notebook(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    client = nbclient.NotebookClient(
        book, timeout=300, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    outputs = [cell.outputs for cell in book.cells]
    for number in PICTURES:
        (shown,) = (out for out in outputs[number] if out.output_type == "execute_result")
        assert base64.b64decode(shown.data["image/png"]).startswith(b"\x89PNG")
    for number, word in WORDS.items():
        (shown,) = (out for out in outputs[number] if out.output_type == "execute_result")
        assert word in shown.data["text/html"]
    (fault,) = outputs[-1]
    lines = "\n".join(fault.traceback).splitlines()
    assert len(lines) == 4 and lines[0].startswith("ModelStringError: error[E101]")
    assert "^^^" in lines[2] and "did you mean fir" in lines[3]


# ---- without a notebook ----------------------------------------------------------------------


def test_figures_and_axes_are_shown_as_pictures():
    model = Model("wc.5x1-fir.1x4-dexp.1")
    for drawn in (plot_model(model), plot_receptive_field(model)):
        assert drawn._repr_png_().startswith(b"\x89PNG")
    mine = Figure().subplots()
    assert plot_receptive_field(model, mine) is mine


def test_a_figure_may_hold_axes_of_other_kinds():
    figure = plot_model(Model("wc.5x1"))
    assert figure.add_subplot(projection="polar").name == "polar"
    ax = figure.axes[0]
    assert figure.add_subplot(ax) is ax


@pytest.mark.slow
def test_no_pyplot_is_loaded_for_a_picture():
    program = (
        "import sys; from nems_dsl import Model; Model('wc.5x1').plot()._repr_png_(); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_model_is_shown_with_its_diagram_and_parameters():
    model = Model("wc.18x4-fir.4x15-dexp.1", name="<A1>")
    html = model._repr_html_()
    assert "&lt;A1&gt;: wc.18x4" in html and "<A1>" not in html
    assert "not fitted" in html and "<details><summary>136 parameters" in html
    assert html.count("<details>") == html.count("</details>") == 2
    assert "<td>coefficients (18, 4)</td>" in html
    assert "open until the model meets data: N" in Model("wc.Nx1")._repr_html_()


def test_results_are_a_few_lines():
    x = np.random.default_rng(0).random((200, 4))
    results = fit("wc.4x1-dexp.1", x, x[:, 0] ** 2, verbose=0).results
    assert len(repr(results).splitlines()) <= 3 and len(repr(results)) < 400
    html = results._repr_html_()
    assert f"{results.loss:.6g}, converged" in html
    assert f"<td>{results.n_iterations}</td>" in html


def test_sets_and_folds_go_to_pandas():
    x = np.random.default_rng(0).random((200, 4))
    models = fit("wc.4x1-lvl.1", x, x[:, :2], verbose=0)
    frame = models.to_pandas()
    assert frame.channel.tolist() == [0, 1] and frame.converged.all()
    assert frame.loss.tolist() == [each.loss for each in models.results]
    found = cross_validate("wc.4x1-lvl.1", x, x[:, :2] + 0.5 * x[:, 2:], n_folds=4)
    frame = found.to_pandas()
    wide = frame.pivot(index="fold", columns="channel", values="test")
    np.testing.assert_array_equal(wide.to_numpy(), found.scores)
    wide = frame.pivot(index="fold", columns="channel", values="fit")
    np.testing.assert_array_equal(wide.to_numpy(), found.scores_fit)
    assert f"<td>{np.ravel(found.score)[1]:.3f}</td>" in found._repr_html_()


def test_a_large_set_makes_no_more_than_it_shows():
    x = np.random.default_rng(0).random((200, 4))
    made = []
    model = fit("wc.4x1-lvl.1", x, x[:, 0], verbose=0)
    models = ModelSet(LaterModels(1000, lambda number: made.append(number) or model.copy(), {}))
    html = models._repr_html_()
    assert html.count("<tr>") == 21 and "980 more" in html and len(made) <= 20


def test_an_explanation_is_text():
    text = explain("wc.18x4-fir.x15-dexp")
    assert isinstance(text, str) and str(text) == text
    assert "<pre" in explain("zs-kf5_wc.18x1-lvl.1_")._repr_html_()
    assert "<pre" in text._repr_html_() and "-&gt;" in text._repr_html_()


def test_a_large_space_is_not_walked_through():
    space = expand("wc.{a=1..900}x{b=1..900}-fir.{b}x15", limit=None)
    html = space._repr_html_()
    assert html.count("<tr>") == 21 and "809,980 more" in html


def test_a_string_error_has_no_internals():
    with pytest.raises(ModelStringError) as caught:
        Model("wc.18x4-fri.4x15")
    (text,) = caught.value._render_traceback_()
    assert len(text.splitlines()) == 4 and "File" not in text


def test_long_tables_say_what_they_leave_out():
    html = table(["n"], [[number] for number in range(70)])
    assert html.count("<tr>") == 51 and "20 more rows" in html


def test_all_that_is_shown_is_escaped():
    source = inspect.getsource(sys.modules[table.__module__])
    # whatever is put between tags passes through `text`
    assert not re.findall(r"<(?:td|th|li|b|summary)>\{(?!text\()", source)
