"""Data held out of a fit, to tell when it begins to learn noise."""

from __future__ import annotations

from typing import Any

from ..data.holdout import hold_out

Pair = tuple[Any, Any]


def read_validation(
    x: Any, y: Any, validation: Any, mask: Any = None
) -> tuple[Any, Any, Pair | None]:
    """Read the argument `validation` of a fit.

    Parameters
    ----------
    x, y
        The data of the fit.
    validation : None, float or (x, y)
        Data held out, or the share of the data to hold out: the last trials, or the end of one.
    mask
        Of `y`; no share can be taken of data with one.

    Returns
    -------
    x, y
        What is left for the fit.
    held_out : (x, y) or None
    """
    if validation is None:
        return x, y, None
    if isinstance(validation, tuple | list) and len(validation) == 2:
        return x, y, (validation[0], validation[1])
    if isinstance(validation, bool) or not isinstance(validation, int | float):
        raise ValueError(
            "validation must be a pair (x, y) of data held out, or the share of the data to hold "
            f"out, not {validation!r}"
        )
    if not 0 < validation < 1:
        raise ValueError(f"the share to hold out must lie between 0 and 1, not {validation:g}")
    if mask is not None:
        raise ValueError(
            "a share of masked data cannot be held out; give validation=(x, y), and the mask's "
            "NaN in y itself"
        )
    split = hold_out(x, y, float(validation))
    return split.x_fit, split.y_fit, (split.x_test, split.y_test)
