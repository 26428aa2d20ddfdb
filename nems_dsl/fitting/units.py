"""Standardised coordinates: what a fit works in, whatever units the user's data have.

The stimulus is divided by its standard deviation and, where the edges of trials allow it, freed of
its mean; the response likewise. Bounds, and parameters that have been set, are carried over to
these coordinates, and what the search finds is carried back, so that the model predicts the same
from the user's own data. Each layer says how its parameters follow (`nems_dsl.layers.Facts`). Where
some cannot, such as those of `stp`, which is not linear in its input, the signal stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from ..data.edges import pad_edges
from ..data.recording import Recording
from ..data.trials import STIMULUS, in_pieces
from ..fit_options import FitOptions
from ..graph.reach import find_reach
from ..graph.wiring import Node, needed
from ..layers.base import KernelLayer
from ..layers.follow import Tie, Units, Values
from .engine.vector import ParameterVector

#: With zeros before each trial, a mean of so many standard deviations or more is taken off.
_FAR = 3.0
_SAME = Units()


class Spread(NamedTuple):
    """Mean of each channel of a signal, and the standard deviation about these, of all together."""

    mean: np.ndarray
    sd: float


@dataclass(frozen=True)
class Standard:
    """What a fit takes in place of stimulus and response.

    Attributes
    ----------
    stimulus, response : Units
    """

    nodes: Sequence[Node]
    places: Sequence[int]
    stimulus: Units = _SAME
    response: Units = _SAME
    edges: str = "zeros"
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    _given: list[tuple[Values, dict[str, tuple[object, object]]]] = field(default_factory=list)

    @property
    def loss_factor(self) -> float:
        """What a mean squared error in these coordinates is to be multiplied with."""
        return 1 / self.response.scale**2

    def recording(self, recording: Recording) -> Recording:
        """Return a recording in the coordinates of the fit, with its edges as the fit sees them."""
        reach = find_reach(self.nodes, self.places)
        around = (reach.known, reach.future, reach.stride)
        if self.edges == "hold":
            recording = pad_edges(recording, *around, None)
        elif self.edges == "zeros" and self.stimulus.offset is not None:
            recording = pad_edges(recording, *around, 0.0)
        if not self.stimulus.are_own:
            recording = _standardised(recording, self.stimulus)
        if self.response.are_own:
            return recording
        added = 0.0 if self.response.offset is None else self.response.offset
        return recording.with_response(
            self.response.scale * trial + added for trial in recording.target
        )

    def enter(self, *, as_it_stands: bool = False) -> None:
        """Carry bounds, and parameters that have been set or frozen, over to the fit's.

        Parameters
        ----------
        as_it_stands : bool
            And all others: the fit is to begin where the model stands.
        """
        given = [_values(node) for node in self.nodes]
        inside = self._converted(given, backwards=True)
        bounds = [
            self._converted(_bounds(self.nodes, given, side), backwards=True) for side in (0, 1)
        ]
        for place, node in enumerate(self.nodes):
            parameters = node.layer.parameters
            self._given.append((given[place], {n: p.bounds for n, p in parameters.items()}))
            for name, parameter in parameters.items():
                low, high = parameter.bound_arrays()
                pair = [
                    np.where(np.isfinite(bound), side[place][name], bound)
                    for bound, side in zip((low, high), bounds, strict=True)
                ]
                if as_it_stands or parameter.is_frozen or not parameter.is_initial:
                    parameter.values = inside[place][name]
                if np.isfinite(low).any() or np.isfinite(high).any():
                    parameter.bounds = (pair[0], pair[1])

    def leave(self) -> None:
        """Carry the parameters back, and bounds and frozen ones as they were."""
        outside = self._converted([_values(node) for node in self.nodes])
        for place, node in enumerate(self.nodes):
            values, bounds = self._given[place]
            for name, parameter in node.layer.parameters.items():
                parameter.bounds = bounds[name]  # type: ignore[assignment]
                low, high = parameter.bound_arrays()
                own = values[name] if parameter.is_frozen else outside[place][name]
                parameter.values = np.clip(own, low, high)

    def slopes(self, vector: ParameterVector) -> np.ndarray:
        """Return the derivatives of the user's free parameters by the fit's, (n, n).

        Parameters
        ----------
        vector : ParameterVector
            Of the layers, whose parameters are in the coordinates of the fit.

        Returns
        -------
        (n, n) float64 ndarray
            A row for each of the user's parameters.

        Notes
        -----
        By central differences, which are exact but for rounding: parameters are multiplied with
        scales, and products of them with the mean of the stimulus are added to offsets.
        """
        theta = vector.read()
        step = np.cbrt(np.finfo(float).eps) * np.maximum(1.0, np.abs(theta))
        if self.stimulus.offset is None:
            # each follows by itself
            change = self._users(vector, theta + step) - self._users(vector, theta - step)
            return np.diag(change / (2 * step))
        slopes = np.empty((len(theta), len(theta)))
        for entry in range(len(theta)):
            moved = np.where(np.arange(len(theta)) == entry, step, 0.0)
            change = self._users(vector, theta + moved) - self._users(vector, theta - moved)
            slopes[:, entry] = change / (2 * step[entry])
        return slopes

    def _users(self, vector: ParameterVector, theta: np.ndarray) -> np.ndarray:
        return vector.gather(self._converted(vector.values(theta, np.dtype(float))))

    def _converted(self, values: Sequence[Values], backwards: bool = False) -> list[Values]:
        found = _convert(self, values, backwards)
        # which layers can follow depends on units and shapes, and not on values
        assert found is not None
        return found


def find_standard(nodes: Sequence[Node], recording: Recording, options: FitOptions) -> Standard:
    """Find the coordinates that a fit can work in.

    Parameters
    ----------
    nodes : sequence of Node
        Of the model to be fitted; its parameters stay as they are.
    recording : Recording
        In the user's units.
    options : FitOptions
    """
    places = needed(nodes, len(nodes) - 1)
    plain = Standard(nodes, places, edges=options.edges, shapes=recording.shapes())
    if options.priors or STIMULUS not in recording.signals:
        # priors are of parameters in the user's own units
        return plain
    trials = recording.signals[STIMULUS]
    stimulus = recording.once(("spread", STIMULUS), lambda: find_spread(trials))
    is_counts = options.loss == "poisson"
    response = None if is_counts else find_spread(recording.target)
    for moved_x, scaled_x, moved_y, scaled_y in _TRIES:
        if moved_x and not _may_be_moved(stimulus, options.edges):
            continue
        found = replace(
            plain,
            stimulus=_units(stimulus, moved_x, scaled_x),
            response=_SAME if response is None else _units(response, moved_y, scaled_y),
            _given=[],
        )
        if _is_followed(found):
            return found
    return plain


#: Whether to move and to scale the stimulus, and the response: as much as can be followed.
_TRIES = [
    (moved_x, scaled_x, moved_y, scaled_y)
    for scaled_x in (True, False)
    for scaled_y in (True, False)
    for moved_y in (True, False)
    for moved_x in (True, False)
    if (moved_x or scaled_x or moved_y or scaled_y)
]


def find_spread(trials: Sequence[np.ndarray]) -> Spread:
    """Return the spread of a signal; NaN is left out.

    Examples
    --------
    >>> find_spread([np.array([[1.0, 8.0], [3.0, 10.0]])])
    Spread(mean=array([2., 9.]), sd=1.0)
    """
    n_channels = trials[0].shape[1]
    n, total = np.zeros(n_channels), np.zeros(n_channels)
    for piece in in_pieces(trials):
        n += np.sum(~np.isnan(piece), axis=0)
        total += np.nansum(piece, axis=0)
    mean = total / np.maximum(n, 1)
    squares = sum(float(np.nansum((piece - mean) ** 2)) for piece in in_pieces(trials))
    return Spread(mean, float(np.sqrt(squares / max(n.sum(), 1))))


# ---- what can be followed ---------------------------------------------------------------------


def _may_be_moved(stimulus: Spread, edges: str) -> bool:
    # zeros before a trial are zeros of the user's; only where they would drown the stimulus are
    # they worth being kept as a constant
    far = np.sqrt(np.mean(stimulus.mean**2)) > _FAR * stimulus.sd
    return edges != "zeros" or bool(far)


def _units(spread: Spread, moved: bool, scaled: bool) -> Units:
    scale = 1 / spread.sd if scaled and 0 < spread.sd < np.inf else 1.0
    if not np.isfinite(scale):
        scale = 1.0
    return Units(scale, -scale * spread.mean if moved else None)


def _is_followed(standard: Standard) -> bool:
    """Tell whether all layers can follow, and whatever is frozen or bounded stays so."""
    nodes, places = standard.nodes, standard.places
    values = [_values(node) for node in nodes]
    # what takes up the mean of the stimulus depends on the weights before it, which the fit moves
    plain = replace(standard, stimulus=Units(standard.stimulus.scale))
    found, other = _convert(standard, values), _convert(plain, values)
    if found is None or other is None:
        return False
    if not all(np.isfinite(array).all() for each in found for array in each.values()):
        return False
    return standard.stimulus.offset is None or not any(
        not np.array_equal(found[place][name], other[place][name])
        and (parameter.is_frozen or np.isfinite(parameter.bound_arrays()).any())
        for place in places
        for name, parameter in nodes[place].layer.parameters.items()
    )


def _convert(
    standard: Standard, values: Sequence[Values], backwards: bool = False
) -> list[Values] | None:
    """Return the user's parameters for the fit's, or backwards; None if a layer cannot follow."""
    nodes, places = standard.nodes, standard.places
    stimulus, response = standard.stimulus, standard.response
    if backwards:
        stimulus, response = _inverse(stimulus), _inverse(response)
    scales = _plan_scales(nodes, places, stimulus.scale, response.scale)
    if scales is None:
        return None
    found, signals = list(values), dict[int, _Signal]()
    for place in places:
        incoming = []
        for source in nodes[place].sources:
            if source.layer is not None:
                incoming.append(signals[source.layer])
                continue
            units = stimulus if source.signal == STIMULUS else _SAME
            incoming.append(_Signal(units, standard.shapes[source.signal or ""]))
        is_last = place == places[-1]
        out = Units(scales[place], response.offset if is_last else None)
        followed = _follow(nodes[place], values[place], incoming, out, is_last)
        if followed is None:
            return None
        found[place], units = followed
        signals[place] = _Signal(units, _output_shape(nodes[place], incoming))
    return found


class _Signal(NamedTuple):
    """A signal's units, and the shape of one bin of it where that is known."""

    units: Units
    shape: tuple[int, ...] | None


