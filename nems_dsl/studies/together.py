"""Linear models of many channels, solved together and made when they are looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..data.recording import Recording
from ..data.trials import STIMULUS
from ..fit_options import FitOptions
from ..fitting.engine.vector import ParameterVector
from ..fitting.results import FitResults
from ..fitting.shrinkage.each import find_linear_map, solve_each
from ..fitting.units import find_spread, find_standard
from ..graph.wiring import connect
from ..layers.follow import Units
from ..models import Model
from ..models.fit import fit_model, warn_of_data
from ..models.later import LaterResults

# what may differ from the defaults: the solution is still one of a line
_MAY_DIFFER = {"shrinkage", "regularizers", "seed", "loss"}
_LOSSES = ("nmse", "mse")


@dataclass(frozen=True, eq=False)
class Together:
    """Linear models of one output, and their parameters for each of several channels.

    Attributes
    ----------
    model : Model
        As it was before.
    recording : Recording
    options : FitOptions
    columns : (K,) int ndarray
        The channels.
    places : tuple of int
        Of the layers with parameters.
    theta : (K, n) ndarray
        Theirs; NaN where a channel asks for a fit of its own.
    sd : (K,) ndarray
        Of the channels.
    spreads : dict of str to float
        Of the signals, to tell whether they have changed since.
    """

    model: Model
    recording: Recording
    options: FitOptions
    columns: np.ndarray
    places: tuple[int, ...]
    theta: np.ndarray
    sd: np.ndarray
    spreads: dict[str, float]

    @property
    def is_solved(self) -> np.ndarray:
        """Which channels are, (K,)."""
        return np.asarray(np.isfinite(self.theta).all(axis=1))

    def make(self, number: int) -> Model:
        """Give the model of a channel."""
        fitted = self.model.copy()
        layers = list(fitted.layers)
        ParameterVector([layers[place] for place in self.places]).write(self.theta[number])
        fitted.results = LaterResults(lambda: self._results(number), self.options.edges)
        return fitted

    def warn(self) -> None:
        """Warn of data that fits of this kind do not suit."""
        solved = np.where(self.is_solved, self.sd, -np.inf)
        widest = int(self.columns[solved.argmax()])
        nodes = connect(list(self.model.layers))
        whose = f"channel {widest} of the target"
        warn_of_data(nodes, self.recording.columns([widest]), self.options, whose)

    def _results(self, number: int) -> FitResults:
        channel = int(self.columns[number])
        alone = self.recording.columns([channel])
        now = {f"the response of channel {channel}": find_spread(alone.target).sd}
        then = {f"the response of channel {channel}": float(self.sd[number])}
        for name, spread in _spreads(self.recording).items():
            now[f"the signal {name!r}"], then[f"the signal {name!r}"] = spread, self.spreads[name]
        for what, spread in now.items():
            if not np.isclose(spread, then[what], rtol=1e-9, atol=0):
                raise ValueError(
                    f"{what} has changed in its array since the fit, so that results cannot be "
                    "worked out; read them before, as by models.results, or fit a copy"
                )
        results = fit_model(self.model, alone, self.options, warn=False).results
        assert results is not None
        return results


def solve_together(
    model: Model, recording: Recording, columns: Sequence[int], options: FitOptions
) -> Together | None:
    """Fit a linear model of one output to each of several channels.

    Parameters
    ----------
    model : Model
        With all sizes known.
    recording : Recording
        With all channels.
    columns : sequence of int
        Those to fit.
    options : FitOptions

    Returns
    -------
    Together or None
        None if each channel needs a search of its own: the model is not linear, or the options ask
        for another solution than that of shrunk least squares.
    """
    if options.changed().keys() - _MAY_DIFFER or options.loss not in _LOSSES:
        return None
    if model.preparation is not None:
        return None
    nodes = connect(list(model.layers))
    known = find_linear_map(nodes, recording.signals)
    if known is None or len(known.entries) > 1:
        return None
    cut = recording.columns(columns)
    standard = find_standard(nodes, cut.columns([0]), options)
    if standard.stimulus.offset is not None:
        # zeros before a trial are no zeros in such coordinates
        return None
    inside = replace(standard, response=Units()).recording(cut)
    scale = standard.stimulus.scale if known.front.signal == STIMULUS else 1.0
    solved = solve_each(known, inside, scale, options.shrinkage, options.regularizers)
    if solved is None:
        return None
    places, spreads = known.front.places, _spreads(recording)
    return Together(model, recording, options, np.array(columns), places, *solved, spreads)


def _spreads(recording: Recording) -> dict[str, float]:
    return {name: find_spread(trials).sd for name, trials in recording.signals.items()}
