"""Experiment strings: how data are prepared and split, a model, and how it is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazy

if TYPE_CHECKING:
    from .bind import BoundExperiment as BoundExperiment
    from .bind import parse_experiment as parse_experiment
    from .running import Run as Run
    from .running import run as run

__getattr__, __dir__ = lazy(
    __name__,
    {
        "BoundExperiment": "bind",
        "Run": "running",
        "parse_experiment": "bind",
        "run": "running",
    },
)
