"""What models and neurons are called, and the order of their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from ...experiments.strings import canonical
from ...result_columns import Thing
from ...syntax import ModelStringError
from ..store import schema
from .row_selection import is_among, unknown

ModelNames = Literal["canonical", "string"]
_TOLD_OF: dict[str, Thing] = {"canonical": "model", "string": "spelling"}


def natural(text: object) -> list[tuple[int, int, str]]:
    """Give a key that sorts text with numbers in it by their size.

    Examples
    --------
    >>> sorted(["fir.4x15", "fir.4x5", "dexp"], key=natural)
    ['dexp', 'fir.4x5', 'fir.4x15']
    """
    parts = re.split(r"(\d+)", str(text))
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part]


# ---- models ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Names:
    """What models are called.

    Attributes
    ----------
    kind : {"canonical", "string"}
    names : list of str
    place_of : dict of int to int
        Place in `names` by the key in the column of rows that tells models apart.
    """

    kind: ModelNames
    names: list[str]
    place_of: dict[int, int]

    @property
    def column(self) -> ColumnElement[int]:
        """The column of rows that tells models apart."""
        return schema.jobs.c[schema.key_of(_TOLD_OF[self.kind])]

    def are(self, chosen: Iterable[str]) -> ColumnElement[bool]:
        """Give the condition that rows are of some models."""
        wanted = set(chosen)
        keys = [key for key, place in self.place_of.items() if self.names[place] in wanted]
        return is_among(self.column, keys)

    def places(self, keys: np.ndarray) -> np.ndarray:
        """Give places in `names` for keys."""
        found = np.zeros(max(self.place_of, default=0) + 1, dtype=np.int64)
        found[list(self.place_of)] = list(self.place_of.values())
        return found[keys.astype(np.int64)]


def read_names(connection: Connection, kind: ModelNames = "canonical") -> Names:
    """Read what the models of a store are called."""
    if kind not in _TOLD_OF:
        raise ValueError(unknown("name of models", kind, _TOLD_OF))
    table = schema.SHARED[_TOLD_OF[kind]]
    rows = connection.execute(select(table.c.key, table.c[kind]).order_by(table.c.key)).all()
    names = list(dict.fromkeys(name for _, name in rows))
    place = {name: number for number, name in enumerate(names)}
    return Names(kind, names, {key: place[name] for key, name in rows})


def find_model(connection: Connection, models: Names, given: str) -> str:
    """Give the name of a model by its model_id, its canonical string, or any spelling of it.

    Raises
    ------
    ValueError
        There is no such model, or several; suggests the nearest.
    """
    if given in models.names:
        return given
    table = schema.models.c
    stored = connection.execute(select(table.key, table.canonical, table.model_id)).all()
    wanted = {given, canonical_or_none(given)}
    keys = [key for key, text, model_id in stored if text in wanted or model_id == given]
    jobs = schema.jobs.c
    if not keys:
        spellings = schema.spellings.c
        spelled = select(spellings.key).where(spellings.string == given)
        keys = list(
            connection.scalars(
                select(jobs.model_key).where(jobs.spelling_key.in_(spelled)).distinct()
            )
        )
    found = set(
        connection.scalars(select(models.column).where(jobs.model_key.in_(keys)).distinct())
    )
    names = sorted({models.names[models.place_of[key]] for key in found})
    if len(names) == 1:
        return names[0]
    if names:
        raise ValueError(
            f"{given!r} stands for several models: {', '.join(names)}; to compare models by the "
            "strings as they were written, give all of them so (models='string', --models string)"
        )
    raise ValueError(unknown("model", given, models.names))


def names_for(connection: Connection, given: Iterable[str], kind: ModelNames | None) -> Names:
    """Return the names of a kind; by default those by which each of some models is one.

    A string with symbols (N, R, S) is another canonical model in data with other numbers of
    channels, so that models which are given by such strings are told apart by the strings.
    """
    if kind is not None:
        return read_names(connection, kind)
    models, strings = read_names(connection), read_names(connection, "string")
    wanted = set(given)
    symbolic = set(ambiguous_strings(connection, (), models))
    return strings if wanted & symbolic and wanted <= set(strings.names) else models


def ambiguous_strings(
    connection: Connection, conditions: Iterable[ColumnElement[bool]], models: Names
) -> list[str]:
    """Return the strings that stand for several canonical models among rows of some kind."""
    spellings, jobs = schema.spellings.c, schema.jobs.c
    known = set(models.names)
    rows = connection.execute(select(spellings.key, spellings.string)).all()
    # a string that is canonical stands for itself; most are, and then no rows need be read
    string_of = {key: string for key, string in rows if string not in known}
    if not string_of:
        return []
    pairs = connection.execute(
        select(jobs.spelling_key, jobs.model_key)
        .where(is_among(jobs.spelling_key, string_of), *conditions)
        .distinct()
    )
    found: dict[str, set[int]] = {}
    for spelling, model in pairs:
        found.setdefault(string_of[spelling], set()).add(model)
    return [string for string, keys in found.items() if len(keys) > 1]


def canonical_or_none(given: str) -> str | None:
    """Return the canonical form of a string; None if it is no model of the native language."""
    try:
        return canonical(given)
    except ModelStringError:
        return None


# ---- neurons ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Neuron:
    """A channel of a dataset; all of its channels where `channel` is None."""

    dataset: str
    channel: int | None


def neuron_order(neurons: dict[int, Neuron]) -> np.ndarray:
    """Give the keys of neurons in the order of their names."""

    def name(key: int) -> tuple[Any, int]:
        neuron = neurons[key]
        return natural(neuron.dataset), -1 if neuron.channel is None else neuron.channel

    return np.array(sorted(neurons, key=name), dtype=np.int64)


def read_neurons(connection: Connection) -> dict[int, Neuron]:
    """Give the neurons by their keys."""
    neurons = schema.neurons.c
    rows = connection.execute(select(neurons.key, neurons.dataset, neurons.channel))
    return {key: Neuron(name, None if c == schema.ALL_CHANNELS else c) for key, name, c in rows}
