"""Default fits on data that they have not seen, with ridge regression beside them in one run.

    python -m tests.benchmarks.bench_generalise
    python -m tests.benchmarks.bench_generalise --cases speech15 strf --channels 0 3

Ridge regression has its strength by cross-validation (RidgeCV of scikit-learn where that is
installed would do the same; here five blocks and 33 strengths), or the best in hindsight where
that is said. Each row gives the mean correlation on held-out data, how far the worst channel or
fold is below ridge, how many of those below gave a warning, effective degrees of freedom, and the
time of a fit as a multiple of that with ``shrinkage="none"``. Data that are not beside the
project are left out.
"""

import argparse
import os
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from nems_dsl import Model
from nems_dsl.datasets import load_speech

DATA = Path(__file__).parents[3] / "shared" / "data"
STRENGTHS = np.logspace(-5, 3, 33)
SPEECH = (
    "wc.18x2-fir.2x15-dexp.1",
    "fir.18x15-dexp.1",
    "wc.18x2-fir.2x15-relu.1.s.o",
    "fir.18x15-lvl.1",
)


def lagged(trials, n_lags):
    """Give the stimulus at all lags, (bins, channels * lags)."""
    found = []
    for trial in trials:
        out = np.zeros((*trial.shape, n_lags))
        for lag in range(n_lags):
            out[lag:, :, lag] = trial[: len(trial) - lag]
        found.append(out.reshape(len(trial), -1))
    return np.concatenate(found)


def correlate(prediction, target):
    p, y = (np.concatenate([np.ravel(each) for each in side]) for side in (prediction, target))
    known = ~np.isnan(y)
    return float(np.corrcoef(p[known], y[known])[0, 1]) if p[known].std() > 0 else 0.0


def ridge(fit_x, fit_y, test_x, test_y, n_lags, n_folds=5):
    """Give the held-out correlation of ridge: strength by cross-validation, and the best."""
    x, y = lagged(fit_x, n_lags), np.concatenate(fit_y)
    x, y = x[~np.isnan(y)], y[~np.isnan(y)]
    seen = lagged(test_x, n_lags)
    power = np.mean((x - x.mean(axis=0)) ** 2)

    def solutions(x, y):
        centred = x - x.mean(axis=0)
        values, axes = np.linalg.eigh(centred.T @ centred / len(x))
        along = axes.T @ (centred.T @ (y - y.mean()) / len(x))
        return [
            (axes @ (along / (np.maximum(values, 0) + s * power)), x.mean(axis=0), y.mean())
            for s in STRENGTHS
        ]

    fold = np.arange(len(y)) * n_folds // len(y)
    errors = np.zeros(len(STRENGTHS))
    for number in range(n_folds):
        out = fold == number
        for place, (w, mx, my) in enumerate(solutions(x[~out], y[~out])):
            errors[place] += np.sum((y[out] - my - (x[out] - mx) @ w) ** 2)
    whole = [correlate([seen @ w], test_y) for w, _, _ in solutions(x, y)]
    return whole[int(np.argmin(errors))], max(whole)


# ---- cases: name, channel or fold, lags, data of fit, data of test ------------------------------


def speech(seconds, channels=range(7)):
    if (DATA / "speech.npz").exists():
        with np.load(DATA / "speech.npz") as data:
            stim = [np.cbrt(data[f"stim_{n}"].astype(float)) for n in range(10)]
            resp = [data[f"resp_{n}"].astype(float) for n in range(10)]
        tests = (8, 9)
    else:
        shipped = load_speech()
        stim, resp, tests = shipped.stim, shipped.resp, (4, 5)
    n_trials = 2 if seconds < 120 else 3
    n = int(100 * seconds) // n_trials
    for channel in channels:
        fit = [s[:n] for s in stim[:n_trials]], [r[:n, channel] for r in resp[:n_trials]]
        test = [stim[t] for t in tests], [resp[t][:, channel] for t in tests]
        yield 15, fit, test


