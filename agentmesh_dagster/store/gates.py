"""Gates: questions to a person, each tied to the step that waits for the answer."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import Connection, and_, insert, null, update

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import gates, steps


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


def open_gate(tx: Connection, *, step_id: str, run_id: str, gate: NewGate) -> None:
    """Opens the gate of a step that is `waiting_human` from this transaction on."""
    moment = now(tx)
    deadline = None if gate.deadline_seconds is None else moment + timedelta(seconds=gate.deadline_seconds)
    tx.execute(
        insert(gates).values(
            step_id=step_id,
            run_id=run_id,
            state="open",
            instructions=gate.instructions,
            payload=gate.payload if gate.has_payload else null(),
            schema=null() if gate.schema is None else gate.schema,
            assignees=gate.assignees,
            opened_at=moment,
            deadline_at=deadline,
            on_deadline=gate.on_deadline if deadline else None,
            notify_url=gate.notify_url,
        )
    )


def cancel_gates(tx: Connection, run_id: str) -> None:
    """Closes all open gates of a run, and the steps that wait at them."""
    moment = now(tx)
    waiting = and_(steps.c.run_id == run_id, steps.c.status == StepStatus.WAITING_HUMAN.value)
    tx.execute(update(gates).where(gates.c.run_id == run_id, gates.c.state == "open").values(state="canceled"))
    tx.execute(update(steps).where(waiting).values(status=StepStatus.CANCELED.value, finished_at=moment))
