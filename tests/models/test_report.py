"""Reports of fits: all on one page, as text, as HTML, and as a table."""

from dataclasses import replace

import numpy as np
import pytest

from nems_dsl import Model, fit

RNG = np.random.default_rng(0)
X = RNG.standard_normal((400, 8))
Y = X[:, 0] - X[:, 1] + 0.5 * RNG.standard_normal(400)


@pytest.fixture(scope="module")
def fitted():
    return fit("wc.8x1-fir.1x2-dexp.1", X, Y, verbose=0, shrinkage="none")


def test_a_report_has_all_on_a_page(fitted):
    results = fitted.results
    lines = str(fitted.report()).splitlines()
    assert lines[0] == fitted.string
    assert lines[1].startswith(f"nmse {results.loss:.6g}, converged after ")
    assert "400 samples, 14 parameters, 12 effective directions" in lines
    assert f"log likelihood {results.log_likelihood:.6g}, AIC {results.aic:.6g}, " in lines[3]
    assert lines[3].endswith(f"BIC {results.bic:.6g}")
    (base,) = (line for line in lines if line.startswith("dexp.base"))
    value = fitted.get_parameter_values()["dexp"]["base"][0]
    error = results.standard_errors["dexp"]["base"][0]
    assert base.split()[1:3] == [f"{value:.4g}", f"{error:.2g}"]
    assert any(line.startswith("wc.coefficients (8 x 1)  -") for line in lines)
    assert lines[-1].startswith("make up for each other, so that they have no errors: fir.coeff")
    # a table stands in columns
    (heads,) = (line for line in lines if line.startswith("parameter"))
    assert heads.endswith("90 % interval") and len({len(heads), len(base)}) == 1


def test_its_name_and_its_warnings_are_told(fitted):
    model = fitted.copy()
    model.name = "A1 <3>"
    model.results = replace(model.results, warnings=("dead units & more",))
    report = model.report()
    assert str(report).startswith("A1 <3>: wc.8x1")
    assert str(report).endswith("warning: dead units & more") and repr(report) == str(report)
    html = report._repr_html_()
    assert "<b>A1 &lt;3&gt;: wc" in html and "<li>warning: dead units &amp; more</li>" in html
    assert html.count("<tr>") == 1 + 1 + 2 + 4


def test_the_level_is_that_of_the_intervals(fitted):
    narrow, wide = (fitted.report(level).to_pandas() for level in (0.5, 0.99))
    row = narrow.parameter == "base"
    assert (wide[row].upper.item() - wide[row].lower.item()) > 3 * (
        narrow[row].upper.item() - narrow[row].lower.item()
    )
    assert "50 % interval" in str(fitted.report(0.5))


def test_a_fit_without_errors_is_reported_as_well(fitted):
    model = fitted.copy()
    model.results = replace(model.results, standard_errors=None, log_likelihood=None, n_samples=0)
    text = str(model.report())
    assert "no standard errors: see nems_dsl.studies.standard_errors" in text
    assert "AIC" not in text and "samples" not in text
    table = model.report().to_pandas()
    assert table.error.isna().all() and len(table) == 14
    assert list(table) == list(fitted.report().to_pandas())


def test_the_effective_degrees_of_freedom_take_the_place_of_the_rank(fitted):
    class Shrunk:
        edf = 5.5

        def __getattr__(self, name):
            return getattr(fitted.results, name)

    from nems_dsl.fitting.results import FitResults

    assert FitResults.n_effective.fget(Shrunk()) == 5.5


def test_a_model_that_was_not_fitted_has_none():
    with pytest.raises(ValueError, match=r"not fitted.*call fit first"):
        Model("wc.8x1-lvl.1").report()
