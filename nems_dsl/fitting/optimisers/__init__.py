"""Optimisers, by name, with one interface."""

from .choice import choose_optimizer as choose_optimizer
from .choice import minimise as minimise
from .watch import Limits as Limits
from .watch import Watch as Watch
