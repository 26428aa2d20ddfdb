"""Limits of jobs."""

import os
import resource
import signal
import sys
import time

import numpy as np
import pytest

from nems_dsl.sweeps.running import limits as module
from nems_dsl.sweeps.running.limits import JobLimitError, Limits, read_size, shielded, write_size

linux = pytest.mark.skipif(sys.platform != "linux", reason="a limit that Linux has")


def test_a_clock_ends_a_fit(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    check = Limits(max_seconds=2).clock()
    now[0] = 101.9
    check(1, 0.5)
    now[0] = 102.1
    with pytest.raises(JobLimitError, match="the job took more than max_seconds=2"):
        check(2, 0.4)
    Limits().clock()(1, 0.5)


def test_a_fit_ends_itself_before_it_is_killed():
    assert Limits().kill_after is None
    assert [Limits(s).kill_after for s in (0.1, 4, 1000)] == [0.6, 5, 1010]


@linux
def test_memory_is_refused_and_given_back():
    before = resource.getrlimit(resource.RLIMIT_AS)
    with pytest.raises(MemoryError), Limits(max_memory=50 << 20).memory():
        assert np.ones(1_000_000).sum() == 1_000_000
        np.ones(20_000_000)
    assert resource.getrlimit(resource.RLIMIT_AS) == before
    assert np.ones(20_000_000).sum() == 20_000_000
    with Limits().memory():
        assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_seconds": 0}, "max_seconds must be above 0, not 0"),
        ({"max_seconds": float("nan")}, "max_seconds must be above 0, not nan"),
        ({"max_memory": -1}, "max_memory must be above 0 bytes, not -1"),
    ],
)
def test_limits_that_are_none(arguments, message):
    with pytest.raises(ValueError, match=message):
        Limits(**arguments)


def test_systems_without_a_limit_of_memory_say_so(monkeypatch):
    monkeypatch.setattr(module.sys, "platform", "darwin")
    with pytest.raises(ValueError, match=r"this system \(darwin\) does not limit the memory"):
        Limits(max_memory=1000)


def test_sizes():
    sizes = {
        None: None,
        1e6: 1_000_000,
        "1000": 1000,
        "2k": 2048,
        "1.5 GB": 3 << 29,
        "1TiB": 1 << 40,
    }
    for text, size in sizes.items():
        assert read_size(text) == size
    assert [write_size(n) for n in (3 << 29, 1 << 40, 512)] == ["1.5G", "1T", "512"]
    for text in ("", "G", "-1G", "2 GB more", True):
        with pytest.raises(ValueError, match="written as 500M or 2G"):
            read_size(text)


def test_what_is_shielded_is_finished():
    before = signal.getsignal(signal.SIGINT)
    with shielded():
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before
