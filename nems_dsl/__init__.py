"""Encoding models of time series, written as one short string.

>>> from nems_dsl import canonical
>>> canonical("wc.18x4 - fir.x15 - dexp")
'wc.18x4-fir.4x15-dexp.1'

The public names are loaded at their first use, so that importing the package costs nothing.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ._lazy import lazy
from ._version import __version__ as __version__

if TYPE_CHECKING:
    from .compiler import BoundModel as BoundModel
    from .compiler import keyword_info as keyword_info
    from .compiler import parse as parse
    from .errors import NemsError as NemsError
    from .errors import NemsWarning as NemsWarning
    from .experiments import BoundExperiment as BoundExperiment
    from .experiments import Run as Run
    from .experiments import parse_experiment as parse_experiment
    from .experiments import run as run
    from .experiments.completion import complete as complete
    from .experiments.completion import load_ipython_extension as load_ipython_extension
    from .experiments.completion import unload_ipython_extension as unload_ipython_extension
    from .experiments.describe import describe as describe
    from .experiments.diff import diff as diff
    from .experiments.explain import explain as explain
    from .experiments.strings import canonical as canonical
    from .experiments.strings import convert as convert
    from .models import Model as Model
    from .models import ModelSet as ModelSet
    from .models import Objective as Objective
    from .selection import ModelSelection as ModelSelection
    from .selection import select as select
    from .spaces import expand as expand
    from .studies import cross_validate as cross_validate
    from .studies import fit as fit
    from .sweeps import Results as Results
    from .sweeps import assess as assess
    from .sweeps import open_results as open_results
    from .sweeps import sweep as sweep
    from .sweeps import verify as verify
    from .syntax import ModelStringError as ModelStringError

_HOMES = {
    "BoundModel": "compiler",
    "Model": "models",
    "ModelSelection": "selection",
    "ModelSet": "models",
    "ModelStringError": "syntax",
    "Objective": "models",
    "NemsError": "errors",
    "NemsWarning": "errors",
    "Results": "sweeps",
    "assess": "sweeps",
    "BoundExperiment": "experiments",
    "Run": "experiments",
    "canonical": "experiments.strings",
    "convert": "experiments.strings",
    "cross_validate": "studies",
    "complete": "experiments.completion",
    "load_ipython_extension": "experiments.completion",
    "unload_ipython_extension": "experiments.completion",
    "describe": "experiments.describe",
    "diff": "experiments.diff",
    "expand": "spaces",
    "explain": "experiments.explain",
    "fit": "studies",
    "keyword_info": "compiler",
    "open_results": "sweeps",
    "parse": "compiler",
    "parse_experiment": "experiments",
    "run": "experiments",
    "select": "selection",
    "sweep": "sweeps",
    "verify": "sweeps",
}

__all__ = ["__version__", *_HOMES]

logging.getLogger(__name__).addHandler(logging.NullHandler())

__getattr__, __dir__ = lazy(__name__, _HOMES)
