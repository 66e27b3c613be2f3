"""Opening a store: by anyone, at any time, with words for what goes wrong."""

import os
import sqlite3
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store import Store, StoreUnavailable, close_stores, open_store
from agentmesh_dagster.store.address import InvalidStoreUrl
from agentmesh_dagster.store.catalogue import current_revision, list_entities, save_entities
from agentmesh_dagster.store.migrate import StoreTooNew, UnfitDatabase
from agentmesh_dagster.store.migrations import FOLDER, HEAD, VERSION_TABLE
from agentmesh_dagster.store.tables import metadata
from tests.postgres import PostgresServer
from tests.store.examples import agent


def test_two_processes_open_a_fresh_store_at_once(fresh_url):
    program = (
        "import sys; from agentmesh_dagster.store import open_store;"
        "from agentmesh_dagster.store.catalogue import current_revision;"
        "print('ready', flush=True); sys.stdin.readline();"
        "print(current_revision(open_store(sys.argv[1])))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, fresh_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()

    assert [process.communicate(timeout=60) for process in processes] == [("0\n", ""), ("0\n", "")]


def test_many_threads_open_a_fresh_store_at_once(fresh_url):
    opened: list[Store] = []
    threads = [threading.Thread(target=lambda: opened.append(open_store(fresh_url))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(opened) == 8
    assert {current_revision(store) for store in opened} == {0}


def test_a_store_is_opened_once_per_process(store, store_url):
    assert open_store(store_url) is store


def test_the_migrated_tables_are_those_of_the_metadata(fresh_url):
    store = open_store(fresh_url)
    migrated = describe(store.engine)
    with store.begin() as tx:
        metadata.drop_all(tx)
        metadata.create_all(tx)

    assert migrated == describe(store.engine)


def describe(engine: Engine) -> dict[str, object]:
    """Each table with its columns, keys, indexes and checks, all but the version table."""
    found = inspect(engine)
    return {
        table: {
            "columns": [column | {"type": repr(column["type"])} for column in found.get_columns(table)],
            "primary key": found.get_pk_constraint(table),
            "foreign keys": by_name(found.get_foreign_keys(table)),
            "unique": by_name(found.get_unique_constraints(table)),
            "checks": by_name(found.get_check_constraints(table)),
            "indexes": by_name(index | {"dialect_options": None} for index in found.get_indexes(table)),
            "conditions": {str(index["name"]): write_options(index) for index in found.get_indexes(table)},
        }
        for table in found.get_table_names()
        if table != VERSION_TABLE
    }


def write_options(index: Mapping[str, Any]) -> dict[str, str]:
    """Of which rows a partial index is: expressions are only equal as text."""
    return {name: str(option) for name, option in index.get("dialect_options", {}).items()}


def by_name(things: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(things, key=lambda thing: str(thing["name"]))


def test_the_newest_migration_is_the_one_that_the_package_expects():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_store_of_a_newer_package_is_refused(fresh_url):
    with open_store(fresh_url).begin() as tx:
        tx.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    close_stores()

    with pytest.raises(StoreTooNew, match="it stands at version 9999, this one knows up to"):
        open_store(fresh_url)


def test_sqlite_waits_keeps_foreign_keys_and_does_not_block_readers(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with store.read() as connection:
        settings = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout", "synchronous")
        }

    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000, "synchronous": 1}


def test_a_read_sees_one_moment_while_others_write(store):
    with store.read() as connection:
        before = connection.execute(text("SELECT revision FROM agentmesh_catalogue")).scalar()
        save_entities(store, [agent()], author="ann")
        during = connection.execute(text("SELECT revision FROM agentmesh_catalogue")).scalar()

    assert (before, during) == (0, 0)
    assert current_revision(store) == 2


def test_an_exception_rolls_the_transaction_back(store):
    def write_and_fail() -> None:
        with store.begin() as tx:
            tx.execute(text("UPDATE agentmesh_catalogue SET revision = 7"))
            raise LookupError

    with pytest.raises(LookupError):
        write_and_fail()

    assert current_revision(store) == 0


def test_a_forked_child_uses_connections_of_its_own(store):
    save_entities(store, [agent()], author="parent")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of fork beside threads
        child = os.fork()
    if child == 0:
        status = 1
        try:
            save_entities(store, [agent("second")], author="child")
            status = 0
        finally:
            os._exit(status)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    save_entities(store, [agent("third")], author="parent")
    assert [entity.id for entity in list_entities(store, Kind.AGENT).items] == ["second", "third", "writer"]


def test_what_a_forked_child_commits_outlives_its_parents_connections(store):
    save_entities(store, [agent()], author="parent")
    to_child, from_parent = os.pipe()
    to_parent, from_child = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # as above
        child = os.fork()
    if child == 0:
        status = 1
        try:
            save_entities(store, [agent("second")], author="child")
            os.write(from_child, b".")
            os.read(to_child, 1)
            save_entities(store, [agent("third")], author="child")
            status = 0
        finally:
            os._exit(status)

    os.read(to_parent, 1)
    store.close()  # the last connection of a file tidies up after itself: this is not the last
    os.write(from_parent, b".")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert [entity.id for entity in list_entities(store, Kind.AGENT).items] == ["second", "third", "writer"]
    for end in (to_child, from_parent, to_parent, from_child):
        os.close(end)


def test_a_closed_store_opens_again_when_it_is_used(store):
    store.close()

    assert current_revision(store) == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("no url at all", "it is no URL"),
        ("postgresql://ann:s3cret@host:port/db", "it is no URL"),
        ("mysql://ann:s3cret@host/db", "`mysql` is not supported; use sqlite or postgresql"),
        ("postgresql://ann:s3cret@host", "the name of the database is missing"),
        ("postgresql://ann:s3@cret@host/db", "percent-encode"),
        ("sqlite://", "a store in memory is lost to other processes"),
        ("sqlite:///:memory:", "a store in memory is lost to other processes"),
        ("sqlite://folder/store.db", "three slashes"),
    ],
)
def test_a_url_that_cannot_work_is_explained_without_its_password(url, words):
    with pytest.raises(InvalidStoreUrl) as caught:
        open_store(url)

    assert words in str(caught.value)
    assert "s3" not in str(caught.value)
    assert "cret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_usual_way_to_write_postgresql_is_understood(scheme, postgres: PostgresServer):
    with postgres.database() as url:
        store = open_store(url.replace("postgresql", scheme, 1))
        assert current_revision(store) == 0
        store.close()


def test_a_server_that_does_not_answer_is_named_without_its_password():
    with pytest.raises(StoreUnavailable) as caught:
        open_store("postgresql://ann:s3cret@127.0.0.1:1/db?connect_timeout=3")

    assert "postgresql+psycopg://ann:***@127.0.0.1:1/db" in str(caught.value)
    assert "refused" in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreUnavailable, match=r"cannot be reached, read or written: sqlite:.*file"):
        open_store(f"sqlite:///{tmp_path / 'file' / 'store.db'}")


