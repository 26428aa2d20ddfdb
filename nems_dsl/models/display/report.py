"""What a user wants to know of a fit on one page: criteria, parameters with errors, warnings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._html import heading, notes, table
from ...fitting.results import FitResults
from ..model_like import ModelLike

if TYPE_CHECKING:
    import pandas as pd

# a parameter of more numbers is told by the range of them
_MOST_NUMBERS = 6
_HEADS = ("parameter", "value", "error", "interval")


@dataclass(frozen=True, repr=False)
class ModelReport:
    """A fit on one page, for printing, for a notebook, or as a table.

    Attributes
    ----------
    title : str
        Name and string of the model.
    results : FitResults
    values : dict of str to dict of str to array
        The parameters, by layer and by name.
    level : float
        Of the intervals.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import fit
    >>> x = np.random.default_rng(0).random((200, 4))
    >>> report = fit("wc.4x1-lvl.1", x, x[:, 0] + x[:, 1] ** 2, verbose=0).report()
    >>> len(report.to_pandas())
    5
    >>> str(report).splitlines()[0]
    'wc.4x1-lvl.1'
    """

    title: str
    results: FitResults
    values: dict[str, dict[str, np.ndarray]]
    level: float = 0.9

    def to_pandas(self) -> pd.DataFrame:
        """Return a table of all parameters, a row for each number.

        Returns
        -------
        pandas.DataFrame
            Columns layer, parameter, index, value, error, aligned, lower and upper, as
            `nems_dsl.fitting.StandardErrors` has them. Without errors the last four are NaN.
        """
        errors = self.results.standard_errors
        if errors is not None:
            return errors.to_pandas(self.level)
        import pandas as pd

        return pd.DataFrame(
            {
                "layer": layer,
                "parameter": name,
                "index": index,
                "value": float(values[index]),
                **dict.fromkeys(("error", "aligned", "lower", "upper"), np.nan),
            }
            for layer, by_name in self.values.items()
            for name, values in by_name.items()
            for index in np.ndindex(values.shape)
        )

    def __str__(self) -> str:
        table = [(*_HEADS[:3], f"{100 * self.level:g} % interval"), *self._rows()]
        widths = [max(len(row[column]) for row in table) for column in range(4)]
        lines = [
            "  ".join(
                text.rjust(width) if column else text.ljust(width)
                for column, (text, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in table
        ]
        return "\n".join([self.title, *self._head(), "", *lines, *_before("", self._notes())])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        heads = (*_HEADS[:3], f"{100 * self.level:g} % interval")
        return (
            heading(self.title, *self._head()) + table(heads, self._rows()) + notes(self._notes())
        )

    # ---- parts -------------------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        results = self.results
        ended = "converged" if results.converged else "not converged"
        yield (
            f"{results.loss_name} {results.loss:.6g}, {ended} after {results.n_iterations} "
            f"iterations by {results.optimizer}"
        )
        if results.n_samples:
            shrunk = "effective" if results.edf is not None else "free"
            yield (
                f"{results.n_samples} samples, {results.n_parameters} parameters, "
                f"{results.n_effective:.4g} {shrunk} directions"
            )
        yield from (f"shrunk: {text}" for text in results.shrinkage)
        if results.log_likelihood is not None and results.aic is not None:
            told = f"log likelihood {results.log_likelihood:.6g}, AIC {results.aic:.6g}"
            yield told if results.bic is None else f"{told}, BIC {results.bic:.6g}"
        errors = results.standard_errors
        if errors is not None:
            yield (
                f"errors by the {errors.method}, {errors.n_blocks} blocks of "
                f"{errors.block_bins} bin{'s' * (errors.block_bins > 1)}"
            )

    def _rows(self) -> Iterator[tuple[str, ...]]:
        errors = self.results.standard_errors
        ends = None if errors is None else errors.interval(self.level)
        for layer, by_name in self.values.items():
            for name, values in by_name.items():
                label = f"{layer}.{name}"
                if errors is None or ends is None:
                    yield from _rows_of(label, values, None, None)
                else:
                    pair = ends[0][layer][name], ends[1][layer][name]
                    yield from _rows_of(label, values, errors[layer][name], pair)

    def _notes(self) -> Iterator[str]:
        errors = self.results.standard_errors
        if errors is None:
            yield "no standard errors: see nems_dsl.studies.standard_errors"
        else:
            for each in errors.not_identified:
                yield f"make up for each other, so that they have no errors: {each}"
        for warning in self.results.warnings:
            yield f"warning: {warning}"


def report_of(model: ModelLike, level: float) -> ModelReport:
    """Make the report of a fitted model.

    Raises
    ------
    ValueError
        It was not fitted.
    """
    if model.results is None:
        raise ValueError("the model was not fitted, and a report is of a fit: call fit first")
    try:
        string = model.string
    except ValueError:
        string = " - ".join(layer.label for layer in model.layers)
    values = {
        name: {
            key: parameter.values.copy()
            for key, parameter in layer.parameters.items()
            if not parameter.is_permanent
        }
        for name, layer in zip(model.layers.names, model.layers, strict=True)
    }
    title = string if model.name is None else f"{model.name}: {string}"
    return ModelReport(title, model.results, values, level)


def _rows_of(
    label: str, values: np.ndarray, errors: np.ndarray | None, ends: Any
) -> Iterator[tuple[str, ...]]:
    if values.size > _MOST_NUMBERS:
        shape = " x ".join(map(str, values.shape))
        yield f"{label} ({shape})", _range(values), "" if errors is None else _range(errors), ""
        return
    for index in np.ndindex(values.shape):
        at = "" if values.size == 1 else f"[{', '.join(map(str, index))}]"
        if errors is None:
            yield f"{label}{at}", f"{values[index]:.4g}", "", ""
            continue
        interval = ""
        if np.isfinite(errors[index]):
            interval = f"{ends[0][index]:.4g} to {ends[1][index]:.4g}"
        yield f"{label}{at}", f"{values[index]:.4g}", _number(float(errors[index])), interval


def _range(array: np.ndarray) -> str:
    known = array[np.isfinite(array)]
    if not known.size:
        return "-"
    return f"{known.min():.4g} to {known.max():.4g}"


def _number(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "-"


def _before(first: str, rest: Iterator[str]) -> list[str]:
    """Return the lines, with one before them if there are any."""
    lines = list(rest)
    return [first, *lines] if lines else []
