"""Variance of two parts: that it adds up, and that it is what is known of a simulation."""

import numpy as np
import pytest

from nems_dsl import assess, open_results
from nems_dsl.sweeps import Partition, Store
from tests.benchmarks.bench_compare import BRANCHES, known_shares, simulate_states
from tests.sweeps.made_rows import make_row

PATTERN = "wc.6x1[-fir.1x4]-{lvl,dexp}.1"
STRINGS = ["wc.6x1-lvl.1", "wc.6x1-dexp.1", "wc.6x1-fir.1x4-lvl.1", "wc.6x1-fir.1x4-dexp.1"]


@pytest.fixture
def results(tmp_path):
    """Four models on 5 neurons of 3 datasets, with random scores; some are below 0."""
    rng = np.random.default_rng(4)
    with Store.open(tmp_path / "results.db") as store:
        store.add([
            make_row(string, dataset, channel, fold, r_test=rng.uniform(-0.2, 0.9))
            for dataset, n in (("a", 1), ("b", 2), ("c", 2))
            for channel in range(n) for fold in range(3) for string in STRINGS
        ])  # fmt: skip
    return open_results(tmp_path / "results.db")


def test_shares_add_up_on_each_neuron_and_in_the_mean(results):
    found = results.assess(PATTERN)
    assert isinstance(found, Partition)
    assert found.parts == ("fir.1x4", "dexp")
    assert (found.n, found.n_clusters, found.n_folds) == (5, 3, 3)
    sums = found.unique_a.mean + found.unique_b.mean + found.shared.mean
    assert sums == pytest.approx(found.explained.mean, rel=1e-12)
    assert found.full.mean - found.base.mean == pytest.approx(found.explained.mean, rel=1e-12)
    table = found.to_pandas()
    np.testing.assert_allclose(
        table["unique_a"] + table["unique_b"] + table["shared"], table["explained"], rtol=1e-12
    )


def test_shares_are_those_of_the_formula(results):
    found = results.assess(PATTERN)
    table = results.to_pandas(["canonical", "dataset", "channel", "fold", "r_test"])
    table["r2"] = table["r_test"] * table["r_test"].abs()
    by_neuron = table.pivot_table("r2", ["dataset", "channel"], "canonical", "mean")
    none, dexp, fir, both = (by_neuron[string] for string in STRINGS)
    for effect, values in (
        (found.unique_a, both - dexp), (found.unique_b, both - fir),
        (found.shared, fir + dexp - both - none), (found.explained, both - none),
        (found.base, none), (found.full, both),
    ):  # fmt: skip
        means = values.groupby("dataset").mean()
        assert effect.mean == pytest.approx(means.mean())
        assert effect.se == pytest.approx(means.std() / np.sqrt(3))


def test_how_it_prints(results):
    found = results.assess(PATTERN)
    text = str(found).splitlines()
    assert text[:2] == [PATTERN, "variance explained of held-out data, 5 neurons of 3 datasets"]
    assert [line.split("  ")[1] for line in text[3:]] == [
        "without either", "unique to fir.1x4", "unique to dexp", "shared", "both", "with both",
    ]  # fmt: skip
    low, high = found.unique_a.interval
    share = (
        f"{100 * found.unique_a.mean:.1f} % unique to fir.1x4 [{100 * low:.1f}, {100 * high:.1f}]"
    )
    assert share in found.sentence
    assert "beyond wc.6x1-lvl.1" in found.sentence
    assert found.sentence.endswith("5 neurons of 3 datasets, 3-fold cross-validation.")


def test_of_one_dataset_errors_are_over_folds(results):
    found = results.select(dataset="b").assess(PATTERN)
    assert {effect.unit for effect in found.shares.values()} == {"folds"}
    assert "intervals over 3 folds in brackets" in found.sentence
    assert "from one dataset nothing follows for others" in str(found)
    once = results.select(dataset="b", fold=0).assess(PATTERN)
    assert "[" not in once.sentence.replace(PATTERN, "")
    assert "no p and no interval" in str(once)


def test_only_correlations_are_divided(results):
    with pytest.raises(ValueError, match=r"divided by correlations, r_test or r_fit, not by loss"):
        results.assess(PATTERN, "loss")


@pytest.mark.slow
def test_known_shares_of_correlated_states():
    data = {f"site{seed}": simulate_states(3000, seed) for seed in range(2)}
    found = assess(BRANCHES, data, n_folds=3)
    shares = [effect.mean for effect in found.shares.values()]
    np.testing.assert_allclose(shares, known_shares(), atol=0.02)
