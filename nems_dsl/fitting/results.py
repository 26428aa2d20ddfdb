"""What came of a fit."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._html import folded, heading, notes, table
from ..errors import NemsWarning
from .uncertainty.errors import StandardErrors

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

CONVERGED, AT_A_LIMIT, INTERRUPTED, NOT_FITTED = 0, 1, 2, 3


class NotFittedWarning(NemsWarning):
    """A channel in which there is nothing to be learnt; its scores and predictions are NaN."""


# seconds of compiling
_WORTH_TELLING = 0.1


@dataclass(frozen=True)
class StartRecord:
    """One of the starts of a fit, and where it led.

    Attributes
    ----------
    init : str
        How it was found: ``data``, ``staged``, ``mean``, ``prior`` or ``model``; ``smaller`` for a
        model with a hidden layer that stays the linear-nonlinear one inside.
    initial_loss, loss : float
    n_iterations : int
    converged : bool
    """

    init: str
    initial_loss: float
    loss: float
    n_iterations: int
    converged: bool


@dataclass(frozen=True, repr=False)
class FitResults:
    """A fit's outcome, as `Model.results`.

    Attributes
    ----------
    loss : float
        At the end, with penalties, but without those of receptive fields.
    initial_loss : float
    loss_name : str
    loss_history : tuple of float
        One per iteration; the first is the initial loss.
    n_parameters : int
        Free parameters.
    n_iterations : int
        Of the search that led to the best.
    n_evaluations : int
        Of the loss, most of them with its gradient, by all searches.
    seconds : float
        Wall time of starts and searches, without that of compiling.
    converged : bool
        A minimum was found; False when a limit or Ctrl-C ended the search.
    status : int
        0 converged, 1 ended by a limit, 2 interrupted, 3 not fitted.
    message : str
    optimizer : str
        The one that was used, by its name.
    starts : tuple of StartRecord
        Every start that was tried, in order.
    validation_history : tuple of float
        The loss on data held out, one per iteration; empty without such data.
    rank : int or None
        How many directions of the free parameters the prediction depends on; None if that is not
        known.
    warnings : tuple of str
        What is wrong with the fit, in words.
    edges : str
        What the stimulus was taken for before trials begin: "zeros", "omit" or "hold".
    silent : tuple of int
        Outputs of a model of several for which there was nothing to be learnt.
    edf : float or None
        Effective degrees of freedom: how many free parameters without shrinkage would fit as
        closely; None where that is not known.
    strengths : dict of str to float or list of float
        For each receptive field that was shrunk, by the layers that it belongs to, the strength:
        the penalty of ridge regression as a share of the variance of the stimulus. One for each
        output.
    shrinkage : tuple of str
        The same in words.
    standard_errors : StandardErrors or None
        Of the parameters, by layer and by name as `Model.get_parameter_values` has them, in the
        user's units. None for more than 600 parameters, or more than 100,000 parameters times
        outputs, and for models with layers of one's own.
    log_likelihood : float or None
        At the end, without penalties: of counts, for the loss ``poisson``; else of residuals that
        are independent and normal, of one variance. None if channels are weighted.
    n_samples : int
        Samples of the response that were fitted.
    compile_seconds : float
        Wall time of compiling kernels, once on a machine.
    target_digest : str
        Of the response that was fitted, by which figures know it again; empty if not known.
    """

    loss: float
    initial_loss: float
    loss_name: str
    loss_history: tuple[float, ...]
    n_parameters: int
    n_iterations: int
    n_evaluations: int
    seconds: float
    converged: bool
    status: int
    message: str
    optimizer: str
    starts: tuple[StartRecord, ...] = ()
    validation_history: tuple[float, ...] = ()
    rank: int | None = None
    warnings: tuple[str, ...] = ()
    edges: str = "zeros"
    silent: tuple[int, ...] = ()
    edf: float | None = None
    strengths: dict[str, Any] = field(default_factory=dict)
    shrinkage: tuple[str, ...] = ()
    standard_errors: StandardErrors | None = None
    log_likelihood: float | None = None
    n_samples: int = 0
    compile_seconds: float = 0.0
    target_digest: str = ""

    @property
    def aic(self) -> float | None:
        """Akaike's information criterion, ``2 k - 2 log L``; None if there is no likelihood.

        k is the number of directions that the fit could move in, and one more for the variance of
        normal residuals (Akaike, 1974, IEEE Transactions on Automatic Control 19: 716-723).
        """
        return self._criterion(2.0)

    @property
    def bic(self) -> float | None:
        """Schwarz's information criterion, ``k log n - 2 log L``; None if there is no likelihood.

        k as for `aic` (Schwarz, 1978, Annals of Statistics 6: 461-464). Samples that depend on each
        other count as if they did not.
        """
        return self._criterion(math.log(self.n_samples)) if self.n_samples else None

    @property
    def n_effective(self) -> float:
        """How many parameters the fit amounts to: `edf` where there is shrinkage, or the rank."""
        if self.edf is not None:
            return self.edf
        return float(self.n_parameters if self.rank is None else self.rank)

    def _criterion(self, price: float) -> float | None:
        if self.log_likelihood is None:
            return None
        n_fitted = self.n_effective + (self.loss_name != "poisson")
        return price * n_fitted - 2 * self.log_likelihood

    def to_pandas(self) -> pd.DataFrame:
        """Return a table of parameters and their errors; see `StandardErrors.to_pandas`.

        Raises
        ------
        ValueError
            There are no errors.
        """
        if self.standard_errors is None:
            raise ValueError(
                "this fit has no standard errors: it has more than 600 parameters, or layers "
                "without kernels, or was made by an older version; see "
                "nems_dsl.studies.standard_errors"
            )
        return self.standard_errors.to_pandas()

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the loss over the iterations of the fit.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; those of a new figure by default.

        Returns
        -------
        matplotlib.axes.Axes
        """
        from ..visualization import plot_history

        return plot_history(self, ax)

    @property
    def is_failed(self) -> bool:
        """Whether there was nothing to be fitted, so that the model stands where it began."""
        return self.status == NOT_FITTED

    def without_silent(self, prediction: np.ndarray) -> np.ndarray:
        """Return a prediction, (T, channels), that is NaN where nothing was learnt."""
        if self.is_failed:
            return np.full_like(prediction, np.nan)
        if not self.silent:
            return prediction
        known = prediction.copy()
        known.reshape(len(known), -1)[:, list(self.silent)] = np.nan
        return known

    def of_response_times(self, scale: float) -> FitResults:
        """Return the results for a response that was `scale` times that of the fit.

        The density of normal residuals is so many times lower.
        """
        if self.log_likelihood is None or scale == 1:
            return self
        return replace(self, log_likelihood=self.log_likelihood - self.n_samples * math.log(scale))

    def scaled(self, factor: float) -> FitResults:
        """Return the results with losses in other units."""
        if factor == 1:
            return self
        starts = (
            replace(s, initial_loss=factor * s.initial_loss, loss=factor * s.loss)
            for s in self.starts
        )
        return replace(
            self,
            loss=factor * self.loss,
            initial_loss=factor * self.initial_loss,
            loss_history=tuple(factor * loss for loss in self.loss_history),
            validation_history=tuple(factor * loss for loss in self.validation_history),
            starts=tuple(starts),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the results as JSON can hold them."""
        plain = asdict(replace(self, standard_errors=None))
        told = {
            name: list(value)
            if isinstance(value, tuple)
            else None
            if isinstance(value, float) and math.isnan(value)
            else value
            for name, value in plain.items()
        }
        errors = self.standard_errors
        return {**told, "standard_errors": None if errors is None else errors.to_dict()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FitResults:
        """Read what `to_dict` gave."""
        starts = tuple(StartRecord(**start) for start in data.get("starts", ()))
        read: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        read["starts"] = starts
        if read.get("standard_errors") is not None:
            read["standard_errors"] = StandardErrors.from_dict(data["standard_errors"])
        for name in ("loss", "initial_loss"):
            read[name] = math.nan if read[name] is None else read[name]
        return cls(**read)

    @property
    def _has_compiled(self) -> bool:
        return self.compile_seconds > _WORTH_TELLING

    def __repr__(self) -> str:
        return f"FitResults({self})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the outcome, and warnings; the rest is folded."""
        ended = "converged" if self.converged else "not converged"
        criteria = [
            ("free parameters", self.n_parameters),
            ("they amount to", f"{self.n_effective:.4g}"),
            ("samples", self.n_samples or "not known"),
            ("log likelihood", _spelled(self.log_likelihood)),
            ("AIC", _spelled(self.aic)),
            ("BIC", _spelled(self.bic)),
            ("iterations", self.n_iterations),
            ("evaluations", self.n_evaluations),
            ("seconds", f"{self.seconds:.2f}"),
            ("optimizer", f"{self.optimizer} ({self.message})"),
        ]
        starts = [
            (s.init, f"{s.initial_loss:.6g}", f"{s.loss:.6g}", s.n_iterations, s.converged)
            for s in self.starts
        ]
        heads = ("start", "initial loss", "loss", "iterations", "converged")
        return (
            heading(
                f"{self.loss_name} {self.initial_loss:.6g} → {self.loss:.6g}, {ended}",
                *(f"shrunk: {text}" for text in self.shrinkage),
            )
            + notes(f"warning: {warning}" for warning in self.warnings)
            + folded("criteria and cost", table(("", ""), criteria))
            + (folded(f"{len(starts)} starts", table(heads, starts)) if starts else "")
        )

    def __str__(self) -> str:
        ended = "converged" if self.converged else "not converged"
        return (
            f"{self.loss_name} {self.initial_loss:.6f} -> {self.loss:.6f}, {ended} after "
            f"{self.n_iterations} iterations, {self.n_evaluations} evaluations, "
            f"{self.seconds:.2f} s by {self.optimizer} ({self.message})"
            + f", after compiling for {self.compile_seconds:.1f} s, once" * self._has_compiled
            + "".join(f"\nshrunk: {text}" for text in self.shrinkage)
            + "".join(f"\nwarning: {warning}" for warning in self.warnings)
        )


def _spelled(value: float | None) -> str:
    return "not known" if value is None else f"{value:.6g}"


def not_fitted(reason: str, loss_name: str, edges: str) -> FitResults:
    """Return the results of a fit for which there was nothing to be learnt."""
    return FitResults(
        loss=math.nan,
        initial_loss=math.nan,
        loss_name=loss_name,
        loss_history=(),
        n_parameters=0,
        n_iterations=0,
        n_evaluations=0,
        seconds=0.0,
        converged=False,
        status=NOT_FITTED,
        message=reason,
        optimizer="none",
        warnings=(f"not fitted: {reason}",),
        edges=edges,
    )
