"""Rows of a store: which ones are meant, and what they are of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from sqlalchemy import Connection, func, select

from ..store import schema
from ..store.database import Location, connect, describe, plain_errors
from .filtering import condition_keys, conditions_for, latest_conditions, sweep_conditions
from .selection import Selection, read_pairs, read_variables
from .summary import write_summary
from .table import list_variables, usual_columns


class StoredRows:
    """The rows of a store, or some of them; `Results` asks questions of them.

    Parameters
    ----------
    location : Path or sqlalchemy.URL
    selection : Selection, optional
        All by default.
    """

    def __init__(self, location: Location, selection: Selection | None = None):
        self.location = location
        self._selection = Selection() if selection is None else selection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        engine = connect(self.location, write=False)
        # in one transaction, so that several questions are answered by the same rows
        with plain_errors(self.location), engine.connect() as connection, connection.begin():
            yield connection

    # ---- which rows --------------------------------------------------------------------------

    def select(self, **values: Any) -> Self:
        """Give the rows that have some values.

        Parameters
        ----------
        **values
            By name: ``string``, ``canonical``, ``model_id``, ``dataset``, ``data_digest``,
            ``channel``, ``fold``, ``status``, ``recipe``, or a variable of the pattern. A list
            means any of its values.

        Returns
        -------
        Results

        Raises
        ------
        ValueError
            There is no such name or value; suggests the nearest.
        """
        with self._read() as connection:
            conditions = conditions_for(connection, values)
        return type(self)(self.location, self._selection.narrowed(*conditions))

    def where(self, condition: str | Callable[[dict[str, Any]], bool]) -> Self:
        """Give the rows that meet a condition.

        Parameters
        ----------
        condition : str or callable
            Such as ``"rank < 3 and r_test > 0.2"``: names are columns and variables. Or a
            function of a dict of the columns of a row.

        Returns
        -------
        Results

        Raises
        ------
        ModelStringError
            The text is no condition, or names what is not there.
        """
        with self._read() as connection:
            keys = condition_keys(connection, self._selection, condition)
        return type(self)(self.location, self._selection.restricted(keys))

    def latest(self) -> Self:
        """Give the rows of the recipe that was run last, and of the last version of each dataset.

        Returns
        -------
        Results
        """
        with self._read() as connection:
            conditions = latest_conditions(connection, self._selection)
        return type(self)(self.location, self._selection.narrowed(*conditions))

    def of_sweep(self, digests: Collection[str], recipes: Collection[str]) -> Self:
        """Give the rows of a sweep, by its data and recipes; there may be none.

        Parameters
        ----------
        digests : collection of str
            Values of ``data_digest``.
        recipes : collection of str
            Values of ``recipe``.

        Returns
        -------
        Results
        """
        with self._read() as connection:
            conditions = sweep_conditions(connection, digests, recipes)
        return type(self)(self.location, self._selection.narrowed(*conditions))

    # ---- what there is -----------------------------------------------------------------------

    def __len__(self) -> int:
        """Give the number of rows, those of failed jobs included."""
        with self._read() as connection:
            if self._selection.keys is None:
                jobs = select(func.count()).select_from(schema.jobs)
                return connection.scalar(jobs.where(*self._selection.conditions)) or 0
            (keys,) = self._selection.read(connection, [schema.jobs.c.key])
            return len(keys)

    @property
    def variables(self) -> list[str]:
        """Names of the patterns' variables."""
        with self._read() as connection:
            return list_variables(read_variables(connection))

    @property
    def columns(self) -> list[str]:
        """Columns of `to_pandas`."""
        return usual_columns(self.variables)

    @property
    def recipes(self) -> list[str]:
        """In which ways the models were fitted and tested, as JSON texts."""
        with self._read() as connection:
            (keys,) = self._selection.read(connection, [schema.jobs.c.recipe_key])
            recipes = schema.recipes.c
            texts = read_pairs(connection, recipes.key, recipes.recipe)
        return [texts[key] for key in np.unique(keys).astype(int).tolist()]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({describe(self.location)!r})"

    def __str__(self) -> str:
        with self._read() as connection:
            return write_summary(connection, self._selection, describe(self.location))
