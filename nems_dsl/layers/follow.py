"""How parameters follow a change of units of what comes into a layer and of what it gives.

A fit works on standardised signals, and its parameters are then turned into those with which the
model gives the same for the user's own. With ``scale * x + offset`` in place of each input x, and
``scale * y + offset`` in place of the output y, a layer says which parameters do the same, if any.
Layers that are affine need not say it: their facts tell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np

Values = dict[str, np.ndarray]
#: What the scale of an input may be: any, that of the output, or 1.
Tie = Literal["any", "same", "one"]


class Units(NamedTuple):
    """What a fit takes in place of a signal: ``scale * signal + offset``.

    An offset of None is 0, and stays 0 whatever the parameters are.
    """

    scale: float = 1.0
    offset: np.ndarray | None = None

    @property
    def are_own(self) -> bool:
        """Whether the signal stays as it is; tuples that hold arrays cannot be compared."""
        return self.scale == 1 and self.offset is None


class Follow(Protocol):
    """How a layer follows a change of units."""

    def tie(self, free: Collection[str]) -> Tie:
        """Tell what the scale of the first input may be, if these parameters may be changed."""

    def values(
        self,
        values: Mapping[str, np.ndarray],
        free: Collection[str],
        incoming: Sequence[Units],
        out: Units,
    ) -> Values | None:
        """Return the parameters for the user's units, or None if there are none.

        Parameters
        ----------
        values : mapping of str to array
            With which the layer turns the fit's input into the fit's output.
        free : collection of str
            Parameters that may be changed; others are parts of the formula.
        incoming : sequence of Units
            Of each input.
        out : Units
            Of the output.
        """


@dataclass(frozen=True, kw_only=True)
class FollowCurve:
    """Of a curve on a line, ``y = offset + gain * f(slope * (x + sign * shift))``.

    Attributes
    ----------
    shift, offset : str
        Empty where the curve has none.
    sign : {1, -1}
    slope : str
    slope_is : {"log", "factor", "width", "gain"}
        ``exp(slope)``, ``slope`` or ``1 / slope`` multiplies the input; or ``slope`` the input and
        with it the output.
    gain : tuple of str
        All that multiply the output.
    homogeneous : bool
        ``f(a z) = a f(z)`` for every a above 0.
    """

    shift: str = ""
    offset: str = ""
    sign: int = 1
    slope: str = ""
    slope_is: Literal["log", "factor", "width", "gain"] = "log"
    gain: tuple[str, ...] = ()
    homogeneous: bool = False

    def tie(self, free: Collection[str]) -> Tie:
        """Tell what the scale of the input may be; see `Follow`."""
        if self.slope:
            return "any"
        if not self.homogeneous:
            return "one"
        return "any" if self._has_gain(free) else "same"

    def values(
        self,
        values: Mapping[str, np.ndarray],
        free: Collection[str],
        incoming: Sequence[Units],
        out: Units,
    ) -> Values | None:
        """Return the parameters for the user's units; see `Follow`."""
        scale, offset = incoming[0]
        found = dict(values)
        if self.slope:
            slope = values[self.slope]
            found[self.slope] = {
                "log": slope + np.log(scale),
                "factor": slope * scale,
                "width": slope / scale,
                "gain": slope * scale / out.scale,
            }[self.slope_is]
        elif not self.homogeneous and scale != 1:
            return None
        if self.shift in free:
            moved = 0.0 if offset is None else self.sign * _as(offset, values[self.shift])
            found[self.shift] = (values[self.shift] + moved) / scale
        elif offset is not None:
            return None
        factor = (scale if self.homogeneous and not self.slope else 1.0) / out.scale
        if self._has_gain(free):
            found.update({name: values[name] * factor for name in self.gain})
        elif not np.isclose(factor, 1.0, rtol=1e-12):
            return None
        if self.offset in free:
            moved = 0.0 if out.offset is None else _as(out.offset, values[self.offset])
            found[self.offset] = (values[self.offset] - moved) / out.scale
        elif out.offset is not None:
            return None
        return found

    def _has_gain(self, free: Collection[str]) -> bool:
        return bool(self.gain) and all(name in free for name in self.gain)


@dataclass(frozen=True, kw_only=True)
class FollowModulation:
    """Of a gain and an offset that are made of a state, ``y = G x + D``: D is scaled with y.

    Attributes
    ----------
    added : tuple of str
        Parameters that D is proportional to.
    gains : tuple of str
        Where G and D are made in the same way, the parameters of G in the order of `added`: what
        is added to x is then added to D.
    """

    added: tuple[str, ...]
    gains: tuple[str, ...] = ()

    def tie(self, free: Collection[str]) -> Tie:
        """Tell what the scale of the input may be; see `Follow`."""
        return "same"

    def values(
        self,
        values: Mapping[str, np.ndarray],
        free: Collection[str],
        incoming: Sequence[Units],
        out: Units,
    ) -> Values | None:
        """Return the parameters for the user's units; see `Follow`."""
        scale, offset = incoming[0]
        fixed = not all(units.are_own for units in incoming[1:]) or out.offset is not None
        if fixed or not np.isclose(scale, out.scale, rtol=1e-12):
            return None
        found = dict(values)
        if offset is not None:
            if not self.gains:
                return None
            for name, gain in zip(self.added, self.gains, strict=True):
                found[name] = values[name] + values[gain] * offset
        found.update({name: found[name] / out.scale for name in self.added})
        return found


@dataclass(frozen=True)
class FollowProduct:
    """Of what is proportional to its first input.

    Attributes
    ----------
    gain : tuple of str
        What multiplies the input; without it, the scale of the input is that of the output.
    added : tuple of str
        What is added to that, and scaled with the output.
    """

    gain: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    def tie(self, free: Collection[str]) -> Tie:
        """Tell what the scale of the input may be; see `Follow`."""
        return "any" if self.gain else "same"

    def values(
        self,
        values: Mapping[str, np.ndarray],
        free: Collection[str],
        incoming: Sequence[Units],
        out: Units,
    ) -> Values | None:
        """Return the parameters for the user's units; see `Follow`."""
        if any(units.offset is not None for units in (*incoming, out)):
            return None
        if any(units.scale != 1 for units in incoming[1:]):
            return None
        factor = incoming[0].scale / out.scale
        if self.gain:
            scaled = {name: values[name] * factor for name in self.gain}
            return {**values, **scaled, **{n: values[n] / out.scale for n in self.added}}
        return dict(values) if np.isclose(factor, 1.0, rtol=1e-12) else None


def _as(offset: np.ndarray, parameter: np.ndarray) -> np.ndarray:
    """Return the offset of a signal in the shape of a parameter that has a number for each row."""
    return np.broadcast_to(offset, parameter.shape)
