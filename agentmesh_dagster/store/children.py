"""Children: the runs that steps wait for, one for each such step.

What is to be started is written down in the transaction in which the step begins to wait. Whoever changes a row holds
the lock of the parent's run; the child's run is changed in transactions of its own, behind its own lock.
"""

import uuid
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, insert, or_, select, update

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.graph.address import Address, read_address
from agentmesh_dagster.store.tables import children, runs, steps, waits
from agentmesh_dagster.store.waits import WaitKind, WaitState

_NAMESPACE = uuid.UUID("3d0c9e52-8f0b-5c1e-9a5d-6c3b1f0a7e44")
_OPEN = [RunStatus.PENDING.value, RunStatus.RUNNING.value]
_ENDED = [status.value for status in RunStatus if status.is_end]


class ChildState(StrEnum):
    QUEUED = "queued"  # others go first: its turn comes when one of them has ended
    DUE = "due"  # its run is to be started, or to be continued
    STARTED = "started"


@dataclass(frozen=True)
class NewChild:
    """The run that a step asks for."""

    workflow_id: str
    input: JsonValue


@dataclass(frozen=True)
class Child:
    step_id: str  # that waits for it
    run_id: str  # of that step
    child_run_id: str
    number: int  # from 0: a step that is executed again may need another run
    workflow_id: str
    input: JsonValue
    state: ChildState


@dataclass(frozen=True)
class AbandonedRun:
    """The run of a child for which nobody waits any more."""

    child_run_id: str
    run_id: str  # of the step that it was for


@dataclass(frozen=True)
class Sibling:
    """A child whose step waits, with its step's address."""

    step_id: str
    address: Address


def name_child(step_id: str, number: int) -> str:
    """The id of a child's run: the same for whoever starts it."""
    return str(uuid.uuid5(_NAMESPACE, f"{step_id}:{number}"))


def write_child(tx: Connection, child: Child) -> None:
    """The child that a step waits for from this transaction on, in place of one that it had waited for before."""
    tx.execute(delete(children).where(children.c.step_id == child.step_id))
    tx.execute(
        insert(children).values(
            step_id=child.step_id,
            run_id=child.run_id,
            child_run_id=child.child_run_id,
            number=child.number,
            workflow_id=child.workflow_id,
            input=child.input,
            state=child.state.value,
        )
    )


def find_child(connection: Connection, step_id: str) -> Child | None:
    """The child that the step waits for, or has waited for last."""
    row = connection.execute(select(children).where(children.c.step_id == step_id)).one_or_none()
    return None if row is None else _read(row)


def set_child_state(tx: Connection, step_ids: Sequence[str], state: ChildState) -> None:
    tx.execute(update(children).where(children.c.step_id.in_(step_ids)).values(state=state.value))


def list_child_runs(connection: Connection, run_ids: Collection[str]) -> list[str]:
    """The ids of the runs that steps of these runs wait for, or have waited for last."""
    query = select(children.c.child_run_id).where(children.c.run_id.in_(run_ids))
    return list(connection.execute(query.order_by(children.c.child_run_id)).scalars())


def list_siblings(connection: Connection, run_id: str, node_id: str, *, is_queued: bool) -> Iterator[Sibling]:
    """The children that the steps of a node wait for: those whose turn has not come, or the others; by item."""
    queued = ChildState.QUEUED.value
    query = (
        select(children.c.step_id, steps.c.node_id, steps.c.path)
        .join(steps, steps.c.id == children.c.step_id)
        .join(waits, waits.c.step_id == children.c.step_id)
        .where(children.c.run_id == run_id, steps.c.node_id == node_id, waits.c.state == WaitState.OPEN.value)
        .where(children.c.state == queued if is_queued else children.c.state != queued)
        # The paths of the items of one `each` differ in a number only. There may be a thousand, which are not all read.
        .order_by(func.length(steps.c.path), steps.c.path)
    )
    return (Sibling(row.step_id, read_address(row.node_id, row.path)) for row in connection.execute(query).all())


def list_due_children(connection: Connection, run_id: str | None = None, limit: int = 200) -> list[Child]:
    """The children to be started, of all runs or of one, those that were asked for first."""
    query = _select_awaited().where(children.c.state == ChildState.DUE.value)
    return _list(connection, query, run_id, limit)


def list_ended_children(connection: Connection, run_id: str | None = None, limit: int = 200) -> list[Child]:
    """The children whose run has ended while their step still waits; `run_id`: of this parent."""
    query = _select_awaited().join(runs, runs.c.id == children.c.child_run_id)
    query = query.where(children.c.state == ChildState.STARTED.value, runs.c.status.in_(_ENDED))
    return _list(connection, query, run_id, limit)


def list_abandoned_runs(connection: Connection, run_id: str | None = None, limit: int = 200) -> list[AbandonedRun]:
    """The runs of children that go on though nobody waits for them any more; `run_id`: of this parent.

    Their step has given them up, or has asked for another run since.
    """
    is_replaced = runs.c.id != children.c.child_run_id
    is_given_up = waits.c.state.in_([WaitState.CANCELED.value, WaitState.EXPIRED.value])
    query = (
        select(runs.c.id, children.c.run_id)
        .join(children, children.c.step_id == runs.c.parent_step_id)
        .join(waits, waits.c.step_id == children.c.step_id)
        .where(runs.c.status.in_(_OPEN), or_(is_replaced, is_given_up))
        .order_by(runs.c.created_at, runs.c.id)
        .limit(limit)
    )
    if run_id is not None:
        query = query.where(children.c.run_id == run_id)
    return [AbandonedRun(row.id, row.run_id) for row in connection.execute(query)]


def list_awaited_runs(connection: Connection, run_id: str) -> list[str]:
    """The ids of the runs that were started, have not ended, and that steps of this one wait for."""
    query = _select_awaited().join(runs, runs.c.id == children.c.child_run_id)
    query = query.where(children.c.state == ChildState.STARTED.value, runs.c.status.in_(_OPEN))
    return [child.child_run_id for child in _list(connection, query, run_id, 10_000)]


def find_step_of_child(connection: Connection, child_run_id: str) -> Child | None:
    """The child whose run this is, with the step that it is for; None for a run that nobody waits for."""
    row = connection.execute(select(children).where(children.c.child_run_id == child_run_id)).one_or_none()
    return None if row is None else _read(row)


def _select_awaited() -> Select[Any]:
    is_awaited = (waits.c.kind == WaitKind.CHILD.value) & (waits.c.state == WaitState.OPEN.value)
    return select(children).join(waits, waits.c.step_id == children.c.step_id).where(is_awaited)


def _list(connection: Connection, query: Select[Any], run_id: str | None, limit: int) -> list[Child]:
    if run_id is not None:
        query = query.where(children.c.run_id == run_id)
    oldest: ColumnElement[Any] = waits.c.opened_at
    return [_read(row) for row in connection.execute(query.order_by(oldest, children.c.step_id).limit(limit))]


def _read(row: Row[Any]) -> Child:
    return Child(
        row.step_id, row.run_id, row.child_run_id, row.number, row.workflow_id, row.input, ChildState(row.state)
    )
