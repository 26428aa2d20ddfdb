"""Layers wired to a graph: who reads what, what comes of it, and how far in time it reaches."""

from .evaluation import evaluate_trials as evaluate_trials
from .reach import Reach as Reach
from .reach import find_reach as find_reach
from .skeleton import find_skeleton as find_skeleton
from .wiring import Node as Node
from .wiring import Source as Source
from .wiring import connect as connect
