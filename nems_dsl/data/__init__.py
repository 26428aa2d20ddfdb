"""Users' data: read once, checked, and cut into what is fitted and what is tested."""

from .edges import EdgeWarning as EdgeWarning
from .files import DataFile as DataFile
from .files import read_data_files as read_data_files
from .folds import Fold as Fold
from .folds import Stretch as Stretch
from .folds import make_folds as make_folds
from .holdout import Split as Split
from .holdout import hold_out as hold_out
from .recording import Recording as Recording
from .recording import read_recording as read_recording
from .signal import DataWarning as DataWarning
