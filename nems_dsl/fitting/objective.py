"""The objective of a fit: theta -> loss and its exact gradient."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..data.masking import leave_out_channels, read_channel_weights
from ..data.recording import Recording
from ..data.trials import check_match, check_variance
from ..graph.reach import Reach, find_reach
from ..graph.wiring import Node, needed
from ..layers.base import KernelLayer
from .conditioning import Conditioning
from .engine.jacobian import Jacobian
from .engine.packs import Pack, add_targets, make_input_packs
from .engine.passes import Engine
from .engine.vector import ParameterVector
from .linearity import derivatives_key, why_not_linear
from .losses import make_loss
from .penalties import Penalty, penalties_of_string, prior_penalty
from .rates import rate_bounds, refuse_rates
from .shrinkage.find import find_shrunk

# parameters whose products are kept for other fits to the same stimulus
_MOST_SHARED = 1000

logger = logging.getLogger(__name__)


class Objective:
    """What a fit minimises, as a function of the free parameters.

    Parameters
    ----------
    nodes : sequence of Node
        The layers, wired; theta is written into their parameters, so that they are no one else's.
    recording : Recording
        With a response; NaN is left out.
    loss : {"nmse", "mse", "poisson"}
    regularizers : bool
        Add the penalties that the layers ask for (``l2``, ``l1``, ``sl``, ``sc``).
    shrinkage : {"auto", "none"} or float
        Of receptive fields that the layers say nothing of: as strong as the data want, not at all,
        or as given.
    dtype : {"float64", "float32"}
        Precision of signals. Theta and gradients are float64 either way.
    priors : float
        Add so many times minus the log density of the parameters' priors, per sample of the
        target. With 1, the loss ``poisson`` has its minimum where the posterior is highest.
        Bounds are then no wider than the priors' supports.
    channel_weights : (channels,) array, optional
        How much each channel of the target counts in the loss, 0 or above.

    Attributes
    ----------
    theta0 : (n,) float64 ndarray
        The free parameters as the layers have them: layers in order, each layer's parameters in
        their order, the last axis fastest. With ``poisson``, offsets and gains that must not be
        negative are moved up to their bounds.
    bounds : (low, high), both (n,) float64 ndarrays
        Those of the layers, narrowed by what `priors` and the loss ``poisson`` need.
    loss : Loss
        The function of the prediction that is minimised, without penalties.
    penalties : tuple of Penalty
        What is added to the loss, besides `shrunk`.
    shrunk : tuple of Shrunk
        Receptive fields that are shrunk. Their penalties are added to the power of the loss that a
        search minimises, so that one on a normalised error is a share of the variance.

    Raises
    ------
    ValueError
        The data do not match, or hold nothing to be learnt, or the loss or a prior means nothing
        for them. Says where.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        recording: Recording,
        *,
        loss: str = "nmse",
        regularizers: bool = True,
        shrinkage: str | float = "none",
        dtype: str = "float64",
        priors: float = 0.0,
        channel_weights: Any = None,
    ):
        if np.dtype(dtype) not in (np.dtype("float64"), np.dtype("float32")):
            raise ValueError(f"dtype must be 'float64' or 'float32', not {dtype!r}")
        weights = read_channel_weights(channel_weights, recording.n_channels)
        self._settings: dict[str, Any] = {
            "loss": loss,
            "regularizers": regularizers,
            "shrinkage": shrinkage,
            "dtype": dtype,
            "priors": priors,
            "channel_weights": channel_weights,
        }
        target = leave_out_channels(recording.target, weights)
        places = needed(nodes, len(nodes) - 1)
        reach = self.reach = find_reach(nodes, places)
        check_match(target, recording.lengths, reach.stride)
        check_variance(target, weights)
        self.vector = ParameterVector([node.layer for node in nodes])
        self.bounds = self.vector.bounds()
        self.loss_name = loss
        self.loss = make_loss(loss, target, weights)
        self.shrunk = tuple(
            find_shrunk(
                nodes, places, self.vector, recording, target, self.loss, shrinkage, regularizers
            )
        )
        self.penalties = self._find_penalties(regularizers, priors)
        if self.loss.needs_rates:
            mean = self.loss.mean
            self.bounds = rate_bounds(nodes, places[-1], self.vector, self.bounds, mean)
        self.theta0 = self._first_theta()
        self.recording, self.target = recording, target
        packs = _packs(recording, nodes, places, target, reach, np.dtype(dtype))
        self.engine = Engine(nodes, places, packs, self.vector, np.dtype(dtype))
        self._check_output(target)
        self.n_evaluations = 0
        self._jacobian: Jacobian | None = None
        self._last: tuple[np.ndarray, float, float] | None = None
        self._squares: tuple[np.ndarray, np.ndarray] | None = None
        self._log_numeric_part()

    def alike(
        self, nodes: Sequence[Node], recording: Recording | None = None, **changed: Any
    ) -> Objective:
        """Give the objective of other nodes, or of other data, in the same settings but some."""
        return Objective(nodes, recording or self.recording, **{**self._settings, **changed})

    @property
    def n_parameters(self) -> int:
        """How many free parameters there are."""
        return self.vector.size

    @property
    def search_power(self) -> int:
        """The power of the value that a search should minimise."""
        return self.loss.search_power

    def value(self, theta: np.ndarray) -> float:
        """Give the loss, with penalties, at `theta`."""
        theta = self._read_theta(theta)
        self.n_evaluations += 1
        value, _ = self.loss.finish(self.engine.total(theta, self.loss))
        value = self._shrunk_value(value, self.shrinkage(theta))
        return value + sum(penalty.value(theta) for penalty in self.penalties)

    def value_and_grad(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Give the loss, with penalties, and its gradient at `theta`.

        Returns
        -------
        value : float
        gradient : (n,) float64 ndarray
        """
        theta = self._read_theta(theta)
        self.n_evaluations += 1
        total, gradient = self.engine.total_and_gradient(theta, self.loss)
        value, factor = self.loss.finish(total)
        value, factor, share = self._note(theta, value, factor)
        gradient *= factor
        if share:
            added = np.zeros_like(gradient)
            for each in self.shrunk:
                each.penalty.add_gradient(theta, added)
            gradient += share * added
        for penalty in self.penalties:
            value += penalty.value(theta)
            penalty.add_gradient(theta, gradient)
        return value, gradient

    def curvature(self, theta: np.ndarray, share: float = 1.0, offset: int = 0) -> np.ndarray:
        """Give the Gauss-Newton curvature of the loss, with penalties, at `theta`.

        It is J'WJ times the factor of the loss, with J the derivative of the prediction and W the
        curvature of the loss by the prediction: close to the second derivative where residuals
        are small or do not depend on the parameters' curvature, and never negative.

        Parameters
        ----------
        theta : (n,) array
        share : float
            The share of the data to take, spread over them; what it gives stands for all.
        offset : int
            Which share: those of another offset are others.

        Returns
        -------
        (n, n) float64 ndarray

        Raises
        ------
        ValueError
            A layer of one's own has no derivative that could be carried forward.
        """
        theta = self._read_theta(theta)
        if self._last is None or not np.array_equal(self._last[0], theta):
            self._note(theta, *self.loss.finish(self.engine.total(theta, self.loss)))
            assert self._last is not None
        _, factor, share_of_shrunk = self._last
        total = factor * self.squares(theta, share, offset)
        if share_of_shrunk:
            added = np.zeros_like(total)
            for each in self.shrunk:
                each.penalty.add_curvature(theta, added)
            total += share_of_shrunk * added
        for penalty in self.penalties:
            penalty.add_curvature(theta, total)
        return total

    def squares(self, theta: np.ndarray, share: float = 1.0, offset: int = 0) -> np.ndarray:
        """Give the curvature of the sum that the loss is made of, J'WJ.

        Arguments are those of `curvature`. What a linear model has is the same for all parameters,
        and for all responses that are known in the same bins: it is taken once, of all data.
        """
        jacobian, loss = self.jacobian(), self.loss
        if self._squares is not None and np.array_equal(self._squares[0], theta):
            return self._squares[1].copy()
        if not self.shares_squares:
            return jacobian.curvature(theta, loss, share, offset)
        if self.n_parameters > _MOST_SHARED:
            return jacobian.curvature(theta, loss)
        key = derivatives_key(self.engine, self.target)
        made = self.recording.lately("squares", key, lambda: jacobian.curvature(theta, loss))
        return made.copy()

    def note_squares(self, theta: np.ndarray, squares: np.ndarray) -> None:
        """Keep what `squares` would give of all data at `theta`, where a search may go on."""
        self._squares = theta.copy(), squares

    @cached_property
    def shares_squares(self) -> bool:
        """Whether `squares` are the same for all parameters, and count every sample alike."""
        loss = self.loss
        return loss.is_squared and not loss.is_weighted and not why_not_linear(self.engine)

    def without_shrinkage(self, value: float, theta: np.ndarray) -> float:
        """Give the loss, with penalties but for those of receptive fields, from its value."""
        if not self.shrunk:
            return value
        others = sum(penalty.value(theta) for penalty in self.penalties)
        power = self.search_power
        left = max((value - others) ** power - self.shrinkage(theta), 0.0)
        return float(left ** (1 / power) + others) if power > 1 else float(left + others)

    def shrink(self, factor: float) -> None:
        """Shrink receptive fields whose strength the data tell so many times as much as before.

        Those of 0 times are free from then on.
        """
        if factor:
            self.shrunk = tuple(each.times(factor) for each in self.shrunk)
        else:
            self.shrunk = tuple(each for each in self.shrunk if not each.from_data)
        self._last = None

    def penalty_derivatives(
        self, theta: np.ndarray, of_loss: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give gradient and curvature of what is added to the power of the loss.

        `of_loss` is the derivative of that power by the loss, for penalties on the loss itself.
        """
        gradient, curvature = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        for penalty in self.penalties:
            penalty.add_gradient(theta, gradient)
            penalty.add_curvature(theta, curvature)
        gradient *= of_loss
        curvature *= of_loss
        for each in self.shrunk:
            each.penalty.add_gradient(theta, gradient)
            each.penalty.add_curvature(theta, curvature)
        return gradient, curvature

    def shrinkage(self, theta: np.ndarray) -> float:
        """Give the penalties of receptive fields, in units of the power of the loss."""
        return sum(each.penalty.value(theta) for each in self.shrunk)

    def _shrunk_value(self, value: float, shrinkage: float) -> float:
        if not shrinkage:
            return value
        power = self.search_power
        return float((value**power + shrinkage) ** (1 / power)) if power > 1 else value + shrinkage

    def _note(self, theta: np.ndarray, value: float, factor: float) -> tuple[float, float, float]:
        """Give the loss with shrinkage, and the factors of the derivatives of its two parts."""
        share = 0.0
        if self.shrunk:
            power = self.search_power
            with_shrinkage = self._shrunk_value(value, self.shrinkage(theta))
            if with_shrinkage:
                factor *= (value / with_shrinkage) ** (power - 1)
                share = 1 / (power * with_shrinkage ** (power - 1))
            value = with_shrinkage
        self._last = theta.copy(), factor, share
        return value, factor, share

    def jacobian(self) -> Jacobian:
        """Give the derivatives of the prediction, as they are needed for a curvature.

        Raises
        ------
        ValueError
            A layer of one's own has no derivative that could be carried forward.
        """
        if self._jacobian is None:
            self._jacobian = Jacobian(self.engine, self.reach)
        return self._jacobian

    def log_likelihood(self, theta: np.ndarray) -> float | None:
        """Give the log likelihood of the target at `theta`, without penalties.

        That of counts for ``poisson``; else of independent normal residuals of one variance. None
        if channels are weighted, or the prediction is perfect.
        """
        total = self.engine.total(self._read_theta(theta), self.loss)
        return self.loss.log_likelihood(total, self.target)

    def check_start(self, theta: np.ndarray) -> None:
        """Refuse parameters for which the loss is infinite, as no search can start from there.

        Raises
        ------
        ValueError
            The loss is ``poisson``, and the model gives a rate that is negative, or 0 where the
            target is not. Says where, and what to do.
        """
        theta = self._read_theta(theta)
        if self.loss.needs_rates and self.engine.total(theta, self.loss) == np.inf:
            refuse_rates(self.engine, theta)

    def conditioning(self) -> Conditioning:
        """Give the variables in which a search should move."""
        packs = [plan.pack for plan in self.engine.plans]
        return Conditioning(
            self.engine.nodes, self.vector, packs, self.bounds, self.recording, self.shrunk
        )

    def _read_theta(self, theta: np.ndarray) -> np.ndarray:
        theta = np.asarray(theta, dtype=np.float64)
        if theta.shape != (self.vector.size,):
            raise ValueError(f"theta has shape {theta.shape}, not ({self.vector.size},)")
        return theta

    def _first_theta(self) -> np.ndarray:
        """Give theta as the model has it, but within bounds that only this loss needs."""
        theta, (least, most) = self.vector.read(), self.vector.bounds()
        low, high = self.bounds
        theta = np.where(low > least, np.maximum(theta, low), theta)
        return np.where(high < most, np.minimum(theta, high), theta)

    def _find_penalties(self, regularizers: bool, priors: float) -> tuple[Penalty, ...]:
        if not 0 <= priors < np.inf:
            raise ValueError(f"priors must be a weight of 0 or above, not {priors!r}")
        found: list[Penalty] = []
        if regularizers:
            places = {place for each in self.shrunk for place in each.front.places}
            found += penalties_of_string(self.vector, places)
        if priors and self.vector.size:
            penalty, (least, most) = prior_penalty(self.vector, priors / self.loss.n_samples)
            low, high = self.bounds
            self.bounds = np.maximum(low, least), np.minimum(high, most)
            found.append(penalty)
        return tuple(found)

    def _log_numeric_part(self) -> None:
        numeric = self.engine.structure.numeric
        if not self.engine.structure.boundary:
            return
        labels = {layer.label for place, layer in enumerate(self.vector.layers) if place in numeric}
        n_entries = sum(s.stop - s.start for s in self.vector.slots if s.layer in numeric)
        logger.info(
            "%s: differentiated numerically, at two evaluations for each of %d free numbers; a "
            "derivative of their own would save all of these",
            ", ".join(sorted(labels)),
            n_entries,
        )

    def _check_output(self, target: Sequence[np.ndarray]) -> None:
        shape = self.engine.output_shape
        if shape != target[0].shape[1:]:
            raise ValueError(
                f"the model gives {'x'.join(map(str, shape))} channels, but the target has "
                f"{target[0].shape[1]}"
            )


def _packs(
    recording: Recording,
    nodes: Sequence[Node],
    places: Sequence[int],
    target: Sequence[np.ndarray],
    reach: Reach,
    dtype: np.dtype,
) -> list[Pack]:
    """Cut trials into packs; all targets of the same stimulus share the arrays."""
    read = {s.signal for place in places for s in nodes[place].sources if s.signal}
    used = {name: trials for name, trials in recording.signals.items() if name in read}
    widest = _widest(nodes, places, used)
    key = ("packs", tuple(used), reach, widest, dtype.str)
    packs = recording.once(key, lambda: make_input_packs(used, reach, widest, dtype))
    return add_targets(packs, target, dtype)


def _widest(
    nodes: Sequence[Node], places: Sequence[int], inputs: Mapping[str, Sequence[np.ndarray]]
) -> int:
    """Give the rows of the widest signal, as far as the layers can tell beforehand."""
    shapes: dict[int, tuple[int, ...]] = {}
    widest = max(trials[0].shape[1] for trials in inputs.values())
    for place in places:
        layer = nodes[place].layer
        if not isinstance(layer, KernelLayer):
            break
        taken = [
            inputs[s.signal or ""][0].shape[1:] if s.layer is None else shapes[s.layer]
            for s in nodes[place].sources
        ]
        shapes[place] = layer.output_shape(*taken)
        widest = max(widest, int(np.prod(shapes[place])))
    return widest
