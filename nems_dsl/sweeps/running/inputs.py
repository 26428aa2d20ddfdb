"""The data of jobs: opened once in a process, for all jobs on the same data."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from ...data.recording import Recording
from .datasets import Dataset

_MOST_ENTRIES = 6
# packs of models that differ in width or memory are copies of the stimulus
_BYTES_OF_COPIES = 256 << 20
_FEWEST_MODELS, _MOST_MODELS = 4, 64


class InputCache:
    """Keeps what jobs on the same data share, the data used last only; safe for threads."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._lock = threading.RLock()

    def recording(self, dataset: Dataset, string: str) -> Recording:
        """Return the data of a job that fits the model of a string.

        Raises
        ------
        SharedFilesError
            This process does not see the files.
        """
        with self._lock:
            entry = self._entries.get(dataset.response)
            if entry is None:
                entry = self._entries[dataset.response] = _Entry.of(dataset.open())
                while len(self._entries) > _MOST_ENTRIES:
                    self._entries.popitem(last=False)
            self._entries.move_to_end(dataset.response)
            entry.add(string)
            return entry.recording

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()


@dataclass
class _Entry:
    """A recording, and the models that were fitted to it and have left something in it."""

    recording: Recording
    most: int
    strings: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, recording: Recording) -> _Entry:
        size = sum(trial.nbytes for trials in recording.signals.values() for trial in trials)
        return cls(recording, min(max(_BYTES_OF_COPIES // size, _FEWEST_MODELS), _MOST_MODELS))

    def add(self, string: str) -> None:
        """Note that a model is about to be fitted; forget what others left if there are many."""
        if string not in self.strings and len(self.strings) >= self.most:
            self.recording = self.recording.forgetful()
            self.strings.clear()
        self.strings.add(string)
