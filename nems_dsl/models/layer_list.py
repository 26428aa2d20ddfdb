"""A model's layers, by place or by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from ..layers.base import Layer
from ..suggestions import no_such


class LayerList(Sequence[Layer]):
    """Layers in order.

    A layer is called as its keyword's head, or as its class; where several have the same name,
    they are numbered: wc1, wc2.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> layers = Model("wc.18x4-relu.4-wc.4x1").layers
    >>> layers.names
    ['wc1', 'relu', 'wc2']
    >>> layers["relu"] is layers["relu1"] is layers[1]
    True
    """

    def __init__(self, layers: Iterable[Layer] = ()):
        self._layers = list(layers)
        labels = [layer.label for layer in self._layers]
        counts = Counter(labels)
        seen: Counter[str] = Counter()
        self.names: list[str] = []
        self._places: dict[str, int] = {}
        for place, label in enumerate(labels):
            seen[label] += 1
            self.names.append(label if counts[label] == 1 else f"{label}{seen[label]}")
            self._places[f"{label}{seen[label]}"] = place
        self._places.update({name: place for place, name in enumerate(self.names)})

    @property
    def known_names(self) -> frozenset[str]:
        """All names that a layer may be called by."""
        return frozenset(self._places)

    def place(self, which: int | str) -> int:
        """Give the place of a layer.

        Raises
        ------
        KeyError, IndexError
            There is no such layer.
        """
        if isinstance(which, str):
            if which in self._places:
                return self._places[which]
            raise KeyError(no_such("layer", which, self.names))
        if not -len(self) <= which < len(self):
            raise IndexError(f"no layer {which}; there are {len(self)}")
        return which % len(self)

    @overload
    def __getitem__(self, which: int | str) -> Layer: ...
    @overload
    def __getitem__(self, which: slice) -> list[Layer]: ...
    def __getitem__(self, which: int | str | slice) -> Layer | list[Layer]:
        if isinstance(which, slice):
            return self._layers[which]
        return self._layers[self.place(which)]

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

    def __repr__(self) -> str:
        return f"LayerList({', '.join(self.names)})"
