"""Models and data of other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .estimator import EncodingModel as EncodingModel
    from .labelled import predict_labelled as predict_labelled
    from .nems import layers_from_nems as layers_from_nems
    from .nems import model_from_nems as model_from_nems
    from .readers import from_nwb as from_nwb
    from .readers import from_pandas as from_pandas
    from .readers import from_pynapple as from_pynapple
    from .readers import from_xarray as from_xarray
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
        "from_nwb": "readers",
        "from_pandas": "readers",
        "from_pynapple": "readers",
        "from_xarray": "readers",
        "layers_from_nems": "nems",
        "model_from_nems": "nems",
        "predict_labelled": "labelled",
        "read_results": "tables",
        "to_nems_table": "tables",
    },
)
