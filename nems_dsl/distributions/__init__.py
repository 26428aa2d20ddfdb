"""Priors: immutable probability distributions, one value of a parameter array each.

A prior gives a parameter its starting value (the mean), random starts (samples), and a penalty (the
log density and its gradient). A distribution has the shape its parameters broadcast to, and its
elements are independent.

Examples
--------
>>> from nems_dsl.distributions import HalfNormal, Normal
>>> Normal()
Normal(μ=0.0, σ=1.0)
>>> Normal(mean=[0.1, 0.2], sd=0.5).mean()
array([0.1, 0.2])
>>> print(HalfNormal(sd=1).mean())
0.7978845608028654
"""

from nems_dsl.distributions.base import Distribution as Distribution
from nems_dsl.distributions.base import Real as Real
from nems_dsl.distributions.interval import Beta as Beta
from nems_dsl.distributions.interval import Uniform as Uniform
from nems_dsl.distributions.normal import HalfNormal as HalfNormal
from nems_dsl.distributions.normal import Normal as Normal
from nems_dsl.distributions.positive import Exponential as Exponential
from nems_dsl.distributions.positive import Gamma as Gamma

__all__ = ["Beta", "Distribution", "Exponential", "Gamma", "HalfNormal", "Normal", "Uniform"]
