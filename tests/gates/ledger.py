"""The ledger read back: what the store says of every run, and what must hold of it at every moment."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus
from agentmesh_dagster.runtime.answers import Answer, GateClosed
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.gates import GateState
from agentmesh_dagster.store.tables import events, gates, launches, runs, steps
from tests.gates.model import Given

_RUN_ENDS = {EventType.RUN_COMPLETED, EventType.RUN_FAILED, EventType.RUN_CANCELED}
_STEP_ENDS = {EventType.STEP_COMPLETED, EventType.STEP_FAILED}
_ATTEMPT_ENDS = {*_STEP_ENDS, EventType.STEP_WAITING_HUMAN, EventType.STEP_RETRYING}


class Violation(AssertionError):
    """Something that must hold does not."""


@dataclass(frozen=True)
class Picture:
    """One run as all of its rows were at one moment."""

    run: Row[Any]
    launches: list[Row[Any]]  # by position
    steps: Mapping[str, Row[Any]]  # by node id; inside an `each` one of them
    gates: Mapping[str, Row[Any]]  # by node id
    events: list[Row[Any]]
    nodes: Mapping[str, str]  # step id → node id

    @property
    def status(self) -> RunStatus:
        return RunStatus(self.run.status)

    @property
    def given(self) -> Mapping[str, Given]:
        """How the gates were closed, by node id."""
        return {
            node_id: Given(gate.answer, gate.state == "expired")
            for node_id, gate in self.gates.items()
            if gate.state in ("answered", "expired")
        }


def read_pictures(store: Store) -> dict[str, Picture]:
    """All runs, by id, in the order in which they were created."""
    with store.read() as connection:
        found = {
            table: connection.execute(select(table).order_by(*order)).all()
            for table, order in (
                (runs, (runs.c.created_at, runs.c.id)),
                (launches, (launches.c.position,)),
                (steps, (steps.c.id,)),
                (gates, (gates.c.step_id,)),
                (events, (events.c.id,)),
            )
        }
    nodes = {step.id: step.node_id for step in found[steps]}
    return {
        run.id: Picture(
            run,
            [row for row in found[launches] if row.run_id == run.id],
            {row.node_id: row for row in found[steps] if row.run_id == run.id},
            {nodes[row.step_id]: row for row in found[gates] if row.run_id == run.id},
            [row for row in found[events] if row.run_id == run.id],
            {step.id: step.node_id for step in found[steps] if step.run_id == run.id},
        )
        for run in found[runs]
    }


class Ledger:
    """Remembers what it has seen, and what people were told, so that it notices what is taken back."""

    def __init__(self) -> None:
        self._accepted: dict[str, Answer] = {}  # by step id
        self._ended: dict[str, tuple[str, int]] = {}  # run or step id → the status that it ended with, its attempt
        self._closed: dict[str, Any] = {}  # step id → state, answer and by whom, as first seen
        self._events: dict[str, list[int]] = {}  # run id → the event ids seen

    def note_accepted(self, step_id: str, answer: Answer) -> None:
        """Somebody was told that the answer counts."""
        if step_id in self._accepted:
            raise Violation("two answers were accepted")
        self._accepted[step_id] = answer

    def note_refused(self, answer: Answer, refusal: GateClosed) -> None:
        """Somebody was told that the gate is closed, and by whom."""
        if refusal.gate.state is GateState.OPEN or refusal.gate.answered_by == answer.by:
            raise Violation(f"{answer.by} was refused: {refusal}")

    def check(self, picture: Picture) -> None:
        """What holds at every moment; raises Violation."""
        self._check_forward(picture.run.id, picture.status, is_end=picture.status.is_end)
        for step in picture.steps.values():
            status = StepStatus(step.status)
            self._check_forward(step.id, status, is_end=status.is_end, attempt=step.attempt)
        live = [launch for launch in picture.launches if launch.ended_at is None and launch.parked_at is None]
        if len(live) > 1:
            raise Violation(f"{len(live)} launches live at once")
        for node_id, gate in picture.gates.items():
            self._check_gate(picture, picture.steps[node_id], gate)
        self._check_events(picture)

    def _check_forward(self, identity: str, status: RunStatus | StepStatus, *, is_end: bool, attempt: int = 1) -> None:
        before, at = self._ended.get(identity, (status.value, attempt))
        is_tried_again = before == "failed" and attempt > at
        if before != status.value and not is_tried_again:
            raise Violation(f"{before} became {status.value}")
        if is_end:
            self._ended[identity] = status.value, attempt

    def _check_gate(self, picture: Picture, step: Row[Any], gate: Row[Any]) -> None:
        if gate.state == "open":
            if picture.status.is_end or step.status != "waiting_human":
                raise Violation(f"a gate is open, its step {step.status}, its run {picture.status.value}")
            if gate.step_id in self._accepted:
                raise Violation("an answer was lost")
            return
        as_closed = (gate.state, gate.answer, gate.answered_by)
        if self._closed.setdefault(gate.step_id, as_closed) != as_closed:
            raise Violation(f"an answer was overwritten: {self._closed[gate.step_id]}, now {as_closed}")
        accepted = self._accepted.get(gate.step_id)
        if accepted and as_closed != ("answered", accepted.output, accepted.by):
            raise Violation(f"an answer was lost: {accepted}, now {as_closed}")
        if gate.state != "canceled" and step.output != gate.answer:
            raise Violation(f"the answer {gate.answer} became {step.output}")

    def _check_events(self, picture: Picture) -> None:
        ids = [event.id for event in picture.events]
        if ids[: len(seen := self._events.get(picture.run.id, []))] != seen:
            raise Violation("an event appeared before one that was there already")
        self._events[picture.run.id] = ids
        types = [EventType(event.type) for event in picture.events]
        ends = [event_type for event_type in types if event_type in _RUN_ENDS]
        if len(ends) != (1 if picture.status.is_end else 0):
            raise Violation(f"the run is {picture.status.value}, and its events say {[end.value for end in ends]}")
        if ends and types[-1] not in _RUN_ENDS:
            raise Violation(f"{types[-1].value} came after {ends[0].value}")
        if types.count(EventType.RUN_STARTED) > 1:
            raise Violation("the run started twice")
        said = Counter((event.step_id, EventType(event.type)) for event in picture.events)
        for gate in picture.gates.values():
            times = said[gate.step_id, EventType.GATE_ANSWERED]
            if times != (gate.state in ("answered", "expired")):
                raise Violation(f"a gate is {gate.state}, and gate.answered was said {times} times")
        _check_attempts(picture)
        for step in picture.steps.values():
            times_ended = sum(said[step.id, event_type] for event_type in _STEP_ENDS)
            if times_ended > max(1, said[step.id, EventType.STEP_STARTED]):
                raise Violation(f"`{step.node_id}` ended more than once")


def _check_attempts(picture: Picture) -> None:
    """Of a step only its newest attempt writes, and nothing after its end: whoever lost the step is fenced off."""
    newest: dict[str, int] = {}  # step id → the attempt at work, 0 for none
    for event in picture.events:
        if event.step_id is None:
            continue
        node_id, attempt = picture.nodes[event.step_id], event.payload.get("attempt")
        if event.payload.get("nodeId") != node_id:
            raise Violation(f"{event.type} of `{node_id}` names {event.payload.get('nodeId')}")
        if event.type == EventType.STEP_STARTED:
            newest[event.step_id] = attempt
        elif attempt is not None and attempt != newest[event.step_id]:
            raise Violation(f"attempt {attempt} at `{node_id}` wrote {event.type}, and is not the one at work")
        if EventType(event.type) in _ATTEMPT_ENDS:
            newest[event.step_id] = 0
