"""nems-dsl sweep by other executors: the same rows, to the last bit."""

from __future__ import annotations

import pytest

from nems_dsl.sweeps import open_executor, sweep
from nems_dsl.sweeps.running.places import clusters
from nems_dsl.sweeps.store.merging import RowReader
from tests.sweeps.small import told

PATTERN = "wc.6x{r=1..2}-fir.{r}x4-lvl.1"


def rows_of(store):
    with RowReader(store) as rows:
        return told([row for chunk in rows for row in chunk])


def rows_here(folder, trials):
    store = folder / "here.db"
    sweep(PATTERN, {"trials": trials}, store, "serial", show_progress=False)
    return rows_of(store)


def swept(process, folder, trials, name, *options):
    store = folder / f"{name}.db"
    done = process("sweep", PATTERN, "--data", trials, "--store", store, *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done, rows_of(store)


@pytest.mark.slow
@pytest.mark.parametrize(("executor", "package"), [("dask", "distributed"), ("loky", "loky")])
def test_an_executor_by_name_gives_the_same_rows(process, tmp_path, trials, executor, package):
    pytest.importorskip(package)
    expected = rows_here(tmp_path, trials)
    done, found = swept(process, tmp_path, trials, executor, "--executor", executor, "-j", "2")
    assert "4 jobs done, 0 failed" in done.stderr
    assert found == expected and len(found) == 4


@pytest.mark.slow
def test_a_scheduler_that_runs_is_used_by_its_address(process, tmp_path, trials):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        address = cluster.scheduler_address
        options = ("--executor", "dask", "--address", address, "-j", "1")
        _, found = swept(process, tmp_path, trials, "dask", *options)
    assert len(found) == 4


@pytest.mark.slow
def test_an_array_does_all_shards(process, tmp_path, trials):
    pytest.importorskip("submitit")
    expected = rows_here(tmp_path, trials)
    options = ("--executor", "slurm", "-j", "2", "--slurm", "timeout_min=5")
    done, found = swept(process, tmp_path, trials, "array", *options)
    assert "4 jobs done, 0 failed" in done.stderr
    assert found == expected
    assert not list(tmp_path.glob("array.shard-*"))
    again, _ = swept(process, tmp_path, trials, "array", *options)
    assert "0 jobs done, 0 failed" in again.stderr and again.stdout == done.stdout


def test_jobs_run_by_loky(tmp_path):
    pytest.importorskip("loky")
    with open_executor("loky", 1) as executor:
        assert executor.submit(divmod, 7, 2).result(timeout=60) == (3, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--executor", "slurm"], "--executor slurm takes the number of tasks"),
        (["--executor", "slurm", "-j", "2", "--shard", "1/2"], "leave out --shard"),
        (["--executor", "slurm", "-j", "2", "--slurm", "mem"], "--slurm takes NAME=VALUE"),
        (["--slurm", "mem_gb=4"], "--slurm goes with --executor slurm"),
        (["--address", "tcp://login:8786"], "--address goes with --executor dask"),
        (["--executor", "loky", "--max-memory", "2G"], "max_memory limits processes of the sweep"),
    ],
)
def test_options_that_do_not_go_together(nems, trials, options, message):
    found = nems("sweep", PATTERN, "--data", trials, *options)
    assert found.code == 1 and message in found.err


def test_a_package_that_is_not_there_is_named(nems, trials, monkeypatch):
    def missing(package):
        raise ImportError(package)

    monkeypatch.setattr(clusters.importlib, "import_module", missing)
    for name in ("dask", "loky"):
        found = nems("sweep", PATTERN, "--data", trials, "--executor", name)
        assert found.code == 1 and "pip install 'nems_dsl[cluster]'" in found.err
    with pytest.raises(ValueError, match="by the name 'dask' or 'loky', not 'ray'"):
        with open_executor("ray"):
            pass
