"""Objectives, losses and the search for the best parameters."""

from ..models.results import FitResults as FitResults
from .objective import Objective as Objective
from .scales import ScaleWarning as ScaleWarning
from .search import fit as fit
from .search import fit_model as fit_model
from .warm import compile_model as compile_model
