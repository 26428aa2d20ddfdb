"""Users' data: read, checked, and cut into what is fitted and what is tested."""

from .files import DataFile as DataFile
from .files import read_data_files as read_data_files
from .folds import Fold as Fold
from .folds import make_folds as make_folds
from .signal import DataWarning as DataWarning
