"""A model's layers, by place or by name."""

from __future__ import annotations

import copy
import operator
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from .._plain import Plain
from ..layers.layer import Layer, check_word
from ..suggestions import no_such

Which = int | str


class LayerList(Sequence[Layer]):
    """Layers in order.

    A layer is called by its own name; one that has none as its keyword's head, or as its class,
    and where several are called so, they are numbered: wc1, wc2. No two have the same name.

    A layer belongs to one model. One that belongs to another model already is copied.

    Parameters
    ----------
    layers : iterable of Layer
    successor_of : LayerList, optional
        Its layers are taken over, and not copied.

    Raises
    ------
    ValueError
        A layer, or a parameter of one, has two places, or two layers have the same name.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> layers = Model("wc.18x4-relu.4-wc.4x1").layers
    >>> layers.names
    ['wc1', 'relu', 'wc2']
    >>> layers["relu"] is layers["relu1"] is layers[1]
    True
    >>> layers["wc1", "wc2"] == [layers[0], layers[-1]]
    True
    >>> "relu" in layers, layers.index("wc2")
    (True, 2)
    """

    def __init__(self, layers: Iterable[Layer] = (), *, successor_of: LayerList | None = None):
        given = list(layers)
        _check_places(given)
        _name_all(given)
        self._layers = [self._own(layer, successor_of) for layer in given]

    def _own(self, layer: Layer, before: LayerList | None) -> Layer:
        owner = _owner_of(layer)
        if owner is not None and owner is not before:
            layer = copy.copy(layer)
        layer._owner = weakref.ref(self)
        return layer

    def __getstate__(self) -> dict[str, Any]:
        return {"_layers": self._layers}

    def __setstate__(self, state: dict[str, Any]) -> None:
        # one may have been given the parameters of another since
        _check_places(state["_layers"])
        self._layers = [self._own(layer, None) for layer in state["_layers"]]

    # ---- names -------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """What the layers are called, in order."""
        return _name_all(self._layers)

    @property
    def known_names(self) -> frozenset[str]:
        """All names that a layer may be called by."""
        return frozenset(self._places())

    def check_name(self, layer: Layer, name: str | None) -> None:
        """Refuse a name for a layer that another one has.

        Raises
        ------
        ValueError
            Names both.
        """
        place = self.index(layer)
        labels = [(each.name, _usual(each)) for each in self._layers]
        labels[place] = (name, _usual(layer))
        _check_names(_number(labels), self._layers)

    def set_names(self, names: Sequence[str | None]) -> None:
        """Give all layers names of their own, or with None their usual ones, at once.

        Raises
        ------
        ValueError
            Two have the same name, or there are not as many as layers. Nothing is changed then.
        """
        for name in names:
            check_word(name)
        pairs = zip(names, self._layers, strict=True)
        _check_names(_number([(name, _usual(layer)) for name, layer in pairs]), self._layers)
        for name, layer in zip(names, self._layers, strict=True):
            # one by one, two could not exchange their names
            layer._name = name

    def _places(self) -> dict[str, int]:
        """Give the place of each name; wc1 is one of the first `wc` even if there is but one."""
        places: dict[str, int] = {}
        seen: Counter[str] = Counter()
        for place, layer in enumerate(self._layers):
            if layer.name is None:
                usual = _usual(layer)
                seen[usual] += 1
                places[f"{usual}{seen[usual]}"] = place
        return {**places, **{name: place for place, name in enumerate(self.names)}}

    def place(self, which: Which) -> int:
        """Give the place of a layer.

        Raises
        ------
        KeyError, IndexError
            There is no such layer.
        TypeError
            It is called neither by a place nor by a name.
        """
        if isinstance(which, str):
            places = self._places()
            if which in places:
                return places[which]
            if not places:
                raise KeyError(Plain(f"no layer {which!r}: the model has no layers"))
            raise KeyError(Plain(no_such("layer", which, self.names)))
        try:
            number = operator.index(which)
        except TypeError:
            raise TypeError(
                f"a layer is called by its place or its name, not by {which!r}"
            ) from None
        if not -len(self) <= number < len(self):
            raise IndexError(f"no layer {which}; there are {len(self) or 'none'}")
        return number % len(self)

    # ---- a sequence --------------------------------------------------------------------------

    @overload
    def __getitem__(self, which: Which) -> Layer: ...
    @overload
    def __getitem__(self, which: slice | tuple[Which, ...] | list[Which]) -> list[Layer]: ...
    def __getitem__(
        self, which: Which | slice | tuple[Which, ...] | list[Which]
    ) -> Layer | list[Layer]:
        if isinstance(which, slice):
            return self._layers[which]
        if isinstance(which, tuple | list):
            return [self._layers[self.place(each)] for each in which]
        return self._layers[self.place(which)]

    def __contains__(self, which: object) -> bool:
        if isinstance(which, str):
            return which in self._places()
        return any(layer is which or layer == which for layer in self._layers)

    def index(self, which: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the place of a layer, given by its name, or itself.

        Raises
        ------
        ValueError
            It is not among them.
        """
        places = range(len(self))[start:stop]
        if isinstance(which, str):
            found = [place for place in places if self._places().get(which) == place]
        else:
            found = [place for place in places if self._layers[place] is which]
            # that layer itself, or else one like it
            found = found or [place for place in places if self._layers[place] == which]
        if not found:
            raise ValueError(f"{which!r} is not among the layers {', '.join(self.names)}")
        return found[0]

    def __len__(self) -> int:
        return len(self._layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self._layers)

    def __eq__(self, other: object) -> bool:
        return self._layers == other._layers if isinstance(other, LayerList) else NotImplemented

    # layers change
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"LayerList({', '.join(self.names)})"


# ---- names and places ------------------------------------------------------------------------


def _owner_of(layer: Layer) -> object:
    return None if layer._owner is None else layer._owner()


def _usual(layer: Layer) -> str:
    """Give what a layer is called that has no name of its own."""
    return type(layer).__name__ if layer.signature is None else layer.signature.head


def _name_all(layers: Sequence[Layer]) -> list[str]:
    names = _number([(layer.name, _usual(layer)) for layer in layers])
    if len(set(names)) < len(names):
        _check_names(names, layers)
    return names


def _number(labels: Sequence[tuple[str | None, str]]) -> list[str]:
    counts = Counter(usual for own, usual in labels if own is None)
    seen: Counter[str] = Counter()
    names = []
    for own, usual in labels:
        seen[usual] += own is None
        names.append(own or (usual if counts[usual] == 1 else f"{usual}{seen[usual]}"))
    return names


def _check_names(names: Sequence[str], layers: Sequence[Layer]) -> None:
    first: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in first:
            both = " and ".join(_describe(layers[each], each) for each in (first[name], place))
            raise ValueError(
                f"two layers of the model would be called {name!r}: {both}; give one of them "
                "another name"
            )
        first[name] = place


def _check_places(layers: Sequence[Layer]) -> None:
    """Refuse a layer, or a parameter, at two places: a fit would move it twice."""
    seen: dict[int, int] = {}
    for place, layer in enumerate(layers):
        things: list[Any] = [layer, *layer.parameters.values()]
        for thing in things:
            before = seen.setdefault(id(thing), place)
            if before == place:
                continue
            both = f"{_describe(layers[before], before)} and {_describe(layer, place)}"
            if thing is layer:
                raise ValueError(
                    f"one layer has two places in the model: {both}; weights are not shared "
                    "between places, so give the second a layer of its own, as copy.copy(layer) is"
                )
            raise ValueError(
                f"two layers of the model share the parameter {thing.name!r}: {both}; weights are "
                "not shared between places, so give each layer parameters of its own, or copy "
                "their values by set_parameter_values"
            )


def _describe(layer: Layer, place: int) -> str:
    return f"{type(layer).__name__} at place {place}"
