"""Fitting a part of prepared data, with a model that predicts raw data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..data.folds import Stretch
from ..data.recording import Recording
from ..fit_options import FitOptions
from ..models import Model
from ..preparation import Preparation
from ..studies.part import Part, fit_part, scored_with
from .bind import BoundExperiment


@dataclass(frozen=True, eq=False)
class Prepared:
    """A recording as the fits to some of its stretches see it, and what was done to it.

    Attributes
    ----------
    raw, seen : Recording
        Before and after the preparation.
    preparation : Preparation
        With what it has estimated of the data of the fit.
    stretches : sequence of Stretch
        The data of the fit.
    """

    raw: Recording
    seen: Recording
    preparation: Preparation
    stretches: Sequence[Stretch]

    @classmethod
    def of(
        cls, experiment: BoundExperiment, raw: Recording, stretches: Sequence[Stretch]
    ) -> Prepared:
        """Prepare data as an experiment says; estimate of the data of a fit alone.

        Raises
        ------
        ValueError
            A step of the preparation cannot be taken.
        """
        preparation = Preparation.estimate(experiment.steps, raw, stretches)
        return cls(raw, preparation.apply(raw), preparation, stretches)

    def fit(
        self,
        model: Model,
        columns: Sequence[int],
        options: FitOptions,
        callback: Callable[[int, float], object] | None = None,
    ) -> Part:
        """Fit a model, and let it predict all of the raw data.

        Parameters
        ----------
        model : Model
            Bound to the prepared recording.
        columns : sequence of int
            Channels of the response that it predicts.
        options : FitOptions
            For these channels.
        callback : callable, optional
            As for `Model.fit`.
        """
        fitted = fit_part(model, self.seen, columns, self.stretches, options, callback)
        cut = self.raw.columns(columns)
        if self.preparation.steps:
            fitted.preparation = self.preparation.columns(columns)
        return Part(fitted, scored_with(fitted, cut).target, fitted.predict_trials(cut))
