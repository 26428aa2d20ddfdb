"""What can be chosen in a fit: words, and what each means.

Nothing is loaded for them, for the command line names them before it does anything.
"""

from __future__ import annotations

from dataclasses import dataclass

#: What is minimised.
LOSSES = {
    "nmse": "the root of the mean squared error over the target's standard deviation",
    "mse": "the mean squared error",
    "poisson": "``p - y log p``, for counts y",
}

#: How receptive fields are shrunk.
SHRINKAGE = {
    "auto": "smooth and as strong as the data tell",
    "none": "not at all",
}

#: What the stimulus is taken for before a trial begins, and after it has ended.
EDGES = {
    "zeros": "0",
    "omit": "not known, and bins that depend on it are left out of fits and scores",
    "hold": "its first value, and its last",
}

#: Ways to start, and what they mean.
INITS = {
    "auto": "from data, unless the model's parameters have been set or fitted before",
    "data": "from the regularised receptive field and the scatter of the response",
    "staged": "the linear part from the means of the priors, then the nonlinearity, then all",
    "mean": "at the means of the priors",
    "prior": "drawn from the priors",
    "model": "where the model stands",
}

#: Precisions of the signals.
DTYPES = {"float64": "double", "float32": "single"}


@dataclass(frozen=True)
class Optimizer:
    """A way to minimise an objective.

    Attributes
    ----------
    name : str
    summary : str
        What it is, in one line.
    tolerance : float
        An iteration that lowers the loss by less than this share of it is as good as none.
    max_iterations : int
    n_flat : int
        So many such iterations on end are the end.
    is_direct : bool
        It ends at the same place from wherever it starts.
    """

    name: str
    summary: str
    tolerance: float
    max_iterations: int
    n_flat: int
    is_direct: bool = False


OPTIMIZERS = {
    each.name: each
    for each in (
        Optimizer(
            "gauss-newton",
            "damped Gauss-Newton steps within bounds, or Fisher scoring for poisson",
            tolerance=1e-5,
            max_iterations=100,
            n_flat=3,
        ),
        Optimizer(
            "l-bfgs-b",
            "limited-memory quasi-Newton steps within bounds, by gradients alone",
            tolerance=1e-6,
            max_iterations=2000,
            n_flat=10,
        ),
        Optimizer(
            "closed-form",
            "the solution of a linear least-squares problem",
            tolerance=1e-9,
            max_iterations=20,
            n_flat=1,
            is_direct=True,
        ),
    )
}
