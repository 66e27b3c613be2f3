"""Triggers: which workflows wait for what, what has arrived for them, and which run came of it.

Whatever arrives is noted for each trigger that waits for it, in the same transaction. So a trigger gets what came
while it was there, exactly once, and nobody has to look through what came before.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, delete, func, insert, or_, select, update

from agentmesh_dagster.entities.json_values import JsonValue, as_object, check_json, write_json
from agentmesh_dagster.entities.models import EventType, Kind, RunStatus, Trigger
from agentmesh_dagster.errors import InvalidValue
from agentmesh_dagster.graph.triggers import key_triggers
from agentmesh_dagster.specs import TRIGGER_SPECS
from agentmesh_dagster.specs.trigger_spec import Arrival
from agentmesh_dagster.store.awaited_events import lock_event_name, next_position
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.events import record_audit
from agentmesh_dagster.store.insert_new import insert_new
from agentmesh_dagster.store.tables import (
    asset_looks,
    deliveries,
    entities,
    events,
    job_names,
    posted_events,
    runs,
    triggers,
)

DELIVERIES = uuid.UUID("5b0d6c3e-8f57-5f0c-9a55-1d8f7f7b3c21")
_LONGEST_NAME = 255  # characters
_GIVEN_UP_AFTER = timedelta(minutes=10)  # then another Dagster instance may take over what one has asked for
_LEFT_AFTER = timedelta(minutes=1)  # then another code location of the same instance may

_END_OF = {
    EventType.RUN_COMPLETED: RunStatus.SUCCEEDED,
    EventType.RUN_FAILED: RunStatus.FAILED,
    EventType.RUN_CANCELED: RunStatus.CANCELED,
}


class DeliveryState(StrEnum):
    WAITING = "waiting"  # no sensor has looked at it
    REQUESTED = "requested"  # Dagster was asked for a run
    LAUNCHED = "launched"  # there is one
    DECLINED = "declined"  # the trigger's condition was false
    FAILED = "failed"  # it cannot become a run
    SKIPPED = "skipped"  # as many runs of the workflow were open as its `concurrency` allows
    JOINED = "joined"  # it is part of the run of another delivery, or another came in its place
    MISSED = "missed"  # it came while the trigger was switched off, or the trigger went away before a sensor looked


@dataclass(frozen=True)
class Asker:
    """Who asks Dagster for a run: of several code locations, instances and daemons one does it."""

    instance_id: str  # of the Dagster instance that is asked
    location: str  # the code location


class InvalidEvent(InvalidValue):
    """An event has a name and an id, of 1 to 255 characters each."""


@dataclass(frozen=True)
class Delivery:
    """Something that arrived for one trigger."""

    id: str
    state: DeliveryState
    arrived_at: datetime
    requested_at: datetime | None
    source: str  # what arrived, as a sentence names it
    event: JsonValue  # what the trigger sees as `context.event`
    run_id: str | None
    reason: str | None  # why no run came of it


def receive_event(tx: Connection, name: str, event_id: str, body: JsonValue, by: str, *, via: str = "code") -> bool:
    """Takes a posted event in, for all triggers that wait for its name, and for one wait; False: this id came before.

    Then nothing happens, whatever the body. Raises InvalidEvent, InvalidJson.
    """
    check_event(name, event_id, body)
    lock_event_name(tx, name)
    moment, position = now(tx), next_position(tx, name)
    posted = {"body": body, "posted_at": moment, "posted_by": by, "position": position}
    if not insert_new(tx, posted_events, name=name, event_id=event_id, **posted):
        return False
    record_audit(tx, type=EventType.EVENT_RECEIVED, by=by, via=via, payload={"name": name, "eventId": event_id})
    waiting = select(triggers).where(triggers.c.kind == "event", triggers.c.source == name)
    _deliver(tx, waiting, moment, event_name=name, event_id=event_id)
    return True


def check_event(name: str, event_id: str, body: JsonValue) -> None:
    """Raises InvalidEvent, InvalidJson."""
    for text in (name, event_id):
        if not text.strip() or len(text) > _LONGEST_NAME:
            raise InvalidEvent(f"this has {write_json(text[: _LONGEST_NAME + 1])}")
    check_json([name, event_id, body])


def deliver_run_end(tx: Connection, run_id: str, workflow_id: str, event_type: EventType) -> None:
    """Notes the end of a run, whose event was just recorded, for all triggers that wait for it.

    The caller holds the run's lock.
    """
    waiting = select(triggers).where(
        triggers.c.kind == "run",
        triggers.c.source == workflow_id,
        triggers.c.status == _END_OF[event_type].value,
    )
    if tx.execute(waiting.limit(1)).first() is None:
        return
    own = select(events.c.id).where(events.c.run_id == run_id, events.c.type == event_type.value)
    ended_id = tx.execute(own.order_by(events.c.id.desc()).limit(1)).scalar_one()
    _deliver(tx, waiting, now(tx), ended_id=ended_id)


def _deliver(tx: Connection, waiting: Select[Any], moment: datetime, **what: JsonValue) -> None:
    for row in tx.execute(waiting).mappings().all():
        identity = write_json([row["workflow_id"], row["trigger"], *what.values()])
        tx.execute(
            insert(deliveries).values(
                id=str(uuid.uuid5(DELIVERIES, identity)),
                workflow_id=row["workflow_id"],
                trigger=row["trigger"],
                arrived_at=moment,
                state=DeliveryState.WAITING.value,
                **what,
            )
        )


def index_triggers(tx: Connection, workflow_id: str, given: Sequence[Trigger]) -> None:
    """Writes down what a workflow waits for from now on; what has arrived for a trigger that goes is missed."""
    moment = now(tx)
    rows = tx.execute(select(triggers).where(triggers.c.workflow_id == workflow_id)).mappings()
    before = {(row["trigger"], row["source"]): row["enabled_at"] for row in rows}
    wanted = {
        key: (trigger, TRIGGER_SPECS[trigger.type].when(trigger))
        for key, trigger in zip(key_triggers(given), given, strict=True)
    }
    gone = {key for key, _ in before} - wanted.keys()
    if gone:
        waiting = and_(
            deliveries.c.workflow_id == workflow_id,
            deliveries.c.trigger.in_(gone),
            deliveries.c.state == DeliveryState.WAITING.value,
        )
        values = {"state": DeliveryState.MISSED.value, "reason": "The trigger was removed."}
        tx.execute(update(deliveries).where(waiting).values(values))
        tx.execute(delete(asset_looks).where(asset_looks.c.workflow_id == workflow_id, asset_looks.c.trigger.in_(gone)))
    tx.execute(delete(triggers).where(triggers.c.workflow_id == workflow_id))
    for key, (trigger, when) in wanted.items():
        # Times that change are new ones: what the old ones have missed is over.
        source = when.source if isinstance(when, Arrival) else f"{when.cron} {when.timezone}"
        tx.execute(
            insert(triggers).values(
                workflow_id=workflow_id,
                trigger=key,
                kind=trigger.type,
                source=source,
                status=when.status if isinstance(when, Arrival) else None,
                enabled_at=(before.get((key, source)) or moment) if trigger.enabled else None,
            )
        )


def find_enabled_at(connection: Connection, workflow_id: str, trigger: str) -> datetime | None:
    """Since when the document has the trigger enabled; None: it has not."""
    query = select(triggers.c.enabled_at).where(triggers.c.workflow_id == workflow_id, triggers.c.trigger == trigger)
    return connection.execute(query).scalar_one_or_none()


def list_due_deliveries(
    connection: Connection, workflow_id: str, trigger: str, asker: Asker, *, limit: int
) -> list[str]:
    """Ids of what has arrived for a trigger and has no run yet, as far as it is the asker's to launch.

    In the order in which they came; one that was asked for stands behind what had come by then. So one that never
    succeeds does not hold up the others.
    """
    is_new = deliveries.c.state == DeliveryState.WAITING.value
    moment = now(connection)
    is_left = or_(deliveries.c.asked_by == asker.location, deliveries.c.requested_at < moment - _LEFT_AFTER)
    is_ours = or_(
        and_(deliveries.c.instance_id == asker.instance_id, is_left),
        deliveries.c.requested_at < moment - _GIVEN_UP_AFTER,
    )
    query = select(deliveries.c.id).where(
        deliveries.c.workflow_id == workflow_id,
        deliveries.c.trigger == trigger,
        # Said first, since it leads to the few by an index: most were launched long ago.
        deliveries.c.state.in_([DeliveryState.WAITING.value, DeliveryState.REQUESTED.value]),
        or_(is_new, is_ours),
    )
    since = func.coalesce(deliveries.c.requested_at, deliveries.c.arrived_at)
    return [row.id for row in connection.execute(query.order_by(since, deliveries.c.id).limit(limit))]


def get_delivery(connection: Connection, delivery_id: str) -> Delivery:
    """One delivery; it must be there."""
    joined = (
        deliveries.outerjoin(
            posted_events,
            and_(
                posted_events.c.name == deliveries.c.event_name,
                posted_events.c.event_id == deliveries.c.event_id,
            ),
        )
        .outerjoin(events, events.c.id == deliveries.c.ended_id)
        .outerjoin(runs, runs.c.id == events.c.run_id)
        .outerjoin(job_names, job_names.c.job_name == runs.c.job_name)
        .outerjoin(entities, and_(entities.c.kind == Kind.WORKFLOW.value, entities.c.id == runs.c.workflow_id))
    )
    query = select(
        deliveries,
        posted_events.c.body,
        events.c.run_id.label("ended_run_id"),
        events.c.type.label("ended_type"),
        events.c.payload.label("ended_payload"),
        runs.c.workflow_id.label("ended_workflow_id"),
        runs.c.input.label("ended_input"),
        # The name that it had then; a job with a host project's prefix says only which workflow it was.
        func.coalesce(job_names.c.name, entities.c.name).label("ended_workflow_name"),
    )
    row = connection.execute(query.select_from(joined).where(deliveries.c.id == delivery_id)).mappings().one()
    return Delivery(
        id=row["id"],
        state=DeliveryState(row["state"]),
        arrived_at=row["arrived_at"],
        requested_at=row["requested_at"],
        source=_name_source(row),
        event=_describe_source(row),
        run_id=row["run_id"],
        reason=row["reason"],
    )


def _name_source(row: RowMapping) -> str:
    if row["version"] is not None:
        made = as_object(row["version"])
        return f"version of `{' '.join(str(made[name]) for name in ('key', 'partition') if made[name] is not None)}`"
    return f"event `{row['event_id']}`" if row["ended_id"] is None else f"end of run `{row['ended_run_id']}`"


def _describe_source(row: RowMapping) -> JsonValue:
    if row["version"] is not None:
        return row["version"]
    return row["body"] if row["ended_id"] is None else _describe_end(row)


def _describe_end(row: RowMapping) -> JsonValue:
    payload = row["ended_payload"]
    return {
        "runId": row["ended_run_id"],
        "workflowId": row["ended_workflow_id"],
        "workflowName": row["ended_workflow_name"],
        "status": _END_OF[EventType(row["ended_type"])].value,
        "input": row["ended_input"],
        "output": payload.get("output"),
        "error": payload.get("error"),
    }


def request_delivery(tx: Connection, delivery: Delivery, asker: Asker) -> bool:
    """Notes that the asker asks for the run; False when another one does, or there is one."""
    unchanged = and_(
        deliveries.c.id == delivery.id,
        deliveries.c.state == delivery.state.value,
        deliveries.c.requested_at.is_(None)
        if delivery.requested_at is None
        else deliveries.c.requested_at == delivery.requested_at,
    )
    asked = tx.execute(
        update(deliveries)
        .where(unchanged)
        .values(
            state=DeliveryState.REQUESTED.value,
            instance_id=asker.instance_id,
            asked_by=asker.location,
            requested_at=now(tx),
        )
    )
    return asked.rowcount == 1


def join_deliveries(tx: Connection, joined: Collection[str], leader_id: str, reason: str) -> None:
    """Notes that these have no run of their own: they are part of another's, or that one came in their place."""
    is_waiting = and_(deliveries.c.id.in_(joined), deliveries.c.state == DeliveryState.WAITING.value)
    values = {"state": DeliveryState.JOINED.value, "joined_id": leader_id, "reason": reason}
    tx.execute(update(deliveries).where(is_waiting).values(values))


