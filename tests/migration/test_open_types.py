"""Migrations of a store that is in use: what waits goes on waiting."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError

from agentmesh_dagster.store import close_stores, open_store
from agentmesh_dagster.store.address import read_url
from agentmesh_dagster.store.migrations import FOLDER

MOMENT = "2026-11-01 12:00:00.000000"

WAITING: list[tuple[str, dict[str, Any]]] = [
    (
        "agentmesh_runs",
        {"id": "run", "workflow_id": "w", "project_id": "p", "job_name": "w", "revision": 1, "status": "running"}
        | {"input": "{}", "created_at": MOMENT, "launched_by": "ann"},
    ),
    (
        "agentmesh_steps",
        {"id": "step", "run_id": "run", "node_id": "ask", "node_type": "human_approval", "status": "waiting_human"}
        | {"attempt": 1, "fence": 3, "input": '{"a": 1.50}', "parent_step_ids": "[]", "started_at": MOMENT},
    ),
    (
        "agentmesh_gates",
        {"step_id": "step", "run_id": "run", "state": "open", "instructions": "Is it right?", "assignees": "[]"}
        | {"payload": '"x"', "opened_at": MOMENT},
    ),
    (
        "agentmesh_gate_history",
        {"step_id": "step", "position": 0, "state": "expired", "instructions": "?", "assignees": "[]"}
        | {"opened_at": MOMENT},
    ),
    ("agentmesh_triggers", {"workflow_id": "w", "trigger": "event:1:paid", "kind": "event", "source": "paid"}),
]


def upgrade(engine: Engine, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def add(engine: Engine, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


def read_waiting(engine: Engine) -> list[dict[str, Any]]:
    """The rows of `WAITING`, as far as they are written there and their columns still are."""
    with engine.connect() as connection:
        rows = [connection.execute(text(f"SELECT * FROM {table}")).mappings().one() for table, _ in WAITING]
    given = [written for _, written in WAITING]
    return [{name: row[name] for name in names if name in row} for row, names in zip(rows, given, strict=True)]


@pytest.fixture
def old(fresh_url: str) -> Iterator[Engine]:
    """A store of version 0009 in which a gate waits."""
    address = read_url(fresh_url)
    if address.drivername == "sqlite":
        Path(address.database or "").parent.mkdir()
    engine = create_engine(address)
    try:
        upgrade(engine, "0009")
        for table, row in WAITING:
            add(engine, table, row)
        yield engine
    finally:
        engine.dispose()
        close_stores()


def test_types_of_nodes_and_triggers_are_open_and_what_waits_is_kept(old: Engine, fresh_url: str):
    step = {**WAITING[1][1], "id": "later", "node_id": "later", "node_type": "delay"}
    trigger = {**WAITING[4][1], "trigger": "mail:1", "kind": "mail"}
    for table, row in (("agentmesh_steps", step), ("agentmesh_triggers", trigger)):
        with pytest.raises(IntegrityError, match="is_known"):
            add(old, table, row)
    waiting = read_waiting(old)

    engine = open_store(fresh_url).engine

    found = read_waiting(engine)
    assert found == [{name: row[name] for name in kept} for row, kept in zip(waiting, found, strict=True)]
    assert found[2] == {name: WAITING[2][1][name] for name in ("step_id", "instructions", "assignees", "payload")}
    step = {**step, "path": ""}
    add(engine, "agentmesh_steps", step)
    add(engine, "agentmesh_triggers", trigger)
    with pytest.raises(IntegrityError, match="status_is_known"):
        add(engine, "agentmesh_steps", {**step, "id": "odd", "node_id": "odd", "status": "odd"})
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        add(engine, "agentmesh_steps", {**step, "id": "lost", "node_id": "lost", "run_id": "none"})
