"""Waits whose time is over: what each kind makes of that."""

from collections.abc import Callable, Mapping

from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.runtime.answers import GateClosed, expire_gate
from agentmesh_dagster.runtime.endings import end_wait
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.gates import get_gate
from agentmesh_dagster.store.runs import get_run_head, lock_run
from agentmesh_dagster.store.steps import StepEnd, read_waiting_step
from agentmesh_dagster.store.waits import Wait, WaitKind, WaitState, close_wait

_CLOCK = "clock"  # who ends a wait that is over


def end_due_wait(services: Services, wait: Wait) -> bool:
    """Ends a wait whose time is over, with all that follows; False when somebody else was faster."""
    return _ENDS[wait.kind](services, wait)


def _expire_gate(services: Services, wait: Wait) -> bool:
    with services.store.read() as connection:
        gate = get_gate(connection, wait.step_id)
    try:
        expire_gate(services, gate)
    except GateClosed:
        return False
    return True


def _end_timer(services: Services, wait: Wait) -> bool:
    """The time has come: the step's input goes on unchanged."""
    with services.store.read() as connection:
        head = get_run_head(connection, wait.run_id)
    plan = load_pinned_plan(services.store, head.workflow_id, head.revision)
    with services.store.begin() as tx:
        run = lock_run(tx, wait.run_id)
        if not close_wait(tx, wait.step_id, WaitState.CLOSED, by=_CLOCK):
            return False
        step = read_waiting_step(tx, wait.step_id)
        end_wait(tx, plan, run, step.address, StepEnd(StepStatus.SUCCEEDED, step.input))
    return True


_ENDS: Mapping[WaitKind, Callable[[Services, Wait], bool]] = {
    WaitKind.PERSON: _expire_gate,
    WaitKind.TIMER: _end_timer,
}
