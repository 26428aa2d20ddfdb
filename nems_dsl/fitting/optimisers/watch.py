"""What a search is watched for: the best so far, and whether it is time to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..objective import Objective

Callback = Callable[[int, float], object]

_PERFECT = 1e-10


@dataclass(frozen=True)
class Limits:
    """When a search is to end.

    Attributes
    ----------
    tolerance : float
        An iteration that lowers the loss by less than this share of it is as good as none.
    max_iterations : int
    max_seconds : float
    patience : int
        Iterations that may go by without a lower loss on data held out.
    """

    tolerance: float
    max_iterations: int
    max_seconds: float = np.inf
    patience: int = 10

    def __post_init__(self) -> None:
        """Refuse limits that mean nothing.

        Raises
        ------
        ValueError
            Names the limit.
        """
        if not 0 <= self.tolerance < 1:
            raise ValueError(f"tolerance must be from 0 up to 1, not {self.tolerance}")
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, not {self.max_iterations}")
        if not self.max_seconds > 0:
            raise ValueError(f"max_seconds must be above 0, not {self.max_seconds}")
        if self.patience < 1:
            raise ValueError(f"patience must be at least 1, not {self.patience}")


class Watch:
    """Keeps the best parameters of a search, and ends it.

    Parameters
    ----------
    limits : Limits
    n_flat : int
        So many iterations on end that hardly lower the loss are the end.
    callback : callable, optional
        Called with the iteration's number and the loss; the search ends if it returns True.
    validation : Objective, optional
        Of data held out: the best parameters are those of the lowest loss there.
    least : float
        What no loss is below; tolerances are shares of what a loss is above it.
    told : callable, optional
        Gives what users are told of a loss, from it and theta.

    Attributes
    ----------
    theta : (n,) ndarray
        The best so far.
    loss : float
        On the data of the fit, there.
    history, validation_history : list of float
        The loss after each iteration; the first is that of the start.
    told : list of float
        What users are told of it.
    reason : str
        Why the search is to end; empty while it is not.
    has_converged : bool
        Whether that is because nothing is left to gain.
    """

    def __init__(
        self,
        limits: Limits,
        n_flat: int,
        callback: Callback | None = None,
        validation: Objective | None = None,
        least: float = 0.0,
        told: Callable[[float, np.ndarray], float] | None = None,
    ):
        self.limits, self.n_flat, self.least = limits, n_flat, least
        self.callback, self.validation = callback, validation
        self.theta, self.loss = np.empty(0), np.inf
        self.history: list[float] = []
        self.validation_history: list[float] = []
        self.told: list[float] = []
        self._tell = told
        self.reason, self.has_converged = "", False
        self._ends_at = time.perf_counter() + limits.max_seconds

    @property
    def n_iterations(self) -> int:
        """How many iterations there were."""
        return max(0, len(self.history) - 1)

    @property
    def n_left(self) -> int:
        """How many iterations there may be yet."""
        return self.limits.max_iterations - self.n_iterations

    @property
    def is_flat(self) -> bool:
        """Whether the last iteration was as good as none."""
        if len(self.history) < 2:
            return False
        before, last = self.history[-2:]
        return before - last <= self.limits.tolerance * (last - self.least)

    def offer(self, loss: float, theta: np.ndarray) -> None:
        """Look at parameters that a search came by."""
        if self.validation is None and loss < self.loss:
            self.loss, self.theta = loss, theta.copy()

    def after(self, loss: float, theta: np.ndarray) -> bool:
        """Note the loss after an iteration; tell whether to end."""
        self.history.append(loss)
        told = loss if self._tell is None else self._tell(loss, theta)
        self.told.append(told)
        if self.validation is not None:
            self._validate(loss, theta)
        self.offer(loss, theta)
        self._judge(loss)
        # last, for a callback may raise what ends the search
        if self.callback is not None and self.callback(self.n_iterations, told) is True:
            self.reason = self.reason or "the callback ended it"
        return bool(self.reason)

    def _validate(self, loss: float, theta: np.ndarray) -> None:
        assert self.validation is not None
        held_out = self.validation.value(theta)
        if not np.isfinite(held_out):
            held_out = np.inf
        if not self.validation_history or held_out < min(self.validation_history):
            self.loss, self.theta = loss, theta.copy()
        self.validation_history.append(held_out)

    def _judge(self, loss: float) -> None:
        limits, n = self.limits, self.n_flat
        recent, above = self.history[-n - 1 :], loss - self.least
        if above < _PERFECT:
            self._converged("the fit is perfect")
        elif len(recent) > n and recent[0] - loss <= limits.tolerance * n * above:
            self._converged(
                f"the loss went down by less than {limits.tolerance:g} of itself per iteration"
            )
        elif self._has_lost_patience():
            self._converged(f"no lower loss on data held out for {limits.patience} iterations")
        elif self.n_left <= 0:
            self.reason = f"the limit of {limits.max_iterations} iterations was reached"
        elif time.perf_counter() > self._ends_at:
            self.reason = f"the limit of {limits.max_seconds:g} seconds was reached"

    def _has_lost_patience(self) -> bool:
        history = self.validation_history
        return bool(history) and len(history) - 1 - int(np.argmin(history)) >= self.limits.patience

    def _converged(self, reason: str) -> None:
        self.reason, self.has_converged = reason, True
