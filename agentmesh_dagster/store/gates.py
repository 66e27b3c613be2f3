"""Gates: questions to a person, each the form of a wait for one."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, Table, and_, insert, null, select, update

from agentmesh_dagster.entities.gates import AskedRound, Gate, GateState
from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.errors import NotFound
from agentmesh_dagster.graph.address import Address, read_address
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.gate_history import keep_past_asking
from agentmesh_dagster.store.pages import Page
from agentmesh_dagster.store.tables import gates, runs, steps, waits
from agentmesh_dagster.store.timeline import Timeline, find_page
from agentmesh_dagster.store.waits import WaitKind, WaitState, close_wait, open_wait

_STATES = dict(zip(WaitState, GateState, strict=True))  # a wait that is closed is a gate that was answered


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


class StoredGate(Gate):
    """A gate with what the store alone needs to know of it."""

    revision: int  # that its run is pinned to
    on_deadline: str | None
    notify_url: str | None
    notice_attempts: int
    stored_hash: str | None = None  # `seen_hash` as it was when the answer came

    @property
    def address(self) -> Address:
        return read_address(self.node_id, self.path)

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
    open_wait(tx, step_id, run_id, WaitKind.PERSON, due_in_seconds=gate.deadline_seconds)
    tx.execute(
        insert(gates).values(
            step_id=step_id,
            instructions=gate.instructions,
            payload=gate.payload if gate.has_payload else null(),
            schema=null() if gate.schema is None else gate.schema,
            assignees=gate.assignees,
            on_deadline=None if gate.deadline_seconds is None else gate.on_deadline,
            notify_url=gate.notify_url,
            notice_due_at=now(tx) if gate.notify_url else None,
        )
    )


def close_gate(tx: Connection, gate: StoredGate, *, expires: bool, answer: JsonValue, by: str, via: str) -> bool:
    """Closes an open gate with its answer, maybe that of a deadline; False when somebody else was first."""
    if not close_wait(tx, gate.step_id, WaitState.EXPIRED if expires else WaitState.CLOSED, by=by):
        return False
    answered = {"answer": answer, "answered_via": via, "seen_hash": gate.seen_hash}
    tx.execute(update(gates).where(gates.c.step_id == gate.step_id).values(answered))
    return True


def inherit_gate(tx: Connection, gate: StoredGate, *, to_run_id: str, step_id: str) -> None:
    """Gives a new run the answer of another, as one that it took over and that its first launch follows."""
    revision = tx.execute(select(runs.c.revision).where(runs.c.id == to_run_id)).scalar_one()
    _copy(tx, waits, gate.step_id, {"step_id": step_id, "run_id": to_run_id, "launch_id": to_run_id})
    inherited = {
        "step_id": step_id,
        "taken_from_run_id": gate.taken_over_from or gate.run_id,
        "seen_hash": digest_shown(to_run_id, revision, gate.instructions, gate.payload),
        "notice_due_at": None,
    }
    _copy(tx, gates, gate.step_id, inherited)


def _copy(tx: Connection, table: Table, step_id: str, changed: Mapping[str, Any]) -> None:
    row = tx.execute(select(table).where(table.c.step_id == step_id)).mappings().one()
    copy = {**row, **changed}
    tx.execute(insert(table).values({name: null() if value is None else value for name, value in copy.items()}))


def list_taken_over(connection: Connection, run_id: str) -> list[StoredGate]:
    """The gates of a run whose answer is another run's."""
    query = _select().where(waits.c.run_id == run_id, gates.c.taken_from_run_id.is_not(None))
    return [_read(row) for row in connection.execute(query.order_by(gates.c.step_id)).mappings()]


def list_open_gates_of(connection: Connection, run_id: str) -> list[StoredGate]:
    """The gates at which a run waits."""
    query = _select().where(waits.c.run_id == run_id, waits.c.state == WaitState.OPEN.value)
    return [_read(row) for row in connection.execute(query.order_by(gates.c.step_id)).mappings()]


def list_answered_gates(connection: Connection, run_ids: Collection[str]) -> list[StoredGate]:
    """The gates of some runs that somebody has answered, oldest first."""
    query = _select().where(waits.c.run_id.in_(run_ids), waits.c.state == WaitState.CLOSED.value)
    return [_read(row) for row in connection.execute(query.order_by(waits.c.closed_at, gates.c.step_id)).mappings()]


def list_asked_rounds(connection: Connection, later: Collection[StoredGate]) -> dict[str, list[AskedRound]]:
    """How these gates asked in the rounds before, oldest first, by step id; those outside of loops are left out."""
    meant = [gate for gate in later if (gate.round or 1) > 1]
    if not meant:
        return {}
    of_nodes = and_(
        waits.c.run_id.in_({gate.run_id for gate in meant}), steps.c.node_id.in_({gate.node_id for gate in meant})
    )
    asked = [_read(row) for row in connection.execute(_select().where(of_nodes)).mappings()]
    found: dict[str, list[AskedRound]] = {}
    for gate in meant:
        before = [
            earlier
            for earlier in asked
            if earlier.run_id == gate.run_id and earlier.address.is_round_before(gate.address)
        ]
        before.sort(key=lambda earlier: earlier.round or 0)
        found[gate.step_id] = [_read_round(earlier) for earlier in before]
    return found


