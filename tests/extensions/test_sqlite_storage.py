"""Dagster's SQLite storage whose files stay open: nothing is lost, and Dagster's own reads all of it."""

import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.utils import make_new_run_id

from agentmesh_dagster.extensions.sqlite_storage import OPEN_RUNS
from tests.extensions.sqlite_nursery import read, store

PATIENCE_SECONDS = 90
WARM = {"custom": {"module": "agentmesh_dagster.extensions.sqlite_storage", "class": "WarmSqliteStorage"}}


@dg.op
def hello(context: dg.OpExecutionContext) -> None:
    context.log.info("hello")


@dg.job
def greeting() -> None:
    hello()


@contextlib.contextmanager
def open_home(folder: Path, *, warm: bool = True) -> Iterator[dg.DagsterInstance]:
    folder.mkdir(exist_ok=True)
    config = {"telemetry": {"enabled": False}} | ({"storage": WARM} if warm else {})
    (folder / "dagster.yaml").write_text(json.dumps(config))
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield instance


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "instance"


@pytest.fixture(scope="module")
def nursery() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error::ResourceWarning", "-m", "tests.extensions.sqlite_nursery"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def begin(nursery: subprocess.Popen[str], action: str, *arguments: object) -> int:
    """Begins an action in a process of its own; the process's id."""
    assert nursery.stdin
    assert nursery.stdout
    nursery.stdin.write(json.dumps([action, *map(str, arguments)]) + "\n")
    nursery.stdin.flush()
    return int(nursery.stdout.readline())


def wait_for(output: Path, lines: int = 1) -> None:
    give_up = time.monotonic() + PATIENCE_SECONDS
    errors = Path(f"{output}.errors")
    while not output.exists() or output.read_text().count("\n") < lines:
        assert time.monotonic() < give_up, "it is not done"
        assert not (errors.exists() and errors.read_text()), errors.read_text()
        time.sleep(0.002)


def run_greeting(instance: dg.DagsterInstance) -> str:
    return greeting.execute_in_process(instance=instance).run_id


def describe(file: Path) -> tuple[set[object], object]:
    """A file's tables and indexes, and its revision."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        schema = set(connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master"))
        return schema, connection.execute("SELECT version_num FROM alembic_version").fetchall()


def list_open(folder: Path) -> list[str]:
    """This process's open files below a folder."""
    links = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    targets = [os.readlink(link) for link in links if os.path.islink(link)]
    return [target for target in targets if folder in Path(target).parents]


def test_dagsters_storage_reads_what_this_one_wrote_and_the_other_way_round(folder: Path):
    with open_home(folder, warm=False) as instance:
        first = run_greeting(instance)
    with open_home(folder) as instance:
        assert "hello" in read(instance, first)
        second = run_greeting(instance)
        assert {run.run_id for run in instance.get_runs()} == {first, second}
    with open_home(folder, warm=False) as instance:
        assert "hello" in read(instance, second)
        assert {run.status for run in instance.get_runs()} == {dg.DagsterRunStatus.SUCCESS}
        assert len(instance.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, limit=9).records) == 2


def test_files_tables_and_revisions_are_those_that_dagster_makes(folder: Path, tmp_path: Path):
    found = []
    for home, warm in ((folder, True), (tmp_path / "stock", False)):
        with open_home(home, warm=warm) as instance:
            run_id = run_greeting(instance)
            instance.all_instigator_state()
            indexes = [instance.run_storage.has_built_index(name) for name in ("run_partitions", "bulk_action_types")]
            assert instance.event_log_storage.has_secondary_index("asset_key_index_columns")
        files = {
            str(file.relative_to(home)).replace(run_id, "run"): describe(file) for file in sorted(home.rglob("*.db"))
        }
        found.append((files, indexes))
    assert found[0] == found[1]
    assert set(found[0][0]) == {
        "history/runs.db",
        "history/runs/index.db",
        "history/runs/run.db",
        "schedules/schedules.db",
    }


