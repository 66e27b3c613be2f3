"""Times of cron triggers: who asks Dagster for the run of each, and why there is none."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, RowMapping, func, select

from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.insert_new import insert_new
from agentmesh_dagster.store.tables import deliveries
from agentmesh_dagster.store.triggers import DELIVERIES, Asker, DeliveryState


@dataclass(frozen=True)
class CronTick:
    """A time of a cron trigger."""

    delivery_id: str  # follows from the trigger and the time
    scheduled_at: datetime
    is_new: bool  # nobody has asked for its run before
    is_ours: bool  # False: another one asks for its run, or there is one, or there will be none
    run_id: str | None
    reason: str | None  # why no run comes of it


def write_time(moment: datetime) -> str:
    """A time of a cron trigger as `context.event.scheduledAt` has it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def take_cron_tick(tx: Connection, workflow_id: str, trigger: str, time: datetime, asker: Asker) -> CronTick:
    """Notes that the asker asks Dagster for the run of a cron trigger at this time, unless another one has.

    Who asked may ask once more, since it may have died before Dagster had heard of it, until there is a run.
    """
    asked = {"requested_at": now(tx), "instance_id": asker.instance_id, "asked_by": asker.location}
    is_new, row = _insert_time(tx, workflow_id, trigger, time, state=DeliveryState.REQUESTED.value, **asked)
    was_ours = (row["instance_id"], row["asked_by"]) == (asker.instance_id, asker.location)
    is_open = row["state"] == DeliveryState.REQUESTED.value
    return CronTick(row["id"], time, is_new, is_new or (was_ours and is_open), row["run_id"], row["reason"])


def note_no_run(
    tx: Connection, workflow_id: str, trigger: str, time: datetime, state: DeliveryState, reason: str
) -> None:
    """Notes why no run comes of a time of a cron trigger, unless something is known of it already."""
    _insert_time(tx, workflow_id, trigger, time, state=state.value, reason=reason)


def _insert_time(
    tx: Connection, workflow_id: str, trigger: str, time: datetime, **values: object
) -> tuple[bool, RowMapping]:
    identity = str(uuid.uuid5(DELIVERIES, write_json([workflow_id, trigger, write_time(time)])))
    about = {"workflow_id": workflow_id, "trigger": trigger, "arrived_at": now(tx), "scheduled_at": time}
    is_new = insert_new(tx, deliveries, id=identity, **about, **values)
    return is_new, tx.execute(select(deliveries).where(deliveries.c.id == identity)).mappings().one()


def find_last_time(connection: Connection, workflow_id: str, trigger: str, before: datetime) -> datetime | None:
    """The newest time of a cron trigger before a moment of which something is known."""
    query = select(func.max(deliveries.c.scheduled_at)).where(
        deliveries.c.workflow_id == workflow_id, deliveries.c.trigger == trigger, deliveries.c.scheduled_at < before
    )
    return connection.execute(query).scalar_one()


def list_open_times(connection: Connection, workflow_id: str, trigger: str, asker: Asker) -> list[datetime]:
    """The times of a cron trigger for which the asker has asked Dagster, and of which no run has come; oldest first."""
    query = select(deliveries.c.scheduled_at).where(
        deliveries.c.workflow_id == workflow_id,
        deliveries.c.trigger == trigger,
        deliveries.c.state == DeliveryState.REQUESTED.value,
        deliveries.c.instance_id == asker.instance_id,
        deliveries.c.asked_by == asker.location,
        deliveries.c.scheduled_at.is_not(None),
    )
    return list(connection.execute(query.order_by(deliveries.c.scheduled_at)).scalars())
