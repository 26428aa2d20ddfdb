"""Declare a keyword of your own, in NumPy; use it in a string, check it, fit it."""

import numpy as np

from nems_dsl import Model, canonical
from nems_dsl.datasets import simulate
from nems_dsl.distributions import HalfNormal
from nems_dsl.keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Option, Signature, registry
from nems_dsl.layers import KeywordLayer, Parameter, Phi
from nems_dsl.testing import check_layer


@registry.register
class SoftPlus(KeywordLayer):
    """A smooth rectifier."""

    signature = Signature(
        head="soft",
        summary="rectifies each channel smoothly",
        equation="y = gain * log(1 + exp(x + shift))",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=(Option("g", "fitted gain"),),
        example="wc.18x1-fir.1x15-soft.1",
    )

    def initial_parameters(self):
        gain = Parameter("gain", self.shape, HalfNormal(np.full(self.shape, 1.25)))
        return Phi(Parameter("shift", self.shape), *([gain] if "g" in self.options else []))

    def evaluate(self, x):
        shift, *gain = self.get_parameter_values()
        return np.logaddexp(0, x + shift) * (gain[0] if gain else 1)


check_layer("soft")
print(canonical("wc.18x1-fir.x15-soft.g"))

data = simulate(n_times=2500, snr=4.0, seed=0)
model = Model("wc.18x1-fir.x15-soft.g").fit(data.stim[:2000], data.resp[:2000], verbose=0)
print(f"r on held-out data: {model.score(data.stim[2000:], data.resp[2000:]):.3f}")
