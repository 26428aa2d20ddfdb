"""What a model shows of itself: as text, and as a page of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..model_like import ModelLike
    from .report import ModelReport


class Shown:
    """The ways in which a model is looked at; a part of `Model`."""

    def diagram(self: ModelLike, format: str = "text") -> str:
        """Draw the layers, the shapes between them, and the branches by which signals go.

        Parameters
        ----------
        format : {"text", "mermaid", "graphviz"}
            For a terminal, or the source of a drawing for Mermaid or Graphviz.

        Returns
        -------
        str
            A layer whose output has a name is shown as ``name = keyword``. T stands for time, T/2
            for every second bin of it.

        Examples
        --------
        >>> from nems_dsl import Model
        >>> print(Model("wc.18x4-fir.4x15-dexp.1").diagram())
        ●  stim
        │  (T, 18)
        ●  wc.18x4
        │  (T, 4)
        ●  fir.4x15
        │  (T, 1)
        ●  dexp.1
        │  (T, 1)
        ●  output
        """
        from .diagram import diagram

        return diagram(self, format)

    def report(self: ModelLike, level: float = 0.9) -> ModelReport:
        """Tell on one page how the fit went, and how far its parameters can be trusted.

        Parameters
        ----------
        level : float
            Of the confidence intervals.

        Returns
        -------
        ModelReport
            Prints loss, criteria, parameters with their errors, and warnings; `to_pandas` gives
            the parameters as a table.

        Raises
        ------
        ValueError
            The model was not fitted.

        Examples
        --------
        >>> import numpy as np
        >>> from nems_dsl import Model
        >>> x = np.random.default_rng(0).random((500, 4))
        >>> y = x[:, 2] + 0.1 * np.random.default_rng(1).random(500)
        >>> table = Model("wc.4x1-lvl.1").fit(x, y, verbose=0).report().to_pandas()
        >>> table[["parameter", "value"]].round(1).values[2].tolist()
        ['coefficients', 1.0]
        """
        from .report import report_of

        return report_of(self, level)

    def _repr_html_(self: ModelLike) -> str:
        from .html import show_model

        return show_model(self)

    def __str__(self: ModelLike) -> str:
        from .summary import summarise

        return summarise(self)
