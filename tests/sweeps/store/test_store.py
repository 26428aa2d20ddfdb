"""The store: what it keeps, and that nothing takes it away."""

import multiprocessing
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from nems_dsl.sweeps import Store, StoreError, open_results
from nems_dsl.sweeps.store import schema

from ..made_rows import failed_row, fitted_text, made_sweep, make_row

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "results.db"


def ask(path, statement, *values):
    connection = sqlite3.connect(path)
    try:
        found = connection.execute(statement, values).fetchall()
        connection.commit()
        return found
    finally:
        connection.close()


def run_child(code, *arguments, **options):
    """Run Python in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


# ---- what goes in comes out --------------------------------------------------------------------


def test_a_row_comes_back_as_it_was(path):
    text, _ = fitted_text("wc.6x1-fir.1x5-lvl.1")
    row = make_row(
        variables={"rank": 1, "nl": "lvl", "x": 0.5, "on": True, "off": None},
        warnings=("one", "two; three"), seed=2**62, model=text,
    )  # fmt: skip
    with Store.open(path) as store:
        store.add([row])
        assert store.n_rows == 1
    table = open_results(path).to_pandas([*open_results(path).columns, "versions", "traceback"])
    (found,) = table.to_dict("records")
    for name in ("identity", "string", "canonical", "model_id", "dataset", "data_digest", "recipe",
                 "channel", "fold", "n_parameters", "r_fit", "se_fit", "r_test", "se_test", "loss",
                 "loss_name", "iterations", "evaluations", "seconds", "converged", "optimizer",
                 "seed", "status", "finished"):  # fmt: skip
        assert found[name] == getattr(row, name), name
    assert (found["rank"], found["nl"], found["x"], found["on"]) == (1, "lvl", 0.5, True)
    assert np.isnan(found["off"])
    assert found["warnings"] == "one; two; three"
    assert found["versions"] == '{"numpy": "2.0"}'


def test_floats_keep_every_bit(path):
    values = [0.1, 1 / 3, np.nextafter(0.5, 1), 5e-324, -1.7976931348623157e308]
    with Store.open(path) as store:
        store.add([make_row(channel=c, r_test=value) for c, value in enumerate(values)])
    assert open_results(path).to_pandas(["r_test"])["r_test"].tolist() == values


def test_numbers_of_numpy_are_numbers(path):
    row = make_row(
        channel=0, r_test=np.float64(0.25), n_parameters=np.int64(7), converged=np.bool_(False),
        loss=np.nan, variables={"r": np.int64(3), "x": np.float64(0.5)},
    )  # fmt: skip
    with Store.open(path) as store:
        store.add([row])
    (found,) = open_results(path).to_pandas().to_dict("records")
    assert (found["r_test"], found["n_parameters"], found["r"], found["x"]) == (0.25, 7, 3, 0.5)
    assert found["converged"] == False  # noqa: E712 - of pandas' own type
    assert np.isnan(found["loss"])


def test_the_same_identity_replaces_its_row(path):
    with Store.open(path) as store:
        store.add([make_row(r_test=0.1, model="{}", warnings=("old",))])
        store.add([make_row(r_test=0.2)])
        assert store.n_rows == 1
    (found,) = open_results(path).to_pandas().to_dict("records")
    assert (found["r_test"], found["warnings"]) == (0.2, "")
    assert ask(path, "SELECT * FROM nems_dsl_attachments") == []


def test_the_last_of_equal_rows_counts(path):
    with Store.open(path) as store:
        store.add([make_row(r_test=0.1), make_row(r_test=0.2)])
        assert store.n_rows == 1
    assert open_results(path).to_pandas(["r_test"])["r_test"].tolist() == [0.2]


def test_a_success_replaces_a_failure_but_not_the_other_way_round(path):
    good, bad = make_row(), failed_row()
    assert good.identity == bad.identity
    with Store.open(path) as store:
        store.add([bad])
        assert store.succeeded([good.identity]) == set()
        store.add([good])
        assert store.succeeded([good.identity]) == {good.identity}
        store.add([bad])
        assert store.succeeded([good.identity]) == {good.identity}
    (found,) = open_results(path).to_pandas(["status", "traceback"]).to_dict("records")
    assert found["status"] == "ok"
    assert found["traceback"] is None


def test_which_have_succeeded_among_many(path):
    rows = [make_row(channel=c) for c in range(1200)]
    bad = failed_row(dataset="B")
    with Store.open(path) as store:
        store.add([*rows, bad])
        asked = [*(row.identity for row in rows), bad.identity, "0" * 32]
        assert store.succeeded(iter(asked)) == {row.identity for row in rows}
        assert store.succeeded([]) == set()
        store.add([])
        assert store.n_rows == 1201


def test_what_rows_share_is_stored_once(path):
    with Store.open(path) as store:
        for row in made_sweep():
            store.add([row])
    counts = {
        name: ask(path, f"SELECT count(*) FROM nems_dsl_{name}")[0][0]
        for name in ("jobs", "models", "spellings", "neurons", "recipes", "environments")
    }
    assert counts == {
        "jobs": 54, "models": 9, "spellings": 9, "neurons": 6, "recipes": 1, "environments": 1
    }  # fmt: skip


def test_rows_come_from_several_threads(path):
    rows = [make_row(channel=c) for c in range(60)]
    with Store.open(path) as store:
        threads = [
            threading.Thread(target=lambda part: [store.add([row]) for row in part], args=[part])
            for part in (rows[:20], rows[20:40], rows[40:])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.n_rows == 60


# ---- opening -----------------------------------------------------------------------------------


def test_a_store_is_opened_again(path):
    for number in range(3):
        with Store.open(path) as store:
            store.add([make_row(channel=number)])
    assert len(open_results(path)) == 3
    # nothing is left beside it
    assert [file.name for file in path.parent.iterdir()] == ["results.db"]


def test_durability_is_asked_of_the_database(path):
    with Store.open(path) as store, store._transaction() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30000
    }  # fmt: skip


@pytest.mark.parametrize("name", ["my results #1?.db", "résultats%20.db"])
def test_any_name_will_do(tmp_path, name):
    with Store.open(tmp_path / name) as store:
        store.add([make_row()])
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert len(open_results(tmp_path / name)) == 1


def test_a_url_of_a_file_is_that_file(path):
    with Store.open(f"sqlite:///{path}") as store:
        assert store.location == path
    assert path.exists()


def test_where_there_is_no_store(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such folder"):
        Store.open(tmp_path / "none" / "results.db")
    with pytest.raises(FileNotFoundError, match="there is no store here"):
        Store.open(tmp_path / "results.db", create=False)
    with pytest.raises(FileNotFoundError, match="there is no store here"):
        open_results(tmp_path / "results.db")
    with pytest.raises(IsADirectoryError, match="a store is a file"):
        Store.open(tmp_path)
    with pytest.raises(StoreError, match="in memory would be lost"):
        Store.open("sqlite://")
    with pytest.raises(StoreError, match="is no URL"):
        Store.open("lab://host:door/")
    with pytest.raises(StoreError, match=r"a SQLite file or a PostgreSQL database|not installed"):
        Store.open("mysql+pymysql://host/lab")
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_something_else_is_left_alone(path):
    path.write_text("dataset,r_test\nA1,0.5\n" * 100)
    for open_it in (Store.open, open_results):
        with pytest.raises(StoreError, match="it is not a SQLite file"):
            open_it(path)
    assert path.read_text().startswith("dataset,r_test")


def test_a_database_of_something_else_is_left_alone(path):
    ask(path, "CREATE TABLE birds (name TEXT)")
    with pytest.raises(StoreError, match="is a SQLite file of something else"):
        Store.open(path)
    with pytest.raises(StoreError, match="is no store of a sweep: it has no table"):
        open_results(path)
    assert ask(path, "SELECT name FROM sqlite_master WHERE type = 'table'") == [("birds",)]


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("2", "has format version 2; this nems_dsl .* reads up to 1: upgrade it"),
        ("0", "has format version 0, of nems_dsl .*; this one .* reads 1: read it with that"),
        ("one", "is damaged: its format version is 'one'"),
    ],
)
def test_other_formats_are_refused(path, version, message):
    Store.open(path).close()
    ask(path, "UPDATE nems_dsl_store SET value = ? WHERE name = 'format_version'", version)
    before = path.read_bytes()
    for open_it in (Store.open, open_results):
        with pytest.raises(StoreError, match=message):
            open_it(path)
    assert path.read_bytes() == before


def test_a_damaged_file_is_told(path):
    with Store.open(path) as store:
        store.add([make_row(channel=c) for c in range(2000)])
    content = bytearray(path.read_bytes())
    content[4096 * 4 : -4096 * 4] = b"\xa5" * (len(content) - 4096 * 8)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        open_results(path).to_pandas()


def test_damage_is_looked_for_after_a_crash(path):
    with Store.open(path) as store:
        store.add([make_row(channel=c) for c in range(2000)])
    content = bytearray(path.read_bytes())
    content[-4096 * 40 : -4096 * 4] = b"\xa5" * (4096 * 36)
    path.write_bytes(content)
    # a writer that was killed leaves its log
    path.with_name("results.db-wal").touch()
    with pytest.raises(StoreError, match=r"results\.db is damaged"):
        Store.open(path)


def test_a_store_that_is_closed(path):
    store = Store.open(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="has been closed"):
        store.add([make_row()])


# ---- one writer, any number of readers ---------------------------------------------------------

WRITER = """
    import sys
    sys.path.insert(0, sys.argv[2])
    from tests.sweeps.made_rows import make_row
    from nems_dsl.sweeps import Store
    with Store.open(sys.argv[1]) as store:
        store.add([make_row()])
        print("ready", flush=True)
        sys.stdin.readline()
        store.add([make_row(channel=1)])
