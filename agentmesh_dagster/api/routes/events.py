"""Events: what others report to us, and who did what."""

import uuid
from typing import Annotated

from fastapi import BackgroundTasks, Header

from agentmesh_dagster import wire
from agentmesh_dagster.api.continuation import give_event_to_waits
from agentmesh_dagster.api.requests import (
    Administrator,
    AnyBody,
    Asked,
    Cursor,
    Editor,
    Limit,
    PathName,
    ProjectFilter,
    TypeFilter,
    build_router,
)
from agentmesh_dagster.entities.models import EventLog, Id
from agentmesh_dagster.store.events import page_audit
from agentmesh_dagster.store.triggers import receive_event

router = build_router("/events", "events")


@router.post("/{name}", status_code=202)
def post_event(
    call: Asked,
    editor: Editor,
    name: PathName,
    afterwards: BackgroundTasks,
    body: AnyBody = None,
    idempotency_key: Annotated[Id | None, Header(description="Sent again, it starts nothing again.")] = None,
) -> wire.ReceivedEvent:
    """Reports an event: workflows with an event trigger of this name start, exactly once for each event, and of the
    steps that wait for it one goes on."""
    event_id = idempotency_key or str(uuid.uuid4())
    with call.context.services.store.begin() as tx:
        is_new = receive_event(tx, name, event_id, body, by=editor.name, via=editor.via)
    if is_new:
        # It is kept, whatever becomes of this: the sensor follows up.
        afterwards.add_task(give_event_to_waits, call.context, name)
    return wire.ReceivedEvent(event_id=event_id, is_new=is_new)


@router.get("")
def list_audit(
    call: Asked,
    administrator: Administrator,  # noqa: ARG001
    event_type: TypeFilter = None,
    project_id: ProjectFilter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> wire.PageOf[EventLog]:
    """Who did what, newest first."""
    with call.context.services.store.read() as connection:
        page = page_audit(connection, types=event_type or (), project_id=project_id, limit=limit, cursor=cursor)
    return wire.PageOf[EventLog](items=list(page.items), next_cursor=page.next_cursor)
