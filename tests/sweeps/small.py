"""Small data and small sweeps for tests."""

from __future__ import annotations

import json
from dataclasses import asdict

from nems_dsl.datasets import simulate
from nems_dsl.sweeps.running.datasets import share_datasets
from nems_dsl.sweeps.running.jobs import Feed, Recipe, plan_jobs
from nems_dsl.sweeps.running.limits import Limits
from nems_dsl.sweeps.running.run import this_process
from nems_dsl.sweeps.running.variants import Variants

PATTERN = "wc.6x{r=1..2}-fir.{r}x4-{lvl,dexp}.1"
STRING = "wc.6x1-fir.1x4-lvl.1"


def recording(seed=3, n_times=600, n_outputs=2):
    return simulate(
        n_times=n_times, n_channels=6, n_outputs=n_outputs, n_taps=4, snr=4.0, seed=seed
    )


def make_feed(folder, datasets, strings=PATTERN, recipe=None, limits=None, parent=None):
    """Give the jobs of a small sweep, and their data sets."""
    shared = share_datasets(datasets, folder)
    recipe = recipe or Recipe()
    variants = Variants(strings, None, "native", shared, recipe)
    jobs = plan_jobs(variants, shared, recipe)
    return Feed(jobs, recipe, limits or Limits(), parent or this_process())


def collect(rows):
    return [row for some in rows for row in some]


def told(rows):
    """Give what rows tell, but for what differs from run to run, by their identities."""
    found = {}
    for row in rows:
        facts = asdict(row)
        for name in ("seconds", "finished", "traceback"):
            del facts[name]
        if row.model is not None:
            facts["model"] = json.loads(row.model)
            for name in ("seconds", "compile_seconds"):
                facts["model"]["results"].pop(name, None)
        assert row.identity not in found
        found[row.identity] = facts
    return found
