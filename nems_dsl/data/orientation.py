"""Axes: what two signals that do not match should have been, and arrays that look turned."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from .._warn import warn_user
from .signal import DataWarning, Signal, describe_lengths

_FEWEST_REPEATS, _MOST_REPEATS = 4, 100
_FEWEST_BINS, _LOOKED_AT = 200, 20_000


def check_orientation(response: Signal, inputs: Mapping[str, Signal]) -> None:
    """Refuse a response that lies on its side, or has other trials than the input.

    The lengths of trials may still differ, as those of a model that gives fewer bins than it takes.

    Raises
    ------
    ValueError
        Says how long both are, and what to pass instead where the shapes tell.

    Examples
    --------
    >>> x, y = Signal((np.zeros((500, 18)),), "array"), Signal((np.zeros((1, 500)),), "array")
    >>> check_orientation(y, {"stim": x})
    Traceback (most recent call last):
    ...
    ValueError: the signal does not match the input: 1 bins against 500 bins; time comes first: ...
    """
    first = next(iter(inputs.values()))
    hint = find_hint(first, response)
    if hint or len(first.trials) != len(response.trials):
        refuse_mismatch(first, response, "the input", hint)
    if _looks_turned(first, response):
        warn_user(
            f"{first.what} and {response.what} are read as {first.lengths[0]} bins of "
            f"{first.n_channels} channels each; time comes first: if they are (channels, T), pass "
            "the transpose, .T, of both",
            DataWarning,
        )
    if _look_like_repeats(response):
        warn_user(
            f"the {response.n_channels} columns of {response.what} are read as channels, and look "
            "like repeats of one: alike in their means and in their correlations; if they are, "
            "pass their mean, .mean(axis=1)",
            DataWarning,
        )


def refuse_mismatch(first: Signal, other: Signal, name: str, hint: str = "") -> None:
    """Raise the error of two signals that do not have the same trials."""
    raise ValueError(
        f"{other.what} does not match {name}: {describe_lengths(other.lengths)} against "
        f"{describe_lengths(first.lengths)}{hint}"
    )


def check_trials_are_long(lengths: Sequence[int], memory: int | None) -> None:
    """Warn where trials are shorter than what a model looks back on.

    Parameters
    ----------
    lengths : sequence of int
        Bins of each trial.
    memory : int or None
        How many bins before the present one a model depends on; None where there is no end to it.

    Warns
    -----
    DataWarning
        More than one trial, and most of them no longer than the memory; or than twice the memory,
        where there are more trials than bins in any of them.

    Examples
    --------
    >>> check_trials_are_long([500] * 4, 14)
    """
    if memory is None or len(lengths) < 2:
        return
    # many short trials are most often bins and trials taken for each other
    shortest = memory * (2 if len(lengths) > max(lengths) else 1)
    n_short = sum(length <= shortest for length in lengths)
    if 2 * n_short > len(lengths):
        warn_user(
            f"the data are read as {describe_lengths(lengths)}, and the model looks back on "
            f"{memory} bins, so that most trials are shorter than its memory, or hardly longer; an "
            "array of three axes is (trials, T, channels): if yours is (T, trials, channels), as "
            "MNE keeps it, pass nems_dsl.interop.from_mne(array), or array.swapaxes(0, 1)",
            DataWarning,
        )


def find_hint(first: Signal, other: Signal) -> str:
    """Say what to pass in place of a signal, so that it matches the first; nothing if unknown.

    Parameters
    ----------
    first, other : Signal

    Returns
    -------
    str
        Begins with a semicolon where there is something to say.
    """
    if len(first.trials) == len(other.trials) == 1:
        return _hint_for_arrays(first, other)
    if first.form == "array" and other.form == "stack":
        return _hint_for_repeats(first, other)
    if len(other.trials) == 1:
        return _hint_for_trials(first, other)
    if other.form == "stack":
        return _hint_for_stack(first, other)
    return ""


# ---- hints -----------------------------------------------------------------------------------


def _hint_for_arrays(first: Signal, other: Signal) -> str:
    n_bins, n_channels = first.trials[0].shape
    length, width = other.trials[0].shape
    if length == n_bins:
        return ""
    if width == n_bins:
        return "; time comes first: pass its transpose, .T"
    if length == n_channels and not _is_thinned(length, n_bins):
        return f"; time comes first: pass the transpose of {first.what}, .T"
    if width == n_channels and width > max(n_bins, length):
        return f"; time comes first: pass the transpose, .T, of both, {first.what} and this"
    return ""


def _hint_for_repeats(first: Signal, other: Signal) -> str:
    n_bins, n_trials, length = len(first.trials[0]), len(other.trials), other.lengths[0]
    if length == n_bins:
        return (
            f"; if it is {n_trials} repeats, pass its mean over them, .mean(axis=0), or the same "
            f"input for each of them: [x] * {n_trials}"
        )
    if n_trials == n_bins:
        return (
            "; an array of three axes is (trials, T, channels): if the axis in the middle counts "
            "repeats, pass the mean over them, .mean(axis=1)"
        )
    return ""


def _hint_for_trials(first: Signal, other: Signal) -> str:
    n_trials, lengths = len(first.trials), first.lengths
    length, width = other.trials[0].shape
    is_even = len(set(lengths)) == 1
    if is_even and (length, width) == (lengths[0], n_trials):
        return "; trials come first: pass its transpose, .T, which is (trials, T)"
    if length == sum(lengths):
        if is_even:
            return (
                "; if it is trial after trial, pass "
                f".reshape({n_trials}, {lengths[0]}, -1), which is (trials, T, channels)"
            )
        cuts = ", ".join(map(str, np.cumsum(lengths)[:-1][:12]))
        more = ", ..." if n_trials > 13 else ""
        return f"; if it is trial after trial, pass np.split(y, [{cuts}{more}])"
    if length == n_trials and first.form == "stack" and width == first.n_channels != lengths[0]:
        return f"; time comes before channels: pass {first.what} as .swapaxes(1, 2)"
    return ""


def _hint_for_stack(first: Signal, other: Signal) -> str:
    n_trials, n_bins = len(first.trials), first.lengths[0]
    shape = (len(other.trials), *other.trials[0].shape)
    if len(set(first.lengths)) > 1 or shape[:2] == (n_trials, n_bins):
        return ""
    if shape[:2] == (n_bins, n_trials):
        return "; trials come first: pass its .swapaxes(0, 1), which is (trials, T, channels)"
    if (shape[0], shape[2]) == (n_trials, n_bins):
        return "; time comes before channels: pass its .swapaxes(1, 2)"
    if shape[:2] == (n_trials, first.n_channels) and not _is_thinned(shape[1], n_bins):
        return f"; time comes before channels: pass {first.what} as .swapaxes(1, 2)"
    if shape[0] == n_trials and shape[2] == first.n_channels > max(n_bins, shape[1]):
        return "; time comes before channels: pass both as .swapaxes(1, 2)"
    return ""


def _is_thinned(length: int, n_bins: int) -> bool:
    """Tell whether a model that gives every second, third, ... bin could give so many."""
    return length < n_bins and length == -(-n_bins // round(n_bins / length))


def _looks_turned(first: Signal, response: Signal) -> bool:
    """Tell whether two signals of many more channels than bins have the same, as turned ones do."""
    if len(first.trials) != 1 or len(response.trials) != 1:
        return False
    n_bins = first.lengths[0]
    return n_bins == response.lengths[0] and first.n_channels == response.n_channels > 4 * n_bins


def _look_like_repeats(response: Signal) -> bool:
    """Tell whether columns differ no more than repeats of one stimulus do by chance.

    Correlations between repeats are the same for all pairs, and vary by about ``(1 - r**2) /
    sqrt(T)`` between them; those between neurons vary several times as much.
    """
    if len(response.trials) > 1 or not _FEWEST_REPEATS <= response.n_channels <= _MOST_REPEATS:
        return False
    if response.labels is not None and any(isinstance(name, str) for name in response.labels):
        return all(re.match(r"(rep|trial|presentation)", str(n), re.I) for n in response.labels)
    values = response.trials[0][:_LOOKED_AT]
    values = values[np.isfinite(values).all(axis=1)].astype(np.float64)
    if len(values) < _FEWEST_BINS or (values == values[0]).all(axis=0).any():
        return False
    pairs = np.triu_indices(values.shape[1], 1)
    r = np.corrcoef(values.T)[pairs]
    mean = float(r.mean())
    by_chance = (1 - mean**2) / np.sqrt(len(values))
    error = values.std(axis=0).mean() / np.sqrt(len(values))
    return bool(
        6 * by_chance < mean < 0.99
        and r.std() < 1.6 * by_chance
        and values.mean(axis=0).std() < 2 * error
    )
