"""The sandwich: variances of estimates that hold whatever the residuals' law is.

With A the curvature of the loss at its minimum and B the variance of its slope, estimates have the
variance ``A^-1 B A^-1`` (Huber, 1967; White, 1982, Econometrica 50: 1-25). B is summed over blocks
of consecutive bins, so that residuals may depend on each other within a block (Carlstein, 1986,
Annals of Statistics 14: 1171-1179). Residuals of few data are too small, for the parameters have
been fitted to them; they are enlarged as Bell & McCaffrey (2002, Survey Methodology 28: 169-181)
do. The degrees of freedom are those of a sum of independent squares that has the same mean and
variance (Satterthwaite, 1946).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.linalg.blas import dsyrk

from .linearised import Linearised

# of the largest eigenvalue of the curvature, each parameter in units in which its own is 1
_NO_CURVATURE = 1e-12
# the part of a direction that may lie in those without curvature, which rounding makes
_ROUNDING = 1e-4
# a block that determines a direction by itself says nothing of the error in it
_ALL = 1 - 1e-7
_FEWEST_BLOCKS = 30
_CHANCE, _IN_A_ROW, _LEAST_SUM = 2.0, 5, 0.1
_MOST_PRODUCTS = 5_000_000


@dataclass(frozen=True)
class Sandwich:
    """The variance of estimates, and of whatever depends on them.

    Attributes
    ----------
    scale : (n,) array
        Square roots of each parameter's own curvature.
    root : (n, r) array
        With which ``root @ root.T`` is the inverse of A where A has one, in scaled parameters.
    middle : (r, r) array
        B in the coordinates of the root's columns.
    null : (n, n - r - m) array
        Directions without curvature, in scaled parameters; m parameters were held fixed.
    rows : (bins, outputs, r) array
        The Jacobian in these coordinates.
    blocks : (b + 1,) int array
        Where each block of bins begins.
    """

    scale: np.ndarray
    root: np.ndarray
    middle: np.ndarray
    null: np.ndarray
    rows: np.ndarray
    blocks: np.ndarray

    @property
    def n_blocks(self) -> int:
        """How many blocks there are."""
        return len(self.blocks) - 1

    @property
    def block_bins(self) -> int:
        """Bins of the longest block."""
        return int(np.diff(self.blocks).max())

    def is_identified(self, slopes: np.ndarray) -> np.ndarray:
        """Tell which functions of the parameters no direction without curvature changes.

        Parameters
        ----------
        slopes : (k, n) array
            Derivatives of the functions by the parameters.

        Returns
        -------
        (k,) bool array
            A function that no parameter changes is none.
        """
        scaled = slopes / self.scale
        size = np.linalg.norm(scaled, axis=1)
        return (size > 0) & (np.linalg.norm(scaled @ self.null, axis=1) <= _ROUNDING * size)

    def errors(self, slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return standard errors of functions of the parameters, and their degrees of freedom.

        Parameters
        ----------
        slopes : (k, n) array
            Derivatives of the functions by the parameters.

        Returns
        -------
        errors, degrees : (k,) arrays
            In directions without curvature parameters are held where they are.
        """
        weights = (slopes / self.scale) @ self.root
        variance = np.sum((weights @ self.middle) * weights, axis=1)
        return np.sqrt(np.maximum(variance, 0)), self._degrees(weights)

    def _degrees(self, weights: np.ndarray) -> np.ndarray:
        n_bins, n_outputs, rank = self.rows.shape
        even = float(max(1, self.n_blocks - 1))
        if not rank:
            return np.full(len(weights), even)
        # some blocks are enough to tell how evenly they all contribute
        every = max(1, weights.size * n_bins * n_outputs // _MOST_PRODUCTS)
        chosen = np.arange(self.n_blocks)[::every]
        bins = np.concatenate([np.arange(*self.blocks[place : place + 2]) for place in chosen])
        starts = np.concatenate([[0], np.cumsum(np.diff(self.blocks)[chosen])[:-1]])
        products = self.rows[bins].reshape(-1, rank) @ weights.T
        # their size does not matter, only how evenly they contribute
        products /= np.abs(products).max(initial=0.0) or 1.0
        squares = (products**2).reshape(len(bins), n_outputs, -1).sum(axis=1)
        shares = np.add.reduceat(squares, starts, axis=0)
        total, spread = shares.sum(axis=0), (shares**2).sum(axis=0)
        found = np.where(spread > 0, every * total**2 / np.where(spread > 0, spread, 1), even)
        return np.asarray(np.round(found, 1))


def make_sandwich(
    linearised: Linearised,
    penalty: np.ndarray,
    fixed: np.ndarray,
    block_bins: int | None = None,
) -> Sandwich:
    """Estimate the variance of the parameters.

    Parameters
    ----------
    linearised : Linearised
    penalty : (n, n) array
        Curvature of what is added to the sum that the loss is made of.
    fixed : (n,) bool array
        Parameters that do not move, such as those at a bound.
    block_bins : int, optional
        Bins of a block; by default from the autocorrelation of the residuals.
    """
    n = len(fixed)
    weighted = linearised.jacobian * np.sqrt(linearised.curvature)[..., None]
    flat = weighted.reshape(-1, n)
    # a product of a matrix with itself takes half the work of two
    half = dsyrk(1.0, flat.T)
    curvature = (half + np.triu(half, 1).T) / linearised.share + penalty
    own = np.diag(curvature)
    scale = np.sqrt(np.where(own > 0, own, 1))
    free = np.flatnonzero(~fixed)
    values, vectors = np.linalg.eigh((curvature / np.outer(scale, scale))[np.ix_(free, free)])
    kept = values > _NO_CURVATURE * max(float(values.max(initial=0)), 1e-300)
    root, null = np.zeros((n, int(kept.sum()))), np.zeros((n, int((~kept).sum())))
    root[free] = vectors[:, kept] / np.sqrt(values[kept])
    null[free] = vectors[:, ~kept]
    rows = (flat @ (root / scale[:, None])).reshape(*weighted.shape[:2], -1)
    residuals = linearised.residuals
    if block_bins is None:
        block_bins = choose_block_bins(residuals, linearised.curvature > 0, linearised.stretches)
    blocks = _cut(linearised.stretches, block_bins)
    scores = _block_scores(rows, residuals, blocks)
    # a penalty, or a share of the data, leaves a slope that is the same in all
    scores = scores - scores.mean(axis=0)
    middle = scores.T @ scores / linearised.share
    return Sandwich(scale, root, middle, null, rows, blocks)


def choose_block_bins(residuals: np.ndarray, counted: np.ndarray, stretches: np.ndarray) -> int:
    """Choose how long blocks are, from the autocorrelation of the residuals.

    Parameters
    ----------
    residuals : (bins, rows) array
    counted : (bins, rows) bool array
        Which of them there are.
    stretches : (k + 1,) int array
        Where bins that follow one another begin.

    Returns
    -------
    int
        ``(D / S)^(2/3) bins^(1/3)``, with S the sum of all autocorrelations and D that of lags
        times them: the length with the least error of the variance of a mean (Carlstein, 1986).
        The sums end at twice the lag behind which five autocorrelations in a row are within
        chance, with the weights of Politis & White (2004, Econometric Reviews 23: 53-70). No fewer
        than 30 blocks are left.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.standard_normal((3000, 1))
    >>> counted, whole = np.ones((3000, 1), bool), np.array([0, 3000])
    >>> choose_block_bins(noise, counted, whole)
    1
    >>> slow = np.convolve(noise[:, 0], np.ones(20), "same")[:, None]
    >>> 20 < choose_block_bins(slow, counted, whole) <= 100
    True
    """
    n_bins = int(counted.any(axis=1).sum())
    longest = min(int(np.diff(stretches).max()), max(1, n_bins // _FEWEST_BLOCKS))
    mean = residuals.sum(axis=0) / np.maximum(counted.sum(axis=0), 1)
    centred = np.where(counted, residuals - mean, 0.0)
    variance = float(np.mean(centred[counted] ** 2)) if counted.any() else 0.0
    if variance <= 0 or longest == 1:
        return 1
    limit = _CHANCE * np.sqrt(np.log10(n_bins) / n_bins)
    found: list[float] = []
    for lag in range(1, longest + _IN_A_ROW + 1):
        found.append(_correlation(centred, counted, stretches, lag) / variance)
        if len(found) >= _IN_A_ROW and np.abs(found[-_IN_A_ROW:]).max() < limit:
            break
    n_lags = 2 * (len(found) - _IN_A_ROW)
    if n_lags <= 0:
        return 1
    while len(found) < n_lags:
        found.append(_correlation(centred, counted, stretches, len(found) + 1) / variance)
    lags = np.arange(1, n_lags + 1)
    weighted = np.minimum(1, 2 * (1 - lags / (n_lags + 1))) * found[:n_lags]
    total, moment = 1 + 2 * weighted.sum(), 2 * abs(lags @ weighted)
    wanted = (moment / max(total, _LEAST_SUM)) ** (2 / 3) * n_bins ** (1 / 3)
    return int(np.clip(round(wanted), 1, longest))


def _correlation(
    centred: np.ndarray, counted: np.ndarray, stretches: np.ndarray, lag: int
) -> float:
    """Return the mean product of bins that are so far apart, within stretches."""
    product, pairs = 0.0, 0
    for start, stop in itertools.pairwise(stretches.tolist()):
        one, other = slice(start, max(start, stop - lag)), slice(min(start + lag, stop), stop)
        product += float(np.vdot(centred[one], centred[other]))
        pairs += int(np.count_nonzero(counted[one] & counted[other]))
    return product / pairs if pairs else 0.0


def _cut(stretches: np.ndarray, block_bins: int) -> np.ndarray:
    """Cut stretches into blocks of about so many bins."""
    edges = [0]
    for start, stop in itertools.pairwise(stretches.tolist()):
        n_parts = max(1, round((stop - start) / block_bins))
        edges += [start + (stop - start) * part // n_parts for part in range(1, n_parts + 1)]
    return np.array(edges)


def _block_scores(rows: np.ndarray, residuals: np.ndarray, blocks: np.ndarray) -> np.ndarray:
    """Return the slope of each block, with residuals as large as before parameters were fitted.

    With U the rows of a block, its residuals r are on average too small by ``(I - UU')^(1/2)``.

    Returns
    -------
    (blocks, r) array
        ``U' (I - UU')^(-1/2) r``
    """
    lengths = np.diff(blocks)
    if lengths.max() == 1 and rows.shape[1] == 1:
        leverage = np.minimum(np.einsum("tcr,tcr->t", rows, rows), _ALL)
        return rows[:, 0] * (residuals[:, 0] / np.sqrt(1 - leverage))[:, None]
    found = np.zeros((len(lengths), rows.shape[-1]))
    for length in np.unique(lengths):
        places = np.flatnonzero(lengths == length)
        bins = blocks[places][:, None] + np.arange(length)
        of_blocks = rows[bins].reshape(len(places), rows.shape[1] * int(length), rows.shape[-1])
        r = residuals[bins].reshape(len(places), -1, 1)
        found[places] = _enlarged_score(of_blocks, r)
    return found


def _enlarged_score(rows: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Return ``U' (I - UU')^(-1/2) r`` of each block, (blocks, r)."""
    transposed = rows.transpose(0, 2, 1)
    is_long = rows.shape[1] > rows.shape[2]
    # U' (I - UU')^(-1/2) = (I - U'U)^(-1/2) U'
    values, vectors = np.linalg.eigh(transposed @ rows if is_long else rows @ transposed)
    known = values < _ALL
    factor = np.where(known, 1 / np.sqrt(1 - np.where(known, values, 0)), 0.0)[..., None]
    given = transposed @ residuals if is_long else residuals
    enlarged = vectors @ (factor * (vectors.transpose(0, 2, 1) @ given))
    return np.asarray((enlarged if is_long else transposed @ enlarged)[..., 0])
