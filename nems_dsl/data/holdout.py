"""Splitting a recording into a part to fit and a part to test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .trials import check_match, read_inputs, read_signal

Trials = list[np.ndarray]
Inputs = dict[str, Trials]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A recording in two parts: one to fit, one to test.

    Attributes
    ----------
    x_fit, x_test : dict of str to list of (T_i, channels) arrays
        The signals that a model reads.
    y_fit, y_test : list of (T_i, channels) arrays
        The response.
    description : str
        Which part was held out, for people to read.
    """

    x_fit: Inputs
    y_fit: Trials
    x_test: Inputs
    y_test: Trials
    description: str

    @property
    def n_channels(self) -> int:
        """Channels of the response."""
        return int(self.y_fit[0].shape[1])


def hold_out(x: Any, y: Any, fraction: float = 0.2) -> HeldOut:
    """Split a recording: its last trials, or the end of a single one, are held out.

    Parameters
    ----------
    x : (T, channels), (trials, T, channels), list of (T_i, channels), or dict of these
    y : like `x`
        NaN is missing.
    fraction : float
        From 0 up to 1: the share of trials to hold out, at least one, or of a single trial's
        bins. With 0 nothing is.

    Returns
    -------
    HeldOut
        When one trial is cut in two, filters start afresh in its second part.

    Raises
    ------
    ValueError
        The data cannot be fitted, or are too short to be split; says what is wrong and where.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.zeros((5, 40, 18)), np.arange(200.0).reshape(5, 40, 1)
    >>> split = hold_out(x, y)
    >>> len(split.y_fit), len(split.y_test), split.description
    (4, 1, 'the last trial of 5')
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"the fraction to hold out must be from 0 up to 1, not {fraction:g}")
    inputs = read_inputs(x)
    target, _ = read_signal(y, "the target")
    check_match(target, inputs)
    signals = {inputs.names[name]: trials for name, trials in inputs.signals.items()}
    n_trials = len(target)
    if fraction == 0:
        nothing: Inputs = {name: [] for name in signals}
        return HeldOut(signals, target, nothing, [], "nothing")
    if n_trials == 1:
        return _cut_in_two(signals, target, fraction)
    first = n_trials - min(max(round(n_trials * fraction), 1), n_trials - 1)
    held = "trial" if first == n_trials - 1 else f"{n_trials - first} trials"
    return HeldOut(
        {name: trials[:first] for name, trials in signals.items()},
        target[:first],
        {name: trials[first:] for name, trials in signals.items()},
        target[first:],
        f"the last {held} of {n_trials}",
    )


def _cut_in_two(signals: Inputs, target: Trials, fraction: float) -> HeldOut:
    n_times = len(target[0])
    cut = n_times - max(round(n_times * fraction), 2)
    if cut < 2:
        raise ValueError(f"a single trial of {n_times} bins is too short to hold out a part of it")
    return HeldOut(
        {name: [trials[0][:cut]] for name, trials in signals.items()},
        [target[0][:cut]],
        {name: [trials[0][cut:]] for name, trials in signals.items()},
        [target[0][cut:]],
        f"the last {n_times - cut} of {n_times} bins",
    )
