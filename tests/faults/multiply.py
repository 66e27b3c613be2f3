"""Many runs that wait, quickly: the rows of one that really came to its gate, once more for each."""

import contextlib
import shutil
import sqlite3
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy import ColumnElement, Connection, Table

from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.steps import step_id
from agentmesh_dagster.store.tables import events, gates, launches, runs, steps, waits

_TABLES = ((runs, "id"), (launches, "run_id"), (steps, "run_id"), (waits, "run_id"), (events, "run_id"))


def multiply(services: Services, instance: dg.DagsterInstance, run_id: str, count: int) -> list[str]:
    """Copies of a run that waits, in the store and in Dagster; their ids. Its graph has no `each`."""
    copies = [str(uuid.uuid4()) for _ in range(count)]
    with services.store.begin() as tx:
        nodes = [row.node_id for row in tx.execute(steps.select().where(steps.c.run_id == run_id))]
        renamed = {copy: _rename(nodes, run_id, copy) for copy in copies}
        for table, of_run in _TABLES:
            _copy_rows(tx, table, table.c[of_run] == run_id, renamed)
        _copy_rows(tx, gates, gates.c.step_id.in_(_rename(nodes, run_id, run_id)), renamed)
    original = instance.get_run_by_id(run_id)
    assert original
    events_of_run = Path(instance.root_directory) / "history" / "runs"
    _write_out(events_of_run / f"{run_id}.db")
    for copy in copies:
        instance.add_run(original._replace(run_id=copy))
        shutil.copy(events_of_run / f"{run_id}.db", events_of_run / f"{copy}.db")
    return copies


def _write_out(file: Path) -> None:
    """Puts into an SQLite file what is still in the log beside it, since somebody has it open."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert not busy


def _rename(nodes: list[str], run_id: str, copy: str) -> dict[str, str]:
    return {run_id: copy} | {step_id(run_id, Address(node)): step_id(copy, Address(node)) for node in nodes}


def _copy_rows(
    tx: Connection, table: Table, is_meant: ColumnElement[bool], renamed: Mapping[str, dict[str, str]]
) -> None:
    found = tx.execute(table.select().where(is_meant).order_by(*table.primary_key)).mappings()
    for row in found.all():
        left_out = {"id"} if table is events else set[str]()
        kept = {name: value for name, value in row.items() if value is not None and name not in left_out}
        tx.execute(table.insert(), [_replace(kept, names) for names in renamed.values()])


def _replace(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _replace(part, names) for key, part in value.items()}
    if isinstance(value, list):
        return [_replace(part, names) for part in value]
    return names.get(value, value) if isinstance(value, str) else value
