"""Fitted models, taken out of a store."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select

from ..store import schema
from .cells import check_one_kind
from .names import find_model, names_for
from .row_selection import Selection, find_keys, is_among, read_pairs

if TYPE_CHECKING:
    from ...models import Model

_MOST_SHOWN = 6


def load_model(
    connection: Connection,
    selection: Selection,
    model: str,
    dataset: str,
    channel: int | None,
    fold: int | None,
) -> Model:
    """Give a fitted model back.

    Raises
    ------
    ValueError
        There is no such fit, or several; says which there are.
    """
    names = names_for(connection, [model], None)
    name = find_model(connection, names, model)
    neurons = find_keys(connection, schema.neurons, "dataset", [dataset])
    jobs = schema.jobs.c
    chosen = selection.narrowed(names.are([name]), is_among(jobs.neuron_key, neurons))
    found = _find(connection, chosen)
    if channel is not None:
        found = [fit for fit in found if fit["channel"] == channel]
    if fold is not None:
        found = [fit for fit in found if fit["fold"] == fold]
    what = f"{name} on {dataset!r}"
    if not found:
        raise ValueError(f"no fit of {what}{_asked(channel, fold)}{_there_is(connection, chosen)}")
    if len(found) > 1:
        # of equal channel and fold there is more than one only where rows should not be mixed
        check_one_kind(connection, chosen)
        fits = ", ".join(map(_spell, found[:_MOST_SHOWN]))
        more = f", and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
        raise ValueError(f"{len(found)} fits of {what}: choose one of {fits}{more}")
    (fit,) = found
    if fit["status"] == "failed":
        raise ValueError(f"the fit of {what}{_asked(channel, fold)} failed: {fit['error']}")
    attached = schema.attachments.c
    packed = connection.scalar(select(attached.model).where(attached.job_key == fit["key"]))
    if packed is None:
        raise ValueError(f"the fitted model of {what} was not kept")
    return _build(packed, what)


def _build(packed: bytes, what: str) -> Model:
    from ...models import Model
    from ...models.saving import from_dict

    try:
        return from_dict(json.loads(zlib.decompress(packed)), Model)
    except (zlib.error, KeyError, TypeError, ValueError) as fault:
        raise ValueError(f"the fitted model of {what} is damaged: {fault}") from fault


def _find(connection: Connection, selection: Selection) -> list[dict[str, Any]]:
    jobs, neurons = schema.jobs.c, schema.neurons.c
    channels = read_pairs(connection, neurons.key, neurons.channel)
    columns = ("key", "neuron_key", "fold", "status", "error")
    read = selection.read(connection, [jobs[name] for name in columns])
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*map(list, read), strict=True)]
    for row in rows:
        number = channels[int(row["neuron_key"])]
        row["channel"] = None if number == schema.ALL_CHANNELS else number
        row["key"] = int(row["key"])
    return sorted(rows, key=lambda row: (row["channel"] or 0, row["fold"]))


def _there_is(connection: Connection, selection: Selection) -> str:
    found = _find(connection, selection)
    if not found:
        return ""
    return f"; there is {', '.join(map(_spell, found[:_MOST_SHOWN]))}"


def _asked(channel: int | None, fold: int | None) -> str:
    return ("" if channel is None else f", channel {channel}") + (
        "" if fold is None else f", fold {fold}"
    )


def _spell(fit: dict[str, Any]) -> str:
    return f"channel={fit['channel']} fold={fit['fold']}"
