"""What a short prediction costs beside the same formulas in NumPy.

Run with ``python -m tests.benchmarks.bench_predict``. Model and NumPy take turns in rounds, and the
smallest time of each is printed, with their ratio. What is above NumPy is the way from the door to
the kernels: reading the data, and holding them against the model.
"""

from __future__ import annotations

import argparse
import timeit

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nems_dsl import Model

STRING = "wc.18x4-fir.4x15-dexp.1"


def in_numpy(model: Model, x: np.ndarray) -> np.ndarray:
    """Evaluate the model of `STRING` on one trial, (T, 18), without the package."""
    values = model.get_parameter_values()
    weighted = x @ values["wc"]["coefficients"]
    taps = values["fir"]["coefficients"]
    n_lags = taps.shape[1]
    past = np.concatenate([np.zeros((n_lags - 1, weighted.shape[1])), weighted])
    filtered = np.einsum("tcl,cl->t", sliding_window_view(past, n_lags, axis=0), taps[:, ::-1])
    base, amplitude, shift, kappa = (
        values["dexp"][name] for name in ("base", "amplitude", "shift", "kappa")
    )
    return base + amplitude * np.exp(-np.exp(-np.exp(kappa) * (filtered[:, None] + shift)))


def main(arguments: list[str] | None = None) -> dict[int, float]:
    """Measure, print, and give the ratios by number of bins."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--bins", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=7)
    given = parser.parse_args(arguments)
    model = Model(STRING).sample_from_priors(seed=0)
    ratios = {}
    for n_bins in given.bins:
        x = np.random.default_rng(0).random((n_bins, 18))
        calls = {"model": lambda x=x: model.predict(x), "numpy": lambda x=x: in_numpy(model, x)}
        np.testing.assert_allclose(calls["model"](), calls["numpy"](), rtol=1e-9)
        seconds = {name: [] for name in calls}
        for _ in range(given.rounds):
            for name, call in calls.items():
                seconds[name].append(timeit.timeit(call, number=given.calls) / given.calls)
        best = {name: min(times) for name, times in seconds.items()}
        ratios[n_bins] = best["model"] / best["numpy"]
        print(
            f"{n_bins:7,} bins: model {best['model'] * 1e3:.3f} ms, numpy "
            f"{best['numpy'] * 1e3:.3f} ms, ratio {ratios[n_bins]:.2f}"
        )
    return ratios


def test_the_benchmark_runs(capsys):
    ratios = main(["--bins", "50", "--calls", "1", "--rounds", "1"])
    assert list(ratios) == [50]
    assert "ratio" in capsys.readouterr().out


if __name__ == "__main__":
    main()
