"""Every prior against scipy.stats, central differences, its own samples, and JSON."""

import copy
import json
import math
import pickle

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from nems_dsl.distributions import (
    Beta,
    Distribution,
    Exponential,
    Gamma,
    HalfNormal,
    Normal,
    Uniform,
)

# Prior, the same in scipy, and values inside the support.
CASES = [
    (Normal(), scipy.stats.norm(), [-2.0, 0.0, 0.7]),
    (Normal(mean=3, sd=0.1), scipy.stats.norm(3, 0.1), [2.8, 3.0, 3.3]),
    (HalfNormal(), scipy.stats.halfnorm(), [0.1, 1.0, 4.0]),
    (HalfNormal(sd=0.4), scipy.stats.halfnorm(scale=0.4), [0.1, 0.3, 2.0]),
    (Uniform(), scipy.stats.uniform(), [0.1, 0.5, 0.9]),
    (Uniform(lower=-3, upper=5), scipy.stats.uniform(-3, 8), [-2.9, 0.0, 4.9]),
    (Gamma(), scipy.stats.gamma(1), [0.1, 1.0, 5.0]),
    (Gamma(alpha=3.5, beta=2), scipy.stats.gamma(3.5, scale=0.5), [0.1, 1.0, 5.0]),
    (Gamma(alpha=0.5, beta=2), scipy.stats.gamma(0.5, scale=0.5), [0.1, 1.0, 5.0]),
    (Beta(), scipy.stats.beta(1, 1), [0.1, 0.5, 0.9]),
    (Beta(alpha=2.5, beta=0.7), scipy.stats.beta(2.5, 0.7), [0.1, 0.5, 0.9]),
    (Exponential(), scipy.stats.expon(), [0.1, 1.0, 5.0]),
    (Exponential(rate=4), scipy.stats.expon(scale=0.25), [0.1, 1.0, 5.0]),
]
each_case = pytest.mark.parametrize(
    ("prior", "reference", "inside"), CASES, ids=[repr(case[0]) for case in CASES]
)
ARRAYS = [
    Normal(mean=np.arange(6.0).reshape(2, 3), sd=0.1),
    HalfNormal(sd=[0.1, 0.2]),
    Uniform(lower=[[0.0], [1.0]], upper=[2.0, 3.0, 4.0]),
    Gamma(alpha=[1.0, 2.0], beta=3),
    Beta(alpha=[1.0, 2.0], beta=3),
    Exponential(rate=[0.1, 7.0]),
]
each_prior = pytest.mark.parametrize("prior", [case[0] for case in CASES] + ARRAYS, ids=repr)


@each_case
def test_density_is_that_of_scipy(prior, reference, inside):
    np.testing.assert_allclose(prior.log_density(inside), reference.logpdf(inside), rtol=1e-12)


@each_case
def test_gradient_is_that_of_central_differences(prior, reference, inside):
    x, step = np.array(inside), 1e-6
    numeric = (prior.log_density(x + step) - prior.log_density(x - step)) / (2 * step)
    np.testing.assert_allclose(prior.log_density_gradient(x), numeric, rtol=1e-6, atol=1e-7)


@each_case
def test_curvature_is_the_slope_of_the_gradient(prior, reference, inside):
    x, step = np.array(inside), 1e-6
    numeric = prior.log_density_gradient(x + step) - prior.log_density_gradient(x - step)
    curvature = prior.log_density_curvature(x)
    np.testing.assert_allclose(curvature, numeric / (2 * step), rtol=1e-6, atol=1e-7)


@each_prior
def test_nothing_is_denser_than_the_mode(prior):
    low, high = prior.support
    mode = prior.mode()
    assert mode.shape == prior.shape and mode.dtype == np.float64
    assert np.all(mode >= low) and np.all(mode <= high)
    elsewhere = prior.sample((500, *prior.shape), rng=0)
    assert np.all(prior.log_density(mode) >= prior.log_density(elsewhere) - 1e-12)


