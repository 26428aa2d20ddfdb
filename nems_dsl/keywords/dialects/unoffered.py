"""Heads of other programs that no keyword here stands for, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_DIRECTIONS = "it belongs to the family of head-related transfer functions, which is not offered"
_STREAMS = "it belongs to the experiments with two streams, which are not offered"
_CONTRAST = "it reads a contrast signal of the program that it comes from, and is not offered"
_WIRED = "it is a keyword that reads a fixed signal of one laboratory; name the signal instead"
_NOISE = "it is a noise or latent-variable model, which is not offered"
_STATE = "it is a variant of a state keyword that is not offered; there are stategain and sdexp"
_NETWORK = "it is a layer of a general network, which is not offered; there are wc and relu"

WHOLE_MODELS = ("LN", "LNpop", "CNNpop")

UNOFFERED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "hrtf", "hrtfgain", "hrtfgainsincos", "hrtfmlp", "hrtfmlpreg", "hrtffourier",
                "distanceatten", "applyhrtf",
            ),
            _DIRECTIONS,
        ),
        **dict.fromkeys(("rdtgain", "rdtmerge", "rdtwc", "rdtfir"), _STREAMS),
        **dict.fromkeys(
            (
                "ctwc", "ctfir", "ctlvl", "gcwc", "gcfir", "gclvl", "ctk", "ctk2", "ctk3", "dsig",
            ),
            _CONTRAST,
        ),
        **dict.fromkeys(
            (
                "wcst", "wcdl", "wcs", "wch", "first", "firdl", "firs", "relus", "relud", "sigd",
            ),
            _WIRED,
        ),
        **dict.fromkeys(("lv", "lvexp", "lvlogsig", "lvnorm", "inoise", "spred"), _NOISE),
        **dict.fromkeys(
            (
                "sexp", "slogsig", "sdexp2", "sthinge", "stmod", "pmod", "stategainchan",
                "stateseg",
            ),
            _STATE,
        ),
        **dict.fromkeys(("dense", "wcn", "drop", "dns"), _NETWORK),
        **dict.fromkeys(("pz", "fird", "firexp"), "a filter of this form is not offered"),
        "np": "it would call any function by its name in a string; declare a keyword of your own",
        "lvl2": "it is lvl under another name",
        "baseclass": "it is an empty layer, there by accident",
        "LNtile": "it raises an error in the program that it comes from, too",
        **dict.fromkeys(
            WHOLE_MODELS, "it stands for several keywords, in strings of the dialect `nems` only"
        ),
    }
)  # fmt: skip
