"""What a fit may know of a layer, as one value that the layer declares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from .follow import Follow
from .nonnegative import NonNegative

Values = dict[str, np.ndarray]
Guess = Callable[[np.ndarray, np.ndarray], Values]
Aim = Callable[[np.ndarray], Values]
Tunings = Callable[[], tuple[np.ndarray, Values]]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a fit may know of a layer. Nothing has to be said, but what is said must be true.

    `nems_dsl.testing.check_layer` finds what is not true, and what is true and left out.

    Attributes
    ----------
    channelwise : bool
        Row i of the output depends on row i of every input and entry i of every parameter, alone.
    linear : bool
        The output is linear in the inputs together, and 0 where they are.
    affine : bool
        The output is linear in the inputs together, but for a constant. What is linear is affine.
    linear_in_weights : bool
        The output is linear in what `prepare` gives.
    near_identity : bool
        The output is close to the first input for the parameters that a model starts from.
    linear_in : tuple of str
        Parameters that the output is linear in together, but for a constant.
    additive : tuple of str
        Those of them that do not act on the inputs: constants that are added.
    gain : str or None
        The parameter that the output is proportional to, but for what is added to it.
    channel_weights : tuple of str
        Parameters whose first axis weights the channels of the input, linearly.
    nonnegative : NonNegative or None
        What keeps the output at 0 or above; None if nothing does.
    smooth_along : dict of str to dict of str to int
        For the options ``sl`` and ``sc`` the axis along which they make each parameter smooth.
    guess : callable or None
        ``guess(x, y)`` gives parameters with which the layer turns one signal into about another:
        a dict of those that can be told, from input and wanted output, both (rows, samples), of
        which y goes up with x on the whole.
    aim : callable or None
        ``aim(directions)`` gives parameters with which the outputs weight channels as wanted, as
        nearly as may be: a dict, empty if they cannot, from (channels, rank) directions of length
        1, the most important first.
    follow : Follow or None
        How the parameters follow a change of units of input and output; an affine layer need not
        say it.
    tunings : callable or None
        ``tunings()`` gives the curves over the channels that one output may have, for a layer that
        limits them, (n_curves, channels); and a dict of what each is made by, (n_curves,) arrays.

    Examples
    --------
    >>> Facts(linear=True).affine
    True
    >>> print(Facts(channelwise=True, linear_in=("base", "amplitude"), gain="amplitude"))
    channelwise; linear in: base, amplitude; gain: amplitude
    """

    channelwise: bool = False
    linear: bool = False
    affine: bool = False
    linear_in_weights: bool = False
    near_identity: bool = False
    linear_in: tuple[str, ...] = ()
    additive: tuple[str, ...] = ()
    gain: str | None = None
    channel_weights: tuple[str, ...] = ()
    nonnegative: NonNegative | None = None
    smooth_along: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    guess: Guess | None = None
    aim: Aim | None = None
    tunings: Tunings | None = None
    follow: Follow | None = None

    def __post_init__(self) -> None:
        if self.linear:
            object.__setattr__(self, "affine", True)

    def __str__(self) -> str:
        """List what is said, in the order of the attributes."""
        said = []
        for name, value in vars(self).items():
            if name == "affine" and self.linear:
                continue
            if value is True or (value and callable(value)):
                said.append(name.replace("_", " "))
            elif value:
                said.append(f"{_SAID.get(name, name.replace('_', ' '))}: {_listed(value)}")
        return "; ".join(said)


_SAID = {"follow": "follow units by"}


def _listed(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple | Mapping) else str(value)