@pytest.mark.parametrize(
    ("prior", "mode"),
    [
        (Normal(2, 3), 2.0),
        (HalfNormal(3), 0.0),
        (Uniform(1, 4), 2.5),
        (Gamma(3, 2), 1.0),
        (Gamma(0.5, 2), 0.0),
        (Exponential(2), 0.0),
        (Beta(3, 2), 2 / 3),
        (Beta(1, 1), 0.5),
        (Beta(1, 2), 0.0),
        (Beta(2, 1), 1.0),
        (Beta(1, 0.5), 1.0),
        (Beta(0.5, 1), 0.0),
        (Beta(0.5, 2), 0.0),
        (Beta(0.5, 0.5), 0.0),
    ],
    ids=repr,
)
def test_mode(prior, mode):
    assert prior.mode() == pytest.approx(mode, rel=1e-15)


@each_case
def test_mean_and_support_are_those_of_scipy(prior, reference, inside):
    assert prior.mean() == pytest.approx(reference.mean(), rel=1e-14)
    assert prior.support == reference.support()


@each_case
def test_samples_follow_the_distribution(prior, reference, inside):
    sample = prior.sample(4000, rng=1)
    assert sample.shape == (4000,)
    assert scipy.stats.kstest(sample, reference.cdf).pvalue > 1e-3


@each_prior
def test_outside_the_support_nothing_is_possible_and_no_direction_better(prior):
    low, high = prior.support
    for x in (np.min(low) - 1.0, np.max(high) + 1.0):
        if np.isfinite(x):
            assert np.all(prior.log_density(x) == -np.inf)
            assert np.all(prior.log_density_gradient(x) == 0)
            assert np.all(prior.log_density_curvature(x) == 0)


@each_prior
def test_nan_gives_nan(prior):
    assert np.all(np.isnan(prior.log_density(np.nan)))
    assert np.all(np.isnan(prior.log_density_gradient(np.nan)))
    assert np.all(np.isnan(prior.log_density_curvature(np.nan)))


@pytest.mark.parametrize(
    ("prior", "x", "density", "gradient"),
    [
        (HalfNormal(), 0.0, 0.5 * math.log(2 / math.pi), 0.0),
        (Exponential(rate=2), 0.0, math.log(2), -2.0),
        (Gamma(alpha=1, beta=2), 0.0, math.log(2), -2.0),
        (Gamma(alpha=2, beta=2), 0.0, -math.inf, math.inf),
        (Gamma(alpha=0.5, beta=2), 0.0, math.inf, -math.inf),
        (Gamma(alpha=2, beta=2), -0.0, -math.inf, math.inf),
        (Beta(alpha=1, beta=2), 0.0, math.log(2), -1.0),
        (Beta(alpha=2, beta=1), 1.0, math.log(2), 1.0),
        (Beta(alpha=2, beta=2), 1.0, -math.inf, -math.inf),
        (Uniform(), 0.0, 0.0, 0.0),
    ],
    ids=repr,
)
def test_edge_of_the_support(prior, x, density, gradient):
    assert prior.log_density(x) == pytest.approx(density)
    assert prior.log_density_gradient(x) == pytest.approx(gradient)


@each_prior
def test_shapes(prior):
    assert prior.mean().shape == prior.shape
    assert prior.sample(rng=0).shape == prior.shape
    assert prior.sample((5, 4, *prior.shape), rng=0).shape == (5, 4, *prior.shape)
    x = np.full((3, 1, 1), 0.5)
    expected = np.broadcast_shapes(x.shape, prior.shape)
    assert prior.log_density(x).shape == prior.log_density_gradient(x).shape == expected
    assert prior.log_density_curvature(x).shape == expected
    assert prior.mean().dtype == prior.sample(rng=0).dtype == np.float64


def test_scalar_prior_gives_numpy_scalars():
    assert isinstance(Normal().mean(), np.float64)
    assert isinstance(Normal().sample(rng=0), np.float64)
    assert isinstance(Normal().log_density(0.0), np.float64)
    assert str(HalfNormal(sd=1).mean()) == "0.7978845608028654"


def test_scalar_prior_fills_any_shape():
    assert Normal().sample((2, 1), rng=0).shape == (2, 1)
    assert HalfNormal().sample(3, rng=0).shape == (3,)


