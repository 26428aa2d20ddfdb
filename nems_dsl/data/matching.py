"""Signals of one recording brought together: trial by trial, and bin by bin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .indexes import find_order, is_same
from .orientation import check_orientation, find_hint, refuse_mismatch
from .reading import cut, describe_place
from .signal import Signal

_BOTH = (
    "give both the same index, as with reindex, or pass bare arrays of both, np.asarray(...), if "
    "they belong together by position"
)


@dataclass(frozen=True)
class Matched:
    """Signals whose trials, and times, are those of the first.

    Attributes
    ----------
    inputs : dict of str to Signal
    response : Signal or None
        The lengths of its trials may still differ, for a model that gives fewer bins than it takes.
    mask : Signal or None
    """

    inputs: dict[str, Signal]
    response: Signal | None = None
    mask: Signal | None = None


def match_signals(
    inputs: Mapping[str, Signal], response: Signal | None = None, mask: Signal | None = None
) -> Matched:
    """Bring the signals of a recording together, and refuse what does not belong together.

    A response (trials, T) becomes one channel of a stimulus of so many trials. Trials and bins
    with the same labels in another order are put into that of the first signal. Bins that one
    input lost as padding are cut off the others, where the response is NaN.

    Parameters
    ----------
    inputs : mapping of str to Signal
        At least one; the first is the one that the others are compared with.
    response, mask : Signal, optional

    Returns
    -------
    Matched

    Raises
    ------
    ValueError
        Trials, lengths or labels differ; names the signals, and says what to pass instead.

    Examples
    --------
    >>> x = Signal(tuple(np.zeros((4, 500, 18))), "stack", "the input 'stim'")
    >>> y = Signal((np.zeros((4, 500)),), "array", "the target")
    >>> match_signals({"stim": x}, y).response.trials[0].shape
    (500, 1)
    """
    first = next(iter(inputs.values()))
    matched = {name: _like(first, signal, f"{first.what}") for name, signal in inputs.items()}
    others = [None if signal is None else _like(first, signal) for signal in (response, mask)]
    for other in others:
        if other is not None:
            check_orientation(other, matched)
    return _without_padding(matched, *others)


def match_order(first: Signal, other: Signal) -> Signal:
    """Divide a signal into the trials of another, and put trials and bins into its order.

    Parameters
    ----------
    first, other : Signal

    Returns
    -------
    Signal
        The second; as it was, where it has no labels, or other trials.

    Raises
    ------
    ValueError
        Both have labels, and they differ; says how many are missing.
    """
    other = _order_trials(first, _in_trials(first, other))
    return _order_bins(first, other) if len(first.trials) == len(other.trials) else other


# ---- trials and times ------------------------------------------------------------------------


def _like(first: Signal, other: Signal, name: str = "the input") -> Signal:
    if other is first:
        return first
    other = match_order(first, other)
    if len(first.trials) != len(other.trials):
        refuse_mismatch(first, other, name, find_hint(first, other))
    return other


def _in_trials(first: Signal, other: Signal) -> Signal:
    """Divide a signal of one array into the trials of the first, where its shape says how."""
    n_trials, lengths = len(first.trials), _whole_lengths(first)
    if other.form != "array" or n_trials < 2 or len(other.trials) != 1:
        return other
    array = other.trials[0]
    if array.shape == (n_trials, lengths[0]) and len(set(lengths)) == 1:
        trials = tuple(row[:, np.newaxis] for row in array)
        return replace(other, trials=trials, form="stack", labels=None, times=None)
    if first.is_cut and other.times is None and len(array) == sum(lengths):
        cuts = np.cumsum(lengths)[:-1]
        return replace(other, trials=tuple(np.split(array, cuts)), form="list")
    return other


def _whole_lengths(signal: Signal) -> list[int]:
    return signal.lengths if signal.kept is None else [length for *_, length in signal.kept]


def _order_trials(first: Signal, other: Signal) -> Signal:
    if first.trial_labels is None or other.trial_labels is None:
        return other
    try:
        order = find_order(first.trial_labels, other.trial_labels)
    except ValueError as fault:
        raise ValueError(
            f"the trials of {first.what} and those of {other.what} differ: {fault}; give both the "
            "same trials"
        ) from None
    return other if order is None else _take_trials(other, order.tolist())


def _take_trials(signal: Signal, order: Sequence[int]) -> Signal:
    times, labels, kept = signal.times, signal.trial_labels, signal.kept
    return replace(
        signal,
        trials=tuple(signal.trials[i] for i in order),
        times=None if times is None else tuple(times[i] for i in order),
        trial_labels=None if labels is None else tuple(labels[i] for i in order),
        kept=None if kept is None else tuple(kept[i] for i in order),
    )


def _order_bins(first: Signal, other: Signal) -> Signal:
    if first.times is None or other.times is None or (first.kept or other.kept):
        return other
    trials, times = list(other.trials), list(other.times)
    for number, (ours, theirs) in enumerate(zip(first.times, other.times, strict=True)):
        if _is_thinned(ours, theirs):
            continue
        try:
            order = find_order(ours, theirs)
        except ValueError as fault:
            where = f" in trial {number}" if len(trials) > 1 else ""
            raise ValueError(
                f"the indexes of {first.what} and {other.what} differ{where}: {fault}; {_BOTH}"
            ) from None
        if order is not None:
            trials[number], times[number] = trials[number][order], theirs[order]
    return replace(other, trials=tuple(trials), times=tuple(times))


def _is_thinned(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Tell whether the second has every second, third, ... label of the first."""
    if not 1 < len(theirs) < len(ours):
        return False
    stride = -(-len(ours) // len(theirs))
    return is_same(ours[::stride], theirs)


# ---- padding ---------------------------------------------------------------------------------


def _without_padding(
    inputs: Mapping[str, Signal], response: Signal | None, mask: Signal | None
) -> Matched:
    kept = _common(inputs)
    first = next(iter(inputs.values()))
    if kept is None:
        for signal in inputs.values():
            if signal.lengths != first.lengths:
                refuse_mismatch(first, signal, first.what)
        return Matched(dict(inputs), response, mask)
    cut_inputs = {name: _cut_to(kept, signal, first) for name, signal in inputs.items()}
    if response is not None and response.lengths == [length for *_, length in kept]:
        _check_unrecorded(kept, response, first)
        response = cut(response, kept)
    if mask is not None and mask.lengths == [length for *_, length in kept]:
        mask = cut(mask, kept)
    return Matched(cut_inputs, response, mask)


def _common(inputs: Mapping[str, Signal]) -> list[tuple[int, int, int]] | None:
    """Find the bins of each trial that all inputs have kept."""
    found = [signal.kept for signal in inputs.values() if signal.kept is not None]
    if not found:
        return None
    return [
        (max(s for s, _, _ in each), min(e for _, e, _ in each), each[0][2])
        for each in zip(*found, strict=True)
    ]


def _cut_to(kept: list[tuple[int, int, int]], signal: Signal, first: Signal) -> Signal:
    starts = [0] * len(kept) if signal.kept is None else [start for start, *_ in signal.kept]
    whole = _whole_lengths(signal)
    lengths = [stop - start for start, stop, _ in kept]
    if whole == [length for *_, length in kept]:
        spans = [
            (start - offset, stop - offset, length)
            for (start, stop, length), offset in zip(kept, starts, strict=True)
        ]
        return replace(cut(signal, spans), kept=tuple(kept))
    if signal.lengths == lengths:
        return replace(signal, kept=tuple(kept))
    refuse_mismatch(first, signal, first.what)
    return signal


def _check_unrecorded(kept: list[tuple[int, int, int]], response: Signal, first: Signal) -> None:
    """Refuse to cut off bins in which something was recorded."""
    for number, (trial, (start, stop, _)) in enumerate(zip(response.trials, kept, strict=True)):
        there = ~np.isnan(trial)
        there[start:stop] = False
        if there.any():
            place = describe_place(there, number, response)
            raise ValueError(
                f"{first.what} is NaN at the end of trials, as if padded, but {response.what} is "
                f"not NaN {place}; set it to NaN there, or pass lists of trials without padding"
            )