def test_a_file_that_is_no_database_is_explained_and_left_alone(tmp_path):
    (tmp_path / "store.db").write_text("a shopping list" * 100)

    with pytest.raises(StoreUnavailable, match="file is not a database"):
        open_store(f"sqlite:///{tmp_path / 'store.db'}")

    assert (tmp_path / "store.db").read_text() == "a shopping list" * 100


def test_a_postgresql_database_that_cannot_hold_all_text_is_refused(postgres: PostgresServer):
    with (
        postgres.database(options="ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'") as url,
        pytest.raises(UnfitDatabase, match="LATIN1"),
    ):
        open_store(url)


def test_a_path_with_odd_characters_works(tmp_path: Path):
    path = tmp_path / "100% ünï" / "my store.db"

    assert current_revision(open_store(f"sqlite:///{path}")) == 0
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM agentmesh_catalogue").fetchone() == (1,)
    connection.close()


def test_a_relative_path_means_the_folder_where_the_store_was_opened(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = open_store("sqlite:///store.db")
    monkeypatch.chdir("/")

    assert current_revision(store) == 0
    assert (tmp_path / "store.db").exists()


def test_a_connection_that_the_server_cut_is_replaced_unnoticed(postgres: PostgresServer):
    with postgres.database() as url:
        store = open_store(url)
        assert current_revision(store) == 0
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname LIKE 'test_%'")

        assert current_revision(store) == 0
        store.close()


def test_a_sqlite_writer_that_waits_too_long_is_told_so(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}?timeout=0.05")
    outsider = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    outsider.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable, match="database is locked"):
        save_entities(store, [agent()], author="ann")

    outsider.execute("COMMIT")
    outsider.close()
    save_entities(store, [agent()], author="ann")