@each_prior
def test_samples_are_reproducible_and_inside(prior):
    size = (50, *prior.shape)
    one = prior.sample(size, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(one, prior.sample(size, rng=3))
    low, high = prior.support
    assert np.all(one >= low) and np.all(one <= high)
    assert np.all(np.isfinite(prior.log_density(one)))


def test_sample_refuses_a_size_that_does_not_fit():
    message = r"has shape \(2,\) and cannot be sampled in shape \(2, 3\): the last axes"
    with pytest.raises(ValueError, match=message):
        HalfNormal(sd=[1, 2]).sample((2, 3))
    with pytest.raises(ValueError, match="cannot be sampled in shape"):
        HalfNormal(sd=[1, 2]).sample(1)


@pytest.mark.parametrize(
    ("prior", "text"),
    [
        (Normal(), "Normal(μ=0.0, σ=1.0)"),
        (Normal(mean=0, sd=1), "Normal(μ=0, σ=1)"),
        (HalfNormal(sd=1), "HalfNormal(σ=1)"),
        (HalfNormal(), "HalfNormal(σ=1.0)"),
        (Normal(mean=np.float64(0.5), sd=np.array(2)), "Normal(μ=0.5, σ=2)"),
        (Normal(mean=np.zeros((18, 4)), sd=0.1), "Normal(μ=array(18, 4), σ=0.1)"),
        (Uniform(lower=[1, 2], upper=5), "Uniform(lower=array(2,), upper=5)"),
        (Gamma(alpha=2), "Gamma(α=2, β=1.0)"),
        (Beta(), "Beta(α=1.0, β=1.0)"),
        (Exponential(rate=0.5), "Exponential(λ=0.5)"),
    ],
)
def test_repr(prior, text):
    assert repr(prior) == str(prior) == text


@each_prior
def test_json_round_trip_is_exact(prior):
    back = Distribution.from_dict(json.loads(json.dumps(prior.to_dict(), allow_nan=False)))
    assert back == prior and hash(back) == hash(prior) and repr(back) == repr(prior)
    assert type(prior).from_dict(prior.to_dict()) == prior


@given(
    mean=st.floats(-1e300, 1e300) | st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=4),
    sd=st.floats(min_value=0, exclude_min=True, allow_infinity=False),
)
@settings(deadline=None)
def test_any_normal_survives_json(mean, sd):
    prior = Normal(mean, sd)
    assert Distribution.from_dict(json.loads(json.dumps(prior.to_dict()))) == prior


@given(
    lower=st.floats(-1e300, 1e300),
    width=st.floats(1e-3, 1e300),
    x=st.floats(allow_nan=False, allow_infinity=False),
)
@settings(deadline=None)
def test_uniform_density_is_finite_exactly_inside(lower, width, x):
    if lower + width > lower:
        prior = Uniform(lower, lower + width)
        assert np.isfinite(prior.log_density(x)) == (lower <= x <= lower + width)


@each_prior
@pytest.mark.parametrize(
    "copier", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))]
)
def test_copies_are_equal_and_read_only(prior, copier):
    twin = copier(prior)
    assert twin == prior
    for value in twin.parameters.values():
        assert not isinstance(value, np.ndarray) or not value.flags.writeable


