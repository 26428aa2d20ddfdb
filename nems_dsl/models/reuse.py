"""Starting a model from the parameters of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ..graph.wiring import connect
from ..layers.base import KeywordLayer, Layer, Parameter
from .alignment import align
from .model_like import ModelLike

M = TypeVar("M", bound=ModelLike)

#: axes that count bins, and not channels
_TIME = "taps"
#: the size of new weights, as a share of the size of those that were taken
_NEW = 0.1


@dataclass(frozen=True, slots=True)
class Taken:
    """Where one parameter of a model comes from.

    Attributes
    ----------
    name : str
        Layer and parameter, such as ``fir.coefficients``.
    shape : tuple of int
    source : str or None
        The same of the model that it was taken from; None if it has kept its own start.
    source_shape : tuple of int or None
    n_taken : int
        How many of its numbers were taken.
    note : str
        In words.
    """

    name: str
    shape: tuple[int, ...]
    source: str | None
    source_shape: tuple[int, ...] | None
    n_taken: int
    note: str


@dataclass(frozen=True, slots=True)
class ReuseReport:
    """What a model took from another; prints as a table.

    Attributes
    ----------
    parameters : tuple of Taken
        Those of the model, in order; permanent ones are left out.
    """

    parameters: tuple[Taken, ...]

    @property
    def n_taken(self) -> int:
        """How many numbers were taken, of all parameters together."""
        return sum(each.n_taken for each in self.parameters)

    def __str__(self) -> str:
        names = [f"{each.name} {each.shape}" for each in self.parameters]
        width = max(map(len, names), default=0)
        pairs = zip(names, self.parameters, strict=True)
        return "\n".join(f"{name:<{width}}  {each.note}" for name, each in pairs)


def take_parameters(model: M, source: ModelLike) -> tuple[M, ReuseReport]:
    """Give a copy of a model that starts from the parameters of another.

    Layers are matched in order by their keywords, as many as can be; layers that have names of
    their own by these as well. In a pair of layers, parameters of the same name are matched:

    - of the same shape: the values are copied;
    - with other numbers of taps: copied lag by lag; new lags are 0, which changes no prediction;
    - with another rank, that is other numbers of channels between layers: what both have is
      copied. New weights begin as the model's own start has them, but scaled to a tenth of the
      size of those copied: they hardly change the prediction, and have a gradient;
    - all else, such as another number of channels of the stimulus or of the response, keeps its
      own start.

    Values are brought within the model's bounds. What is frozen and what is permanent stays so,
    as do priors.

    Parameters
    ----------
    model : Model
        With all sizes known. It stays as it is.
    source : Model
        Usually a fitted one.

    Returns
    -------
    copy : Model
    report : ReuseReport

    Raises
    ------
    TypeError
        `source` is no model.
    ValueError
        A string leaves sizes open, or nothing of the source can be used.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import Model
    >>> small = Model("wc.18x1-fir.1x10-lvl.1")
    >>> small.set_parameter_values({"lvl": {"shift": [0.5]}})
    >>> large, report = take_parameters(Model("wc.18x1-fir.1x15-lvl.1"), small)
    >>> print(report)
    wc.coefficients (18, 1)   copied from wc.coefficients
    fir.coefficients (1, 15)  10 of 15 from fir.coefficients (1, 10); new lags are 0
    lvl.shift (1,)            copied from lvl.shift
    >>> x = np.random.default_rng(0).random((50, 18))
    >>> bool(np.allclose(large.predict(x), small.predict(x)))
    True
    """
    _check_source(source)
    taken = model.copy()
    taken.results = None
    partners = dict(align(list(taken.layers), list(source.layers)))
    fed, responses = _fed_by_data(taken), _response_axes(taken)
    entries: list[Taken] = []
    for place, layer in enumerate(taken.layers):
        fixed = set(responses[place]) | ({"in", "channels"} if place in fed else set())
        name = taken.layers.names[place]
        partner = partners.get(place)
        for key, parameter in layer.parameters.items():
            if parameter.is_permanent:
                continue
            if partner is None:
                note = f"own start: no {layer.label} of the source goes with it"
                entries.append(Taken(f"{name}.{key}", parameter.shape, None, None, 0, note))
                continue
            pair = _Pair(layer, source.layers[partner], key, fixed)
            entries.append(pair.take(name, source.layers.names[partner]))
    report = ReuseReport(tuple(entries))
    if entries and not report.n_taken:
        raise ValueError(
            f"nothing of {source.string} can be a start for {taken.string}:\n{report}"
            if _have_strings(source, taken)
            else f"nothing of the source can be a start for the model:\n{report}"
        )
    return taken, report


class _Pair:
    """A parameter of a layer, and that of the same name in the layer that it is matched with."""

    def __init__(self, layer: Layer, source: Layer, key: str, fixed: set[str]):
        self.layer, self.source, self.key, self.fixed = layer, source, key, fixed
        self.own: Parameter = layer.parameters[key]

    def take(self, name: str, source_name: str) -> Taken:
        """Set the values from the source, as far as they go together, and say so."""
        here, there = f"{name}.{self.key}", f"{source_name}.{self.key}"
        if self.key not in self.source.parameters:
            note = f"own start: {source_name} of the source has no {self.key}"
            return Taken(here, self.own.shape, None, None, 0, note)
        values = self.source.parameters[self.key].values
        if values.shape == self.own.shape and self._shift() == 0:
            clipped = self._set(values)
            note = f"copied from {there}{clipped}"
            return Taken(here, self.own.shape, there, values.shape, self.own.size, note)
        axes = self._axes(values.shape)
        if axes is None:
            note = f"own start: {there} has shape {values.shape}"
            return Taken(here, self.own.shape, None, None, 0, note)
        return self._take_part(here, there, values, axes)

    def _take_part(self, here: str, there: str, values: np.ndarray, axes: list[str]) -> Taken:
        to, of = self._overlap(values.shape, axes)
        mine = self.own.values.copy()
        part = values[of]
        if not part.size:
            note = f"own start: {there} has other lags"
            return Taken(here, self.own.shape, None, None, 0, note)
        is_lag, is_channel = _new_entries(mine.shape, to, axes)
        said = []
        if is_channel.any() and "coefficients" in self.key:
            size, start = np.sqrt(np.mean(part**2)), np.sqrt(np.mean(mine[is_channel] ** 2))
            if size > 0 and start > 0:
                mine[is_channel] *= _NEW * size / start
                said.append("new channels start small")
        if is_lag.any():
            mine[is_lag] = 0
            said.append("new lags are 0")
        mine[to] = part
        clipped = self._set(mine)
        note = f"{part.size} of {mine.size} from {there} {values.shape}"
        note = "; ".join([note, *said]) + clipped
        return Taken(here, self.own.shape, there, values.shape, part.size, note)

    def _set(self, values: np.ndarray) -> str:
        low, high = self.own.bound_arrays()
        self.own.values = np.clip(values, low, high)
        return "" if np.array_equal(self.own.values, values) else "; brought within the bounds"

    def _shift(self) -> int:
        """How many taps later a lag of the source stands in the layer's own filter."""
        return self.layer.lookahead - self.source.lookahead

    def _axes(self, shape: tuple[int, ...]) -> list[str] | None:
        """Name the parameter's axes, if all that differ may do so."""
        axes = _axes_of(self.layer, self.key)
        if axes is None or len(shape) != len(self.own.shape):
            return None
        for axis, own, other in zip(axes, self.own.shape, shape, strict=True):
            if own != other and (axis in self.fixed or axis in ("", "bank")):
                return None
        return axes

    def _overlap(
        self, shape: tuple[int, ...], axes: list[str]
    ) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        to, of = [], []
        for axis, own, other in zip(axes, self.own.shape, shape, strict=True):
            shift = self._shift() if axis == _TIME else 0
            start, stop = max(0, shift), max(0, min(own, other + shift))
            to.append(slice(start, max(start, stop)))
            of.append(slice(start - shift, max(start, stop) - shift))
        return tuple(to), tuple(of)


