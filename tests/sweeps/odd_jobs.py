"""A script that sweeps over models that sleep, hang, take all memory or kill their process.

Run with arguments as JSON; workers load it too, and so know its keywords.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from nems_dsl.keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from nems_dsl.layers.base import KeywordLayer, Parameter, Phi


class Odd(KeywordLayer):
    def initial_parameters(self):
        return Phi(Parameter("gain", self.shape))

    def evaluate(self, x):
        self.misbehave()
        (gain,) = self.get_parameter_values()
        return x * (1 + gain)

    def misbehave(self):
        pass


def declare(head, misbehave):
    signature = Signature(
        head=head, summary="does harm", equation="y = x", forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS, example=f"wc.18x1-{head}.1",
    )  # fmt: skip
    layer = type(head.title(), (Odd,), {"signature": signature, "misbehave": misbehave})
    registry.register(layer)


def hang(self):
    Path("hanging").touch()
    while True:
        # not even the limit that a fit looks at between iterations can be reached
        time.sleep(0.05)


def hog(self):
    taken = []
    while True:
        taken.append(np.empty(2_000_000))


def die(self):
    os.kill(os.getpid(), signal.SIGKILL)


def slow(self):
    time.sleep(0.002)


# pytest imports every module for its doctests, and its own registry should know no such keywords
if "pytest" not in sys.modules:
    for name, what in {"hang": hang, "hog": hog, "die": die, "slow": slow}.items():
        declare(name, what)


def main(arguments):
    from nems_dsl.sweeps.running.sweeping import sweep

    rng = np.random.default_rng(0)
    x = rng.random((200, 2))
    data = {"cell": (x, x @ rng.random((2, arguments.pop("n_channels", 1))))}
    strings = arguments.pop("strings")
    sweep(strings, data, show_progress=False, fit={"max_iterations": 1}, **arguments)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
