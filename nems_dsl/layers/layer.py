"""The Layer: one transformation of signals, and the parameters it owns."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..distributions import Distribution
from ..keywords import Signature
from .equality import same_layer
from .facts import Facts
from .parameter import Phi
from .work import Arrays

RULE = "=" * 32

# what to answer to those who look for what a layer has in other programs
_STAGED = (
    'a fit finds the linear part first by itself; model.fit(x, y, init="staged") fits the model '
    "without its nonlinearities, and then all of it"
)
_FREEZING = (
    "layer.parameters[...].{verb}() {does} one parameter, model.{verb}_layers(...) whole layers"
)
_ANSWERS = {
    "skip_nonlinearity": _STAGED,
    "unskip_nonlinearity": _STAGED,
    "freeze_parameters": _FREEZING.format(verb="freeze", does="freezes"),
    "unfreeze_parameters": _FREEZING.format(verb="unfreeze", does="unfreezes"),
    "sample_from_priors": "model.sample_from_priors() draws the parameters of all layers",
    "get_parameter_vector": "Objective(model, x, y).theta0 has the free parameters as one vector",
}

Signals = None | str | Sequence[str] | Mapping[str, str]


class Owner(Protocol):
    """What a layer belongs to: the list of a model's layers."""

    def check_name(self, layer: Layer, name: str | None) -> None:
        """Refuse a name that another of its layers has."""


