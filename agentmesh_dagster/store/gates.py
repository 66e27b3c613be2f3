"""Gates: questions to a person, each tied to the step that waits for the answer."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, insert, null, or_, select, update

from agentmesh_dagster.entities.bounds import YEAR_SECONDS
from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import RunStatus, StepStatus
from agentmesh_dagster.errors import NotFound
from agentmesh_dagster.graph.address import Address, read_address
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.gate_history import keep_past_asking
from agentmesh_dagster.store.pages import Page
from agentmesh_dagster.store.tables import gates, launches, runs, steps
from agentmesh_dagster.store.timeline import Timeline, find_page

MAX_DEADLINE_SECONDS = 10 * YEAR_SECONDS


class GateState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"  # its deadline came first
    CANCELED = "canceled"  # with its run


class GateNotFound(NotFound):
    """There is no such gate."""


@dataclass(frozen=True)
class NewGate:
    """What a person is asked, with all templates filled in."""

    instructions: str
    payload: JsonValue = None
    has_payload: bool = False
    schema: dict[str, JsonValue] | None = None  # JSON Schema of the answer
    assignees: list[str] = field(default_factory=list[str])
    deadline_seconds: float | None = None
    on_deadline: str = "fail"
    notify_url: str | None = None


@dataclass(frozen=True)
class Gate:
    step_id: str
    run_id: str
    project_id: str
    workflow_id: str
    revision: int
    address: Address  # of its step
    state: GateState
    instructions: str
    payload: JsonValue
    schema: dict[str, JsonValue] | None
    assignees: list[str]
    opened_at: datetime
    deadline_at: datetime | None
    on_deadline: str | None
    notify_url: str | None
    notice_attempts: int
    answer: JsonValue
    answered_by: str | None
    answered_at: datetime | None
    answered_via: str | None
    taken_from_run_id: str | None = None  # the run whose answer this is, where another took it over
    stored_hash: str | None = None  # `seen_hash` as it was when the answer came

    @property
    def node_id(self) -> str:
        return self.address.node_id

    @property
    def seen_hash(self) -> str:
        """What the person was shown: kept with the answer."""
        return digest_shown(self.run_id, self.revision, self.instructions, self.payload)


def digest_shown(run_id: str, revision: int, instructions: str, payload: JsonValue) -> str:
    """What a person is asked about, as SHA-256 in hex: an answer holds for this run, revision and content alone."""
    return hashlib.sha256(write_json([run_id, revision, instructions, payload]).encode()).hexdigest()


def open_gate(tx: Connection, *, step_id: str, run_id: str, gate: NewGate) -> None:
    """Opens the gate of a step that is `waiting_human` from this transaction on; how it was asked before is kept."""
    keep_past_asking(tx, step_id)
    moment = now(tx)
    deadline = None if gate.deadline_seconds is None else moment + _span(gate.deadline_seconds)
    tx.execute(
        insert(gates).values(
            step_id=step_id,
            run_id=run_id,
            state=GateState.OPEN.value,
            instructions=gate.instructions,
            payload=gate.payload if gate.has_payload else null(),
            schema=null() if gate.schema is None else gate.schema,
            assignees=gate.assignees,
            opened_at=moment,
            deadline_at=deadline,
            on_deadline=gate.on_deadline if deadline else None,
            notify_url=gate.notify_url,
            notice_due_at=moment if gate.notify_url else None,
        )
    )


def _span(seconds: float) -> timedelta:
    """A deadline as far away as a calendar reaches safely; documents of old may ask for more."""
    return timedelta(seconds=min(seconds, MAX_DEADLINE_SECONDS))


def close_gate(tx: Connection, gate: Gate, state: GateState, *, answer: JsonValue, by: str, via: str) -> bool:
    """Closes an open gate with its answer; False when somebody else was first (compare-and-set)."""
    closed = tx.execute(
        update(gates)
        .where(gates.c.step_id == gate.step_id, gates.c.state == GateState.OPEN.value)
        .values(
            state=state.value,
            answer=answer,
            answered_by=by,
            answered_via=via,
            answered_at=now(tx),
            seen_hash=gate.seen_hash,
        )
    )
    return closed.rowcount == 1


def inherit_gate(tx: Connection, gate: Gate, *, to_run_id: str, step_id: str) -> None:
    """Gives a new run the answer of another, as one that it took over and that its first launch follows."""
    revision = tx.execute(select(runs.c.revision).where(runs.c.id == to_run_id)).scalar_one()
    row = dict(tx.execute(select(gates).where(gates.c.step_id == gate.step_id)).mappings().one())
    row |= {
        "step_id": step_id,
        "run_id": to_run_id,
        "launch_id": to_run_id,
        "taken_from_run_id": gate.taken_from_run_id or gate.run_id,
        "seen_hash": digest_shown(to_run_id, revision, gate.instructions, gate.payload),
        "notice_due_at": None,
    }
    tx.execute(insert(gates).values({name: null() if value is None else value for name, value in row.items()}))


def list_taken_over(connection: Connection, run_id: str) -> list[Gate]:
    """The gates of a run whose answer is another run's."""
    query = _select().where(gates.c.run_id == run_id, gates.c.taken_from_run_id.is_not(None))
    return [_read(row) for row in connection.execute(query.order_by(gates.c.step_id)).mappings()]


