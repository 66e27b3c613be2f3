"""Callbacks: what services post to the addresses that they were given for it."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Path

from agentmesh_dagster import wire
from agentmesh_dagster.api.continuation import continue_run
from agentmesh_dagster.api.requests import AnyBody, Asked, JsonRoute, faults
from agentmesh_dagster.entities.json_values import check_json
from agentmesh_dagster.runtime.arrivals import receive_callback

router = APIRouter(prefix="/callbacks", tags=["callbacks"], route_class=JsonRoute)  # who has an address needs no login

Token = Annotated[str, Path(description="As `context.callbacks` gave it.")]


@router.post("/{token}", status_code=202, responses=faults(404, 409))
def post_callback(
    call: Asked, token: Token, afterwards: BackgroundTasks, body: AnyBody = None
) -> wire.ReceivedCallback:
    """Gives a wait what it waits for, once; also before the run has reached it."""
    run_id = receive_callback(call.context.services, token, check_json(body))
    afterwards.add_task(continue_run, call.context, run_id)
    return wire.ReceivedCallback(is_received=True)
