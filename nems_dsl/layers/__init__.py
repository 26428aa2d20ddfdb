"""The layers that model strings are built of, one family per module.

Examples
--------
>>> from nems_dsl.layers import FIR, FiniteImpulseResponse
>>> FIR is FiniteImpulseResponse
True

Classes are loaded at their first use, and nothing is compiled by that.
"""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from .._lazy import lazy
from ..keywords import registry

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from .base import KernelLayer as KernelLayer
    from .base import KeywordLayer as KeywordLayer
    from .base import Layer as Layer
    from .compression import LogCompression as LogCompression
    from .conv2d import Convolution as Convolution
    from .facts import Facts as Facts
    from .fir import FiniteImpulseResponse as FiniteImpulseResponse
    from .follow import FollowCurve as FollowCurve
    from .follow import FollowProduct as FollowProduct
    from .follow import Units as Units
    from .joining import Concatenate as Concatenate
    from .joining import SkipConnection as SkipConnection
    from .merging import MergeChannels as MergeChannels
    from .nonlinearity import DoubleExponential as DoubleExponential
    from .nonlinearity import LevelShift as LevelShift
    from .nonlinearity import RectifiedLinear as RectifiedLinear
    from .nonlinearity import Scale as Scale
    from .nonnegative import NonNegative as NonNegative
    from .oscillator import DampedOscillator as DampedOscillator
    from .parameter import Parameter as Parameter
    from .parameter import Phi as Phi
    from .plasticity import Depression as Depression
    from .plasticity import ShortTermPlasticity as ShortTermPlasticity
    from .plasticity import TwoCoursePlasticity as TwoCoursePlasticity
    from .pointwise import Curve as Curve
    from .pointwise import OnLine as OnLine
    from .pointwise import Pointwise as Pointwise
    from .products import Add as Add
    from .products import Multiply as Multiply
    from .products import MultiplyExponential as MultiplyExponential
    from .rearrangement import RepeatChannels as RepeatChannels
    from .rearrangement import SumChannels as SumChannels
    from .rearrangement import SwapAxes as SwapAxes
    from .rectifiers import Exponential as Exponential
    from .rectifiers import ParametricRectifiedLinear as ParametricRectifiedLinear
    from .rectifiers import SoftRectifiedLinear as SoftRectifiedLinear
    from .sigmoids import HyperbolicTangent as HyperbolicTangent
    from .sigmoids import LogisticSigmoid as LogisticSigmoid
    from .sigmoids import QuickSigmoid as QuickSigmoid
    from .sigmoids import SaturatedRectifier as SaturatedRectifier
    from .sigmoids import Sigmoid as Sigmoid
    from .state import StateGain as StateGain
    from .state import StateWeights as StateWeights
    from .state_hinge import StateHinge as StateHinge
    from .state_sigmoid import StateDoubleExponential as StateDoubleExponential
    from .strf import ReceptiveField as ReceptiveField
    from .weight_channels import WeightChannels as WeightChannels
    from .work import Work as Work
    from .work import flat as flat
    from .work import strided as strided

    FIR = FiniteImpulseResponse
    ReLU = RectifiedLinear
    STRF = ReceptiveField

# the names that users of NEMS know stand beside those in full
_HOMES = {
    "Concatenate": "joining",
    "Convolution": "conv2d",
    "Curve": "pointwise",
    "DampedOscillator": "oscillator",
    "Depression": "plasticity",
    "DoubleExponential": "nonlinearity",
    "FIR": "fir:FiniteImpulseResponse",
    "Facts": "facts",
    "FiniteImpulseResponse": "fir",
    "FollowCurve": "follow",
    "FollowProduct": "follow",
    "HyperbolicTangent": "sigmoids",
    "KernelLayer": "base",
    "KeywordLayer": "base",
    "Layer": "base",
    "LevelShift": "nonlinearity",
    "LogCompression": "compression",
    "LogisticSigmoid": "sigmoids",
    "MergeChannels": "merging",
    "Add": "products",
    "Exponential": "rectifiers",
    "Multiply": "products",
    "MultiplyExponential": "products",
    "NonNegative": "nonnegative",
    "OnLine": "pointwise",
    "Parameter": "parameter",
    "ParametricRectifiedLinear": "rectifiers",
    "Phi": "parameter",
    "Pointwise": "pointwise",
    "QuickSigmoid": "sigmoids",
    "ReLU": "nonlinearity:RectifiedLinear",
    "ReceptiveField": "strf",
    "RectifiedLinear": "nonlinearity",
    "RepeatChannels": "rearrangement",
    "STRF": "strf:ReceptiveField",
    "SaturatedRectifier": "sigmoids",
    "Scale": "nonlinearity",
    "ShortTermPlasticity": "plasticity",
    "Sigmoid": "sigmoids",
    "SkipConnection": "joining",
    "SoftRectifiedLinear": "rectifiers",
    "StateDoubleExponential": "state_sigmoid",
    "StateGain": "state",
    "StateHinge": "state_hinge",
    "StateWeights": "state",
    "SumChannels": "rearrangement",
    "SwapAxes": "rearrangement",
    "TwoCoursePlasticity": "plasticity",
    "Units": "follow",
    "WeightChannels": "weight_channels",
    "Work": "work",
    "flat": "work",
    "strided": "work",
}

_find, __dir__ = lazy(__name__, _HOMES)

ENTRY_POINTS = "nems_dsl.keywords"


def __getattr__(name: str) -> Any:
    if name in _HOMES or not name[:1].isupper():
        return _find(name)
    # a keyword's class is public by its declaration, so that a new one needs no line here
    load_all()
    for entry in registry.values():
        if getattr(entry, "__name__", "") == name and entry.__module__.startswith(__name__):
            return entry
    return _find(name)


@cache
def load_all() -> None:
    """Make all keywords known: those of this package, then those of other installed packages.

    Each module registers what it declares when it is imported. Another package names such a
    module, or a class of layers, by an entry point of the group ``nems_dsl.keywords``.

    Warns
    -----
    RuntimeWarning
        A package's keywords cannot be loaded. All others can be used nevertheless.
    """
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    # not needed before a string is read, and it takes some milliseconds
    from importlib.metadata import entry_points

    for point in entry_points(group=ENTRY_POINTS):
        try:
            _load(point)
        except Exception as fault:
            warnings.warn(
                f"the keywords of {_origin(point)} cannot be loaded: "
                f"{type(fault).__name__}: {fault}; strings that use them will not be understood",
                RuntimeWarning,
                stacklevel=2,
            )


def _load(point: EntryPoint) -> None:
    entry = point.load()
    signature = getattr(entry, "signature", None)
    if signature is not None and registry.get(signature.head) is not entry:
        registry.register(entry)


def _origin(point: EntryPoint) -> str:
    package = "a package" if point.dist is None else point.dist.name
    return f"{package} (entry point {point.name} = {point.value})"