"""


def test_a_second_writer_is_refused_while_readers_go_on(path):
    with run_child(WRITER, path, ROOT, stdin=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == "ready\n"
        with pytest.raises(StoreError) as caught:
            Store.open(path)
        message = str(caught.value)
        assert message.startswith(f"{path} is being written by process {writer.pid} on ")
        assert message.endswith(
            "wait for it, end it, or choose another store; its results can be read all the while"
        )
        assert len(open_results(path)) == 1
        writer.stdin.write("\n")
        writer.stdin.flush()
        assert writer.wait(60) == 0
    with Store.open(path) as store:
        assert store.n_rows == 2


def test_a_second_writer_of_this_process_is_refused(path, tmp_path):
    other_name = tmp_path / "link.db"
    other_name.symlink_to(path)
    with Store.open(path) as store:
        for name in (path, other_name):
            with pytest.raises(StoreError, match="is being written by this process"):
                Store.open(name)
        store.add([make_row()])
    Store.open(other_name).close()


def test_the_lock_of_a_dead_process_is_taken_over(path):
    with run_child(WRITER, path, ROOT, stdin=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == "ready\n"
        writer.kill()
        writer.wait(60)
    assert path.with_name("results.db.lock").exists()
    with Store.open(path) as store:
        assert store.n_rows == 1
    assert not path.with_name("results.db.lock").exists()


def _survive(store, sender):
    # as a worker does that was forked off while the store was open
    try:
        store.add([make_row(channel=5)])
    except StoreError as fault:
        sender.send(str(fault))
    store.close()
    time.sleep(60)


def test_a_worker_that_was_forked_neither_writes_nor_holds_the_lock(path):
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    store = Store.open(path)
    worker = context.Process(target=_survive, args=(store, sender))
    worker.start()
    try:
        assert receiver.poll(60)
        assert f"is written by process {os.getpid()}" in receiver.recv()
        store.add([make_row()])
        with pytest.raises(StoreError, match="this process"):
            Store.open(path)
        store.close()
        with Store.open(path) as again:
            assert again.n_rows == 1
    finally:
        worker.kill()
        worker.join()
        receiver.close()
        sender.close()


def test_readers_cannot_write(path):
    Store.open(path).close()
    with open_results(path).reading() as connection, pytest.raises(Exception, match="readonly"):
        connection.exec_driver_sql("DELETE FROM nems_dsl_jobs")


def test_a_folder_that_cannot_be_written_to(tmp_path, path):
    if os.getuid() == 0:
        pytest.skip("root may write anywhere")
    with Store.open(path) as store:
        store.add([make_row()])
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(PermissionError):
            Store.open(path)
    finally:
        tmp_path.chmod(0o755)


# ---- nothing that was finished is lost ---------------------------------------------------------

ENDLESS = """
    import sys
    sys.path.insert(0, sys.argv[2])
    from tests.sweeps.made_rows import fitted_text, make_row
    from nems_dsl.sweeps import Store
    text, _ = fitted_text("wc.6x1-fir.1x5-lvl.1")
    with Store.open(sys.argv[1]) as store:
        for start in range(int(sys.argv[3]), 1_000_000, 7):
            rows = [make_row(channel=c, model=text) for c in range(start, start + 7)]
            print("begun", start, flush=True)
            store.add(rows)
            print("done", start, flush=True)
