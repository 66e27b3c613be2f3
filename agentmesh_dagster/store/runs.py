"""Runs: what users started; `launches` has the Dagster runs of each.

Functions take a connection: a caller puts several of them into one transaction. Whoever changes a run, its steps
or its events holds the run's row lock first (`lock_run`), so that changes of one run come one after the other.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    func,
    null,
    or_,
    select,
    union,
    update,
)

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import ForkedFrom, Run, RunStatus
from agentmesh_dagster.errors import NotFound
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.cutting import leave_out_large, read_cuts
from agentmesh_dagster.store.insert_new import insert_new
from agentmesh_dagster.store.materializations import Materialization, read_materializations
from agentmesh_dagster.store.pages import Page, write_cursor, write_moment
from agentmesh_dagster.store.run_limits import find_next_turn
from agentmesh_dagster.store.steps import find_caught_runs, find_failed_runs, has_failed_for_good, was_caught
from agentmesh_dagster.store.tables import launches, materializations, runs, steps, waits
from agentmesh_dagster.store.timeline import Timeline, find_page
from agentmesh_dagster.store.waits import select_open_waits, select_waits_for_person

_IDS_AT_ONCE = 500  # in one query
_VALUES = (runs.c.input, runs.c.output, runs.c.error)  # that may be large


class RunNotFound(NotFound):
    """There is no such run."""


@dataclass(frozen=True)
class NewRun:
    id: str
    workflow_id: str
    project_id: str
    job_name: str
    revision: int
    input: JsonValue
    launched_by: str | None
    forked_from: ForkedFrom | None = None
    is_queued: bool = False  # it waits for a place
    begins_at: datetime | None = None  # of one that waits: not before
    parent_run_id: str | None = None  # of whose step this run is the work
    parent_step_id: str | None = None
    budget_keys: Sequence[str] = ()  # of the budgets of runs around it, toward which it counts too


@dataclass(frozen=True)
class RunHead:
    """What of a run decides, without its values."""

    id: str
    workflow_id: str
    project_id: str
    job_name: str
    revision: int
    status: RunStatus
    parent_run_id: str | None = None  # of whose step it is the work


def insert_run(tx: Connection, run: NewRun) -> bool:
    """Adds a run; False when it is there already, since another process wrote it at the same moment."""
    return insert_new(
        tx,
        runs,
        id=run.id,
        workflow_id=run.workflow_id,
        project_id=run.project_id,
        job_name=run.job_name,
        revision=run.revision,
        status=RunStatus.PENDING.value,
        input=run.input,
        created_at=now(tx),
        launched_by=run.launched_by,
        forked_from_run_id=run.forked_from and run.forked_from.run_id,
        forked_from_node_id=run.forked_from and run.forked_from.node_id,
        forked_from_path=run.forked_from and run.forked_from.path,
        queued_at=(run.begins_at or find_next_turn(tx, run.workflow_id)) if run.is_queued else None,
        parent_run_id=run.parent_run_id,
        parent_step_id=run.parent_step_id,
        budget_keys=list(run.budget_keys) or null(),
    )


def lock_run(tx: Connection, run_id: str) -> RunHead:
    """The run, locked until the transaction ends; RunNotFound."""
    return _read_head(tx, _select_head(run_id).with_for_update(), run_id)


def get_run_head(connection: Connection, run_id: str) -> RunHead:
    """What of a run decides; RunNotFound."""
    return _read_head(connection, _select_head(run_id), run_id)


def find_asking_run(connection: Connection, workflow_id: str, key: str, partition: str | None) -> str | None:
    """The newest run that makes this version of an asset and waits for a person; None: there is none."""
    query = (
        select(runs.c.id)
        .join(materializations, materializations.c.run_id == runs.c.id)
        .where(
            runs.c.workflow_id == workflow_id,
            runs.c.status == RunStatus.RUNNING.value,
            materializations.c.asset_key == key,
            materializations.c.partition.is_(None) if partition is None else materializations.c.partition == partition,
            runs.c.id.in_(select(select_waits_for_person().subquery().c.run_id)),
        )
        .order_by(runs.c.created_at.desc(), runs.c.id)
    )
    return connection.execute(query.limit(1)).scalar_one_or_none()


def get_launcher(connection: Connection, run_id: str) -> str | None:
    """Who, or what, launched a run."""
    return connection.execute(select(runs.c.launched_by).where(runs.c.id == run_id)).scalar_one()


def _select_head(run_id: str) -> Select[*tuple[Any, ...]]:
    decisive = (runs.c.id, runs.c.workflow_id, runs.c.project_id, runs.c.job_name, runs.c.revision, runs.c.status)
    return select(*decisive, runs.c.parent_run_id).where(runs.c.id == run_id)


def _read_head(connection: Connection, query: Select[*tuple[Any, ...]], run_id: str) -> RunHead:
    row = connection.execute(query).one_or_none()
    if row is None:
        raise RunNotFound(f"`{run_id}`")
    status = RunStatus(row.status)
    return RunHead(row.id, row.workflow_id, row.project_id, row.job_name, row.revision, status, row.parent_run_id)


def mark_run_started(tx: Connection, run_id: str) -> None:
    """A run that waits in the queue, or that ended and is re-executed, is running from now on."""
    tx.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(
            status=RunStatus.RUNNING.value,
            started_at=func.coalesce(runs.c.started_at, now(tx)),
            finished_at=None,
            error=None,
        )
    )


def mark_run_ended(
    tx: Connection, run_id: str, status: RunStatus, *, output: JsonValue = None, error: str | None = None
) -> None:
    tx.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(
            status=status.value,
            output=output if status is RunStatus.SUCCEEDED else null(),
            error=error,
            finished_at=now(tx),
        )
    )


def get_run(connection: Connection, run_id: str, *, max_chars: int | None = None) -> Run:
    """One run, without values of more than `max_chars` characters; RunNotFound."""
    query = leave_out_large(select(runs), _VALUES, max_chars).where(runs.c.id == run_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise RunNotFound(f"`{run_id}`")
    return _complete(connection, [row])[0]


@dataclass(frozen=True)
class RunFilter:
    """Which runs are wanted; None and () want all."""

    workflow_id: str | None = None
    project_id: str | None = None
    statuses: Sequence[RunStatus] = ()
    waiting: bool | None = None  # whether a step of them waits for a person
    has_failed: bool | None = None  # whether a step of them has failed, also while they wait
    has_caught: bool | None = None  # whether a step of them has failed, and they went on behind it
    parent_run_id: str | None = None  # of whose steps they are the work
    asset: str | None = None  # the key of the one that they make
    partition: str | None = None  # of that asset
    backfill_id: str | None = None  # Dagster's, that asked for them


def page_runs(
    connection: Connection,
    wanted: RunFilter,
    *,
    limit: int,
    cursor: str | None = None,
    max_chars: int | None = None,
) -> Page[Run]:
    """One page of runs, newest first; `limit` is at least 1. Raises InvalidCursor.

    Values with more than `max_chars` characters are left out.
    """
    timeline = Timeline(runs.c.id, runs.c.created_at, _VALUES, newest_first=True, max_chars=max_chars)
    query = select(runs.c.id).where(*_list_conditions(wanted))
    either = [runs.c.status == status.value for status in dict.fromkeys(wanted.statuses)]
    ids, next_cursor = find_page(connection, query, timeline, limit=limit, cursor=cursor, either=either)
    found = leave_out_large(select(runs), _VALUES, max_chars).where(runs.c.id.in_(ids))
    rows = {row["id"]: row for row in connection.execute(found).mappings()}
    return Page(tuple(_complete(connection, [rows[run_id] for run_id in ids])), next_cursor)


def _list_conditions(wanted: RunFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.workflow_id is not None:
        yield runs.c.workflow_id == wanted.workflow_id
    if wanted.project_id is not None:
        yield runs.c.project_id == wanted.project_id
    if wanted.parent_run_id is not None:
        yield runs.c.parent_run_id == wanted.parent_run_id
    if wanted.waiting is not None:
        is_waiting = select_waits_for_person().where(waits.c.run_id == runs.c.id).exists()
        yield is_waiting if wanted.waiting else ~is_waiting
    if wanted.has_failed is not None:
        failed = select(steps.c.id).where(steps.c.run_id == runs.c.id, has_failed_for_good())
        has_failed = or_(runs.c.status == RunStatus.FAILED.value, failed.exists())
        yield has_failed if wanted.has_failed else ~has_failed
    asked = {
        materializations.c.asset_key: wanted.asset,
        materializations.c.partition: wanted.partition,
        materializations.c.backfill_id: wanted.backfill_id,
    }
    if given := [column == value for column, value in asked.items() if value is not None]:
        yield select(materializations.c.run_id).where(materializations.c.run_id == runs.c.id, *given).exists()
    if wanted.has_caught is not None:
        has_caught = select(steps.c.id).where(steps.c.run_id == runs.c.id, was_caught()).exists()
        yield has_caught if wanted.has_caught else ~has_caught
    if wanted.waiting:
        yield runs.c.status == RunStatus.RUNNING.value  # follows from it, and leads to the few by an index


def list_runs(
    connection: Connection,
    *,
    workflow_id: str | None = None,
    project_id: str | None = None,
    statuses: Sequence[RunStatus] = (),
    waiting: bool = False,
    has_failed: bool = False,
    has_caught: bool = False,
    parent_run_id: str | None = None,
    asset: str | None = None,
    partition: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> list[Run]:
    """Runs, newest first; `waiting` keeps those of which a step waits for a person.

    `has_failed` keeps those of which a step has failed, also while they wait, and `has_caught` those that went on
    behind one; `before` is the id of the last one seen.
    """
    wanted = RunFilter(
        workflow_id,
        project_id,
        statuses,
        waiting or None,
        has_failed or None,
        has_caught or None,
        parent_run_id,
        asset,
        partition,
    )
    cursor = None
    if before is not None:
        last = connection.execute(select(runs.c.created_at, runs.c.id).where(runs.c.id == before)).one_or_none()
        if last is None:
            raise RunNotFound(f"`{before}`")
        cursor = write_cursor((write_moment(last.created_at), last.id))
    found: list[Run] = []
    while len(found) < limit:
        page = page_runs(connection, wanted, limit=limit - len(found), cursor=cursor)
        found += page.items
        if (cursor := page.next_cursor) is None:
            break
    return found


def list_unsettled_run_ids(connection: Connection, instance_id: str | None = None) -> list[str]:
    """Ids of the runs of which something may have to be settled with this Dagster instance, or any; oldest first.

    That is: a launch is live; or one is parked although its run has ended or gone on; or the run is open although
    no launch of it lives and no step waits. All of them: a limit would let those that stand in the queue, and need
    nothing, hide the others.
    """
    is_open = runs.c.status.in_([RunStatus.PENDING.value, RunStatus.RUNNING.value])
    is_waiting = select_open_waits().where(waits.c.run_id == runs.c.id).exists()
    unended = select(launches.c.run_id).where(launches.c.ended_at.is_(None))
    if instance_id is not None:
        unended = unended.where(launches.c.instance_id == instance_id)
    # Each of the three by an index of its own: the many runs that have ended are not read.
    unsettled = union(
        unended.where(launches.c.parked_at.is_(None)),
        select(runs.c.id).where(is_open, ~is_waiting, _launches_of(runs.c.id, instance_id).exists()),
        unended.join(runs, runs.c.id == launches.c.run_id).where(~is_open),
    )
    rows = connection.execute(select(runs.c.id).where(runs.c.id.in_(unsettled)).order_by(runs.c.created_at, runs.c.id))
    return [row.id for row in rows]


def filter_run_ids(connection: Connection, run_ids: Collection[str], projects: Collection[str]) -> set[str]:
    """Those of the runs that are of one of these projects (ids)."""
    wanted, found = list(run_ids), set[str]()
    for start in range(0, len(wanted), _IDS_AT_ONCE):
        page = wanted[start : start + _IDS_AT_ONCE]
        query = select(runs.c.id).where(runs.c.id.in_(page), runs.c.project_id.in_(list(projects)))
        found |= {row.id for row in connection.execute(query)}
    return found


def _launches_of(run_id: ColumnElement[str], instance_id: str | None) -> Select[Any]:
    query = select(launches.c.launch_id).where(launches.c.run_id == run_id)
    return query if instance_id is None else query.where(launches.c.instance_id == instance_id)


def _complete(connection: Connection, rows: Sequence[RowMapping]) -> list[Run]:
    """Runs from their rows, with the launches, forks and waiting steps of all of them in a query each."""
    ids = [row["id"] for row in rows]
    launched: dict[str, list[str]] = {run_id: [] for run_id in ids}
    waiting: dict[str, list[str]] = {run_id: [] for run_id in ids}
    forked: dict[str, list[str]] = {run_id: [] for run_id in ids}
    failed, caught = set[str](), set[str]()
    made = read_materializations(connection, ids) if ids else {}
    if ids:
        query = select(launches.c.run_id, launches.c.launch_id).where(launches.c.run_id.in_(ids))
        for run_id, launch_id in connection.execute(query.order_by(launches.c.position)):
            launched[run_id].append(launch_id)
        forks = select(runs.c.forked_from_run_id, runs.c.id).where(runs.c.forked_from_run_id.in_(ids))
        for run_id, fork_id in connection.execute(forks.order_by(runs.c.created_at, runs.c.id)):
            forked[run_id].append(fork_id)
        failed, caught = find_failed_runs(connection, ids), find_caught_runs(connection, ids)
        open_waits = select_open_waits().where(waits.c.run_id.in_(ids))
        for run_id, step_id in connection.execute(open_waits.order_by(waits.c.step_id)):
            waiting[run_id].append(step_id)
    return [
        _read_run(
            row,
            launched[row["id"]],
            waiting[row["id"]],
            forked[row["id"]],
            has_failed=row["id"] in failed,
            has_caught=row["id"] in caught,
            makes=made.get(row["id"]),
        )
        for row in rows
    ]


def _read_run(
    values: RowMapping,
    launched: list[str],
    waiting: list[str],
    forked: list[str],
    *,
    has_failed: bool,
    has_caught: bool,
    makes: Materialization | None,
) -> Run:
    return Run(
        id=values["id"],
        workflow_id=values["workflow_id"],
        project_id=values["project_id"],
        status=RunStatus(values["status"]),
        input=values["input"],
        output=values["output"],
        started_at=values["started_at"],
        finished_at=values["finished_at"],
        error=values["error"],
        revision=values["revision"],
        parent_run_id=values["parent_run_id"],
        parent_step_id=values["parent_step_id"],
        launches=launched,
        waiting_on=waiting,
        queued_at=values["queued_at"] if values["status"] == RunStatus.PENDING.value else None,
        has_failed=has_failed or values["status"] == RunStatus.FAILED.value,
        has_caught=has_caught,
        asset=makes.asked.key if makes else None,
        partition=makes.asked.partition if makes else None,
        backfill_id=makes.asked.backfill_id if makes else None,
        checks=[*(makes.verdicts or ())] if makes else [],
        forked_from=_read_forked_from(values),
        forks=forked,
        cut=read_cuts(values, _VALUES),
    )


def _read_forked_from(values: RowMapping) -> ForkedFrom | None:
    if values["forked_from_run_id"] is None:
        return None
    return ForkedFrom(
        run_id=values["forked_from_run_id"], node_id=values["forked_from_node_id"], path=values["forked_from_path"]
    )
