"""Predictions in the container that the stimulus came in, with its labels."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ..data.labelled import find_dims
from ..data.reading import read_signal
from ..data.signal import Signal
from ..models import Model, ModelSet

CHANNEL = "channel"


def predict_labelled(
    model: Model | ModelSet,
    x: Any,
    state: Any = None,
    *,
    channels: Sequence[Hashable] | None = None,
) -> Any:
    """Predict, and give the prediction the labels of the stimulus.

    Parameters
    ----------
    model : Model, ModelSet
    x : pandas.DataFrame or Series, xarray.DataArray, pynapple.Tsd or TsdFrame
        The stimulus.
    state : like `x`, optional
    channels : sequence, optional
        Names of the outputs; by default their numbers.

    Returns
    -------
    DataFrame, DataArray or TsdFrame
        For pandas with the index of `x`, row by row, and a column for each output; columns of
        times and trials stay. For xarray with the dimensions and coordinates of `x`, where the
        outputs, a dimension ``channel``, take the place of its channels. For pynapple with its
        times and time support.

    Raises
    ------
    TypeError
        The stimulus is another container, whose labels are not known.
    ValueError
        There are more or fewer names than outputs; or the model gives fewer bins than it takes.

    Examples
    --------
    >>> import pandas as pd
    >>> x = pd.DataFrame({"low": [0.0, 1.0], "high": [2.0, 3.0]}, index=[0.01, 0.02])
    >>> predict_labelled(Model("wc.2x1-lvl.1"), x, channels=["unit"]).index.tolist()
    [0.01, 0.02]
    """
    signal = read_signal(x, "the stimulus")
    found = model.predict(x, state=state)
    trials = list(found) if signal.form != "array" else [found]
    names: list[Hashable] = list(range(trials[0].shape[1]) if channels is None else channels)
    if len(names) != trials[0].shape[1]:
        raise ValueError(f"channels has {len(names)} names, and the model {trials[0].shape[1]}")
    if hasattr(x, "iloc") and hasattr(x, "index"):
        return _as_frame(x, signal, trials, names)
    if hasattr(x, "time_support"):
        return _as_frame_of_pynapple(x, trials, names)
    if hasattr(x, "dims") and hasattr(x, "coords"):
        return _as_data_array(x, signal, trials, names)
    raise TypeError(
        f"a {type(x).__name__} has no labels that are known: pass a DataFrame, a DataArray, or a "
        "TsdFrame, or take model.predict(x)"
    )


def _as_frame(x: Any, signal: Signal, trials: list[np.ndarray], names: list[Hashable]) -> Any:
    # the numbers of the rows, read as if they were a stimulus, tell where each row went
    import pandas as pd

    numbers = np.arange(float(len(x)))
    values = np.full((len(x), len(names)), np.nan)
    if x.ndim == 1:
        rows = read_signal(pd.Series(numbers, index=x.index, name=x.name), "the stimulus")
        kept = []
    else:
        kept = [name for name in x.columns if name not in (signal.labels or ())]
        counted = {name: x[name] if name in kept else numbers for name in x.columns}
        rows = read_signal(pd.DataFrame(counted, index=x.index), "the stimulus")
    for trial, row in zip(trials, rows.trials, strict=True):
        _check_bins(trial, len(row))
        values[row[:, 0].astype(int)] = trial
    frame = pd.DataFrame(values, index=x.index, columns=names)
    return pd.concat([x[kept], frame], axis=1) if kept else frame


def _as_data_array(x: Any, signal: Signal, trials: list[np.ndarray], names: list[Hashable]) -> Any:
    import xarray

    dims = [str(dim) for dim in x.dims]
    if all(dim == f"dim_{place}" for place, dim in enumerate(dims)):
        # unnamed: the order counts, as for NumPy
        trial, time, taken = (dims[0] if len(dims) == 3 else None), dims[-2:][0], dims[1:][-1:]
    else:
        trial, time, taken = find_dims(dims, "the stimulus")
    for each in trials:
        _check_bins(each, x.sizes[time])
    stays = {name: c for name, c in x.coords.items() if not set(c.dims) & set(taken)}
    values = trials[0] if trial is None else np.stack(trials)
    order = [dim for dim in (trial, time) if dim is not None]
    found = xarray.DataArray(
        values, dims=[*order, CHANNEL], coords={**stays, CHANNEL: names}, name="prediction"
    )
    places = [CHANNEL if dim in taken else dim for dim in dims]
    return found.transpose(*places, *([] if taken else [CHANNEL]))


def _as_frame_of_pynapple(x: Any, trials: list[np.ndarray], names: list[Hashable]) -> Any:
    import pynapple

    values = np.concatenate(trials)
    _check_bins(values, len(x.t))
    return pynapple.TsdFrame(t=x.t, d=values, time_support=x.time_support, columns=names)


def _check_bins(trial: np.ndarray, n_bins: int) -> None:
    if len(trial) != n_bins:
        raise ValueError(
            f"the model gives {len(trial)} bins for {n_bins}, so that labels do not fit; take "
            "model.predict(x)"
        )
