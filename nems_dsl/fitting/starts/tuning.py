"""Choosing tuning curves for channels from those that a layer can make."""

from __future__ import annotations

import numpy as np

from ..linear.ridge import RidgeProblem

# temporal patterns by which curves are compared; the filters are fitted afterwards in full
_N_PATTERNS = 5
_N_SWEEPS = 2
# values of the fields by which curves are compared; fewer curves than these would be too coarse
_MOST_VALUES, _MOST_CURVES, _FEWEST_CURVES = 1 << 23, 600, 64
# of the mean of the diagonal: two equal curves are no reason to stop
_LOADING = 1e-6


def choose_curves(ridge: RidgeProblem, curves: np.ndarray, n_chosen: int) -> list[int]:
    """Choose curves that together explain most of a response, each with a filter of its own.

    Parameters
    ----------
    ridge : RidgeProblem
    curves : (n_curves, channels) array
    n_chosen : int

    Returns
    -------
    list of int
        Numbers of curves, in the order in which they were chosen.

    Notes
    -----
    One after the other, the curve that explains most beside those already there; then each in
    turn is exchanged for whichever is best beside the others. Filters are limited to the main
    temporal patterns of the receptive field.
    """
    some = _spread(ridge, curves, n_chosen)
    cross, square, n_patterns = _reduced(ridge, curves[some])
    chosen: list[int] = []
    for _ in range(n_chosen):
        chosen.append(_best_beside(chosen, cross, square, n_patterns))
    for _ in range(_N_SWEEPS if n_chosen > 1 else 0):
        before = list(chosen)
        for place in range(n_chosen):
            others = chosen[:place] + chosen[place + 1 :]
            chosen[place] = _best_beside(others, cross, square, n_patterns)
        if chosen == before:
            break
    return [int(some[each]) for each in chosen]


def _spread(ridge: RidgeProblem, curves: np.ndarray, n_chosen: int) -> np.ndarray:
    """Give numbers of curves to choose among: all, or of very many inputs some spread over all."""
    n_fields = _MOST_VALUES // ridge.covariance.n_inputs
    n = min(len(curves), _MOST_CURVES)
    if _N_PATTERNS * curves.shape[1] > n_fields:
        n = min(n, max(n_fields // _N_PATTERNS, _FEWEST_CURVES))
    return np.linspace(0, len(curves) - 1, max(n, n_chosen)).astype(int)


def _reduced(ridge: RidgeProblem, curves: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Give cross-covariance and covariance of what curves and patterns make of the stimulus."""
    n_curves, n_channels = curves.shape
    n_outputs = len(ridge.cross)
    fields = ridge.weights.reshape(n_outputs * n_channels, -1)
    n_lags = fields.shape[1]
    patterns = np.linalg.svd(fields, full_matrices=False)[2][:_N_PATTERNS]
    n_patterns = len(patterns)
    # curves are sums of channels, so that whichever are fewer will do
    basis, mixed = (
        (curves, np.eye(n_curves)) if n_curves < n_channels else (np.eye(n_channels), curves)
    )
    loaded = np.empty((len(basis), n_patterns, len(basis), n_patterns))
    for number, pattern in enumerate(patterns):
        fields = (basis[:, :, None] * pattern).reshape(len(basis), -1)
        products = ridge.covariance.times(fields).reshape(len(basis), n_channels, n_lags)
        loaded[:, number] = np.einsum("acj,bc,qj->abq", products, basis, patterns, optimize=True)
    square = np.einsum("cpdq,ac,bd->apbq", loaded, mixed, mixed, optimize=True)
    cross = ridge.cross.reshape(n_outputs, n_channels, n_lags) @ patterns.T
    # an output that never changes has no covariance with anything either
    sd = np.sqrt(np.where(ridge.variance > 0, ridge.variance, 1.0))
    cross = np.einsum("ocp,ac->oap", cross, curves) / sd[:, None, None]
    size = n_curves * n_patterns
    return cross.reshape(n_outputs, size), square.reshape(size, size), n_patterns


def _best_beside(others: list[int], cross: np.ndarray, square: np.ndarray, n: int) -> int:
    """Give the curve that explains most together with others."""
    n_curves = square.shape[0] // n
    sets = np.array([[*others, each] for each in range(n_curves)])
    places = (sets[:, :, None] * n + np.arange(n)).reshape(n_curves, -1)
    blocks = square[places[:, :, None], places[:, None, :]]
    diagonal = np.arange(blocks.shape[1])
    blocks[:, diagonal, diagonal] += _LOADING * np.diag(square).mean()
    wanted = cross[:, places].transpose(1, 2, 0)
    explained = np.sum(wanted * np.linalg.solve(blocks, wanted), axis=(1, 2))
    return int(np.argmax(explained))
