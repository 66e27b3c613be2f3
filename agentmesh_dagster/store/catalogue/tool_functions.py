"""The functions that tools may name, as the code locations know them that run them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select

from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.engine import Store
from agentmesh_dagster.store.tables import tool_functions

_STALE_AFTER = timedelta(hours=2)  # a location that lives says it again every hour
_HOLDS_FOR = timedelta(days=30)


@dataclass(frozen=True)
class FunctionInfo:
    name: str
    description: str
    input_schema: JsonObject
    output_schema: JsonObject
    problem: str | None = None  # why it cannot be called


@dataclass(frozen=True)
class ReportedFunction:
    info: FunctionInfo
    reported_at: datetime
    is_stale: bool  # its location has not said it again in time: it may be another by now, or be gone


def save_tool_functions(store: Store, location: str, functions: Sequence[FunctionInfo]) -> None:
    """The functions of a location, in place of those that it had before."""
    with store.begin() as tx:
        tx.execute(delete(tool_functions).where(tool_functions.c.location == location))
        moment = now(tx)
        if functions:
            rows = [{"location": location, "reported_at": moment, **vars(each)} for each in functions]
            tx.execute(insert(tool_functions), rows)


def list_tool_functions(store: Store) -> list[ReportedFunction]:
    """What code locations have said of late, by name; of one that several know, what was said last."""
    with store.read() as connection:
        moment = now(connection)
        query = select(tool_functions).where(tool_functions.c.reported_at > moment - _HOLDS_FOR)
        rows = connection.execute(query.order_by(tool_functions.c.name, tool_functions.c.reported_at)).all()
    newest = {row.name: row for row in rows}
    return [
        ReportedFunction(
            FunctionInfo(row.name, row.description, row.input_schema, row.output_schema, row.problem),
            row.reported_at,
            row.reported_at < moment - _STALE_AFTER,
        )
        for row in newest.values()
    ]