def _output_shape(node: Node, incoming: Sequence[_Signal]) -> tuple[int, ...] | None:
    shapes = [signal.shape for signal in incoming]
    if not isinstance(node.layer, KernelLayer) or None in shapes:
        return None
    return node.layer.output_shape(*shapes)  # type: ignore[arg-type]


def _inverse(units: Units) -> Units:
    offset = None if units.offset is None else -units.offset / units.scale
    return Units(1 / units.scale, offset)


def _is_same(one: float, other: float) -> bool:
    return bool(np.isclose(one, other, rtol=1e-12, atol=0))


# ---- scales: what every layer's output is to be multiplied with --------------------------------


def _plan_scales(
    nodes: Sequence[Node], places: Sequence[int], stimulus: float, response: float
) -> dict[int, float] | None:
    """Choose the scale of each layer's output, from the last layer back to the stimulus.

    There is none if two readers of a signal want it in different units.
    """
    wants: dict[int | None, float | None] = {places[-1]: response}
    for place in reversed(places):
        node = nodes[place]
        if wants.get(place) is None and _tie(node) != "same":
            wants[place] = 1.0
        for number, source in enumerate(node.sources):
            want = _want(node, number, wants.get(place))
            if want is None:
                continue
            if source.layer is None and source.signal != STIMULUS:
                if not _is_same(want, 1.0):
                    return None
                continue
            known = wants.get(source.layer)
            if known is not None and not _is_same(known, want):
                return None
            wants[source.layer] = want
    known = wants.get(None)
    if known is not None and not _is_same(known, stimulus):
        return None
    scales: dict[int, float] = {}
    for place in places:
        want = wants.get(place)
        if want is None:
            # tied to its input, whose scale nobody minds
            first = nodes[place].sources[0]
            want = scales[first.layer] if first.layer is not None else stimulus
            if first.layer is None and first.signal != STIMULUS:
                want = 1.0
        scales[place] = want
    return scales


