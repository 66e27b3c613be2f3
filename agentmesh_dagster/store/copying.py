"""Copy a store: every row of every table into an empty one, on the same kind of database or another."""

import hashlib
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Row, Table, Text, func, select, text

from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.errors import AgentMeshError, InvalidValue
from agentmesh_dagster.store.engine import Store
from agentmesh_dagster.store.migrate import begin_copy, end_copy
from agentmesh_dagster.store.tables import Json, catalogue, launches, metadata

_PAGE = 200  # rows
# What the database itself numbers: each such table and its key.
_COUNTED = tuple(
    (table.name, next(iter(table.primary_key.columns)).name)
    for table in metadata.sorted_tables
    if table.dialect_options["sqlite"]["autoincrement"]
)

Report = Callable[[str, int, int], None]  # table, rows copied so far, rows in all


class SameStore(InvalidValue):
    """The two stores are the same."""


class StoreNotEmpty(AgentMeshError):
    """The target holds something: copy into an empty database."""


class SourceInUse(AgentMeshError):
    """Runs of the source are at work: let them end, or cancel them; then end all processes that use it, and copy."""


class CopyDiffers(AgentMeshError):
    """The copy is not what the source holds; something wrote to it meanwhile. Empty the target, and copy again."""


@dataclass(frozen=True)
class CopiedTable:
    name: str
    rows: int
    digest: str  # SHA-256 over all values in the order of the key: the same on each kind of database


def copy_store(source: Store, target: Store, *, report: Report | None = None) -> list[CopiedTable]:
    """Copies everything as it stands at one moment, and compares both; the source is only read.

    Runs that wait for a person are copied as they wait. Until the copy is whole nobody can open the target. Raises
    SameStore, StoreNotEmpty, SourceInUse, CopyDiffers.
    """
    if source.url == target.url:
        raise SameStore
    with source.read() as connection:
        _refuse_live_launches(connection)
        with target.begin() as tx:
            _refuse_filled(tx)
            begin_copy(tx)
            tx.execute(catalogue.delete())  # its one row comes with the copy
        copied = [_copy_table(connection, target, table, report) for table in _list_tables()]
        counters = [_read_counter(connection, *counted) for counted in _COUNTED]
    with target.begin() as tx:
        for counted, value in zip(_COUNTED, counters, strict=True):
            _set_counter(tx, *counted, value)
    with target.read() as connection:
        found = [_describe(table, _read(connection, table)) for table in _list_tables()]
    if wrong := [mine.name for mine, theirs in zip(copied, found, strict=True) if mine != theirs]:
        raise CopyDiffers(", ".join(wrong))
    with target.begin() as tx:
        end_copy(tx)
    return copied


def _refuse_live_launches(connection: Connection) -> None:
    query = select(launches.c.run_id).where(launches.c.ended_at.is_(None), launches.c.parked_at.is_(None))
    if live := connection.execute(query.order_by(launches.c.run_id)).scalars().all():
        raise SourceInUse(f"{len(live)} of them, such as run `{live[0]}`")


def _refuse_filled(tx: Connection) -> None:
    for table in metadata.sorted_tables:
        filled = select(func.count()).select_from(table)
        if tx.execute(filled.where(table.c.revision > 0) if table is catalogue else filled).scalar_one():
            raise StoreNotEmpty(f"`{table.name}` has rows")


def _list_tables() -> list[Table]:
    """The tables, those that others refer to first; JSON as the text that is stored, and so SQL NULL as NULL."""
    return [
        Table(
            table.name,
            MetaData(),
            *(
                Column(
                    column.name,
                    Text() if isinstance(column.type, Json) else column.type,
                    primary_key=column.primary_key,
                )
                for column in table.c
            ),
        )
        for table in metadata.sorted_tables
    ]


def _copy_table(connection: Connection, target: Store, table: Table, report: Report | None) -> CopiedTable:
    total = connection.execute(select(func.count()).select_from(table)).scalar_one()
    done = 0

    def copy() -> Iterable[Sequence[Row[Any]]]:
        nonlocal done
        with closing(_read(connection, table)) as pages:
            for page in pages:
                with target.begin() as tx:
                    tx.execute(table.insert(), [dict(zip(table.c.keys(), row, strict=True)) for row in page])
                done += len(page)
                if report is not None:
                    report(table.name, done, total)
                yield page

    return _describe(table, copy())


def _read(connection: Connection, table: Table) -> Generator[Sequence[Row[Any]]]:
    """All rows in the order of their key, in pages."""
    query = select(table).order_by(*table.primary_key.columns)
    with connection.execute(query.execution_options(yield_per=_PAGE)) as result:
        yield from result.partitions()


def _describe(table: Table, pages: Iterable[Sequence[Row[Any]]]) -> CopiedTable:
    digest = hashlib.sha256()
    rows = 0
    for page in pages:
        rows += len(page)
        for row in page:
            values = [value.isoformat() if isinstance(value, datetime) else value for value in row]
            digest.update(write_json(values).encode())
    return CopiedTable(table.name, rows, digest.hexdigest())


def _read_counter(connection: Connection, table: str, column: str) -> int:
    """The last number that the database gave, also to a row that is deleted; 0: none."""
    if connection.dialect.name == "sqlite":
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
        return connection.execute(query, {"table": table}).scalar() or 0
    sequence = connection.execute(text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": table, "c": column}).scalar_one()
    value, is_called = connection.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()
    return value if is_called else 0


def _set_counter(tx: Connection, table: str, column: str, value: int) -> None:
    if value and tx.dialect.name == "sqlite":
        tx.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table})
        tx.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:t, :v)"), {"t": table, "v": value})
    elif value:
        tx.execute(text("SELECT setval(pg_get_serial_sequence(:t, :c), :v)"), {"t": table, "c": column, "v": value})
