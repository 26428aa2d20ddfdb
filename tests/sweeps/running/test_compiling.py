"""What is compiled before the workers start, and what is not."""

import pytest

from nems_dsl.sweeps.running import compiling
from nems_dsl.sweeps.running.compiling import compile_first
from nems_dsl.sweeps.running.jobs import Job


@pytest.fixture
def compiled(monkeypatch):
    found = []
    monkeypatch.setattr(compiling, "compile_model", lambda model: found.append(model.string))

    def call(*strings):
        jobs = [(None, Job("1", s, s, "{}", {}, 0, -1)) for s in strings]
        assert list(compile_first(iter(jobs))) == jobs
        return found

    return call


def test_each_kind_of_model_is_compiled_once(compiled):
    first, second = "wc.18x1-fir.1x15-lvl.1", "wc.18x2.g-fir.2x25-lvl.1"
    third = "wc.18x2.g-fir.2x25-dexp.1"
    assert compiled(first, "wc.18x2-fir.2x25-lvl.1", second, "lvl.18", third) == [
        first, second, third
    ]  # fmt: skip


def test_what_may_harm_this_process_is_left_to_workers(compiled):
    assert compiled("wc.18x100000-lvl.100000", "wc.Nx1", "cw.18x1") == []


def test_it_is_compiled_when_its_first_job_is_due(compiled):
    found = compiled()
    jobs = iter([(None, Job("1", s, s, "{}", {}, 0, -1)) for s in ("wc.2x1", "lvl.2")])
    due = compile_first(jobs)
    next(due)
    assert found == ["wc.2x1"]
    assert len(list(due)) == 1 and found == ["wc.2x1", "lvl.2"]