def binaural():
    with np.load(DATA / "a1_binaural.npz") as data:
        x = data["stim"]
        rasters = [data[f"raster_{unit}"].mean(axis=1) for unit in ("a1", "b1", "b2")]
    for y in rasters:
        for fold in range(5):
            out = np.arange(len(y)) * 5 // len(y) == fold
            yield 15, ([x], [np.where(out, np.nan, y)]), ([x], [np.where(out, y, np.nan)])


def pupil():
    with np.load(DATA / "a1_pupil.npz") as data:
        x = [trial[:, None] for trial in data["pupil"]]
        units = [list(data[f"spikes_{unit}"].astype(float)) for unit in ("a1", "b1")]
    for y in units:
        for fold in range(5):
            fit, test = ([n for n in range(55) if (n % 5 == fold) == out] for out in (False, True))
            yield (
                15,
                ([x[n] for n in fit], [y[n] for n in fit]),
                (
                    [x[n] for n in test],
                    [y[n] for n in test],
                ),
            )


def strf_unit():
    with np.load(DATA / "strf_unit.npz") as data:
        x = [data[f"stim_{n}"].astype(float) for n in range(16)]
        y = [data[f"spikes_{n}"].mean(axis=1) for n in range(16)]
    for fold in range(4):
        test = range(4 * fold, 4 * fold + 4)
        fit = [n for n in range(16) if n not in test]
        yield (
            12,
            ([x[n] for n in fit], [y[n] for n in fit]),
            (
                [x[n] for n in test],
                [y[n] for n in test],
            ),
        )


CASES = {
    "speech15": (lambda: speech(15), SPEECH),
    "speech30": (lambda: speech(30), SPEECH),
    "speech160": (lambda: speech(160), SPEECH),
    "a1_binaural": (binaural, ("fir.2x15-dexp.1", "fir.2x15-lvl.1")),
    "a1_pupil": (pupil, ("fir.1x15-dexp.1", "fir.1x15-lvl.1")),
    "strf_unit": (strf_unit, ("fir.32x12-dexp.1", "wc.32x1-fir.1x12-dexp.1", "fir.32x12-lvl.1")),
}


def fit(string, data, **options):
    x, y = data
    began = time.perf_counter()
    fitted = Model(string).fit(x, [each[:, None] for each in y], verbose=0, **options)
    return fitted, time.perf_counter() - began


def score(fitted, test):
    prediction = fitted.predict(test[0])
    return correlate(prediction if isinstance(prediction, list) else [prediction], test[1])


def row(string, cases):
    """Give the figures of one string: means over channels or folds."""
    found = []
    for n_lags, data, test in cases:
        by_cv, best = ridge(*data, *test, n_lags)
        fitted, seconds = fit(string, data)
        plain, of_plain = fit(string, data, shrinkage="none")
        r = score(fitted, test)
        warned = any("ridge regression" in text for text in fitted.results.warnings)
        found.append(
            (
                by_cv,
                best,
                score(plain, test),
                r,
                r - by_cv,
                warned,
                fitted.results.edf,
                seconds,
                of_plain,
            )
        )
    by_cv, best, plain, r, above, warned, edf, seconds, of_plain = map(
        np.array, zip(*found, strict=True)
    )
    return {
        "ridge": by_cv.mean(),
        "hindsight": best.mean(),
        "none": plain.mean(),
        "default": r.mean(),
        "worst": above.min(),
        "below": int(np.sum(above < 0)),
        "warned": int(np.sum(warned & (above < 0))),
        "alarms": int(np.sum(warned & (above >= 0))),
        "edf": np.nanmean(edf),
        "times": seconds.sum() / of_plain.sum(),
        "n": len(r),
    }


