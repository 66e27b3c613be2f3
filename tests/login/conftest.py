"""Servers that last for all tests, with nobody known to them when a test begins."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentmesh_dagster.store import Store, open_store
from tests.login.server import Server, run_server


@pytest.fixture(scope="session")
def sqlite_server(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    shutil.copy(migrated_sqlite, folder / "store.db")
    with run_server(open_store(f"sqlite:///{folder / 'store.db'}"), folder) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with request.getfixturevalue("postgres").database() as url:
        store = open_store(url)
        with run_server(store, tmp_path_factory.mktemp("served")) as server:
            yield server
        store.close()


@pytest.fixture
def server(sqlite_server: Server) -> Server:
    """A server with login, for what has nothing to do with the database."""
    sqlite_server.begin_anew()
    return sqlite_server


@pytest.fixture(params=["sqlite", "postgresql"])
def either_server(request: pytest.FixtureRequest) -> Server:
    """A server with login, on each database."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    server.begin_anew()
    return server


@pytest.fixture
def own_store(migrated_sqlite: Path, tmp_path: Path) -> Store:
    """A store for a server with settings of the test's own."""
    shutil.copy(migrated_sqlite, tmp_path / "own.db")
    return open_store(f"sqlite:///{tmp_path / 'own.db'}")