def take_answers(tx: Connection, run_id: str, launch_id: str) -> list[Address]:
    """Ties the answers that no launch has taken yet to this one; returns the steps of all that it takes."""
    closed = gates.c.state.in_([GateState.ANSWERED.value, GateState.EXPIRED.value])
    untaken = and_(gates.c.run_id == run_id, closed, gates.c.launch_id.is_(None))
    tx.execute(update(gates).where(untaken).values(launch_id=launch_id))
    of_launch = gates.c.launch_id == launch_id
    taken = select(steps.c.node_id, steps.c.path).join(gates, gates.c.step_id == steps.c.id).where(of_launch)
    return [read_address(row.node_id, row.path) for row in tx.execute(taken)]


def release_answers(tx: Connection, launch_id: str) -> None:
    """The launch that had taken these answers did nothing: the next takes them."""
    tx.execute(update(gates).where(gates.c.launch_id == launch_id).values(launch_id=None))


def has_untaken_answers(connection: Connection, run_id: str) -> bool:
    """Whether a gate of the run was closed since its last launch."""
    return connection.execute(_untaken().where(gates.c.run_id == run_id).limit(1)).first() is not None


def list_runs_to_resume(connection: Connection, instance_id: str) -> list[str]:
    """Ids of the open runs of a Dagster instance with a resume that it was not given, or, while none of their launches
    is live, with answers that no launch has taken, or with no launch that ever began; oldest first.

    All of them: some cannot go on before another gate is answered, and a limit would let these hide the others.
    """
    of_run = select(launches.c.launch_id).where(launches.c.run_id == runs.c.id)
    is_ours = of_run.where(launches.c.position == 0, launches.c.instance_id == instance_id).exists()
    unended = of_run.where(launches.c.ended_at.is_(None), launches.c.parked_at.is_(None))
    begun = unended.where(launches.c.submitted_at.is_(None)).exists()
    answered = _untaken().where(gates.c.run_id == runs.c.id).exists()
    waits = select(steps.c.id).where(steps.c.run_id == runs.c.id, steps.c.status == StepStatus.WAITING_HUMAN.value)
    unbegun = and_(~of_run.where(launches.c.ended_at.is_(None)).exists(), ~waits.exists())
    is_open = runs.c.status.in_([RunStatus.RUNNING.value, RunStatus.PENDING.value])
    query = select(runs.c.id).where(is_open, is_ours, or_(begun, unbegun, and_(answered, ~unended.exists())))
    return [row.id for row in connection.execute(query.order_by(runs.c.created_at, runs.c.id))]


def _untaken() -> Select[Any]:
    closed = gates.c.state.in_([GateState.ANSWERED.value, GateState.EXPIRED.value])
    return select(gates.c.step_id).where(closed, gates.c.launch_id.is_(None))


def cancel_gates(tx: Connection, run_id: str) -> None:
    """Closes all open gates of a run, and the steps that wait at them."""
    moment = now(tx)
    is_open = and_(gates.c.run_id == run_id, gates.c.state == GateState.OPEN.value)
    waiting = and_(steps.c.run_id == run_id, steps.c.status == StepStatus.WAITING_HUMAN.value)
    tx.execute(update(gates).where(is_open).values(state=GateState.CANCELED.value, answered_at=moment))
    tx.execute(update(steps).where(waiting).values(status=StepStatus.CANCELED.value, finished_at=moment))


def cancel_gate(tx: Connection, gate: Gate, reason: str) -> None:
    """Closes an open gate, and the step that waits at it, while its run goes on."""
    moment = now(tx)
    is_open = and_(gates.c.step_id == gate.step_id, gates.c.state == GateState.OPEN.value)
    canceled = {"status": StepStatus.CANCELED.value, "error": reason, "finished_at": moment}
    tx.execute(update(gates).where(is_open).values(state=GateState.CANCELED.value, answered_at=moment))
    tx.execute(update(steps).where(steps.c.id == gate.step_id).values(canceled))