def _want(node: Node, number: int, out: float | None) -> float | None:
    """Tell which scale an input should have, for that of the output; None if any will do."""
    tie = _tie(node)
    if tie == "any":
        return None if number == 0 else 1.0
    if tie == "one":
        return 1.0
    return out if number == 0 or _is_affine(node) else 1.0


def _tie(node: Node) -> Tie:
    layer = node.layer
    if not isinstance(layer, KernelLayer):
        return "one"
    if layer.facts.follow is not None:
        return layer.facts.follow.tie(_free(node))
    if not _is_affine(node):
        return "one"
    # several inputs share the one gain, so that they need the same units
    return "any" if layer.facts.gain in _free(node) and len(node.sources) == 1 else "same"


def _is_affine(node: Node) -> bool:
    layer = node.layer
    return isinstance(layer, KernelLayer) and layer.facts.follow is None and layer.facts.affine


def _free(node: Node) -> list[str]:
    """Name the parameters that may take other values: permanent ones are parts of a formula."""
    return [name for name, p in node.layer.parameters.items() if not p.is_permanent]


# ---- layers --------------------------------------------------------------------------------------


def _follow(
    node: Node, values: Values, incoming: Sequence[_Signal], out: Units, is_last: bool
) -> tuple[Values, Units] | None:
    """Return a layer's parameters for the user's units, and the units of what it gives."""
    layer, units = node.layer, [signal.units for signal in incoming]
    if isinstance(layer, KernelLayer) and layer.facts.follow is not None:
        found = layer.facts.follow.values(values, _free(node), units, out)
        return None if found is None else (found, out)
    if _is_affine(node):
        return _follow_affine(node, values, incoming, out, is_last)
    return (values, _SAME) if all(each.are_own for each in (*units, out)) else None


