"""The dialect of today's NEMS: filters have their taps first."""

from __future__ import annotations

from .table import FlagThere, HeadThere, Number, Part, Whole, dialect, idle, same

_NO_NUMBER = "no number is read from it there; l2:N stands for 10^-N"
PENALTY = (
    FlagThere("l2", ("l2e-3",)),
    FlagThere("l2:#", ("l2#",), Number.POWER),
    FlagThere("l2#", ("l2#",), Number.POWER),
    FlagThere("l2e#", refused=_NO_NUMBER),
    FlagThere("l2e-#", refused=_NO_NUMBER),
)
_SHIFTED = (*same("s", "o"), FlagThere("os", ("o", "s")), FlagThere("so", ("o", "s")), *same("g"))
_OUTPUTS = {"dexp": (), "lvl": (), "relu": ("s", "o")}
_PENALTIES = ("l2", "l2:#", "l2#")
_OF_WEIGHTS = (*_PENALTIES, "wl2", "wl2:#", "wl2#")
_L1 = tuple(
    FlagThere(flag, refused="its weight there is not known well enough; write l1 natively")
    for flag in ("l1", "l1:#", "l1#", "l1l2:#:#")
)

NEMS = dialect(
    "nems",
    HeadThere(
        "wc",
        n_sizes=(2, 3),
        flags=(
            FlagThere("g", ("g",), moot_before=("b",)),
            FlagThere("n", ("n",), moot_with=("b",)),
            FlagThere("p", ("p",), moot_with=("g",)),
            FlagThere("b", ("b",), n_sizes=3, moot_before=("g",)),
            FlagThere("i", reads="stim"),
            *PENALTY,
        ),
    ),
    HeadThere(
        "fir",
        orders={2: (1, 0), 3: (1, 0, 2)},
        order_there="taps come first there",
        n_sizes=(2, 3),
        flags=(
            FlagThere("s#", ("s#",)),
            FlagThere("p#z#fs#", ("p#", "z#", "fs#")),
            *PENALTY,
        ),
        square="as many outputs as channels are read there as one filter for each channel",
    ),
    HeadThere(
        "strf",
        n_sizes=(2, 3, 4),
        flags=(
            *same("relu"),
            *idle("lvl", "dexp"),
            FlagThere("sk", ("sk",)),
            FlagThere("sk#", ("sk#",), Number.HUNDREDTHS),
            FlagThere("skl", ("skl",)),
            FlagThere("s#", ("s#",)),
            *PENALTY,
        ),
    ),
    HeadThere("lvl"),
    HeadThere("dexp"),
    HeadThere("dlog"),
    HeadThere("sig", flags=_SHIFTED),
    HeadThere("relu", flags=(*_SHIFTED, *idle("f", "n"))),
    HeadThere("srelu", flags=_SHIFTED),
    HeadThere("prelu"),
    HeadThere("stp"),
    HeadThere("stategain", n_sizes=(2,), constant="c", flags=PENALTY),
    HeadThere("sdexp", n_sizes=(2,)),
    HeadThere("statehinge", n_sizes=(2,), flags=same("m")),
    HeadThere("cat", names_signals=True, flags=same("s")),
    HeadThere("skip", n_sizes=(2,), names_signals=True, flags=PENALTY),
    HeadThere("sd"),
    HeadThere(
        "mult",
        refused="it applies gains of directions there, not a product of signals",
        instead="mult@a,b",
    ),
    HeadThere(
        "multexp",
        refused="it cannot name its second input there, so that it never runs",
        instead="multexp@a,b",
    ),
    HeadThere(
        "conv2d",
        n_sizes=(2, 3, 4),
        flags=(
            *same("max", "stack"),
            FlagThere("s#1", ("s#",), Number.DIGIT),
            FlagThere("s##", ("s#", "c#"), Number.DIGIT),
            *PENALTY,
        ),
    ),
    HeadThere(
        "LN",
        flags=(*same("g"), *PENALTY),
        chooses=_OUTPUTS,
        default="dexp",
        wholes=(
            Whole(
                ("taps", "in"),
                (Part("fir", ("taps", "in"), takes=_PENALTIES), Part("", (1,))),
            ),
            Whole(
                ("taps", "in", "rank"),
                (
                    Part("wc", ("in", "rank"), takes=("g", *_PENALTIES)),
                    Part("fir", ("taps", "rank"), takes=_PENALTIES),
                    Part("", (1,)),
                ),
            ),
        ),
    ),
    HeadThere(
        "LNpop",
        flags=(
            *same("g", "i"),
            *same("ac"),
            *PENALTY,
            *_L1,
            FlagThere("wl2", ("l2e-3",)),
            FlagThere("wl2:#", ("l2#",), Number.POWER),
            FlagThere("wl2#", ("l2#",), Number.POWER),
        ),
        chooses=_OUTPUTS,
        default="dexp",
        wholes=(
            Whole(
                ("taps", "in", "out", "rank"),
                (
                    Part("wc", ("in", 1, "rank"), takes=("g", *_OF_WEIGHTS)),
                    Part("fir", ("taps", 1, "rank"), takes=("ac", *_PENALTIES)),
                    Part("wc", ("rank", "out"), takes=_OF_WEIGHTS),
                    Part("", ("out",)),
                ),
            ),
            Whole(
                ("taps", "in", "out", "rank"),
                (
                    Part("wc", ("in", "rank", "out"), takes=("g", *_OF_WEIGHTS)),
                    Part("fir", ("taps", "rank", "out"), takes=("ac", *_PENALTIES)),
                    Part("", ("out",)),
                ),
                flag="i",
            ),
        ),
    ),
    HeadThere(
        "CNNpop",
        flags=(
            *same("g"),
            FlagThere("c#", refused="what is repeated is not known well enough; write it out"),
            FlagThere("s#", refused="what is left out is not known well enough; write it out"),
            *PENALTY,
            *_L1,
        ),
        chooses=_OUTPUTS,
        wholes=(
            Whole(
                ("taps", "in", "out", "rank", "dense"),
                (
                    Part("wc", ("in", 1, "rank"), takes=("g", *_PENALTIES)),
                    Part("fir", ("taps", 1, "rank"), takes=_PENALTIES),
                    Part("relu", ("rank",), ("s",)),
                    Part("wc", ("rank", "dense"), takes=_PENALTIES),
                    Part("relu", ("dense",), ("s",)),
                    Part("wc", ("dense", "out"), takes=_PENALTIES),
                    Part("", ("out",)),
                ),
            ),
        ),
    ),
)
