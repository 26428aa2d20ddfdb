"""Inputs that are read and cut once, for all fits on the same data."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from ...data.trials import Data, Trials, read_inputs
from ...graph.reach import Reach
from .packs import Pack, add_targets, make_input_packs

Made = TypeVar("Made")


@dataclass(frozen=True)
class PreparedInputs(Trials):
    """Inputs, and what several fits can share of them; safe to use from several threads.

    It can be given as `x` wherever a model takes data. The inputs were read and looked through
    when it was made, so that fits do neither again.

    Attributes
    ----------
    signals, form, names
        As those of `Trials`.
    is_known : bool
        Warnings of the data's scale were given, once for all fits, and need not be given again.

    Examples
    --------
    >>> inputs = PreparedInputs.read(np.random.default_rng(0).random((200, 18)))
    >>> inputs.once("moment", lambda: inputs.signals["stim"][0].T @ inputs.signals["stim"][0]).shape
    (18, 18)
    >>> inputs.once("moment", lambda: 1 / 0).shape
    (18, 18)
    """

    is_known: bool = False
    _made: dict[Hashable, _Once] = field(default_factory=dict, repr=False, compare=False)
    _lock: Any = field(default_factory=threading.Lock, repr=False, compare=False)

    @classmethod
    def read(cls, x: Data) -> PreparedInputs:
        """Read the inputs of models; give them back as they are if they were read before.

        Raises
        ------
        ValueError
            Not numbers, not finite, or signals whose trials do not match. Says which and where.
        """
        if isinstance(x, cls):
            return x
        inputs = x if isinstance(x, Trials) else read_inputs(x)
        return cls(inputs.signals, inputs.form, inputs.names)

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """Give what `make` makes of the inputs; it is called at the first use of a key only.

        Threads that want the same wait for the one that makes it; others go on.

        Parameters
        ----------
        key : hashable
            Stands for what is made; all that it depends on besides the inputs belongs into it.
        make : callable
            What it gives is shared, and must not be changed. If it fails, the next one tries
            again.
        """
        with self._lock:
            entry = self._made.setdefault(key, _Once())
        with entry.lock:
            if not entry.is_made:
                entry.value, entry.is_made = make(), True
        value: Made = entry.value
        return value


@dataclass
class _Once:
    """One thing that is made at its first use."""

    lock: Any = field(default_factory=threading.Lock)
    is_made: bool = False
    value: Any = None


def shared(inputs: Trials, key: Hashable, make: Callable[[], Made]) -> Made:
    """Give what `make` makes of inputs: once for prepared ones, every time for others."""
    return inputs.once(key, make) if isinstance(inputs, PreparedInputs) else make()


def packs_of(
    inputs: Trials,
    used: Mapping[str, list[np.ndarray]],
    target: list[np.ndarray],
    reach: Reach,
    widest: int,
    dtype: np.dtype,
) -> list[Pack]:
    """Cut trials into packs; of prepared inputs, all targets share the arrays.

    Parameters
    ----------
    inputs : Trials
    used : mapping of str to list of (T_i, channels) arrays
        Those of the signals of `inputs` that a model reads.
    target, reach, widest, dtype
        As for `make_packs`.
    """
    key = ("packs", tuple(used), reach, widest, dtype.str)
    packs = shared(inputs, key, lambda: make_input_packs(used, reach, widest, dtype))
    return add_targets(packs, target, dtype)
