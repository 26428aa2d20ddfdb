"""A receptive field for models that do not begin with a linear part: the mean of local ones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.recording import Recording, read_recording
from ..data.trials import STIMULUS
from ..graph.wiring import connect, signals_of
from .chain import LinearFront, NoLinearFront, behind_preparation

if TYPE_CHECKING:
    from ..models import Model

MOST_FIELDS = 40
# a model with unbounded memory is differentiated over the trial up to each time
_MOST_BINS = 2000
_UNKNOWN_LAGS = 20
_NOISE_BINS = 300


@dataclass(frozen=True)
class Field:
    """A receptive field of one output of a model, and where it comes from.

    Attributes
    ----------
    values : (channels, lags) ndarray
        Lag 0 first.
    n_local : int
        It is the mean of so many local fields; 0 if it is the linear front itself.
    of_noise : bool
        The local fields are those for white noise, as there were no data.
    driver : int
        Output of the linear front that the field is of, if it is that of the front.
    """

    values: np.ndarray
    n_local: int = 0
    of_noise: bool = False
    driver: int = 0

    @property
    def title(self) -> str:
        """What the field is, for a figure."""
        if not self.n_local:
            return "receptive field"
        return f"linearised, mean of {self.n_local}" + (", noise" if self.of_noise else "")


def find_field(model: Model, channel: int = 0, x: Any = None, *, lags: int | None = None) -> Field:
    """Return the receptive field of an output.

    Where one output of the linear front drives the model and nothing after it has memory, that is
    the response of the front to impulses. Otherwise the model is linearised: the field is the mean
    of its derivatives by the stimulus, at times that are spread over the data (the dSTRF of
    Keshishian et al., 2020, eLife 9: e53445).

    Parameters
    ----------
    model : Model
    channel : int
        Output of the model.
    x : as for `Model.predict`, optional
        The data about which the model is linearised; white noise between 0 and 1 by default.
    lags : int, optional
        How many lags a linearised field has; by default all that the filters remember.

    Returns
    -------
    Field

    Raises
    ------
    NoLinearFront
        It is neither, as no data tell the signals that the model reads.

    Examples
    --------
    >>> from nems_dsl import Model
    >>> field = find_field(Model("wc.18x2-stp.2-fir.2x15-dexp.1"))
    >>> field.values.shape, field.title
    ((18, 15), 'linearised, mean of 40, noise')
    """
    model, recording = behind_preparation(model, None if x is None else read_recording(x))
    try:
        front = LinearFront.of(model, recording)
        drivers = front.drivers(channel)
        if len(drivers) == 1 and front.is_chain and front.is_static(_probe(front, drivers[0])):
            return Field(front.impulse_responses()[drivers[0]], driver=drivers[0])
    except NoLinearFront as fault:
        reason = str(fault)
    else:
        reason = f"it mixes {len(drivers)} outputs of {front.names}, or goes on with memory"
    recording, of_noise = (_noise(model), True) if recording is None else (recording, False)
    if recording is None:
        raise NoLinearFront(f"{reason}; pass x, and the model is linearised about it")
    return _linearise(model, recording, channel, lags, of_noise)


def _probe(front: LinearFront, driver: int) -> np.ndarray:
    drive = np.zeros((32, front.n_outputs))
    drive[:, driver] = np.random.default_rng(1).standard_normal(32)
    return drive


def _linearise(
    model: Model, recording: Recording, channel: int, lags: int | None, of_noise: bool
) -> Field:
    from ..studies.dstrf import dstrf

    bound = model.bind_data(recording)
    memories = [node.layer.memory for node in connect(list(bound.layers))]
    known = sum(memory for memory in memories if memory is not None)
    n_lags = lags or (known + 1 if known else _UNKNOWN_LAGS)
    is_bounded = None not in memories
    part = _shorten(recording, None if is_bounded else _MOST_BINS)
    lengths = part.lengths
    # what comes before a trial is silence, so that fields at its beginning are not whole
    usable = [max(0, length - n_lags) for length in lengths]
    total = sum(usable)
    if not total:
        raise NoLinearFront(f"no trial is longer than the {n_lags} lags of a field")
    places = np.unique(np.linspace(0, total - 1, MOST_FIELDS).astype(int))
    ends = np.cumsum(usable)
    trial_of = np.searchsorted(ends, places, side="right")
    stride = max(1, round(max(lengths) / max(len(t) for t in bound.predict_trials(part))))
    times = [
        ((places[trial_of == number] - (ends[number] - usable[number]) + n_lags) // stride).tolist()
        for number in range(len(lengths))
    ]
    found = dstrf(model, replace(part, form="list"), times, n_lags)
    fields = np.concatenate([trial for trial in found if len(trial)])
    if not 0 <= channel < fields.shape[1]:
        raise ValueError(
            f"there is no channel {channel}: the model has {fields.shape[1]} outputs, from 0"
        )
    return Field(fields[:, channel].mean(axis=0), len(fields), of_noise)


def _shorten(recording: Recording, n_bins: int | None) -> Recording:
    """Return the inputs, as many bins of them as are needed."""
    signals: dict[str, tuple[np.ndarray, ...]] = {}
    for name, trials in recording.signals.items():
        kept: list[np.ndarray] = []
        for trial in trials:
            room = None if n_bins is None else n_bins - sum(map(len, kept))
            if room is None or room > 0:
                kept.append(trial[:room])
        signals[name] = tuple(kept)
    return Recording(signals)


def _noise(model: Model) -> Recording | None:
    """Return noise for a model of one signal, whose channels its string tells."""
    try:
        tree = model.tree
    except ValueError:
        # layers of the user's own say nothing of what they take
        return None
    takes = tree.keywords[0].takes
    if tree.symbols or takes is None or len(takes) != 1 or not isinstance(takes[0], int):
        return None
    if signals_of(connect(list(model.layers))) != [STIMULUS]:
        return None
    return Recording({STIMULUS: (np.random.default_rng(0).random((_NOISE_BINS, takes[0])),)})
