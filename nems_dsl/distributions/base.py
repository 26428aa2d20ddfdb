"""What all priors share: immutable parameters, shape, equality, printing, JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..suggestions import no_such

Real: TypeAlias = float | NDArray[np.float64]
"""A parameter as it is stored: a Python number, or a read-only float64 array."""

_JSON_TYPE = "distribution"


class Distribution(ABC):
    """A prior: independent elements, in the shape its parameters broadcast to.

    A concrete distribution names its parameters in `symbols` and hands their values to this
    constructor. Scalars are kept as they are given, arrays are copied to read-only float64.

    Raises
    ------
    ValueError
        Where a parameter is not a finite real number, is empty, is out of its range, or does not
        broadcast with the others.
    """

    __slots__ = ("_parameters",)

    symbols: ClassVar[Mapping[str, str]]
    """The parameters' names, in the constructor's order, and how `repr` prints them."""

    _known: ClassVar[dict[str, type[Distribution]]] = {}

    _parameters: Mapping[str, Real]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Distribution._known[cls.__name__] = cls

    def __init__(self, *values: ArrayLike) -> None:
        name = type(self).__name__
        stored = {
            key: _stored(f"{name}: {key}", value)
            for key, value in zip(self.symbols, values, strict=True)
        }
        object.__setattr__(self, "_parameters", MappingProxyType(stored))
        try:
            np.broadcast_shapes(*(np.shape(value) for value in stored.values()))
        except ValueError:
            shapes = ", ".join(f"{key} {np.shape(value)}" for key, value in stored.items())
            raise ValueError(
                f"{name}: the shapes of the parameters do not broadcast: {shapes}"
            ) from None
        self._validate()

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(
            f"{type(self).__name__} is immutable: make a new one instead of setting '{name}'"
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: '{name}' cannot be deleted")

    @property
    def parameters(self) -> Mapping[str, Real]:
        """Name and value of each parameter, in order, read-only.

        Examples
        --------
        >>> from nems_dsl.distributions import Normal
        >>> dict(Normal(sd=2).parameters)
        {'mean': 0.0, 'sd': 2}
        """
        return self._parameters

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one draw: the broadcast of the parameters' shapes.

        Examples
        --------
        >>> from nems_dsl.distributions import Normal
        >>> Normal(mean=[[1.0], [2.0]], sd=[0.1, 0.2, 0.3]).shape
        (2, 3)
        """
        return np.broadcast_shapes(*(np.shape(value) for value in self.parameters.values()))

    @property
    @abstractmethod
    def support(self) -> tuple[Real, Real]:
        """Lowest and highest possible value, infinite where there is no limit."""

    def mean(self) -> Any:
        """Give the expected value of each element.

        Returns
        -------
        mean : float64, or array of `shape` float64
            In the parameter's own unit.
        """
        return self._filled(self._mean())

    def mode(self) -> Any:
        """Give the value of the highest density of each element.

        Where all values are equally likely, their middle; where the density is highest at both
        ends, the lower end.

        Returns
        -------
        mode : float64, or array of `shape` float64
            In the parameter's own unit.

        Examples
        --------
        >>> from nems_dsl.distributions import Gamma
        >>> print(Gamma(alpha=3, beta=2).mode())
        1.0
        """
        return self._filled(self._mode())

    def sample(
        self,
        size: int | tuple[int, ...] | None = None,
        rng: np.random.Generator | int | None = None,
    ) -> Any:
        """Draw independent values.

        Parameters
        ----------
        size : int or tuple of int, optional
            Shape of the result, as in `numpy.random.Generator`; `shape` must broadcast to it. By
            default `shape`, that is, one draw.
        rng : numpy.random.Generator or int, optional
            Source of randomness, or a seed for one. By default an unpredictable one.

        Returns
        -------
        sample : float64, or array of `size` float64

        Raises
        ------
        ValueError
            Where `shape` does not broadcast to `size`.

        Examples
        --------
        >>> from nems_dsl.distributions import Uniform
        >>> Uniform(lower=[0, 10], upper=[1, 11]).sample((5, 2), rng=0).shape
        (5, 2)
        """
        if size is None:
            shape = self.shape
        else:
            shape = (int(size),) if isinstance(size, int | np.integer) else tuple(size)
        try:
            fits = np.broadcast_shapes(self.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(
                f"{self!r} has shape {self.shape} and cannot be sampled in shape {shape}: the "
                "last axes of `size` must agree with the shape"
            )
        return self._sample(shape, np.random.default_rng(rng))

    def log_density(self, x: ArrayLike) -> Any:
        """Compute the logarithm of the probability density, element by element.

        Parameters
        ----------
        x : array_like
            Values, broadcast against `shape`.

        Returns
        -------
        log_density : float64 or array of float64
            Minus infinity outside the support, NaN where `x` is NaN.
        """
        values = np.asarray(x, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inside = np.where(self._outside(values), -np.inf, self._log_density(values))
        return np.where(np.isnan(values), np.nan, inside)[()]

    def log_density_gradient(self, x: ArrayLike) -> Any:
        """Differentiate the log density with respect to `x`, element by element.

        Parameters
        ----------
        x : array_like
            Values, broadcast against `shape`.

        Returns
        -------
        gradient : float64 or array of float64
            0 outside the support, where no direction is better; NaN where `x` is NaN. On the edge
            of the support, the one-sided limit.
        """
        values = np.asarray(x, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inside = np.where(self._outside(values), 0.0, self._log_density_gradient(values))
        return np.where(np.isnan(values), np.nan, inside)[()]

    def log_density_curvature(self, x: ArrayLike) -> Any:
        """Differentiate the log density twice with respect to `x`, element by element.

        Parameters
        ----------
        x : array_like
            Values, broadcast against `shape`.

        Returns
        -------
        curvature : float64 or array of float64
            Negative where the log density is concave. 0 outside the support; NaN where `x` is
            NaN. On the edge of the support, the one-sided limit.
        """
        values = np.asarray(x, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inside = np.where(self._outside(values), 0.0, self._log_density_curvature(values))
        return np.where(np.isnan(values), np.nan, inside)[()]

    def to_dict(self) -> dict[str, Any]:
        """Name and parameters as JSON can hold them, exactly.

        Examples
        --------
        >>> from nems_dsl.distributions import Normal
        >>> Normal(mean=[0.5, 1.0]).to_dict()
        {'distribution': 'Normal', 'mean': [0.5, 1.0], 'sd': 1.0}
        """
        values = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in self.parameters.items()
        }
        return {_JSON_TYPE: type(self).__name__, **values}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Build the distribution that `to_dict` has written.

        Parameters
        ----------
        data : mapping
            `distribution`, the name, and one entry per parameter.

        Raises
        ------
        ValueError
            Where the name or a parameter is unknown, missing, or invalid.

        Examples
        --------
        >>> from nems_dsl.distributions import Distribution
        >>> Distribution.from_dict({"distribution": "HalfNormal", "sd": 0.5})
        HalfNormal(σ=0.5)
        """
        if not isinstance(data, Mapping) or _JSON_TYPE not in data:
            raise ValueError(
                f"a distribution is a mapping with an entry '{_JSON_TYPE}', got {data!r:.80}"
            )
        name = data[_JSON_TYPE]
        found = Distribution._known.get(name) if isinstance(name, str) else None
        if found is None:
            raise ValueError(no_such("distribution", name, sorted(Distribution._known)))
        if not issubclass(found, cls):
            raise ValueError(f"expected a {cls.__name__}, got a {name}")
        expected = list(found.symbols)
        given = [key for key in data if key != _JSON_TYPE]
        if sorted(given, key=str) != sorted(expected):
            raise ValueError(f"{name} has the parameters {expected}, got {given}")
        return found(**{key: data[key] for key in expected})

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        parts = []
        for name, value in self.parameters.items():
            text = f"array{value.shape}" if isinstance(value, np.ndarray) else repr(value)
            parts.append(f"{self.symbols[name]}={text}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy or a pickle goes through the constructor: numpy would hand back writable arrays.
        return type(self), tuple(self.parameters.values())

    def _key(self) -> tuple[Any, ...]:
        # Adding 0.0 makes one of the two zeros.
        arrays = [np.asarray(value, dtype=np.float64) + 0.0 for value in self.parameters.values()]
        return type(self), tuple((array.shape, array.tobytes()) for array in arrays)

    def _filled(self, values: Any) -> Any:
        full = np.array(np.broadcast_to(np.asarray(values, dtype=np.float64), self.shape))
        return full[()]

    def _outside(self, x: NDArray[np.float64]) -> Any:
        low, high = self.support
        return (x < low) | (x > high)

    def _require(self, name: str, holds: Any, rule: str) -> None:
        if not np.all(holds):
            raise ValueError(
                f"{type(self).__name__}: {name} must be {rule}, got {self._first(name, holds)}"
            )

    def _first(self, name: str, holds: Any) -> str:
        value = np.broadcast_to(self.parameters[name], np.shape(holds))
        if value.ndim == 0:
            return f"{value.item()!r}"
        index = tuple(int(i) for i in np.argwhere(~np.asarray(holds))[0])
        return f"{value[index].item()!r} at index {index if len(index) > 1 else index[0]}"

    @abstractmethod
    def _validate(self) -> None: ...

    @abstractmethod
    def _mean(self) -> Any: ...

    @abstractmethod
    def _mode(self) -> Any: ...

    @abstractmethod
    def _sample(self, shape: tuple[int, ...], rng: np.random.Generator) -> Any: ...

    @abstractmethod
    def _log_density(self, x: NDArray[np.float64]) -> Any: ...

    @abstractmethod
    def _log_density_gradient(self, x: NDArray[np.float64]) -> Any: ...

    @abstractmethod
    def _log_density_curvature(self, x: NDArray[np.float64]) -> Any: ...


def _stored(where: str, value: Any) -> Real:
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{where} must be a number or an array, got a ragged list") from None
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{where} must be a real number or an array of them, got {value!r:.80}")
    if array.size == 0:
        raise ValueError(f"{where} is an empty array of shape {array.shape}")
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{where} must be finite, got {_first_not_finite(array)}")
    if array.ndim == 0:
        return float(array) if array.dtype.kind == "f" else int(array)
    copy = np.array(array, dtype=np.float64)
    copy.flags.writeable = False
    return copy


def _first_not_finite(array: NDArray[Any]) -> str:
    if array.ndim == 0:
        return str(array)
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
    return f"{array[index]} at index {index if len(index) > 1 else index[0]}"
