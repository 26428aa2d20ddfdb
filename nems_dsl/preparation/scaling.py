"""Words that scale each channel by what is estimated of it: zs, mm."""

from __future__ import annotations

import numpy as np

from ..keywords import Signature
from .word import NO_FLOW, NO_SHAPE, OF_RESPONSE, OF_STATE, Given, Known, PrepWord, prep_words


class _Affine(PrepWord):
    """A step that takes an offset off each channel and divides it by a scale."""

    def apply(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        return np.asarray((trial - known["offset"]) / known["scale"])

    def undo(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        return np.asarray(trial * known["scale"] + known["offset"])


def _scale(values: np.ndarray) -> np.ndarray:
    """Give scales by which to divide: 1 where there is none."""
    return np.where((values > 0) & np.isfinite(values), values, 1.0)


@prep_words.register
class ZScore(_Affine):
    """Each channel less its mean, over its standard deviation."""

    signature = Signature(
        head="zs",
        summary="makes each channel of mean 0 and standard deviation 1",
        equation="x'[t, c] = (x[t, c] - mean_c) / sd_c",
        forms=NO_SHAPE,
        flows=NO_FLOW,
        options=(OF_RESPONSE, OF_STATE),
        example="zs_wc.18x1-lvl.1_",
    )

    def estimate(self, values: np.ndarray, given: Given) -> dict[str, np.ndarray]:
        return {"offset": np.nanmean(values, axis=0), "scale": _scale(np.nanstd(values, axis=0))}


@prep_words.register
class MinMax(_Affine):
    """Each channel from 0 to 1."""

    signature = Signature(
        head="mm",
        summary="scales each channel to lie from 0 to 1",
        equation="x'[t, c] = (x[t, c] - min_c) / (max_c - min_c)",
        forms=NO_SHAPE,
        flows=NO_FLOW,
        options=(OF_RESPONSE, OF_STATE),
        example="mm_wc.18x1-lvl.1_",
    )

    def estimate(self, values: np.ndarray, given: Given) -> dict[str, np.ndarray]:
        least, most = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        return {"offset": least, "scale": _scale(most - least)}
