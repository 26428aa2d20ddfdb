"""A fit near its minimum: derivatives of every sample of the prediction, and of the loss by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...layers.base import Tangents, flat
from ..engine.blocks import Block
from ..findings.determined import derivatives_of

if TYPE_CHECKING:
    from ..objective import Objective

#: The most values of the Jacobian that are held at a time; longer data are represented by a share.
MOST_VALUES = 8_000_000
_BINS, _BINS_PER_PARAMETER = 4000, 12


@dataclass(frozen=True)
class Drive:
    """The output of the linear front, over the bins that count, and how parameters move it.

    Attributes
    ----------
    mean, sd : (outputs,) arrays
    d_mean, d_sd : (outputs, n) arrays
        Their derivatives.
    low, high : (outputs,) arrays
        Its range.
    """

    mean: np.ndarray
    sd: np.ndarray
    d_mean: np.ndarray
    d_sd: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Linearised:
    """What the sandwich is made of, for the bins that were chosen.

    Attributes
    ----------
    jacobian : (bins, rows, n) array
        Derivative of the prediction, row by row of an output, by each free parameter.
    slope, curvature : (bins, rows) arrays
        First derivative, and expected second one, of what the loss sums up; 0 where the response is
        NaN.
    stretches : (k + 1,) int array
        Where bins that follow one another in time begin, and last, how many bins there are.
    share : float
        How much of the data these bins are.
    drive : Drive or None
    """

    jacobian: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray
    stretches: np.ndarray
    share: float
    drive: Drive | None

    @property
    def residuals(self) -> np.ndarray:
        """Residuals of variance alike: those of Pearson, for counts; (bins, rows)."""
        counted = self.curvature > 0
        return np.where(counted, self.slope / np.sqrt(np.where(counted, self.curvature, 1)), 0.0)


def linearise(
    objective: Objective, theta: np.ndarray, cut: int | None = None, n_bins: int | None = None
) -> Linearised:
    """Take the derivatives of a fit near its minimum.

    Parameters
    ----------
    objective : Objective
        Of layers that all have kernels.
    theta : (n,) array
    cut : int, optional
        The layer whose output is the drive of a nonlinearity.
    n_bins : int, optional
        How many bins are enough; by default so many that errors are known to a few percent.
    """
    n, n_rows = len(theta), int(np.prod(objective.engine.output_shape))
    if n_bins is None:
        n_bins = max(_BINS, _BINS_PER_PARAMETER * n // n_rows)
    jacobian, share = derivatives_of(objective, min(n_bins, MOST_VALUES // (n * n_rows) + 1))
    last = objective.engine.structure.last
    parts: list[list[np.ndarray]] = []
    starts: list[int] = []
    moments = _Moments()
    n_found, before = 0, None
    for block, plan, found in jacobian.walk(theta, share):
        counted = slice(block.at, block.at + block.n_counted)
        out = flat(plan.last.out)
        slope, curvature = np.empty_like(plan.last.out), np.empty_like(plan.last.out)
        objective.loss.add(plan.last.out, plan.pack.target, slope)
        objective.loss.curvature(plan.last.out, plan.pack.target, curvature)
        dense = _dense(found.get(last), len(out), n, counted)
        of_block = [flat(each)[:, counted].T.copy() for each in (slope, curvature)]
        parts.append([dense, *of_block])
        if not _goes_on(before, block):
            starts.append(n_found)
        n_found, before = n_found + block.n_counted, block
        if cut is not None:
            (step,) = (step for step in plan.forward if step.place == cut)
            drive = flat(step.work.out)
            moments.add(
                drive[:, counted],
                _dense(found.get(step.place), len(drive), n, counted),
                np.any(of_block[1] > 0, axis=1),
            )
    dense, slope, curvature = (np.concatenate(each) for each in zip(*parts, strict=True))
    n_samples = int(np.count_nonzero(curvature))
    return Linearised(
        dense,
        slope,
        curvature,
        stretches=np.array([*starts, n_found]),
        share=n_samples / objective.loss.n_samples,
        drive=moments.drive(),
    )


def _goes_on(before: Block | None, block: Block) -> bool:
    """Tell whether a block follows the one before it in the same segment of the data."""
    return (
        before is not None
        and block.at > 0
        and block.pack == before.pack
        and block.start == before.stop
    )


def _dense(tangents: Tangents | None, n_rows: int, n: int, counted: slice) -> np.ndarray:
    dense = np.zeros((counted.stop - counted.start, n_rows, n))
    if tangents is not None:
        dense[:, tangents.rows, tangents.entries] = tangents.values[:, counted].T
    return dense


class _Moments:
    """Mean and variance of the drive, and their derivatives, summed up over blocks."""

    def __init__(self) -> None:
        self._n_bins = 0
        self._sums: list[np.ndarray] = []
        self._low: np.ndarray | None = None
        self._high: np.ndarray | None = None

    def add(self, drive: np.ndarray, jacobian: np.ndarray, counted: np.ndarray) -> None:
        """Add a block: drive (outputs, bins), jacobian (bins, outputs, n), counted (bins,)."""
        drive, jacobian = drive[:, counted], jacobian[counted]
        if not drive.size:
            return
        sums = [
            drive.sum(axis=1),
            np.einsum("rt,rt->r", drive, drive),
            jacobian.sum(axis=0),
            np.einsum("rt,trn->rn", drive, jacobian),
        ]
        low, high = drive.min(axis=1), drive.max(axis=1)
        self._low = low if self._low is None else np.minimum(self._low, low)
        self._high = high if self._high is None else np.maximum(self._high, high)
        self._sums = [a + b for a, b in zip(self._sums, sums, strict=True)] if self._sums else sums
        self._n_bins += drive.shape[1]

    def drive(self) -> Drive | None:
        if not self._sums:
            return None
        assert self._low is not None and self._high is not None
        first, second, slopes, products = (each / self._n_bins for each in self._sums)
        sd = np.sqrt(np.maximum(second - first**2, 0))
        covariance = products - first[:, None] * slopes
        d_sd = covariance / np.where(sd > 0, sd, np.inf)[:, None]
        return Drive(first, sd, slopes, d_sd, self._low, self._high)