def test_values_are_immutable():
    mean = np.zeros(3)
    prior = Normal(mean=mean)
    mean[0] = 7
    assert prior.mean()[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        prior.parameters["mean"][0] = 7
    with pytest.raises(TypeError):
        prior.parameters["mean"] = 7
    with pytest.raises(AttributeError, match="Normal is immutable: make a new one"):
        prior.sd = 3
    with pytest.raises(AttributeError, match="immutable"):
        del prior._parameters
    prior.mean()[0] = 7
    assert prior.mean()[0] == 0


def test_equality_and_hash():
    assert HalfNormal(sd=1) == HalfNormal(sd=1.0)
    assert hash(HalfNormal(sd=1)) == hash(HalfNormal(sd=1.0))
    assert Normal(mean=0.0) == Normal(mean=-0.0) and hash(Normal(0.0)) == hash(Normal(-0.0))
    assert Normal(mean=[0, 1]) == Normal(mean=np.array([0.0, 1.0]))
    assert Normal(mean=[0, 1]) != Normal(mean=[[0, 1]])
    assert Normal(mean=0) != Normal(mean=[0])
    assert Gamma(1, 2) != Beta(1, 2)
    assert Normal() != "Normal(μ=0.0, σ=1.0)"
    assert len({Normal(), Normal(0, 1), Normal(1, 1)}) == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Normal(sd=0), "Normal: sd must be above 0, got 0"),
        (lambda: Normal(sd=[1, -2]), "Normal: sd must be above 0, got -2.0 at index 1"),
        (lambda: HalfNormal(sd=-1.5), "HalfNormal: sd must be above 0, got -1.5"),
        (
            lambda: HalfNormal(sd=[[1, 1], [0, 1]]),
            "HalfNormal: sd must be above 0, got 0.0 at index (1, 0)",
        ),
        (lambda: Uniform(1, 1), "Uniform: upper must be above lower (1), got 1"),
        (
            lambda: Uniform([0, 5], 3),
            "Uniform: upper must be above lower (an array of shape (2,)), got 3 at index 1",
        ),
        (lambda: Gamma(alpha=0), "Gamma: alpha must be above 0, got 0"),
        (lambda: Gamma(beta=-1), "Gamma: beta must be above 0, got -1"),
        (lambda: Beta(alpha=-1), "Beta: alpha must be above 0, got -1"),
        (lambda: Beta(beta=0.0), "Beta: beta must be above 0, got 0.0"),
        (lambda: Exponential(rate=0), "Exponential: rate must be above 0, got 0"),
        (lambda: Normal(mean=math.nan), "Normal: mean must be finite, got nan"),
        (lambda: Normal(mean=[0, math.inf]), "Normal: mean must be finite, got inf at index 1"),
        (
            lambda: Normal(mean="0"),
            "Normal: mean must be a real number or an array of them, got '0'",
        ),
        (
            lambda: Normal(mean=True),
            "Normal: mean must be a real number or an array of them, got True",
        ),
        (
            lambda: Normal(mean=None),
            "Normal: mean must be a real number or an array of them, got None",
        ),
        (
            lambda: Normal(mean=[[1], [1, 2]]),
            "Normal: mean must be a number or an array, got a ragged list",
        ),
        (lambda: Normal(mean=[]), "Normal: mean is an empty array of shape (0,)"),
        (
            lambda: Normal(mean=[1, 2], sd=[1, 2, 3]),
            "Normal: the shapes of the parameters do not broadcast: mean (2,), sd (3,)",
        ),
    ],
)
def test_invalid_parameters(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"distribution": "Normale", "sd": 1},
            "no distribution 'Normale'; there are 'Beta', 'Exponential', 'Gamma', "
            "'HalfNormal', 'Normal', 'Uniform'; did you mean 'Normal'?",
        ),
        ({"distribution": ["x"]}, "no distribution ['x']; there are 'Beta', "),
        ({"sd": 1}, "a distribution is a mapping with an entry 'distribution', got {'sd': 1}"),
        ([1], "a distribution is a mapping with an entry 'distribution', got [1]"),
        (
            {"distribution": "Normal", "sd": 1},
            "Normal has the parameters ['mean', 'sd'], got ['sd']",
        ),
        (
            {"distribution": "HalfNormal", "sd": 1, "mu": 2},
            "HalfNormal has the parameters ['sd'], got ['sd', 'mu']",
        ),
        ({"distribution": "HalfNormal", "sd": -1}, "HalfNormal: sd must be above 0, got -1"),
    ],
)
def test_from_dict_refuses_what_it_cannot_read(data, message):
    with pytest.raises(ValueError) as caught:
        Distribution.from_dict(data)
    assert str(caught.value).startswith(message)


def test_from_dict_of_a_class_refuses_another_class():
    with pytest.raises(ValueError, match="expected a Normal, got a HalfNormal"):
        Normal.from_dict(HalfNormal().to_dict())
