"""The journal read back: what the store says of every run, and what must hold of it at every moment."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Table, select

from agentmesh_dagster.entities.gates import GateState
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus
from agentmesh_dagster.graph.address import read_address
from agentmesh_dagster.runtime.answers import Answer, GateClosed
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.steps import step_id
from agentmesh_dagster.store.tables import (
    callbacks,
    children,
    events,
    gate_history,
    gates,
    launches,
    posted_events,
    runs,
    steps,
    waits,
)
from tests.gates.nodes import Given, Where
from tests.store.gate_rows import select_gates

# How the error of a step begins whose worker died in the middle.
LOST = ("The worker died", "Its launch ended", "Its Dagster run failed", "The worker did not start", "Steps failed")
_RUN_ENDS = {EventType.RUN_COMPLETED, EventType.RUN_FAILED, EventType.RUN_CANCELED}
_STEP_ENDS = {EventType.STEP_COMPLETED, EventType.STEP_FAILED}
_ATTEMPT_ENDS = {*_STEP_ENDS, EventType.STEP_WAITING_HUMAN, EventType.STEP_WAITING, EventType.STEP_RETRYING}
_OTHERS = ("timer", "event", "callback", "child")  # than a person
# Made once: they are asked after each action.
_GATES = select_gates().order_by(gates.c.step_id)
_ROWS = {
    table: select(table).order_by(*order)
    for table, order in (
        (runs, (runs.c.created_at, runs.c.id)),
        (launches, (launches.c.position,)),
        (steps, (steps.c.id,)),
        (events, (events.c.id,)),
        (gate_history, (gate_history.c.step_id, gate_history.c.position)),
        (waits, (waits.c.step_id,)),
        (posted_events, (posted_events.c.position,)),
        (callbacks, (callbacks.c.token_hash,)),
        (children, (children.c.step_id,)),
    )
}


class Violation(AssertionError):
    """Something that must hold does not."""


@dataclass(frozen=True)
class Snapshot:
    """One run as all of its rows were at one moment."""

    run: Row[Any]
    launches: list[Row[Any]]  # by position
    steps: Mapping[Where, Row[Any]]
    gates: Mapping[Where, Row[Any]]
    events: list[Row[Any]]
    history: Mapping[str, list[Row[Any]]]  # step id → how its gate was asked before
    waits: Mapping[Where, Row[Any]]  # for anything but a person
    arrived: Mapping[str, list[Any]]  # step id → what came for it: bodies of events and callbacks
    children: Mapping[Where, Row[Any]]  # which runs its steps wait for, or have waited for last
    child_ends: Mapping[Where, Row[Any]]  # the event with which the run ended that such a step waited for

    def count_starts(self) -> int:
        """How often the run was begun: once, and once more for each retry."""
        return sum(event.type == EventType.RUN_STARTED for event in self.events)

    @property
    def status(self) -> RunStatus:
        return RunStatus(self.run.status)

    @property
    def given(self) -> Mapping[Where, Given]:
        """How the gates, and what else waited, were closed."""
        answered = {
            where: Given(gate.answer, gate.state == "expired")
            for where, gate in self.gates.items()
            if gate.state in ("answered", "expired")
        }
        ended = {where: wait for where, wait in self.waits.items() if wait.state in ("closed", "expired")}
        return answered | {where: self._read_wait(where, wait) for where, wait in ended.items()}

    def _read_wait(self, where: Where, wait: Row[Any]) -> Given:
        if wait.kind != "child":
            return Given(next(iter(self.arrived.get(wait.step_id, [])), None), wait.state == "expired")
        end = self.child_ends.get(where)
        if wait.state == "expired":
            return Given(None, is_expired=True)
        if end is None:
            raise Violation(f"{where} waits no more, and its run has not ended")
        return Given(end.payload.get("output"), has_failed=end.type != EventType.RUN_COMPLETED)


def read_snapshots(store: Store) -> dict[str, Snapshot]:
    """All runs, by id, in the order in which they were created."""
    with store.read() as connection:
        asked = connection.execute(_GATES).all()
        found = {table: connection.execute(query).all() for table, query in _ROWS.items()}
    arrived: dict[str, list[Any]] = {}
    for row in found[posted_events]:
        if row.taken_by is not None:
            arrived.setdefault(row.taken_by, []).append(row.body)
    for row in found[callbacks]:
        if row.received_at is not None:
            arrived.setdefault(row.step_id, []).append(row.body)
    places = {step.id: Where(step.node_id, step.path) for step in found[steps]}
    history: dict[str, list[Row[Any]]] = {}
    for row in found[gate_history]:
        history.setdefault(row.step_id, []).append(row)
    of_run = _Grouped(found, places)
    return {
        run.id: Snapshot(
            run,
            of_run.list(launches, run.id),
            {places[row.id]: row for row in of_run.list(steps, run.id)},
            {places[row.step_id]: row for row in asked if row.run_id == run.id},
            of_run.list(events, run.id),
            history,
            {places[row.step_id]: row for row in of_run.list(waits, run.id) if row.kind in _OTHERS},
            arrived,
            {places[row.step_id]: row for row in of_run.list(children, run.id)},
            of_run.find_child_ends(run.id),
        )
        for run in found[runs]
    }


class _Grouped:
    """Rows by run."""

    def __init__(self, found: Mapping[Table, Sequence[Row[Any]]], places: Mapping[str, Where]) -> None:
        self._rows: dict[tuple[Table, str], list[Row[Any]]] = {}
        self._places = places
        for table in (launches, steps, events, waits, children):
            for row in found[table]:
                self._rows.setdefault((table, row.run_id), []).append(row)

    def list(self, table: Table, run_id: str) -> list[Row[Any]]:
        return self._rows.get((table, run_id), [])

    def find_child_ends(self, run_id: str) -> dict[Where, Row[Any]]:
        """How the runs had ended that steps waited for, when these steps ended: they may have been retried since."""
        ended = {event.step_id: event.id for event in self.list(events, run_id) if event.type in _STEP_ENDS}
        found: dict[Where, Row[Any]] = {}
        for child in self.list(children, run_id):
            ends = [event for event in self.list(events, child.child_run_id) if event.type in _RUN_ENDS]
            before = [event for event in ends if event.id < ended.get(child.step_id, 0)]
            if before:
                found[self._places[child.step_id]] = before[-1]
        return found


class Journal:
    """Remembers what it has seen, and what people were told, so that it notices what is taken back."""

    def __init__(self) -> None:
        self._accepted: dict[str, list[Answer]] = {}  # by step id
        self._ended: dict[
            str, tuple[str, tuple[int, int]]
        ] = {}  # run or step id → the status that it ended with, at which try
        self._closed: dict[
            tuple[str, int], Any
        ] = {}  # step id, which asking → state, answer and by whom, as first seen
        self._events: dict[str, list[int]] = {}  # run id → the event ids seen
        self._called_back: dict[str, list[Any]] = {}  # step id → what was posted and taken

    def note_accepted(self, step_id: str, answer: Answer) -> None:
        """Somebody was told that the answer counts."""
        self._accepted.setdefault(step_id, []).append(answer)

    def note_refused(self, answer: Answer, refusal: GateClosed) -> None:
        """Somebody was told that the gate is closed, and by whom."""
        if refusal.gate.state is GateState.OPEN or refusal.gate.answered_by == answer.by:
            raise Violation(f"{answer.by} was refused: {refusal}")

    def check(self, snapshot: Snapshot) -> None:
        """What holds at every moment; raises Violation."""
        tries = snapshot.count_starts()
        self._check_forward(snapshot.run.id, snapshot.status, is_end=snapshot.status.is_end, at=(tries, 0))
        for step in snapshot.steps.values():
            status = StepStatus(step.status)
            self._check_forward(step.id, status, is_end=status.is_end, at=(tries, step.attempt))
        live = [launch for launch in snapshot.launches if launch.ended_at is None and launch.parked_at is None]
        if len(live) > 1:
            raise Violation(f"{len(live)} launches live at once")
        for where, gate in snapshot.gates.items():
            self._check_gate(snapshot, snapshot.steps[where], gate)
        for where, step in snapshot.steps.items():
            self._check_askings(snapshot, step, snapshot.gates.get(where))
        for where, wait in snapshot.waits.items():
            self._check_wait(snapshot, snapshot.steps[where], wait)
        self._check_events(snapshot)

    def _check_forward(
        self, identity: str, status: RunStatus | StepStatus, *, is_end: bool, at: tuple[int, int]
    ) -> None:
        """`at` is which try it is: of the run, and within it the step's attempt."""
        before, then = self._ended.get(identity, (status.value, at))
        # A retry leaves what failed, the gates that were closed for it, and what was skipped behind it.
        is_tried_again = before in ("failed", "canceled", "skipped") and at > then
        if before != status.value and not is_tried_again:
            raise Violation(f"{before} became {status.value}")
        if is_end:
            self._ended[identity] = status.value, at
        elif is_tried_again:
            del self._ended[identity]

    def _check_gate(self, snapshot: Snapshot, step: Row[Any], gate: Row[Any]) -> None:
        if gate.state == "open" and (snapshot.status.is_end or step.status != "waiting_human"):
            raise Violation(f"a gate is open, its step {step.status}, its run {snapshot.status.value}")
        # One that was to be asked anew, and whose worker died before that, still has the answer that had failed it.
        was_lost = step.status == "failed" and str(step.error).startswith(LOST)
        is_over = step.status in ("succeeded", "failed") and not was_lost and not step.used_fallback
        if is_over and gate.state not in ("open", "canceled") and step.output != gate.answer:
            raise Violation(f"the answer {gate.answer} became {step.output}")

    def _check_askings(self, snapshot: Snapshot, step: Row[Any], gate: Row[Any] | None) -> None:
        askings = [*snapshot.history.get(step.id, []), *([gate] if gate else [])]
        for place, asked in enumerate(askings):
            as_closed = (asked.state, asked.answer, asked.answered_by)
            if asked.state != "open" and self._closed.setdefault((step.id, place), as_closed) != as_closed:
                raise Violation(f"an answer was overwritten: {self._closed[step.id, place]}, now {as_closed}")
        for accepted in self._accepted.get(step.id, []):
            stored = [asked for asked in askings if asked.answered_by == accepted.by]
            if [(asked.state, asked.answer) for asked in stored] != [("answered", accepted.output)]:
                raise Violation(f"an answer was lost: {accepted}, now {[tuple(asked) for asked in askings]}")

    def note_called_back(self, step_id: str, body: Any) -> None:
        """Somebody was told that what they posted to a callback was taken."""
        self._called_back.setdefault(step_id, []).append(body)

    def _check_wait(self, snapshot: Snapshot, step: Row[Any], wait: Row[Any]) -> None:
        came = snapshot.arrived.get(wait.step_id, [])
        if wait.state == "open" and (snapshot.status.is_end or step.status != "waiting"):
            raise Violation(f"a wait is open, its step {step.status}, its run {snapshot.status.value}")
        if len(came) > 1 or came != self._called_back.get(wait.step_id, came):
            raise Violation(f"for one wait came {came}; taken were {self._called_back.get(wait.step_id)}")
        is_done = step.status == "succeeded" and wait.state == "closed" and wait.kind in ("event", "callback")
        if is_done and [step.output] != came:
            raise Violation(f"what came, {came}, became {step.output}")

    def _check_events(self, snapshot: Snapshot) -> None:
        ids = [event.id for event in snapshot.events]
        if ids[: len(seen := self._events.get(snapshot.run.id, []))] != seen:
            raise Violation("an event appeared before one that was there already")
        self._events[snapshot.run.id] = ids
        over = False
        for place, event in enumerate(snapshot.events):
            event_type = EventType(event.type)
            if over and event_type is not EventType.RUN_STARTED:
                raise Violation(f"{event_type.value} came after the run's end")
            if event_type is EventType.RUN_STARTED and place > 0 and not over:
                raise Violation("the run started twice")
            over = event_type in _RUN_ENDS
        if over is not snapshot.status.is_end:
            raise Violation(f"the run is {snapshot.status.value}, and its last event is another")
        said = Counter((event.step_id, EventType(event.type)) for event in snapshot.events)
        for where, step in snapshot.steps.items():
            times = said[step.id, EventType.GATE_ANSWERED]
            gate = snapshot.gates.get(where)
            askings = [*snapshot.history.get(step.id, []), *([gate] if gate else [])]
            if times != sum(asked.state in ("answered", "expired") for asked in askings):
                raise Violation(f"{where} was asked {len(askings)} times, and gate.answered was said {times} times")
        _check_attempts(snapshot)
        _check_ends(snapshot)