def test_the_home_is_where_the_instance_is_wherever_that_is_moved(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "elsewhere"))
    with open_home(folder) as instance:
        run_id = run_greeting(instance)
        with dg.DagsterInstance.from_ref(instance.get_ref()) as worker:  # as a run worker opens it
            assert "hello" in read(worker, run_id)
    moved = shutil.move(folder, tmp_path / "moved")
    with open_home(Path(moved)) as instance:
        assert "hello" in read(instance, run_id)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_folder_of_its_own_can_be_named(tmp_path: Path):
    own = tmp_path / "own"
    config = {"storage": {"custom": {**WARM["custom"], "config": {"base_dir": str(own)}}}}
    with dg.instance_for_test(overrides=config) as instance:
        run_greeting(instance)
    assert {file.name for file in own.iterdir()} == {"history", "schedules"}


def test_dagster_migrate_finds_nothing_to_do(folder: Path, capsys: pytest.CaptureFixture[str]):
    with open_home(folder) as instance:
        run_id = run_greeting(instance)
        before = {file: describe(file) for file in folder.rglob("*.db")}
        instance.upgrade()
        instance.reindex()
        assert {file: describe(file) for file in folder.rglob("*.db")} == before
        assert "hello" in read(instance, run_id)
        database, head = instance.event_log_storage.alembic_version()
        assert database == head
    assert "1 runs on disk" in capsys.readouterr().out


def test_kill_9_at_any_moment_loses_no_stored_event(folder: Path, tmp_path: Path, nursery: subprocess.Popen[str]):
    with open_home(folder):
        pass
    chance, stored = random.Random(6), dict[str, set[str]]()
    was_between = False
    for number in range(60):
        output = tmp_path / f"output {number}"
        process = begin(nursery, "write_new_runs", output, folder)
        wait_for(output, lines=chance.randint(1, 12))  # the first is its first run, whose file it then makes
        time.sleep(chance.uniform(0, 0.004))
        os.kill(process, signal.SIGKILL)
        for line in output.read_text().splitlines():
            run_id, what = line.split()
            stored.setdefault(run_id, set()).add(what)
        was_between |= len(stored[run_id]) < 5
        if number >= 10 and was_between:
            break
    assert was_between, "no kill came between two events of a run"
    assert sum(len(events) - 1 for events in stored.values()) > 10

    for warm in (False, True):
        with open_home(folder, warm=warm) as instance:
            for run_id, events in stored.items():
                assert events - {"begun"} <= set(read(instance, run_id))
            starts = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_START, limit=10_000).records
            assert {run_id for run_id, events in stored.items() if "2" in events} <= {start.run_id for start in starts}
            for run_id in stored:  # those whose file was half made as well
                store(instance, run_id, f"afterwards {warm}")
                assert f"afterwards {warm}" in read(instance, run_id)


def test_processes_and_threads_write_to_one_run_and_read_it_at_once(
    folder: Path, tmp_path: Path, nursery: subprocess.Popen[str]
):
    with open_home(folder) as instance:
        run_id = instance.create_run_for_job(greeting).run_id
        outputs = [tmp_path / name for name in ("web", "daemon", "worker")]
        tagged = [instance.create_run_for_job(greeting).run_id for _ in outputs]
        for output, own in zip(outputs, tagged, strict=True):
            begin(nursery, "write_and_read", output, folder, run_id, own, output.name, 25)

        def write(thread: int) -> None:
            for number in range(25):
                store(instance, run_id, f"thread {thread} {number}", starts=number % 4 == 0)
                read(instance, run_id)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(write, range(4)))
        for output in outputs:
            wait_for(output)

        messages = read(instance, run_id)
        assert len(messages) == len(set(messages)) == 7 * 25
        starts = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_START, limit=100).records
        assert len(starts) == 7 * 7
        assert [run.tags["count"] for run in instance.get_runs() if run.run_id != run_id] == ["24", "24", "24"]


def test_a_forked_child_opens_its_own_and_loses_nothing_when_its_parent_closes(
    folder: Path, tmp_path: Path, nursery: subprocess.Popen[str]
):
    with open_home(folder):
        pass
    run_id, output = make_new_run_id(), tmp_path / "output"
    begin(nursery, "fork_and_close", output, folder, run_id)
    wait_for(output)
    with open_home(folder, warm=False) as instance:
        assert sorted(read(instance, run_id)) == ["child after", "child before", "parent after", "parent before"]


