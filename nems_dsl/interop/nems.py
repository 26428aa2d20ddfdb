"""Models of NEMS: its strings, and the parameters that it found.

`PARAMETERS` says of every parameter that NEMS keeps in another form how it is kept here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..compiler.build import build_layers
from ..compiler.dialects.foreign import bind_foreign
from ..compiler.sizes import Sizes
from ..layers.base import Layer
from ..models import Model
from ..syntax import read

DIALECT = "nems"

Convert = Callable[[np.ndarray], np.ndarray]


def _channels_first(values: np.ndarray) -> np.ndarray:
    """Put channels before time: filters are kept there as (taps, in, ...)."""
    return np.swapaxes(values, 0, 1)


def _in_bins(values: np.ndarray) -> np.ndarray:
    """Give bins: a time of recovery is kept there in hundreds of them."""
    return values * 100.0


def _plain_slope(values: np.ndarray) -> np.ndarray:
    """Give the slope below the threshold, which is kept there ten times as large."""
    return values / 10.0


# by native head, and by the parameter's name there: its name here, and how it is converted
PARAMETERS: Mapping[str, Mapping[str, tuple[str, Convert]]] = {
    "fir": {"coefficients": ("coefficients", _channels_first)},
    "strf": {"coefficients": ("coefficients", _channels_first)},
    "stp": {"tau": ("tau", _in_bins)},
    "prelu": {"alpha": ("alpha", _plain_slope)},
}


def model_from_nems(
    string: str,
    values: Mapping[str, Mapping[str, ArrayLike]] | None = None,
    *,
    N: int | None = None,
    R: int | None = None,
    S: int | None = None,
) -> Model:
    """Build a model from a string of NEMS, with the parameters that NEMS has for it.

    Parameters
    ----------
    string : str
        A model string in the dialect `nems`.
    values : dict of str to dict of str to array_like, optional
        Parameters by layer and by name, as NEMS calls and keeps them:
        ``{"wc1": {"coefficients": array}, "fir1": ...}``. Layers and parameters that are not
        mentioned stay at their start.
    N, R, S : int, optional
        What the symbols of the string stand for.

    Returns
    -------
    Model

    Raises
    ------
    ModelStringError
        The string is none of the dialect.
    KeyError, ValueError
        There is no such layer or parameter, or its shape does not fit; or a symbol is open.

    Examples
    --------
    >>> import numpy as np
    >>> model = model_from_nems("fir.2x1", {"fir1": {"coefficients": [[1.0], [0.5]]}})
    >>> model.string, model.predict(np.array([[1.0], [0.0], [2.0]])).ravel().tolist()
    ('fir.1x2', [1.0, 0.5, 2.0])
    """
    given = {symbol: n for symbol, n in (("N", N), ("R", R), ("S", S)) if n is not None}
    layers = layers_from_nems(string, values, symbols=given)
    model = Model(string, dialect=DIALECT, N=N, R=R, S=S)
    for layer, converted in zip(model.layers, layers, strict=True):
        layer.parameters = converted.parameters
    return model


def layers_from_nems(
    string: str,
    values: Mapping[str, Mapping[str, ArrayLike]] | None = None,
    *,
    symbols: Mapping[str, int] | None = None,
    signals: Mapping[str, Sizes] | None = None,
) -> list[Layer]:
    """Build the layers of a string of NEMS, as `model_from_nems` does.

    Parameters
    ----------
    string, values : as for `model_from_nems`
    symbols : mapping of str to int, optional
        What the symbols of the string stand for.
    signals : mapping of str to tuple of int, optional
        Sizes of the signals of the data, the time axis left aside, where they are not those of
        a stimulus of channels.
    """
    tree, translation = bind_foreign(read(string), DIALECT, symbols, signals)
    layers: list[Layer] = build_layers(tree)
    names: Sequence[str] = translation.names
    spans = {origin.span for origin in translation.origins}
    if values and len(spans) == 1 < len(names) == len(values):
        # the layers of a whole-model keyword are called by the names of their classes there
        names = list(values)
    set_nems_values(layers, names, values or {})
    return layers


def set_nems_values(
    layers: Sequence[Layer], names: Sequence[str], values: Mapping[str, Mapping[str, ArrayLike]]
) -> None:
    """Set the parameters of layers from those that NEMS has for them.

    Parameters
    ----------
    layers : list of Layer
    names : list of str
        What NEMS calls each of them.
    values : as for `model_from_nems`
    """
    places = {name: place for place, name in enumerate(names)}
    for name, parameters in values.items():
        if name not in places:
            raise KeyError(f"no layer {name!r}; there are {', '.join(places)}")
        for parameter, array in parameters.items():
            _set(layers[places[name]], parameter, np.asarray(array, dtype=float))


def _set(layer: Layer, parameter: str, values: np.ndarray) -> None:
    assert layer.signature is not None
    table = PARAMETERS.get(layer.signature.head, {})
    name, convert = table.get(parameter, (parameter, None))
    if name not in layer.parameters:
        known = ", ".join(layer.parameters)
        raise KeyError(f"{layer.label} has no parameter {parameter!r}; there are {known}")
    own = layer.parameters[name]
    converted = values if convert is None or values.ndim < 1 else convert(values)
    # an axis of one, of a filter's only output or of a shift, is not kept here
    if _without_ones(converted.shape) != _without_ones(own.shape):
        raise ValueError(
            f"the parameter {parameter!r} of {layer.label} has shape {own.shape} here; what is "
            f"given has shape {values.shape}"
        )
    own.values = converted.reshape(own.shape)


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)
