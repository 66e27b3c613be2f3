"""What every test may use: a home of its own, and stores on SQLite and on a real PostgreSQL."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agentmesh_dagster.settings import Settings, get_settings
from agentmesh_dagster.store import Store, close_stores, open_store
from agentmesh_dagster.store.tables import catalogue, metadata
from tests.postgres import NoPostgres, PostgresServer, run_server


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
    """Remove every row: much quicker than a new PostgreSQL database for each test."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute(f"TRUNCATE {', '.join(metadata.tables)} RESTART IDENTITY")
        connection.execute(f"INSERT INTO {catalogue.name} (id, revision) VALUES (1, 0)")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An empty store, on each database."""
    opened = open_store(store_url)
    yield opened
    opened.close()
