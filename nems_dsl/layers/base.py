"""The three kinds of layer; here, the one that is evaluated by compiled kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from . import tangents
from .facts import Facts as Facts
from .keyword_layer import KeywordLayer as KeywordLayer
from .layer import Layer as Layer
from .nonnegative import NonNegative as NonNegative
from .parameter import Parameter as Parameter
from .parameter import Phi as Phi
from .tangents import FreeParameter as FreeParameter
from .tangents import Tangents as Tangents
from .work import Arrays as Arrays
from .work import Work as Work
from .work import flat as flat
from .work import strided as strided


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
