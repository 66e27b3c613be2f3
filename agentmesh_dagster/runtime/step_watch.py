"""Watching a step that was given to a worker elsewhere: its lease in the store tells whether that worker lives."""

import time
from dataclasses import dataclass, field
from enum import Enum, auto

from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.errors import AgentMeshError, FaultCode
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.endings import end_attempt
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store import StoreUnavailable
from agentmesh_dagster.store.runs import lock_run
from agentmesh_dagster.store.step_leases import StepLease, find_step_lease
from agentmesh_dagster.store.steps import Claim, LeaseLost, StepEnd, step_id

_LOOKS_PER_LEASE = 6

_DONE = [status for status in StepStatus if status.is_waiting or status in (StepStatus.SUCCEEDED, StepStatus.SKIPPED)]


class WorkerDied(AgentMeshError):
    """The worker died while it executed the step."""

    code = FaultCode.WORKER_LOST


class Finding(Enum):
    FINE = auto()  # somebody is at work on it, or nobody has taken it yet
    SAFE_TO_REPEAT = auto()  # its worker died before the step began, or after it had ended
    DIED_AT_WORK = auto()  # the step may have acted on the world outside


@dataclass
class StepWatch:
    """Watches one delivery of a step, from the moment before it is given away."""

    services: Services
    run_id: str
    address: Address | None  # None: the op that closes an `each`, which claims nothing
    begins_within_seconds: float = 120.0  # a worker needs seconds to load its code and to claim the step
    _fence: int = field(init=False)  # whoever has a higher one came after this delivery
    _next_look: float = field(default=0.0, init=False)
    _silent_since: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        lease = self._find_lease()
        self._fence = lease.claim.fence if lease else 0

    def look(self, *, has_begun: bool, has_died: bool) -> Finding:
        """What has become of the step's worker, as far as the store knows. It is asked several times per lease.

        `has_begun`: a worker is known to have taken the delivery; `has_died`: it is known to be dead.
        """
        lease_seconds = self.services.settings.lease_seconds
        if time.monotonic() < self._next_look:
            return Finding.FINE
        self._next_look = time.monotonic() + lease_seconds / _LOOKS_PER_LEASE
        try:
            lease = self._find_lease()
        except StoreUnavailable:
            return Finding.FINE  # the database restarts: nobody could renew a lease
        is_taken = lease is not None and lease.claim.fence > self._fence
        if (lease is not None and lease.is_live) or not (is_taken or has_begun or has_died):
            self._silent_since = None
            return Finding.FINE
        self._silent_since = self._silent_since or time.monotonic()
        patience = lease_seconds if is_taken else self.begins_within_seconds
        if not has_died and time.monotonic() - self._silent_since < patience:
            return Finding.FINE
        if lease is None or not is_taken or lease.status in _DONE:
            return Finding.SAFE_TO_REPEAT
        return Finding.DIED_AT_WORK

    def give_up(self, plan: Plan, reason: str, *, tries_again: bool) -> bool:
        """Ends the attempt of the dead worker, which can write nothing from then on; False: it had ended it."""
        lease = self._find_lease()
        if lease is None or lease.status is not StepStatus.RUNNING:
            return lease is not None and lease.status not in _DONE
        try:
            self._end(plan, lease.claim, reason, tries_again=tries_again)
        except LeaseLost:
            return False
        return True

    def _end(self, plan: Plan, claim: Claim, reason: str, *, tries_again: bool) -> None:
        assert self.address is not None
        end = StepEnd(
            StepStatus.PENDING if tries_again else StepStatus.FAILED, error=reason, code=FaultCode.WORKER_LOST
        )
        with self.services.store.begin() as tx:
            run = lock_run(tx, self.run_id)
            end_attempt(tx, plan, run, self.address, claim, end)

    def _find_lease(self) -> StepLease | None:
        if self.address is None:
            return None
        with self.services.store.read() as connection:
            return find_step_lease(connection, step_id(self.run_id, self.address))
