"""The tables of Dagster's SQLite files, made in one transaction."""

import inspect
from enum import Enum, auto
from functools import cache

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData
from sqlalchemy import inspect as inspect_database

from agentmesh_dagster.extensions.dagster_internals import SqliteEventLogStorage, get_alembic_config

_VERSION = "alembic_version"


class Tables(Enum):
    """What `make_tables` found in a file."""

    FOUND = auto()  # with a revision
    MADE = auto()
    UNSTAMPED = auto()  # tables without a revision, as left by a killed process or an old Dagster; untouched


def make_tables(engine: Engine, metadata: MetaData) -> Tables:
    """Makes the tables of an empty file, stamped with Dagster's newest revision; all of them or, when killed, none."""
    with engine.connect() as connection:
        found = inspect_database(connection).get_table_names()
        if not found:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # of several processes one makes them
            inspector = inspect_database(connection)
            found = inspector.get_table_names()
            if not found:
                metadata.create_all(connection, checkfirst=False)
                MigrationContext.configure(connection).stamp(_read_scripts(), "head")
                connection.commit()
                return Tables.MADE
        if _VERSION not in found:
            return Tables.UNSTAMPED
        stamped = connection.exec_driver_sql(f"SELECT count(*) FROM {_VERSION}").scalar_one()
        return Tables.FOUND if stamped else Tables.UNSTAMPED


@cache
def _read_scripts() -> ScriptDirectory:
    # 20 ms; all three kinds of files have the same scripts.
    return ScriptDirectory.from_config(get_alembic_config(inspect.getfile(SqliteEventLogStorage)))
