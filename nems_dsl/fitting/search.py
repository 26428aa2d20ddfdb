"""Searching for the best parameters: starts, a search from each, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..fit_choices import Optimizer
from ..fit_options import FitOptions
from ..kernels.ahead import CLOCK
from .compiling import compile_ahead
from .early_stopping import Size, choose_size
from .findings import Ended, find_warnings
from .findings.signals import Bounds
from .objective import Objective
from .optimisers import Watch, choose_optimizer, minimise
from .optimisers.watch import Callback, Limits
from .report import Report
from .results import AT_A_LIMIT, CONVERGED, INTERRUPTED, FitResults, StartRecord
from .shrinkage.freedom import find_edf
from .shrinkage.held_out import HeldOut, predict_held_out
from .shrinkage.path import choose_stage, factors_to_try
from .starts import N_OTHERS, Start, find_starts, is_from_data, other_starts

# of what can be explained
_HARDLY_BETTER = 1e-3
# times the tolerance, where a search is to be compared with others and not yet to end
_WHILE_COMPARING = 10.0


def search(
    objective: Objective,
    options: FitOptions,
    init: str,
    report: Report,
    validation: Objective | None = None,
    own_bounds: Bounds | None = None,
    holds_out: bool = False,
) -> FitResults:
    """Find the best parameters, and write them into the layers of an objective.

    Parameters
    ----------
    objective : Objective
    options : FitOptions
        Of which those of starts, optimiser and limits are used.
    init : str
        What the first search starts from.
    report : Report
    validation : Objective, optional
        Of data held out, to end a search by.
    own_bounds : pair of (n,) arrays, optional
        Bounds of the layers in the user's units, for what is told of them.
    holds_out : bool
        Hold out a part for models with a hidden layer, and stop early; see `early_stopping`.
    """
    before = CLOCK.seconds
    compile_ahead(objective)
    chosen = choose_optimizer(objective, options.optimizer)
    limits = _limits(chosen, options)
    searches = _Search(objective, chosen, limits, report, validation)
    size = None
    if holds_out and validation is None and is_from_data(objective, init):
        size = choose_size(objective, options.seed, limits.max_seconds / 2)
    if size is None:
        factors = factors_to_try(objective)
        if validation is not None or options.max_iterations is not None:
            factors = (min(1.0, factors[0]),)
        objective.shrink(factors[0])
        searches.is_comparing = len(factors) > 1
        searches.run(init, options.n_starts, options.seed)
        searches.weaken(factors)
    else:
        searches.run_to(size)
    objective.vector.write(searches.best.theta)
    results = searches.results(own_bounds, before)
    report.end(results)
    return results


def _limits(optimizer: Optimizer, options: FitOptions) -> Limits:
    """Return the limits of a search; those that are None are the optimiser's own."""
    tolerance, most, seconds = options.tolerance, options.max_iterations, options.max_seconds
    return Limits(
        optimizer.tolerance if tolerance is None else tolerance,
        optimizer.max_iterations if most is None else most,
        np.inf if seconds is None else seconds,
        options.patience,
    )


@dataclass(frozen=True)
class _Stage:
    """Where a search stood at one strength of shrinkage, and how it predicts."""

    factor: float
    best: Watch
    ending: tuple[bool, int, str]
    told: list[float]
    held_out: HeldOut


def _gets_worse(stages: Sequence[_Stage], of_mean: float) -> bool:
    """Tell whether a weaker strength predicted worse than one that predicted anything at all."""
    if len(stages) < 2:
        return False
    before, last = (stage.held_out.loss for stage in stages[-2:])
    return before < of_mean and last > before


