"""Checks of a layer among others: as a keyword in a string, and in the objective of a fit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..compiler import parse
from ..compiler.bind import bind
from ..compiler.build import build_layers
from ..compiler.catalogue import catalogue
from ..keywords import FROM_DATA, Signature
from ..layers.base import Layer
from ..models import Model, Objective
from ..syntax import read, spell_number, write_keyword
from .cases import Case

_STIMULUS = "stim"
_STEP = 1e-5


def check_string(case: Case) -> None:
    """Check that a keyword comes back from its canonical form, and gives the sizes it says."""
    layer = case.make()
    signature = layer.signature
    if signature is None or not _has_a_place(layer):
        return
    shape = "x".join(map(str, layer.shape or ()))
    given = [
        name if value is True or value == FROM_DATA else f"{name}{spell_number(value)}"
        for name, value in case.options
    ]
    names = signal_names(signature, len(case.takes))
    inputs = names if len(names) > 1 + len(signature.signals) else []
    text = write_keyword(signature.head, [*[shape] * bool(shape), *given], None, inputs)
    signals = dict(zip(names, case.takes, strict=True))
    tree = bind(read(text), signals=signals)
    its_string = tree.string
    again = bind(read(its_string), signals=signals)
    assert again == tree, f"{text} and its canonical form {tree.string} differ"
    assert again.string == tree.string, f"{tree.string} has another canonical form, {again.string}"
    (built,) = build_layers(tree)
    shapes = [{n: p.shape for n, p in each.parameters.items()} for each in (layer, built)]
    assert shapes[0] == shapes[1], f"{tree.string} builds a layer with parameters {shapes[1]}"
    out = np.asarray(built.evaluate(*(np.ones((5, *each)) for each in case.takes)))
    given_shape = out.shape[1:] or (1,)
    says = tree.keywords[0].gives
    assert given_shape == says, f"{tree.string} gives {given_shape}, but its signature says {says}"
    if signature.example:
        parse(signature.example)


def check_fit(case: Case) -> None:
    """Check that a fit's gradient by the layer's parameters is that of its loss."""
    layer = case.build()
    if any(len(each) != 1 for each in case.takes) or not _has_a_place(layer):
        return
    names = signal_names(layer.signature, len(case.takes))
    if isinstance(layer.input, Mapping):
        layer.input = dict(zip(layer.input, names, strict=True))
    else:
        layer.input = names if len(names) > 1 else None
    rng = np.random.default_rng(7)
    drawn = case.signals(rng, 30)
    data = {name: np.ascontiguousarray(x.T) for name, x in zip(names, drawn, strict=True)}
    model = Model(layers=[layer])
    out = model.predict(data)
    if out.ndim != 2:
        return
    objective = Objective(model, data, rng.normal(size=out.shape), loss="mse")
    theta = objective.theta0
    value, gradient = objective.value_and_grad(theta)
    assert np.isfinite(value), "the loss is not finite at the layer's parameters"
    low, high = objective.bounds
    for entry in range(theta.size):
        up, down = theta.copy(), theta.copy()
        up[entry] = min(theta[entry] + _STEP, high[entry])
        down[entry] = max(theta[entry] - _STEP, low[entry])
        if up[entry] == down[entry]:
            continue
        slope = (objective.value(up) - objective.value(down)) / (up[entry] - down[entry])
        scale = 1e-3 * max(np.abs(gradient).max(), 1e-3)
        np.testing.assert_allclose(
            gradient[entry], slope, rtol=1e-3, atol=scale, err_msg="the fit's gradient is wrong"
        )


def _has_a_place(layer: Layer) -> bool:
    """Tell whether a model can be made of a layer: not of a keyword that is not registered."""
    signature = layer.signature
    if signature is None:
        return True
    entry: object = catalogue().get(signature.head)
    return entry is type(layer)


def signal_names(signature: Signature | None, n_inputs: int) -> list[str]:
    """Name the signals of a layer that has so many inputs."""
    known = [_STIMULUS, *(() if signature is None else signature.signals)]
    return [*known, *(f"signal{i}" for i in range(len(known), n_inputs))][:n_inputs]
