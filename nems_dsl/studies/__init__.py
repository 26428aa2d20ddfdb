"""Studies: what is fitted on what, and how it is scored; one or many channels, and folds."""

from ..fitting.results import NotFittedWarning as NotFittedWarning
from .channels import ChannelFit as ChannelFit
from .channels import fit_channels as fit_channels
from .components import Components as Components
from .components import principal_components as principal_components
from .crossvalidation import cross_validate as cross_validate
from .crossvalidation_results import CrossValidation as CrossValidation
from .dstrf import dstrf as dstrf
from .many import fit as fit
from .uncertainty import standard_errors as standard_errors
