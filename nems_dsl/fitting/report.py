"""Telling the user how a fit goes."""

from __future__ import annotations

from .optimisers.watch import Callback
from .results import FitResults

PRINT_EVERY = 5


class Report:
    """Prints how a fit is going, as `verbose` asks for, and calls the user's callback.

    `factor` makes the loss of the fit's coordinates that of the user's.
    """

    def __init__(self, verbose: int, callback: Callback | None, factor: float = 1.0):
        self.verbose, self.callback, self.factor = verbose, callback, factor
        if verbose:
            print("Epoch 0")
            print("=" * 30)

    def iteration(self, number: int, loss: float) -> object:
        """Report an iteration; give what the user's callback gives."""
        loss *= self.factor
        if self.verbose and number % PRINT_EVERY == 0:
            print(f"        Iteration {number}, error is: {loss:.8f}...")
        return None if self.callback is None else self.callback(number, loss)

    def end(self, results: FitResults) -> None:
        """Report the end."""
        if not self.verbose:
            return
        print(f"Fit successful: {results.converged}")
        print(f"Status: {results.status}")
        print(f"Message: {results.message}")
        for warning in results.warnings:
            print(f"Warning: {warning}")
