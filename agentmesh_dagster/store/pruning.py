"""Old runs are deleted with all that is theirs; what was decided in them is kept as events.

A run may go once it has ended, nobody needs it to go on with anything, and it is not the last of its workflow.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, exists, func, or_, select, tuple_

from agentmesh_dagster.entities.models import EventType, RunStatus
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.engine import Store
from agentmesh_dagster.store.events import DEEDS, Event, record_events
from agentmesh_dagster.store.faults import in_plain_words
from agentmesh_dagster.store.tables import (
    budgets,
    callbacks,
    children,
    deliveries,
    events,
    files,
    gates,
    launches,
    materializations,
    model_calls,
    posted_events,
    runs,
    steps,
    waits,
)
from agentmesh_dagster.store.timeline import measure

_ENDS = tuple(status.value for status in RunStatus if status.is_end)
_OPEN_DELIVERIES = ("waiting", "requested")
_AT_ONCE = 500  # rows of one statement
# Who was asked what, and who did what: the audit of a run, which outlives it.
_KEPT = tuple(each.value for each in (*DEEDS, EventType.STEP_WAITING_HUMAN))


@dataclass(frozen=True)
class OldRun:
    """A run that may be deleted."""

    id: str
    created_at: datetime
    launch_ids: tuple[str, ...]  # of its Dagster runs


def find_cutoff(connection: Connection, age: timedelta) -> datetime:
    """The moment so long ago, by the database's clock."""
    return now(connection) - age


def list_old_runs(
    connection: Connection,
    before: datetime,
    instance_id: str,
    *,
    projects: frozenset[str] | None = None,
    limit: int,
    after: OldRun | None = None,
) -> list[OldRun]:
    """Runs that ended before a moment and may go, oldest first, as far as this Dagster instance launched them."""
    query = select(runs.c.id, runs.c.created_at).where(*_may_go(before, instance_id))
    if projects is not None:
        query = query.where(runs.c.project_id.in_(projects))
    if after is not None:
        query = query.where(tuple_(runs.c.created_at, runs.c.id) > tuple_(after.created_at, after.id))
    found = connection.execute(query.order_by(runs.c.created_at, runs.c.id).limit(limit)).all()
    ids: dict[str, list[str]] = {row.id: [] for row in found}
    launched = select(launches.c.run_id, launches.c.launch_id).where(launches.c.run_id.in_(ids))
    for run_id, launch_id in connection.execute(launched.order_by(launches.c.position)):
        ids[run_id].append(launch_id)
    return [OldRun(row.id, row.created_at, tuple(ids[row.id])) for row in found]


def find_launched(connection: Connection, launch_ids: Sequence[str]) -> dict[str, str]:
    """The run of each of these Dagster runs that is a launch of ours."""
    query = select(launches.c.launch_id, launches.c.run_id).where(launches.c.launch_id.in_(launch_ids))
    return {row.launch_id: row.run_id for row in connection.execute(query)}


def lock_old_runs(tx: Connection, run_ids: Sequence[str], before: datetime, instance_id: str) -> bool:
    """Locks the runs; whether all of them may still go."""
    locked = tx.execute(select(runs.c.id).where(runs.c.id.in_(run_ids)).order_by(runs.c.id).with_for_update()).all()
    # Asked again behind the lock: somebody may have gone on with one of them.
    may_go = tx.execute(select(runs.c.id).where(runs.c.id.in_(run_ids), *_may_go(before, instance_id))).all()
    return len(locked) == len(may_go) == len(run_ids)


def delete_runs(tx: Connection, run_ids: Sequence[str], *, by: str, via: str) -> None:
    """Deletes locked runs with their steps, waits, launches and events, but for the events of the audit."""
    for run_id in run_ids:
        _sum_up(tx, run_id, by=by, via=via)
    ends = select(events.c.id).where(events.c.run_id.in_(run_ids))
    tx.execute(delete(deliveries).where(or_(deliveries.c.run_id.in_(run_ids), deliveries.c.ended_id.in_(ends))))
    of_runs = select(waits.c.step_id).where(waits.c.run_id.in_(run_ids))
    tx.execute(delete(gates).where(gates.c.step_id.in_(of_runs)))
    tx.execute(delete(children).where(children.c.run_id.in_(run_ids)))
    tx.execute(delete(waits).where(waits.c.run_id.in_(run_ids)))
    tx.execute(delete(callbacks).where(callbacks.c.run_id.in_(run_ids)))
    tx.execute(delete(steps).where(steps.c.run_id.in_(run_ids)))
    tx.execute(delete(events).where(events.c.run_id.in_(run_ids), events.c.type.not_in(_KEPT)))
    spent = select(budgets.c.key).where(budgets.c.run_id.in_(run_ids))
    tx.execute(delete(model_calls).where(model_calls.c.budget_key.in_(spent)))
    tx.execute(delete(budgets).where(budgets.c.run_id.in_(run_ids)))
    tx.execute(delete(materializations).where(materializations.c.run_id.in_(run_ids)))
    tx.execute(delete(files).where(files.c.run_id.in_(run_ids)))
    tx.execute(delete(launches).where(launches.c.run_id.in_(run_ids)))
    tx.execute(delete(runs).where(runs.c.id.in_(run_ids)))


