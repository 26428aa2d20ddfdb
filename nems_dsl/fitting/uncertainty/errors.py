"""Standard errors as users see them: by layer and by name, with bands about what is composed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

Nested = dict[str, dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Band:
    """A curve or a field, with the standard error of each of its values.

    Attributes
    ----------
    values, errors : arrays
        (outputs, channels, lags) of a receptive field, (outputs, points) of a nonlinearity.
        Errors are NaN where the data do not determine the value.
    degrees : array
        Degrees of freedom of the errors.
    at : array
        The lags in bins, (lags,), or the points of the drive, (outputs, points).
    is_relative : bool
        The size of the receptive field is not identified, for a later layer scales it: errors are
        those of its form, at the size that it has.
    """

    values: np.ndarray
    errors: np.ndarray
    degrees: np.ndarray
    at: np.ndarray
    is_relative: bool = False

    def interval(self, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of the interval about each value.

        Parameters
        ----------
        level : float
            Of confidence, for each value by itself.
        """
        half = _quantile(level, self.degrees) * self.errors
        return self.values - half, self.values + half

    def to_dict(self) -> dict[str, Any]:
        """Return the band as JSON can hold it, to six digits."""
        arrays = {name: _encode(getattr(self, name)) for name in _ARRAYS}
        return {**arrays, "is_relative": self.is_relative}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Band:
        """Read what `to_dict` gave."""
        arrays = {name: np.array(data[name], dtype=float) for name in _ARRAYS}
        return cls(**arrays, is_relative=bool(data["is_relative"]))


_ARRAYS = ("values", "errors", "degrees", "at")


