"""Rows of jobs, and their identities."""

import pytest

from nems_dsl.sweeps.store import rows
from nems_dsl.sweeps.store.rows import JobRow, identity_of

from ..made_rows import make_row

JOB = {"canonical": "lvl.1", "data_digest": "d1", "recipe": "{}", "channel": 0, "fold": -1}


def test_the_identity_is_the_same_everywhere():
    # written down once: a store must be known again on any machine, by any version of Python
    assert identity_of(**JOB) == "f72bd92f6170a80710dc175c471e5e9a"


@pytest.mark.parametrize(
    "other",
    [{"canonical": "lvl.2"}, {"data_digest": "d2"}, {"recipe": "[]"}, {"channel": None},
     {"channel": 1}, {"fold": 0}],
)  # fmt: skip
def test_everything_that_matters_changes_the_identity(other):
    assert identity_of(**JOB | other) != identity_of(**JOB)


def test_parts_do_not_run_together():
    assert identity_of("ab", "c", "", 0, 0) != identity_of("a", "bc", "", 0, 0)


def test_a_new_format_changes_the_identity(monkeypatch):
    before = identity_of(**JOB)
    monkeypatch.setattr(rows, "FORMAT_VERSION", rows.FORMAT_VERSION + 1)
    assert identity_of(**JOB) != before


def test_a_row_is_frozen():
    with pytest.raises(AttributeError):
        make_row().r_test = 1.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"status": "done"}, "the status of a job is 'ok' or 'failed', not 'done'"),
        ({"error": "no"}, "a job with the status 'ok' has no error, but this: 'no'"),
        ({"status": "failed"}, "a job with the status 'failed' has an error, which says why"),
    ],
)
def test_status_and_error_go_together(given, message):
    named = dict.fromkeys(
        ["identity", "string", "canonical", "model_id", "dataset", "data_digest", "recipe"], ""
    )
    with pytest.raises(ValueError) as caught:
        JobRow(**named, **given)
    assert str(caught.value) == message
