"""The ledger read back: what the store says of every run, and what must hold of it at every moment."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from agentmesh_dagster.entities.models import EventType, Run, RunStatus, Step
from agentmesh_dagster.runtime.answers import Answer, GateClosed
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.gates import Gate, GateState, get_gate
from agentmesh_dagster.store.runs import Launch, get_run, list_launches
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.store.tables import gates, runs
from tests.gates.model import Given

_RUN_ENDS = {EventType.RUN_COMPLETED, EventType.RUN_FAILED, EventType.RUN_CANCELED}
_STEP_ENDS = {EventType.STEP_COMPLETED, EventType.STEP_FAILED}


class Violation(AssertionError):
    """Something that must hold does not."""


class Ledger:
    """Remembers what it has seen, and what people were told, so that it notices what is taken back."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._accepted: dict[str, Answer] = {}  # by step id
        self._ended: dict[str, Any] = {}  # run or step id → the status that it ended with
        self._closed: dict[str, Any] = {}  # step id → state, answer and by whom, as first seen

    def note_accepted(self, step_id: str, answer: Answer) -> None:
        """Somebody was told that the answer counts."""
        if step_id in self._accepted:
            raise Violation("two answers were accepted")
        self._accepted[step_id] = answer

    def note_refused(self, step_id: str, answer: Answer, refusal: GateClosed) -> None:
        """Somebody was told that the gate is closed, and by whom."""
        if refusal.gate.state is GateState.OPEN or refusal.gate.answered_by == answer.by:
            raise Violation(f"{answer.by} was refused: {refusal}")

    def check(self) -> None:
        """What holds at every moment; raises Violation."""
        for run_id in self._list_run_ids():
            run = self.read_run(run_id)
            self._check_forward(run.id, run.status, is_end=run.status.is_end)
            for step in self.read_steps(run_id).values():
                self._check_forward(step.id, step.status, is_end=step.status.is_end)
            live = [launch for launch in self.list_launches(run_id) if launch.is_live]
            if len(live) > 1:
                raise Violation(f"{len(live)} launches live at once")
            self._check_gates(run)
            self._check_events(run)

    def _check_forward(self, identity: str, status: Any, *, is_end: bool) -> None:
        before = self._ended.get(identity)
        if before is not None and before is not status:
            raise Violation(f"{before.value} became {status.value}")
        if is_end:
            self._ended[identity] = status

    def _check_gates(self, run: Run) -> None:
        found = self.read_steps(run.id)
        for gate in self.list_gates(run.id):
            if run.status.is_end and gate.state is GateState.OPEN:
                raise Violation(f"a gate is open, and its run is {run.status.value}")
            if gate.state is not GateState.OPEN:
                as_closed = (gate.state, gate.answer, gate.answered_by)
                if self._closed.setdefault(gate.step_id, as_closed) != as_closed:
                    raise Violation(f"an answer was overwritten: {self._closed[gate.step_id]}, now {as_closed}")
            accepted = self._accepted.get(gate.step_id)
            if accepted and (gate.state, gate.answer, gate.answered_by) != (
                GateState.ANSWERED,
                accepted.output,
                accepted.by,
            ):
                raise Violation(f"an answer was lost: {accepted}, now {gate}")
            if gate.state in (GateState.ANSWERED, GateState.EXPIRED) and found[gate.node_id].output != gate.answer:
                raise Violation(f"the answer {gate.answer} became {found[gate.node_id].output}")

    def _check_events(self, run: Run) -> None:
        with self._store.read() as connection:
            events = list_events(connection, run.id, limit=10_000)
        types = [event.type for event in events]
        ends = [event_type for event_type in types if event_type in _RUN_ENDS]
        if len(ends) != (1 if run.status.is_end else 0):
            raise Violation(f"the run is {run.status.value}, and its events say {ends}")
        if ends and types[-1] not in _RUN_ENDS:
            raise Violation(f"{types[-1].value} came after {ends[0].value}")
        if types.count(EventType.RUN_STARTED) > 1:
            raise Violation("the run started twice")
        for gate in self.list_gates(run.id):
            said = sum(event.type is EventType.GATE_ANSWERED and event.step_id == gate.step_id for event in events)
            if said != (gate.state in (GateState.ANSWERED, GateState.EXPIRED)):
                raise Violation(f"a gate is {gate.state.value}, and gate.answered was said {said} times")
        for step in self.read_steps(run.id).values():
            said = sum(event.type in _STEP_ENDS and event.step_id == step.id for event in events)
            if said > 1:
                raise Violation(f"`{step.node_id}` ended {said} times")

    def read_given(self, run_id: str) -> Mapping[str, Given]:
        """How the gates of a run were closed, by node id."""
        return {
            gate.node_id: Given(gate.answer, gate.state is GateState.EXPIRED)
            for gate in self.list_gates(run_id)
            if gate.state in (GateState.ANSWERED, GateState.EXPIRED)
        }

    def list_open(self) -> list[str]:
        """Step ids of the open gates."""
        with self._store.read() as connection:
            found = connection.execute(select(gates.c.step_id).where(gates.c.state == GateState.OPEN.value))
            return list(found.scalars())

    def list_gates(self, run_id: str) -> list[Gate]:
        with self._store.read() as connection:
            ids = connection.execute(select(gates.c.step_id).where(gates.c.run_id == run_id)).scalars()
            return [get_gate(connection, step_id) for step_id in ids]

    def name_of(self, step_id: str, run_ids: list[str]) -> tuple[int, str]:
        with self._store.read() as connection:
            gate = get_gate(connection, step_id)
        return run_ids.index(gate.run_id), gate.node_id

    def read_run(self, run_id: str) -> Run:
        with self._store.read() as connection:
            return get_run(connection, run_id)

    def read_steps(self, run_id: str) -> dict[str, Step]:
        """The run's steps by node id."""
        with self._store.read() as connection:
            return {step.node_id: step for step in list_steps(connection, run_id)}

    def step_ids(self, run_id: str) -> set[str]:
        return {step.id for step in self.read_steps(run_id).values()}

    def list_launches(self, run_id: str) -> list[Launch]:
        with self._store.read() as connection:
            return list_launches(connection, run_id)

    def snapshot(self) -> Any:
        """All that should not change any more once the world is at rest."""
        return [
            (
                self.read_run(run_id).status,
                {name: step.status for name, step in self.read_steps(run_id).items()},
                [(launch.position, launch.parked_at, launch.ended_at) for launch in self.list_launches(run_id)],
            )
            for run_id in self._list_run_ids()
        ]

    def _list_run_ids(self) -> list[str]:
        with self._store.read() as connection:
            return list(connection.execute(select(runs.c.id).order_by(runs.c.created_at, runs.c.id)).scalars())