class Layer:
    """A transformation of one or more signals into one.

    A layer of one's own is a subclass with `evaluate`, in NumPy, and, if anything in it is to be
    fitted, `initial_parameters`. It composes, fits and prints like the layers of this package;
    as it gives no derivative, a fit differentiates it, and what lies upstream of it, numerically.

    Parameters
    ----------
    shape : tuple of int, optional
        For `initial_parameters` to use.
    input : str, list of str or dict, optional
        Which signals `evaluate` is given: one name, names in the order of its arguments, or names
        by argument. Without it, the output of the layer before.
    output : str, optional
        A name for what the layer gives, for later layers to read and for `Model.evaluate`.
    name : str, optional
        The layer's name in the model; by default its keyword's head, or its class's name. It may
        be changed at any time, but not to one that another layer of the model has.
    priors : dict of str to Distribution, optional
        Priors to use instead of those of `initial_parameters`; values start at their means.
    bounds : dict of str to (low, high), optional
        Bounds to use instead.
    parameters : dict of str to array_like, optional
        Values to start from.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl.layers.base import Layer, Parameter, Phi
    >>> class Gain(Layer):
    ...     def initial_parameters(self):
    ...         return Phi(Parameter("gain", initial_value=2.0))
    ...     def evaluate(self, x):
    ...         (gain,) = self.get_parameter_values()
    ...         return gain * x
    >>> Gain().evaluate(np.ones((2, 1))).tolist()
    [[2.0], [2.0]]
    """

    signature: ClassVar[Signature | None] = None
    #: How many past bins the output depends on; None if that is all of them, or not known.
    memory: int | None = None
    #: How many bins ahead the output depends on.
    lookahead: int = 0
    #: The layer gives one bin for so many that come in, beginning with the first.
    stride: int = 1
    #: A reference to the list of the model that the layer belongs to.
    _owner: Callable[[], Owner | None] | None = None
    _name: str | None = None

    @property
    def facts(self) -> Facts:
        """What a fit may know of the layer: nothing, unless a subclass says it."""
        return Facts()

    def __init__(
        self,
        shape: int | Sequence[int] | None = None,
        *,
        input: Signals = None,
        output: str | None = None,
        name: str | None = None,
        priors: Mapping[str, Distribution] | None = None,
        bounds: Mapping[str, tuple[ArrayLike, ArrayLike]] | None = None,
        parameters: Mapping[str, ArrayLike] | None = None,
    ):
        self.shape = as_shape(shape)
        self.input = input
        self.output = output
        self.name = name
        self.parameters = self.initial_parameters()
        if not isinstance(self.parameters, Phi):
            raise TypeError(
                f"{type(self).__name__}.initial_parameters must return Phi(...), "
                f"not {type(self.parameters).__name__}"
            )
        for parameter, prior in (priors or {}).items():
            self.parameters[parameter].expect(prior)
        for parameter, pair in (bounds or {}).items():
            self.parameters[parameter].bounds = pair
        if parameters:
            self.set_parameter_values(parameters)

    # ---- what a layer of one's own writes ----------------------------------------------------

    def initial_parameters(self) -> Phi:
        """Give the layer's parameters at their start; none by default."""
        return Phi()

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        """Transform signals.

        Parameters
        ----------
        *inputs : (T, ...) ndarray
            One trial of each signal the layer reads, time first.

        Returns
        -------
        (T, ...) ndarray
        """
        raise NotImplementedError(f"{type(self).__name__} must define evaluate(self, *inputs)")

    # ---- parameters --------------------------------------------------------------------------

    def get_parameter_values(self, *names: str) -> Arrays:
        """Give the values of the named parameters, or of all, as a tuple in that order."""
        return tuple(self.parameters[name].values for name in names or self.parameters)

    def set_parameter_values(
        self, values: Mapping[str, ArrayLike] | None = None, **by_name: ArrayLike
    ) -> None:
        """Set parameters from a dict, or by keyword.

        Raises
        ------
        KeyError
            The layer has no such parameter.
        ValueError
            The shape does not fit. Nothing is set then.
        """
        given = {**(values or {}), **by_name}
        for name, value in given.items():
            parameter = self.parameters[name]
            if np.shape(value) != parameter.shape:
                raise ValueError(
                    f"the parameter {name!r} of {self.label} has shape {parameter.shape}, "
                    f"not {np.shape(value)}"
                )
        for name, value in given.items():
            self.parameters[name].values = value

    # ---- name --------------------------------------------------------------------------------

    @property
    def name(self) -> str | None:
        """The layer's own name, if it has one.

        Raises
        ------
        TypeError
            It is set to what is no word.
        ValueError
            It is set to the name of another layer of the model.
        """
        return self._name

    @name.setter
    def name(self, name: str | None) -> None:
        check_word(name)
        owner = None if self._owner is None else self._owner()
        if owner is not None:
            owner.check_name(self, name)
        self._name = name

    @property
    def label(self) -> str:
        """What the layer is called in a model: its name, its keyword's head, or its class."""
        if self.name is not None:
            return self.name
        return type(self).__name__ if self.signature is None else self.signature.head

    # ---- copying and comparing ---------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        # a copy belongs to no model
        return {key: value for key, value in vars(self).items() if key != "_owner"}

    def __copy__(self) -> Layer:
        # two layers never share parameters: a fit would move them twice
        return copy.deepcopy(self)

    def __eq__(self, other: object) -> bool:
        """Compare class, name, signals, sizes, options, and parameters with bounds and priors."""
        return same_layer(self, other) if isinstance(other, Layer) else NotImplemented

    # parameters change
    __hash__ = None  # type: ignore[assignment]

    if not TYPE_CHECKING:  # which would take it for any attribute

        def __getattr__(self, name: str) -> Any:
            hint = _ANSWERS.get(name, "")
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            raise AttributeError(f"{message}: {hint}" if hint else message, name=name, obj=self)

    # ---- printing ----------------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__}(shape={self.shape})", RULE]
        if self.parameters:
            lines += [repr(self.parameters), RULE]
        return "\n".join(lines)

    def __str__(self) -> str:
        lines = [f"{type(self).__name__}(shape={self.shape})", RULE]
        if self.parameters:
            lines += [f".parameters:\n\n{self.parameters}{RULE}"]
        return "\n".join(lines)


def check_word(name: object) -> None:
    """Refuse what cannot be the name of a layer."""
    if name is not None and (not isinstance(name, str) or not name):
        raise TypeError(f"a layer's name is a word, or None for its usual one, not {name!r}")


def as_shape(shape: int | Sequence[int] | None) -> tuple[int, ...] | None:
    """Give a shape as a tuple, or None if there is none."""
    if shape is None:
        return None
    return (int(shape),) if isinstance(shape, int | np.integer) else tuple(int(n) for n in shape)
