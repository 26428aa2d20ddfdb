"""Jobs: which there are, in which order, and how they are dealt out."""

import itertools
import json

import numpy as np
import pytest

from nems_dsl.spaces.space import expand
from nems_dsl.sweeps.running.datasets import share_datasets
from nems_dsl.sweeps.running.jobs import Feed, Recipe, plan_jobs
from nems_dsl.sweeps.running.limits import Limits
from nems_dsl.sweeps.running.variants import Variants

RNG = np.random.default_rng(0)
X = RNG.random((80, 3))


@pytest.fixture
def datasets(tmp_path):
    given = {"one": (X, RNG.random((80, 2))), "two": (RNG.random((90, 4)), RNG.random((90, 3)))}
    return share_datasets(given, tmp_path)


def plan(strings, datasets, recipe=None, **arguments):
    recipe = recipe or Recipe()
    variants = Variants(strings, arguments.get("where"), "native", datasets, recipe)
    jobs = [(dataset.name, job) for dataset, job in plan_jobs(variants, datasets, recipe)]
    assert variants.n_jobs == len(jobs)
    return jobs


def test_jobs_on_the_same_data_come_together(datasets):
    jobs = plan("wc.Nx{r=1..2}-lvl.{r}-wc.{r}x1", datasets)
    assert [(name, job.canonical, job.channel, job.variables["r"]) for name, job in jobs] == [
        (name, f"wc.{n}x{r}-lvl.{r}-wc.{r}x1", channel, r)
        for name, n, k in (("one", 3, 2), ("two", 4, 3))
        for r in (1, 2)
        for channel in range(k)
    ]
    assert {job.fold for _, job in jobs} == {-1}
    assert len({job.identity for _, job in jobs}) == len(jobs)


def test_one_model_of_all_channels(datasets):
    jobs = plan(["wc.NxR-lvl.R", "wc.3x2-lvl.2"], datasets)
    assert [(name, job.canonical, job.channel) for name, job in jobs] == [
        ("one", "wc.3x2-lvl.2", None),
        ("one", "wc.3x2-lvl.2", None),
        ("two", "wc.4x3-lvl.3", None),
        ("two", "wc.3x2-lvl.2", None),
    ]
    # the same model, however it is written
    assert jobs[0][1].identity == jobs[1][1].identity
    some = Recipe(channels=(1,))
    assert [job.channel for _, job in plan("wc.NxR-lvl.R", datasets, some)] == [1, 1]
    two = plan("wc.NxR-lvl.R", datasets, Recipe(channels=(1, 0)))[0][1]
    assert two.canonical == jobs[0][1].canonical and two.identity != jobs[0][1].identity
    assert json.loads(two.recipe)["channels"] == [1, 0]


def test_channels_and_folds(datasets):
    recipe = Recipe(channels=(1,), n_folds=3)
    jobs = plan(["wc.Nx1", "wc.Nx1-lvl.1"], datasets[:1], recipe)
    assert [(job.fold, job.canonical, job.channel) for _, job in jobs] == [
        (fold, string, 1) for fold in range(3) for string in ("wc.3x1", "wc.3x1-lvl.1")
    ]
    with pytest.raises(ValueError, match="there is no channel 2"):
        plan("wc.Nx1", datasets, Recipe(channels=(2,)))


def test_what_an_identity_depends_on(datasets):
    recipes = [
        Recipe(), Recipe(test=0.3), Recipe(n_folds=2), Recipe(n_folds=2, gap=3), Recipe(seed=1),
        Recipe({"loss": "mse"}), Recipe({"loss": "mse", "tolerance": 1e-3}),
    ]  # fmt: skip
    jobs = [plan("wc.Nx1", datasets, recipe)[0][1] for recipe in recipes]
    assert len({job.identity for job in jobs}) == len(jobs)
    # but not on the channels that a model of one of them shares a sweep with
    alone = plan("wc.Nx1", datasets, Recipe(channels=(0,)))[0][1]
    assert alone.identity == jobs[0].identity
    other = plan("wc.Nx1.l2e-3", datasets)[0][1]
    assert other.identity != jobs[0].identity


