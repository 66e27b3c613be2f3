"""Who is at work on a step, for somebody who waits for its end: its fence, and whether its lease still runs."""

from dataclasses import dataclass

from sqlalchemy import Connection, Select, or_, select

from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.steps import Claim
from agentmesh_dagster.store.tables import steps


@dataclass(frozen=True)
class StepLease:
    claim: Claim  # the newest
    status: StepStatus
    is_live: bool  # whether a worker has renewed it lately, by the database's clock


def find_step_lease(connection: Connection, step_id: str) -> StepLease | None:
    """The newest claim on a step; None as long as nobody took it."""
    columns = (steps.c.run_id, steps.c.fence, steps.c.attempt, steps.c.status, steps.c.lease_expires_at)
    row = connection.execute(select(*columns).where(steps.c.id == step_id)).one_or_none()
    if row is None:
        return None
    status = StepStatus(row.status)
    is_live = (
        status is StepStatus.RUNNING and row.lease_expires_at is not None and now(connection) < row.lease_expires_at
    )
    return StepLease(Claim(step_id, row.run_id, row.fence, row.attempt), status, is_live)


def is_at_work(connection: Connection, run_id: str, launch_id: str) -> bool:
    """Whether a worker has a step of this launch of the run in its hands."""
    running = steps.c.status == StepStatus.RUNNING.value
    lives = steps.c.lease_expires_at > now(connection)
    return connection.execute(_of_launch(run_id, launch_id).where(running, lives).limit(1)).first() is not None


def has_begun(connection: Connection, run_id: str, launch_id: str) -> bool:
    """Whether a worker ever took a step of this launch of the run."""
    # One that was made pending for the launch, and that nobody took, has no error yet; one to be tried again has.
    was_taken = or_(steps.c.status != StepStatus.PENDING.value, steps.c.error.is_not(None))
    return connection.execute(_of_launch(run_id, launch_id).where(was_taken).limit(1)).first() is not None


def _of_launch(run_id: str, launch_id: str) -> Select[tuple[str]]:
    return select(steps.c.id).where(steps.c.run_id == run_id, steps.c.launch_id == launch_id)
