"""Compiling what models need before workers need it, all at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...experiments.bind import known_experiment
from ...models import Model, compile_model
from ...models.warm import has_only_kernels
from ...syntax import ModelStringError
from .datasets import Dataset
from .jobs import Job

_MOST_REMEMBERED = 256
_LARGEST = 1000


def compile_first(jobs: Iterator[tuple[Dataset, Job]]) -> Iterator[tuple[Dataset, Job]]:
    """Compile what a model needs before its first job, once for all workers."""
    strings: set[str] = set()
    kinds: set[Any] = set()
    for dataset, job in jobs:
        if job.canonical not in strings:
            if len(strings) >= _MOST_REMEMBERED:
                strings.clear()
            strings.add(job.canonical)
            _compile(job.canonical, kinds)
        yield dataset, job


def _compile(canonical: str, kinds: set[Any]) -> None:
    try:
        tree = known_experiment(canonical).model
    except ModelStringError:
        # the job will say so in its row
        return
    found = {(k.head, k.form.axes, tuple(name for name, _ in k.options)) for k in tree}
    sizes = [size for keyword in tree for size in keyword.dims.values() if isinstance(size, int)]
    # what is large, or a layer of the user's own, might harm this process too, and not just a job
    if tree.symbols or found <= kinds or max(sizes, default=0) > _LARGEST:
        return
    model = Model.from_tree(tree)
    if has_only_kernels(model):
        compile_model(model)
        kinds |= found
