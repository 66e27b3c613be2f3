"""Gates: what waits for a person, and the answer."""

from fastapi import BackgroundTasks

from agentmesh_dagster import wire
from agentmesh_dagster.api.continuation import continue_run, report_decision
from agentmesh_dagster.api.requests import (
    Approver,
    Asked,
    Cursor,
    HumanAnswerBody,
    Limit,
    PathId,
    ProjectFilter,
    build_router,
    faults,
    read_body,
)
from agentmesh_dagster.runtime.answers import answer_gate_as
from agentmesh_dagster.runtime.shown_gates import show_gate, show_gates
from agentmesh_dagster.store.gates import get_gate as get_stored_gate
from agentmesh_dagster.store.gates import page_open_gates

router = build_router("", "gates")


@router.get("/gates")
def list_gates(
    call: Asked, project_id: ProjectFilter = None, limit: Limit = 50, cursor: Cursor = None
) -> wire.PageOf[wire.Gate]:
    """What waits for a person, oldest first."""
    with call.context.services.store.read() as connection:
        page = page_open_gates(connection, project_id=project_id, limit=limit, cursor=cursor)
    items = show_gates(call.context.services.store, page.items)
    return wire.PageOf[wire.Gate](items=items, next_cursor=page.next_cursor)


@router.get("/gates/{id}", responses=faults(404))
def get_gate(call: Asked, identity: PathId) -> wire.Gate:
    """The gate of a step, open or closed."""
    with call.context.services.store.read() as connection:
        gate = get_stored_gate(connection, identity)
    return show_gate(call.context.services.store, gate)


@router.post("/steps/{id}/human-complete", responses=faults(404, 409))
def complete_human_step(
    call: Asked, approver: Approver, identity: PathId, body: HumanAnswerBody, afterwards: BackgroundTasks
) -> wire.Gate:
    """Answers a gate; exactly one answer is taken, and the run goes on with it."""
    wanted = read_body(wire.HumanAnswer, body)
    context = call.context
    gate = answer_gate_as(context.services, approver, identity, wanted.output)
    # The answer stands, whatever becomes of the launch: the sensor follows up.
    afterwards.add_task(continue_run, context, gate.run_id)
    afterwards.add_task(report_decision, context, gate)
    return show_gate(call.context.services.store, gate)
