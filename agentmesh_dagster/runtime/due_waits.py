"""Waits whose time is over: what each kind makes of that."""

from collections.abc import Callable, Mapping

from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.answers import GateClosed, expire_gate
from agentmesh_dagster.runtime.arrivals import end_if_arrived
from agentmesh_dagster.runtime.children import expire_child
from agentmesh_dagster.runtime.endings import end_wait
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.specs.nodes.wait import WaitConfig
from agentmesh_dagster.store.gates import get_gate
from agentmesh_dagster.store.runs import get_run_head, lock_run
from agentmesh_dagster.store.steps import StepEnd, read_waiting_step
from agentmesh_dagster.store.waits import Wait, WaitKind, WaitState, close_wait, find_wait

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
    plan = _load_plan(services, wait)
    with services.store.begin() as tx:
        run = lock_run(tx, wait.run_id)
        if not close_wait(tx, wait.step_id, WaitState.CLOSED, by=_CLOCK):
            return False
        step = read_waiting_step(tx, wait.step_id)
        end_wait(tx, plan, run, step.address, StepEnd(StepStatus.SUCCEEDED, step.input))
    return True


def _time_out(services: Services, wait: Wait) -> bool:
    """Nothing came in time: the step fails, or goes on with null, as its `onTimeout` says."""
    plan = _load_plan(services, wait)
    with services.store.begin() as tx:
        run = lock_run(tx, wait.run_id)
        now = find_wait(tx, wait.step_id)
        if now is None or now.state is not WaitState.OPEN:
            return False
        address = read_waiting_step(tx, wait.step_id).address
        if end_if_arrived(tx, plan, run, address, now) is not None:
            return True  # it had come in time, and nobody had looked
        close_wait(tx, wait.step_id, WaitState.EXPIRED, by=_CLOCK)
        config = plan.node_of(address).config
        goes_on = isinstance(config, WaitConfig) and config.on_timeout == "continue"
        failed = StepEnd(
            StepStatus.FAILED, error=f"It waited {now.awaited.describe()}, and nothing came.", code=FaultCode.EXPIRED
        )
        end_wait(tx, plan, run, address, StepEnd(StepStatus.SUCCEEDED) if goes_on else failed)
    return True


def _load_plan(services: Services, wait: Wait) -> Plan:
    with services.store.read() as connection:
        head = get_run_head(connection, wait.run_id)
    return load_pinned_plan(services.store, head.workflow_id, head.revision)


_ENDS: Mapping[WaitKind, Callable[[Services, Wait], bool]] = {
    WaitKind.PERSON: _expire_gate,
    WaitKind.TIMER: _end_timer,
    WaitKind.EVENT: _time_out,
    WaitKind.CALLBACK: _time_out,
    WaitKind.CHILD: expire_child,
}
