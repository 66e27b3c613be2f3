"""Why a workflow has no job in a code location: as that location says, for as long as it does."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, insert, select

from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.engine import Store
from agentmesh_dagster.store.tables import job_problems

_HOLDS_FOR = timedelta(days=2)  # a location that lives says it again every hour


def save_job_problems(store: Store, location: str, problems: Mapping[str, str]) -> None:
    """The problems of a location, by workflow id, in place of those that it had before."""
    with store.begin() as tx:
        tx.execute(delete(job_problems).where(job_problems.c.location == location))
        moment = now(tx)
        rows = [
            {"location": location, "workflow_id": workflow_id, "problem": problem, "reported_at": moment}
            for workflow_id, problem in problems.items()
        ]
        if rows:
            tx.execute(insert(job_problems), rows)


def list_job_problems(store: Store) -> dict[str, str]:
    """Workflow id → what its code locations say of its job, for each that has a problem in one."""
    with store.read() as connection:
        query = select(job_problems).where(job_problems.c.reported_at > now(connection) - _HOLDS_FOR)
        rows = connection.execute(query.order_by(job_problems.c.workflow_id, job_problems.c.location)).all()
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.workflow_id, []).append(row.problem)
    return {workflow_id: " ".join(dict.fromkeys(problems)) for workflow_id, problems in found.items()}
