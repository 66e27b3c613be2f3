"""Steps: who may execute one (a claim with a fencing number), and what came of it, written once."""

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    union,
    update,
)

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Awaited, Step, StepStatus
from agentmesh_dagster.errors import Conflict, FaultCode, NotFound
from agentmesh_dagster.graph.address import Address, Item, Path, read_address, write_path
from agentmesh_dagster.graph.progress import StepState
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.cutting import leave_out_large, read_cuts
from agentmesh_dagster.store.pages import Page
from agentmesh_dagster.store.tables import UtcDateTime, children, runs, steps, waits
from agentmesh_dagster.store.timeline import Timeline, find_page

_NAMESPACE = uuid.UUID("5f0c2a3e-7d0b-5a5e-9a38-6f1f6b7b1c52")
_WAITING = [status.value for status in StepStatus if status.is_waiting]
_VALUES = (steps.c.input, steps.c.output, steps.c.error)  # that may be large


class StepNotFound(NotFound):
    """There is no such step."""


class StepIsBusy(Conflict):
    """Another worker executes this step."""


class LeaseLost(Conflict):
    """This worker has lost its lease on the step and may write nothing more."""


@dataclass(frozen=True)
class Claim:
    """The right to execute one attempt of a step, as long as nobody holds a higher fence."""

    step_id: str
    run_id: str
    fence: int
    attempt: int  # 1 for the first


@dataclass(frozen=True)
class NewStep:
    address: Address
    node_type: str
    parent_step_ids: list[str]


@dataclass(frozen=True)
class StepEnd:
    """What came of an attempt."""

    status: StepStatus
    output: JsonValue = None
    error: str | None = None
    taken: list[str] | None = None  # ids of the out-edges taken; None: all, or of a step that failed: it was not caught
    item_count: int | None = None  # of an `each`
    code: FaultCode | None = None  # why it failed
    used_fallback: bool = False  # it would have failed; the output is that of `onError`

    @property
    def is_caught(self) -> bool:
        """Whether the step has failed, and the run goes on behind it."""
        return self.status is StepStatus.FAILED and self.taken is not None

    @property
    def is_given_up(self) -> bool:
        """Whether the step has failed, and what stands around it deals with that."""
        return self.is_caught and not self.taken

    @property
    def has_failed(self) -> bool:
        """Whether the step has failed for good."""
        return self.status is StepStatus.FAILED and self.taken is None


def step_id(run_id: str, address: Address) -> str:
    """The id of a step: the same for the same run and address, so that it can be known beforehand."""
    match address.path:  # of these two shapes ids were given before there were paths, and stay as they are
        case ():
            place = ("0", "-1")
        case (Item(position),):
            place = ("0", str(position))
        case path:
            place = (write_path(path),)
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join((run_id, address.node_id, *place))))


def claim_step(
    tx: Connection,
    run_id: str,
    step: NewStep,
    *,
    input: JsonValue,  # noqa: A002
    launch_id: str,
    owner: str,
    lease_seconds: float,
) -> Claim:
    """Takes a step for one attempt; StepIsBusy while another worker's lease on it lives.

    The caller has looked: the step has not succeeded, is not skipped and does not wait.
    """
    identity = step_id(run_id, step.address)
    moment = now(tx)
    claimed = {
        "status": StepStatus.RUNNING.value,
        "input": input,
        "output": null(),
        "error": None,
        "code": None,
        "used_fallback": False,
        "parent_step_ids": step.parent_step_ids,
        "launch_id": launch_id,
        "owner": owner,
        "lease_expires_at": moment + timedelta(seconds=lease_seconds),
        "finished_at": None,
    }
    row = tx.execute(select(steps).where(steps.c.id == identity)).one_or_none()
    if row is None:
        tx.execute(
            insert(steps).values(
                id=identity,
                run_id=run_id,
                node_id=step.address.node_id,
                path=write_path(step.address.path),
                node_type=step.node_type,
                attempt=1,
                fence=1,
                started_at=moment,
                **claimed,
            )
        )
        return Claim(identity, run_id, fence=1, attempt=1)
    if row.status == StepStatus.RUNNING.value and moment < row.lease_expires_at:
        raise StepIsBusy(f"`{step.address.node_id}` by {row.owner}")
    claim = Claim(identity, run_id, fence=row.fence + 1, attempt=row.attempt + 1)
    tx.execute(
        update(steps)
        .where(steps.c.id == identity, steps.c.fence == row.fence)
        .values(attempt=claim.attempt, fence=claim.fence, **claimed)
    )
    return claim


