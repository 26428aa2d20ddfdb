"""Checks that every layer of this package passes, for layers of one's own."""

from .cases import Case as Case
from .cases import cases_of as cases_of
from .check import check_layer as check_layer
from .checks import CHECKS as CHECKS