def test_a_string_that_does_not_fit_is_still_a_job(datasets):
    jobs = plan(["wc.3x1", "wc.4x1"], datasets)
    found = [(name, job.canonical, job.channel) for name, job in jobs]
    assert ("one", "wc.4x1", 1) in found and ("two", "wc.3x1", 2) in found
    assert len(found) == 10


def test_patterns_spaces_and_strings(datasets):
    one = datasets[:1]
    strings = [job.string for _, job in plan("wc.3x{r=1,2,1}-wc.{r}x1", one, Recipe(channels=(0,)))]
    assert strings == ["wc.3x1-wc.1x1", "wc.3x2-wc.2x1"]
    space = expand("wc.3x{r=1..3}-wc.{r}x1", where="r > 1")
    assert len(plan(space, one)) == 4
    with pytest.raises(TypeError, match="give where to expand"):
        plan(space, one, where="r > 2")
    # of several strings each may be a pattern, and what they share is done once
    given = (each for each in ["wc.3x{r=1..2}-wc.{r}x1", "wc.3x2-wc.2x1", "wc.3x1"])
    assert [job.string for _, job in plan(given, one)][::2] == [
        "wc.3x1-wc.1x1", "wc.3x2-wc.2x1", "wc.3x1"
    ]  # fmt: skip
    where = plan("wc.Nx{r=1..3}-wc.{r}x1", one, where=lambda v: v["n_parameters"] < 12)
    assert {job.variables["r"] for _, job in where} == {1, 2}


def test_all_strings_that_are_none_are_shown(datasets):
    with pytest.raises(ValueError, match=r"(?s)2 of 3 strings are not models.*`cw`.*`lvvl`"):
        plan(["cw.3x1", "wc.3x1", "wc.3x1-lvvl.1"], datasets)
    with pytest.raises(ValueError, match="`cw`"):
        plan("cw.3x1", datasets)
    with pytest.raises(ValueError, match="no model strings"):
        plan([], datasets)
    with pytest.raises(TypeError, match="by their strings, not by 3"):
        plan([3], datasets)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fit": {"los": "mse"}}, "sweep has no option 'los'; did you mean loss="),
        ({"fit": {"mask": 1}}, "cannot pass 'mask' on to the fits: set what does not count to NaN"),
        ({"fit": {"init": X}}, "'init' of the fits must be a number, text, .* not ndarray"),
        ({"test": 1}, "from 0 up to 1, not 1"),
        ({"by": "day"}, "by must be one of 'auto', 'trials', 'time', not 'day'"),
        ({"gap": -1}, "gap must be 0 bins or more, not -1"),
        ({"n_folds": 1}, "n_folds must be at least 2, not 1"),
    ],
)
def test_recipes_that_are_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        Recipe(**arguments)


def test_tasks_grow_with_the_speed_of_jobs(datasets):
    recipe = Recipe()
    variants = Variants(
        [f"wc.Nx{r}-wc.{r}x1" for r in range(1, 60)], None, "native", datasets, recipe
    )
    jobs = plan_jobs(variants, datasets, recipe)
    feed = Feed(jobs, recipe, Limits(), "me")
    first = feed.take()
    assert len(first.jobs) == 1 and first.parent == "me"
    feed.note(0.25)
    assert len(feed.take().jobs) == 4
    for _ in range(100):
        feed.note(1e-6)
    sizes, names = [], []
    for task in iter(feed.take, None):
        sizes.append(len(task.jobs))
        names.append(task.dataset.name)
    # never of two data sets, and never too many
    assert sum(sizes) == 59 * 5 - 5 and max(sizes) == 64
    assert sizes[:2] == [64, 59 * 2 - 5 - 64] and names[:3] == ["one", "one", "two"]
    feed.put_back(first, [first.jobs[0]] * 2)
    assert [len(task.jobs) for task in iter(feed.take, None)] == [1, 1]


def test_jobs_are_made_when_they_are_needed(datasets):
    made = []

    def endless():
        for number in itertools.count():
            made.append(number)
            yield from itertools.islice(plan_jobs(variants, datasets, Recipe()), 1)

    variants = Variants("wc.Nx1", None, "native", datasets, Recipe())
    feed = Feed(endless(), Recipe(), Limits())
    feed.take()
    assert len(made) == 1
