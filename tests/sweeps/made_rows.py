"""Rows of jobs that were never run, with scores that are known."""

import functools
import json

import numpy as np

from nems_dsl import Model
from nems_dsl.models.saving import to_dict
from nems_dsl.sweeps.store.rows import JobRow, identity_of

RECIPE = '{"loss": "nmse"}'


@functools.cache
def describe_model(string):
    """Give the canonical string, the model_id and the number of parameters."""
    model = Model(string)
    return model.string, model.model_id, model.parameter_count


def make_row(string="wc.6x1-fir.1x5-lvl.1", dataset="A1", channel=0, fold=-1, **changed):
    """Give the row of one job; its identity is that of what is given."""
    canonical, model_id, n_parameters = describe_model(string)
    given = {
        "string": string, "canonical": canonical, "model_id": model_id,
        "dataset": dataset, "data_digest": f"digest of {dataset}", "recipe": RECIPE,
        "channel": channel, "fold": fold, "n_parameters": n_parameters, "r_fit": 0.6,
        "se_fit": 0.01, "r_test": 0.5, "se_test": 0.02, "loss": 0.75, "loss_name": "nmse",
        "iterations": 20, "evaluations": 25, "seconds": 0.5, "converged": True,
        "optimizer": "lbfgsb", "versions": {"numpy": "2.0"},
    } | changed  # fmt: skip
    parts = ("canonical", "data_digest", "recipe", "channel", "fold")
    return JobRow(identity=identity_of(*(given[part] for part in parts)), **given)


def failed_row(*args, **changed):
    """Give the row of a job that failed."""
    nothing = dict.fromkeys(
        ["r_fit", "se_fit", "r_test", "se_test", "loss", "iterations", "evaluations", "converged"]
    )
    failure = {"status": "failed", "error": "ValueError: no", "traceback": "Traceback: no"}
    return make_row(*args, **nothing, **failure, **changed)


def fitted_text(string, seed=0):
    """Give a model with random parameters, as `Model.save` writes it, and the model."""
    model = Model(string).sample_from_priors(seed=seed)
    return json.dumps(to_dict(model)), model


def made_sweep(ranks=(1, 2, 3), heads=("lvl", "dexp", "relu"), datasets="ABCDEF", channels=(0,)):
    """Give rows whose score is known: it grows with the rank, and dexp is the best of heads."""
    rng = np.random.default_rng(0)
    rows = []
    for rank in ranks:
        for number, head in enumerate(heads):
            for dataset in datasets:
                for channel in channels:
                    r = 0.2 + 0.1 * rank**0.5 + 0.05 * (head == "dexp") - 0.01 * number
                    r += 0.1 * np.sin(sum(map(ord, dataset)) + channel) + rng.normal(0, 0.004)
                    string = f"wc.6x{rank}-fir.{rank}x5-{head}"
                    known = {"variables": {"rank": rank, "nl": head}, "loss": 1 - r**2}
                    rows.append(
                        make_row(string, dataset, channel, r_test=r, r_fit=r + 0.1, **known)
                    )
    return rows
