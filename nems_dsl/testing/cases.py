"""Layers in small: each shape of a keyword, each of its options alone, each way in."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ..keywords import Flow, Option, ShapeForm, Signature
from ..layers.base import Layer

SIZES = {"in": 3, "out": 2, "bank": 4, "taps": 5, "rank": 2, "channels": 3, "state": 2, "*": 2}
JOINED = [(3,), (2,), (3, 2), (3, 3), (1, 3), (3, 1), (2, 3, 4), (3, 1, 3), (6, 3)]
OTHER_SIZE = 3

Options = tuple[tuple[str, Any], ...]
Shapes = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Case:
    """A layer to build, and signals to give it.

    Attributes
    ----------
    head : str
        The keyword, or the name of the class.
    shape : tuple of int
    options : tuple of (str, value)
    takes : tuple of tuple of int
        The shape of one bin of each input.
    make : callable
        Makes the layer.
    domain : (low, high)
        The values that signals may have.
    from_priors : bool
        Parameters are drawn from their priors, and not from all that their bounds allow.
    """

    head: str
    shape: tuple[int, ...]
    options: Options
    takes: Shapes
    make: Callable[[], Any] = field(compare=False, repr=False)
    domain: tuple[float, float] = (-2.0, 2.0)
    from_priors: bool = False

    def __str__(self) -> str:
        options = "".join(f".{name}" for name, _ in self.options)
        takes = "+".join("x".join(map(str, each)) for each in self.takes)
        shape = "x".join(map(str, self.shape))
        return f"{self.head}{f'.{shape}' * bool(shape)}{options}@{takes}"

    def build(self, seed: int = 0) -> Any:
        """Make the layer, with parameters drawn from within their bounds."""
        layer = self.make()
        rng = np.random.default_rng(seed)
        for parameter in layer.parameters.values():
            if self.from_priors:
                if not parameter.is_permanent:
                    parameter.values = parameter.sample(rng)
                continue
            low, high = parameter.bound_arrays()
            drawn = rng.normal(0, 0.6, parameter.shape)
            inside = np.maximum(low, -2) + (
                np.minimum(high, 60) - np.maximum(low, -2)
            ) * rng.uniform(0.2, 0.8, parameter.shape)
            parameter.values = np.where(np.isinf(low) & np.isinf(high), drawn, inside)
        return layer

    def inputs(self, rng: np.random.Generator, n_times: int, low: float = 0.0) -> list[np.ndarray]:
        """Draw signals above `low`, time last."""
        below, above = self.domain
        low = max(low, below) if low < above else below
        return [rng.uniform(low, above, (*each, n_times)) for each in self.takes]

    def signals(self, rng: np.random.Generator, n_times: int) -> list[np.ndarray]:
        """Draw signals of either sign that keep away from the corner that rectifiers have at 0."""
        inputs = self.inputs(rng, n_times, low=0.1)
        if self.domain[0] >= 0:
            return inputs
        return [np.maximum(x * rng.choice([-1, 1], x.shape), self.domain[0]) for x in inputs]


def _option(signature: Signature, name: str) -> Option:
    option = signature.option(name)
    assert option is not None
    return option


def _written(option: Option) -> tuple[str, Any]:
    """Give an option with a number for which it means something."""
    if option.number is None:
        return option.name, True
    if option.default is None or option.default == option.absent:
        return option.name, 2
    return option.name, option.default


def cases_of(entry: type[Layer], **arguments: Any) -> list[Case]:
    """Give the cases of a class that declares a keyword, from its signature alone.

    Parameters
    ----------
    entry : class of layers
    **arguments
        Further attributes of each `Case`.
    """
    signature = entry.signature
    assert signature is not None
    choices: list[Options] = [()]
    for option in signature.options:
        needed = tuple(signature.option(name) for name in option.needs)
        choices.append(tuple(_written(each) for each in (*needed, option) if each is not None))
    found: list[Case] = []
    for form, options in itertools.product(signature.forms, choices):
        for n_axes in range(form.n_required, len(form.axes) + 1):
            axes = {axis for name, _ in options for axis in _option(signature, name).axes}
            if not axes <= set(form.axes[:n_axes]):
                continue
            for shape, takes in _ways_in(signature, form, n_axes, options):
                make = partial(entry, shape=shape, **dict(options))
                found.append(Case(signature.head, shape, options, takes, make, **arguments))
    return list(dict.fromkeys(found))


def case_of_layer(layer: Layer, takes: Sequence[Sequence[int]] | None, **arguments: Any) -> Case:
    """Give the case of one layer.

    Raises
    ------
    ValueError
        Nothing tells what the layer takes.
    """
    options = tuple(getattr(layer, "options", {}).items())
    make = partial(copy.deepcopy, layer)
    if takes is None:
        takes = _intake(layer)
    shapes = tuple(tuple(each) for each in takes)
    return Case(layer.label, layer.shape or (), options, shapes, make, **arguments)


def _intake(layer: Layer) -> Shapes:
    """Find shapes of inputs that fit a layer."""
    signature = layer.signature
    if signature is None:
        return ((OTHER_SIZE,),)
    form = signature.form(len(layer.shape or ()))
    if form is None:
        raise ValueError(f"{layer.label} has a shape that its signature does not know")
    dims = {**form.defaults, **dict(zip(form.axes, layer.shape or (), strict=False))}
    options = getattr(layer, "options", {})
    if signature.join is not None:
        least, most = signature.n_inputs
        own = ((size, size) for size in dims.values())
        for sizes in (*JOINED, *own):
            takes = tuple((n,) for n in sizes)
            if least <= len(takes) <= most and signature.join(dims, takes, options) is not None:
                return takes
    for flow in signature.flows:
        named = {axis for axes in (*flow.inputs, flow.gives) for axis in axes}
        left_out = [axis for axis in form.axes if axis in dims and axis not in named]
        if any(axis in form.axes[form.n_required :] for axis in left_out):
            continue
        sizes_of = {**SIZES, **dims}
        fits = all(sizes_of.get(axis) == size for axis, size in flow.sizes.items())
        missing = any(axis in form.axes and axis not in dims for axis in named)
        if fits and not missing and flow.options <= set(options):
            return tuple(
                tuple(sizes_of.get(axis, OTHER_SIZE) for axis in axes) for axes in flow.inputs
            )
    raise ValueError(f"nothing tells what {layer.label} takes; give `inputs`")


def _ways_in(
    signature: Signature, form: ShapeForm, n_axes: int, options: Options
) -> Iterator[tuple[tuple[int, ...], Shapes]]:
    if signature.join is not None:
        yield from _joins(signature, form, n_axes, options)
    for flow in signature.flows:
        way = _way(form, n_axes, flow, options)
        if way is not None:
            yield way


def _joins(
    signature: Signature, form: ShapeForm, n_axes: int, options: Options
) -> Iterator[tuple[tuple[int, ...], Shapes]]:
    assert signature.join is not None
    least, most = signature.n_inputs
    every = itertools.product((1, 2, 3, 4, 5), repeat=n_axes)
    for shape, sizes in itertools.product(every, JOINED):
        takes = tuple((n,) for n in sizes)
        dims = {**form.defaults, **dict(zip(form.axes, shape, strict=False))}
        if least <= len(takes) <= most and signature.join(dims, takes, dict(options)) is not None:
            yield shape, takes


def _way(
    form: ShapeForm, n_axes: int, flow: Flow, options: Options
) -> tuple[tuple[int, ...], Shapes] | None:
    written = form.axes[:n_axes]
    sizes = {**form.defaults, **{axis: SIZES.get(axis, OTHER_SIZE) for axis in written}}
    sizes["*"] = SIZES["*"]
    for axis, size in flow.sizes.items():
        if axis not in written and sizes.get(axis) != size:
            return None
        sizes[axis] = size
    named = {*flow.gives, *(axis for takes in flow.inputs for axis in takes)}
    if any(axis in named and axis not in sizes for axis in form.axes):
        return None
    unnamed = [axis for axis in written[form.n_required :] if axis not in form.defaults]
    if any(axis not in named for axis in unnamed):
        return None
    if not flow.options <= {name for name, _ in options}:
        return None
    shape = tuple(sizes[axis] for axis in written)
    sizes = {**SIZES, **sizes}
    takes = tuple(tuple(sizes.get(axis, OTHER_SIZE) for axis in axes) for axes in flow.inputs)
    return shape, takes
