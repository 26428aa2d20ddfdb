"""Where a search starts: derived from the data, or as the model or its priors have it."""

from .choice import N_OTHERS as N_OTHERS
from .choice import Start as Start
from .choice import find_starts as find_starts
from .choice import is_from_data as is_from_data
from .choice import other_starts as other_starts
