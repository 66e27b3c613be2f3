"""Workflows with triggers, and what is posted to them."""

from typing import Any

from sqlalchemy import select

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Run, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import save_checked
from agentmesh_dagster.store.runs import list_runs
from agentmesh_dagster.store.tables import deliveries
from agentmesh_dagster.store.triggers import Delivery, get_delivery, receive_event
from tests.shapes import node, workflow


def flow(identity: str, *triggers: dict[str, Any], **fields: Any) -> Workflow:
    """A workflow that gives back its input."""
    nodes = [node("start", "start"), node("end", "end", output="{{ context.input }}")]
    return workflow(identity, nodes, ["start -> end"], triggers=list(triggers), **fields)


def failing(identity: str) -> Workflow:
    nodes = [node("start", "start"), node("end", "end", output="no luck", outcome="failed")]
    return workflow(identity, nodes, ["start -> end"])


def on(name: str, **fields: Any) -> dict[str, Any]:
    return {"type": "event", "name": name, **fields}


def after(identity: str, status: str = "succeeded", **fields: Any) -> dict[str, Any]:
    return {"type": "run", "workflow": identity, "status": status, **fields}


def save(services: Services, *flows: Workflow) -> None:
    save_checked(services.store, flows, author="test")


def post(services: Services, name: str, event_id: str, body: JsonValue = None) -> bool:
    with services.store.begin() as tx:
        return receive_event(tx, name, event_id, body, by="ann", via="test")


def read_deliveries(services: Services, workflow_id: str) -> list[Delivery]:
    """What has arrived for a workflow, oldest first."""
    query = select(deliveries.c.id).where(deliveries.c.workflow_id == workflow_id)
    with services.store.read() as connection:
        ids = connection.execute(query.order_by(deliveries.c.arrived_at, deliveries.c.event_id)).scalars()
        return [get_delivery(connection, identity) for identity in ids]


def states(services: Services, workflow_id: str) -> list[str]:
    return [delivery.state.value for delivery in read_deliveries(services, workflow_id)]


def runs_of(services: Services, workflow_id: str) -> list[Run]:
    """Oldest first."""
    with services.store.read() as connection:
        return list_runs(connection, workflow_id=workflow_id, limit=10_000)[::-1]
