"""What layers compose: the receptive field and the nonlinearity, and how parameters move them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...data.trials import STIMULUS
from ...graph.evaluation import evaluate_layer
from ...graph.reach import find_reach
from ...graph.skeleton import Skeleton, find_skeleton
from ...layers.base import flat
from ...layers.follow import Units
from ..engine.jacobian import Jacobian
from ..engine.packs import Pack
from ..engine.passes import Engine, run_forward
from ..linear.moments import Lags
from .linearised import Drive

if TYPE_CHECKING:
    from ..objective import Objective

_MOST_VALUES = 8_000_000
_POINTS = 41
_MOST_TAIL = 200


@dataclass(frozen=True)
class Front:
    """The linear front of a model: its receptive field, and what the layers after it make of it.

    Attributes
    ----------
    objective : Objective
    skeleton : Skeleton
    lags : Lags
        That the front looks back and ahead.
    """

    objective: Objective
    skeleton: Skeleton
    lags: Lags
    _jacobian: Jacobian

    @property
    def _engine(self) -> Engine:
        return self._jacobian.engine

    @property
    def lags_of_field(self) -> np.ndarray:
        """The lags of the field in bins; those below 0 lie ahead."""
        return np.arange(-self.lags.future, self.lags.past + 1.0)

    @property
    def n_channels(self) -> int:
        """Channels of the stimulus."""
        return int(self._engine.plans[0].pack.inputs[STIMULUS].shape[0])

    def field(self, theta: np.ndarray) -> np.ndarray:
        """Return the receptive field, (outputs, channels, lags), the farthest ahead first."""
        (plan,) = self._engine.plans
        run_forward(plan.forward, self._engine.prepare(self._engine.values(theta)))
        return self._read(flat(plan.last.out))

    def slopes(self, theta: np.ndarray) -> np.ndarray:
        """Return the derivative of the receptive field, (outputs, channels, lags, n)."""
        field = self.field(theta)
        (plan,) = self._engine.plans
        tangents = self._jacobian.tangents(plan, self._engine.values(theta))
        slopes = np.zeros((*field.shape, len(theta)))
        if tangents is not None:
            of_each = self._read(tangents.values)
            slopes[tangents.rows, :, :, tangents.entries] = of_each
        return slopes

    def drive(self, theta: np.ndarray) -> np.ndarray:
        """Return the front's output on the bins of the data that count, (outputs, bins)."""
        engine, cut = self.objective.engine, self.skeleton.cut
        weights = engine.prepare(engine.values(theta))
        found = []
        for plan in engine.plans:
            run_forward(plan.forward, weights)
            (step,) = (step for step in plan.forward if step.place == cut)
            counted = ~np.isnan(flat(plan.pack.target)).all(axis=0)
            found.append(flat(step.work.out)[:, counted])
        return np.concatenate(found, axis=1)

    def drive_of(self, stimulus: np.ndarray) -> np.ndarray:
        """Return the front's output for a stimulus that never changes, (outputs,)."""
        nodes, skeleton = self.objective.engine.nodes, self.skeleton
        x = np.broadcast_to(stimulus, (self.lags.n, self.n_channels)).copy()
        given: dict[int | None, np.ndarray] = {None: x}
        for place in skeleton.front:
            inputs = [given[source.layer] for source in nodes[place].sources]
            given[place] = evaluate_layer(nodes[place], inputs)
        return np.asarray(given[skeleton.cut][self.lags.past].ravel())

    def _read(self, rows: np.ndarray) -> np.ndarray:
        # what comes without any impulse is the front's constant
        by_impulse = rows.reshape(len(rows), self.n_channels + 1, self.lags.n)
        return by_impulse[:, :-1] - by_impulse[:, -1:]

    # ---- what follows ------------------------------------------------------------------------

    def curve(self, drive: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Return the model's output, (points, outputs), for outputs of the front."""
        objective = self.objective
        nodes, vector = objective.engine.nodes, objective.vector
        before = vector.read()
        vector.write(theta)
        try:
            shape = objective.engine.shapes[self.skeleton.cut]
            signal = drive.reshape(len(drive), *shape)
            for place in self.skeleton.tail:
                signal = evaluate_layer(nodes[place], [signal])
        finally:
            vector.write(before)
        return signal.reshape(len(signal), -1)

    def curve_slopes(self, drive: np.ndarray, theta: np.ndarray, of: Drive) -> np.ndarray:
        """Return the derivative of the curve by parameters, (points, outputs, n).

        The points stay at the same distance, in standard deviations, from the mean of the drive.
        """
        size = np.cbrt(np.finfo(float).eps)
        step = size * np.maximum(of.sd, np.abs(of.mean))
        rise = self.curve(drive + step, theta) - self.curve(drive - step, theta)
        rise = rise / np.where(step > 0, 2 * step, np.inf)
        distance = (drive - of.mean) / np.where(of.sd > 0, of.sd, np.inf)
        slopes = rise[..., None] * (of.d_mean + distance[..., None] * of.d_sd)
        low, high = self.objective.bounds
        for entry in self._tail_entries():
            up, down = theta.copy(), theta.copy()
            step = size * max(1.0, abs(theta[entry]))
            up[entry] = min(theta[entry] + step, high[entry])
            down[entry] = max(theta[entry] - step, low[entry])
            if up[entry] > down[entry]:
                change = self.curve(drive, up) - self.curve(drive, down)
                slopes[..., entry] += change / (up[entry] - down[entry])
        return slopes

    @property
    def has_curve(self) -> bool:
        """Whether what follows the front is told by its output alone, and by few parameters."""
        nodes, tail = self.objective.engine.nodes, self.skeleton.tail
        return (
            bool(tail)
            and all(len(nodes[place].sources) == 1 for place in tail)
            and len(self._tail_entries()) <= _MOST_TAIL
        )

    def _tail_entries(self) -> Sequence[int]:
        return [
            entry
            for slot in self.objective.vector.slots
            if slot.layer in self.skeleton.tail
            for entry in range(slot.start, slot.stop)
        ]


def find_front(objective: Objective) -> Front | None:
    """Find the linear front that a model begins with; None if it begins with something else.

    Parameters
    ----------
    objective : Objective
    """
    engine = objective.engine
    nodes, places = engine.nodes, engine.structure.needed
    skeleton = find_skeleton(nodes, places)
    if skeleton is None or len(skeleton.front) + len(skeleton.tail) != len(places):
        return None
    reach = find_reach(nodes, skeleton.front)
    if reach.past is None or reach.stride > 1:
        return None
    lags = Lags(reach.past, reach.future)
    n_channels = engine.plans[0].pack.inputs[STIMULUS].shape[0]
    n_outputs = int(np.prod(engine.shapes[skeleton.cut]))
    n_values = n_channels * lags.n * max(n_channels + 1, n_outputs * objective.n_parameters)
    if n_values > _MOST_VALUES:
        return None
    pack = _impulses(n_channels, lags)
    own = Engine(nodes, list(skeleton.front), [pack], objective.vector, np.dtype(float))
    return Front(objective, skeleton, lags, Jacobian(own))


@dataclass(frozen=True)
class Composed:
    """Receptive field and nonlinearity in the coordinates of the fit, with their derivatives.

    Attributes
    ----------
    front : Front
    field : (outputs, channels, lags) array
    field_slopes, form_slopes : (outputs, channels, lags, n) arrays
        Derivatives of the field as it is, and of one whose size is kept such that the drive has the
        same standard deviation: no later gain makes up for its form.
    rest : (outputs,) array
        The drive where the stimulus is 0.
    points, curve : (points, outputs) arrays, or None
        Of the drive, and the output there.
    curve_slopes : (points, outputs, n) array or None
    """

    front: Front
    field: np.ndarray
    field_slopes: np.ndarray
    form_slopes: np.ndarray
    rest: np.ndarray
    points: np.ndarray
    curve: np.ndarray | None
    curve_slopes: np.ndarray | None

    def factor(self, theta: np.ndarray) -> np.ndarray:
        """Return by what the field has been multiplied since, (outputs,)."""
        now, square = self.front.field(theta), np.sum(self.field**2, axis=(1, 2))
        return np.sum(now * self.field, axis=(1, 2)) / np.where(square > 0, square, 1)

    def points_in(self, stimulus: Units, theta: np.ndarray) -> np.ndarray:
        """Return the points of the drive as the front gives them now, (points, outputs).

        Parameters
        ----------
        stimulus : Units
            What the fit took in place of the stimulus.
        theta : (n,) array
            Parameters now, which are those of the layers as well.
        """
        rest = 0.0 if stimulus.offset is None else -stimulus.offset / stimulus.scale
        moved = self.points - self.rest
        own_rest = self.front.drive_of(np.asarray(rest))
        return own_rest + self.factor(theta) / stimulus.scale * moved


def compose(front: Front, theta: np.ndarray, drive: Drive) -> Composed:
    """Take receptive field and nonlinearity where the parameters stand.

    Parameters
    ----------
    front : Front
    theta : (n,) array
        Parameters, which are those of the layers as well.
    drive : Drive
        What the front gives for the data.
    """
    field, slopes = front.field(theta), front.slopes(theta)
    growth = drive.d_sd / np.where(drive.sd > 0, drive.sd, np.inf)[:, None]
    form = slopes - field[..., None] * growth[:, None, None]
    # the same distances from the mean whatever the gain
    points = np.linspace(drive.low, drive.high, _POINTS)
    n_outputs = int(np.prod(front.objective.engine.output_shape))
    has_curve = front.has_curve and len(field) == n_outputs
    return Composed(
        front,
        field,
        slopes,
        form,
        front.drive_of(np.zeros(1)),
        points,
        front.curve(points, theta) if has_curve else None,
        front.curve_slopes(points, theta, drive) if has_curve else None,
    )


def _impulses(n_channels: int, lags: Lags) -> Pack:
    """Give a segment per channel with an impulse in it, and one without."""
    stim = np.zeros((n_channels, n_channels + 1, lags.n))
    stim[np.arange(n_channels), np.arange(n_channels), lags.future] = 1
    starts = np.arange(n_channels + 2) * lags.n
    return Pack({STIMULUS: stim.reshape(n_channels, -1)}, np.empty((0, 0)), starts)