"""


@pytest.mark.slow
def test_kill_9_in_the_midst_of_writing(path):
    rng = np.random.default_rng(1)
    finished, start = 0, 0
    for _ in range(8):
        with run_child(ENDLESS, path, ROOT, start) as writer:
            # killed at any moment, that of making the tables among them
            head = writer.stdout.readline() if rng.random() < 0.8 else ""
            time.sleep(rng.uniform(0, 0.12))
            writer.send_signal(signal.SIGKILL)
            lines = [head, *writer.stdout.read().splitlines()]
            assert writer.wait(60) == -signal.SIGKILL, writer.stderr.read()
        done = [int(line.split()[1]) for line in lines if line.startswith("done")]
        begun = [int(line.split()[1]) for line in lines if line.startswith("begun")]
        finished = max([finished, *(first + 7 for first in done)])
        # a reader needs no writer to have tidied up before it
        read = len(open_results(path)) if begun or finished else None
        with Store.open(path) as store:
            n_rows = store.n_rows
            assert read in (n_rows, None)
            rows = [make_row(channel=c) for c in range(n_rows)]
            assert store.succeeded(row.identity for row in rows) == {row.identity for row in rows}
        # whole batches; all that add() returned from, and at most the one that was under way
        assert n_rows % 7 == 0
        assert finished <= n_rows <= max([finished, *(first + 7 for first in begun)])
        assert ask(path, "PRAGMA integrity_check") == [("ok",)]
        assert ask(path, "PRAGMA foreign_key_check") == []
        assert ask(path, "SELECT count(*) FROM nems_dsl_attachments") == [(n_rows,)]
        finished = start = n_rows
    assert finished > 20


def test_a_full_disk(path):
    batches = [[make_row(channel=c) for c in range(s, s + 100)] for s in range(0, 20_000, 100)]
    stored = 0
    with Store.open(path) as store:
        pages = store._connection.exec_driver_sql("PRAGMA page_count").scalar()
        store._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 60}")
        store._connection.rollback()
        with pytest.raises(OSError, match="the disk is full; what was stored before is safe"):
            for batch in batches:
                store.add(batch)
                stored += 100
        assert 0 < stored < 20_000
        assert store.n_rows == stored
        # and when there is room again
        store._connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        store._connection.rollback()
        store.add(batches[stored // 100])
    assert len(open_results(path)) == stored + 100
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]


FILL = """
    import sys
    sys.path.insert(0, sys.argv[2])
    from tests.sweeps.made_rows import make_row
    from nems_dsl.sweeps import Store
    store = Store.open(sys.argv[1])
    stored = 0
    try:
        for start in range(0, 100_000, 50):
            store.add([make_row(channel=c) for c in range(start, start + 50)])
            stored += 50
    except OSError as fault:
        print(stored, type(fault).__name__, fault.errno, fault.strerror)
    print(store.n_rows)
    store.close()
