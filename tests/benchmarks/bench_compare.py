"""What tests of a difference between models promise, and what they keep.

    python -m tests.benchmarks.bench_compare
    python -m tests.benchmarks.bench_compare --draws 10000 --only level

*level*: no difference between two models, recordings of 15 neurons whose differences have
correlation rho within a recording. How often each test says p < .05, in per cent. The test in use
is the t-test of the means of recordings; for the others 400 draws are enough.

*uneven*: the same, of recordings with very different numbers of neurons, and of skewed
differences.

*power*: how often a true difference is found, by its size in standard deviations of neurons.

*folds*: one recording, cross-validated. Each of two models of equal worth reads half of what drives
the response, so that neither is better but by chance; 15 neurons share noise, and stimulus and
noise are slow. How often p < .05 over folds, with and without the correction for shared data.

*partition*: unique and shared variance of two correlated states, as `assess` finds it, beside
what is known of the simulation.
"""

import argparse
import time

import numpy as np
from scipy.signal import lfilter
from scipy.stats import ttest_1samp, wilcoxon

from nems_dsl.sweeps import Neuron, compare_scores

NEURONS = 15
RECORDINGS, RHOS = (1, 2, 4, 8), (0.0, 0.1, 0.3)
TESTS = ("t of datasets", "signs of datasets", "hierarchical bootstrap", "neurons, Wilcoxon")
_FEW = 400  # draws of the tests that are slow


# ---- differences of scores ---------------------------------------------------------------------


def draw(sizes, rho, rng, effect=0.0, skewed=False):
    """Give a difference for each neuron of each recording, of variance 1."""
    shared = np.sqrt(rho) * rng.standard_normal(len(sizes))
    return [
        effect + common + np.sqrt(1 - rho)
        * (rng.exponential(size=n) - 1 if skewed else rng.standard_normal(n))
        for common, n in zip(shared, sizes, strict=True)
    ]  # fmt: skip


def p_in_use(differences):
    """Give the p of the package, through its own door."""
    neurons = [
        Neuron(f"recording{r}", c) for r, some in enumerate(differences) for c in range(len(some))
    ]
    b = np.concatenate(differences)
    return compare_scores("a", "b", "r_test", neurons, np.arange(len(b)), np.zeros(len(b)), b).p


def p_of_signs(differences):
    """Give the exact p over all signs of recordings."""
    sums = np.array([some.sum() for some in differences])
    signs = 1 - 2 * ((np.arange(2 ** len(sums))[:, None] >> np.arange(len(sums))) & 1)
    totals = np.abs(signs @ sums)
    return (totals >= totals[0] * (1 - 1e-12)).mean()


def p_of_bootstrap(differences, rng, n_boots=400):
    """Give the p of the percentile bootstrap, of recordings and of neurons within them."""
    n = len(differences)
    means = np.stack(
        [some[rng.integers(0, len(some), (n_boots, n, len(some)))].mean(-1) for some in differences]
    )
    chosen = rng.integers(0, n, (n_boots, n))
    resampled = means[chosen, np.arange(n_boots)[:, None], np.arange(n)].mean(axis=1)
    return 2 * min((resampled <= 0).mean(), (resampled >= 0).mean())


def false_positives(sizes, rho, n_draws, seed, effect=0.0, skewed=False, n_slow=_FEW):
    """Give how often each test says p < .05, in per cent."""
    rng = np.random.default_rng(seed)
    found = {name: [] for name in TESTS}
    for number in range(n_draws):
        differences = draw(sizes, rho, rng, effect, skewed)
        found["t of datasets"].append(p_in_use(differences))
        if number < n_slow:
            found["neurons, Wilcoxon"].append(wilcoxon(np.concatenate(differences)).pvalue)
            if len(sizes) > 1:
                found["signs of datasets"].append(p_of_signs(differences))
                found["hierarchical bootstrap"].append(p_of_bootstrap(differences, rng))
    return {name: 100 * np.mean(np.array(p) < 0.05) for name, p in found.items() if p}


def show_rates(title, cases):
    print(f"\n{title}\n{'':34}" + "".join(f"{name:>24}" for name in TESTS))
    for name, rates in cases:
        print(f"{name:34}" + "".join(f"{rates.get(test, float('nan')):24.1f}" for test in TESTS))


