"""Studies: what is fitted on what, and how it is scored; one or many channels, and folds."""

from .crossvalidation import cross_validate as cross_validate
from .crossvalidation_results import CrossValidation as CrossValidation
from .many import fit as fit
