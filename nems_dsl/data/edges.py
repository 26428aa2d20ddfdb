"""Edges of trials: bins that depend on a stimulus which the recording does not have."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .._warn import warn_user
from ..errors import NemsWarning
from ..fit_choices import EDGES
from ..suggestions import no_such
from .recording import Recording
from .trials import Trial, in_pieces

# a step from 0 of so many standard deviations is no event of the stimulus
_FAR = 3.0


class EdgeWarning(NemsWarning):
    """A stimulus that lies far from 0, so that zeros before each trial are a step as none in it."""


def check_edges(edges: str) -> str:
    """Return the name of a way to treat edges.

    Raises
    ------
    ValueError
        There is no such way.
    """
    if edges not in EDGES:
        raise ValueError(no_such("way to treat edges", edges, EDGES))
    return edges


def omit_edges(recording: Recording, past: int, future: int, stride: int = 1) -> Recording:
    """Return a recording whose response is NaN where it depends on what is not in the recording.

    Parameters
    ----------
    recording : Recording
    past, future : int
        Bins of the stimulus before and ahead that a bin of the response depends on.
    stride : int
        Bins of the stimulus to one of the response.

    Examples
    --------
    >>> from nems_dsl.data import read_recording
    >>> x = np.ones((5, 2))
    >>> omit_edges(read_recording(x, x[:, 0]), past=2, future=1).target[0].ravel()
    array([nan, nan,  1.,  1., nan])
    """
    if not past and not future:
        return recording
    return recording.with_response(
        _without_edges(trial, math.ceil(past / stride), math.ceil(future / stride))
        for trial in recording.target
    )


def pad_edges(
    recording: Recording, past: int, future: int, stride: int, value: float | None = None
) -> Recording:
    """Return a recording in which trials begin earlier and end later.

    Where a trial is longer than it was, the response is NaN.

    Parameters
    ----------
    recording, past, future, stride : as for `omit_edges`
    value : float, optional
        Of the stimulus there; by default its first value, and its last.

    Examples
    --------
    >>> from nems_dsl.data import read_recording
    >>> held = pad_edges(read_recording(np.arange(3.0)), past=2, future=1, stride=1)
    >>> held.signals["stim"][0].ravel()
    array([0., 0., 0., 1., 2., 2.])
    """
    before, after = bins_before(past, stride), bins_before(future, stride)
    if not before and not after:
        return recording

    def make() -> Recording:
        signals = {
            name: tuple(_padded(trial, before, after, value) for trial in trials)
            for name, trials in recording.signals.items()
        }
        return Recording(signals, None, recording.form, recording.names)

    longer = recording.once(("padded", before, after, value), make)
    if recording.response is None:
        return longer
    return longer.with_response(
        _padded(trial, before // stride, after // stride, np.nan) for trial in recording.response
    )


def _padded(trial: Trial, before: int, after: int, value: float | None) -> Trial:
    around = ((before, after), *((0, 0) for _ in trial.shape[1:]))
    if value is None:
        return np.pad(trial, around, mode="edge")
    return np.pad(trial, around, constant_values=value)


def bins_before(past: int, stride: int) -> int:
    """Return how many bins a trial is made longer by: whole bins of the response."""
    return math.ceil(past / stride) * stride


def warn_of_edges(recording: Recording, past: int, names: Sequence[str]) -> None:
    """Warn of a stimulus that is far from 0, if a model looks back to before trials begin.

    Parameters
    ----------
    recording : Recording
    past : int
        Bins that the model looks back.
    names : sequence of str
        The signals that it reads.
    """
    if not past:
        return
    for name in names:
        trials = recording.signals[name]
        distance = recording.once(("distance from 0", name), lambda t=trials: _distance(t))  # type: ignore[misc]
        if distance > _FAR:
            called = recording.names.get(name, name)
            warn_user(
                f"the input {called!r} lies {distance:.3g} of its standard deviations from 0, and "
                f"the model takes it for 0 in the {past} bins before each trial: write "
                "edges='omit' to leave out what depends on them, edges='hold' to go on with the "
                "first value, or subtract its mean",
                EdgeWarning,
            )


def _without_edges(trial: Trial, before: int, after: int) -> Trial:
    told = trial.copy()
    told[:before] = np.nan
    told[max(len(told) - after, 0) :] = np.nan
    return told


def _distance(trials: Sequence[Trial]) -> float:
    """Return how far from 0 a signal is, in its standard deviations, over all channels."""
    n = sum(len(trial) for trial in trials)
    mean = sum(piece.sum(axis=0) for piece in in_pieces(trials)) / n
    power = sum(np.sum((piece - mean) ** 2, axis=0) for piece in in_pieces(trials)) / n
    spread, far = float(np.sum(power)), float(np.sum(np.square(mean)))
    return math.sqrt(far / spread) if spread > 0 else 0.0