def show_level(n_draws):
    cases = (
        (f"{n} x {NEURONS}, rho {rho}", false_positives([NEURONS] * n, rho, n_draws, seed=n))
        for n in RECORDINGS
        for rho in RHOS
    )
    show_rates(f"level: p < .05 in {n_draws} draws without a difference, %", cases)


def show_uneven(n_draws):
    cases = (
        (
            f"{sizes if len(set(sizes)) > 1 else f'{len(sizes)} x {sizes[0]}'}, rho {rho}"
            + ", skewed" * skewed,
            false_positives(sizes, rho, n_draws, seed=7, skewed=skewed),
        )
        for sizes, skewed in (
            ([1, 60], False), ([5, 10, 15, 60], False), ([2, 4, 8, 16, 32], False),
            ([1] * 8, False), ([1] * 8, True), ([15] * 4, True),
        )
        for rho in (0.0, 0.3)
    )  # fmt: skip
    show_rates(f"uneven: p < .05 in {n_draws} draws without a difference, %", cases)


def show_power(n_draws):
    cases = (
        (
            f"{n} x {NEURONS}, rho .1, effect {effect}",
            false_positives([NEURONS] * n, 0.1, n_draws, seed=n, effect=effect),
        )
        for n in RECORDINGS[1:]
        for effect in (0.5, 1.0)
    )
    show_rates(f"power: p < .05 in {n_draws} draws with a difference, %", cases)


# ---- one recording -----------------------------------------------------------------------------


def slow(shape, phi, rng):
    """Give noise of variance 1 whose neighbouring bins have correlation phi."""
    return lfilter([1], [1, -phi], rng.standard_normal(shape), axis=0) * np.sqrt(1 - phi**2)


def fold_differences(n_bins, n_inputs, n_folds, rho, phi, ridge, rng):
    """Cross-validate two linear models of equal worth; give r of one less that of the other."""
    halves = [slow((n_bins, n_inputs), phi, rng) for _ in range(2)]
    weights = rng.standard_normal((n_inputs, NEURONS)) / np.sqrt(n_inputs)
    noise = np.sqrt(rho) * slow((n_bins, 1), phi, rng)
    noise = noise + np.sqrt(1 - rho) * slow((n_bins, NEURONS), phi, rng)
    y = (halves[0] + halves[1]) @ weights + 2 * noise
    found = np.empty((NEURONS, n_folds))
    for fold, test in enumerate(np.array_split(np.arange(n_bins), n_folds)):
        kept = np.ones(n_bins, bool)
        kept[test] = False
        scores = []
        for x in halves:
            centred = x[kept] - x[kept].mean(0)
            moments = centred.T @ centred + ridge * kept.sum() * np.eye(n_inputs)
            solution = np.linalg.solve(moments, centred.T @ (y[kept] - y[kept].mean(0)))
            a, b = x[test] @ solution, y[test]
            a, b = a - a.mean(0), b - b.mean(0)
            scores.append((a * b).sum(0) / np.sqrt((a**2).sum(0) * (b**2).sum(0)))
        found[:, fold] = scores[1] - scores[0]
    return found


def fold_positives(case, n_draws, seed):
    """Give how often p < .05 over folds, in per cent, by the package and without correction."""
    rng = np.random.default_rng(seed)
    used, plain = [], []
    for _ in range(n_draws):
        differences = fold_differences(*case, rng)
        n_folds = differences.shape[1]
        group = np.repeat(np.arange(NEURONS), n_folds)
        neurons = [Neuron("A1", channel) for channel in range(NEURONS)]
        b = differences.ravel()
        found = compare_scores("a", "b", "r_test", neurons, group, np.zeros(len(b)), b)
        assert found.estimate.unit == "folds"
        used.append(found.p)
        plain.append(ttest_1samp(differences.mean(0), 0).pvalue)
    return 100 * np.mean(np.array(used) < 0.05), 100 * np.mean(np.array(plain) < 0.05)


CASES = (
    (1000, 10, 5, 0.0, 0.0, 0.0),
    (1000, 10, 5, 0.3, 0.8, 0.0),
    (1000, 10, 10, 0.3, 0.8, 0.0),
    (1000, 100, 5, 0.3, 0.0, 0.0),
    (1000, 100, 10, 0.3, 0.8, 0.0),
    (500, 200, 5, 0.3, 0.0, 0.0),
    (500, 200, 10, 0.3, 0.0, 0.1),
)


