"""Arrivals: what a step waits for comes from outside, an event or a callback; maybe before the step is reached.

What has come is kept first, and only then given to the wait: whoever dies between the two loses nothing, since
everybody can see what is left to do.
"""

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.errors import Conflict
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.expressions import Expression, ExpressionFault
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.context import read_sources, read_step_input
from agentmesh_dagster.runtime.endings import end_wait
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.awaited_events import PostedEvent, list_new_events, mark_looked, take_event
from agentmesh_dagster.store.callbacks import find_callback, find_received, receive
from agentmesh_dagster.store.runs import RunHead, get_run_head, lock_run
from agentmesh_dagster.store.steps import StepEnd, read_waiting_step
from agentmesh_dagster.store.waits import Wait, WaitKind, WaitState, close_wait, find_wait

MATCH = "event.match"


class RunIsOver(Conflict):
    """The run of this callback has ended."""


def end_if_arrived(
    tx: Connection, plan: Plan, run: RunHead, address: Address, wait: Wait, *, launch_id: str | None = None
) -> StepEnd | None:
    """Ends a wait, with all that follows, if what it waits for has come; how, or None.

    The run is locked. `launch_id`: the launch that goes on from there at once.
    """
    if wait.kind is WaitKind.EVENT:
        event = _take_event(tx, plan, run.id, address, wait)
        arrived = None if event is None else (event.body,)
        by = "" if event is None else f"event {event.id}"
    else:
        arrived, by = find_received(tx, wait.step_id), "callback"
    if arrived is None or not close_wait(tx, wait.step_id, WaitState.CLOSED, by=by, launch_id=launch_id):
        return None
    return end_wait(tx, plan, run, address, StepEnd(StepStatus.SUCCEEDED, arrived[0]))


def look_for_event(services: Services, wait: Wait) -> bool:
    """Ends a wait if the event that it waits for is among those that came since it looked last; whether it is."""
    with services.store.read() as connection:
        head = get_run_head(connection, wait.run_id)
        plan = load_pinned_plan(services.store, head.workflow_id, head.revision)
        address = read_waiting_step(connection, wait.step_id).address
        found, last = _find_event(connection, plan, wait.run_id, address, wait)
    with services.store.begin() as tx:
        if found is None:  # the usual end, where many wait for events of one name: nothing need be locked
            mark_looked(tx, wait, last)
            return False
        run = lock_run(tx, wait.run_id)
        now = find_wait(tx, wait.step_id)
        if now is None or now.state is not WaitState.OPEN:
            return False
        return end_if_arrived(tx, plan, run, address, now) is not None


def receive_callback(services: Services, token: str, body: JsonValue) -> str:
    """Keeps what was posted to a callback, and ends the wait if that is reached; returns the run's id.

    Raises CallbackNotFound, CallbackUsed, RunIsOver.
    """
    with services.store.read() as connection:
        callback = find_callback(connection, token)
        head = get_run_head(connection, callback.run_id)
    plan = load_pinned_plan(services.store, head.workflow_id, head.revision)
    with services.store.begin() as tx:
        run = lock_run(tx, callback.run_id)
        receive(tx, token, body)
        wait = find_wait(tx, callback.step_id)
        if run.status.is_end:
            raise RunIsOver(f"it is {run.status.value}")
        if wait is not None and wait.state is WaitState.OPEN:
            address = read_waiting_step(tx, callback.step_id).address
            end_if_arrived(tx, plan, run, address, wait)
    return callback.run_id


def _take_event(tx: Connection, plan: Plan, run_id: str, address: Address, wait: Wait) -> PostedEvent | None:
    """The earliest event that matches and that no other wait was faster with; it is this wait's from now on."""
    while True:
        event, last = _find_event(tx, plan, run_id, address, wait)
        if event is None:
            mark_looked(tx, wait, last)
            return None
        if take_event(tx, wait, event):
            return event


def _find_event(
    connection: Connection, plan: Plan, run_id: str, address: Address, wait: Wait
) -> tuple[PostedEvent | None, int]:
    """The earliest event that matches, and the position of the last that was looked at."""
    match = plan.node_of(address).expressions.get(MATCH)
    context: dict[str, JsonValue] | None = None
    last = wait.looked_to or 0
    while events := list_new_events(connection, wait.looking_from(last)):
        for event in events:
            if match is None:
                return event, event.position
            if context is None:
                sources = read_sources(connection, plan, run_id, address)
                context = dict(read_step_input(connection, plan, run_id, address, sources).context)
            if _is_met(match, context | {"event": event.body}):
                return event, event.position
            last = event.position
    return None, last


def _is_met(match: Expression, context: dict[str, JsonValue]) -> bool:
    """Of an event that lacks what the condition looks at it is not true."""
    try:
        return match.evaluate_condition(context)
    except ExpressionFault:
        return False
