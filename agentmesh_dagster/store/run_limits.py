"""Run limits: how many runs of a workflow may be open at once, which have a place, and which wait for one.

Whoever gives a run its place holds the lock of the limit (`lock_run_limit`), taken before that of any run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, insert, select, update

from agentmesh_dagster.entities.models import Concurrency, OnLimit, RunStatus
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import deliveries, launches, run_limits, runs

_NOW = timedelta(seconds=0.1)
_IS_ABOUT_TO_COME = timedelta(minutes=1)  # then Dagster is asked again, or was stopped


@dataclass(frozen=True)
class RunLimit:
    max_runs: int
    on_limit: OnLimit


def index_run_limit(tx: Connection, workflow_id: str, concurrency: Concurrency | None) -> None:
    """Writes down the limit of a workflow, as its newest revision says it; None: any number of runs."""
    tx.execute(delete(run_limits).where(run_limits.c.workflow_id == workflow_id))
    if concurrency is not None:
        values = {"max_runs": concurrency.max, "on_limit": concurrency.on_limit.value}
        tx.execute(insert(run_limits).values(workflow_id=workflow_id, **values))


def lock_run_limit(tx: Connection, workflow_id: str) -> RunLimit | None:
    """The limit, locked until the transaction ends; None: there is none."""
    query = select(run_limits).where(run_limits.c.workflow_id == workflow_id)
    row = tx.execute(query.with_for_update()).one_or_none()
    return None if row is None else RunLimit(row.max_runs, OnLimit(row.on_limit))


def list_open_runs(connection: Connection, workflow_id: str, *, but: str | None = None) -> list[str]:
    """Ids of the runs of a workflow that have a place, oldest first, without the one that asks."""
    query = select(runs.c.id).where(runs.c.workflow_id == workflow_id, _has_place())
    if but is not None:
        query = query.where(runs.c.id != but)
    return list(connection.execute(query.order_by(runs.c.created_at, runs.c.id)).scalars())


def has_queued_run(connection: Connection, workflow_id: str, instance_id: str, *, but: str | None = None) -> bool:
    """Whether a run of this Dagster instance waits for a place."""
    query = _select_queued(instance_id).where(runs.c.workflow_id == workflow_id, _is_in_line(connection))
    if but is not None:
        query = query.where(runs.c.id != but)
    return connection.execute(query.limit(1)).first() is not None


def list_queued_runs(connection: Connection, workflow_id: str, instance_id: str) -> list[str]:
    """Ids of the runs of a workflow that this Dagster instance launched and that wait for a place, in their order."""
    query = _select_queued(instance_id).where(runs.c.workflow_id == workflow_id, _is_in_line(connection))
    return [row.id for row in connection.execute(query.order_by(runs.c.queued_at, runs.c.id))]


def list_free_workflows(connection: Connection, instance_id: str, projects: Sequence[str] | None = None) -> list[str]:
    """Ids of the workflows of which a run of this Dagster instance waits for a place although there is one."""
    queued = _select_queued(instance_id).with_only_columns(runs.c.workflow_id).distinct()
    queued = queued.where(_is_in_line(connection))
    if projects is not None:
        queued = queued.where(runs.c.project_id.in_(projects))
    waiting = list(connection.execute(queued.order_by(runs.c.workflow_id)).scalars())
    return [workflow_id for workflow_id in waiting if count_places(connection, workflow_id) != 0]


def count_places(connection: Connection, workflow_id: str) -> int | None:
    """How many more runs of a workflow may be open; None: any number.

    What its triggers have just asked Dagster for counts as open: it is about to come.
    """
    query = select(run_limits.c.max_runs).where(run_limits.c.workflow_id == workflow_id)
    most = connection.execute(query).scalar_one_or_none()
    if most is None:
        return None
    has_come = select(func.count()).select_from(runs).where(runs.c.workflow_id == workflow_id, _has_place())
    return max(0, most - connection.execute(has_come).scalar_one() - count_requested(connection, workflow_id))


def count_requested(connection: Connection, workflow_id: str) -> int:
    """How many runs of a workflow its triggers have just asked Dagster for that are not there yet."""
    requested = and_(
        deliveries.c.workflow_id == workflow_id,
        deliveries.c.state == "requested",
        deliveries.c.requested_at > now(connection) - _IS_ABOUT_TO_COME,
    )
    return connection.execute(select(func.count()).where(requested)).scalar_one()


def is_queued(connection: Connection, run_id: str) -> bool:
    """Whether the run waits for a place."""
    query = select(runs.c.id).where(runs.c.id == run_id, _is_queued())
    return connection.execute(query).first() is not None


def find_next_turn(tx: Connection, workflow_id: str) -> datetime:
    """The moment of a run that waits for a place from now on: behind all that wait already."""
    last = select(func.max(runs.c.queued_at)).where(runs.c.workflow_id == workflow_id, _is_in_line(tx))
    before: datetime | None = tx.execute(last).scalar_one()
    return now(tx) if before is None else max(now(tx), before + timedelta(microseconds=1))


def queue_run(tx: Connection, workflow_id: str, run_id: str) -> None:
    """The run waits for a place from now on."""
    turn = find_next_turn(tx, workflow_id)
    values = {"status": RunStatus.PENDING.value, "queued_at": turn, "finished_at": None, "error": None}
    tx.execute(update(runs).where(runs.c.id == run_id).values(values))


def give_place(tx: Connection, run_id: str) -> bool:
    """The run has a place from now on; False when it waits for none any more."""
    return tx.execute(update(runs).where(runs.c.id == run_id, _is_queued()).values(queued_at=None)).rowcount == 1


def _select_queued(instance_id: str) -> Select[str]:
    first = and_(launches.c.run_id == runs.c.id, launches.c.position == 0)
    return select(runs.c.id).join(launches, first).where(launches.c.instance_id == instance_id, _is_queued())


def _is_queued() -> ColumnElement[bool]:
    return and_(runs.c.queued_at.is_not(None), runs.c.status == RunStatus.PENDING.value)


def _is_in_line(connection: Connection) -> ColumnElement[bool]:
    """Whether the run may begin now, as far as its own moment goes; those of one burst come microseconds later."""
    return and_(_is_queued(), runs.c.queued_at <= now(connection) + _NOW)


def _has_place() -> ColumnElement[bool]:
    is_open = runs.c.status.in_([RunStatus.PENDING.value, RunStatus.RUNNING.value])
    return and_(is_open, runs.c.queued_at.is_(None))
