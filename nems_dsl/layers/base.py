"""The Layer: one transformation of signals, and the parameters it owns."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import ArrayLike

from ..distributions import Distribution
from ..keywords import Flow, Signature
from . import tangents
from .equality import same_layer
from .habits import answer
from .nonnegative import NonNegative as NonNegative
from .parameter import Parameter as Parameter
from .parameter import Phi as Phi
from .tangents import FreeParameter as FreeParameter
from .tangents import Tangents as Tangents
from .work import Arrays as Arrays
from .work import Work as Work
from .work import flat as flat
from .work import strided as strided

RULE = "=" * 32
_LARGEST_TO_MAKE = 10_000_000

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
        self.shape = _as_shape(shape)
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
            hint = answer(name)
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


class KeywordLayer(Layer):
    """A layer declared as a keyword, evaluated in NumPy.

    A subclass has a `signature` and `evaluate`, and, if anything in it is to be fitted,
    `initial_parameters`. It has the sizes of its shape in `self.dims`, by axis, and its options in
    `self.options`, by name. As it gives no derivative, a fit differentiates it numerically, as it
    does any `Layer`.

    Parameters
    ----------
    shape : tuple of int
        The sizes of the keyword's shape, in the order of its signature.
    **options
        The keyword's options, by name: ``g=True``, ``l2=1e-3``. The rest as for `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl.keywords import POINTWISE_FLOWS, POINTWISE_FORMS, Signature
    >>> class Power(KeywordLayer):
    ...     signature = Signature(
    ...         head="power",
    ...         summary="raises each channel to a power",
    ...         equation="y = x ** exponent",
    ...         forms=POINTWISE_FORMS,
    ...         flows=POINTWISE_FLOWS,
    ...     )
    ...     def initial_parameters(self):
    ...         return Phi(Parameter("exponent", self.shape, initial_value=2.0))
    ...     def evaluate(self, x):
    ...         return x ** self.parameters["exponent"].values
    >>> Power(1).evaluate(np.array([[3.0]])).tolist()
    [[9.0]]
    >>> Power.parameter_shapes({"channels": 5}, {})
    {'exponent': (5,)}
    """

    signature: ClassVar[Signature]

    def __init__(self, shape: int | Sequence[int] = (), **arguments: Any):
        declared = [option.name for option in self.signature.options]
        self.options = {
            name: arguments.pop(name)
            for name in declared
            if arguments.get(name) not in (None, False)
        }
        for name in [name for name in declared if name in arguments]:
            del arguments[name]
        self.dims = self._name_axes(_as_shape(shape))
        super().__init__(shape, **arguments)

    def _name_axes(self, shape: tuple[int, ...] | None) -> dict[str, int]:
        sizes = shape or ()
        form = self.signature.form(len(sizes))
        if form is None or len(sizes) < form.n_required or any(n < 1 for n in sizes):
            raise ValueError(
                f"{type(self).__name__} takes a shape {self.signature.describe_shape()}, "
                f"not {shape}"
            )
        return {**form.defaults, **dict(zip(form.axes, sizes, strict=False))}

    @classmethod
    def parameter_shapes(
        cls, dims: Mapping[str, int], options: Mapping[str, Any]
    ) -> dict[str, tuple[int, ...]]:
        """Give the shape of each parameter, from the sizes of the axes and the options.

        By default a layer is made and asked; but not one of a size that no memory may hold, which
        counts as if it had one parameter of its own shape.
        """
        if math.prod(dims.values()) > _LARGEST_TO_MAKE:
            return {"": tuple(dims.values())}
        forms = (form for form in cls.signature.forms if set(dims) <= set(form.axes))
        shape = tuple(dims[axis] for axis in next(forms).axes if axis in dims)
        layer = cls(shape, **options)
        return {name: parameter.shape for name, parameter in layer.parameters.items()}

    @staticmethod
    def fixed_parameters(options: Mapping[str, Any]) -> tuple[str, ...]:
        """Name the parameters that are permanent under these options."""
        return ()

    def _check_inputs(self, shapes: Sequence[tuple[int, ...]]) -> None:
        # kernels trust their sizes: a wrong one would read beyond an array
        if self.signature.join is not None:
            if self.signature.join(self.dims, shapes, self.options) is not None:
                return
            takes = "signals that it can put together"
        else:
            if any(self._fits(flow, shapes) for flow in self.signature.flows):
                return
            takes = " or ".join(
                " and ".join(
                    str(("T", *(self.dims.get(axis, axis) for axis in axes)))
                    for axes in flow.inputs
                )
                for flow in self.signature.flows
            )
        came = " and ".join(str(("T", *shape)) for shape in shapes)
        message = f"{type(self).__name__}{self.shape} takes {takes}, not {came}"
        raise ValueError(message.replace("'", ""))

    def _fits(self, flow: Flow, shapes: Sequence[tuple[int, ...]]) -> bool:
        if [len(axes) for axes in flow.inputs] != [len(shape) for shape in shapes]:
            return False
        known = dict(self.dims)
        for axes, shape in zip(flow.inputs, shapes, strict=True):
            for axis, size in zip(axes, shape, strict=True):
                if known.setdefault(axis, size) != size:
                    return False
        if not flow.options <= self.options.keys() or self._leaves_out(flow):
            return False
        return all(known.get(axis) == size for axis, size in flow.sizes.items())

    def _leaves_out(self, flow: Flow) -> bool:
        """Tell whether the shape has an axis, such as a bank, that the flow knows nothing of."""
        form = self.signature.form(len(self.shape or ()))
        assert form is not None
        named = {*flow.gives, *(axis for axes in flow.inputs for axis in axes)}
        given = form.axes[form.n_required : len(self.shape or ())]
        return any(axis not in named and axis not in form.defaults for axis in given)


class KernelLayer(KeywordLayer):
    """A layer declared as a keyword, evaluated and differentiated by compiled kernels.

    A subclass has a `signature`, gives the shapes of its parameters, and passes the arrays of a
    `Work` on to kernels.

    Parameters
    ----------
    shape : tuple of int
        The sizes of the keyword's shape, in the order of its signature.
    **options
        The keyword's options, by name: ``g=True``, ``l2=1e-3``. The rest as for `Layer`.
    """

    #: The output is linear in the inputs together, and 0 where they are.
    is_linear: bool = False

    @property
    def is_affine(self) -> bool:
        """Whether the output is linear in the inputs together, but for a constant."""
        return self.is_linear

    #: The output is linear in what `prepare` gives.
    is_linear_in_weights: bool = False
    #: The output is close to the first input for the parameters that a model starts from.
    starts_near_identity: bool = False
    #: Row i of the output depends on row i of every input and entry i of every parameter, alone.
    is_channelwise: bool = False

    def channel_weights(self) -> tuple[str, ...]:
        """Name the parameters whose first axis weights the channels of the input, linearly."""
        return ()

    def nonnegative(self) -> NonNegative | None:
        """Tell what keeps the output at 0 or above; None if nothing does."""
        return None

    def smooth_axes(self) -> dict[str, dict[str, int]]:
        """Give the axes along which the options ``sl`` and ``sc`` make each parameter smooth."""
        return {}

    def aim(self, directions: np.ndarray) -> dict[str, np.ndarray]:
        """Give parameters with which the outputs weight channels as wanted, as nearly as may be.

        Parameters
        ----------
        directions : (channels, rank) array
            Of length 1, the most important first.

        Returns
        -------
        dict of str to array
            Empty if the layer has no weights of channels.
        """
        return {}

    def tunings(self) -> tuple[np.ndarray, dict[str, np.ndarray]] | None:
        """Give curves over the channels that one output may have, for a layer that limits them.

        Returns
        -------
        curves : (n_curves, channels) array
        parameters : dict of str to (n_curves,) array
            What each curve is made by.
        """
        return None

    def guess(self, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        """Give parameters with which the layer turns one signal into about another.

        Parameters
        ----------
        x, y : (rows, samples) arrays
            Input and wanted output; y goes up with x, on the whole.

        Returns
        -------
        dict of str to array
            Of those that can be told; the others stay as they are.
        """
        return {}

    def linear_parameters(self) -> tuple[str, ...]:
        """Name the parameters that the output is linear in together, but for a constant."""
        return self.additive_parameters()

    def additive_parameters(self) -> tuple[str, ...]:
        """Name those of them that do not act on the inputs: constants that are added."""
        return ()

    def gain(self) -> str | None:
        """Name the parameter that the output is proportional to, but for what is added to it."""
        return None

    # ---- what a layer passes on to its kernels -----------------------------------------------

    def prepare(self, values: Mapping[str, np.ndarray]) -> Arrays:
        """Turn parameters into what the kernels take, once for a whole evaluation.

        By default every parameter, flat.
        """
        return tuple(np.ascontiguousarray(value).reshape(-1) for value in values.values())

    def prepare_vjp(
        self, values: Mapping[str, np.ndarray], weights: Arrays, d_weights: Arrays
    ) -> dict[str, np.ndarray]:
        """Carry the derivative from what the kernels took back to the parameters."""
        pairs = zip(values, d_weights, strict=True)
        return {name: d.reshape(values[name].shape) for name, d in pairs}

    def output_shape(self, *shapes: tuple[int, ...]) -> tuple[int, ...]:
        """Give the output's shape without its time axis, from those of the inputs."""
        return shapes[0]

    def scratch_shapes(self, *shapes: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        """Give the shapes, without time, of what `forward` keeps for `vjp`."""
        return ()

    def forward(self, work: Work) -> None:
        """Write the output into `work.out`."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, work)")

    def vjp(self, work: Work) -> None:
        """Write derivatives into `work.d_inputs`, and add them to `work.d_weights`."""
        raise NotImplementedError(
            f"{type(self).__name__} must define vjp(self, work); a keyword without a derivative "
            "is a KeywordLayer"
        )

    # ---- derivatives carried forward; a layer that knows a shorter way overrides these ---------

    def parameter_tangents(
        self, work: Work, values: Mapping[str, np.ndarray], free: Sequence[FreeParameter]
    ) -> list[Tangents]:
        """Give the derivatives of the output by the free parameters of this layer."""
        return tangents.of_parameters(self, work, values, free)

    def input_tangents(self, work: Work, number: int, incoming: Tangents) -> Tangents:
        """Carry derivatives of input `number` on to the output."""
        return tangents.of_input(self, work, number, incoming)

    # ---- what users call ---------------------------------------------------------------------

    def evaluate(self, *inputs: np.ndarray) -> np.ndarray:
        """Transform one trial of each signal.

        Parameters
        ----------
        *inputs : (T, channels) or (T, channels, bank) ndarray

        Returns
        -------
        (T, channels) or (T, channels, bank) ndarray, float64 (float32 for float32 inputs)

        Raises
        ------
        ValueError
            The input does not have the channels that the layer takes.
        """
        dtype = np.result_type(np.float32, *inputs)
        signals = tuple(
            np.ascontiguousarray(_time_last(np.asarray(x, dtype=dtype))) for x in inputs
        )
        values = {name: p.values.astype(dtype) for name, p in self.parameters.items()}
        n_times = signals[0].shape[-1]
        shapes = [x.shape[:-1] for x in signals]
        self._check_inputs(shapes)
        starts = np.array([0, n_times])
        out_starts = strided(starts, self.stride)
        out = np.empty((*self.output_shape(*shapes), out_starts[-1]), dtype)
        scratch = tuple(np.empty((*s, n_times), dtype) for s in self.scratch_shapes(*shapes))
        if n_times:
            work = Work(signals, out, starts, out_starts, scratch, self.prepare(values))
            self.forward(work)
        return np.ascontiguousarray(out.T if out.ndim == 2 else np.moveaxis(out, -1, 0))


def _time_last(x: np.ndarray) -> np.ndarray:
    # `moveaxis` costs more than a short kernel
    return x.T if x.ndim == 2 else np.moveaxis(x, 0, -1)


def check_word(name: object) -> None:
    """Refuse what cannot be the name of a layer."""
    if name is not None and (not isinstance(name, str) or not name):
        raise TypeError(f"a layer's name is a word, or None for its usual one, not {name!r}")


def _as_shape(shape: int | Sequence[int] | None) -> tuple[int, ...] | None:
    if shape is None:
        return None
    return (int(shape),) if isinstance(shape, int | np.integer) else tuple(int(n) for n in shape)
