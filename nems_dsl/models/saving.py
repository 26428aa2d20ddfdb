"""Models as JSON files: a string, parameter values, and how the fit went. Never pickle."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .._version import __version__
from ..fitting.results import FitResults
from ..preparation import Preparation
from ..syntax import ModelStringError
from .meta import read_meta
from .model_like import ModelLike

M = TypeVar("M", bound=ModelLike)

FORMAT = "nems_dsl model"
FORMAT_VERSION = 2


def save_model(model: ModelLike, path: Path) -> Path:
    """Write a model to `path`, all of it or nothing."""
    return write_json(to_dict(model), path)


def write_json(data: dict[str, Any], path: Path) -> Path:
    """Write a file of JSON, all of it or nothing."""
    text = json.dumps(data, indent=1, allow_nan=False)
    # as a plain write would, a link is followed, and a file keeps its permissions
    real, mode = Path(os.path.realpath(path)), 0o666 & ~_umask()
    if real.exists():
        if not real.is_file():
            raise ValueError(f"{path} is no file that could be written anew; give another name")
        mode = stat.S_IMODE(real.stat().st_mode)
    folder = real.parent
    # written beside its place and then moved there, so that no half file is ever found in it
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, real)
    except BaseException:
        os.unlink(temporary)
        raise
    return path


def load_model(path: Path, kind: Callable[..., M]) -> M:
    """Read what `save_model` wrote."""
    data = read_json(path, FORMAT, FORMAT_VERSION, "model file")
    try:
        return from_dict(data, kind)
    except ModelStringError as fault:
        raise ValueError(
            f"{path} holds a model that this nems_dsl does not know, or a damaged one:\n{fault}"
        ) from fault
    except (KeyError, TypeError, ValueError) as fault:
        reason = fault.args[0] if fault.args else fault
        raise ValueError(f"{path} is damaged: {reason}") from fault


def is_of_nems(path: Path) -> bool:
    """Tell whether NEMS saved a file, by what is in it."""
    mark = "__nems_json_type__"
    try:
        text = path.read_text(encoding="utf-8")
        # notes in a file of ours may have the word
        data = json.loads(text) if mark in text else None
    except (ValueError, RecursionError):
        # damaged; the reader of our files says how
        return False
    return isinstance(data, dict) and mark in data


def read_json(path: Path, its_format: str, newest: int, what: str) -> dict[str, Any]:
    """Read what `write_json` wrote.

    Raises
    ------
    ValueError
        The file is damaged, of another format, or of a newer version of it.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data = json.loads(text)
    except (UnicodeDecodeError, json.JSONDecodeError) as fault:
        raise ValueError(f"{path} is damaged, or no {what}: {fault}") from None
    if not isinstance(data, dict) or data.get("format") != its_format:
        raise ValueError(f"{path} is no {what}: its format is not {its_format!r}")
    version = data.get("format_version")
    if not isinstance(version, int) or version > newest:
        raise ValueError(
            f"{path} has format version {version}; this nems_dsl ({__version__}) reads up to "
            f"{newest}: upgrade it"
        )
    return data


def to_dict(model: ModelLike) -> dict[str, Any]:
    """Give a model as JSON can hold it; floats keep every bit.

    Raises
    ------
    ValueError
        No string can say how to build the model.
    TypeError
        JSON cannot hold something that was put into `meta`.
    """
    parameters = {
        name: {key: _parameter_to_dict(p) for key, p in layer.parameters.items()}
        for name, layer in zip(model.layers.names, model.layers, strict=True)
    }
    return {
        "format": FORMAT,
        # a version that knows no preparation must not read a model that has one
        "format_version": FORMAT_VERSION if model.preparation else 1,
        "nems_dsl": __version__,
        "string": _string_of(model),
        "model_id": model.model_id,
        "name": model.name,
        "meta": read_meta(model.meta),
        "layer_names": [layer.name for layer in model.layers],
        "parameters": parameters,
        "results": None if model.results is None else model.results.to_dict(),
        **({"preparation": model.preparation.to_dict()} if model.preparation else {}),
    }


def from_dict(data: dict[str, Any], kind: Callable[..., M]) -> M:
    """Build the model that `to_dict` described; `kind` is the class of models."""
    model = kind(data["string"], name=data.get("name"), meta=data.get("meta"))
    if data.get("preparation") is not None:
        model.preparation = Preparation.from_dict(data["preparation"])
    given = data["parameters"]
    _name_layers(model, data.get("layer_names"), given)
    if sorted(given) != sorted(model.layers.names):
        raise ValueError(f"it has parameters of {sorted(given)}, not of {model.layers.names}")
    for name, layer in zip(model.layers.names, model.layers, strict=True):
        if sorted(given[name]) != sorted(layer.parameters):
            raise ValueError(
                f"it has the parameters {sorted(given[name])} of {name}, not "
                f"{sorted(layer.parameters)}"
            )
        for key, parameter in layer.parameters.items():
            _parameter_from_dict(parameter, given[name][key])
    if data.get("results") is not None:
        model.results = FitResults.from_dict(data["results"])
    return model


def _string_of(model: ModelLike) -> str:
    try:
        return model.string
    except ValueError as fault:
        raise ValueError(f"the model cannot be saved, for a file has its string: {fault}") from None


def _name_layers(model: ModelLike, names: Any, parameters: dict[str, Any]) -> None:
    """Give layers the names that they had of their own."""
    if names is None:
        # files of versions before 0.1 tell names by what they call the parameters of each layer
        if len(parameters) != len(model.layers):
            return
        usual = zip(parameters, model.layers.names, model.layers, strict=True)
        names = [None if name in (other, layer.label) else name for name, other, layer in usual]
    if len(names) != len(model.layers):
        raise ValueError(f"it names {len(names)} layers; the string has {len(model.layers)}")
    model.layers.set_names(names)


def _parameter_to_dict(parameter: Any) -> dict[str, Any]:
    return {
        "values": _encode(parameter.values),
        "bounds": [_encode(np.asarray(bound, dtype=float)) for bound in parameter.bounds],
        "prior": parameter.prior.to_dict(),
        "is_frozen": parameter.is_frozen,
    }


def _parameter_from_dict(parameter: Any, data: dict[str, Any]) -> None:
    from ..distributions import Distribution

    parameter.values = _decode(data["values"])
    low, high = (_decode(bound) for bound in data["bounds"])
    parameter.bounds = (low[()], high[()])
    parameter.prior = Distribution.from_dict(data["prior"])
    parameter.is_frozen = bool(data["is_frozen"])


def _encode(array: np.ndarray) -> Any:
    """Give nested lists; JSON has no infinity, so that one is written as a word."""
    if array.ndim:
        return [_encode(part) for part in array]
    value = float(array)
    if np.isfinite(value):
        return value
    return repr(value)


def _decode(data: Any) -> np.ndarray:
    return np.array(data, dtype=float)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
