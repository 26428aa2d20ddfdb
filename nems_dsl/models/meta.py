"""What users note down of a model: anything that JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def read_meta(meta: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return notes as they come back from a file: a copy in which tuples are lists.

    Parameters
    ----------
    meta : mapping of str, optional
        Of text, numbers, truth values, None, and lists and dicts of these.

    Raises
    ------
    TypeError
        JSON cannot hold something in it, or would give it back as something else; says where.

    Examples
    --------
    >>> read_meta({"cell": "A1-u3", "probe": {"depths": (400, 800)}})
    {'cell': 'A1-u3', 'probe': {'depths': [400, 800]}}
    """
    if meta is None:
        return {}
    if not isinstance(meta, Mapping):
        raise TypeError(f"meta is a dict, such as {{'cell': 'A1-u3'}}, not {_kind(meta)}")
    found: dict[str, Any] = _read(meta, "meta", ())
    return found


def _read(value: Any, path: str, within: tuple[int, ...]) -> Any:
    if isinstance(value, Mapping | list | tuple):
        if id(value) in within:
            raise TypeError(f"{path} contains itself, which JSON cannot hold")
        within = (*within, id(value))
    if isinstance(value, Mapping):
        return {
            _key(key, path): _read(each, f"{path}[{key!r}]", within) for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [_read(each, f"{path}[{place}]", within) for place, each in enumerate(value)]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(f"{path} is {value}, which JSON cannot hold: use None, or text")
        return float(value)
    hint = "use text, numbers, lists and dicts"
    if hasattr(value, "tolist"):
        hint = "write it as .tolist()"
    raise TypeError(f"{path} is {_kind(value)}, which JSON cannot hold: {hint}")


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{path} has the key {key!r}, and keys are text in JSON: use {str(key)!r}")
    return str(key)


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
