"""`check_layer`: everything that can be asked of a layer, in one call."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from ..compiler import parse
from ..compiler.build import build_layers
from ..compiler.catalogue import catalogue
from ..layers.base import Layer
from .cases import Case, case_of_layer, cases_of
from .checks import CHECKS


def check_layer(
    layer: Layer | type[Layer] | str,
    inputs: Sequence[Sequence[int]] | None = None,
    *,
    domain: tuple[float, float] = (-2.0, 2.0),
) -> list[str]:
    """Check all that the layers of this package are held to.

    Its output is finite, as long as its input and the same each time; parameters are as declared
    and start within their bounds; derivatives, where it gives any, backwards and forwards, are
    those of central differences; its facts are true, and what is true is among them; no
    trial has a bearing on another; it remembers and looks ahead no further than it says; single
    precision gives nearly the same; wrong channels are refused; its string comes back from its
    canonical form; and a fit finds the gradient of its loss.

    Parameters
    ----------
    layer : Layer, class, or str
        One layer; or a class or the head of a keyword, for each shape, each option and each way
        in that its signature declares; or a model string, for each of its layers.
    inputs : sequence of tuple of int, optional
        The shape of one bin of each input of a layer, ``[(18,), (2,)]`` for example, in the order
        of the layer's `input`, where the signature does not tell it. Without either, one input of
        3 channels.
    domain : (low, high)
        The values that the layer takes, for example ``(0, 1)`` for one that takes a logarithm.

    Returns
    -------
    list of str
        What was checked.

    Raises
    ------
    AssertionError
        Something is wrong; says everything that is.
    TypeError, ValueError
        There is nothing that could be checked.

    Notes
    -----
    Parameters are drawn from their priors. The string and the fit of a keyword that is not
    registered are left out, since no model can be made of it. Corners, such as a rectifier's,
    make differences wrong if an input or a parameter comes to lie on them.

    Examples
    --------
    >>> from nems_dsl.testing import check_layer
    >>> "derivatives" in check_layer("lvl")
    True
    """
    faults: list[str] = []
    for case in _cases(layer, inputs, domain):
        faults += _faults(case)
    if faults:
        verb = "fails" if len(faults) == 1 else "fail"
        raise AssertionError("\n\n".join([f"{len(faults)} of the checks {verb}", *faults]))
    return list(CHECKS)


def _cases(
    layer: Layer | type[Layer] | str,
    inputs: Sequence[Sequence[int]] | None,
    domain: tuple[float, float],
) -> list[Case]:
    if isinstance(layer, str) and layer in catalogue():
        layer = catalogue()[layer]  # type: ignore[assignment]
    if isinstance(layer, str):
        layers = build_layers(parse(layer, N=3, R=2, S=2))
        return [case_of_layer(each, inputs, domain=domain, from_priors=True) for each in layers]
    if isinstance(layer, type) and issubclass(layer, Layer):
        if layer.signature is not None and inputs is None:
            return cases_of(layer, domain=domain, from_priors=True)
        layer = layer()
    if not isinstance(layer, Layer):
        raise TypeError(f"a layer, a class of layers or a string can be checked, not {layer!r}")
    return [case_of_layer(layer, inputs, domain=domain, from_priors=True)]


def _faults(case: Case) -> list[str]:
    faults = []
    for name, check in CHECKS.items():
        try:
            check(case)
        except AssertionError as fault:
            faults.append(f"{case}, {name}: {inspect.cleandoc(str(fault))}")
        except Exception as fault:
            faults.append(f"{case}, {name}: {type(fault).__name__}: {fault}")
    return faults
