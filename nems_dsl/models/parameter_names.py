"""Parameters of a model by name: ``dexp.base``, ``wc2.coefficients``."""

from __future__ import annotations

from collections.abc import Sequence

from .._plain import Plain
from ..layers.base import Parameter
from ..suggestions import no_such
from .layer_list import LayerList


def find_parameters(layers: LayerList, names: Sequence[str]) -> list[Parameter]:
    """Give the named parameters.

    Parameters
    ----------
    layers : LayerList
    names : sequence of str
        The layer's name, a dot, the parameter's name.

    Raises
    ------
    KeyError
        There is no such parameter; says which there are, and which is nearest.
    TypeError
        No name is given, or something that is not a name.
    """
    if not names:
        raise TypeError("name at least one parameter, such as 'dexp.base'")
    return [_find(layers, name) for name in names]


def _find(layers: LayerList, name: str) -> Parameter:
    if not isinstance(name, str):
        raise TypeError(f"a parameter is named as in 'dexp.base', not by {name!r}")
    layer, dot, key = name.rpartition(".")
    if dot and layer in layers.known_names and key in layers[layer].parameters:
        return layers[layer].parameters[key]
    known = [
        f"{label}.{parameter}"
        for label, each in zip(layers.names, layers, strict=True)
        for parameter in each.parameters
    ]
    if name in layers.known_names:
        wanted = ", ".join(repr(f"{name}.{each}") for each in layers[name].parameters)
        has = f"; its parameters are {wanted}" if wanted else ", and has no parameters"
        raise KeyError(Plain(f"{name!r} is a layer{has}"))
    of_any_layer = [each for each in known if each.rpartition(".")[2] == key]
    raise KeyError(Plain(no_such("parameter", name, known, otherwise=of_any_layer[:1])))
