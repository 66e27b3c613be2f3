"""What every test may use: a home of its own, and stores on SQLite and on a real PostgreSQL."""

import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, Dialect, Engine

from agentmesh_dagster.settings import Settings, get_settings
from agentmesh_dagster.store import Store, close_stores, open_store
from agentmesh_dagster.store import engine as store_engine
from agentmesh_dagster.store.tables import catalogue, metadata
from tests.postgres import NoPostgres, PostgresServer, run_server

# Whole systems, which wait for much of their time: they come first, beside others that compute, and in this order, in
# which what is shared is started once. At the end they would hold up all, with a system for each worker.
_FIRST = ("process", "web", "plugins", "client", "triggers", "faults", "deploy", "code_location", "gates", "control")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {folder: number for number, folder in enumerate(_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.parent.name, len(rank)))


def pytest_collection_finish() -> None:
    # Hundreds of thousands of objects stay: to look through them again and again is a tenth of what a test here costs.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """A statement is compiled for one test's store and serves all; else it is a tenth of a run's cost."""
    dialects: dict[str, Dialect] = {}
    compiled: dict[object, object] = {}
    build_engine = store_engine._build_engine

    def build(url: URL) -> Engine:
        engine = build_engine(url)
        engine.dialect = dialects.setdefault(engine.name, engine.dialect)  # what is compiled is kept by dialect
        engine.update_execution_options(compiled_cache=compiled)
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_engine, "_build_engine", build)
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder of the test's own; no setting or key of the person who runs the tests is seen."""
    for name, field in Settings.model_fields.items():
        monkeypatch.delenv(str(field.validation_alias or f"AGENTMESH_{name}".upper()), raising=False)
    folder = tmp_path / "home"
    monkeypatch.setenv("AGENTMESH_HOME", str(folder))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    get_settings.cache_clear()
    yield folder
    close_stores()
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The PostgreSQL server of this test session (of each worker, under xdist)."""
    try:
        with run_server() as server:
            yield server
    except NoPostgres as reason:
        if "CI" in os.environ:
            pytest.fail(f"PostgreSQL is needed: {reason}")
        pytest.skip(f"no PostgreSQL: {reason}")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite store fresh from its migrations, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres: PostgresServer) -> Iterator[str]:
    """The URL of a PostgreSQL store fresh from its migrations, to be emptied after each use."""
    with postgres.database() as url:
        open_store(url).close()
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a store that nobody has opened yet, on each database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'fresh' / 'store.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty store, on each database."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "store.db")
        yield f"sqlite:///{tmp_path / 'store.db'}"
        return
    url: str = request.getfixturevalue("migrated_postgres")
    yield url
    close_stores()
    empty(url)


def empty(url: str) -> None:
    """Remove every row: quicker than a new PostgreSQL database for each test, and than TRUNCATE, which makes files."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        for table in reversed(metadata.sorted_tables):
            connection.execute(f"DELETE FROM {table.name}")
        connection.execute("SELECT setval(seqrelid, 1, false) FROM pg_sequence")
        connection.execute(f"INSERT INTO {catalogue.name} (id, revision) VALUES (1, 0)")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store, on each database."""
    opened = open_store(store_url)
    yield opened
    opened.close()
