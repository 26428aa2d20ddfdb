"""Words about bins and channels: smooth, delay, ch."""

from __future__ import annotations

import numpy as np

from ..keywords import ShapeForm, Signature
from .word import (
    NO_FLOW,
    OF_RESPONSE,
    OF_STATE,
    OF_STATE_ALONE,
    Given,
    Known,
    PrepWord,
    prep_words,
)

_BINS = (ShapeForm(("bins",), n_required=1),)


@prep_words.register
class Smooth(PrepWord):
    """A moving average with normal weights; missing bins are left out of it."""

    signature = Signature(
        head="smooth",
        summary="averages over neighbouring bins with normal weights",
        equation="x'[t, c] = sum_k g[k] x[t - k, c], g normal with a standard deviation of so many "
        "bins",
        forms=_BINS,
        flows=NO_FLOW,
        options=(OF_RESPONSE, OF_STATE),
        example="smooth.2_wc.18x1-lvl.1_",
    )

    def apply(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        from scipy.ndimage import gaussian_filter1d

        missing = np.isnan(trial)

        def averaged(values: np.ndarray) -> np.ndarray:
            return np.asarray(gaussian_filter1d(values, given["bins"], axis=0, mode="nearest"))

        if not missing.any():
            return averaged(np.asarray(trial, float))
        weight = averaged((~missing).astype(float))
        total = averaged(np.where(missing, 0.0, trial))
        return np.where(missing, np.nan, total / np.where(weight > 0, weight, 1.0))


@prep_words.register
class Delay(PrepWord):
    """The stimulus some bins later, for a response that comes late."""

    signature = Signature(
        head="delay",
        summary="lets the response follow the stimulus some bins later",
        equation="x'[t, c] = x[t - bins, c], and 0 before",
        forms=_BINS,
        flows=NO_FLOW,
        options=(OF_STATE_ALONE,),
        example="delay.2_wc.18x1-lvl.1_",
    )

    def apply(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        n = min(given["bins"], len(trial))
        return np.concatenate([np.zeros_like(trial[:n]), trial[: len(trial) - n]])


@prep_words.register
class Channels(PrepWord):
    """Some of the stimulus's channels."""

    keeps_channels = False
    signature = Signature(
        head="ch",
        summary="keeps channels, counted from 1",
        equation="x'[t, c] = x[t, first + c - 1], up to and with the last",
        forms=(ShapeForm(("first", "last"), n_required=2),),
        flows=NO_FLOW,
        options=(OF_STATE_ALONE,),
        example="ch.1x9_wc.9x1-lvl.1_",
    )

    def apply(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        first, last = given["first"], given["last"]
        if first > last or last > trial.shape[1]:
            raise ValueError(
                f"ch.{first}x{last} keeps channels {first} to {last}, counted from 1, of a signal "
                f"that has {trial.shape[1]}"
            )
        return trial[:, first - 1 : last]