def _sum_up(tx: Connection, run_id: str, *, by: str, via: str) -> None:
    """Of a run in which something was decided an event tells what it was of: the kept ones name only the run."""
    decided = select(events.c.id).where(events.c.run_id == run_id, events.c.type.in_(_KEPT)).limit(1)
    if tx.execute(decided).first() is None:
        return
    about = select(runs.c.project_id, runs.c.workflow_id, runs.c.revision, runs.c.status).where(runs.c.id == run_id)
    run = tx.execute(about).one()
    payload = {"workflowId": run.workflow_id, "revision": run.revision, "status": run.status, "by": by, "via": via}
    recorded = [Event(EventType.RUN_PRUNED, payload)]
    record_events(tx, project_id=run.project_id, run_id=run_id, recorded=recorded)


def measure_runs(connection: Connection, run_ids: Sequence[str]) -> int:
    """How many characters the values of these runs have: the least that they take up."""
    valued = (
        (runs.c.id, [runs.c.input, runs.c.output, runs.c.error]),
        (steps.c.run_id, [steps.c.input, steps.c.output, steps.c.error]),
        (events.c.run_id, [events.c.payload]),
        (files.c.run_id, [files.c.content]),
    )
    total = 0
    for owner, values in valued:
        total += connection.execute(select(func.sum(measure(values))).where(owner.in_(run_ids))).scalar() or 0
    return total


def delete_old_arrivals(tx: Connection, before: datetime) -> tuple[int, int]:
    """Deletes some posted events that came before a moment, and some of what became of them and of ended runs.

    Counts the events and the deliveries; (0, 0): there are no more. A posted event stays while a run that it started
    is there, or may yet be started. The newest of its name stays always.
    """
    old = select(deliveries.c.id).where(*_delivered_before(before)).limit(_AT_ONCE)
    gone = tx.execute(delete(deliveries).where(deliveries.c.id.in_(old))).rowcount
    names = tx.execute(_posted_before(before).limit(_AT_ONCE)).all()
    for row in names:
        is_it = and_(posted_events.c.name == row.name, posted_events.c.event_id == row.event_id)
        tx.execute(delete(posted_events).where(is_it))
    return len(names), gone


def count_old_arrivals(connection: Connection, before: datetime) -> tuple[int, int]:
    """How many posted events and deliveries `delete_old_arrivals` would delete in all, once the old runs are gone."""
    waits = exists().where(
        deliveries.c.event_name == posted_events.c.name,
        deliveries.c.event_id == posted_events.c.event_id,
        deliveries.c.state.in_(_OPEN_DELIVERIES),
    )
    posted = (
        select(func.count()).select_from(posted_events).where(posted_events.c.posted_at < before, ~waits, ~_is_newest())
    )
    delivered = select(func.count()).select_from(deliveries).where(*_delivered_before(before))
    return connection.execute(posted).scalar_one(), connection.execute(delivered).scalar_one()


def _delivered_before(before: datetime) -> tuple[ColumnElement[bool], ...]:
    has_run = exists().where(runs.c.id == deliveries.c.run_id)
    return deliveries.c.arrived_at < before, deliveries.c.state.not_in(_OPEN_DELIVERIES), ~has_run


def _posted_before(before: datetime) -> Select[str, str]:
    has_delivery = exists().where(
        deliveries.c.event_name == posted_events.c.name, deliveries.c.event_id == posted_events.c.event_id
    )
    query = select(posted_events.c.name, posted_events.c.event_id)
    is_old = posted_events.c.posted_at < before
    return query.where(is_old, ~has_delivery, ~_is_newest()).order_by(posted_events.c.posted_at)


def _is_newest() -> ColumnElement[bool]:
    """Whether the position of the next event of its name follows from this one.

    Were it gone, positions would begin again, and a wait that has looked further would see none of those to come.
    """
    newer = posted_events.alias()
    is_newer = and_(newer.c.name == posted_events.c.name, newer.c.position > posted_events.c.position)
    return and_(posted_events.c.position.is_not(None), ~select(newer.c.event_id).where(is_newer).exists())


def vacuum_file(store: Store) -> None:
    """Gives the disk back what is free in an SQLite store's file; whoever wants to write waits meanwhile.

    Raises StoreUnavailable, also when somebody else has been writing for long. Does nothing for PostgreSQL.
    """
    if store.engine.dialect.name != "sqlite":
        return
    with in_plain_words(store.url, sqlite3.Error), store.engine.connect() as connection:
        file = cast(sqlite3.Connection, connection.connection.driver_connection)  # VACUUM is no part of a transaction
        file.execute("VACUUM").close()
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()  # until then the file is as long as before


def _may_go(before: datetime, instance_id: str) -> tuple[ColumnElement[bool], ...]:
    is_old = and_(runs.c.status.in_(_ENDS), runs.c.created_at < before, runs.c.finished_at < before)
    own = launches.c.run_id == runs.c.id
    needed = or_(launches.c.ended_at.is_(None), launches.c.instance_id != instance_id)
    awaited = exists().where(
        events.c.run_id == runs.c.id,
        deliveries.c.ended_id == events.c.id,
        deliveries.c.state.in_(_OPEN_DELIVERIES),
    )
    succeeded = RunStatus.SUCCEEDED.value
    is_last = ~_has_newer()
    is_last_good = and_(runs.c.status == succeeded, ~_has_newer(succeeded))
    return is_old, ~exists().where(own, needed), ~awaited, ~is_last, ~is_last_good


def _has_newer(status: str | None = None) -> ColumnElement[bool]:
    """Whether the workflow has a run that began later, and stands so."""
    newer = runs.alias()
    is_newer = tuple_(newer.c.created_at, newer.c.id) > tuple_(runs.c.created_at, runs.c.id)
    conditions = [newer.c.workflow_id == runs.c.workflow_id, is_newer]
    if status is not None:
        conditions.append(newer.c.status == status)
    return select(newer.c.id).where(*conditions).exists()
