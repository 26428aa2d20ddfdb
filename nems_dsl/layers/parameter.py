"""Parameters of layers: named arrays with a prior, bounds, and whether a fit may move them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._plain import Plain
from ..distributions import Distribution, Normal
from .equality import same_value

RULE = "-" * 16
UNBOUNDED = (-np.inf, np.inf)


class Parameter:
    """A named array that a fit adjusts.

    Parameters
    ----------
    name : str
        Unique within its layer.
    shape : tuple of int
        Shape of the values; ``()`` for a single number.
    prior : Distribution, optional
        What is expected of the values; `Normal(0, 1)` by default. Its mean is where they start.
    bounds : (float, float), optional
        Least and largest value, inclusive; unbounded by default. Arrays broadcast to `shape`.
    initial_value : array_like, optional
        Where the values start, if not at the prior's mean.
    is_permanent : bool
        The values are part of the layer's definition: never fitted, never sampled.

    Raises
    ------
    ValueError
        Bounds that cross, or values that do not fit the shape.

    Examples
    --------
    >>> weights = Parameter("coefficients", shape=(18, 4))
    >>> weights
    Parameter(name=coefficients, shape=(18, 4))
    >>> weights.values.shape
    (18, 4)
    """

    def __init__(
        self,
        name: str,
        shape: int | tuple[int, ...] | None = (),
        prior: Distribution | None = None,
        bounds: tuple[ArrayLike, ArrayLike] | None = None,
        initial_value: ArrayLike | None = None,
        is_permanent: bool = False,
    ):
        if shape is None:
            raise ValueError(
                f"the parameter {name!r} needs a shape: give the layer one, as in shape=(2, 1)"
            )
        self.name = name
        self.shape = (shape,) if isinstance(shape, int) else tuple(int(n) for n in shape)
        self.is_permanent = is_permanent
        self.is_frozen = is_permanent
        self.bounds = bounds or UNBOUNDED
        self.prior = Normal() if prior is None else prior
        start = self.prior.mean() if initial_value is None else initial_value
        self._values = _fill(start, self.shape, name)
        self._initial = self._values

    # ---- values ------------------------------------------------------------------------------

    @property
    def values(self) -> np.ndarray:
        """The values, float64 of the parameter's shape. A read-only view."""
        view = self._values.view()
        view.flags.writeable = False
        return view

    @values.setter
    def values(self, values: ArrayLike) -> None:
        values = np.asarray(values, dtype=float)
        if values.shape != self.shape:
            raise ValueError(
                f"the parameter {self.name!r} has shape {self.shape}, not {values.shape}"
            )
        self._values = values.copy()

    @property
    def is_initial(self) -> bool:
        """Whether the values are those that a model starts from when nothing else is known."""
        return self._values is self._initial or np.array_equal(self._values, self._initial)

    def expect(self, prior: Distribution) -> None:
        """Take another prior, and start from its mean."""
        self.prior = prior
        self._initial = self._values = _fill(prior.mean(), self.shape, self.name)

    @property
    def size(self) -> int:
        """How many numbers the parameter holds."""
        return self._values.size

    # ---- bounds and prior --------------------------------------------------------------------

    @property
    def bounds(self) -> tuple[Any, Any]:
        """Least and largest value, as they were given."""
        return self._bounds

    @bounds.setter
    def bounds(self, bounds: tuple[ArrayLike, ArrayLike]) -> None:
        low, high = bounds
        if np.any(np.asarray(low) > np.asarray(high)):
            raise ValueError(f"the bounds of {self.name!r} cross: {low!r} is above {high!r}")
        for bound in bounds:
            _fill(bound, self.shape, self.name)
        self._bounds = (low, high)

    def bound_arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Give both bounds as arrays of the parameter's shape."""
        low, high = self.bounds
        return _fill(low, self.shape, self.name), _fill(high, self.shape, self.name)

    @property
    def prior(self) -> Distribution:
        """What is expected of the values."""
        return self._prior

    @prior.setter
    def prior(self, prior: Distribution) -> None:
        _fill(prior.mean(), self.shape, self.name)
        self._prior = prior

    def sample(self, rng: np.random.Generator, most_tries: int = 1000) -> np.ndarray:
        """Draw values from the prior, each entry drawn again until it is within the bounds.

        Raises
        ------
        ValueError
            The prior hardly ever falls within the bounds.
        """
        low, high = self.bound_arrays()
        values = np.asarray(self.prior.sample(self.shape, rng), dtype=float)
        for _ in range(most_tries):
            outside = (values < low) | (values > high)
            if not outside.any():
                return values
            again = np.asarray(self.prior.sample(self.shape, rng), dtype=float)
            values = np.where(outside, again, values)
        raise ValueError(
            f"the prior {self.prior} of {self.name!r} hardly ever falls within {self.bounds}"
        )

    # ---- fitting -----------------------------------------------------------------------------

    def freeze(self) -> None:
        """Keep the values as they are in fits."""
        self.is_frozen = True

    def unfreeze(self) -> None:
        """Let fits move the values again; permanent parameters stay as they are."""
        self.is_frozen = self.is_permanent

    # ---- comparing ---------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Compare name, values, bounds, prior, and whether fits may move the values."""
        if not isinstance(other, Parameter):
            return NotImplemented
        return same_value(self._facts(), other._facts())

    # values change
    __hash__ = None  # type: ignore[assignment]

    def _facts(self) -> tuple[Any, ...]:
        flags = self.is_frozen, self.is_permanent
        return self.name, self._values, self.bound_arrays(), self.prior, flags

    # ---- printing ----------------------------------------------------------------------------

    def __repr__(self) -> str:
        return f"Parameter(name={self.name}, shape={self.shape})"

    def __str__(self) -> str:
        low, high = self.bounds
        return "\n".join(
            [
                repr(self),
                RULE,
                f".prior:     {self.prior}",
                f".bounds:    ({low}, {high})",
                f".is_frozen: {self.is_frozen}",
                ".values:",
                str(self.values),
                RULE,
                "Index: 0",
                RULE,
            ]
        )


class Phi(Mapping[str, Parameter]):
    """The parameters of one layer, by name, in a fixed order.

    Examples
    --------
    >>> phi = Phi(Parameter("a"), Parameter("b"))
    >>> list(phi)
    ['a', 'b']
    """

    def __init__(self, *parameters: Parameter):
        self._parameters: dict[str, Parameter] = {}
        for parameter in parameters:
            if parameter.name in self._parameters:
                raise ValueError(f"two parameters are called {parameter.name!r}")
            self._parameters[parameter.name] = parameter

    def __getitem__(self, name: str) -> Parameter:
        try:
            return self._parameters[name]
        except KeyError:
            there_are = ", ".join(self._parameters) or "none"
            raise KeyError(Plain(f"no parameter {name!r}; there are: {there_are}")) from None

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)

    def __repr__(self) -> str:
        return f"\n{RULE}\n".join(map(repr, self.values()))

    def __str__(self) -> str:
        return "".join(f"{parameter}\n\n" for parameter in self.values())


def _fill(values: ArrayLike, shape: tuple[int, ...], name: str) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    try:
        return np.broadcast_to(array, shape).copy()
    except ValueError:
        raise ValueError(
            f"the parameter {name!r} has shape {shape}; {array.shape} does not fit it"
        ) from None
