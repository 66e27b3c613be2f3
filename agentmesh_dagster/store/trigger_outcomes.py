"""What came of a trigger's times and events lately: a run, or the reason why there is none."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.store.tables import deliveries, events
from agentmesh_dagster.store.triggers import DeliveryState


@dataclass(frozen=True)
class TriggerOutcome:
    id: str
    state: DeliveryState
    arrived_at: datetime  # when it was noted
    scheduled_at: datetime | None  # a time of a cron trigger
    event_id: str | None  # a posted event
    ended_run_id: str | None  # or else the run whose end it is
    asset_key: str | None  # or else the asset of which it is a new version
    partition: str | None  # and its partition, if it has some
    run_id: str | None  # which came of it; of one that is part of another's, that one's
    reason: str | None  # why none did


def list_outcomes(connection: Connection, workflow_id: str, trigger: str, *, limit: int) -> list[TriggerOutcome]:
    """The newest of a trigger, newest first."""
    leader = deliveries.alias()
    query = (
        select(
            deliveries.c.id,
            deliveries.c.state,
            deliveries.c.arrived_at,
            deliveries.c.scheduled_at,
            deliveries.c.event_id,
            events.c.run_id.label("ended_run_id"),
            func.coalesce(deliveries.c.run_id, leader.c.run_id).label("run_id"),
            deliveries.c.reason,
            deliveries.c.version,
        )
        .select_from(
            deliveries.outerjoin(leader, leader.c.id == deliveries.c.joined_id).outerjoin(
                events, events.c.id == deliveries.c.ended_id
            )
        )
        .where(deliveries.c.workflow_id == workflow_id, deliveries.c.trigger == trigger)
        .order_by(deliveries.c.arrived_at.desc(), deliveries.c.scheduled_at.desc(), deliveries.c.id)
        .limit(limit)
    )
    return [
        TriggerOutcome(
            row.id,
            DeliveryState(row.state),
            row.arrived_at,
            row.scheduled_at,
            row.event_id,
            row.ended_run_id,
            *_name_version(row.version),
            row.run_id,
            row.reason,
        )
        for row in connection.execute(query)
    ]


def _name_version(version: JsonValue) -> tuple[str | None, str | None]:
    """Key and partition of a version of an asset."""
    made = as_object(version)
    key, partition = made.get("key"), made.get("partition")
    return key if isinstance(key, str) else None, partition if isinstance(partition, str) else None