"""


def test_a_full_file_system(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    # a file system of 1 MB, in a name space of its own where any user may mount one
    mounted = [
        "unshare", "-Urm", "sh", "-c",
        f'mount -t tmpfs -o size=1m tmpfs "{disk}" && "$@"; code=$?; '
        f'cp "{disk}"/results.db* "{tmp_path}"; exit $code', "-",
    ]  # fmt: skip
    try:
        probe = subprocess.run(
            ["unshare", "-Urm", "sh", "-c", f'mount -t tmpfs -o size=1m tmpfs "{disk}"'],
            capture_output=True, timeout=30, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("unshare is not there")
    if probe.returncode != 0:
        pytest.skip("this system lets nobody but root mount a file system")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    child = subprocess.run(
        [*mounted, sys.executable, "-c", textwrap.dedent(FILL), disk / "results.db", ROOT],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    first, second = child.stdout.splitlines()
    stored, kind, number, message = first.split(maxsplit=3)
    assert int(stored) > 0
    assert (kind, int(number)) == ("OSError", 28)
    assert message.startswith("the disk is full; what was stored before is safe")
    assert second == stored
    # the files as they were left, taken to where there is room
    with Store.open(tmp_path / "results.db") as store:
        assert store.n_rows == int(stored)
        store.add([make_row(dataset="B")])
    assert ask(tmp_path / "results.db", "PRAGMA integrity_check") == [("ok",)]


def test_a_limit_of_the_system_on_files(path):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))

    child = run_child(FILL, path, ROOT, preexec_fn=limit)
    out, fault = child.communicate(timeout=120)
    assert child.returncode == 0, fault
    first, second = out.splitlines()
    stored = first.split()[0]
    assert "the store cannot be read or written" in first or "the disk is full" in first
    assert int(stored) > 0
    assert second == stored
    with Store.open(path) as store:
        assert store.n_rows == int(stored)
        store.add([make_row(dataset="B")])


def test_a_batch_is_stored_whole_or_not_at_all(path):
    good = [make_row(channel=c) for c in range(600)]
    # the second statement's worth of rows holds one that no column takes
    odd = replace(make_row(channel=600), optimizer=object())
    with Store.open(path) as store:
        store.add([make_row(dataset="B")])
        with pytest.raises(StoreError):
            store.add([*good, odd])
        assert store.n_rows == 1
        store.add(good)
        assert store.n_rows == 601


# ---- PostgreSQL --------------------------------------------------------------------------------


def test_the_tables_can_be_made_by_postgresql():
    dialect = postgresql.dialect()
    for table in schema.metadata.sorted_tables:
        text = str(CreateTable(table).compile(dialect=dialect))
        assert text.strip().startswith(f"CREATE TABLE {table.name}")
    jobs = str(CreateTable(schema.jobs).compile(dialect=dialect))
    assert "r_test DOUBLE PRECISION" in jobs
    assert "seed BIGINT" in jobs
    assert "key SERIAL NOT NULL" in jobs


@pytest.fixture
def server():
    """An empty schema of a PostgreSQL server, by its URL."""
    given = os.environ.get("NEMS_DSL_TEST_POSTGRES")
    if not given:
        pytest.skip("NEMS_DSL_TEST_POSTGRES is not set to the URL of a database")
    name = f"nems_dsl_test_{os.getpid()}"
    engine = create_engine(given)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    yield f"{given}{'&' if '?' in given else '?'}options=-csearch_path%3D{name}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
    engine.dispose()


def test_a_server_gives_what_a_file_gives(server, path):
    rows = [*made_sweep(channels=(0, 1)), failed_row(dataset="Z")]
    for where in (server, path):
        with Store.open(where) as store:
            store.add(rows[:20])
            store.add(rows)
            assert store.n_rows == len(rows)
            assert store.succeeded(row.identity for row in rows) == {
                row.identity for row in rows if row.status == "ok"
            }
    one, other = open_results(server), open_results(path)
    order = ["canonical", "dataset", "channel"]
    tables = [results.to_pandas().sort_values(order, ignore_index=True) for results in (one, other)]
    assert tables[0].equals(tables[1])
    assert one.pivot().equals(other.pivot())
    assert one.best(by="dataset").equals(other.best(by="dataset"))
    assert one.where("rank < 3").best(n=2).equals(other.where("rank < 3").best(n=2))
    assert one.nested().equals(other.nested())
    assert one.latest().pivot("loss").equals(other.latest().pivot("loss"))


def test_a_second_writer_on_a_server_is_refused(server):
    with Store.open(server) as store:
        with pytest.raises(StoreError, match="is being written by session"):
            Store.open(server)
        store.add([make_row()])
        assert len(open_results(server)) == 1
    Store.open(server).close()


def test_there_is_no_store_on_a_server(server):
    with pytest.raises(FileNotFoundError, match="there is no store here"):
        Store.open(server, create=False)
    with pytest.raises(StoreError, match="is no store of a sweep"):
        open_results(server)


def test_the_format_is_that_of_the_rows():
    # what stands in the file and in the identities is one number
    from nems_dsl.sweeps.store import rows

    assert schema.FORMAT_VERSION is rows.FORMAT_VERSION


# written by the first version that had stores, with `sqlite3 FILE .dump`: a fit with its model, one
# of a fold without a score, one of all channels, and one that failed
FIRST = Path(__file__).with_name("first_format.sql").read_text(encoding="utf-8")


def test_stores_of_the_first_version_are_read_and_written_on(path):
    with sqlite3.connect(path) as connection:
        connection.executescript(FIRST)
    connection.close()
    table = open_results(path).to_pandas()
    assert table.status.tolist() == ["ok", "ok", "ok", "failed"]
    assert table.r_test.tolist()[0:3:2] == [0.5, 0.25] and table.r_test.isna().sum() == 2
    assert table.channel.tolist()[:2] == [0, 1] and table.channel.isna().tolist()[2]
    assert table.warnings[0] == "one; two" and table.seed[0] == 3
    assert open_results(path).load("wc.6x1-fir.1x5-lvl.1", "A1").parameter_count == 12
    again = make_row(finished="2026-01-01T00:00:00.000+00:00", variables={"rank": 1, "nl": "lvl"})
    shared = ask(path, "SELECT count(*) FROM nems_dsl_neurons UNION ALL "
                       "SELECT count(*) FROM nems_dsl_spellings")  # fmt: skip
    with Store.open(path) as store:
        assert store.succeeded([again.identity]) == {again.identity}
        store.add([again])
    # what rows share is known again by its digest, so that nothing stands there twice
    assert shared == ask(path, "SELECT count(*) FROM nems_dsl_neurons UNION ALL "
                               "SELECT count(*) FROM nems_dsl_spellings")  # fmt: skip
    assert len(open_results(path)) == 4