class _Search:
    """Searches from several starts, of which the best is kept."""

    def __init__(
        self,
        objective: Objective,
        optimizer: Optimizer,
        limits: Limits,
        report: Report,
        validation: Objective | None,
    ):
        self.objective, self.optimizer, self.limits = objective, optimizer, limits
        self.report, self.validation = report, validation
        self.records: list[StartRecord] = []
        self.best = Watch(limits, optimizer.n_flat)
        self._ending: tuple[bool, int, str] = (False, AT_A_LIMIT, "")
        self._began, self._compiled = time.perf_counter(), CLOCK.seconds
        # by searches that the best went on from
        self._told: list[float] = []
        self.held_out: HeldOut | None = None
        self._n_others = 0
        self._size: Size | None = None
        self.is_comparing = False

    def run(self, init: str, n_starts: int, seed: int | None) -> None:
        """Search from every start, until Ctrl-C or a limit of time ends it.

        If what comes of that predicts no better than a constant, other starts are tried.
        """
        if init == "auto" and self.optimizer.is_direct:
            init = "model"
        seconds = self.limits.max_seconds
        starts = find_starts(self.objective, init, n_starts, seed, seconds / 2)
        if not all(self._goes_on_after(start) for start in starts):
            return
        if init in ("auto", "data") and self._ending[0] and self._is_no_better_than_mean():
            self._n_others = N_OTHERS
            for start in other_starts(self.objective, seed, self._seconds_left()):
                self._goes_on_after(start)

    def run_to(self, size: Size) -> None:
        """Search from a start that data held out have told, as far as they have told."""
        self._size = size
        start = Start("smaller" if size.is_smaller else "data", size.theta)
        if size.is_smaller:
            watch = self._watch()
            self._check(start, watch)
            self._record(start, watch, True, "the smaller model inside is at its minimum")
            return

        def ends(number: int, loss: float) -> bool:
            return self.report.iteration(number, loss) is True or loss <= size.least

        self._goes_on_after(start, ends)
        reached = self.objective.without_shrinkage(self.best.loss, self.best.theta)
        if reached <= size.least and self._ending[1] != INTERRUPTED:
            said = "all data are fitted as well as a part was where it predicted the rest best"
            self._ending = (True, CONVERGED, said)

    def _goes_on_after(self, start: Start, callback: Callback | None = None) -> bool:
        """Search from a start; tell whether there is time for another one."""
        watch = self._watch(callback)
        try:
            self._check(start, watch)
            converged, message = minimise(
                self.optimizer, self.objective, start.theta, watch, start.is_near
            )
        except KeyboardInterrupt:
            self._interrupt(start, watch)
            return False
        self._record(start, watch, converged, message)
        return time.perf_counter() - self._began <= self.limits.max_seconds

    def weaken(self, factors: Sequence[float]) -> None:
        """Go on with less shrinkage, as long as that predicts what a fit has not seen better.

        Parameters
        ----------
        factors : sequence of float
            Of the strengths that the data tell, falling; the first is that of the search so far.
        """
        if len(factors) < 2 or self.has_to_end():
            return
        objective, at = self.objective, factors[0]
        stage = self._stage(at)
        stages = [] if stage is None else [stage]
        for factor in factors[1:]:
            objective.shrink(factor / at)
            at = factor
            self._go_on()
            if self.has_to_end():
                break
            stage = self._stage(factor)
            if stage is None:
                continue
            stages.append(stage)
            if _gets_worse(stages, self.objective.loss.of_mean):
                break
        if stages:
            kept = stages[choose_stage([stage.held_out for stage in stages])]
            objective.shrink(kept.factor / at)
            self.best, self._ending, self._told = kept.best, kept.ending, kept.told
            self.held_out = kept.held_out
        self.is_comparing = False
        if not self.has_to_end():
            self._go_on()

    def _stage(self, factor: float) -> _Stage | None:
        held_out = predict_held_out(self.objective, self.best.theta)
        if held_out is None:
            return None
        return _Stage(factor, self.best, self._ending, self._told, held_out)

    def has_to_end(self) -> bool:
        """Tell whether there is no time for more."""
        used = time.perf_counter() - self._began
        return self._ending[1] == INTERRUPTED or used > self.limits.max_seconds

    def _go_on(self) -> None:
        """Search from the best so far."""
        start, watch = Start("data", self.best.theta), self._watch()
        told = [*self._told, *self.best.told]
        try:
            self._check(start, watch)
            converged, message = minimise(
                self.optimizer, self.objective, start.theta, watch, start.is_near
            )
            status = CONVERGED if converged else AT_A_LIMIT
        except KeyboardInterrupt:
            converged, status, message = False, INTERRUPTED, "interrupted"
        if watch.history:
            self.best, self._told = watch, told
        self._ending = converged, status, message

    def _is_no_better_than_mean(self) -> bool:
        loss = self.objective.loss
        value, _ = loss.finish(self.objective.engine.total(self.best.theta, loss))
        return value > loss.of_mean - _HARDLY_BETTER * (loss.of_mean - loss.least)

    def _about_others(self, warnings: Sequence[str]) -> list[str]:
        """Say that other starts led to nothing better than a constant, if nothing else does."""
        if not self._n_others or warnings or not self._is_no_better_than_mean():
            return []
        return [
            "the prediction is no better than the mean of the response, from "
            f"{self._n_others} other starts as well"
        ]

    def results(self, own_bounds: Bounds | None, compiled_before: float) -> FitResults:
        """Give what came of the best search; what had been compiled before the fit is not its."""
        objective, best = self.objective, self.best
        converged, status, message = self._ending
        told = [*self._told, *best.told]
        loss = objective.without_shrinkage(best.loss, best.theta)
        is_smaller = self._size is not None and self._size.is_smaller
        ended = Ended(best.theta, loss, converged, message, own_bounds, self.held_out, is_smaller)
        warnings, rank = find_warnings(objective, ended)
        if self._size is not None and is_smaller:
            warnings.append(self._size.text)
        return FitResults(
            loss=loss,
            initial_loss=told[0],
            loss_name=objective.loss_name,
            loss_history=tuple(told),
            n_parameters=objective.n_parameters,
            n_iterations=len(told) - 1,
            n_evaluations=objective.n_evaluations,
            converged=converged,
            status=status,
            message=message,
            optimizer=self.optimizer.name,
            starts=tuple(self.records),
            validation_history=tuple(best.validation_history),
            rank=rank,
            warnings=(
                *warnings,
                *self._about_others(warnings),
            ),
            edf=find_edf(objective, best.theta, rank),
            strengths={each.label: each.told_strengths for each in objective.shrunk},
            shrinkage=tuple(map(str, objective.shrunk)),
            log_likelihood=objective.log_likelihood(best.theta),
            n_samples=objective.loss.n_samples,
            compile_seconds=CLOCK.seconds - compiled_before,
            seconds=max(time.perf_counter() - self._began - CLOCK.seconds + self._compiled, 0.0),
        )

    def _watch(self, callback: Callback | None = None) -> Watch:
        tolerance = self.limits.tolerance * (_WHILE_COMPARING if self.is_comparing else 1.0)
        limits = replace(self.limits, max_seconds=self._seconds_left(), tolerance=tolerance)
        least = self.objective.loss.least
        n_flat, told = self.optimizer.n_flat, self.objective.without_shrinkage
        callback = callback or self.report.iteration
        return Watch(limits, n_flat, callback, self.validation, least, told)

    def _seconds_left(self) -> float:
        used = time.perf_counter() - self._began
        return max(self.limits.max_seconds - used, float(np.finfo(float).tiny))

    def _check(self, start: Start, watch: Watch) -> None:
        """Look at a start; refuse one from which nothing can move."""
        value, gradient = self.objective.value_and_grad(start.theta)
        if not (np.isfinite(value) and np.all(np.isfinite(gradient))):
            self.objective.check_start(start.theta)
            raise FloatingPointError(
                f"the loss is {value} at the start of the fit, before anything has moved, or its "
                "gradient is not finite; look at model.predict(x), and at the parameters that the "
                "model starts from"
            )
        watch.after(value, start.theta)

    def _interrupt(self, start: Start, watch: Watch) -> None:
        """Keep what was found so far, which is what the user waits for."""
        message = "interrupted"
        if watch.history:
            self._record(start, watch, False, message)
        elif not self.records:
            raise
        self._ending = (False, INTERRUPTED, message)

    def _record(self, start: Start, watch: Watch, converged: bool, message: str) -> None:
        self.records.append(
            StartRecord(
                init=start.init,
                initial_loss=watch.told[0],
                loss=self.objective.without_shrinkage(watch.loss, watch.theta),
                n_iterations=watch.n_iterations,
                converged=converged,
            )
        )
        if not self.best.history or _score(watch) < _score(self.best):
            self.best = watch
            self._ending = (converged, CONVERGED if converged else AT_A_LIMIT, message)


def _score(watch: Watch) -> float:
    """Give what starts are compared by."""
    return min(watch.validation_history) if watch.validation_history else watch.loss
