"""Models and data of other programs."""

from .toolboxes import from_mne as from_mne
from .toolboxes import from_mtrf as from_mtrf