def renew_step(tx: Connection, claim: Claim, lease_seconds: float) -> bool:
    """Puts the end of the lease off; False when the claim is lost."""
    renewed = tx.execute(
        update(steps).where(_held_by(claim)).values(lease_expires_at=now(tx) + timedelta(seconds=lease_seconds))
    )
    return renewed.rowcount == 1


def check_claim(tx: Connection, claim: Claim) -> None:
    """LeaseLost unless the claim is still the newest one."""
    if tx.execute(select(steps.c.id).where(_held_by(claim))).one_or_none() is None:
        raise LeaseLost(f"`{claim.step_id}`")


def end_step(tx: Connection, claim: Claim, end: StepEnd) -> None:
    """Writes what came of the attempt; LeaseLost when somebody else has the step by now."""
    ended = tx.execute(
        update(steps)
        .where(_held_by(claim))
        .values(
            status=end.status.value,
            output=end.output if end.status in (StepStatus.SUCCEEDED, StepStatus.FAILED) else null(),
            error=end.error,
            code=end.code,
            used_fallback=end.used_fallback,
            taken=null() if end.taken is None else end.taken,
            item_count=end.item_count,
            owner=None,
            lease_expires_at=None,
            finished_at=now(tx) if end.status.is_end else None,
        )
    )
    if ended.rowcount != 1:
        raise LeaseLost(f"`{claim.step_id}`")


def end_waiting_step(tx: Connection, identity: str, end: StepEnd) -> None:
    """Ends a step that waits, in the transaction that ends its wait."""
    tx.execute(
        update(steps)
        .where(steps.c.id == identity, steps.c.status.in_(_WAITING))
        .values(
            status=end.status.value,
            output=end.output,
            error=end.error,
            code=end.code,
            used_fallback=end.used_fallback,
            taken=null() if end.taken is None else end.taken,
            finished_at=now(tx),
        )
    )


def _held_by(claim: Claim) -> ColumnElement[bool]:
    return and_(steps.c.id == claim.step_id, steps.c.fence == claim.fence, steps.c.status == StepStatus.RUNNING.value)


def turn_failure(tx: Connection, identity: str, end: StepEnd) -> None:
    """Writes that a step, which has just failed with its worker, was caught, or has the output of its `onError`."""
    turned = {
        "status": end.status.value,
        "output": null() if end.output is None else end.output,
        "taken": null() if end.taken is None else end.taken,
        "error": end.error,
        "used_fallback": end.used_fallback,
    }
    tx.execute(update(steps).where(steps.c.id == identity).values(turned))


def insert_skipped(tx: Connection, run_id: str, skipped: Sequence[NewStep]) -> None:
    if not skipped:
        return
    moment = now(tx)
    tx.execute(
        insert(steps),
        [
            {
                "id": step_id(run_id, step.address),
                "run_id": run_id,
                "node_id": step.address.node_id,
                "path": write_path(step.address.path),
                "node_type": step.node_type,
                "status": StepStatus.SKIPPED.value,
                "parent_step_ids": step.parent_step_ids,
                "finished_at": moment,
            }
            for step in skipped
        ],
    )


def reopen_steps(tx: Connection, run_id: str, launch_id: str, chosen: Collection[Address] | None = None) -> list[str]:
    """Makes the steps that failed, or were canceled with them, pending again, for a launch that will execute them.

    What each address covers; `chosen` None means all steps. Returns their ids.
    """
    given_up = or_(has_failed_for_good(), steps.c.status == StepStatus.CANCELED.value)
    rows = tx.execute(select(steps.c.id, steps.c.node_id, steps.c.path).where(steps.c.run_id == run_id, given_up))
    ids = [
        row.id
        for row in rows
        if chosen is None or any(one.covers(read_address(row.node_id, row.path)) for one in chosen)
    ]
    _make_pending(tx, ids, launch_id)
    return ids


