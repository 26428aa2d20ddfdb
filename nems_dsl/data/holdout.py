"""Splitting a recording into a part to fit and a part to test."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from .folds import Fold, Stretch, mask
from .recording import Recording


@dataclass(frozen=True)
class Split:
    """A recording, and which part of it is fitted and which is tested.

    The stimulus stays whole for both, so that filters know what came before a part.

    Attributes
    ----------
    recording : Recording
    fold : Fold
    """

    recording: Recording
    fold: Fold

    @property
    def fit(self) -> Recording:
        """The recording with the response of the fit alone; NaN elsewhere."""
        return self._with(self.fold.fit)

    @property
    def test(self) -> Recording | None:
        """The recording with the response of the test alone, or None if nothing is held out."""
        return self._with(self.fold.test) if self.fold.test else None

    @property
    def description(self) -> str:
        """What is held out, for people to read."""
        lengths = [len(trial) for trial in self.recording.target]
        return describe_held_out(self.fold, lengths)

    def shown(self) -> Recording:
        """Return the part that is tested, or fitted if none is, cut out of the recording."""
        parts, target = self.fold.test or self.fold.fit, self.recording.target
        if all(part.n_bins == len(target[part.trial]) for part in parts):
            return self.recording.trials([part.trial for part in parts])
        stride = -(-self.recording.lengths[0] // len(target[0]))
        signals = {
            name: tuple(t[p.trial][p.start * stride : p.stop * stride] for p in parts)
            for name, t in self.recording.signals.items()
        }
        response = tuple(target[part.trial][part.start : part.stop] for part in parts)
        return Recording(signals, response, "list", self.recording.names)

    def _with(self, parts: Sequence[Stretch]) -> Recording:
        whole = [Stretch(n, 0, len(trial)) for n, trial in enumerate(self.recording.target)]
        if list(parts) == whole:
            return self.recording
        return self.recording.with_response(mask(self.recording.target, parts))


def hold_out(
    recording: Recording,
    share: float = 0.2,
    *,
    gap: int = 0,
    groups: Sequence[Hashable] | None = None,
) -> Split:
    """Split a recording: its last trials, or the end of a single one, are held out.

    Parameters
    ----------
    recording : Recording
        With a response.
    share : float
        From 0 up to 1: the share of trials to hold out, at least one and not all, or of a single
        trial's bins. With 0 nothing is held out.
    gap : int
        Bins before the end of a single trial that are neither fitted nor tested; best as many as
        the models remember.
    groups : sequence, optional
        A label for each trial. Trials with the same label are held out together.

    Returns
    -------
    Split
        ``split.fit`` and ``split.test`` are recordings that fits and scores take; the stimulus of
        both is whole, so that filters know what came before.

    Examples
    --------
    >>> import numpy as np
    >>> from nems_dsl.data import read_recording
    >>> x = np.random.default_rng(0).random((5, 40, 18))
    >>> split = hold_out(read_recording(x, x[:, :, 0]))
    >>> split.description
    'the last trial of 5'
    """
    lengths = [len(trial) for trial in recording.target]
    return Split(recording, hold_out_end(lengths, share, gap=gap, groups=groups))


def hold_out_end(
    lengths: Sequence[int],
    share: float,
    *,
    gap: int = 0,
    groups: Sequence[Hashable] | None = None,
    within: Sequence[Stretch] | None = None,
) -> Fold:
    """Hold out the end of a recording: its last trials, or the end of a single one.

    Parameters
    ----------
    lengths : sequence of int
        Bins of each trial.
    share : float
        From 0 up to 1: the share of trials to hold out, at least one and not all, or of a single
        trial's bins. With 0 nothing is held out.
    gap : int
        Bins before the end of a single trial that are neither fitted nor tested.
    groups : sequence, optional
        A label for each trial. Trials with the same label are held out together.
    within : sequence of Stretch, optional
        The parts of the recording to split; all of it by default.

    Raises
    ------
    ValueError
        There is too little to be split.

    Examples
    --------
    >>> hold_out_end([60, 60, 60], 0.2).test
    (Stretch(trial=2, start=0, stop=60),)
    >>> hold_out_end([100], 0.2, gap=10)
    Fold(fit=(Stretch(trial=0, start=0, stop=70),), test=(Stretch(trial=0, start=80, stop=100),))
    """
    if not 0 <= share < 1:
        raise ValueError(f"the share to hold out must be from 0 up to 1, not {share:g}")
    parts = [Stretch(n, 0, size) for n, size in enumerate(lengths)] if within is None else within
    if not share:
        return Fold(tuple(parts), ())
    labels = [part.trial if groups is None else groups[part.trial] for part in parts]
    distinct = list(dict.fromkeys(labels))
    if len(distinct) == 1:
        return _cut_in_two(parts, share, gap)
    held: set[Hashable] = set()
    wanted = round(len(distinct) * share) if groups is None else len(parts) * share
    # at least one label is held out, and at least one is left
    while len(held) < len(distinct) - 1 and (
        not held or (len(held) if groups is None else _count(labels, held)) < wanted
    ):
        held.add(distinct[-1 - len(held)])
    return Fold(
        tuple(part for part, label in zip(parts, labels, strict=True) if label not in held),
        tuple(part for part, label in zip(parts, labels, strict=True) if label in held),
    )


def describe_held_out(fold: Fold, lengths: Sequence[int]) -> str:
    """Tell which part of a recording a fold holds out, in words.

    Examples
    --------
    >>> describe_held_out(hold_out_end([60, 60, 60], 0.2), [60, 60, 60])
    'the last trial of 3'
    """
    if not fold.test:
        return "nothing"
    if len(lengths) == 1:
        return f"the last {fold.n_test} of {lengths[0]} bins"
    n = len({part.trial for part in fold.test})
    return f"the last {'trial' if n == 1 else f'{n} trials'} of {len(lengths)}"


def _count(labels: Sequence[Hashable], held: set[Hashable]) -> int:
    return sum(label in held for label in labels)


def _cut_in_two(parts: Sequence[Stretch], share: float, gap: int) -> Fold:
    """Hold out the end of stretches of one trial, or of trials that belong together."""
    n_bins = sum(part.n_bins for part in parts)
    cut = n_bins - max(round(n_bins * share), 2)
    if cut - gap < 2:
        after = f", after a gap of {gap} bins" if gap else ""
        raise ValueError(
            f"a single trial of {n_bins} bins is too short to hold out a part of it{after}"
        )
    fit, test, at = [], [], 0
    for trial, start, stop in parts:
        last, first = min(start + max(cut - gap - at, 0), stop), start + max(cut - at, 0)
        if last > start:
            fit.append(Stretch(trial, start, last))
        if first < stop:
            test.append(Stretch(trial, first, stop))
        at += stop - start
    return Fold(tuple(fit), tuple(test))
