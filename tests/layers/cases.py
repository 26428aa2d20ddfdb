"""Every registered keyword in small: each of its shapes, each option alone, each way in."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.keywords import Flow, ShapeForm, Signature
from nems_dsl.layers.base import KernelLayer

SIZES = {"in": 3, "out": 2, "bank": 4, "taps": 5, "rank": 2, "channels": 3, "state": 2, "*": 2}
JOINED = [(3,), (2,), (3, 2), (3, 3), (2, 3, 4), (6, 3)]
OTHER_SIZE = 3

Options = tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Case:
    """A layer to build, and the shape of one bin of each of its inputs."""

    head: str
    shape: tuple[int, ...]
    options: Options
    takes: tuple[tuple[int, ...], ...]

    def __str__(self) -> str:
        options = "".join(f".{name}" for name, _ in self.options)
        takes = "+".join("x".join(map(str, each)) for each in self.takes)
        return f"{self.head}.{'x'.join(map(str, self.shape))}{options}@{takes}"

    def build(self, seed: int = 0) -> KernelLayer:
        """Make the layer, with parameters drawn from within their bounds."""
        layer = catalogue()[self.head](shape=self.shape, **dict(self.options))
        rng = np.random.default_rng(seed)
        for parameter in layer.parameters.values():
            low, high = parameter.bound_arrays()
            drawn = rng.normal(0, 0.6, parameter.shape)
            inside = np.maximum(low, -2) + (
                np.minimum(high, 60) - np.maximum(low, -2)
            ) * rng.uniform(0.2, 0.8, parameter.shape)
            parameter.values = np.where(np.isinf(low) & np.isinf(high), drawn, inside)
        return layer

    def inputs(self, rng: np.random.Generator, n_times: int, low: float = 0.0) -> list[np.ndarray]:
        """Draw signals between `low` and 2, time last."""
        return [rng.uniform(low, 2, (*each, n_times)) for each in self.takes]


def all_cases() -> list[Case]:
    """Give the cases of all keywords, from their signatures alone."""
    cases = (case for head in catalogue() for case in _cases_of(catalogue()[head].signature))
    return list(dict.fromkeys(cases))


def _cases_of(signature: Signature) -> Iterator[Case]:
    choices: list[Options] = [()]
    for option in signature.options:
        value = True if option.number is None else option.default
        choices.append(((option.name, 2 if value is None else value),))
    for form, options in itertools.product(signature.forms, choices):
        for n_axes in range(form.n_required, len(form.axes) + 1):
            if signature.join is not None:
                yield from _joins(signature, form, n_axes, options)
            for flow in signature.flows:
                case = _case(signature, form, n_axes, flow, options)
                if case is not None:
                    yield case


def _joins(
    signature: Signature, form: ShapeForm, n_axes: int, options: Options
) -> Iterator[Case]:
    assert signature.join is not None
    least, most = signature.n_inputs
    for sizes, shapes in itertools.product(
        itertools.product((1, 2, 3, 4, 5), repeat=n_axes), JOINED
    ):
        takes = tuple((n,) for n in shapes)
        dims = {**form.defaults, **dict(zip(form.axes, sizes, strict=False))}
        if least <= len(takes) <= most and signature.join(dims, takes) is not None:
            yield Case(signature.head, sizes, options, takes)


def _case(
    signature: Signature,
    form: ShapeForm,
    n_axes: int,
    flow: Flow,
    options: Options,
) -> Case | None:
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
    takes = tuple(tuple(sizes[axis] for axis in axes) for axes in flow.inputs)
    return Case(signature.head, shape, options, takes)
