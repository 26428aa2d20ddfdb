"""The block bootstrap: fits to blocks of the data that are drawn with replacement."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...data.recording import Recording
from ...fitting.uncertainty.bands import Front, find_front
from ...fitting.uncertainty.errors import Band, Nested, StandardErrors
from ...fitting.uncertainty.estimate import by_name
from ...graph.reach import Reach
from ...models.fit import fit_model
from .setting import Setting

_FEWEST_RESAMPLES, _FEWEST_BLOCKS = 10, 10


def bootstrap_errors(
    setting: Setting,
    sandwich: StandardErrors,
    level: float,
    n_resamples: int,
    seed: int | None,
) -> StandardErrors:
    """Return standard errors and intervals from fits to resampled data.

    Blocks of consecutive bins are drawn with replacement, each with the bins before it that the
    model remembers, and the model is fitted to them from where it stands (Carlstein, 1986, Annals
    of Statistics 14: 1171-1179). Errors are standard deviations over fits; intervals are
    percentiles of them (Efron, 1979, Annals of Statistics 7: 1-26).

    Parameters
    ----------
    setting : Setting
        In the user's units.
    sandwich : StandardErrors
        Tells what is identified, and how long blocks are.
    level : float
        Of the intervals.
    n_resamples : int
        How many fits.
    seed : int or None

    Raises
    ------
    ValueError
        The model remembers without bounds, or there are too few blocks or resamples.
    """
    if n_resamples < _FEWEST_RESAMPLES:
        raise ValueError(f"n_resamples must be at least {_FEWEST_RESAMPLES}, not {n_resamples}")
    pieces = _cut(setting, sandwich.block_bins)
    blocks = [_prepare(setting, piece) for piece in pieces]
    rng = np.random.default_rng(seed)
    vector, front = setting.objective.vector, find_front(setting.objective)
    at_end = vector.read()
    composed = None if front is None else _Composed.of(front, at_end, sandwich)
    options = replace(setting.options, init="model", n_starts=1, validation=None)
    thetas, fields, curves = [], [], []
    for _ in range(n_resamples):
        drawn = _draw(blocks, rng)
        fitted = fit_model(setting.model, drawn, options, warn=False, tell_errors=False)
        theta = np.concatenate(
            [
                fitted.layers[slot.layer].parameters[slot.name].values.ravel()
                for slot in vector.slots
            ]
        )
        thetas.append(theta)
        if composed is not None:
            field, curve = composed.at(theta)
            fields.append(field)
            curves.append(curve)
    names = setting.model.layers.names
    spread = by_name(vector, names, np.std(thetas, axis=0, ddof=1))
    ends = np.quantile(thetas, [(1 - level) / 2, (1 + level) / 2], axis=0)
    lower, upper = (_where_known(by_name(vector, names, end), sandwich) for end in ends)
    return replace(
        sandwich,
        method="bootstrap",
        errors=_where_known(spread, sandwich),
        # fits to other data have other gains, so that these spread by them
        aligned=sandwich.aligned,
        degrees={
            layer: {name: np.full(array.shape, n_resamples - 1.0) for name, array in each.items()}
            for layer, each in sandwich.degrees.items()
        },
        block_bins=max(stop - start for _, start, stop in pieces),
        n_blocks=len(pieces),
        receptive_field=_band(sandwich.receptive_field, fields),
        nonlinearity=_band(sandwich.nonlinearity, curves),
        lower=lower,
        upper=upper,
        level=level,
    )


def _where_known(found: Nested, sandwich: StandardErrors) -> Nested:
    return {
        layer: {
            name: np.where(np.isnan(sandwich.errors[layer][name]), np.nan, array)
            for name, array in by_name.items()
        }
        for layer, by_name in found.items()
    }


def _band(band: Band | None, drawn: Sequence[np.ndarray | None]) -> Band | None:
    told = [each for each in drawn if each is not None]
    if band is None or not told:
        return band
    errors = np.where(np.isnan(band.errors), np.nan, np.std(told, axis=0, ddof=1))
    return replace(band, errors=errors, degrees=np.full(errors.shape, len(told) - 1.0))


@dataclass(frozen=True)
class _Composed:
    """Receptive field and nonlinearity of other parameters, at the gain of those of the fit."""

    front: Front
    sandwich: StandardErrors
    mean: np.ndarray
    sd: np.ndarray

    @classmethod
    def of(cls, front: Front, theta: np.ndarray, sandwich: StandardErrors) -> _Composed:
        drive = front.drive(theta)
        return cls(front, sandwich, drive.mean(axis=1), drive.std(axis=1))

    def at(self, theta: np.ndarray) -> tuple[np.ndarray | None, np.ndarray | None]:
        """Return the field, (outputs, channels, lags), and the curve, (outputs, points)."""
        drive = self.front.drive(theta)
        mean, sd = drive.mean(axis=1), drive.std(axis=1)
        field = None
        band, curve = self.sandwich.receptive_field, self.sandwich.nonlinearity
        if band is not None:
            field = self.front.field(theta)
            if band.is_relative:
                field = field * (self.sd / sd)[:, None, None]
        if curve is None:
            return field, None
        at = mean[:, None] + (curve.at - self.mean[:, None]) * (sd / self.sd)[:, None]
        return field, self.front.curve(at.T, theta).T


Piece = tuple[int, int, int]


def _cut(setting: Setting, block_bins: int) -> list[Piece]:
    """Cut the trials into blocks: of which trial, and from which bin to which."""
    reach = setting.reach
    if reach.past is None or reach.stride > 1:
        raise ValueError(
            "the bootstrap cuts the data into blocks, but the model remembers without bounds, or "
            "has another sampling rate than they: use method='sandwich'"
        )
    # the bins before a block that have to go with it should not be most of the work
    block_bins = max(block_bins, reach.past + reach.future + 1)
    pieces = [
        (trial, first, last)
        for trial, length in enumerate(setting.recording.lengths)
        for first, last in itertools.pairwise(
            np.linspace(0, length, max(1, round(length / block_bins)) + 1).astype(int).tolist()
        )
    ]
    told = [piece for piece in pieces if _has_response(setting.recording, piece)]
    if len(told) < _FEWEST_BLOCKS:
        raise ValueError(
            f"the data have {len(told)} blocks of {block_bins} bins; a bootstrap needs at least "
            f"{_FEWEST_BLOCKS} to draw from: use method='sandwich'"
        )
    return [(trial, first, last) for trial, first, last in told]


def _has_response(recording: Recording, piece: Piece) -> bool:
    trial, first, last = piece
    return not np.isnan(recording.target[trial][first:last]).all()


def _prepare(setting: Setting, piece: Piece) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the signals of a block with all that it remembers, and its response."""
    trial, first, last = piece
    recording, (past, future) = setting.recording, _around(setting.reach)
    signals = {
        name: _with_edges(trials[trial], first - past, last + future, setting.options.edges)
        for name, trials in recording.signals.items()
    }
    response = np.full((past + last - first + future, recording.n_channels), np.nan)
    # what goes with a block is there to be remembered alone
    response[past : past + last - first] = recording.target[trial][first:last]
    return signals, response


def _draw(
    blocks: Sequence[tuple[dict[str, np.ndarray], np.ndarray]], rng: np.random.Generator
) -> Recording:
    """Return as many blocks as there are, drawn with replacement, one after the other."""
    drawn = [blocks[number] for number in rng.integers(len(blocks), size=len(blocks))]
    signals = {
        name: (np.concatenate([signals[name] for signals, _ in drawn]),) for name in drawn[0][0]
    }
    return Recording(signals, (np.concatenate([response for _, response in drawn]),))


def _around(reach: Reach) -> tuple[int, int]:
    assert reach.past is not None
    return reach.past, reach.future


def _with_edges(trial: np.ndarray, start: int, stop: int, edges: str) -> np.ndarray:
    """Return a part of a trial, which may begin before it and end behind it."""
    bins = np.arange(start, stop)
    inside = trial[np.clip(bins, 0, len(trial) - 1)]
    if edges == "hold":
        return inside
    return np.where(((bins >= 0) & (bins < len(trial)))[:, None], inside, 0.0)
