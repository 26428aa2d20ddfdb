"""A fitted model and its data, set up as its fit had them."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ...data.recording import Recording
from ...fit_options import FitOptions
from ...fitting.objective import Objective
from ...fitting.units import Standard, find_standard
from ...graph.evaluation import without_edges
from ...graph.reach import Reach, find_reach
from ...graph.wiring import connect, needed
from ...models.fit import make_objective

if TYPE_CHECKING:
    from ...models.model import Model


@dataclass(frozen=True)
class Setting:
    """A copy of a model at the minimum of its fit, and what was minimised.

    Attributes
    ----------
    model : Model
        The copy, whose parameters are in the coordinates of `standard`.
    recording : Recording
        In the user's units; NaN where edges are left out.
    options : FitOptions
    standard : Standard
    objective : Objective
    reach : Reach
    """

    model: Model
    recording: Recording
    options: FitOptions
    standard: Standard
    objective: Objective
    reach: Reach

    @property
    def n_bins(self) -> int:
        """Bins of all trials."""
        return sum(self.recording.lengths)


def enter(
    model: Model, recording: Recording, options: FitOptions, *, standardised: bool = False
) -> Setting:
    """Set up a fitted model and its data.

    Parameters
    ----------
    model : Model
        Is not changed.
    recording : Recording
        With a response.
    options : FitOptions
        Of its fit.
    standardised : bool
        In the coordinates of the fit; by default in the user's units.
    """
    model, recording = model.bind_recording(recording, (recording.n_channels,))
    model = copy.deepcopy(model)
    results = model.results
    if results is not None and results.silent and options.channel_weights is None:
        weights = np.ones(recording.n_channels)
        weights[list(results.silent)] = 0
        options = replace(options, channel_weights=weights)
    nodes = connect(list(model.layers))
    places = needed(nodes, len(nodes) - 1)
    reach = find_reach(nodes, places)
    recording = without_edges(recording, reach, options.edges)
    standard = (
        find_standard(nodes, recording, options)
        if standardised
        else Standard(nodes, places, edges=options.edges, shapes=recording.shapes())
    )
    standard.enter(as_it_stands=True)
    objective = make_objective(standard, recording, options)
    return Setting(model, recording, options, standard, objective, reach)