def _follow_affine(
    node: Node, values: Values, incoming: Sequence[_Signal], out: Units, is_last: bool
) -> tuple[Values, Units] | None:
    """Follow ``y = A x + c``: A takes up scales and c offsets, which are handed on without one."""
    assert isinstance(node.layer, KernelLayer)
    facts, free, found = node.layer.facts, _free(node), dict(values)
    scale = incoming[0].units.scale
    if not all(_is_same(signal.units.scale, scale) for signal in incoming):
        return None
    if facts.gain in free:
        assert facts.gain is not None
        found[facts.gain] = values[facts.gain] * (scale / out.scale)
    elif not _is_same(scale, out.scale):
        return None
    is_moved = any(signal.units.offset is not None for signal in incoming)
    if is_moved and not _has_constant(node.layer, incoming):
        return None
    handed = _constant(node.layer, values, incoming) if is_moved else None
    added = [name for name in facts.additive if name in free]
    if not added:
        if out.offset is not None or (is_last and handed is not None):
            return None
        return found, Units(out.scale, handed)
    (name,) = added
    moved = np.zeros_like(values[name])
    for part, sign in ((handed, 1.0), (out.offset, -1.0)):
        if part is not None:
            if part.shape != moved.shape:
                return None
            moved += sign * part
    found[name] = (values[name] + moved) / out.scale
    return found, out


def _has_constant(layer: KernelLayer, incoming: Sequence[_Signal]) -> bool:
    """Tell whether constant inputs give a constant output from some bin on."""
    return layer.memory is not None and all(signal.shape is not None for signal in incoming)


def _constant(layer: KernelLayer, values: Values, incoming: Sequence[_Signal]) -> np.ndarray:
    """Return what an affine layer makes of constant inputs, but for what it adds by itself."""
    assert layer.memory is not None
    n_bins = layer.memory + layer.lookahead + layer.stride
    before = {name: p.values for name, p in layer.parameters.items()}
    ends = []
    try:
        for name, parameter in layer.parameters.items():
            parameter.values = values[name]
        for share in (1.0, 0.0):
            inputs = [
                np.full((n_bins, *signal.shape), 0.0)  # type: ignore[misc]
                + (0.0 if signal.units.offset is None else share * signal.units.offset)
                for signal in incoming
            ]
            # at a bin whose past and future are all there
            ends.append(layer.evaluate(*inputs)[-(-layer.memory // layer.stride)])
    finally:
        for name, parameter in layer.parameters.items():
            parameter.values = before[name]
    constant: np.ndarray = ends[0] - ends[1]
    return constant


def _values(node: Node) -> Values:
    return {name: parameter.values.copy() for name, parameter in node.layer.parameters.items()}


def _bounds(nodes: Sequence[Node], values: Sequence[Values], side: int) -> list[Values]:
    """Return one of the bounds of every parameter, and its value where it has none."""
    found = []
    for node, given in zip(nodes, values, strict=True):
        bounds = {n: p.bound_arrays()[side] for n, p in node.layer.parameters.items()}
        found.append({n: np.where(np.isfinite(b), b, given[n]) for n, b in bounds.items()})
    return found


def _standardised(recording: Recording, units: Units) -> Recording:
    """Return a recording with another stimulus, which all fits in the same coordinates share."""

    def make() -> Recording:
        added = 0.0 if units.offset is None else units.offset
        trials = tuple(
            (units.scale * trial + added).astype(trial.dtype)
            for trial in recording.signals[STIMULUS]
        )
        signals = {**recording.signals, STIMULUS: trials}
        return Recording(signals, None, recording.form, recording.names)

    offset = None if units.offset is None else tuple(units.offset.tolist())
    key = ("standardised", units.scale, offset)
    return recording.once(key, make).with_response(recording.response)
