"""Strings per second, from text to canonical form, beside lark's bare parse of the same text.

Run with ``python -m tests.benchmarks.bench_language``. All stages run in one process on one core,
interleaved in rounds; the median over rounds is printed. Before each round the package's caches are
emptied, as at the start of a program. ``distinct`` strings are all different, of sizes that people
use; ``distinct, any sizes`` have sizes drawn at random, so that hardly a keyword comes twice;
``repeated`` is one string over and over.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from nems_dsl import canonical, parse
from nems_dsl.compiler import flow, options
from nems_dsl.compiler.catalogue import catalogue
from nems_dsl.syntax import numbers, read, reader
from nems_dsl.syntax.grammar import model_parser

TYPICAL = "wc.18x4-fir.4x15-dexp.1"
STAGES: dict[str, Callable[[str], object]] = {
    "bare parse (lark)": lambda text: model_parser().parse(text),
    "read": read,
    "parse (bound)": parse,
    "canonical": canonical,
}
CACHES = (
    reader._dim,
    numbers.read_number,
    numbers.spell_number,
    options.bind_options,
    flow.pass_through,
)


# channels in, rank, taps, channels out
USUAL = ((16, 18, 32, 64), range(1, 13), (8, 10, 12, 15, 20, 25, 30), (*range(1, 17), 24, 32, 55))
ANY = (range(1, 65), range(1, 17), range(5, 41), range(1, 65))


def typical_strings(n_strings: int, sizes: Sequence[Sequence[int]], seed: int = 0) -> list[str]:
    """Give distinct strings that users could have written."""
    chooser = random.Random(seed)
    made: dict[str, None] = {}
    while len(made) < n_strings:
        made["-".join(_chain(chooser, sizes))] = None
    return list(made)


def _chain(chooser: random.Random, sizes: Sequence[Sequence[int]]) -> Iterator[str]:
    n_in, rank, n_taps, n_out = map(chooser.choice, sizes)
    out = f"x{n_out}" if n_out > 1 else ""
    if chooser.random() < 0.2:
        yield f"strf.{n_in}x{rank}x{n_taps}{out}"
    else:
        yield f"wc.{n_in}x{rank}" + chooser.choice(["", "", ".g", ".n", ".p", ".l2e-4"])
        if chooser.random() < 0.3:
            yield f"stp.{rank}"
        yield f"fir.{rank}x{n_taps}{out}"
    pointwise = chooser.choice(["dexp", "dexp", "relu", "lvl"])
    if pointwise in catalogue():
        yield f"{pointwise}.{n_out}" + (".s.o" if pointwise == "relu" else "")


def rates(strings: list[str], n_rounds: int) -> dict[str, float]:
    """Give each stage's strings per second of CPU time, interleaved, the median over rounds."""
    seconds: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for _ in range(n_rounds):
        for stage, function in STAGES.items():
            for cache in CACHES:
                cache.cache_clear()
            gc.collect()
            start = time.process_time()
            for text in strings:
                function(text)
            seconds[stage].append(time.process_time() - start)
    return {stage: len(strings) / statistics.median(times) for stage, times in seconds.items()}


def table(title: str, measured: dict[str, float]) -> str:
    """Write rates, and how much longer each stage takes than the bare parse."""
    bare = measured["bare parse (lark)"]
    lines = [f"{title:34}{'strings/s':>12}{'x bare parse':>14}"]
    lines += [f"  {stage:32}{rate:12,.0f}{bare / rate:14.2f}" for stage, rate in measured.items()]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Measure, print, and give the rates by kind of strings."""
    options_of_run = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options_of_run.add_argument("--strings", type=int, default=4000)
    options_of_run.add_argument("--rounds", type=int, default=7)
    given = options_of_run.parse_args(arguments)
    canonical(TYPICAL)  # grammar and keywords are loaded once in a program
    measured = {
        "distinct": rates(typical_strings(given.strings, USUAL), given.rounds),
        "distinct, any sizes": rates(typical_strings(given.strings, ANY), given.rounds),
        "repeated": rates([TYPICAL] * given.strings, given.rounds),
    }
    for title, result in measured.items():
        print(table(f"{title}, {given.strings} strings", result))
    return measured


@pytest.mark.slow
def test_the_benchmark_runs(capsys):
    measured = main(["--strings", "20", "--rounds", "1"])
    assert set(measured) == {"distinct", "distinct, any sizes", "repeated"}
    assert all(rate > 0 for result in measured.values() for rate in result.values())
    assert "x bare parse" in capsys.readouterr().out


if __name__ == "__main__":
    main()