def replace_deliveries(tx: Connection, replaced: Collection[str], last_id: str, reason: str) -> None:
    """Notes that the last of their burst came in place of these, and of those in whose place one of these had come."""
    join_deliveries(tx, replaced, last_id, reason)
    gone = select(deliveries.c.id).where(deliveries.c.id.in_(replaced), deliveries.c.joined_id == last_id)
    had_joined = deliveries.c.joined_id.in_(tx.execute(gone).scalars().all())
    tx.execute(update(deliveries).where(had_joined).values(joined_id=last_id))


def list_joined(connection: Connection, leader_id: str) -> list[Delivery]:
    """What is part of the run of another delivery, in the order in which it came."""
    query = select(deliveries.c.id).where(deliveries.c.joined_id == leader_id)
    ids = connection.execute(query.order_by(deliveries.c.arrived_at, deliveries.c.id)).scalars().all()
    return [get_delivery(connection, identity) for identity in ids]


def close_delivery(tx: Connection, delivery_id: str, state: DeliveryState, reason: str | None) -> None:
    """No run comes of it: declined, failed or missed."""
    is_open = and_(deliveries.c.id == delivery_id, deliveries.c.run_id.is_(None))
    tx.execute(update(deliveries).where(is_open).values(state=state.value, reason=reason))


def take_delivery(tx: Connection, delivery_id: str, run_id: str) -> bool:
    """Ties a delivery to the run that came of it; False when it is tied to another."""
    taken = tx.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, or_(deliveries.c.run_id.is_(None), deliveries.c.run_id == run_id))
        .values(state=DeliveryState.LAUNCHED.value, run_id=run_id, reason=None)
    )
    if taken.rowcount == 1:
        return True
    known = select(deliveries.c.id).where(deliveries.c.id == delivery_id)
    return tx.execute(known).first() is None  # a key that is not ours
