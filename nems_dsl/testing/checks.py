"""What a layer must get right, each as a function of a `Case` that raises an AssertionError."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..layers.base import KernelLayer, strided
from .cases import Case
from .declared import check_declared
from .running import STEP, derivatives, differences, edges, evaluate, run, values_of
from .strings import check_fit, check_string
from .tangents import check_tangents

RTOL = 1e-6


# ---- checks --------------------------------------------------------------------------------------


def check_output(case: Case) -> None:
    """Check that one bin comes out for each that goes in, finite, and the same each time."""
    layer = case.build()
    inputs = case.inputs(np.random.default_rng(6), 23, low=case.domain[0])
    kept = [x.copy() for x in inputs]
    out = evaluate(layer, inputs).copy()
    n_bins = -(-23 // layer.stride)
    assert out.shape[-1] == n_bins, f"gives {out.shape[-1]} bins for 23, not {n_bins}"
    assert np.isfinite(out).all(), "gives values that are not finite"
    for x, before in zip(inputs, kept, strict=True):
        np.testing.assert_array_equal(x, before, "evaluate changes its inputs")
    again = evaluate(layer, inputs)
    np.testing.assert_array_equal(again, out, "evaluate gives something else a second time")
    one = evaluate(layer, [x[..., :1] for x in inputs])
    assert one.shape == (*out.shape[:-1], 1), f"gives an array of shape {one.shape} for one bin"


def check_parameters(case: Case) -> None:
    """Check that parameters have the shapes declared, and start within their bounds."""
    layer = case.make()
    for name, parameter in layer.parameters.items():
        low, high = parameter.bound_arrays()
        assert np.isfinite(parameter.values).all(), f"{name} does not start finite"
        inside = (low <= parameter.values) & (parameter.values <= high)
        assert inside.all(), f"{name} starts outside its bounds"
    declare = getattr(type(layer), "parameter_shapes", None)
    dims = getattr(layer, "dims", None)
    if declare is None or dims is None:
        return
    shapes = {name: parameter.shape for name, parameter in layer.parameters.items()}
    declared = declare(dims, layer.options)
    assert declared == shapes, f"parameter_shapes says {declared}, but they are {shapes}"


def check_derivatives(
    case: Case, lengths: Sequence[int] = (17,), seed: int = 1, rtol: float = RTOL
) -> None:
    """Check derivatives by every parameter and input against central differences."""
    layer = case.build(seed)
    if not isinstance(layer, KernelLayer):
        return
    rng = np.random.default_rng(seed)
    starts = edges(*lengths)
    inputs, values = case.signals(rng, starts[-1]), values_of(layer)
    d_out = rng.normal(size=run(layer, values, inputs, starts).out.shape)

    def value() -> float:
        return float(np.sum(run(layer, values, inputs, starts).out * d_out))

    d_inputs, d_values = derivatives(layer, values, inputs, starts, d_out)
    for place, (x, dx) in enumerate(zip(inputs, d_inputs, strict=True)):
        _compare(dx, value, x, f"the derivative by input {place}", rtol)
    for name, d_value in d_values.items():
        _compare(d_value, value, values[name], f"the derivative by {name}", rtol)


def _compare(
    found: np.ndarray, value: Callable[[], float], moved: np.ndarray, what: str, rtol: float
) -> None:
    expected = differences(value, moved)
    allowed = rtol * (np.abs(expected) + np.abs(expected).max(initial=0)) + 1e-8
    wrong = ~(np.abs(found - expected) <= allowed)
    # a sharp bend wants a shorter step and rounding a longer one; the tolerance stays what it is
    for step in (STEP / 10, STEP * 10):
        if not wrong.any():
            return
        wrong &= ~(np.abs(found - differences(value, moved, step)) <= allowed)
    assert not wrong.any(), (
        f"{what} is wrong: {found[wrong][0]:.8g}, and by central differences "
        f"{expected[wrong][0]:.8g}"
    )


def check_over_trials(case: Case) -> None:
    """Check them over several trials, one of a single bin."""
    check_derivatives(case, (6, 1, 9), seed=2)


def check_trials(case: Case) -> None:
    """Check that trials side by side give what they give alone, derivatives too."""
    rng = np.random.default_rng(2)
    layer = case.build()
    starts = edges(6, 1, 9)
    out_starts = strided(starts, layer.stride)
    inputs, values = case.inputs(rng, starts[-1]), values_of(layer)
    together = run(layer, values, inputs, starts).out
    d_out = rng.normal(size=together.shape)
    exact = isinstance(layer, KernelLayer)
    d_inputs = derivatives(layer, values, inputs, starts, d_out)[0] if exact else ()
    ranges = zip(itertools.pairwise(starts), itertools.pairwise(out_starts), strict=True)
    for (start, stop), (out_start, out_stop) in ranges:
        alone = [np.ascontiguousarray(x[..., start:stop]) for x in inputs]
        its_own = np.array([0, stop - start])
        np.testing.assert_array_equal(
            run(layer, values, alone, its_own).out,
            together[..., out_start:out_stop],
            "one trial has a bearing on another",
        )
        if not exact:
            continue
        d_its_own = np.ascontiguousarray(d_out[..., out_start:out_stop])
        d_alone, _ = derivatives(layer, values, alone, its_own, d_its_own)
        for dx, d in zip(d_inputs, d_alone, strict=True):
            np.testing.assert_allclose(
                d,
                dx[..., start:stop],
                rtol=1e-12,
                atol=1e-14,
                err_msg="the derivative in one trial depends on another",
            )


def check_unwanted(case: Case) -> None:
    """Check derivatives by the parameters where those by the inputs are not wanted."""
    layer = case.build()
    if not isinstance(layer, KernelLayer):
        return
    rng = np.random.default_rng(3)
    inputs, starts, values = case.inputs(rng, 12, low=0.1), edges(12), values_of(layer)
    d_out = rng.normal(size=run(layer, values, inputs, starts).out.shape)
    _, wanted = derivatives(layer, values, inputs, starts, d_out)
    _, got = derivatives(layer, values, inputs, starts, d_out, wanted=False)
    for name in wanted:
        np.testing.assert_allclose(got[name], wanted[name], rtol=1e-12, atol=1e-12)


def check_memory(case: Case) -> None:
    """Check that the output depends on no more than `memory` and `lookahead` say."""
    layer = case.build()
    if layer.memory is None or layer.stride > 1:
        return
    rng = np.random.default_rng(5)
    values, n_times, at = values_of(layer), 40, 20
    inputs, starts = case.inputs(rng, n_times), edges(n_times)
    before = run(layer, values, inputs, starts).out.copy()
    for x in inputs:
        # towards the side on which there is room
        x[..., at] += np.where(x[..., at] + 0.5 <= max(case.domain[1], 2.5), 0.5, -0.5)
    changed = run(layer, values, inputs, starts).out != before
    places = np.flatnonzero(changed.reshape(-1, n_times).any(axis=0))
    if places.size:
        ahead, back = at - int(places.min()), int(places.max()) - at
        assert ahead <= layer.lookahead, f"looks {ahead} bins ahead, not {layer.lookahead}"
        assert back <= layer.memory, f"remembers {back} bins, not {layer.memory}"


def check_float32(case: Case) -> None:
    """Check that single precision gives nearly the same, and that a kernel keeps to it."""
    layer = case.build()
    inputs = case.inputs(np.random.default_rng(4), 40)
    exact = evaluate(layer, inputs)
    single = evaluate(layer, [x.astype(np.float32) for x in inputs])
    if isinstance(layer, KernelLayer):
        assert single.dtype == np.float32, f"gives {single.dtype} for float32"
    np.testing.assert_allclose(single, exact, rtol=2e-4, atol=2e-5 * np.abs(exact).max(initial=0))


def check_refusals(case: Case) -> None:
    """Check that a kernel is never given channels that it has no place for."""
    layer = case.build()
    if not isinstance(layer, KernelLayer):
        return
    for wrong in (
        [tuple(n + 7 for n in each) for each in case.takes],
        [(*each, 1, 1) for each in case.takes],
    ):
        if _takes(layer, wrong):
            continue
        try:
            layer.evaluate(*(np.zeros((10, *each)) for each in wrong))
        except ValueError as fault:
            assert "takes" in str(fault), f"refuses wrong channels without saying why: {fault}"
        else:
            raise AssertionError(f"accepts channels {wrong}")


def _takes(layer: KernelLayer, shapes: Sequence[tuple[int, ...]]) -> bool:
    """Tell by the signature alone whether a layer takes such inputs."""
    if layer.signature.join is not None:
        return layer.signature.join(layer.dims, shapes, layer.options) is not None
    for flow in layer.signature.flows:
        axes = [axis for each in flow.inputs for axis in each]
        is_free = all(axis not in layer.dims for axis in axes)
        if is_free and [len(each) for each in flow.inputs] == [len(each) for each in shapes]:
            return True
    return False


CHECKS: dict[str, Callable[[Case], Any]] = {
    "output": check_output,
    "parameters": check_parameters,
    "derivatives": check_derivatives,
    "derivatives over trials": check_over_trials,
    "unwanted derivatives": check_unwanted,
    "forward derivatives": check_tangents,
    "declared": check_declared,
    "trials": check_trials,
    "memory": check_memory,
    "float32": check_float32,
    "refusals": check_refusals,
    "string": check_string,
    "fit": check_fit,
}
