"""Objectives, losses and the search for the best parameters."""

from .crossvalidation import cross_validate as cross_validate
from .crossvalidation_results import CrossValidation as CrossValidation
from .many import fit as fit
from .objective import Objective as Objective
from .results import FitResults as FitResults
from .reuse import ReuseReport as ReuseReport
from .reuse import take_parameters as take_parameters
from .scales import ScaleWarning as ScaleWarning
from .search import fit_model as fit_model
from .warm import compile_model as compile_model
