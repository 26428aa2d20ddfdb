"""Words that bend each value by itself: root, log, rect."""

from __future__ import annotations

import numpy as np

from ..keywords import Number, Option, ShapeForm, Signature
from .word import NO_FLOW, NO_SHAPE, OF_RESPONSE, OF_STATE, Given, Known, PrepWord, prep_words


@prep_words.register
class Root(PrepWord):
    """A root of each value, with its sign."""

    signature = Signature(
        head="root",
        summary="takes a root of each value, the sign kept",
        equation="x'[t, c] = sign(x[t, c]) abs(x[t, c]) ** (1 / degree)",
        forms=(ShapeForm(("degree",), n_required=0, defaults={"degree": 2}),),
        flows=NO_FLOW,
        options=(OF_RESPONSE, OF_STATE),
        example="root.3_wc.18x1-lvl.1_",
    )

    def apply(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        return np.asarray(np.sign(trial) * np.abs(trial) ** (1 / given["degree"]))

    def undo(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        return np.asarray(np.sign(trial) * np.abs(trial) ** given["degree"])


@prep_words.register
class Log(PrepWord):
    """The logarithm of each value plus an offset."""

    signature = Signature(
        head="log",
        summary="takes the natural logarithm of each value and an offset",
        equation="x'[t, c] = log(x[t, c] + o)",
        forms=NO_SHAPE,
        flows=NO_FLOW,
        options=(
            Option("o", "offset", number=Number.REAL, default=1.0, absent=1.0),
            OF_RESPONSE,
            OF_STATE,
        ),
        example="log.o1e-2_wc.18x1-lvl.1_",
    )

    def apply(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        offset = given.get("o", 1.0)
        least = float(np.nanmin(trial, initial=np.inf))
        if least + offset <= 0:
            raise ValueError(
                f"log.o{offset:g} needs values above {-offset:g}, but there is one of {least:g}; "
                "take a larger offset, or rect before it"
            )
        return np.asarray(np.log(trial + offset))

    def undo(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        return np.asarray(np.exp(trial) - given.get("o", 1.0))


@prep_words.register
class Rectify(PrepWord):
    """What is below 0 is 0."""

    signature = Signature(
        head="rect",
        summary="sets what is below 0 to 0",
        equation="x'[t, c] = max(x[t, c], 0)",
        forms=NO_SHAPE,
        flows=NO_FLOW,
        options=(OF_RESPONSE, OF_STATE),
        example="rect-root_wc.18x1-lvl.1_",
    )

    def apply(self, trial: np.ndarray, known: Known, given: Given) -> np.ndarray:
        return np.asarray(np.maximum(trial, 0.0))
