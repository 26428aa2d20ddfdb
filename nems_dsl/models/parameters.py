"""What a model does with its parameters: reads, sets, freezes and draws them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .._plain import Plain
from ..layers.base import Layer, Parameter
from ..suggestions import no_such
from .layer_list import LayerList, Which

if TYPE_CHECKING:
    from ..fitting.results import FitResults


class HasParameters:
    """The parameters of a model's layers; a part of `Model`."""

    if TYPE_CHECKING:
        results: FitResults | None

        @property
        def layers(self) -> LayerList:
            """The layers."""

        def copy(self) -> Self:
            """Return an independent copy."""

    def freeze_layers(self, *which: Which) -> None:
        """Keep the parameters of some layers, or of all, as they are in fits."""
        for layer in self._chosen(which):
            for parameter in layer.parameters.values():
                parameter.freeze()

    def unfreeze_layers(self, *which: Which) -> None:
        """Let fits move the parameters of some layers, or of all, again."""
        for layer in self._chosen(which):
            for parameter in layer.parameters.values():
                parameter.unfreeze()

    def freeze_parameters(self, *names: str) -> None:
        """Keep single parameters as they are in fits.

        Parameters
        ----------
        *names : str
            Layer and parameter, such as ``"dexp.base"``.

        Raises
        ------
        KeyError
            There is no such parameter; suggests the nearest. None is frozen then.

        Examples
        --------
        >>> from nems_dsl import Model
        >>> model = Model("wc.18x1-fir.1x15-dexp.1")
        >>> model.freeze_parameters("dexp.base", "fir.coefficients")
        >>> model.layers["dexp"].parameters["base"].is_frozen
        True
        """
        for parameter in find_parameters(self.layers, names):
            parameter.freeze()

    def unfreeze_parameters(self, *names: str) -> None:
        """Let fits move single parameters again.

        Raises
        ------
        KeyError
            There is no such parameter. None is unfrozen then, nor with the next.
        ValueError
            A parameter is permanent: a part of the formula, which only an option of the string
            makes free.
        """
        found = find_parameters(self.layers, names)
        for name, parameter in zip(names, found, strict=True):
            if parameter.is_permanent:
                raise ValueError(
                    f"{name} is permanent, a part of the layer's formula; an option of the "
                    "keyword makes it free: explain(model.string) lists them"
                )
        for parameter in found:
            parameter.unfreeze()

    def get_parameter_values(self) -> dict[str, dict[str, np.ndarray]]:
        """Give copies of all parameters, by layer and by name."""
        return {
            name: {key: parameter.values.copy() for key, parameter in layer.parameters.items()}
            for name, layer in zip(self.layers.names, self.layers, strict=True)
        }

    def set_parameter_values(self, values: Mapping[str, Mapping[str, ArrayLike]]) -> None:
        """Set parameters, by layer and by name; those not mentioned stay.

        Raises
        ------
        KeyError, ValueError
            There is no such layer or parameter, or a shape does not fit. Layers before the one
            at fault are set then.
        """
        for name, by_parameter in values.items():
            self.layers[name].set_parameter_values(by_parameter)

    def sample_from_priors(self, n: int = 1, seed: int | None = None) -> Any:
        """Give copies whose parameters are drawn from their priors, within their bounds.

        Parameters
        ----------
        n : int
            How many.
        seed : int, optional
            The same seed gives the same models.

        Returns
        -------
        Model, or list of Model for n > 1
            Frozen parameters stay as they are.
        """
        rng = np.random.default_rng(seed)
        models = []
        for _ in range(n):
            model = self.copy()
            model.results = None
            for layer in model.layers:
                for parameter in layer.parameters.values():
                    if not parameter.is_frozen:
                        parameter.values = parameter.sample(rng)
            models.append(model)
        return models[0] if n == 1 else models

    def _chosen(self, which: Sequence[Which]) -> list[Layer]:
        return [self.layers[name] for name in which] if which else list(self.layers)


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
