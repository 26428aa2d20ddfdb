"""What came of a fit."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from ..errors import NemsWarning

CONVERGED, AT_A_LIMIT, INTERRUPTED, NOT_FITTED = 0, 1, 2, 3


class NotFittedWarning(NemsWarning):
    """A channel in which there is nothing to be learnt; its scores and predictions are NaN."""


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


@dataclass(frozen=True)
class FitResults:
    """A fit's outcome, as `Model.results`.

    Attributes
    ----------
    loss : float
        At the end, penalties included.
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
        Wall time of starts and searches.
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
        return {
            name: list(value)
            if isinstance(value, tuple)
            else None
            if isinstance(value, float) and math.isnan(value)
            else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FitResults:
        """Read what `to_dict` gave."""
        starts = tuple(StartRecord(**start) for start in data.get("starts", ()))
        read: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        read["starts"] = starts
        for name in ("loss", "initial_loss"):
            read[name] = math.nan if read[name] is None else read[name]
        return cls(**read)

    def __str__(self) -> str:
        ended = "converged" if self.converged else "not converged"
        return (
            f"{self.loss_name} {self.initial_loss:.6f} -> {self.loss:.6f}, {ended} after "
            f"{self.n_iterations} iterations, {self.n_evaluations} evaluations, "
            f"{self.seconds:.2f} s by {self.optimizer} ({self.message})"
            + "".join(f"\nwarning: {warning}" for warning in self.warnings)
        )


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