def _read_round(gate: StoredGate) -> AskedRound:
    return AskedRound(**{name: getattr(gate, name) for name in AskedRound.model_fields})


def find_gate(connection: Connection, step_id: str) -> StoredGate | None:
    """The gate of a step, as it was asked last; None: nobody was asked."""
    row = connection.execute(_select().where(gates.c.step_id == step_id)).mappings().one_or_none()
    return _read(row) if row else None


def get_gate(connection: Connection, step_id: str) -> StoredGate:
    """The gate of a step; GateNotFound."""
    gate = find_gate(connection, step_id)
    if gate is None:
        raise GateNotFound(f"`{step_id}`")
    return gate


def list_open_gates(connection: Connection, limit: int = 1_000) -> list[StoredGate]:
    """The gates that wait for a person, oldest first."""
    query = _select().where(waits.c.state == WaitState.OPEN.value).order_by(waits.c.opened_at, gates.c.step_id)
    return [_read(row) for row in connection.execute(query.limit(limit)).mappings()]


def page_open_gates(
    connection: Connection, *, project_id: str | None = None, limit: int, cursor: str | None = None
) -> Page[StoredGate]:
    """One page of the gates that wait for a person, oldest first; `limit` is at least 1. Raises InvalidCursor."""
    timeline = Timeline(gates.c.step_id, waits.c.opened_at, [gates.c.instructions, gates.c.payload])
    of_person = select(gates.c.step_id).join(waits, waits.c.step_id == gates.c.step_id)
    query = of_person.where(waits.c.state == WaitState.OPEN.value)
    if project_id is not None:
        query = query.join(runs, runs.c.id == waits.c.run_id).where(runs.c.project_id == project_id)
    ids, next_cursor = find_page(connection, query, timeline, limit=limit, cursor=cursor)
    rows = {row["step_id"]: row for row in connection.execute(_select().where(gates.c.step_id.in_(ids))).mappings()}
    return Page(tuple(_read(rows[identity]) for identity in ids), next_cursor)


def list_due_notices(connection: Connection, limit: int = 100) -> list[StoredGate]:
    """The open gates whose webhook is to be told now."""
    due = and_(waits.c.state == WaitState.OPEN.value, gates.c.notice_due_at <= now(connection))
    query = _select().where(due).order_by(gates.c.notice_due_at, gates.c.step_id)
    return [_read(row) for row in connection.execute(query.limit(limit)).mappings()]


def record_notice(tx: Connection, gate: StoredGate, *, again_in_seconds: float | None) -> None:
    """One more try at telling the webhook was made; None: no further one is needed, or will be made."""
    due = None if again_in_seconds is None else now(tx) + timedelta(seconds=again_in_seconds)
    tx.execute(
        update(gates)
        .where(gates.c.step_id == gate.step_id)
        .values(notice_due_at=due, notice_attempts=gates.c.notice_attempts + 1)
    )


def _select() -> Select[Any]:
    joined = gates.join(waits, waits.c.step_id == gates.c.step_id)
    joined = joined.join(steps, steps.c.id == waits.c.step_id).join(runs, runs.c.id == waits.c.run_id)
    of_wait = [column for column in waits.c if column.name not in ("step_id", "kind", "launch_id")]
    of_run = (runs.c.workflow_id, runs.c.project_id, runs.c.revision)
    return select(gates, *of_wait, steps.c.node_id, steps.c.path, *of_run).select_from(joined)


def _read(row: RowMapping) -> StoredGate:
    address = read_address(row["node_id"], row["path"])
    return StoredGate(
        step_id=row["step_id"],
        run_id=row["run_id"],
        project_id=row["project_id"],
        workflow_id=row["workflow_id"],
        revision=row["revision"],
        node_id=row["node_id"],
        path=row["path"],
        item_index=address.item,
        round=address.round,
        state=_STATES[WaitState(row["state"])],
        instructions=row["instructions"],
        payload=row["payload"],
        schema=row["schema"],
        assignees=row["assignees"],
        opened_at=row["opened_at"],
        deadline=row["due_at"],
        on_deadline=row["on_deadline"],
        notify_url=row["notify_url"],
        notice_attempts=row["notice_attempts"],
        answer=row["answer"],
        answered_by=row["closed_by"],
        answered_at=row["closed_at"],
        answered_via=row["answered_via"],
        taken_over_from=row["taken_from_run_id"],
        stored_hash=row["seen_hash"],
    )
