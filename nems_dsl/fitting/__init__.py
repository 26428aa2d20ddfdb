"""Objectives, losses and the search for the best parameters."""

from typing import TYPE_CHECKING

from .._lazy import lazy
from ..fit_options import FitArguments as FitArguments
from ..fit_options import FitOptions as FitOptions
from .results import FitResults as FitResults
from .results import StartRecord as StartRecord
from .scales import ScaleWarning as ScaleWarning
from .uncertainty.errors import Band as Band
from .uncertainty.errors import StandardErrors as StandardErrors

if TYPE_CHECKING:
    from .objective import Objective as Objective

# what a fit minimises needs scipy, which takes longer to load than a model to build
__getattr__, __dir__ = lazy(__name__, {"Objective": "objective"})
