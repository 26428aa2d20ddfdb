"""Steps of preparation with what they have estimated: a part of a model, kept with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..data.folds import Stretch
from ..data.recording import RESPONSE, Recording
from ..data.trials import STIMULUS
from .word import SIGNALS, Given, PrepWord, prep_words


@dataclass(frozen=True, eq=False)
class Step:
    """A word, what it is given, and what it has estimated of the data of a fit.

    Attributes
    ----------
    text : str
        As it is written, canonically.
    head : str
    given : dict
    known : dict of str to (channels,) ndarray
    """

    text: str
    head: str
    given: Given
    known: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def word(self) -> PrepWord:
        """What it does."""
        return prep_words[self.head]

    @property
    def signal(self) -> str:
        """The signal that it is about."""
        return next((name for key, name in SIGNALS.items() if self.given.get(key)), STIMULUS)

    def apply(self, trials: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
        """Give the trials of its signal as they are afterwards."""
        return tuple(self.word.apply(trial, self.known, self.given) for trial in trials)


@dataclass(frozen=True, eq=False)
class Preparation:
    """What is done to signals before a model sees them, and undone in what it predicts.

    Attributes
    ----------
    steps : tuple of Step
    """

    steps: tuple[Step, ...] = ()

    @property
    def string(self) -> str:
        """The words, as in an experiment string."""
        return "-".join(step.text for step in self.steps)

    @classmethod
    def estimate(
        cls, steps: Sequence[Step], recording: Recording, stretches: Sequence[Stretch]
    ) -> Preparation:
        """Estimate what steps have to know, each of what those before it give.

        Parameters
        ----------
        steps : sequence of Step
            Without what they know.
        recording : Recording
            As the user has it.
        stretches : sequence of Stretch
            The data of the fit; nothing else is looked at.

        Raises
        ------
        ValueError
            A step cannot be taken, or its signal is not there: names it.
        """
        signals: dict[str, Sequence[np.ndarray]] = dict(recording.signals)
        if recording.response is not None:
            signals[RESPONSE] = recording.response
        found = []
        for step in steps:
            if step.signal not in signals:
                raise ValueError(
                    f"{step.text} is about the signal {step.signal!r}, which the data lack; they "
                    f"have {', '.join(signals)}"
                )
            trials = signals[step.signal]
            seen = np.concatenate([trials[s.trial][s.start : s.stop] for s in stretches])
            known = step.word.estimate(seen, step.given)
            found.append(replace(step, known=known))
            signals[step.signal] = found[-1].apply(trials)
        return cls(tuple(found))

    def apply(self, recording: Recording) -> Recording:
        """Give a recording as a model sees it; its response as well, if it has one."""
        if not self.steps:
            return recording
        signals, response = dict(recording.signals), recording.response
        labels = dict(recording.labels)
        for step in self.steps:
            if step.signal == RESPONSE:
                response = None if response is None else step.apply(response)
                continue
            before = signals[step.signal]
            signals[step.signal] = step.apply(before)
            if signals[step.signal][0].shape != before[0].shape:
                labels.pop(step.signal, None)
        return replace(recording, signals=signals, response=response, labels=labels).forgetful()

    def undo(self, trials: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Give predictions in the units of the user's response."""
        found = list(trials)
        for step in reversed(self.steps):
            if step.signal == RESPONSE:
                found = [step.word.undo(trial, step.known, step.given) for trial in found]
        return found

    def columns(self, columns: Sequence[int]) -> Preparation:
        """Give what is about some channels of the response."""
        chosen = list(columns)
        return Preparation(
            tuple(
                replace(step, known={name: v[chosen] for name, v in step.known.items()})
                if step.signal == RESPONSE
                else step
                for step in self.steps
            )
        )

    def __eq__(self, other: object) -> bool:
        """Compare words, and what they have estimated."""
        if not isinstance(other, Preparation):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def to_dict(self) -> list[dict[str, Any]]:
        """Give the steps as JSON can hold them; floats keep every bit."""
        return [
            {
                "text": step.text,
                "head": step.head,
                "given": dict(step.given),
                "known": {name: values.tolist() for name, values in step.known.items()},
            }
            for step in self.steps
        ]

    @classmethod
    def from_dict(cls, data: Sequence[Mapping[str, Any]]) -> Preparation:
        """Read what `to_dict` gave.

        Raises
        ------
        ValueError
            There is no such word.
        """
        steps = []
        for each in data:
            if each["head"] not in prep_words:
                raise ValueError(f"there is no word of preparation `{each['head']}`")
            known = {name: np.array(values, float) for name, values in each["known"].items()}
            steps.append(Step(each["text"], each["head"], dict(each["given"]), known))
        return cls(tuple(steps))
