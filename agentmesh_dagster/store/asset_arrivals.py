"""New versions of assets as they arrive for triggers: each once, however often Dagster is asked for them."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.store.insert_new import insert_new
from agentmesh_dagster.store.tables import asset_looks, deliveries
from agentmesh_dagster.store.triggers import DELIVERIES, DeliveryState


@dataclass(frozen=True)
class ArrivedVersion:
    """A version of an asset, as Dagster has noted it."""

    number: int  # Dagster's, which grows from one to the next
    made_at: datetime
    event: JsonValue  # what triggers see as `context.event`


def find_last_version(connection: Connection, workflow_id: str, trigger: str, instance_id: str) -> int | None:
    """The number of the version up to which the trigger has been given all of a Dagster instance; None: of none yet."""
    query = select(asset_looks.c.looked_to).where(*_is_look(workflow_id, trigger, instance_id))
    return connection.execute(query).scalar_one_or_none()


def receive_versions(
    tx: Connection,
    workflow_id: str,
    trigger: str,
    instance_id: str,
    versions: Sequence[ArrivedVersion],
    *,
    looked_to: int | None,
) -> None:
    """Takes versions of an asset in for one trigger, each once; the next look begins behind `looked_to`."""
    ids = {
        str(uuid.uuid5(DELIVERIES, write_json([workflow_id, trigger, instance_id, version.number]))): version
        for version in versions
    }
    known = set(tx.execute(select(deliveries.c.id).where(deliveries.c.id.in_(ids))).scalars())
    for identity, version in ids.items():
        if identity not in known:
            insert_new(
                tx,
                deliveries,
                id=identity,
                workflow_id=workflow_id,
                trigger=trigger,
                arrived_at=version.made_at,
                state=DeliveryState.WAITING.value,
                version=version.event,
            )
    if looked_to is None:
        return
    look = {"workflow_id": workflow_id, "trigger": trigger, "instance_id": instance_id}
    if not insert_new(tx, asset_looks, **look, looked_to=looked_to):
        is_behind = asset_looks.c.looked_to < looked_to
        mine = update(asset_looks).where(*_is_look(workflow_id, trigger, instance_id), is_behind)
        tx.execute(mine.values(looked_to=looked_to))


def _is_look(workflow_id: str, trigger: str, instance_id: str) -> tuple[ColumnElement[bool], ...]:
    return (
        asset_looks.c.workflow_id == workflow_id,
        asset_looks.c.trigger == trigger,
        asset_looks.c.instance_id == instance_id,
    )
