"""Reference vectors of another program, and how its strings and parameters read natively."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[2] / "shared" / "reference" / "visible"
OFFERED = {
    "wc": {"g", "n", "p", "b"},
    "fir": {"s", "ac", "p", "z", "fs"},
    "strf": {"relu", "s", "ac", "sk", "skl"},
    "conv2d": {"max", "stack", "s", "c"},
    "lvl": set(),
    "dexp": set(),
    "dlog": set(),
    "relu": {"s", "o", "os", "g", "f"},
    "srelu": {"s", "o", "os", "g"},
    "sig": {"s", "o", "os", "g"},
    "prelu": set(),
    "stp": set(),
    "stategain": set(),
    "sdexp": set(),
    "statehinge": {"m"},
}
CLASS_OPTIONS = {
    ("FiniteImpulseResponse", "include_anticausal", True): "ac",
    ("STRF", "include_anticausal", True): "ac",
    ("STRF", "activation", "relu"): "relu",
    ("STRF", "skip_alpha", -0.4): "skl4e-1",
}
_STEM = re.compile("[a-zA-Z]+")
TAU_UNIT = 100
ALPHA_UNIT = 0.1


@cache
def load(name: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Give the manifest and the arrays of one file of the reference."""
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return json.loads((FOLDER / f"{name}.json").read_text()), dict(arrays)


def offered_cases(name: str) -> list[dict[str, Any]]:
    """Give the cases all of whose keywords and options are offered."""
    if not FOLDER.exists():
        return []
    return [case for case in load(name)[0]["cases"] if _is_offered(case)]


def _is_offered(case: dict[str, Any]) -> bool:
    if not case["keyword"]:
        return False
    string = native_string_of(case)
    for keyword in string.split("-") if string else [""]:
        head, *options = keyword.split(".")
        flags = {_STEM.match(option)[0] for option in options if not option[:1].isdigit()}
        # gaussian slices here, while there the latter of the two options counts
        if head not in OFFERED or not flags <= OFFERED[head] or flags >= {"g", "b"}:
            return False
    return True


def native_string_of(case: dict[str, Any]) -> str:
    """Give a case's native string; empty if its class's arguments have no flags here."""
    keywords = native_string(case["keyword"]).split("-")
    for given in case.get("class_options") or []:
        for name, value in given["kwargs"].items():
            if name == "shape":
                continue
            flag = CLASS_OPTIONS.get((given["class"], name, value))
            if flag is None:
                return ""
            keywords[given["layer"]] += f".{flag}"
    return "-".join(keywords)


def native_string(keywords: str) -> str:
    """Rewrite a string: fir has its taps first there, and flags may be run together or scaled."""
    return "-".join(map(_native_keyword, keywords.split("-")))


def _native_keyword(keyword: str) -> str:
    head, *options = keyword.split(".")
    # relu's f is what is the default here
    options = [option for option in options if (head, option) != ("relu", "f")]
    if head == "fir":
        taps, channels, *rest = options[0].split("x")
        options[0] = "x".join([channels, taps, *rest])
        options = [re.sub(r"^(p\d+)(z\d+)(fs\d+)$", r"\1.\2.\3", option) for option in options]
    if head == "strf":
        options = [re.sub(r"^sk(\d+)$", r"sk\1e-2", option) for option in options]
    if head == "conv2d":
        # two digits, for time and for channels
        options = [re.sub(r"^s(\d)(\d)$", r"s\1.c\2", option) for option in options]
    return ".".join([head, *options])


def native_values(head: str, name: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Rearrange a parameter: filters have time first there, tau and prelu have other units."""
    if head in ("fir", "strf") and name == "coefficients":
        values = np.swapaxes(values, 0, 1)
    if head == "stp" and name == "tau":
        values = values * TAU_UNIT
    if head == "prelu" and name == "alpha":
        values = values * ALPHA_UNIT
    return values.reshape(shape)


def with_its_faults(head: str, parameters: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give native parameters that make a state keyword do what it does there, faults included."""
    swaps = {"kappa": "offset", "offset": "kappa"}
    if head == "sdexp":
        # kappa and offset have changed places there
        names = {name: name.split("_") for name in parameters}
        return {n: parameters[f"{swaps.get(what, what)}_{k}"] for n, (what, k) in names.items()}
    if head == "statehinge":
        # only the first column of x0 is used there
        first = np.repeat(parameters["x0"][:, :1], parameters["x0"].shape[1], axis=1)
        return {**parameters, "x0": first}
    return parameters
