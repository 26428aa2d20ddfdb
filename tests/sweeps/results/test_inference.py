"""The test over datasets: what it is, and that it holds its level."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from nems_dsl.sweeps.results.inference import estimate_effect, holm, signed_rank
from tests.benchmarks.bench_compare import false_positives


def exact_p(differences):
    """Wilcoxon's test by counting every assignment of signs (no zeros, no ties)."""
    ranks = np.argsort(np.argsort(np.abs(differences))) + 1
    found = ranks[np.asarray(differences) > 0].sum()
    signs = (np.arange(2 ** len(ranks))[:, None] >> np.arange(len(ranks))) & 1
    sums = signs @ ranks
    return min(1.0, 2 * min((sums <= found).mean(), (sums >= found).mean()))


@pytest.mark.parametrize("seed", range(6))
def test_p_is_that_of_all_assignments_of_signs(seed):
    differences = np.random.default_rng(seed).normal(0.3, 1, 4 + seed)
    assert signed_rank(differences) == pytest.approx(exact_p(differences), rel=1e-12)


def test_zeros_are_left_out_and_nothing_is_no_evidence():
    differences = np.array([0.0, 0.3, 0.1, 0.0, -0.2, 0.5])
    assert signed_rank(differences) == signed_rank(differences[differences != 0])
    assert signed_rank(np.zeros(3)) == 1.0
    assert np.isnan(signed_rank(np.empty(0)))
    assert signed_rank(np.array([0.5])) == 1.0


def test_published_example_of_holm():
    # Wright (1992), Biometrics 48, 1005-1013, table 2 works an example with these p-values
    p = np.array([0.01, 0.02, 0.022, 0.09])
    assert holm(p).tolist() == pytest.approx([0.04, 0.06, 0.06, 0.09])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_step_by_step(values):
    p = np.array(values)
    corrected = holm(p)
    for level in (0.01, 0.05, 0.2):
        # the procedure as Holm wrote it: go on from the smallest until one is not rejected
        rejected, left = set(), len(p)
        for place in np.argsort(p, kind="stable"):
            if left * p[place] > level:
                break
            rejected.add(place)
            left -= 1
        assert set(np.flatnonzero(corrected <= level)) == rejected


def test_nothing_to_test_stays_nothing():
    corrected = holm(np.array([0.04, np.nan, 0.01]))
    assert corrected[[0, 2]].tolist() == [0.04, 0.02]
    assert np.isnan(corrected[1])
    assert holm(np.empty(0)).size == 0


# ---- over clusters -----------------------------------------------------------------------------


def test_equal_clusters_of_one_are_a_plain_t_test():
    values = np.random.default_rng(3).normal(0.2, 1, 9)
    found = estimate_effect(values[:, None], np.arange(9))
    expected = ttest_1samp(values, 0)
    assert (found.t, found.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-12)
    assert found.interval == pytest.approx(expected.confidence_interval(0.95), rel=1e-12)
    assert found.p_signed_rank == signed_rank(values)


def test_copies_of_a_neuron_are_no_evidence():
    values, cluster = np.array([0.1, 0.3, 0.2]), np.arange(3)
    once = estimate_effect(values[:, None], cluster)
    often = estimate_effect(np.repeat(values, [1, 5, 20])[:, None], np.repeat(cluster, [1, 5, 20]))
    assert (often.mean, often.se, often.p) == pytest.approx((once.mean, once.se, once.p))


def test_folds_of_one_cluster_that_a_neuron_lacks():
    values = np.array([[0.1, 0.3, 0.2], [0.2, np.nan, 0.4], [0.0, 0.1, 0.5]])
    found = estimate_effect(values, np.zeros(3, int))
    assert found.unit == "folds"
    np.testing.assert_allclose(found.means, values[[0, 2]].mean(axis=0))
    assert found.mean == pytest.approx((0.2 + 0.3 + 0.2) / 3)
    none = estimate_effect(values[[1]], np.zeros(1, int))
    assert (none.unit, none.df) == ("none", 0)
    assert np.isnan([none.se, none.p]).all()


def test_differences_without_spread():
    nothing = estimate_effect(np.zeros((3, 1)), np.arange(3))
    assert (nothing.p, nothing.interval) == (1.0, (0.0, 0.0))
    same = estimate_effect(np.full((3, 1), 0.5), np.arange(3))
    assert (same.t, same.p) == (np.inf, 0.0)
    empty = estimate_effect(np.empty((0, 1)), np.empty(0, int))
    assert (empty.n_clusters, empty.unit) == (0, "none")
    assert np.isnan([empty.mean, empty.p, empty.smallest_p_signed_rank]).all()


def test_what_signed_ranks_can_give_at_least():
    for n in range(2, 9):
        found = estimate_effect(np.arange(1.0, n + 1)[:, None], np.arange(n))
        assert found.p_signed_rank == pytest.approx(found.smallest_p_signed_rank, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("n_clusters", [2, 8])
def test_false_positives_are_as_many_as_the_level_says(n_clusters):
    # the standard error of 5 % in so many draws is .56 %
    rates = false_positives([15] * n_clusters, rho=0.3, n_draws=1500, seed=n_clusters, n_slow=100)
    assert 3.5 <= rates["t of datasets"] <= 6.5
    assert rates["neurons, Wilcoxon"] > 25


def test_one_dataset_has_no_false_positives():
    rates = false_positives([15], rho=0.3, n_draws=200, seed=0)
    assert rates["t of datasets"] == 0
