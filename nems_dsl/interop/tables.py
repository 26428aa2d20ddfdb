"""Tables of results of a laboratory, with the columns and strings of NEMS; and ours as such."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..compiler.bound import model_id
from ..compiler.strings import check_dialect
from .conversion import convert_one

if TYPE_CHECKING:
    import pandas as pd

DONE = "conversion"
_FIRST = ("cellid", "batch", "modelname", "r_test", "se_test", "r_fit", "se_fit", "n_parms")
_PARTS = re.compile(r"(?<!\\)_")


def read_results(table: str | Path | pd.DataFrame, *, dialect: str = "nems0") -> pd.DataFrame:
    r"""Read a laboratory's table of results, with its strings in our language.

    Parameters
    ----------
    table : path of a csv file, or pandas.DataFrame
        With the columns `cellid` and `modelname`, and scores such as `r_test`.
    dialect : {"nems0", "nems", "native"}
        The language of the strings. Of a name of three parts, ``loader_model_fitter``, the model
        is read, and the others are in the columns `loader` and `fitter` as they are.

    Returns
    -------
    pandas.DataFrame
        A row for each, in their order: `dataset`, `string`, `canonical`, `model_id`, and
        `conversion`, which says "converted", with what was left out, or "kept" as it was, and why;
        then all other columns. `modelname` stays as it was written; `n_parms` is `n_parameters`.

    Raises
    ------
    ValueError
        A column is missing, or there is no such dialect.

    Examples
    --------
    >>> import pandas as pd
    >>> names = ["ozgf_wc.18x1.g-fir.1x15-lvl.1_basic", "odd.3"]
    >>> table = pd.DataFrame({"cellid": ["A-1"] * 2, "modelname": names, "r_test": [0.5, 0.4]})
    >>> found = read_results(table)
    >>> found["string"].tolist(), found["conversion"].str[:9].tolist()
    (['wc.18x1.g-fir.1x15-lvl.1', 'odd.3'], ['converted', 'kept: no '])
    """
    import pandas as pd

    check_dialect(dialect)
    given = table if isinstance(table, pd.DataFrame) else pd.read_csv(table)
    missing = [name for name in ("cellid", "modelname") if name not in given]
    if missing:
        raise ValueError(
            f"the table has no column {' and '.join(missing)}, but {', '.join(map(str, given))}: "
            "rename the columns that name the cell and the model"
        )
    names = given["modelname"]
    read = {name: _read(name, dialect) for name in names.unique()}
    done = pd.DataFrame([read[name] for name in names], index=given.index, columns=list(_ROW))
    if done["loader"].isna().all():
        done = done.drop(columns=["loader", "fitter"])
    rest = given.drop(columns=[name for name in ("cellid", "dataset", *done) if name in given])
    if "n_parameters" not in rest:
        rest = rest.rename(columns={"n_parms": "n_parameters"})
    return pd.concat([given["cellid"].rename("dataset"), done, rest], axis=1)


def to_nems_table(table: Any, *, dialect: str = "nems") -> pd.DataFrame:
    """Give a table of results the columns and the strings that a laboratory with NEMS has.

    Parameters
    ----------
    table : pandas.DataFrame, or results with `to_pandas`
        With the columns `dataset` and `string`.
    dialect : {"nems", "nems0", "native"}
        The language that `modelname` is written in.

    Returns
    -------
    pandas.DataFrame
        First `cellid` (the dataset, and the channel where a dataset comes with several), `batch`
        where there is one, `modelname`, `r_test` and the other scores by their names there, and
        `conversion` as of `read_results`; then all other columns. A `modelname` that the table has
        stays.

    Raises
    ------
    ValueError
        A column is missing, or there is no such dialect.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = {"dataset": ["A"], "string": ["wc.18x4-fir.4x15"], "r_test": [0.5]}
    >>> to_nems_table(pd.DataFrame(rows)).iloc[0].astype(str).tolist()
    ['A', 'wc.18x4-fir.15x4', '0.5', 'converted']
    """
    check_dialect(dialect)
    given = table.to_pandas() if hasattr(table, "to_pandas") else table
    missing = [name for name in ("dataset", "string") if name not in given]
    if missing:
        raise ValueError(f"the table of results has no column {' and '.join(missing)}")
    found = given.drop(columns=["dataset", "string"])
    if "cellid" not in found:
        found["cellid"] = name_cells(given)
    if "modelname" not in found:
        written = {string: _write(string, dialect) for string in given["string"].unique()}
        found["modelname"] = [written[string][0] for string in given["string"]]
        found[DONE] = [written[string][1] for string in given["string"]]
    found = found.rename(columns={"n_parameters": "n_parms"})
    first = [name for name in (*_FIRST, DONE) if name in found]
    return found[[*first, *(name for name in found if name not in first)]]


def name_cells(table: pd.DataFrame) -> pd.Series:
    """Name the neurons of a table: the dataset, and the channel where it comes with several.

    Examples
    --------
    >>> import pandas as pd
    >>> name_cells(pd.DataFrame({"dataset": ["A", "A"], "channel": [0, 1]})).tolist()
    ['A-0', 'A-1']
    """
    cells = table["dataset"].astype(str)
    if "channel" not in table:
        return cells
    many = table.groupby("dataset")["channel"].transform("nunique") > 1
    numbered = cells + "-" + table["channel"].astype(str)
    return numbered.where(many & table["channel"].notna(), cells)


_ROW = ("string", "canonical", "model_id", DONE, "modelname", "loader", "fitter")


def _read(name: Any, dialect: str) -> tuple[Any, ...]:
    if not isinstance(name, str) or not name.strip():
        return name, None, None, "kept: there is no name of a model", name, None, None
    parts = _PARTS.split(name)
    loader, string, fitter = parts if len(parts) == 3 else (None, name, None)
    found = convert_one(string, dialect, "native")
    if found.string is None:
        return name, None, None, found.done, name, loader, fitter
    return found.string, found.string, model_id(found.string), found.done, name, loader, fitter


def _write(string: str, dialect: str) -> tuple[str, str]:
    found = convert_one(string, "native", dialect)
    return string if found.string is None else found.string, found.done
