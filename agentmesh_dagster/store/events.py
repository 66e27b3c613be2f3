"""Events: what happened, in order; ids of one run appear in rising order, so a reader that resumes misses none."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, func, insert, select, union_all

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventLog, EventType, RunStatus
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.cutting import cut_fields, measure
from agentmesh_dagster.store.pages import Page, cut_page, read_cursor, read_number, write_cursor
from agentmesh_dagster.store.tables import events, runs
from agentmesh_dagster.store.told import TOLD, Event, Told

DEEDS = (
    EventType.RUN_CANCELED,
    EventType.RUN_PRUNED,
    EventType.GATE_ANSWERED,
    EventType.STEP_EDITED,
    EventType.ENTITY_SAVED,
    EventType.ENTITY_DELETED,
    EventType.DRAFT_DISCARDED,
    EventType.EVENT_RECEIVED,
    EventType.TOOL_TRIED,
    EventType.AGENT_TRIED,
    EventType.LOGIN_SUCCEEDED,
    EventType.LOGIN_FAILED,
    EventType.USER_SAVED,
    EventType.USER_DELETED,
    EventType.TOKEN_CREATED,
    EventType.TOKEN_REVOKED,
    EventType.HOOK_CREATED,
    EventType.HOOK_ROTATED,
    EventType.HOOK_DELETED,
)


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
    tx.info.setdefault(TOLD, []).append(Told(run_id, project_id, moment, recorded))


def record_audit(
    tx: Connection,
    *,
    type: EventType,  # noqa: A002
    by: str,
    via: str,
    payload: dict[str, JsonValue],
    project_id: str | None = None,
) -> None:
    """Adds who did what, of no run; `by` and `via` (how they came) go into the payload. No secrets in it."""
    tx.execute(
        insert(events).values(
            timestamp=now(tx), project_id=project_id, type=type.value, payload={**payload, "by": by, "via": via}
        )
    )


def list_events(connection: Connection, run_id: str, *, after: int = 0, limit: int = 1_000) -> list[EventLog]:
    """The events of a run with an id above `after`, oldest first."""
    rows = connection.execute(
        select(events).where(events.c.run_id == run_id, events.c.id > after).order_by(events.c.id).limit(limit)
    )
    return [_read_event(row) for row in rows.mappings()]


def list_events_of_types(
    connection: Connection, run_ids: Collection[str], types: Collection[EventType]
) -> list[EventLog]:
    """The events of these types of some runs, oldest first."""
    wanted = [each.value for each in types]
    query = select(events).where(events.c.run_id.in_(run_ids), events.c.type.in_(wanted)).order_by(events.c.id)
    return [_read_event(row) for row in connection.execute(query).mappings()]


def page_events(
    connection: Connection, run_id: str, *, after: int, limit: int, max_chars: int | None = None
) -> Page[EventLog]:
    """One page of a run's events with an id above `after`, oldest first; the cursor is the last id as text.

    Fields of payloads with more than `max_chars` characters are left out.
    """
    query = select(events.c.id, measure([events.c.payload]).label("size"))
    query = query.where(events.c.run_id == run_id, events.c.id > after).order_by(events.c.id)
    found = connection.execute(query.limit(limit + 1)).all()
    shown = found[: cut_page([row.size for row in found], limit)]
    items = tuple(_cut(each, max_chars) for each in list_events(connection, run_id, after=after, limit=len(shown)))
    return Page(items, str(shown[-1].id) if len(found) > len(shown) else None)


def page_audit(
    connection: Connection,
    *,
    types: Sequence[EventType] = (),
    project_id: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[EventLog]:
    """One page of who did what, newest first: events of these types, else all that tell of a person's deed.

    Raises InvalidCursor.
    """
    wanted = [each.value for each in types or DEEDS]
    query = select(events.c.id).order_by(events.c.id.desc()).limit(limit + 1)
    if project_id is not None:
        query = query.where(events.c.project_id == project_id)
    if cursor is not None:
        query = query.where(events.c.id < read_number(read_cursor(cursor, 1)[0]))
    # Type by type, each along its index: such deeds are few among the events of runs.
    newest = union_all(*(select(query.where(events.c.type == each).subquery()) for each in dict.fromkeys(wanted)))
    found = select(events).where(events.c.id.in_(newest)).order_by(events.c.id.desc()).limit(limit + 1)
    rows = connection.execute(found).mappings().all()
    shown = [_read_event(row) for row in rows[:limit]]
    return Page(tuple(shown), write_cursor((str(shown[-1].id),)) if len(rows) > limit else None)


@dataclass(frozen=True)
class RunTail:
    """How far a run has come."""

    status: RunStatus
    last_event: int  # its id; 0 before the first


def read_tails(connection: Connection, run_ids: Collection[str]) -> dict[str, RunTail]:
    """How far these runs have come, by run id; an unknown one is left out."""
    last = select(func.max(events.c.id)).where(events.c.run_id == runs.c.id).scalar_subquery()
    rows = connection.execute(select(runs.c.id, runs.c.status, last).where(runs.c.id.in_(run_ids)))
    return {run_id: RunTail(RunStatus(status), last_id or 0) for run_id, status, last_id in rows}


def _cut(event: EventLog, max_chars: int | None) -> EventLog:
    if max_chars is None:
        return event
    payload, cut = cut_fields(event.payload, max_chars)
    return event.model_copy(update={"payload": payload, "cut": cut}) if cut else event


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
