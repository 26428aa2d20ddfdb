"""The free parameters of some layers as one vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...layers.base import Layer


@dataclass(frozen=True)
class Slot:
    """One free parameter: whose it is, and where it stands in the vector."""

    layer: int
    name: str
    start: int
    stop: int
    shape: tuple[int, ...]


class ParameterVector:
    """The map between layers' free parameters and a vector theta.

    Layers in order, each layer's parameters in their order, each parameter with its last axis
    fastest; frozen and permanent parameters are left out.
    """

    def __init__(self, layers: Sequence[Layer]):
        self.layers = list(layers)
        self.slots: list[Slot] = []
        at = 0
        for place, layer in enumerate(self.layers):
            for name, parameter in layer.parameters.items():
                if not parameter.is_frozen:
                    stop = at + parameter.size
                    self.slots.append(Slot(place, name, at, stop, parameter.shape))
                    at = stop
        self.size = at
        free = {(slot.layer, slot.name) for slot in self.slots}
        self._kept = [
            {n: p for n, p in layer.parameters.items() if (place, n) not in free}
            for place, layer in enumerate(self.layers)
        ]

    def read(self) -> np.ndarray:
        """Give theta as the layers have it now."""
        theta = np.empty(self.size)
        for slot in self.slots:
            values = self.layers[slot.layer].parameters[slot.name].values
            theta[slot.start : slot.stop] = values.ravel()
        return theta

    def write(self, theta: np.ndarray) -> None:
        """Set the layers' parameters from theta."""
        for slot in self.slots:
            values = theta[slot.start : slot.stop].reshape(slot.shape)
            self.layers[slot.layer].parameters[slot.name].values = values

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Give the least and largest value of every entry of theta."""
        low, high = np.empty(self.size), np.empty(self.size)
        for slot in self.slots:
            pair = self.layers[slot.layer].parameters[slot.name].bound_arrays()
            low[slot.start : slot.stop] = pair[0].ravel()
            high[slot.start : slot.stop] = pair[1].ravel()
        return low, high

    def values(self, theta: np.ndarray, dtype: np.dtype) -> list[dict[str, np.ndarray]]:
        """Give every layer's parameters by name, the free ones from theta."""
        typed = np.asarray(theta, dtype)
        # in the layer's own order of parameters, which prepare may rely on
        found: list[dict[str, np.ndarray]] = [
            dict.fromkeys(layer.parameters, typed) for layer in self.layers
        ]
        for place, kept in enumerate(self._kept):
            for name, parameter in kept.items():
                found[place][name] = np.asarray(parameter.values, dtype)
        for slot in self.slots:
            found[slot.layer][slot.name] = typed[slot.start : slot.stop].reshape(slot.shape)
        return found

    def gather(self, gradients: Sequence[dict[str, np.ndarray]]) -> np.ndarray:
        """Give the entries of theta from arrays by layer and name; 0 where there is none."""
        out = np.zeros(self.size)
        for slot in self.slots:
            values = gradients[slot.layer].get(slot.name)
            if values is not None:
                out[slot.start : slot.stop] = values.ravel()
        return out

    def describe(self, entry: int) -> str:
        """Name one entry of theta: ``wc.coefficients[3, 0]``."""
        for slot in self.slots:
            if slot.start <= entry < slot.stop:
                index = np.unravel_index(entry - slot.start, slot.shape) if slot.shape else ()
                place = f"[{', '.join(map(str, index))}]" if slot.shape else ""
                return f"{self.layers[slot.layer].label}.{slot.name}{place}"
        raise IndexError(f"theta has {self.size} entries; there is no entry {entry}")
