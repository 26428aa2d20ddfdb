"""Choices that options of the command line take, by name."""

from __future__ import annotations

from enum import Enum


class Loss(str, Enum):  # noqa: UP042 - the options of typer before 0.20
    """Losses to choose from."""

    nmse = "nmse"
    mse = "mse"
    poisson = "poisson"


class Dtype(str, Enum):  # noqa: UP042
    """Precisions to choose from."""

    float64 = "float64"
    float32 = "float32"


class Init(str, Enum):  # noqa: UP042
    """Starts to choose from."""

    auto = "auto"
    data = "data"
    staged = "staged"
    mean = "mean"
    prior = "prior"


class Optimizer(str, Enum):  # noqa: UP042
    """Optimisers to choose from."""

    gauss_newton = "gauss-newton"
    lbfgs = "l-bfgs-b"
    closed_form = "closed-form"


class ModelNames(str, Enum):  # noqa: UP042
    """What models are told apart by."""

    canonical = "canonical"
    string = "string"
