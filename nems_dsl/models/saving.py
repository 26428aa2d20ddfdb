"""Models as JSON files: a string, parameter values, and how the fit went. Never pickle."""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from .._version import __version__
from ..compiler import parse
from ..compiler.bounds import count_parameters
from ..fitting.results import FitResults
from ..preparation import Preparation
from ..syntax import ModelStringError
from .meta import read_meta
from .model_like import ModelLike

M = TypeVar("M", bound=ModelLike)

FORMAT = "nems_dsl model"
FORMAT_VERSION = 2
_TEMPORARY = ".tmp"
_FEW, _MOST_SHARED = 1_000_000, 10
_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
_NOTHING = type(None)
_FORM: dict[str, tuple[type, ...]] = {
    "string": (object,),  # said of by who builds the model
    "parameters": (dict,),
    "name": (str, _NOTHING),
    "layer_names": (list, _NOTHING),
    "model_id": (str, _NOTHING),
    "results": (dict, _NOTHING),
    "preparation": (dict, list, _NOTHING),
}
_FORM_OF_PARAMETER: dict[str, tuple[type, ...]] = {
    "values": (list, int, float, str),
    "bounds": (list,),
    "prior": (dict,),
    "is_frozen": (bool,),
}


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
    prefix = f".{path.name}."
    _clear_left(folder, prefix)
    handle, temporary = _open_beside(folder, prefix)
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


def _open_beside(folder: Path, prefix: str) -> tuple[int, str]:
    """Open a new file that is locked for as long as it is open."""
    while True:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=prefix, suffix=_TEMPORARY)
        if _lock(handle, wait=True) and not os.path.exists(temporary):
            # another process took it for left over before the lock was there
            os.close(handle)
            continue
        return handle, temporary


def _clear_left(folder: Path, prefix: str) -> None:
    """Remove what was written half when a process was killed: nobody holds its lock."""
    for entry in list(os.scandir(folder)):
        is_like = entry.name.startswith(prefix) and entry.name.endswith(_TEMPORARY)
        if not is_like or not entry.is_file(follow_symlinks=False):
            continue
        try:
            handle = os.open(entry.path, os.O_RDWR)
        except OSError:
            # moved to its place meanwhile, or of another user
            continue
        try:
            if _lock(handle, wait=False):
                Path(entry.path).unlink(missing_ok=True)
        finally:
            os.close(handle)


def _lock(handle: int, *, wait: bool) -> bool:
    """Lock an open file; False where another has it, or the system has no such locks."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def load_model(path: Path, kind: Callable[..., M]) -> M:
    """Read what `save_model` wrote."""
    data = read_json(path, FORMAT, FORMAT_VERSION, "model file")
    try:
        return from_dict(data, kind)
    except ModelStringError as fault:
        raise ValueError(
            f"{path} holds a model that this nems_dsl does not know, or a damaged one:\n{fault}"
        ) from fault
    except _DAMAGE as fault:
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
    except (ValueError, RecursionError) as fault:
        raise ValueError(f"{path} is damaged, or no {what}: {fault}") from None
    if not isinstance(data, dict) or data.get("format") != its_format:
        raise ValueError(f"{path} is no {what}: its format is not {its_format!r}")
    version = data.get("format_version")
    if type(version) is not int or version < 1:
        raise ValueError(f"{path} is damaged: it has format version {version!r:.40}")
    if version > newest:
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
    _check_form(data, _FORM, "")
    _check_room(data)
    model = kind(data["string"], name=data.get("name"), meta=data.get("meta"))
    stored = data.get("model_id")
    # another version may write the same model in another canonical form
    if data.get("nems_dsl") == __version__ and stored not in (None, model.model_id):
        raise ValueError(
            f"its model_id is {stored}, but its string {data['string']!r} is {model.model_id}"
        )
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


def _check_form(data: Any, form: dict[str, tuple[type, ...]], where: str) -> None:
    """Check that parts of a file are of the kinds that they should be."""
    if not isinstance(data, dict):
        raise ValueError(f"{where} is a {type(data).__name__}, not a dict")
    for name, kinds in form.items():
        if name not in data and _NOTHING not in kinds:
            raise ValueError(f"it has no {where}{name!r}")
        if not isinstance(data.get(name), kinds):
            kind = kinds[0].__name__
            raise ValueError(f"{where}{name!r} is a {type(data[name]).__name__}, not a {kind}")


def _check_room(data: dict[str, Any]) -> None:
    """Check that a file has as many values as its string asks for, before these are allocated."""
    n_values = 0
    for layer, parameters in data["parameters"].items():
        if not isinstance(parameters, dict):
            raise ValueError(f"the parameters of {layer!r} are no dict")
        for name, parameter in parameters.items():
            _check_form(parameter, _FORM_OF_PARAMETER, f"{layer}.{name} ")
            n_values += _count(parameter["values"])
    try:
        wanted = sum(count_parameters(keyword) or 0 for keyword in parse(data["string"]))
    except ModelStringError:
        # names that only the process knows; building the model says what is wrong
        return
    # those that layers share are in the file once
    if wanted > max(_FEW, _MOST_SHARED * n_values):
        raise ValueError(f"its string asks for {wanted} parameters, and it has {n_values}")


def _count(values: Any) -> int:
    return sum(map(_count, values)) if isinstance(values, list) else 1


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

    values = _decode(data["values"])
    if not np.isfinite(values).all():
        raise ValueError("it has parameters that are NaN or infinite")
    parameter.values = values
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
