"""A layer that is declared as a keyword, with its sizes by axis and its options by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ..keywords import Flow, Signature
from .layer import Layer, as_shape

_LARGEST_TO_MAKE = 10_000_000


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
    >>> from nems_dsl.layers.base import Parameter, Phi
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
        self.dims = self._name_axes(as_shape(shape))
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
