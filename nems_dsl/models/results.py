"""What came of a fit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class FitResults:
    """A fit's outcome, as `Model.results`.

    Attributes
    ----------
    loss : float
        At the end, penalties included.
    initial_loss : float
    loss_name : str
    loss_history : tuple of float
        One per iteration; the first is the initial loss.
    n_parameters : int
        Free parameters.
    n_iterations, n_evaluations : int
        An evaluation is one loss with its gradient.
    seconds : float
        Wall time of the search.
    converged : bool
        A minimum was found; False when a limit ended the search.
    status : int
        The optimiser's own code.
    message : str
    optimizer : str
    """

    loss: float
    initial_loss: float
    loss_name: str
    loss_history: tuple[float, ...]
    n_parameters: int
    n_iterations: int
    n_evaluations: int
    seconds: float
    converged: bool
    status: int
    message: str
    optimizer: str

    def to_dict(self) -> dict[str, Any]:
        """Give the results as JSON can hold them."""
        return {**asdict(self), "loss_history": list(self.loss_history)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> FitResults:
        """Read what `to_dict` gave."""
        return cls(**{**data, "loss_history": tuple(data["loss_history"])})

    def __str__(self) -> str:
        ended = "converged" if self.converged else "not converged"
        return (
            f"{self.loss_name} {self.initial_loss:.6f} -> {self.loss:.6f}, {ended} after "
            f"{self.n_iterations} iterations, {self.n_evaluations} evaluations, "
            f"{self.seconds:.2f} s ({self.message})"
        )