def _new_entries(
    shape: tuple[int, ...], to: tuple[slice, ...], axes: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Tell the entries of new lags, and those of new channels at the other lags."""
    is_new, is_lag = np.ones(shape, bool), np.zeros(shape, bool)
    is_new[to] = False
    if _TIME in axes:
        at = axes.index(_TIME)
        is_lag = np.ones(shape, bool)
        is_lag[(slice(None),) * at + (to[at],)] = False
    return is_lag, is_new & ~is_lag


def _axes_of(layer: Layer, key: str) -> list[str] | None:
    """Name the axes of a parameter as the keyword's shape does; "" for one that is not there."""
    if not isinstance(layer, KeywordLayer):
        return None
    shapes = layer.parameter_shapes(layer.dims, layer.options)
    if key not in shapes:
        return None
    axes = [""] * len(shapes[key])
    for axis, size in layer.dims.items():
        # which of the sizes follow this one
        moved = layer.parameter_shapes({**layer.dims, axis: size + 1}, layer.options).get(key, ())
        if len(moved) == len(axes):
            for at, (before, after) in enumerate(zip(shapes[key], moved, strict=True)):
                if before != after:
                    axes[at] = axis
    return axes


def _fed_by_data(model: ModelLike) -> set[int]:
    """Give the layers that read a signal of the data, whose channels are nobody's rank.

    So do those after them that take their channels one by one.
    """
    fed: set[int] = set()
    for place, node in enumerate(connect(model.layers)):
        for source in node.sources:
            before = source.layer
            if before is None or (before in fed and not _mixes(model.layers[before])):
                fed.add(place)
    return fed


def _response_axes(model: ModelLike) -> list[tuple[str, ...]]:
    """Name, for every layer, the axes that are channels of the response."""
    found: list[tuple[str, ...]] = [()] * len(model.layers)
    for place in reversed(range(len(model.layers))):
        layer = model.layers[place]
        dims = layer.dims if isinstance(layer, KeywordLayer) else {}
        if "out" in dims:
            found[place] = ("out",)
        elif "channels" in dims:
            found[place] = ("channels",)
            continue
        break
    return found


def _mixes(layer: Layer) -> bool:
    return not isinstance(layer, KeywordLayer) or "out" in layer.dims


def _have_strings(*models: ModelLike) -> bool:
    return all(layer.signature is not None for model in models for layer in model.layers)


def _check_source(source: object) -> None:
    if isinstance(source, Sequence) and not isinstance(source, str):
        raise TypeError("a model starts from one model, not from a set; give one, as in models[0]")
    if not (hasattr(source, "layers") and hasattr(source, "results")):
        raise TypeError(f"a model starts from another Model, not from {type(source).__name__}")
