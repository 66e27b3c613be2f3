"""Waits whose time is over: what each kind makes of that."""

from collections.abc import Callable, Mapping

from agentmesh_dagster.runtime.answers import GateClosed, expire_gate
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.gates import get_gate
from agentmesh_dagster.store.waits import Wait, WaitKind


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


_ENDS: Mapping[WaitKind, Callable[[Services, Wait], bool]] = {WaitKind.PERSON: _expire_gate}
