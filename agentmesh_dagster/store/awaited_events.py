"""Posted events as waits see them: in the order in which they came, and each for one wait alone.

Whoever posts an event, and whoever begins to wait for one, locks its name first. So either the wait sees the event, or
whoever posted it sees the wait.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select, update

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.store.tables import posted_events, runs, waits
from agentmesh_dagster.store.waits import Wait, WaitState, read_wait

_LOCK = 4_711_013  # PostgreSQL's advisory locks of these names
_AT_ONCE = 100


@dataclass(frozen=True)
class PostedEvent:
    id: str
    position: int  # among those of its name
    body: JsonValue


def lock_event_name(tx: Connection, name: str) -> None:
    """Until the transaction ends nobody else posts an event of this name, or begins to wait for one."""
    if tx.dialect.name == "postgresql":  # SQLite has one writer at a time
        tx.execute(select(func.pg_advisory_xact_lock(_LOCK, func.hashtext(name))))


def next_position(tx: Connection, name: str) -> int:
    """Of an event that is about to be written; the name is locked. The newest of a name is never pruned."""
    last = select(func.max(posted_events.c.position)).where(posted_events.c.name == name)
    return (tx.execute(last).scalar_one() or 0) + 1


def list_new_events(connection: Connection, wait: Wait) -> list[PostedEvent]:
    """Some of the events that no wait has taken, that came since the run began, and that the wait has not looked at;
    the earliest first.
    """
    began = select(runs.c.created_at).where(runs.c.id == wait.run_id).scalar_subquery()
    query = select(posted_events.c.event_id, posted_events.c.position, posted_events.c.body).where(
        posted_events.c.name == wait.event_name,
        posted_events.c.position > (wait.looked_to or 0),
        posted_events.c.taken_by.is_(None),
        posted_events.c.posted_at >= began,
    )
    rows = connection.execute(query.order_by(posted_events.c.position).limit(_AT_ONCE))
    return [PostedEvent(row.event_id, row.position, row.body) for row in rows]


def take_event(tx: Connection, wait: Wait, event: PostedEvent) -> bool:
    """Keeps the event for this wait alone; False when another one has it (compare-and-set)."""
    free = and_(
        posted_events.c.name == wait.event_name,
        posted_events.c.event_id == event.id,
        posted_events.c.taken_by.is_(None),
    )
    return tx.execute(update(posted_events).where(free).values(taken_by=wait.step_id)).rowcount == 1


def mark_looked(tx: Connection, wait: Wait, position: int) -> None:
    """None of the events up to this one is what the wait waits for."""
    unchanged = and_(waits.c.step_id == wait.step_id, waits.c.looked_to == (wait.looked_to or 0))
    tx.execute(update(waits).where(unchanged).values(looked_to=position))


def list_waits_to_look(connection: Connection, name: str | None = None, limit: int = 1_000) -> list[Wait]:
    """The open waits for which events have come that they have not looked at, those of longest ago first."""
    came = and_(
        posted_events.c.name == waits.c.event_name,
        posted_events.c.position > func.coalesce(waits.c.looked_to, 0),
        posted_events.c.taken_by.is_(None),
        posted_events.c.posted_at >= runs.c.created_at,
    )
    query = (
        select(waits)
        .join(runs, runs.c.id == waits.c.run_id)
        .where(
            waits.c.state == WaitState.OPEN.value,
            waits.c.event_name.is_not(None) if name is None else waits.c.event_name == name,
            select(posted_events.c.event_id).where(came).exists(),
        )
    )
    return [
        read_wait(row) for row in connection.execute(query.order_by(waits.c.opened_at, waits.c.step_id).limit(limit))
    ]
