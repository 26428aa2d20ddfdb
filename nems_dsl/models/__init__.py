"""Models: composition, reuse, and keeping them in files."""

from typing import TYPE_CHECKING

from .._lazy import lazy
from .model import Model as Model
from .model_set import ModelSet as ModelSet

if TYPE_CHECKING:
    from .display.report import ModelReport as ModelReport
    from .objective import Objective as Objective
    from .reuse import ReuseReport as ReuseReport
    from .reuse import take_parameters as take_parameters
    from .warm import compile_model as compile_model

# what a model is needs nothing of what a fit needs
__getattr__, __dir__ = lazy(
    __name__,
    {
        "ModelReport": "display.report",
        "Objective": "objective",
        "ReuseReport": "reuse",
        "compile_model": "warm",
        "take_parameters": "reuse",
    },
)
