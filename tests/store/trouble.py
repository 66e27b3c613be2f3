"""Databases that cannot write any more: SQLite and PostgreSQL themselves raise what they raise on such a disk."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event, text

from agentmesh_dagster.store import Store


@contextmanager
def make_full(store: Store) -> Generator[None]:
    """No page more fits into the file; on PostgreSQL each write of a row fails as it does on a full disk."""
    if store.url.drivername == "sqlite":
        with _on_each_connection(store, "PRAGMA max_page_count = 1"):  # SQLite takes at least what there is
            yield
        return
    with _refuse_rows(store, "disk_full"):
        yield


@contextmanager
def make_read_only(store: Store) -> Generator[None]:
    """Nothing can be written."""
    if store.url.drivername == "sqlite":
        statement = "PRAGMA query_only = ON"
        with _on_each_connection(store, statement):
            yield
        return
    with _refuse_rows(store, "read_only_sql_transaction"):
        yield


@contextmanager
def _refuse_rows(store: Store, condition: str) -> Generator[None]:
    """PostgreSQL's own error at each write of a row."""
    with store.begin() as tx:
        refuse = f"BEGIN RAISE EXCEPTION {condition}; END"
        tx.execute(text(f"CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ {refuse} $$"))
        for table in _list_tables(tx):
            tx.execute(text(f"CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION no_room()"))
    try:
        yield
    finally:
        with store.begin() as tx:
            tx.execute(text("DROP FUNCTION no_room() CASCADE"))


def _list_tables(tx: Any) -> list[str]:
    return list(tx.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")).scalars())


@contextmanager
def _on_each_connection(store: Store, statement: str) -> Generator[None]:
    def say(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()

    event.listen(store.engine, "connect", say)
    store.engine.dispose()
    try:
        yield
    finally:
        event.remove(store.engine, "connect", say)
        store.engine.dispose()