def bits(prediction, counts):
    """Information per spike, relative to the mean rate of the data that are predicted."""
    p, y = np.maximum(np.ravel(prediction), 1e-9), np.ravel(counts)
    mean = y.mean()
    return float(
        (np.sum(y * np.log(p) - p) - np.sum(y * np.log(mean) - mean)) / np.log(2) / y.sum()
    )


def grasshopper():
    with np.load(DATA / "grasshopper.npz") as data:
        noises = {
            name: (data[f"stim_{hz}Hz"].astype(float), data[f"spikes_{hz}Hz"].astype(float))
            for name, hz in (("narrow", 200), ("wide", 800))
        }
    for known, new in (("wide", "narrow"), ("narrow", "wide")):
        for shrinkage in ("none", "auto"):
            fitted = Model("fir.1x40-dexp.1").fit(
                *noises[known], loss="poisson", verbose=0, shrinkage=shrinkage
            )
            found = bits(fitted.predict(noises[new][0]), noises[new][1])
            print(f"{known} noise predicts {new}, {shrinkage:<5} {found:7.3f} bits a spike")


def sweep_of_strengths():
    """Print r on held-out speech, and edf, as functions of a fixed strength, for four ends."""
    strengths = (1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0)
    ends = ("lvl.1", "relu.1.s.o", "sig.1.s.o.g", "dexp.1")
    print("strength  " + "  ".join(f"{end:>14}" for end in ends) + "     (r, edf)")
    cases = list(speech(15))
    for strength in strengths:
        cells = []
        for end in ends:
            found = [(fit(f"fir.18x15-{end}", d, shrinkage=strength)[0], t) for _, d, t in cases]
            r = np.mean([score(fitted, t) for fitted, t in found])
            cells.append(f"{r:7.3f} {np.mean([f.results.edf for f, _ in found]):6.1f}")
        print(f"{strength:8g}  " + "  ".join(cells), flush=True)


def simulated(seed, ratio):
    """Give a cell that answers speech, and the rate that it would have on new speech."""
    rng = np.random.default_rng(seed)
    shipped = load_speech()
    truth = Model("wc.18x1.g-fir.1x12-dexp.1")
    front = {
        "wc": {"mean": [rng.uniform(0.1, 0.9)], "sd": [rng.uniform(0.05, 0.25)]},
        "fir": {"coefficients": rng.normal(size=(1, 12)) * np.exp(-np.arange(12) / 3.0)},
    }
    drive = Model("wc.18x1.g-fir.1x12")
    drive.set_parameter_values(front)
    seen = np.concatenate(drive.predict(list(shipped.stim)))
    shift, slope = rng.uniform(-0.5, 1), rng.uniform(0.5, 2)
    curve = {
        "base": [0.0],
        "amplitude": [1.0],
        "shift": [float(np.mean(seen) + shift * np.std(seen))],
        "kappa": [float(np.log(slope / np.std(seen)))],
    }
    truth.set_parameter_values(front | {"dexp": curve})
    rates = truth.predict(list(shipped.stim))
    signal = np.var(np.concatenate(rates[:2]))
    fit_y = [r + rng.normal(size=r.shape) * np.sqrt(signal / ratio) for r in rates[:2]]
    n = int(rng.choice([1000, 2000]))
    known = [x[:n] for x in shipped.stim[:2]], [y[:n, 0] for y in fit_y]
    return known, (list(shipped.stim[4:]), [r[:, 0] for r in rates[4:]])


def simulations(n_seeds=20):
    """Print how near the default is to the best strength in hindsight, by signal-to-noise ratio."""
    strengths = np.logspace(-3, 2.5, 12)
    for string in ("fir.18x12-lvl.1", "wc.18x2-fir.2x12-dexp.1"):
        for ratio in (0.1, 0.3, 1.0, 3.0, 10.0):
            found = []
            for seed in range(n_seeds):
                known, new = simulated(seed, ratio)
                ours = score(fit(string, known)[0], new)
                best = max(score(fit(string, known, shrinkage=s)[0], new) for s in strengths)
                found.append(ours / best)
            found = np.array(found)
            print(
                f"signal-to-noise {ratio:4g} {string:<26} within 1 % of the best strength: "
                f"{100 * np.mean(found > 0.99):3.0f} %, median {np.median(found):.4f}, "
                f"least {found.min():.3f}",
                flush=True,
            )


