"""Natural speech and simulated intracranial responses, from the sample data of naplib."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

SOURCE = (
    "Reduced from the sample data of naplib-python 2.6.0 "
    "(https://github.com/naplab/naplib-python): natural speech, and responses that its makers "
    "simulated from receptive-field models plus noise"
)
LICENCE = "MIT License, Copyright (c) The naplib-python developers"


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Excerpts of speech with the responses of several channels.

    Attributes
    ----------
    stim : list of (T_i, 18) float64
        Auditory spectrogram, low frequencies first, cube-rooted, from 0 to 1.
    resp : list of (T_i, 7) float64
        Responses as z-scores over all excerpts.
    fs : float
        Sampling rate of both, in Hz.
    channels : tuple of str
        A name for each response channel.
    source, licence : str
        Where the data come from, and on which terms.
    """

    stim: list[NDArray[np.float64]] = field(repr=False)
    resp: list[NDArray[np.float64]] = field(repr=False)
    fs: float
    channels: tuple[str, ...]
    source: str = field(default=SOURCE, repr=False)
    licence: str = field(default=LICENCE, repr=False)


def load_speech() -> Speech:
    """Load the six excerpts of speech that ship with the package, 352 s in all.

    The stimulus is an 18-channel auditory spectrogram, the response 7 simulated intracranial
    channels. Each call gives new arrays.

    Returns
    -------
    speech : Speech
        Trials of unequal length, up to 60 s, at 100 Hz.

    Notes
    -----
    What was done to the data stands in the README beside the file, in `nems_dsl/datasets`.

    Examples
    --------
    >>> speech = load_speech()
    >>> [len(stim) for stim in speech.stim]
    [6000, 5203, 6000, 6000, 6000, 6000]
    >>> speech.resp[1].shape, speech.fs
    ((5203, 7), 100.0)
    """
    with (
        files("nems_dsl.datasets").joinpath("speech_small.npz").open("rb") as stream,
        np.load(stream, allow_pickle=False) as stored,
    ):
        excerpts = range(sum(name.startswith("stim_") and name != "stim_step" for name in stored))
        # Divided, not multiplied by the step, so that the largest value is 1 exactly.
        stim_steps, resp_steps = round(1 / stored["stim_step"]), round(1 / stored["resp_step"])
        stim = [stored[f"stim_{i}"] / float(stim_steps) for i in excerpts]
        resp = [stored[f"resp_{i}"] / float(resp_steps) for i in excerpts]
        fs = float(stored["fs"])
    channels = tuple(f"channel {number}" for number in range(1, resp[0].shape[1] + 1))
    return Speech(stim=stim, resp=resp, fs=fs, channels=channels)
