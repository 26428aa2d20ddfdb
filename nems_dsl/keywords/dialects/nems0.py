"""The dialect of the archived NEMS0: its own option letters, and thresholds that are fitted."""

from __future__ import annotations

from .table import FlagThere, HeadThere, Number, dialect, dropped, idle, refused, same

_START = "where the fit starts"
_BOUND = "a bound of the fit"
_COPIES = "each channel gets copies of each filter there, which is not offered"
_STATE = "that form of the state's effect is not offered"
_SIGNAL = "it reads a signal of that program; name one after `@` natively"

NEMS0 = dialect(
    "nems0",
    HeadThere(
        "wc",
        n_sizes=(2,),
        flags=(
            *same("g"),
            *dropped(_START, "z", "u", "rnd", "c"),
            FlagThere("n", ("ns",)),
            *refused("write a lvl after it natively", "o"),
            *refused("write a relu.s after it natively", "r"),
        ),
    ),
    HeadThere(
        "fir",
        n_sizes=(2, 3),
        cuts="wc",
        flags=(
            *dropped(_START, "fl", "z", "p", "l"),
            *refused(_COPIES, "x"),
            *refused("the delay is not a parameter here", "off"),
            *refused("the input is rolled in a circle there, past its ends", "nc", "nc#"),
            *refused("it is ignored there for one filter, and fails for several", "r#"),
        ),
    ),
    HeadThere("lvl"),
    HeadThere(
        "dexp",
        flags=(
            *refused(_SIGNAL, "s"),
            *dropped(_BOUND, "b"),
        ),
    ),
    HeadThere(
        "dlog",
        n_sizes=(),
        flags=(
            *same("f"),
            *refused("how many channels there are is said by the shape here: dlog.4", "c#"),
            *refused("normalisation is not offered", "n", "n#"),
        ),
    ),
    HeadThere(
        "relu",
        always=("s",),
        flags=(FlagThere("f", removes=("s",)), FlagThere("b", ("o",))),
    ),
    HeadThere(
        "stp",
        flags=(
            FlagThere("s", ("ue-1",)),
            FlagThere("v", ("u1",)),
            FlagThere("w", ("ue-3",)),
            *same("x", "t"),
            *idle("q", "b"),
            *dropped(_START, "z"),
            *refused("a normalised output is not offered here", "n"),
        ),
    ),
    HeadThere(
        "stategain",
        n_sizes=(1, 2),
        completes={1: 1},
        flags=(
            *same("g", "d"),
            *refused(_STATE, "s", "per", "c1", "c2", "x#", "x#,#", "x#,#,#"),
            FlagThere("o#", ("o#",)),
            FlagThere("b#:#", number=Number.POWER, dropped=_BOUND),
            *refused(_SIGNAL, "lv"),
        ),
    ),
    HeadThere(
        "sdexp",
        n_sizes=(1, 2),
        completes={1: 1},
        flags=(
            *dropped(_BOUND, "bound"),
            *refused(_SIGNAL, "lv"),
        ),
    ),
    HeadThere(
        "do",
        n_sizes=(2, 3),
        flags=(*refused(_COPIES, "x"), FlagThere("l#", ("d#",))),
    ),
    HeadThere("dep"),
    HeadThere("stp2", flags=(*dropped(_START, "s"),)),
    HeadThere("scl"),
    HeadThere("sum"),
    HeadThere("rep"),
    HeadThere("mrg"),
    HeadThere("logsig"),
    HeadThere("tanh"),
    HeadThere("qsig"),
    HeadThere("relsat"),
    HeadThere("sw", n_sizes=(1, 2), completes={1: 1}),
    HeadThere(
        "conv2d",
        refused="it is a stack of layers of another program there, padded alike on both sides",
    ),
    HeadThere("strf", refused="it is a full filter there; natively, that is fir"),
)  # fmt: skip