@dataclass(frozen=True, eq=False)
class StandardErrors(Mapping[str, dict[str, np.ndarray]]):
    """Standard errors of a model's parameters, as `Model.get_parameter_values` has the values.

    Attributes
    ----------
    method : str
        "sandwich", "bootstrap" or "profile".
    estimates : dict of str to dict of str to array
        The values, by layer and by name.
    errors : dict of str to dict of str to array
        Their standard errors, in the same units. NaN for a parameter that was not fitted, ended
        at a bound, or is not identified: one that others can make up for, as the gain of `fir` for
        that of `wc`.
    aligned : dict of str to dict of str to array
        The same with an error for what is not identified, too: how far it moves when all that may
        move without changing the prediction is held where the fit ended. Two fits compare by it
        once they have been brought to the same gains.
    degrees : dict of str to dict of str to array
        Degrees of freedom of the errors.
    not_identified : tuple of str
        Which parameters make up for each other, and in how many directions.
    block_bins, n_blocks : int
        Bins of a block within which residuals may depend on each other, and how many blocks there
        were.
    receptive_field : Band or None
        Of the linear front, where the model begins with one and goes on without memory.
    nonlinearity : Band or None
        Of the output over that of the front; always identified.
    lower, upper : dict of str to dict of str to array, or None
        Ends of the intervals at `level`, where the method gives them by itself.
    level : float

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import fit
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((500, 2))
    >>> model = fit("wc.2x1-lvl.1", x, x[:, 0] + 0.5 * rng.standard_normal(500), verbose=0)
    >>> errors = model.results.standard_errors
    >>> errors["wc"]["coefficients"].ravel().round(3)
    array([0.022, 0.025])
    """

    method: str
    estimates: Nested
    errors: Nested
    aligned: Nested
    degrees: Nested
    not_identified: tuple[str, ...] = ()
    block_bins: int = 1
    n_blocks: int = 0
    receptive_field: Band | None = None
    nonlinearity: Band | None = None
    lower: Nested | None = None
    upper: Nested | None = None
    level: float = 0.9

    def __getitem__(self, layer: str) -> dict[str, np.ndarray]:
        return self.errors[layer]

    def __iter__(self) -> Iterator[str]:
        return iter(self.errors)

    def __len__(self) -> int:
        return len(self.errors)

    def interval(self, level: float | None = None) -> tuple[Nested, Nested]:
        """Return the ends of the interval about each parameter.

        Parameters
        ----------
        level : float, optional
            Of confidence, for each parameter by itself; by default that of the object, 0.9.

        Returns
        -------
        lower, upper : dict of str to dict of str to array

        Raises
        ------
        ValueError
            The method gives intervals by itself, and did so at another level.
        """
        level = self.level if level is None else level
        if self.lower is not None and self.upper is not None:
            if level != self.level:
                raise ValueError(
                    f"these intervals are at the level {self.level:g}; for others call "
                    f"standard_errors(..., method={self.method!r}, level={level:g})"
                )
            return self.lower, self.upper
        ends: tuple[Nested, Nested] = ({}, {})
        for layer, by_name in self.errors.items():
            for end, sign in zip(ends, (-1, 1), strict=True):
                end[layer] = {
                    name: self.estimates[layer][name]
                    + sign * _quantile(level, self.degrees[layer][name]) * error
                    for name, error in by_name.items()
                }
        return ends

    def to_pandas(self, level: float | None = None) -> pd.DataFrame:
        """Return a table of all parameters, a row for each number.

        Parameters
        ----------
        level : float, optional
            As for `interval`.

        Returns
        -------
        pandas.DataFrame
            Columns layer, parameter, index, value, error, aligned, lower, upper.
        """
        import pandas as pd

        lower, upper = self.interval(level)
        rows = [
            {
                "layer": layer,
                "parameter": name,
                "index": index,
                "value": float(values[index]),
                "error": float(self.errors[layer][name][index]),
                "aligned": float(self.aligned[layer][name][index]),
                "lower": float(lower[layer][name][index]),
                "upper": float(upper[layer][name][index]),
            }
            for layer, by_name in self.estimates.items()
            for name, values in by_name.items()
            for index in np.ndindex(values.shape)
        ]
        columns = ["layer", "parameter", "index", "value", "error", "aligned", "lower", "upper"]
        return pd.DataFrame(rows, columns=columns)

    def to_dict(self) -> dict[str, Any]:
        """Return the errors as JSON can hold them, to six digits."""
        return {each.name: _encode(getattr(self, each.name)) for each in fields(self)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StandardErrors:
        """Read what `to_dict` gave."""
        read = dict(data)
        for name in _NESTED:
            if read.get(name) is not None:
                read[name] = {
                    layer: {key: np.array(array, dtype=float) for key, array in by_name.items()}
                    for layer, by_name in read[name].items()
                }
        for name in ("receptive_field", "nonlinearity"):
            if read.get(name) is not None:
                read[name] = Band.from_dict(read[name])
        read["not_identified"] = tuple(read["not_identified"])
        return cls(**read)

    def __eq__(self, other: object) -> bool:
        """Compare all that a file would hold, NaN with NaN."""
        if not isinstance(other, StandardErrors):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    # arrays have no hash
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        n_known, n_all = (
            sum(int(np.isfinite(array).sum()) for by in each.values() for array in by.values())
            for each in (self.errors, self.degrees)
        )
        missing = "".join(f"; not identified: {each}" for each in self.not_identified)
        return f"StandardErrors({self.method}, of {n_known} of {n_all} numbers{missing})"


_DIGITS = 6
_NESTED = ("estimates", "errors", "aligned", "degrees", "lower", "upper")


def _quantile(level: float, degrees: np.ndarray) -> np.ndarray:
    """Return by how many standard errors an interval extends, by Student's t."""
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval lies between 0 and 1, as 0.9 does, not {level}")
    from scipy.special import stdtrit

    return np.asarray(stdtrit(degrees, (1 + level) / 2))


def _encode(value: Any) -> Any:
    if isinstance(value, Band):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: _encode(each) for key, each in value.items()}
    if isinstance(value, np.ndarray):
        return _encode(value.tolist())
    if isinstance(value, list | tuple):
        return [_encode(each) for each in value]
    if isinstance(value, float):
        # files of many models would be mostly of digits that no error has
        return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None
    return value
