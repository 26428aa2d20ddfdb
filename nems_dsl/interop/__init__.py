"""Models and data of other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .estimator import EncodingModel as EncodingModel
    from .nems import layers_from_nems as layers_from_nems
    from .nems import model_from_nems as model_from_nems
    from .tables import read_results as read_results
    from .tables import to_nems_table as to_nems_table
    from .toolboxes import from_mne as from_mne
    from .toolboxes import from_mtrf as from_mtrf

__getattr__, __dir__ = lazy(
    __name__,
    {
        "EncodingModel": "estimator",
        "from_mne": "toolboxes",
        "from_mtrf": "toolboxes",
        "layers_from_nems": "nems",
        "model_from_nems": "nems",
        "read_results": "tables",
        "to_nems_table": "tables",
    },
)
