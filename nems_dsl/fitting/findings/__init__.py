"""What is wrong with a fit: found from its parameters, its signals and its curvature."""

from .find import Ended as Ended
from .find import find_warnings as find_warnings