def resamplings(n=200):
    """Print how often a fit to random data predicts what was left out worse than nothing."""
    units = {
        "a1_binaural": [("fir.2x15-dexp.1", list(binaural())[5 * u][1:]) for u in range(3)],
        "a1_pupil": [("fir.1x15-dexp.1", list(pupil())[5 * u][1:]) for u in range(2)],
        "strf_unit": [("fir.32x12-dexp.1", next(iter(strf_unit()))[1:])],
    }
    rng = np.random.default_rng(0)
    for name, each in units.items():
        found = []
        for number in range(n if name != "strf_unit" else n // 4):
            string, ((x, y), (test_x, test_y)) = each[number % len(each)]
            if name == "a1_binaural":
                whole = np.where(np.isnan(y[0]), test_y[0], y[0])
                # a fifth of the bins, in one stretch that begins anywhere
                out = np.isin(
                    np.arange(len(whole)),
                    (rng.integers(len(whole)) + np.arange(len(whole) // 5)) % len(whole),
                )
                known = x, [np.where(out, np.nan, whole)]
                new = x, [np.where(out, whole, np.nan)]
            else:
                trials, responses = [*x, *test_x], [*y, *test_y]
                order = rng.permutation(len(trials))
                held, kept = order[: len(trials) // 5], order[len(trials) // 5 :]
                known = [trials[k] for k in kept], [responses[k] for k in kept]
                new = [trials[k] for k in held], [responses[k] for k in held]
            n_lags = 12 if name == "strf_unit" else 15
            found.append((score(fit(string, known)[0], new), ridge(*known, *new, n_lags)[0]))
        for label, each_r in zip(("default", "ridge"), np.array(found).T, strict=True):
            print(
                f"{name}: {len(found)} resamplings, {label:<7} mean r {each_r.mean():.3f}, "
                f"least {each_r.min():+.3f}, {int(np.sum(each_r < 0))} below 0",
                flush=True,
            )


OTHERS = {
    "grasshopper": grasshopper,
    "strengths": sweep_of_strengths,
    "simulations": simulations,
    "resamplings": resamplings,
}


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="+", choices=[*CASES, *OTHERS])
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    print(
        f"{'case':<12} {'string':<28} {'ridge':>6} {'best':>6} {'none':>6} {'default':>7} "
        f"{'worst':>6} "
        "below (warned), false alarms of n   edf  time"
    )
    for name in options.cases or [*CASES, *OTHERS]:
        if name in ("strengths", "simulations"):
            OTHERS[name]()
            continue
        if not name.startswith("speech") and not DATA.exists():
            print(f"{name}: the data are not here")
            continue
        if name in OTHERS:
            OTHERS[name]()
            continue
        cases, strings = CASES[name]
        for string in strings:
            f = row(string, cases())
            print(
                f"{name:<12} {string:<28} {f['ridge']:6.3f} {f['hindsight']:6.3f} {f['none']:6.3f} "
                f"{f['default']:7.3f} {f['worst']:+6.3f} {f['below']:5d} ({f['warned']}), "
                f"{f['alarms']} of {f['n']:<3d} {f['edf']:16.1f} {f['times']:5.1f}",
                flush=True,
            )


def test_a_default_fit_predicts_no_worse_than_ridge():
    found = row("wc.18x2-fir.2x15-dexp.1", speech(15, channels=(1, 3)))
    assert found["default"] > found["ridge"] - 0.01 and found["default"] > found["none"] + 0.05
    assert found["edf"] < 40


if __name__ == "__main__":
    main()
