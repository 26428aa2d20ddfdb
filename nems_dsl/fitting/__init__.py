"""Objectives, losses and the search for the best parameters."""

from .objective import Objective as Objective
from .results import FitResults as FitResults
from .results import StartRecord as StartRecord
from .scales import ScaleWarning as ScaleWarning
from .search import fit_model as fit_model
from .starts import Start as Start
from .starts import find_starts as find_starts
