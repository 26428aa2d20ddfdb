"""`stp`: short-term depression of each channel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import kernels
from ..distributions import Uniform
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature, registry
from .base import KernelLayer, Parameter, Phi, Work, flat

_SHORTEST_TAU = 1.0


@registry.register
class ShortTermPlasticity(KernelLayer):
    """Depression of a synapse by its own activity, ``y[t] = x[t] (1 - D[t])``.

    The depletion D follows ``D' = -(1/tau + u x) D + u x``, integrated by the trapezoid rule. A
    trial begins as if its first bin had lasted for 100 bins before. Negative input counts as 0.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)

    Notes
    -----
    `u` is the release probability per unit of input and bin, `tau` the time of recovery in bins.
    Both are plain numbers: other programs store tau divided by 100.
    """

    signature = Signature(
        head="stp",
        summary="depresses each channel by its own recent activity",
        equation="y[t] = x[t] (1 - D[t]), D' = -(1/tau + u x) D + u x",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        example="wc.18x3.g-stp.3-fir.3x15-dexp.1",
        source="Tsodyks & Markram (1997); for auditory cortex David & Shamma (2013)",
    )
    memory = None

    @staticmethod
    def parameter_shapes(
        dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        shape = tuple(dims.values())
        return {"u": shape, "tau": shape}

    def initial_parameters(self) -> Phi:
        shape = tuple(self.dims.values())
        return Phi(
            Parameter("u", shape, Uniform(0.0125, 0.0375), bounds=(1e-6, 0.2)),
            Parameter("tau", shape, Uniform(25.0, 75.0), bounds=(_SHORTEST_TAU, np.inf)),
        )

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        n_channels = int(np.prod(shapes[0]))
        return ((n_channels,), (n_channels,))

    def forward(self, work: Work) -> None:
        kernels.plasticity.stp(
            *work.weights, flat(work.inputs[0]), flat(work.out), *work.scratch, work.starts
        )

    def vjp(self, work: Work) -> None:
        dx = work.d_out if work.d_inputs[0] is None else work.d_inputs[0]
        kernels.plasticity.stp_vjp(
            *work.weights,
            flat(work.inputs[0]),
            *work.scratch,
            flat(work.d_out),
            flat(dx),
            *work.d_weights,
            work.starts,
        )
