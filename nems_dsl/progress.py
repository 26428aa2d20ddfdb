"""How far long work has come: a bar on a terminal or in a notebook, and nothing anywhere else."""

from __future__ import annotations

import sys
import warnings
from typing import Any, Self


class Bar:
    """A bar over the parts of some work; a context manager.

    Parameters
    ----------
    total : int
        How many parts there are.
    unit : str
        What a part is called.
    is_shown : bool, optional
        By default where stderr is a terminal, or a notebook shows it.
    stays : bool
        Leave the bar on the screen when the work is done.

    Attributes
    ----------
    is_shown : bool

    Examples
    --------
    >>> with Bar(3, is_shown=False) as bar:
    ...     bar.tell("the first of them")
    ...     bar.step()
    """

    def __init__(
        self, total: int, unit: str = "fit", *, is_shown: bool | None = None, stays: bool = True
    ):
        self.is_shown = is_watched() if is_shown is None else is_shown
        self._bar: Any = None
        if self.is_shown:
            tqdm = _find_tqdm()
            # without `miniters` what is told between steps would wait for the next of these
            self._bar = tqdm(
                total=total, unit=unit, leave=stays, file=sys.stderr, dynamic_ncols=True, miniters=0
            )

    def step(self, n_parts: int = 1) -> None:
        """Count parts that are done."""
        if self._bar is not None:
            self._bar.update(n_parts)

    def tell(self, text: str) -> None:
        """Say what the work is at; shown ten times a second at most."""
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(0)

    def leave_out(self, n_parts: int) -> None:
        """Count parts that need no work; among those that are done, they would raise the rate."""
        if self._bar is not None and n_parts:
            self._bar.total = max(self._bar.total - n_parts, self._bar.n)
            self._bar.refresh()

    def close(self) -> None:
        """End the bar; without effect the second time."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.close()


def is_watched() -> bool:
    """Tell whether somebody may be looking: a terminal, or a notebook."""
    return sys.stderr.isatty() or _is_notebook()


def _is_notebook() -> bool:
    # who has not imported IPython is in none
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")


def _find_tqdm() -> Any:
    with warnings.catch_warnings():
        # of widgets that are not installed; the bar is drawn as text then
        warnings.simplefilter("ignore")
        from tqdm.auto import tqdm
    return tqdm
