"""The checker: reads journal, Dagster and recorder once the faults have stopped, and asserts what must hold then."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import dagster as dg
from sqlalchemy import select

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventLog, EventType, RunStatus, StepStatus
from agentmesh_dagster.graph.address import read_address
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.launches import Launch, LaunchKind, list_launches
from agentmesh_dagster.store.steps import step_id
from agentmesh_dagster.store.tables import runs, steps, waits
from tests.faults.processes import list_session
from tests.store.gate_rows import select_gates

Row = Mapping[str, Any]

_ENDS = (EventType.RUN_COMPLETED, EventType.RUN_FAILED, EventType.RUN_CANCELED)
_STEP_ENDS = (
    EventType.STEP_COMPLETED,
    EventType.STEP_FAILED,
    EventType.STEP_RETRYING,
    EventType.STEP_WAITING_HUMAN,
    EventType.STEP_WAITING,
)
_TAKEN_OVER = {EventType.GATE_TAKEN_OVER, EventType.STEP_EDITED}
_DAGSTER_SAYS = {
    RunStatus.SUCCEEDED: (dg.DagsterRunStatus.SUCCESS,),
    RunStatus.FAILED: (dg.DagsterRunStatus.FAILURE,),
    RunStatus.CANCELED: (dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE),
}


@dataclass(frozen=True)
class Recorder:
    """What was seen from outside the system."""

    calls: Sequence[str] = ()  # the idempotency key of each call
    accepted: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])  # step id → answer that was taken
    faults: Mapping[str, int] = field(default_factory=dict[str, int])  # step id → faults that hit that very step
    deleted: frozenset[str] = frozenset()  # launches whose Dagster run somebody deleted
    sessions: Sequence[int] = ()  # of the processes that were started


def check_invariants(services: Services, instance: dg.DagsterInstance, recorder: Recorder) -> None:
    """Asserts I1 to I10 of every run in the store."""
    with services.store.read() as connection:
        run_rows = connection.execute(select(runs)).mappings().all()
    known: set[str] = set()
    for run in run_rows:
        journal = _Journal(services, instance, run, recorder)
        no_run_is_lost(journal)
        no_answer_is_lost(journal)
        each_step_is_committed_once(journal)
        claims_do_not_overlap(journal)
        each_answer_is_continued_once(journal)
        runs_only_go_forward(journal)
        answers_can_be_audited(journal)
        known |= {step["id"] for step in journal.steps}
    the_recorder_saw_no_more_than_the_faults_explain(recorder, known)
    assert not [pid for session in recorder.sessions for pid in list_session(session)], "a process was left behind"


class _Journal:
    """All that store and Dagster have of one run."""

    def __init__(self, services: Services, instance: dg.DagsterInstance, run: Row, recorder: Recorder) -> None:
        self.run = run
        self.recorder = recorder
        self.status = RunStatus(run["status"])
        with services.store.read() as connection:
            self.launches: list[Launch] = list_launches(connection, run["id"])
            self.steps: list[Row] = list(
                connection.execute(select(steps).where(steps.c.run_id == run["id"])).mappings()
            )
            self.gates: list[Row] = list(
                connection.execute(select_gates().where(waits.c.run_id == run["id"])).mappings()
            )
            self.waits: list[Row] = list(
                connection.execute(select(waits).where(waits.c.run_id == run["id"])).mappings()
            )
            self.events = list_events(connection, run["id"], limit=100_000)
        with services.store.read() as connection:
            self.events_in_pages = _read_in_pages(connection, run["id"])
        self.dagster = {launch.id: instance.get_run_by_id(launch.id) for launch in self.launches}

    def of_step(self, step_id: str) -> list[EventLog]:
        return [event for event in self.events if event.step_id == step_id]


def _read_in_pages(connection: Any, run_id: str) -> list[EventLog]:
    """The events as a client sees them that reconnects again and again."""
    seen: list[EventLog] = []
    while page := list_events(connection, run_id, after=seen[-1].id if seen else 0, limit=3):
        seen += page
    return seen


def no_run_is_lost(journal: _Journal) -> None:
    """I1: a run has ended, with a reason if not well, or waits; Dagster and we agree."""
    waits = [wait for wait in journal.waits if wait["state"] == "open"]
    if journal.status in (RunStatus.FAILED, RunStatus.CANCELED):
        assert journal.run["error"], "a run that did not end well says why"
    if journal.status.is_end:
        assert not waits, "an ended run waits for nothing"
        assert not [step for step in journal.steps if not StepStatus(step["status"]).is_end]
    else:
        assert journal.status is RunStatus.RUNNING, journal.status
        assert waits, "an open run waits"
    for launch in journal.launches:
        assert not launch.is_live, f"launch {launch.position} is still live"
        found = journal.dagster[launch.id]
        if found is None:
            assert launch.id in journal.recorder.deleted or launch.submitted_at is None, "Dagster lost a launch"
        elif launch.ended_at is None:
            assert found.status is dg.DagsterRunStatus.SUSPENDED, found.status
        else:
            assert found.is_finished, f"launch {launch.position} is {found.status} in Dagster"
    last = journal.dagster[journal.launches[-1].id]
    if last is not None and journal.status in _DAGSTER_SAYS:
        assert last.status in _DAGSTER_SAYS[journal.status], (journal.status, last.status)


def no_answer_is_lost(journal: _Journal) -> None:
    """I2: an accepted answer is stored once and goes on as these very bytes; a refused one is nowhere."""
    for gate in journal.gates:
        answered = [event for event in journal.of_step(gate["step_id"]) if event.type is EventType.GATE_ANSWERED]
        if gate["taken_from_run_id"]:
            taken_over = [event for event in journal.of_step(gate["step_id"]) if event.type in _TAKEN_OVER]
            first = step_id(gate["taken_from_run_id"], read_address(gate["node_id"], gate["path"]))
            assert _bytes(gate["answer"]) == _bytes(journal.recorder.accepted[first])
            assert [_bytes(event.payload["output"]) for event in taken_over] == [_bytes(gate["answer"])]
            assert not answered, "nobody was asked here"
        elif gate["state"] == "answered":
            accepted = journal.recorder.accepted[gate["step_id"]]
            assert _bytes(gate["answer"]) == _bytes(accepted)
            assert [_bytes(event.payload["output"]) for event in answered] == [_bytes(accepted)]
            step = next(step for step in journal.steps if step["id"] == gate["step_id"])
            assert _bytes(step["output"]) == _bytes(accepted)
        else:
            assert gate["step_id"] not in journal.recorder.accepted, "an accepted answer is lost"
            assert gate["state"] == "expired" or not answered


def each_step_is_committed_once(journal: _Journal) -> None:
    """I3 and I6: per node and item one step that succeeds at most once; each input is what its parents gave."""
    places = Counter((step["node_id"], step["path"]) for step in journal.steps)
    assert all(count == 1 for count in places.values())
    by_id = {step["id"]: step for step in journal.steps}
    for step in journal.steps:
        kinds = [event.type for event in journal.of_step(step["id"])]
        if EventType.STEP_COMPLETED in kinds:
            assert kinds.count(EventType.STEP_COMPLETED) == 1
            assert kinds[-1] is EventType.STEP_COMPLETED, "what is done is not begun again"
            assert step["status"] == StepStatus.SUCCEEDED.value
        parents = [by_id[parent] for parent in step["parent_step_ids"]]
        if step["status"] == StepStatus.SUCCEEDED.value and parents:
            gave = {parent["node_id"]: parent["output"] for parent in parents}
            expected = gave if len(parents) > 1 else parents[0]["output"]
            assert _bytes(step["input"]) == _bytes(expected), step["node_id"]


def claims_do_not_overlap(journal: _Journal) -> None:
    """I4: between two claims of a step stands the end of the first; attempts and fences count up."""
    for step in journal.steps:
        kinds = [event.type for event in journal.of_step(step["id"])]
        if step["taken_from_run_id"]:
            assert not set(kinds) - _TAKEN_OVER, "what another run did is not done here"
            continue
        held = False
        for kind in kinds:
            if kind is EventType.STEP_STARTED:
                assert not held, f"two claims on {step['node_id']} at once"
                held = True
            elif kind in _STEP_ENDS:
                held = False
        started = [e.payload["attempt"] for e in journal.of_step(step["id"]) if e.type is EventType.STEP_STARTED]
        assert started == list(range(1, len(started) + 1))
        assert step["fence"] >= step["attempt"] == len(started)
        assert step["owner"] is None or step["status"] == StepStatus.RUNNING.value


def the_recorder_saw_no_more_than_the_faults_explain(recorder: Recorder, known: set[str]) -> None:
    """I5: one key per step; one call of it, and at most one more per fault that hit that very step."""
    for key, calls in Counter(recorder.calls).items():
        identity = key.partition("/")[0]
        assert identity in known, f"a call with a key of no step: {key}"
        assert calls <= 1 + recorder.faults.get(identity, 0), f"{calls} calls of {key}"


def each_answer_is_continued_once(journal: _Journal) -> None:
    """I7: a wait that ended is taken by one launch, and no launch was made for none."""
    inherited = {gate["step_id"] for gate in journal.gates if gate["taken_from_run_id"]}
    ended = [wait for wait in journal.waits if wait["step_id"] not in inherited]
    closed = [wait for wait in ended if wait["state"] in ("closed", "expired")]
    taken = {wait["launch_id"] for wait in closed} - {None}
    again = {launch.id for launch in journal.launches if launch.kind is LaunchKind.AGAIN}
    unbegun = {before.id for before, after in pairwise(journal.launches) if after.id in again}
    resumes = {launch.id for launch in journal.launches if launch.kind is LaunchKind.RESUME}
    assert resumes - unbegun <= taken <= resumes | again, (
        "each resume that began takes an ended wait, and takes it alone"
    )
    if journal.status is RunStatus.SUCCEEDED:
        assert all(wait["launch_id"] for wait in closed), "an ended wait that no launch took"


def runs_only_go_forward(journal: _Journal) -> None:
    """I8: no end is left again but by a re-execution; a reader that reconnects misses no event and sees none twice."""
    ids = [event.id for event in journal.events]
    assert ids == sorted(set(ids))
    assert [event.id for event in journal.events_in_pages] == ids
    is_over = False
    starts = 0
    for event in journal.events:
        if event.type is EventType.RUN_STARTED:
            assert starts == 0 or is_over, "a run starts once"
            starts += 1
            is_over = False
        else:
            assert not is_over, f"{event.type} after the end"
        is_over = is_over or event.type in _ENDS
    reexecutions = [launch for launch in journal.launches if launch.kind is LaunchKind.REEXECUTION]
    assert starts <= 1 + len(reexecutions)
    assert journal.status.is_end == is_over
    completed = [event.type for event in journal.events].count(EventType.RUN_COMPLETED)
    assert completed == (journal.status is RunStatus.SUCCEEDED)


def answers_can_be_audited(journal: _Journal) -> None:
    """I9: who answered, how they came, when, and what they had seen."""
    for gate in journal.gates:
        if gate["state"] in ("answered", "expired"):
            assert gate["answered_by"]
            assert gate["answered_via"]
            assert gate["answered_at"] >= gate["opened_at"]
            assert len(gate["seen_hash"]) == 64


def _bytes(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