def show_folds(n_draws):
    print(f"\nfolds: p < .05 in {n_draws} recordings without a difference, %")
    print(f"{'bins':>6}{'inputs':>8}{'folds':>7}{'rho':>6}{'phi':>6}{'ridge':>7}", end="")
    print(f"{'in use':>10}{'not corrected':>15}")
    for case in CASES:
        used, plain = fold_positives(case, n_draws, seed=1)
        bins, inputs, folds, *others = case
        told = "".join(f"{value:{width}g}" for value, width in zip(others, (6, 6, 7), strict=True))
        print(f"{bins:6}{inputs:8}{folds:7}{told}{used:10.1f}{plain:15.1f}")


# ---- variance of two states --------------------------------------------------------------------

CORRELATION, WEIGHTS = 0.5, (0.6, 0.8)
#: what the states add to the drive, or by what they multiply it
BRANCHES = "d=wc.2x1-r=wc.1x1@run-p=wc.1x1@pupil-cat@d[,r][,p]-wc.x1-lvl.1"
GAINS = "d=wc.2x1-o=wc.1x1@one-r=wc.1x1@run-p=wc.1x1@pupil-s=cat@o[,r][,p]-stategain.x1@d,s"


def simulate_states(n_bins, seed, gains=False, n_neurons=2):
    """Give a stimulus, two correlated states, and responses to all three, of noise variance 1."""
    rng = np.random.default_rng(seed)
    stim, run = rng.standard_normal((n_bins, 2)), rng.standard_normal((n_bins, 1))
    pupil = CORRELATION * run
    pupil = pupil + np.sqrt(1 - CORRELATION**2) * rng.standard_normal((n_bins, 1))
    drive, state = stim @ np.array([[0.6], [0.8]]), WEIGHTS[0] * run + WEIGHTS[1] * pupil
    mean = drive * (1 + state) if gains else drive + state
    resp = mean + rng.standard_normal((n_bins, n_neurons))
    return {"stim": stim, "run": run, "pupil": pupil, "one": np.ones((n_bins, 1)), "resp": resp}


def known_shares():
    """Give the variance unique to the first state, to the second, shared, and of both.

    A part of the response that is the sum of two correlated variables of variance 1, and
    independent of all else, is explained by one of them as far as that predicts it. The drive has
    variance 1, and so its products with the states are such variables as well.
    """
    a, b = WEIGHTS
    both = a**2 + b**2 + 2 * CORRELATION * a * b
    by_a, by_b = (a + CORRELATION * b) ** 2, (b + CORRELATION * a) ** 2
    return np.array([both - by_b, both - by_a, by_a + by_b - both, both]) / (2 + both)


def show_partition(n_draws):
    from nems_dsl import assess

    n_bins = 10_000 if n_draws >= 1000 else 1000
    print(f"\npartition: variance explained, %, of 4 recordings of {n_bins} bins")
    print(f"{'':18}{'known':>8}{'found':>8}{'95 % interval':>18}")
    for name, pattern in (("branches", BRANCHES), ("gains", GAINS)):
        data = {
            f"recording{seed}": simulate_states(n_bins, seed, name == "gains") for seed in range(4)
        }
        found = assess(pattern, data)
        print(f"{name}: {pattern}")
        for share, (what, effect) in zip(known_shares(), found.shares.items(), strict=True):
            low, high = effect.interval
            print(
                f"  {what:16}{100 * share:8.2f}{100 * effect.mean:8.2f}"
                f"{100 * low:9.2f}{100 * high:9.2f}"
            )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--only", choices=list(PARTS))
    arguments = parser.parse_args(arguments)
    for name, show in PARTS.items():
        if arguments.only in (None, name):
            began = time.perf_counter()
            show(arguments.draws)
            print(f"{time.perf_counter() - began:.0f} s")


PARTS = {
    "level": show_level,
    "uneven": show_uneven,
    "power": show_power,
    "folds": lambda n_draws: show_folds(max(n_draws // 4, 2)),
    "partition": show_partition,
}


def test_benchmark_runs(capsys):
    main(["--draws", "20", "--only", "power"])
    assert "8 x 15, rho .1, effect 1.0" in capsys.readouterr().out


if __name__ == "__main__":
    main()
