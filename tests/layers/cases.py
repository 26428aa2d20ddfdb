"""Every registered keyword in small: each of its shapes, each option alone, each way in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.keywords import Flow, ShapeForm, Signature
from nems_dsl.layers.base import KernelLayer

SIZES = {"in": 3, "out": 2, "bank": 4, "taps": 5, "rank": 2, "channels": 3, "*": 2}


@dataclass(frozen=True)
class Case:
    """A layer to build, and the shape of one bin of its input."""

    head: str
    shape: tuple[int, ...]
    options: tuple[tuple[str, Any], ...]
    takes: tuple[int, ...]

    def __str__(self) -> str:
        options = "".join(f".{name}" for name, _ in self.options)
        return f"{self.head}.{'x'.join(map(str, self.shape))}{options}@{self.takes}"

    def build(self, seed: int = 0) -> KernelLayer:
        """Make the layer, with parameters drawn from within their bounds."""
        layer = catalogue()[self.head](shape=self.shape, **dict(self.options))
        rng = np.random.default_rng(seed)
        for parameter in layer.parameters.values():
            low, high = parameter.bound_arrays()
            low, high = np.maximum(low, -2), np.minimum(high, 60)
            if np.isinf(parameter.bounds[0]) and np.isinf(parameter.bounds[1]):
                parameter.values = rng.normal(0, 0.6, parameter.shape)
            else:
                parameter.values = low + (high - low) * rng.uniform(0.2, 0.8, parameter.shape)
        return layer


def all_cases() -> list[Case]:
    """Give the cases of all keywords, from their signatures alone."""
    return [case for head in catalogue() for case in _cases_of(catalogue()[head].signature)]


def _cases_of(signature: Signature) -> Iterator[Case]:
    choices: list[tuple[tuple[str, Any], ...]] = [()]
    choices += [
        ((option.name, True if option.number is None else option.default),)
        for option in signature.options
    ]
    for form in signature.forms:
        for n_axes in range(form.n_required, len(form.axes) + 1):
            for flow in signature.flows:
                for options in choices:
                    case = _case(signature, form, n_axes, flow, options)
                    if case is not None:
                        yield case


def _case(
    signature: Signature,
    form: ShapeForm,
    n_axes: int,
    flow: Flow,
    options: tuple[tuple[str, Any], ...],
) -> Case | None:
    written = form.axes[:n_axes]
    sizes = {**form.defaults, **{axis: SIZES[axis] for axis in written}, "*": SIZES["*"]}
    for axis, size in flow.sizes.items():
        if axis not in written and sizes.get(axis) != size:
            return None
        sizes[axis] = size
    named = set(flow.takes) | set(flow.gives)
    if any(axis in named and axis not in sizes for axis in form.axes):
        return None
    unnamed = [axis for axis in written[form.n_required :] if axis not in form.defaults]
    if any(axis not in named for axis in unnamed):
        return None
    if not flow.options <= {name for name, _ in options}:
        return None
    shape = tuple(sizes[axis] for axis in written)
    return Case(signature.head, shape, options, tuple(sizes[axis] for axis in flow.takes))