def reopen_given_up(tx: Connection, run_id: str, launch_id: str, given_up: Collection[Address]) -> None:
    """Makes steps pending again that failed inside of what dealt with that, and then failed itself."""
    _make_pending(tx, [step_id(run_id, step) for step in given_up], launch_id)


def remove_skipped(tx: Connection, run_id: str, skipped: Collection[Address]) -> None:
    """Takes back that steps were skipped: what stands before them is done again."""
    ids = [step_id(run_id, step) for step in skipped]
    tx.execute(delete(steps).where(steps.c.id.in_(ids), steps.c.status == StepStatus.SKIPPED.value))


def _make_pending(tx: Connection, ids: Collection[str], launch_id: str) -> None:
    tx.execute(
        update(steps)
        .where(steps.c.id.in_(ids))
        .values(
            status=StepStatus.PENDING.value,
            output=null(),
            error=None,
            code=None,
            taken=null(),
            finished_at=None,
            launch_id=launch_id,
            fence=steps.c.fence + 1,
        )
    )


def close_running_steps(
    tx: Connection,
    run_id: str,
    launch_id: str | None,
    status: StepStatus,
    error: str,
    code: FaultCode | None = None,
) -> list[str]:
    """Ends the steps that a dead or canceled launch left behind, and fences their workers off; returns their ids."""
    unended = [StepStatus.RUNNING.value, StepStatus.PENDING.value]
    left = and_(steps.c.run_id == run_id, steps.c.status.in_(unended))
    if launch_id is not None:
        left = and_(left, steps.c.launch_id == launch_id)
    ids = [row.id for row in tx.execute(select(steps.c.id).where(left).order_by(steps.c.started_at, steps.c.id))]
    tx.execute(
        update(steps)
        .where(steps.c.id.in_(ids))
        .values(
            status=status.value,
            error=error,
            code=code,
            fence=steps.c.fence + 1,
            owner=None,
            lease_expires_at=None,
            finished_at=now(tx),
        )
    )
    return ids


def read_states(
    connection: Connection,
    run_id: str,
    node_ids: Collection[str] | None = None,
    paths: Collection[Path] | None = None,
) -> dict[Address, StepState]:
    """The states of a run's steps; only of these nodes, and only at these paths, where given."""
    state = (steps.c.status, steps.c.taken, steps.c.item_count, steps.c.used_fallback)
    query = select(steps.c.node_id, steps.c.path, *state).where(steps.c.run_id == run_id)
    if node_ids is not None:
        query = query.where(steps.c.node_id.in_(node_ids))
    if paths is not None:
        query = query.where(_is_at(paths))
    rows = connection.execute(query).mappings()
    return {read_address(row["node_id"], row["path"]): read_state(row) for row in rows}


def read_state(row: Mapping[Any, Any]) -> StepState:
    """What of a step decides how its run goes on, from its row."""
    taken = None if row["taken"] is None else frozenset(row["taken"])
    return StepState(StepStatus(row["status"]), taken, row["item_count"], row["used_fallback"])


def read_outputs(
    connection: Connection, run_id: str, node_ids: Iterable[str], paths: Collection[Path] | None = None
) -> dict[Address, JsonValue]:
    """The outputs of the steps of these nodes that succeeded, or failed and were caught; only at these paths, where
    given.
    """
    query = select(steps.c.node_id, steps.c.path, steps.c.output).where(
        steps.c.run_id == run_id,
        steps.c.node_id.in_(list(node_ids)),
        or_(steps.c.status == StepStatus.SUCCEEDED.value, _is_caught()),
    )
    if paths is not None:
        query = query.where(_is_at(paths))
    return {read_address(row.node_id, row.path): row.output for row in connection.execute(query)}


def _is_at(paths: Collection[Path]) -> ColumnElement[bool]:
    return steps.c.path.in_([write_path(path) for path in paths])


def read_end(connection: Connection, identity: str) -> StepEnd:
    """How a step that has ended did so."""
    return _read_end(connection.execute(select(steps).where(steps.c.id == identity)).one())


def _read_end(row: Row[Any]) -> StepEnd:
    code = None if row.code is None else FaultCode(row.code)
    return StepEnd(StepStatus(row.status), row.output, row.error, row.taken, row.item_count, code, row.used_fallback)


