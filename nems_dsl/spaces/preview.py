"""What a model space will cost: how many models, how large, how long to fit."""

from __future__ import annotations

import time
import warnings
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..compiler import BoundModel, with_sizes
from ..syntax import ModelStringError
from .expansion import Value
from .variant import Variant, VariantReader

if TYPE_CHECKING:
    from .space import Space

N_BINS = 10_000
ASSUMED = {"N": 18, "R": 1, "S": 1}
_MOST_VALUES = 1_000
_MOST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One model of a space, and how long a fit of it took.

    Attributes
    ----------
    string : str
        The canonical form.
    n_parameters : int
    seconds : float or None
        Wall time; None where no fit was timed.
    """

    string: str
    n_parameters: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known of a space before it is fitted.

    Attributes
    ----------
    n_variants : int
        As the pattern spells them.
    n_excluded, n_faulty, n_merged : int
        Those that `where` leaves out, that are not models, that are the same as an earlier one.
    n_models : int
        What remains.
    values : dict of str to tuple
        The values that each variable has in the models, the first 1,000 of them.
    samples : tuple of Sample
        The smallest model, the median one and the largest; fewer where these are the same.
    assumed : dict of str to int
        Channels that stood in for open symbols, to count parameters and to time fits.
    seconds : float or None
        Estimate for fitting every model once, one after the other.
    error : ModelStringError or None
        What is wrong with the variants that are not models.
    """

    n_variants: int
    n_excluded: int
    n_faulty: int
    n_merged: int
    n_models: int
    values: dict[str, tuple[Value, ...]]
    samples: tuple[Sample, ...]
    assumed: dict[str, int]
    seconds: float | None
    error: ModelStringError | None


def preview(
    space: Space, n_bins: int = N_BINS, callback: Callable[[str], None] | None = None
) -> Preview:
    """Count what a space holds, and time fits of a few of its models.

    The smallest model, the median one and the largest (by parameters) are each fitted to one
    simulated recording, `nems_dsl.datasets.simulate`. The time of the others is interpolated by
    the number of parameters. It is an estimate: how many iterations a fit takes depends on the
    data.

    Parameters
    ----------
    space : Space
    n_bins : int
        Length of the simulated recording; 0 times nothing.
    callback : callable, optional
        Called with a line of text before each step that takes time.

    Returns
    -------
    Preview

    Raises
    ------
    ValueError
        `n_bins` is below 0, or between 1 and 99.

    Examples
    --------
    >>> from nems_dsl import expand
    >>> from nems_dsl.spaces import preview
    >>> seen = preview(expand("wc.18x{r=1..4}-fir.{r}x15"), n_bins=0)
    >>> seen.n_models, seen.values, [s.n_parameters for s in seen.samples]
    (4, {'r': (1, 2, 3, 4)}, [33, 66, 132])
    """
    if n_bins != 0 and n_bins < 100:
        raise ValueError(f"n_bins is 0, or at least 100, not {n_bins}")
    tell = callback or (lambda text: None)
    closing = _Closing()
    values: dict[str, dict[Value, None]] = {name: {} for name in space.variables}
    sizes, numbers = array("q"), array("q")
    tell(f"counting {space.n_variants:,} variants")
    for variant in space.models():
        for name, value in variant.values.items():
            if value is not None and len(values[name]) < _MOST_VALUES:
                values[name].setdefault(value)
        sizes.append(closing.count_parameters(variant))
        numbers.append(variant.number)
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    places = [order[0], order[(len(order) - 1) // 2], order[-1]] if order else []
    samples = []
    for place in dict.fromkeys(places):
        variant = space[numbers[place]]
        seconds = None
        if n_bins:
            tell(f"timing a fit of {variant.canonical} to {n_bins:,} simulated bins")
            seconds = _time_fit(closing.close(variant), n_bins)
        samples.append(Sample(variant.canonical, sizes[place], seconds))
    return Preview(
        space.n_variants,
        space.n_excluded,
        space.n_faulty,
        space.n_merged,
        len(sizes),
        {name: tuple(found) for name, found in values.items()},
        tuple(samples),
        {symbol: ASSUMED[symbol] for symbol in sorted(closing.symbols)},
        _total(sizes, samples) if n_bins and samples else None,
        space.error,
    )


class _Closing:
    """Binds the symbols that variants leave open, and keeps in mind which."""

    def __init__(self) -> None:
        self.symbols: set[str] = set()
        self._counting = VariantReader("native", {})

    def close(self, variant: Variant) -> BoundModel:
        """Give the model with all sizes known that its parameters depend on."""
        symbols = variant.symbols
        self.symbols |= symbols
        tree = variant.experiment.model
        return with_sizes(tree, {each: ASSUMED[each] for each in symbols}) if symbols else tree

    def count_parameters(self, variant: Variant) -> int:
        """Count its parameters, with the symbols bound."""
        return self._counting.count_parameters(self.close(variant))


def _total(sizes: array[int], samples: list[Sample]) -> float:
    """Add up the seconds of all models, interpolated by the number of parameters."""
    import numpy as np

    known = {sample.n_parameters: sample.seconds or 0.0 for sample in samples}
    each = np.interp(np.asarray(sizes, dtype=np.float64), list(known), list(known.values()))
    return float(each.sum())


def _time_fit(tree: BoundModel, n_bins: int) -> float:
    """Fit a model to simulated data, and give the seconds, compilation left aside."""
    import numpy as np

    from ..datasets import simulate
    from ..models import Model

    channels = _channels(tree)
    n_outputs = tree.keywords[-1].gives[0]
    n_simulated = n_outputs if isinstance(n_outputs, int) else 1
    data = simulate(n_bins, channels.get("stim", 1), n_simulated, min(15, n_bins))
    rng = np.random.default_rng(0)
    signals = {name: rng.random((n_bins, n)) for name, n in channels.items()}
    if "stim" in signals:
        signals["stim"] = data.stim
    model = Model.from_tree(tree)
    shape = model.predict(signals).shape
    response = data.resp if data.resp.shape == shape else rng.random(shape)
    with warnings.catch_warnings():
        # they are about the simulated data, which the user never sees
        warnings.simplefilter("ignore")
        # kernels are compiled, or loaded from the disk, at their first use
        few = max(n_bins // 10, 50)
        start = {name: signal[:few] for name, signal in signals.items()}
        model.fit(start, response[:few], verbose=0, max_iterations=1)
        began = time.perf_counter()
        model.fit(signals, response, verbose=0, max_seconds=_MOST_SECONDS)
        return time.perf_counter() - began


def _channels(tree: BoundModel) -> dict[str, int]:
    """Give the channels of each signal of the data that a model reads."""
    outputs: set[str | None] = set()
    found: dict[str, int] = {}
    for place, keyword in enumerate(tree):
        sources: list[str | None] = [*(keyword.inputs or [None if place else "stim"])]
        sources += keyword.signature.signals[: 1 + len(keyword.also) - len(sources)]
        for name, sizes in zip(sources, (keyword.takes, *keyword.also), strict=True):
            if name is not None and name not in outputs:
                size = sizes[0]
                # some keywords take any number of channels, and their strings do not say which
                found[name] = (
                    size if isinstance(size, int) else ASSUMED["S" * (name == "state") or "N"]
                )
        outputs.add(keyword.name)
    return found