def _check_ends(snapshot: Snapshot) -> None:
    """A step that has ended ends again only once it was started again, or its run continued from what had failed."""
    ended: set[str] = set()
    for event in snapshot.events:
        if event.type == EventType.RUN_STARTED:
            ended.clear()
        elif event.type == EventType.STEP_STARTED:
            ended.discard(event.step_id)
        elif EventType(event.type) in _STEP_ENDS:
            if event.step_id in ended:
                raise Violation(f"`{event.payload['nodeId']}` {event.payload['path']} ended more than once")
            ended.add(event.step_id)


def _check_attempts(snapshot: Snapshot) -> None:
    """Of a step only its newest attempt writes, and nothing after its end: whoever lost the step is fenced off."""
    newest: dict[str, int] = {}  # step id → the attempt at work, 0 for none
    for event in snapshot.events:
        if event.step_id is None or event.type == EventType.STEP_CAUGHT:  # which follows the end of the attempt
            continue
        node_id, attempt = event.payload["nodeId"], event.payload.get("attempt")
        if event.step_id != step_id(snapshot.run.id, read_address(node_id, event.payload["path"])):
            raise Violation(f"{event.type} names `{node_id}` {event.payload['path']}, and is another step's")
        if event.type == EventType.STEP_STARTED:
            newest[event.step_id] = attempt
        elif attempt is not None and attempt != newest[event.step_id]:
            raise Violation(f"attempt {attempt} at `{node_id}` wrote {event.type}, and is not the one at work")
        if EventType(event.type) in _ATTEMPT_ENDS:
            newest[event.step_id] = 0
