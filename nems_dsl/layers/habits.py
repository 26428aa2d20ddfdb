"""What to answer to those who look for an attribute that a layer has in other programs."""

from __future__ import annotations

_STAGED = (
    'a fit finds the linear part first by itself; model.fit(x, y, init="staged") fits the model '
    "without its nonlinearities, and then all of it"
)
_FREEZING = (
    "layer.parameters[...].{verb}() {does} one parameter, model.{verb}_layers(...) whole layers"
)
_ANSWERS = {
    "skip_nonlinearity": _STAGED,
    "unskip_nonlinearity": _STAGED,
    "freeze_parameters": _FREEZING.format(verb="freeze", does="freezes"),
    "unfreeze_parameters": _FREEZING.format(verb="unfreeze", does="unfreezes"),
    "sample_from_priors": "model.sample_from_priors() draws the parameters of all layers",
    "get_parameter_vector": "Objective(model, x, y).theta0 has the free parameters as one vector",
}


def answer(name: str) -> str:
    """Return what to do instead of using an attribute that layers do not have, or nothing.

    Examples
    --------
    >>> answer("unfreeze_parameters")
    'layer.parameters[...].unfreeze() unfreezes one parameter, model.unfreeze_layers(...) ...'
    """
    return _ANSWERS.get(name, "")