def read_attempts(connection: Connection, identity: str) -> int:
    """How many attempts were made at a step."""
    return connection.execute(select(steps.c.attempt).where(steps.c.id == identity)).scalar_one_or_none() or 0


@dataclass(frozen=True)
class WaitingStep:
    address: Address
    input: JsonValue


def read_waiting_step(connection: Connection, identity: str) -> WaitingStep:
    """Which step waits, and with what it came there."""
    row = connection.execute(select(steps.c.node_id, steps.c.path, steps.c.input).where(steps.c.id == identity)).one()
    return WaitingStep(read_address(row.node_id, row.path), row.input)


@dataclass(frozen=True)
class FailedStep:
    address: Address
    error: str


def list_failures(connection: Connection, run_id: str, limit: int = 10) -> list[FailedStep]:
    """The first steps of a run that failed and were not caught."""
    query = select(steps.c.node_id, steps.c.path, steps.c.error).where(steps.c.run_id == run_id, has_failed_for_good())
    rows = connection.execute(query.order_by(steps.c.finished_at, steps.c.id).limit(limit))
    return [FailedStep(read_address(row.node_id, row.path), row.error or "failed") for row in rows]


@dataclass(frozen=True)
class GivenUp:
    """A step that failed inside of what deals with that."""

    end: StepEnd
    attempts: int


def list_given_up(connection: Connection, run_id: str, node_ids: Collection[str]) -> dict[Address, GivenUp]:
    """The steps of these nodes that failed inside of what deals with that."""
    query = select(steps).where(steps.c.run_id == run_id, steps.c.node_id.in_(list(node_ids)), _is_caught())
    rows = connection.execute(query.order_by(steps.c.finished_at, steps.c.id))
    return {read_address(row.node_id, row.path): GivenUp(_read_end(row), row.attempt) for row in rows if not row.taken}


def has_failed_for_good() -> ColumnElement[bool]:
    """Of a row of steps: it has failed, and was not caught."""
    return and_(steps.c.status == StepStatus.FAILED.value, steps.c.taken.is_(null()))


def was_caught() -> ColumnElement[bool]:
    """Of a row of steps: it has failed, or would have, and the run went on: by an edge, or with a fallback."""
    return or_(_is_caught(), steps.c.used_fallback.is_(True))


def _is_caught() -> ColumnElement[bool]:
    return and_(steps.c.status == StepStatus.FAILED.value, steps.c.taken.is_not(null()))


def _has_ended_well() -> ColumnElement[bool]:
    """What stands behind the step follows from it: it succeeded, was skipped or was caught."""
    return or_(steps.c.status.in_([StepStatus.SUCCEEDED.value, StepStatus.SKIPPED.value]), _is_caught())


def has_failed_step(connection: Connection, run_id: str) -> bool:
    """Whether a step of the run has failed, and was not caught."""
    failed = select(steps.c.id).where(steps.c.run_id == run_id, has_failed_for_good())
    return connection.execute(failed.limit(1)).first() is not None


def find_failed_runs(connection: Connection, run_ids: Collection[str]) -> set[str]:
    """Those of these runs in which a step has failed, and was not caught."""
    failed = select(steps.c.run_id).where(steps.c.run_id.in_(run_ids), has_failed_for_good())
    return {row.run_id for row in connection.execute(failed.distinct())}


def find_caught_runs(connection: Connection, run_ids: Collection[str]) -> set[str]:
    """Those of these runs in which a step has failed, and the run went on: by an edge, or with a fallback."""
    of_these = select(steps.c.run_id).where(steps.c.run_id.in_(run_ids))
    # Each by an index of its own.
    caught = union(of_these.where(_is_caught()), of_these.where(steps.c.used_fallback.is_(True)))
    return {row.run_id for row in connection.execute(caught)}


def count_ended(
    connection: Connection, run_id: str, node_ids: Collection[str] | None = None, path: Path | None = None
) -> int:
    """How many steps of these nodes, or of all, have ended well; only at this path, where given."""
    ended = select(func.count()).where(steps.c.run_id == run_id, _has_ended_well())
    if node_ids is not None:
        ended = ended.where(steps.c.node_id.in_(node_ids))
    if path is not None:
        ended = ended.where(steps.c.path == write_path(path))
    return connection.execute(ended).scalar_one()


