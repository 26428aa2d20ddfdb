"""What can be chosen in a fit: words, what each means, and what others call it.

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

#: What other programs call what is here called otherwise.
ELSEWHERE = {
    "input": "the stimulus is called x here",
    "X": "the stimulus is called x here",
    "stim": "the stimulus is called x here",
    "stimulus": "the stimulus is called x here",
    "target": "the response is called y here",
    "Y": "the response is called y here",
    "resp": "the response is called y here",
    "response": "the response is called y here",
    "fitter_options": "write tolerance= and max_iterations=",
    "options": "write tolerance= and max_iterations=",
    "backend": "there is one; optimizer= chooses how it searches",
    "fitter": "write optimizer=",
    "cost_function": "write loss=",
    "epochs": "write max_iterations=",
    "maxiter": "write max_iterations=",
    "max_iter": "write max_iterations=",
    "ftol": "write tolerance=",
    "tol": "write tolerance=",
    "random_state": "write seed=",
    "early_stopping_tolerance": "write validation= and patience=",
    "batch_size": "all trials are fitted together; leave it out",
    "n_init": "write n_starts=",
}
