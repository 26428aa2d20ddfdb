"""Reference vectors of another program, and how its strings and parameters read natively."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parents[2] / "shared" / "reference" / "visible"
OFFERED = {
    "wc": {"g", "n", "p"},
    "fir": set(),
    "strf": {"relu"},
    "lvl": set(),
    "dexp": set(),
    "relu": {"s", "o", "os", "g", "f"},
    "stp": set(),
}
TAU_UNIT = 100


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
    if not case["keyword"] or case.get("class_options"):
        return False
    for keyword in case["keyword"].split("-"):
        head, *options = keyword.split(".")
        flags = {option for option in options if not option[:1].isdigit()}
        if head not in OFFERED or not flags <= OFFERED[head]:
            return False
    return True


def native_string(keywords: str) -> str:
    """Rewrite a string: fir has its taps first there; relu's f is what is the default here."""
    return "-".join(map(_native_keyword, keywords.split("-")))


def _native_keyword(keyword: str) -> str:
    head, *options = keyword.split(".")
    options = [option for option in options if (head, option) != ("relu", "f")]
    if head == "fir":
        taps, channels, *rest = options[0].split("x")
        options[0] = "x".join([channels, taps, *rest])
    return ".".join([head, *options])


def native_values(head: str, name: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Rearrange a parameter: filters have time first there, tau has another unit."""
    if head in ("fir", "strf") and name == "coefficients":
        values = np.swapaxes(values, 0, 1)
    if head == "stp" and name == "tau":
        values = values * TAU_UNIT
    return values.reshape(shape)
