"""`stp`, `dep`, `stp2`: each channel is depressed by its own recent activity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .. import kernels
from ..distributions import Normal, Uniform
from ..keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Number, Option, Signature, registry
from .base import Facts, KernelLayer, Parameter, Phi, Work, flat

_START_U = 0.025
_START_TAU = 50.0
_START_FAST_TAU = 5.0
_LEAST_U = 1e-6
_MOST_U = 0.2
_SHORTEST_TAU = 1.0

_CROSSTALK = Option("x", "depleted by the mean over channels")
_THRESHOLD = Option("t", "fitted threshold, subtracted from the input")
_FACILITATION = Option("f", "facilitation allowed")
_EULER = Option("e", "integrated by Euler's rule")
_U = Option("u", "where the strength starts", number=Number.REAL, minimum=_LEAST_U)
_TAU = Option(
    "tau", "where the time constant starts, in bins", number=Number.REAL, minimum=_SHORTEST_TAU
)


class _Course(NamedTuple):
    """The arrays of one time course of depletion, and their derivatives."""

    u: np.ndarray
    tau: np.ndarray
    d_u: np.ndarray
    d_tau: np.ndarray
    y: np.ndarray
    d_y: np.ndarray
    depletion: np.ndarray
    decay: np.ndarray


def _course(
    work: Work, first: int, y: np.ndarray, d_y: np.ndarray, scratch: Sequence[np.ndarray]
) -> _Course:
    """Give a time course by the place of its `u` among the weights, before its `tau`."""
    u, tau = work.weights[first : first + 2]
    d_u, d_tau = (work.d_weights or work.weights)[first : first + 2]
    depletion, decay = scratch
    return _Course(u, tau, d_u, d_tau, y, d_y, depletion, decay)


class Plasticity(KernelLayer):
    """One time course of depletion, or several that a subclass mixes.

    A subclass says whether a trial begins from rest, and lists what it adds to `parameters`.
    """

    memory = None

    @property
    def facts(self) -> Facts:
        # with crosstalk channels do not leave one another alone
        return Facts(channelwise="x" not in self.options, near_identity=True)

    _from_rest: ClassVar[bool] = False
    _own_names: ClassVar[tuple[str, ...]] = ("u", "tau")

    @classmethod
    def parameter_shapes(
        cls, dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        names = (*cls._own_names, *["threshold"] * ("t" in options))
        return dict.fromkeys(names, tuple(dims.values()))

    def initial_parameters(self) -> Phi:
        return Phi(*self._depletion(), *self._threshold())

    def _depletion(
        self, suffix: str = "", u: float = _START_U, tau: float = _START_TAU
    ) -> tuple[Parameter, Parameter]:
        shape = tuple(self.dims.values())
        u, tau = self.options.get("u", u), self.options.get("tau", tau)
        most = max(_MOST_U, 2 * u)
        least = -most if "f" in self.options else _LEAST_U
        return (
            Parameter(f"u{suffix}", shape, Uniform(u / 2, 1.5 * u), bounds=(least, most)),
            Parameter(
                f"tau{suffix}", shape, Uniform(tau / 2, 1.5 * tau), bounds=(_SHORTEST_TAU, np.inf)
            ),
        )

    def _threshold(self) -> tuple[Parameter, ...]:
        if "t" not in self.options:
            return ()
        return (Parameter("threshold", tuple(self.dims.values()), Normal(0, 0.05)),)

    # ---- scratch: the input above the threshold, its derivative, the common drive, the courses ---

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        rows = (int(np.prod(shapes[0])),)
        is_moved, has_threshold = self._is_moved, "t" in self.options
        common = (*[rows] * is_moved, *[rows] * has_threshold)
        if "x" in self.options:
            common += ((int(np.prod(shapes[0][1:], dtype=int)),),)
        return (*common, *self._course_shapes(rows))

    def _course_shapes(self, rows: tuple[int]) -> tuple[tuple[int, ...], ...]:
        return (rows, rows)

    @property
    def _is_moved(self) -> bool:
        """Whether what is depressed is not the input as it comes."""
        return "t" in self.options or self._from_rest

    def _effective(self, work: Work) -> np.ndarray:
        return work.scratch[0] if self._is_moved else flat(work.inputs[0])

    def _drive(self, work: Work) -> np.ndarray:
        if "x" not in self.options:
            return self._effective(work)
        return work.scratch[self._is_moved + ("t" in self.options)]

    def _course_scratch(self, work: Work) -> tuple[np.ndarray, ...]:
        return work.scratch[self._is_moved + ("t" in self.options) + ("x" in self.options) :]

    # ---- courses -------------------------------------------------------------------------------

    def _courses(self, work: Work) -> tuple[_Course, ...]:
        """Give the time courses; their derivatives are empty in a forward pass."""
        y, d_y = flat(work.out), flat(work.d_out) if work.d_weights else work.d_out
        return (_course(work, 0, y, d_y, self._course_scratch(work)),)

    def forward(self, work: Work) -> None:
        x, drive = self._effective(work), self._drive(work)
        if self._is_moved:
            source = flat(work.inputs[0])
            if "t" in self.options:
                source = np.subtract(source, work.weights[-1][:, None], out=x)
            # from rest, a missing value counts as 0
            (np.fmax if self._from_rest else np.maximum)(source, 0, out=x)
        if "x" in self.options:
            kernels.plasticity.crosstalk(x, drive)
        for course in self._courses(work):
            kernels.plasticity.stp(
                course.u,
                course.tau,
                drive,
                x,
                course.y,
                course.depletion,
                course.decay,
                work.starts,
                "e" in self.options,
                self._from_rest,
            )

    def vjp(self, work: Work) -> None:
        dx = None if work.d_inputs[0] is None else flat(work.d_inputs[0])
        if "t" in self.options:
            dx = work.scratch[1] if dx is None else dx
        self._input_vjp(work, dx)
        if "t" in self.options and dx is not None:
            work.d_weights[-1][:] -= dx.sum(axis=1)

    def _input_vjp(self, work: Work, dx: np.ndarray | None) -> None:
        """Take the derivative of what is depressed into `dx`, if it is wanted."""
        (course,) = self._courses(work)
        self._course_vjp(work, course, course.d_y if dx is None else dx)
        self._share(work, course, dx)

    def _course_vjp(self, work: Work, course: _Course, dx: np.ndarray) -> None:
        kernels.plasticity_vjp.stp_vjp(
            course.u,
            course.tau,
            self._drive(work),
            self._effective(work),
            course.depletion,
            course.decay,
            course.d_y,
            dx,
            course.d_u,
            course.d_tau,
            work.starts,
            "e" in self.options,
            self._from_rest,
            "x" not in self.options,
        )

    def _share(self, work: Work, course: _Course, dx: np.ndarray | None) -> None:
        """Pass the derivative of a common drive on to all channels."""
        if dx is not None and "x" in self.options:
            kernels.plasticity_vjp.crosstalk_vjp(
                self._effective(work),
                course.depletion,
                course.d_y,
                dx,
                self._drive(work),
                work.starts,
                self._from_rest and "e" not in self.options,
            )


@registry.register
class ShortTermPlasticity(Plasticity):
    """Depression of a synapse by its own activity, ``y[t] = v[t] (1 - D[t])``, v = max(x, 0).

    The depletion D follows ``D' = -(1/tau + u v) D + u v``, integrated by the trapezoid rule. A
    trial begins as if its first bin had lasted for 100 bins before.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    x : bool
        Crosstalk: all channels are depleted by the mean of v over channels, with `u` and `tau` of
        their own; with a bank, within each slice of it.
    t : bool
        A threshold is fitted, one per channel: v = max(x - threshold, 0).
    f : bool
        Facilitation is allowed: `u` may fall below 0, and D with it, down to -4, so that the input
        is amplified up to 5 times.
    e : bool
        Euler's rule, ``D[t] = D[t-1] - D[t-1] (1/tau + u v[t-1]) + u v[t-1]``, held at 1 or below,
        from D = 0 at the beginning of the 100 bins.
    u : float
        Where `u` starts; its prior and its bounds go with it.
    tau : float
        Where `tau` starts, in bins; its prior goes with it.

    Notes
    -----
    `u` is the release probability per unit of input and bin, `tau` the time of recovery in bins.
    Both are plain numbers: other programs store tau divided by 100.

    Examples
    --------
    >>> import numpy as np
    >>> layer = ShortTermPlasticity(shape=1, e=True, parameters={"u": [0.1], "tau": [10.0]})
    >>> layer.evaluate(np.array([[0.0], [1.0], [1.0], [1.0]])).ravel().round(3).tolist()
    [0.0, 1.0, 0.9, 0.82]
    """

    signature = Signature(
        head="stp",
        summary="depresses each channel by its own recent activity",
        equation="y[t] = v[t] (1 - D[t]), D' = -(1/tau + u v) D + u v, v = max(x, 0)",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=(_CROSSTALK, _THRESHOLD, _FACILITATION, _EULER, _U, _TAU),
        example="wc.18x3.g-stp.3-fir.3x15-dexp.1",
        source="Tsodyks & Markram (1997); for auditory cortex David & Shamma (2013)",
    )


@registry.register
class Depression(Plasticity):
    """Depression by earlier bins alone, from rest, ``y[t] = v[t] (1 - D[t-1])``, v = max(x, 0).

    D is integrated as in `stp`, but a trial begins with nothing depleted, and its first bin passes
    as it is. A missing value (NaN) counts as 0.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    x : bool
        Crosstalk: all channels are depleted by the mean of v over channels, with `u` and `tau` of
        their own; with a bank, within each slice of it.
    t : bool
        A threshold is fitted, one per channel: v = max(x - threshold, 0).
    e : bool
        Euler's rule, ``y[t] = v[t] (1 - D[t])`` with ``D[t] = D[t-1] - D[t-1] (1/tau + u v[t-1])
        + u v[t-1]``, held at 1 or below.
    u : float
        Where `u` starts; its prior goes with it.
    tau : float
        Where `tau` starts, in bins; its prior goes with it.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Depression(shape=1, e=True, parameters={"u": [0.1], "tau": [10.0]})
    >>> layer.evaluate(np.array([[2.0], [1.0], [1.0]])).ravel().round(3).tolist()
    [2.0, 0.8, 0.74]
    """

    signature = Signature(
        head="dep",
        summary="depresses each channel by its own earlier activity, from rest",
        equation="y[t] = v[t] (1 - D[t-1]), D' = -(1/tau + u v) D + u v, v = max(x, 0)",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=(_CROSSTALK, _THRESHOLD, _EULER, _U, _TAU),
        example="wc.18x3.g-dep.3-fir.3x15-dexp.1",
        source="Tsodyks & Markram (1997), depression alone; for auditory cortex David & Shamma "
        "(2013)",
    )
    _from_rest = True

    def initial_parameters(self) -> Phi:
        u, tau = self._depletion()
        u.bounds = (0.0, u.bounds[1])
        return Phi(u, tau, *self._threshold())


@registry.register
class TwoCoursePlasticity(Plasticity):
    """Two depletions of different time constants, mixed.

    ``y[t] = v[t] (1 - urat D1[t] - (1 - urat) D2[t])``, v = max(x, 0), with D1 of `u` and `tau`
    and D2 of `u2` and `tau2`, each as in `stp`.

    Parameters
    ----------
    shape : (channels,) or (channels, bank)
    x : bool
        Crosstalk: all channels are depleted by the mean of v over channels.
    t : bool
        A threshold is fitted, one per channel: v = max(x - threshold, 0).
    f : bool
        Facilitation is allowed: `u` and `u2` may fall below 0.
    e : bool
        Euler's rule, as in `stp`.

    Notes
    -----
    The two courses start with different time constants, slow and fast, lest they stay alike.

    Examples
    --------
    >>> import numpy as np
    >>> layer = TwoCoursePlasticity(shape=1)
    >>> list(layer.parameters)
    ['u', 'tau', 'u2', 'tau2', 'urat']
    >>> np.allclose(layer.evaluate(np.zeros((3, 1))), 0)
    True
    """

    signature = Signature(
        head="stp2",
        summary="depresses each channel by its own recent activity, in two time courses",
        equation="y[t] = v[t] (1 - urat D1[t] - (1 - urat) D2[t]), D1 and D2 as in stp",
        forms=POINTWISE_FORMS,
        flows=POINTWISE_FLOWS,
        options=(_CROSSTALK, _THRESHOLD, _FACILITATION, _EULER),
        example="wc.18x3.g-stp2.3-fir.3x15-dexp.1",
        source="two courses of depletion as in Tsodyks & Markram (1997)",
    )
    _own_names = ("u", "tau", "u2", "tau2", "urat")

    @property
    def facts(self) -> Facts:
        return replace(super().facts, linear_in=("urat",))

    def initial_parameters(self) -> Phi:
        mix = Parameter("urat", tuple(self.dims.values()), Uniform(0.25, 0.75), bounds=(0, 1))
        fast = self._depletion("2", tau=_START_FAST_TAU)
        return Phi(*self._depletion(), *fast, mix, *self._threshold())

    def _course_shapes(self, rows: tuple[int]) -> tuple[tuple[int, ...], ...]:
        return (rows,) * 7

    def _courses(self, work: Work) -> tuple[_Course, ...]:
        # a course's output is no more needed when its derivative is written there
        _, *rows = self._course_scratch(work)
        slow, fast = rows[0], rows[3]
        return (
            _course(work, 0, slow, slow, rows[1:3]),
            _course(work, 2, fast, fast, rows[4:6]),
        )

    def forward(self, work: Work) -> None:
        super().forward(work)
        slow, fast = self._courses(work)
        out = np.subtract(slow.y, fast.y, out=flat(work.out))
        out *= work.weights[4][:, None]
        out += fast.y

    def _input_vjp(self, work: Work, dx: np.ndarray | None) -> None:
        slow, fast = self._courses(work)
        ratio, d_out = work.weights[4][:, None], flat(work.d_out)
        slow.y[...] -= fast.y
        work.d_weights[4][:] += np.einsum("ct,ct->c", d_out, slow.y)
        np.multiply(d_out, ratio, out=slow.d_y)
        np.multiply(d_out, 1 - ratio, out=fast.d_y)
        if dx is None:
            for course in (slow, fast):
                self._course_vjp(work, course, course.d_y)
            return
        d_fast = self._course_scratch(work)[0]
        for course, target in ((slow, dx), (fast, d_fast)):
            self._course_vjp(work, course, target)
        for course, target in ((slow, dx), (fast, d_fast)):
            self._share(work, course, target)
        dx += d_fast
