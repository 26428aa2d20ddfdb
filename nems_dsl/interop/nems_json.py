"""Models that NEMS saved as JSON: the layers as a string of ours, and what their parameters hold.

`LAYERS` says for every class of layers there which keyword it is here, and `Row.options` what an
attribute of it means; whatever is on neither list is refused.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from ..compiler.bound import BoundModel
from ..compiler.dialects.convert import convert
from ..distributions import Distribution, HalfNormal, Normal, Uniform
from ..errors import NemsError
from ..layers.base import Layer
from ..layers.parameter import Parameter
from ..models import Model
from ..syntax import ModelStringError
from .nems import DIALECT, PARAMETERS

_MARK = "__nems_json_type__"
_UNNAMED = "UnnamedModel"
_SIGNALS = {"input": "stim"}
_PRIORS: Mapping[str, tuple[Callable[..., Distribution], tuple[str, ...]]] = {
    "Normal": (Normal, ("_mean", "_sd")),
    "HalfNormal": (HalfNormal, ("_sd",)),
    "Uniform": (Uniform, ("_lower", "_upper")),
}
_INSTEAD = "write it natively, as Model(string), and give it model.set_parameter_values(...)"

# the options that a value of an attribute stands for; None where there are none
Option = Callable[[Any], tuple[str, ...] | None]


class RefusedLayer(NemsError, ValueError):
    """A layer cannot be said here; the file and the layer are put before the reason."""


def _only(*values: Any) -> Option:
    """Take values that change nothing."""
    return lambda value: () if value in values else None


def _any(value: Any) -> tuple[str, ...]:
    """Take whatever there is: what is computed does not depend on it."""
    return ()


def _flag(option: str, when: bool = True) -> Option:
    return lambda value: ((option,) if value is when else ()) if isinstance(value, bool) else None


def _count(option: str, usual: int | None = None) -> Option:
    def read(value: Any) -> tuple[str, ...] | None:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
            return None
        return () if value == usual else (f"{option}{int(value)}",)

    return read


def _penalty(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return ()
    try:
        native = convert(f"wc.2x2.{value}", DIALECT, "native")
    except ModelStringError:
        return None
    return (native.split(".", 2)[2],)


def _skip(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not value:
        return ()
    _, digits, exponent = Decimal(repr(abs(float(value)))).normalize().as_tuple()
    option = "sk" if value > 0 else "skl"
    return (f"{option}{''.join(map(str, digits))}e{exponent}",)


_SCALED: dict[str, Option] = {
    "normalize_output": _only(False),
    "no_shift": _flag("s", False),
    "no_offset": _flag("o", False),
    "no_gain": _flag("g", False),
}
_FILTER: dict[str, Option] = {
    "stride": _count("s", 1),
    "include_anticausal": _flag("ac"),
    "fshape": _any,
}


@dataclass(frozen=True)
class Row:
    """A class of layers there.

    Attributes
    ----------
    head : str
        The keyword here.
    options : dict of str to callable
        By attribute, what its value is here.
    always : tuple of str
        Options that the class stands for.
    constant : bool
        A size of one more than the state's channels is a constant term.
    """

    head: str
    options: Mapping[str, Option] = field(default_factory=dict)
    always: tuple[str, ...] = ()
    constant: bool = False


_PLAIN = {"normalize_output": _only(False)}
_WEIGHTS: dict[str, Option] = {"norm_coefficients": _flag("n"), "positive_only": _flag("p")}

LAYERS: Mapping[str, Row] = {
    "WeightChannels": Row("wc", _WEIGHTS),
    # bounds of weights mean nothing to gaussians there, nor does the size of slices
    "WeightChannelsGaussian": Row("wc", {**_WEIGHTS, "positive_only": _any}, ("g",)),
    "WeightChannelsMulti": Row("wc", {**_WEIGHTS, "norm_coefficients": _any}, ("b",)),
    "FiniteImpulseResponse": Row("fir", _FILTER),
    "PoleZeroFIR": Row(
        "fir", {**_FILTER, "n_poles": _count("p"), "n_zeros": _count("z"), "fs": _count("fs")}
    ),
    "STRF": Row(
        "strf",
        {
            **_FILTER,
            "activation": lambda value: (
                ("relu",) if value == "relu" else _only(None, "", "lvl", "dexp")(value)
            ),
            "skip_alpha": _skip,
        },
    ),
    "LevelShift": Row("lvl", _PLAIN),
    "DoubleExponential": Row("dexp", _PLAIN),
    "LogCompress": Row("dlog", _PLAIN),
    "Sigmoid": Row("sig", _SCALED),
    "RectifiedLinear": Row("relu", _SCALED),
    "SoftRelu": Row("srelu", _SCALED),
    "Hinge": Row("prelu", _PLAIN),
    "ShortTermPlasticity": Row(
        "stp",
        {
            "quick_eval": _only(True),
            "fs": _only(100),
            "crosstalk": _only(0),
            "dep_only": _only(False),
            "chunksize": _any,
            "x0": _only(None),
            "reset_signal": _only(None),
            "pad_onsets": _only(100),
        },
    ),
    "StateGain": Row("stategain", constant=True),
    "StateHinge": Row("statehinge"),
    "ConcatSignals": Row("cat"),
    "ConcatSkip": Row("skip"),
    "MultiplySignals": Row("mult"),
    "MultiplyByExp": Row("multexp"),
    "SwapDims": Row("sd", {"dim1": _only(1), "dim2": _only(2)}),
}
REFUSED = {
    "StateDexp": "its two back ends exchange kappa and offset, and the file does not say which of "
    "them fitted it",
}


def read_nems_json(given: str | Path, *, S: int | None = None) -> Model:
    """Build a model from what NEMS saved; `Model.from_nems_json` says the rest."""
    is_text = isinstance(given, str) and given.lstrip()[:1] in ("{", "[")
    where = "the text" if is_text else str(given)
    text = str(given) if is_text else Path(given).read_text(encoding="utf-8")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise ValueError(f"{where} is damaged, or no JSON: {fault}") from None
    if not isinstance(data, dict) or data.get(_MARK) != "Model" or not data.get("layers"):
        raise ValueError(f"{where} is no model with layers that NEMS saved as JSON")
    try:
        return _build(data, where, S)
    except RefusedLayer as fault:
        raise ValueError(f"{where}: {fault}; {_INSTEAD}") from None
    except (KeyError, TypeError, IndexError, AttributeError) as fault:
        raise ValueError(
            f"{where} is damaged, or of a version of NEMS that is not known: "
            f"{type(fault).__name__} {fault}"
        ) from fault


def _build(data: dict[str, Any], where: str, n_states: int | None) -> Model:
    layers = data["layers"]
    read = {name for each in layers for name in _inputs_of(each)}
    labels, words, usual = [], [], []
    counts: Counter[str] = Counter()
    for place, layer in enumerate(layers, 1):
        labels.append(f"{where}, layer {place} ({_name(layer)!r}, a {layer['class_name']})")
        try:
            words.append(_word(layer, read, n_states))
        except RefusedLayer as fault:
            raise ValueError(f"{labels[-1]}: {fault}; {_INSTEAD}") from None
        head = LAYERS[layer["class_name"]].head
        counts[head] += 1
        usual.append(f"{head}{counts[head]}")
    name = data.get("name")
    meta = _plain(data.get("meta") or {})
    if data.get("results") is not None:
        meta["nems_results"] = _plain(data["results"])
    try:
        model = Model("-".join(words), name=None if name == _UNNAMED else name, meta=meta)
    except ModelStringError as fault:
        label = labels[_place(words, fault.diagnostics[0].span.start)]
        raise ValueError(f"{label} cannot be said here: {fault}\n{_INSTEAD}") from fault
    _check_filters(model.tree, labels)
    names = [_name(layer) for layer in layers]
    own = [None if name in ("", known) else name for name, known in zip(names, usual, strict=True)]
    if any(own):
        model.layers.set_names(own)
    for label, there, here in zip(labels, layers, model.layers, strict=True):
        try:
            _set_parameters(here, there["kwargs"]["parameters"])
        except RefusedLayer as fault:
            raise ValueError(f"{label}: {fault}; {_INSTEAD}") from None
    return model


def _name(layer: Mapping[str, Any]) -> str:
    return str(layer["kwargs"].get("name") or "")


def _place(words: list[str], column: int) -> int:
    """Find the keyword in which a column of the string is."""
    end = 0
    for place, word in enumerate(words):
        end += len(word) + 1
        if column < end:
            return place
    return len(words) - 1


def _word(layer: Mapping[str, Any], read: set[str], n_states: int | None) -> str:
    kind = layer["class_name"]
    if kind in REFUSED:
        raise RefusedLayer(f"layers of this class are not read: {REFUSED[kind]}")
    if kind not in LAYERS:
        raise RefusedLayer(f"no keyword here stands for the class {kind!r}")
    row = LAYERS[kind]
    shape = [int(size) for size in layer["kwargs"].get("shape") or ()]
    options = list(row.always)
    if row.head == "wc" and len(shape) == 2 and "b" in options:
        options.remove("b")
    for name, value in layer.get("attributes", {}).items():
        means = _penalty if name == "regularizer" else row.options.get(name)
        if means is None:
            raise RefusedLayer(f"the option {name!r} (here {value!r}) is not known")
        found = means(value)
        if found is None:
            raise RefusedLayer(f"{name} = {value!r} has no option of `{row.head}`")
        options += found
    if row.constant and n_states is not None and shape[0] == n_states + 1:
        shape[0] -= 1
        options.append("c")
    if row.head == "fir":
        shape[:2] = shape[1::-1]
    parts = [row.head, *(["x".join(map(str, shape))] if shape else []), *options]
    output = _output_of(layer)
    named = f"{output}=" if output in read else ""
    inputs = [_SIGNALS.get(name, name) for name in _inputs_of(layer)]
    return f"{named}{'.'.join(parts)}{'@' if inputs else ''}{','.join(inputs)}"


def _inputs_of(layer: Mapping[str, Any]) -> list[str]:
    given = layer["kwargs"].get("input")
    names = [] if given is None else [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RefusedLayer(f"layer {_name(layer)!r} reads {given!r}, and no string says so")
    return names


def _output_of(layer: Mapping[str, Any]) -> str | None:
    output = layer["kwargs"].get("output")
    if output is not None and (not isinstance(output, str) or output in ("input", "state")):
        raise RefusedLayer(f"it writes to {output!r}, and no string says so")
    return output


def _check_filters(tree: BoundModel, labels: list[str]) -> None:
    """Refuse filters that are read there as one for each channel, whatever their shape says."""
    for label, keyword in zip(labels, tree, strict=True):
        dims = keyword.dims
        square = len(keyword.takes) == 1 and dims.get("in") == dims.get("out") != 1
        if keyword.written.head == "fir" and square:
            raise ValueError(
                f"{label}: as many outputs as channels are summed over lags of each channel there, "
                f"which no string says; {_INSTEAD}"
            )


def _set_parameters(layer: Layer, phi: Mapping[str, Any]) -> None:
    if not phi or not phi["args"]:
        return
    vectors = _array(phi["attributes"]["_array"])
    vector = vectors[phi["attributes"].get("_index") or 0]
    parts = phi["args"]
    sizes = [math.prod(each["kwargs"]["shape"]) for each in parts]
    if sum(sizes) != vector.size:
        raise RefusedLayer(f"its parameters have {sum(sizes)} values, and it holds {vector.size}")
    ends = np.cumsum(sizes)[:-1]
    frozen = set(phi.get("frozen_parameters") or ())
    for part, values in zip(parts, np.split(vector, ends), strict=True):
        is_frozen = bool(part.get("is_frozen")) or part["kwargs"]["name"] in frozen
        _set_parameter(layer, part["kwargs"], values, is_frozen)


def _set_parameter(
    layer: Layer, there: Mapping[str, Any], values: np.ndarray, is_frozen: bool
) -> None:
    assert layer.signature is not None
    head = layer.signature.head
    given = there["name"]
    name, conversion = PARAMETERS.get(head, {}).get(given, (given, None))
    if name not in layer.parameters:
        raise RefusedLayer(
            f"{head} has no parameter {given!r}; there are {', '.join(layer.parameters)}"
        )
    own = layer.parameters[name]
    shape = tuple(there["shape"])

    def here(data: Any) -> np.ndarray:
        full = np.broadcast_to(_array(data), shape)
        converted = full if conversion is None else conversion(full)
        without_ones = [[n for n in each if n != 1] for each in (converted.shape, own.shape)]
        if without_ones[0] != without_ones[1]:
            raise RefusedLayer(f"{given} has shape {shape}, and {own.shape} here")
        if (head, name) == ("statehinge", "x0"):
            # the first column is used for all outputs there
            converted = np.repeat(converted[:, :1], converted.shape[1], axis=1)
        return converted.reshape(own.shape)

    low, high = there.get("bounds") or (None, None)
    low, high = -np.inf if low is None else low, np.inf if high is None else high
    own.bounds = _one(here(low)), _one(here(high))
    _set_prior(own, there.get("prior"), here)
    if not np.isfinite(values).all():
        raise RefusedLayer(f"{given} has values that are not finite")
    own.values = here(values.reshape(shape))
    own.is_frozen = is_frozen or own.is_permanent


def _set_prior(own: Parameter, prior: Any, here: Callable[[Any], np.ndarray]) -> None:
    """Take a prior over, where there is such a distribution here."""
    if prior is None:
        return
    family, numbers = prior["data"]
    if family in _PRIORS:
        kind, names = _PRIORS[family]
        own.prior = kind(*(here(numbers[name]) for name in names))


def _array(data: Any) -> np.ndarray:
    """Give the numbers of an array as it is written there."""
    if isinstance(data, Mapping):
        return np.array(data["data"], dtype=float).reshape(data["shape"])
    return np.array(data, dtype=float)


def _one(bound: np.ndarray) -> Any:
    return float(bound.flat[0]) if bound.size and (bound == bound.flat[0]).all() else bound


def _plain(value: Any) -> Any:
    """Give notes as `meta` holds them: arrays as lists, and what is not finite as text."""
    if isinstance(value, Mapping):
        if value.get(_MARK) == "ndarray":
            return _plain(value["data"])
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
