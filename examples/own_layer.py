"""Mix a layer of your own, written in NumPy, with layers from keywords."""

import numpy as np

from nems_dsl import Model
from nems_dsl.datasets import simulate
from nems_dsl.distributions import HalfNormal
from nems_dsl.layers import Layer, Parameter, Phi


class SoftPlus(Layer):
    """A smooth rectifier: gain * log(1 + exp(x + shift))."""

    def initial_parameters(self):
        return Phi(Parameter("gain", prior=HalfNormal(sd=1)), Parameter("shift"))

    def evaluate(self, x):
        gain, shift = self.get_parameter_values("gain", "shift")
        return gain * np.logaddexp(0, x + shift)


data = simulate(n_times=4000, snr=4.0, seed=0)
fit_part, test_part = slice(0, 3000), slice(3000, 4000)

model = Model("wc.18x1-fir.1x15")
model.add_layers(SoftPlus())
# the layer gives no derivative, so its part of the gradient is found numerically
fitted = model.fit(data.stim[fit_part], data.resp[fit_part], verbose=0)
print(fitted.results)
print(fitted.layers["SoftPlus"])
print(f"r on held-out data: {fitted.score(data.stim[test_part], data.resp[test_part]):.3f}")
