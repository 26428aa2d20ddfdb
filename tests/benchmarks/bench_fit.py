"""Time whole fits: the default against L-BFGS-B on the same gradient, and against NEMS.

    python -m tests.benchmarks.bench_fit
    python -m tests.benchmarks.bench_fit --models 0 1 --channels 0 3 --repeats 3

Speech: for each model and channel of bench_starts, the time until the loss is within 0.1 % of where
the default fit ends, everything from the string on included; and the time that SciPy's L-BFGS-B
takes to the same loss, with its default settings, on our exact gradient, from the means of the
priors. Where it ends before, in a worse minimum, its time is that until it ended, and marked so.
Both on one thread, one after the other, in one process. "Seven channels" is one call of `fit`,
which shares covariances between channels, until the end of all of its fits.

NEMS: simulated data, seconds and errors recorded from that program (on another machine), against
the time that we take to an error that is as low, and to the end of the fit.

Finite differences: with --differences, SciPy's L-BFGS-B without a gradient, on the first model.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest
from scipy.optimize import minimize

from nems_dsl import Model, Objective, fit
from tests import nems_reference

from . import speech

WITHIN = 1.001


class ReachedError(Exception):
    pass


def seconds_of(run, repeats):
    """Median of the wall times of some runs."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return float(np.median(times))


def seconds_until(string, x, y, goal, repeats):
    """Median of the times that the default fit takes to a loss no higher than `goal`."""
    times = []
    for _ in range(repeats):
        began, reached = time.perf_counter(), []

        def watch(iteration, loss, reached=reached):
            if loss <= goal:
                reached.append(time.perf_counter())
                return True
            return None

        Model(string).fit(x, y, verbose=0, callback=watch)
        times.append(reached[0] - began)
    return float(np.median(times))


def lbfgs_until(string, x, y, goal, use_gradient=True):
    """Run SciPy's L-BFGS-B; give evaluations, and whether it came to `goal`."""
    objective = Objective(Model(string), x, y)

    def judge(loss):
        if loss <= goal:
            raise ReachedError

    def with_gradient(theta):
        loss, gradient = objective.value_and_grad(theta)
        judge(loss)
        return loss, gradient

    def without(theta):
        loss = objective.value(theta)
        judge(loss)
        return loss

    try:
        minimize(
            with_gradient if use_gradient else without,
            np.clip(objective.theta0, *objective.bounds),
            jac=use_gradient,
            method="L-BFGS-B",
            bounds=np.column_stack(objective.bounds),
            options={"maxiter": 10_000, "maxfun": 10**7 if not use_gradient else 20_000},
        )
    except ReachedError:
        return objective.n_evaluations, True
    return objective.n_evaluations, False


def timed_lbfgs(string, x, y, goal, repeats, use_gradient=True):
    """Median seconds, evaluations, and whether it came to `goal`."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        n_evaluations, reached = lbfgs_until(string, x, y, goal, use_gradient)
        times.append(time.perf_counter() - began)
    return float(np.median(times)), n_evaluations, reached


def compare_on_speech(options):
    stim, resp = speech.load()
    x = [trial[: options.bins] for trial in stim]
    y = [trial[: options.bins] for trial in resp]
    ratios = []
    for string in (speech.MODELS[number] for number in options.models):
        Model(string).fit(x, [trial[:, :1] for trial in y], verbose=0, max_iterations=2)
        total = 0.0
        for channel in options.channels:
            one = [trial[:, channel : channel + 1] for trial in y]
            goal = Model(string).fit(x, one, verbose=0).results.loss * WITHIN
            ours = seconds_until(string, x, one, goal, options.repeats)
            theirs, n, reached = timed_lbfgs(string, x, one, goal, options.repeats)
            ratios.append(theirs / ours)
            total += theirs
            how = "" if reached else ", never reached"
            print(
                f"{string:34s} channel {channel}: loss {goal / WITHIN:.5f}, within 0.1 % in "
                f"{ours:.3f} s; L-BFGS-B {theirs:.3f} s, {n} evaluations{how}: "
                f"{theirs / ours:.1f} times",
                flush=True,
            )
        if len(options.channels) > 1:
            several = [trial[:, list(options.channels)] for trial in y]
            ours = seconds_of(
                lambda s=string, all_y=several: fit(s, x, all_y, verbose=0, n_jobs=1), 1
            )
            print(
                f"{string:34s} {len(options.channels)} channels, whole default fits {ours:.3f} s; "
                f"L-BFGS-B to within 0.1 % {total:.3f} s: {total / ours:.1f} times",
                flush=True,
            )
    print(
        f"speech: median {np.median(ratios):.1f} times faster than L-BFGS-B, least "
        f"{min(ratios):.1f}, at least 5 times in {sum(r >= 5 for r in ratios)} of {len(ratios)}"
    )


def compare_with_nems(options):
    manifest, arrays = nems_reference.load("fits")
    for case in manifest["cases"]:
        string, peer, train = nems_reference.native_string_of(case), case["peer"], case["train"]
        x, y = arrays[train["input"]], arrays[train["target"]]
        if train.get("state"):
            x = {"stim": x, "state": arrays[train["state"]]}
        results = Model(string).fit(x, y, verbose=0).results
        whole = seconds_of(
            lambda s=string, x=x, y=y: Model(s).fit(x, y, verbose=0), options.repeats
        )
        line = (
            f"{case['id']:52s} error {results.loss:.4f}, NEMS {peer['final_error']:.4f}; NEMS "
            f"{peer['wall_seconds']:.1f} s, whole fit {whole:.3f} s, "
            f"{peer['wall_seconds'] / whole:.0f} times"
        )
        if results.loss <= peer["final_error"]:
            ours = seconds_until(string, x, y, peer["final_error"], options.repeats)
            line += f"; to NEMS' error {ours:.4f} s, {peer['wall_seconds'] / ours:.0f} times"
        print(line, flush=True)


def compare_with_differences(options):
    stim, resp = speech.load()
    x = np.concatenate(stim)[: options.differences]
    y = np.concatenate(resp)[: options.differences, :1]
    string = speech.MODELS[0]
    goal = Model(string).fit(x, y, verbose=0).results.loss * WITHIN
    ours = seconds_until(string, x, y, goal, options.repeats)
    theirs, n, reached = timed_lbfgs(string, x, y, goal, 1, use_gradient=False)
    how = "" if reached else ", never reached"
    print(
        f"{string}, {len(x):,} bins: {ours:.3f} s; finite differences {theirs:.2f} s, {n:,} "
        f"evaluations{how}: {theirs / ours:.0f} times"
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=int, nargs="*", default=range(len(speech.MODELS)))
    parser.add_argument("--channels", type=int, nargs="+", default=range(speech.N_CHANNELS))
    parser.add_argument("--bins", type=int, help="of each trial; all by default")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--no-nems", action="store_true")
    parser.add_argument("--differences", type=int, metavar="BINS", default=0)
    options = parser.parse_args(arguments)
    if options.models:
        compare_on_speech(options)
    if not options.no_nems:
        compare_with_nems(options)
    if options.differences:
        compare_with_differences(options)


@pytest.mark.slow
def test_benchmark_runs(capsys):
    if not speech.PATH.exists():
        pytest.skip("needs the shared recordings")
    main(["--models", "0", "--channels", "0", "--bins", "300", "--repeats", "1", "--no-nems"])
    assert "times faster than L-BFGS-B" in capsys.readouterr().out


if __name__ == "__main__":
    main()
