"""Standard errors of a fitted model, by the sandwich, the bootstrap or the profile likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from ...data.recording import Recording, read_recording
from ...data.trials import Data
from ...fit_options import FitArguments, FitOptions, document_options
from ...fitting.uncertainty.errors import StandardErrors
from ...fitting.uncertainty.estimate import estimate_errors
from ...suggestions import no_such
from .bootstrap import bootstrap_errors
from .profile import profile_errors
from .setting import enter

if TYPE_CHECKING:
    from ...models.model import Model

METHODS = ("sandwich", "bootstrap", "profile")


@document_options
def standard_errors(
    model: Model,
    x: Data,
    y: Data | None = None,
    *,
    state: Data | None = None,
    mask: Any = None,
    method: str = "sandwich",
    level: float = 0.9,
    block_bins: int | None = None,
    n_resamples: int = 200,
    parameters: Sequence[str] | None = None,
    resampling_seed: int | None = 0,
    **options: Unpack[FitArguments],
) -> StandardErrors:
    """Estimate the standard errors of a fitted model's parameters.

    A fit of up to 600 parameters has those of the sandwich as ``results.standard_errors``; this is
    for the other methods, for blocks of a length of one's own, and for larger models.

    Parameters
    ----------
    model : Model
        As `fit` gives it.
    x, y, state, mask
        The data that it was fitted to, as for `Model.fit`.
    method : {"sandwich", "bootstrap", "profile"}
        From curvature and scores; from fits to blocks of the data, drawn with replacement; or from
        how much the likelihood falls when a parameter is moved and all others are fitted again.
    level : float
        Of the confidence intervals.
    block_bins : int, optional
        Bins of the blocks within which residuals may depend on each other; by default from their
        autocorrelation.
    n_resamples : int
        Fits of the bootstrap.
    parameters : sequence of str, optional
        For the profile, which parameters, such as ``"dexp.kappa"``; by default all that are
        identified. Others have the errors of the sandwich.
    resampling_seed : int or None
        For the blocks that are drawn.
    {options}

    Returns
    -------
    StandardErrors
        By layer and by name, as `Model.get_parameter_values` has the values, in the user's units.

    Raises
    ------
    ValueError
        The model was not fitted, or has layers without kernels; there is no such method; or, for
        the bootstrap, the model remembers without bounds.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl import fit
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal((400, 2))
    >>> y = x @ [1.0, 0.5] + 0.5 * rng.standard_normal(400)
    >>> model = fit("wc.2x1-lvl.1", x, y, verbose=0)
    >>> standard_errors(model, x, y, method="bootstrap", n_resamples=20)
    StandardErrors(bootstrap, of 3 of 3 numbers)
    """
    if method not in METHODS:
        raise ValueError(no_such("method", method, METHODS))
    if not 0 < level < 1:
        raise ValueError(f"the level of an interval lies between 0 and 1, as 0.9 does, not {level}")
    results = model.results
    if results is None or results.is_failed:
        raise ValueError("the model was not fitted: standard errors are those of a fit")
    as_fitted = {
        "loss": results.loss_name,
        "edges": results.edges,
        "shrinkage": "auto" if results.shrinkage else "none",
    }
    told = {**as_fitted, **options}
    chosen = FitOptions.read(told, "standard_errors")
    recording = read_recording(x, y, state=state, mask=mask)
    errors = _sandwich(model, recording, chosen, block_bins)
    if method == "sandwich":
        return replace(errors, level=level)
    setting = enter(model, recording, chosen)
    if method == "bootstrap":
        return bootstrap_errors(setting, errors, level, n_resamples, resampling_seed)
    return profile_errors(setting, errors, level, parameters)


def _sandwich(
    model: Model, recording: Recording, options: FitOptions, block_bins: int | None
) -> StandardErrors:
    setting = enter(model, recording, options, standardised=True)
    n_bins = setting.n_bins
    estimate = estimate_errors(
        setting.objective, setting.standard, n_bins=n_bins, block_bins=block_bins
    )
    if estimate is None:
        raise ValueError(
            "there is no curvature to tell errors from: the model has nothing to be fitted, or a "
            "layer without kernels, or more than 100,000 parameters times outputs, or derivatives "
            "that are not finite where it stands"
        )
    setting.standard.leave()
    return estimate.in_users_units(setting.model.layers.names)
