"""Bring a store's tables up to date, also when several processes open it for the first time at once."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, column, inspect, select, table, text, update

from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.store.migrations import FOLDER, HEAD, VERSION_TABLE

_POSTGRESQL_LOCK = 0x6167_656E_746D  # "agentm": any number that nobody else uses
_COPYING = "copying"  # instead of a version
_version = table(VERSION_TABLE, column("version_num"))
_alembic_is_not_thread_safe = threading.Lock()


class StoreTooNew(AgentMeshError):
    """The store was written by a newer agentmesh-dagster than this one."""


class UnfinishedCopy(AgentMeshError):
    """This store is a copy that was broken off: drop its database, or remove its file and `.made`, and copy again."""


class UnfitDatabase(AgentMeshError):
    """This database cannot hold a store."""


def migrate(engine: Engine) -> None:
    """Create or upgrade the tables; raises StoreTooNew, UnfinishedCopy, UnfitDatabase or SQLAlchemy's errors."""
    with engine.connect() as connection:
        if _read_version(connection) == HEAD:
            return
    with _alembic_is_not_thread_safe, engine.connect() as connection, _without_foreign_keys(connection):
        connection.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        with connection.begin():
            if engine.dialect.name == "postgresql":
                _check_encoding(connection)
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _POSTGRESQL_LOCK})
            if _read_version(connection) != HEAD:  # another process may have done it meanwhile
                _upgrade(connection)


@contextmanager
def _without_foreign_keys(connection: Connection) -> Generator[None]:
    """SQLite changes a table by dropping it for a copy: what refers to its rows must neither mind nor go with them."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection  # past SQLAlchemy, whose statements stand in a transaction: there this has no effect
    driver.cursor().execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.cursor().execute("PRAGMA foreign_keys = ON")


def begin_copy(tx: Connection) -> None:
    """From now on nobody can open the store, until `end_copy`. Raises UnfinishedCopy where somebody else copies."""
    marked = tx.execute(update(_version).where(_version.c.version_num == HEAD).values(version_num=_COPYING))
    if marked.rowcount != 1:
        raise UnfinishedCopy


def end_copy(tx: Connection) -> None:
    """The store is whole, and stands at the newest version."""
    tx.execute(update(_version).values(version_num=HEAD))


def _read_version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(select(_version.c.version_num)).scalar()


def _check_encoding(connection: Connection) -> None:
    encoding = connection.execute(text("SHOW server_encoding")).scalar()
    if encoding != "UTF8":
        raise UnfitDatabase(f"its encoding is {encoding}; make one with CREATE DATABASE … ENCODING 'UTF8'")


def _upgrade(connection: Connection) -> None:
    # Imported here: most processes find the store up to date, and Alembic takes long to load.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    version = _read_version(connection)
    if version == _COPYING:
        raise UnfinishedCopy
    if version is not None and version not in {
        script.revision for script in ScriptDirectory.from_config(config).walk_revisions()
    }:
        raise StoreTooNew(f"it stands at version {version}, this one knows up to {HEAD}; upgrade agentmesh-dagster")
    command.upgrade(config, "head")
    if connection.dialect.name == "sqlite" and connection.execute(text("PRAGMA foreign_key_check")).first():
        raise UnfitDatabase("its tables refer to rows that are not there; restore a backup")