def test_of_many_runs_a_few_stay_open_and_none_when_all_is_over(folder: Path):
    with open_home(folder) as instance:
        runs = [make_new_run_id() for _ in range(3 * OPEN_RUNS)]
        for run_id in runs:
            store(instance, run_id, "one")
        assert len(list_open(folder / "history" / "runs")) <= 3 * (OPEN_RUNS + 1)
        assert len(list((folder / "history" / "runs").glob("*.db-wal"))) <= OPEN_RUNS + 1
        assert read(instance, runs[0]) == ["one"]
    assert list_open(folder / "history") == []
    assert not [*folder.rglob("history/**/*-wal"), *folder.rglob("history/**/*-shm")]


def test_a_run_in_use_is_not_closed_for_another(folder: Path):
    with open_home(folder) as instance:
        storage, runs = instance.event_log_storage, [make_new_run_id() for _ in range(2 * OPEN_RUNS)]
        with storage.run_connection(runs[0]) as connection:
            for run_id in runs[1:]:
                store(instance, run_id, "one")
            connection.exec_driver_sql("INSERT INTO event_logs (run_id, event) VALUES ('kept', '{}')")
        with storage.run_connection(runs[0]) as connection:
            assert connection.exec_driver_sql("SELECT run_id FROM event_logs").all() == [("kept",)]


def test_readers_hold_nothing_that_lets_the_log_grow(folder: Path):
    with open_home(folder) as instance:
        run_id = run_greeting(instance)
        read(instance, run_id)
        instance.get_runs_count()
        for file in (folder / "history" / "runs" / f"{run_id}.db", folder / "history" / "runs.db"):
            with contextlib.closing(sqlite3.connect(file)) as connection:
                busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                assert not busy
            assert Path(f"{file}-wal").stat().st_size == 0


def test_a_deleted_run_is_closed_and_its_file_stays_as_with_dagster(folder: Path):
    with open_home(folder) as instance:
        run_id = run_greeting(instance)
        instance.delete_run(run_id)
        assert not [name for name in list_open(folder) if run_id in name]
        assert read(instance, run_id) == []
        assert (folder / "history" / "runs" / f"{run_id}.db").exists()


def test_what_is_wiped_or_removed_by_others_is_made_anew(folder: Path):
    with open_home(folder) as instance:
        run_id, wiped = make_new_run_id(), make_new_run_id()
        store(instance, run_id, "before")
        (folder / "history" / "runs" / f"{run_id}.db").unlink()
        store(instance, run_id, "after")
        assert read(instance, run_id) == ["after"]

        store(instance, wiped, "before")
        instance.wipe()
        assert [file.name for file in (folder / "history" / "runs").glob("*.db")] == ["index.db"]
        store(instance, wiped, "after")
        assert read(instance, wiped) == ["after"]


def test_who_watches_a_run_sees_an_event_of_another_process_at_once(folder: Path):
    with open_home(folder) as instance, dg.DagsterInstance.from_ref(instance.get_ref()) as other:
        run_id = make_new_run_id()
        store(other, run_id, "before")
        seen, news = list[str](), threading.Event()

        def see(entry: dg.EventLogEntry, _cursor: str) -> None:
            seen.append(entry.user_message)
            news.set()

        instance.watch_event_logs(run_id, None, see)
        for message in ("first", "second"):
            store(other, run_id, message)
            assert news.wait(PATIENCE_SECONDS)
            news.clear()
        instance.end_watch_event_logs(run_id, see)
        assert seen == ["before", "first", "second"]


def test_a_home_whose_tables_were_left_without_a_revision_is_opened_as_dagster_does(folder: Path):
    with open_home(folder, warm=False) as instance:
        run_id = run_greeting(instance)
        instance.all_instigator_state()
    for file in folder.rglob("*.db"):
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("DROP TABLE alembic_version")
    with open_home(folder) as instance:
        assert "hello" in read(instance, run_id)
        assert instance.get_runs_count() == 1
        assert instance.all_instigator_state() == instance.all_asset_keys() == []
    assert all(describe(file)[1] for file in folder.rglob("*.db"))
