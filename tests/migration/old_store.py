"""A store as the package wrote it at schema 0009, when a step had an item instead of a path and a gate no wait.

It was made with `agentmesh apply`, `run`, `answer` and `retry` of that time. Its three runs of one workflow (an `each`
whose results come to a gate) wait for a person; one of them was answered, and no launch has followed yet; one was
rejected, retried, and asks anew.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Boolean, Column, Connection, DateTime, MetaData, Table, create_engine, insert, text

from agentmesh_dagster.store.migrations import FOLDER

WAITING = "b14f60fc-61a7-4c77-9e32-d1f9ccd29ba3"
ANSWERED = "f79baf06-313c-4d03-84a0-59cca110f971"
ASKED_ANEW = "c5000ff7-987a-48ea-ad37-0fb61e1937c2"

Row = Mapping[str, Any]


def read_rows() -> Mapping[str, list[Row]]:
    """The rows by table, the tables in an order in which they may be filled."""
    return json.loads(Path(__file__).with_name("store_at_0009.json").read_text())


def make_old_store(url: str, *, instance_id: str) -> None:
    """Fills an empty database with that store, as one whose launches that Dagster instance keeps."""
    engine = create_engine(url)
    with engine.begin() as connection:
        _create_tables(connection)
        known = MetaData()
        known.reflect(connection)
        for name, rows in read_rows().items():
            connection.execute(known.tables[name].delete())
            for row in rows:
                connection.execute(insert(known.tables[name]).values(_read(known.tables[name], row, instance_id)))
        if connection.dialect.name == "postgresql":
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence('agentmesh_events', 'id'), max(id)) FROM agentmesh_events")
            )
    engine.dispose()


def _create_tables(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "0009")


def _read(table: Table, row: Row, instance_id: str) -> dict[str, Any]:
    values = {name: _read_value(table.c[name], value) for name, value in row.items()}
    return values | ({"instance_id": instance_id} if "instance_id" in values else {})


def _read_value(column: Column[Any], value: Any) -> Any:
    if value is not None and isinstance(column.type, DateTime):
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if column.type.timezone else moment
    return bool(value) if isinstance(column.type, Boolean) else value
