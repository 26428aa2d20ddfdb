"""Objectives, losses and the search for the best parameters."""

from .objective import Objective as Objective
from .results import FitResults as FitResults
from .scales import ScaleWarning as ScaleWarning
from .search import fit_model as fit_model