def read_item_counts(connection: Connection, run_id: str, node_ids: Collection[str]) -> dict[str, int]:
    """Node id → number of items, of each `each` among these nodes that has ended."""
    if not node_ids:
        return {}
    counted = select(steps.c.node_id, steps.c.item_count).where(
        steps.c.run_id == run_id, steps.c.node_id.in_(node_ids), steps.c.item_count.is_not(None)
    )
    return {row.node_id: row.item_count for row in connection.execute(counted)}


def get_step(connection: Connection, identity: str) -> Step | None:
    row = connection.execute(_select_steps().where(steps.c.id == identity)).mappings().one_or_none()
    return _read_step(row) if row else None


def list_steps(connection: Connection, run_id: str) -> list[Step]:
    """The steps of a run in the order in which they started; skipped ones by when they were skipped."""
    moment = (
        steps.c.started_at.is_(None),
        steps.c.started_at,
        steps.c.finished_at,
        steps.c.node_id,
        func.length(steps.c.path),  # [9] before [10]
        steps.c.path,
    )
    return [
        _read_step(row)
        for row in connection.execute(_select_steps().where(steps.c.run_id == run_id).order_by(*moment)).mappings()
    ]


def page_steps(
    connection: Connection, run_id: str, *, limit: int, cursor: str | None = None, max_chars: int | None = None
) -> Page[Step]:
    """One page of a run's steps, by when they started or were skipped; `limit` is at least 1. Raises InvalidCursor.

    That moment never changes, so a run that goes on adds steps behind the last page only. Values with more than
    `max_chars` characters are left out.
    """
    moment = func.coalesce(steps.c.started_at, steps.c.finished_at, type_=UtcDateTime())
    timeline = Timeline(steps.c.id, moment, _VALUES, max_chars=max_chars)
    query = select(steps.c.id).where(steps.c.run_id == run_id, moment.is_not(None))
    ids, next_cursor = find_page(connection, query, timeline, limit=limit, cursor=cursor)
    found = leave_out_large(_select_steps(), _VALUES, max_chars).where(steps.c.id.in_(ids))
    rows = {row["id"]: row for row in connection.execute(found).mappings()}
    return Page(tuple(_read_step(rows[identity]) for identity in ids), next_cursor)


def _select_steps() -> Select[Any]:
    of_wait = (waits.c.kind.label("awaited"), waits.c.due_at, waits.c.event_name)
    of_child = (children.c.child_run_id, children.c.state.label("child"))
    joined = steps.join(runs, runs.c.id == steps.c.run_id).outerjoin(waits, waits.c.step_id == steps.c.id)
    joined = joined.outerjoin(children, children.c.step_id == steps.c.id)
    return select(steps, runs.c.workflow_id, *of_wait, *of_child).select_from(joined)


def _read_awaited(values: RowMapping) -> Awaited | None:
    if not StepStatus(values["status"]).is_waiting or values["awaited"] is None:
        return None
    return Awaited(kind=values["awaited"], event=values["event_name"], until=values["due_at"])


def _read_step(values: RowMapping) -> Step:
    address = read_address(values["node_id"], values["path"])
    return Step(
        id=values["id"],
        run_id=values["run_id"],
        workflow_id=values["workflow_id"],
        node_id=values["node_id"],
        node_type=values["node_type"],
        status=StepStatus(values["status"]),
        input=values["input"],
        output=values["output"],
        error=values["error"],
        code=values["code"],
        caught=values["status"] == StepStatus.FAILED.value and values["taken"] is not None,
        used_fallback=values["used_fallback"],
        started_at=values["started_at"],
        finished_at=values["finished_at"],
        parent_step_ids=values["parent_step_ids"],
        attempt=values["attempt"],
        path=values["path"],
        item_index=address.item,
        round=address.round,
        waiting_for=_read_awaited(values),
        child_run_id=values["child_run_id"] if values["child"] == "started" else None,
        taken_over_from=values["taken_from_run_id"],
        edited_by=values["edited_by"],
        cut=read_cuts(values, _VALUES),
    )
