"""Events: what happened, in order; ids of one run appear in rising order, so a reader that resumes misses none."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, insert, select

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventLog, EventType
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import events


@dataclass(frozen=True)
class Event:
    """An event before it is recorded."""

    type: EventType
    payload: dict[str, JsonValue]
    step_id: str | None = None


def record_events(tx: Connection, *, project_id: str, run_id: str, recorded: Sequence[Event]) -> None:
    """Adds events of one run; the caller holds the run's lock (`lock_run`), which keeps their ids in order."""
    if not recorded:
        return
    moment = now(tx)
    tx.execute(
        insert(events),
        [
            {
                "timestamp": moment,
                "project_id": project_id,
                "run_id": run_id,
                "step_id": event.step_id,
                "type": event.type.value,
                "payload": event.payload,
            }
            for event in recorded
        ],
    )


def list_events(connection: Connection, run_id: str, *, after: int = 0, limit: int = 1_000) -> list[EventLog]:
    """The events of a run with an id above `after`, oldest first."""
    rows = connection.execute(
        select(events).where(events.c.run_id == run_id, events.c.id > after).order_by(events.c.id).limit(limit)
    )
    return [_read_event(row) for row in rows.mappings()]


def _read_event(values: RowMapping) -> EventLog:
    return EventLog(
        id=values["id"],
        timestamp=values["timestamp"],
        project_id=values["project_id"],
        run_id=values["run_id"],
        step_id=values["step_id"],
        type=EventType(values["type"]),
        payload=values["payload"],
    )
