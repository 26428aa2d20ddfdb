"""Parts of a sweep, for machines that know nothing of each other."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..datasets import Dataset
from ..jobs import Job
from ..sweep_progress import Progress


@dataclass(frozen=True)
class Shard:
    """One of several parts of a sweep, which have no job in common and together have all.

    A job belongs to a part by its identity, so that the parts are the same on every machine,
    whatever is done before.

    Parameters
    ----------
    number, of : int
        From 1 to `of`.

    Raises
    ------
    ValueError
        There is no such part.

    Examples
    --------
    >>> shard = Shard.read("2/4")
    >>> shard, shard.store("results.db").name
    (Shard(number=2, of=4), 'results.shard-2-of-4.db')
    >>> [Shard(n, 4).has("58a1") for n in (1, 2, 3, 4)]
    [False, True, False, False]
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ValueError(
                f"a shard is one of 1/{self.of} to {self.of}/{self.of}, not {self.number}/{self.of}"
            )

    @classmethod
    def read(cls, text: str) -> Shard:
        """Read a part as it is written on a command line, such as ``2/4``."""
        found = re.fullmatch(r"(\d+)/([1-9]\d*)", text.strip())
        if found is None:
            raise ValueError(f"a shard is written as 2/4, the second of four parts, not {text!r}")
        return cls(int(found[1]), int(found[2]))

    def has(self, identity: str) -> bool:
        """Tell whether a job belongs to this part."""
        return int(identity, 16) % self.of == self.number - 1

    def store(self, store: str | Path) -> Path:
        """Give the file of this part, beside the store of the whole.

        Raises
        ------
        ValueError
            The store is a database on a server, which has one writer.
        """
        if not isinstance(store, Path) and "://" in str(store):
            raise ValueError(
                "each shard writes a file of its own, which `nems-dsl merge` puts into a database: "
                "give a file as the store, not a URL"
            )
        path = Path(store)
        return path.with_name(f"{path.stem}.shard-{self.number}-of-{self.of}{path.suffix}")


def of_shard(
    jobs: Iterator[tuple[Dataset, Job]], shard: Shard, done: Container[str], progress: Progress
) -> Iterator[tuple[Dataset, Job]]:
    """Leave out the jobs of other parts, and those that the store of the whole knows."""
    for dataset, job in jobs:
        if not shard.has(job.identity):
            progress.leave_out(1)
        elif job.identity in done:
            progress.skip(1)
        else:
            yield dataset, job