def list_open_gates_of(connection: Connection, run_id: str) -> list[Gate]:
    """The gates at which a run waits."""
    query = _select().where(gates.c.run_id == run_id, gates.c.state == GateState.OPEN.value)
    return [_read(row) for row in connection.execute(query.order_by(gates.c.step_id)).mappings()]


def find_gate(connection: Connection, step_id: str) -> Gate | None:
    """The gate of a step, as it was asked last; None: nobody was asked."""
    row = connection.execute(_select().where(gates.c.step_id == step_id)).mappings().one_or_none()
    return _read(row) if row else None


def get_gate(connection: Connection, step_id: str) -> Gate:
    """The gate of a step; GateNotFound."""
    gate = find_gate(connection, step_id)
    if gate is None:
        raise GateNotFound(f"`{step_id}`")
    return gate


def was_asked(connection: Connection, step_id: str) -> bool:
    """Whether the step's gate was ever opened."""
    return connection.execute(select(gates.c.step_id).where(gates.c.step_id == step_id)).first() is not None


def list_open_gates(connection: Connection, limit: int = 1_000) -> list[Gate]:
    """The gates that wait for a person, oldest first."""
    query = _select().where(gates.c.state == GateState.OPEN.value).order_by(gates.c.opened_at, gates.c.step_id)
    return [_read(row) for row in connection.execute(query.limit(limit)).mappings()]


def page_open_gates(
    connection: Connection, *, project_id: str | None = None, limit: int, cursor: str | None = None
) -> Page[Gate]:
    """One page of the gates that wait for a person, oldest first; `limit` is at least 1. Raises InvalidCursor."""
    timeline = Timeline(gates.c.step_id, gates.c.opened_at, [gates.c.instructions, gates.c.payload])
    query = select(gates.c.step_id).where(gates.c.state == GateState.OPEN.value)
    if project_id is not None:
        query = query.join(runs, runs.c.id == gates.c.run_id).where(runs.c.project_id == project_id)
    ids, next_cursor = find_page(connection, query, timeline, limit=limit, cursor=cursor)
    rows = {row["step_id"]: row for row in connection.execute(_select().where(gates.c.step_id.in_(ids))).mappings()}
    return Page(tuple(_read(rows[identity]) for identity in ids), next_cursor)


def list_due_gates(connection: Connection, limit: int = 200) -> list[Gate]:
    """The open gates whose deadline has passed by the database's clock, oldest deadline first."""
    due = and_(gates.c.state == GateState.OPEN.value, gates.c.deadline_at <= now(connection))
    query = _select().where(due).order_by(gates.c.deadline_at, gates.c.step_id)
    return [_read(row) for row in connection.execute(query.limit(limit)).mappings()]


def list_due_notices(connection: Connection, limit: int = 100) -> list[Gate]:
    """The open gates whose webhook is to be told now."""
    due = and_(gates.c.state == GateState.OPEN.value, gates.c.notice_due_at <= now(connection))
    query = _select().where(due).order_by(gates.c.notice_due_at, gates.c.step_id)
    return [_read(row) for row in connection.execute(query.limit(limit)).mappings()]


def record_notice(tx: Connection, gate: Gate, *, again_in_seconds: float | None) -> None:
    """One more try at telling the webhook was made; None: no further one is needed, or will be made."""
    due = None if again_in_seconds is None else now(tx) + timedelta(seconds=again_in_seconds)
    tx.execute(
        update(gates)
        .where(gates.c.step_id == gate.step_id)
        .values(notice_due_at=due, notice_attempts=gates.c.notice_attempts + 1)
    )


def _select() -> Select[Any]:
    joined = gates.join(steps, steps.c.id == gates.c.step_id).join(runs, runs.c.id == gates.c.run_id)
    return select(
        gates, steps.c.node_id, steps.c.path, runs.c.workflow_id, runs.c.project_id, runs.c.revision
    ).select_from(joined)


def _read(row: RowMapping) -> Gate:
    return Gate(
        step_id=row["step_id"],
        run_id=row["run_id"],
        project_id=row["project_id"],
        workflow_id=row["workflow_id"],
        revision=row["revision"],
        address=read_address(row["node_id"], row["path"]),
        state=GateState(row["state"]),
        instructions=row["instructions"],
        payload=row["payload"],
        schema=row["schema"],
        assignees=row["assignees"],
        opened_at=row["opened_at"],
        deadline_at=row["deadline_at"],
        on_deadline=row["on_deadline"],
        notify_url=row["notify_url"],
        notice_attempts=row["notice_attempts"],
        answer=row["answer"],
        answered_by=row["answered_by"],
        answered_at=row["answered_at"],
        answered_via=row["answered_via"],
        taken_from_run_id=row["taken_from_run_id"],
        stored_hash=row["seen_hash"],
    )
