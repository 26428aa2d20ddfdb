"""Objectives, losses and the search for the best parameters."""

from .crossvalidation import cross_validate as cross_validate
from .crossvalidation_results import CrossValidation as CrossValidation
from .many import fit as fit
from .objective import Objective as Objective
from .results import FitResults as FitResults
from .scales import ScaleWarning as ScaleWarning
from .search import fit_model as fit_model
