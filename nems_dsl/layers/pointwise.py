"""What nonlinearities of one value at a time share; their keywords are in other modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from .. import kernels
from ..distributions import Distribution, Normal
from ..kernels.curves import Curve as Curve
from ..keywords import Option
from .base import Facts, KernelLayer, NonNegative, Parameter, Phi, Tangents, Work, flat
from .follow import FollowCurve
from .tangents import scaled

NORMALISED = Option("n", "output of standard deviation 1 in each trial")


class Pointwise(KernelLayer):
    """A function of each value alone; every parameter has one number per channel.

    A subclass has a `curve`, and a prior for each of its parameters, in their order. If it declares
    the option `n`, each channel of the output is divided by its standard deviation over the trial,
    unless it is constant there.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl.keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature
    >>> def square(x, gain):
    ...     return gain * x**2
    >>> def square_slopes(x, gain):
    ...     return 2 * gain * x, x**2
    >>> class Square(Pointwise):
    ...     signature = Signature(
    ...         head="square",
    ...         summary="squares each channel",
    ...         equation="y = gain * x ** 2",
    ...         forms=POINTWISE_FORMS,
    ...         flows=POINTWISE_FLOWS,
    ...     )
    ...     curve = Curve(square, square_slopes)
    ...     priors = {"gain": Normal(1, 0.1)}
    ...     curve_facts = Facts(linear_in=("gain",), gain="gain")
    >>> Square(1).evaluate(np.array([[2.0], [3.0]])).tolist()
    [[4.0], [9.0]]
    """

    #: The function ``f(x, *parameters)``, with its slopes.
    curve: ClassVar[Curve]
    #: What is expected of each parameter, in the order in which the curve takes them.
    priors: ClassVar[Mapping[str, Distribution]]
    #: The least and the largest value, for parameters that have bounds.
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {}
    #: What a fit may know of the curve, without the option `n`.
    curve_facts: ClassVar[Facts] = Facts()

    @property
    def facts(self) -> Facts:
        """What a fit may know: each channel is by itself, and `n` leaves little that is linear."""
        facts = replace(self.curve_facts, channelwise=True)
        if "n" not in self.options:
            return facts
        # what is added changes no standard deviation
        linear_in = facts.additive
        return replace(
            facts,
            linear=False,
            affine=False,
            linear_in=linear_in,
            additive=(),
            gain=None,
            follow=None,
        )

    @property
    def memory(self) -> int | None:  # type: ignore[override]
        """Past bins that the output depends on: none, or with `n` the whole trial."""
        return None if "n" in self.options else 0

    @classmethod
    def parameter_shapes(
        cls, dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        return dict.fromkeys(cls.priors, tuple(dims.values()))

    def initial_parameters(self) -> Phi:
        shape = tuple(self.dims.values())
        return Phi(
            *(
                Parameter(name, shape, prior, self.bounds.get(name))
                for name, prior in self.priors.items()
            )
        )

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        return (shapes[0],) if "n" in self.options else ()

    def forward(self, work: Work) -> None:
        self._curve_of(work)
        if "n" in self.options:
            kernels.normalization.divide_by_sd(flat(work.out), flat(work.scratch[0]), work.starts)

    def vjp(self, work: Work) -> None:
        if "n" in self.options:
            kernels.normalization.divide_by_sd_vjp(
                flat(work.out), flat(work.scratch[0]), flat(work.d_out), work.starts
            )
        # the kernels write dx in any case; where nobody wants it, d_out is done with afterwards
        dx = work.d_out if work.d_inputs[0] is None else work.d_inputs[0]
        self._curve_vjp_of(work, flat(work.d_out), flat(dx), *work.d_weights)

    def _curve_of(self, work: Work) -> None:
        """Write the output; one that keeps something for the derivative does it here."""
        self.curve.forward(flat(work.inputs[0]), *work.weights, flat(work.out))

    def _curve_vjp_of(
        self, work: Work, d_out: np.ndarray, dx: np.ndarray, *d_weights: np.ndarray
    ) -> None:
        """Write the derivative by the input, and add those by the weights."""
        self.curve.vjp(flat(work.inputs[0]), *work.weights, d_out, dx, *d_weights)

    def input_tangents(self, work: Work, number: int, incoming: Tangents) -> Tangents:
        if "n" in self.options:
            return super().input_tangents(work, number, incoming)
        ones = np.ones_like(flat(work.inputs[0]))
        unused = [np.zeros_like(weight) for weight in work.weights]
        slope = np.empty_like(ones)
        self._curve_vjp_of(work, ones, slope, *unused)
        return scaled(incoming, slope)


LINE_OPTIONS = (
    Option("s", "fitted shift"),
    Option("o", "fitted offset"),
    Option("g", "fitted gain"),
    NORMALISED,
)
LINE_SYNONYMS = {"os": ("o", "s"), "so": ("o", "s")}


#: How what stands on a line follows other units.
ON_A_LINE = FollowCurve(shift="shift", gain=("gain",), offset="offset")


class OnLine(Pointwise):
    """A fixed curve on a line of one's own, ``y = offset + gain * f(x + shift)``.

    Shift, offset and gain are 0, 0 and 1 unless an option frees them.
    """

    priors: ClassVar[Mapping[str, Distribution]] = {
        "shift": Normal(0.05, 0.01),
        "offset": Normal(-0.05, 0.01),
        "gain": Normal(1.0, 0.01),
    }
    curve_facts = Facts(
        linear_in=("offset", "gain"),
        additive=("offset",),
        nonnegative=NonNegative(("offset", "gain")),
        follow=ON_A_LINE,
    )
    _fixed_at: ClassVar = {"shift": 0.0, "offset": 0.0, "gain": 1.0}

    @classmethod
    def fixed_parameters(cls, options: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(name for name in cls.priors if name[0] not in options)

    def initial_parameters(self) -> Phi:
        fixed, shape = self.fixed_parameters(self.options), tuple(self.dims.values())
        return Phi(
            *(
                Parameter(name, shape, prior, None, self._fixed_at[name], is_permanent=True)
                if name in fixed
                else Parameter(name, shape, prior)
                for name, prior in self.priors.items()
            )
        )


def shift_guess(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Give the shift after which input and wanted output have the same mean."""
    return {"shift": y.mean(axis=1) - x.mean(axis=1)}


def rectified_guess(x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Give shift, offset and gain of a line that begins where a third of the input lies below."""
    corner, floor = np.quantile(x, 1 / 3, axis=1), y.min(axis=1)
    reach = np.maximum(x.max(axis=1) - corner, np.finfo(float).tiny)
    return {"shift": -corner, "offset": floor, "gain": (y.max(axis=1) - floor) / reach}
