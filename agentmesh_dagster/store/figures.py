"""The store in figures, for whoever watches over it."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import gates, launches, runs, waits


@dataclass(frozen=True)
class Figures:
    runs: dict[RunStatus, int]  # all that are kept, each status named
    open_gates: int
    oldest_gate_seconds: float  # 0 when none is open
    unsubmitted_launches: int  # that Dagster has not taken yet
    oldest_unsubmitted_seconds: float


def read_figures(connection: Connection) -> Figures:
    """The figures at this moment."""
    moment = now(connection)
    counted = connection.execute(select(runs.c.status, func.count()).group_by(runs.c.status))
    by_status = {RunStatus(status): count for status, count in counted}
    open_gates, opened = connection.execute(
        select(func.count(), func.min(waits.c.opened_at))
        .join_from(waits, gates, gates.c.step_id == waits.c.step_id)
        .where(waits.c.state == "open")
    ).one()
    waiting, created = connection.execute(
        select(func.count(), func.min(launches.c.created_at)).where(
            launches.c.submitted_at.is_(None), launches.c.ended_at.is_(None)
        )
    ).one()
    return Figures(
        runs={status: by_status.get(status, 0) for status in RunStatus},
        open_gates=open_gates,
        oldest_gate_seconds=(moment - opened).total_seconds() if opened else 0.0,
        unsubmitted_launches=waiting,
        oldest_unsubmitted_seconds=(moment - created).total_seconds() if created else 0.0,
    )
