"""Figures of models: drawn without a display, on axes of the caller's where these are given."""

from .assessment import plot_assessment as plot_assessment
from .assessment import plot_partition as plot_partition
from .chain import LinearFront as LinearFront
from .chain import NoLinearFront as NoLinearFront
from .chain import receptive_field as receptive_field
from .dstrf import plot_dstrf as plot_dstrf
from .dstrf import plot_field as plot_field
from .figures import plot_channels as plot_channels
from .figures import plot_model as plot_model
from .figures import save_figure as save_figure
from .nonlinearity import plot_nonlinearity as plot_nonlinearity
from .prediction import plot_prediction as plot_prediction
from .strf import plot_receptive_field as plot_receptive_field
from .sweeps import plot_comparison as plot_comparison
from .sweeps import plot_effect as plot_effect
from .sweeps import plot_pareto as plot_pareto
from .sweeps import plot_results as plot_results
