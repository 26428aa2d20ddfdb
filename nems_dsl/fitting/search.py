"""The search for the best parameters."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize

from ..models.results import FitResults
from .objective import Objective

if TYPE_CHECKING:
    from ..models import Model

PRINT_EVERY = 5
_FAR_TOO_MUCH = 1e100
_PERFECT = 1e-10
# the search's own criteria, both absolute, only catch what rounding makes of a perfect fit
_ROUNDING = 1e-20
_FLAT = 1e-12
# pairs that the search remembers: 30 take far fewer iterations than the usual 10, and cost little
# beside an evaluation
_MEMORY = 30
_EVALUATIONS_PER_ITERATION = 20
_BROKEN_DOWN = 2


def fit_model(
    model: Model,
    x: Any,
    y: Any,
    *,
    loss: str = "nmse",
    regularizers: bool = True,
    max_iterations: int = 2000,
    tolerance: float = 1e-6,
    verbose: int = 1,
    callback: Callable[[int, float], None] | None = None,
    dtype: str = "float64",
) -> Model:
    """Fit a copy of a model; see `Model.fit`."""
    _check_limits(max_iterations, tolerance)
    objective = Objective(model, x, y, loss=loss, regularizers=regularizers, dtype=dtype)
    objective.warn_of_scales()
    report = _Report(verbose, callback)
    results, theta = search(objective, max_iterations, tolerance, report)
    fitted = objective.model
    objective.vector.write(theta)
    fitted.results = results
    report.end(results)
    return fitted


def fit(string: str, x: Any, y: Any, **arguments: Any) -> Model:
    """Fit the model that a string stands for.

    Parameters
    ----------
    string : str
        A model string; symbols and left-out sizes are taken from the data.
    x, y, **arguments
        As for `Model.fit`.

    Returns
    -------
    Model
        Fitted; `results` says how it went.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import fit
    >>> x = np.random.default_rng(0).random((300, 4))
    >>> model = fit("wc.4x1-lvl.1", x, 2 * x[:, 1], verbose=0)
    >>> model.results.converged
    True
    """
    from ..models import Model

    return Model(string).fit(x, y, **arguments)


def search(
    objective: Objective, max_iterations: int, tolerance: float, report: _Report
) -> tuple[FitResults, np.ndarray]:
    """Minimise an objective by L-BFGS-B within bounds, with its exact gradient."""
    power, conditioning = objective.search_power, objective.conditioning()
    best = _Best()
    stop = _Stop(tolerance)

    def smooth(variables: np.ndarray) -> tuple[float, np.ndarray]:
        theta = conditioning.theta(variables)
        value, gradient = objective.value_and_grad(theta)
        gradient = conditioning.gradient(gradient)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            # too far out for numbers: the line search takes a shorter step from here
            return _FAR_TOO_MUCH, np.zeros_like(gradient)
        best.offer(value, theta)
        if power == 1:
            return value, gradient
        # a root mean square has a kink at a perfect fit, where line searches break down; its
        # square has the same minimum and none
        return value**power, power * value ** (power - 1) * gradient

    def iterate(variables: np.ndarray) -> None:
        number = len(stop.history)
        report.iteration(number, best.last)
        if stop.after(best.last):
            raise StopIteration

    began = time.perf_counter()
    start = np.clip(objective.theta0, *objective.bounds)
    first, gradient = objective.value_and_grad(start)
    if not (np.isfinite(first) and np.all(np.isfinite(gradient))):
        raise FloatingPointError(
            f"the loss is {first} at the start of the fit, before anything has moved, or its "
            "gradient is not finite; look at model.predict(x), and at the parameters that the "
            "model starts from"
        )
    best.offer(first, start)
    report.iteration(0, first)
    stop.after(first)
    status, message, n_evaluations = 0, "no parameter is free", 1
    while objective.n_parameters and not stop.reason:
        lowest, left = best.value, max_iterations - stop.n_done
        found = minimize(
            smooth,
            conditioning.variables(best.theta),
            jac=True,
            method="L-BFGS-B",
            bounds=np.column_stack(objective.bounds),
            callback=iterate,
            options={
                "maxiter": left,
                "maxfun": _EVALUATIONS_PER_ITERATION * left,
                "ftol": _ROUNDING,
                "gtol": _FLAT,
                "maxcor": _MEMORY,
            },
        )
        status, message = int(found.status), str(found.message)
        n_evaluations += int(found.nfev)
        # a line search can break down over what the search remembers; it then begins afresh from
        # the best point, as long as that helps
        broken = status == _BROKEN_DOWN and stop.n_done < max_iterations
        if not broken or best.value >= lowest * (1 - tolerance):
            break
    if stop.reason:
        status, message = 0, stop.reason
    results = FitResults(
        loss=best.value,
        initial_loss=first,
        loss_name=objective.loss_name,
        loss_history=tuple(stop.history),
        n_parameters=objective.n_parameters,
        n_iterations=stop.n_done,
        n_evaluations=n_evaluations,
        seconds=time.perf_counter() - began,
        converged=status == 0,
        status=status,
        message=message,
        optimizer="L-BFGS-B",
    )
    return results, best.theta


class _Stop:
    """Ends a search when some iterations on end have hardly lowered the loss."""

    n_iterations = 10

    def __init__(self, tolerance: float):
        self.tolerance = tolerance
        self.history: list[float] = []
        self.reason = ""

    @property
    def n_done(self) -> int:
        """How many iterations there were."""
        return len(self.history) - 1

    def after(self, value: float) -> bool:
        """Note the loss after an iteration; tell whether to end."""
        self.history.append(value)
        recent = self.history[-self.n_iterations - 1 :]
        if value < _PERFECT:
            self.reason = "the fit is perfect"
        elif len(recent) > self.n_iterations:
            decrease = recent[0] - value
            if decrease <= self.tolerance * self.n_iterations * value:
                self.reason = (
                    f"the loss went down by less than {self.tolerance:g} of itself per iteration"
                )
        return bool(self.reason)


class _Best:
    """The lowest loss so far, and where."""

    def __init__(self) -> None:
        self.value, self.last = np.inf, np.inf
        self.theta = np.empty(0)

    def offer(self, value: float, theta: np.ndarray) -> None:
        self.last = value
        if value < self.value:
            self.value, self.theta = value, theta.copy()


class _Report:
    """Prints how a fit is going, as `verbose` asks for, and calls the user's callback."""

    def __init__(self, verbose: int, callback: Callable[[int, float], None] | None):
        self.verbose, self.callback = verbose, callback
        if verbose:
            print("Epoch 0")
            print("=" * 30)

    def iteration(self, number: int, value: float) -> None:
        if self.verbose and number % PRINT_EVERY == 0:
            print(f"        Iteration {number}, error is: {value:.8f}...")
        if self.callback is not None:
            self.callback(number, value)

    def end(self, results: FitResults) -> None:
        if self.verbose:
            print(f"Fit successful: {results.converged}")
            print(f"Status: {results.status}")
            print(f"Message: {results.message}")


def _check_limits(max_iterations: int, tolerance: float) -> None:
    if max_iterations < 1:
        raise ValueError(f"max_iterations must be at least 1, not {max_iterations}")
    if not 0 <= tolerance < 1:
        raise ValueError(f"tolerance must be from 0 up to 1, not {tolerance}")
