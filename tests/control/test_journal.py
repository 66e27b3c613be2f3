"""The journal of an agent's step: a worker dies at each point of the loop, and another goes on from there."""

import threading
from collections import Counter
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import func, select

from agentmesh_dagster import crash_points
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.crash_points import CrashPoint
from agentmesh_dagster.entities.models import Agent, EventLog, EventType
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.providers import records
from agentmesh_dagster.providers.chat import ChatReply, ChatRequest
from agentmesh_dagster.runtime.launches import start_launch
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.step import StepFailed, StepReport, StepTask, run_step
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.pruning import delete_runs
from agentmesh_dagster.store.steps import step_id
from agentmesh_dagster.store.tables import journal, steps
from agentmesh_dagster.testing import ScriptedProvider, use_provider
from agentmesh_dagster.tools import tool
from agentmesh_dagster.translator.dagster_runs import read_launch_facts
from tests.shapes import function_tool, node, save, workflow

CALLED: Counter[str] = Counter()  # what the tool was called with
MOST_STEPS = 20
ROUNDS = [[("jot", {"what": "a"})], [("jot", {"what": "b"}), ("jot", {"what": "c"})], "Noted."]
POINTS = (
    CrashPoint.MODEL_BEFORE_CALL,
    CrashPoint.MODEL_ANSWERED,
    CrashPoint.REPLY_KEPT,
    CrashPoint.TOOL_BEFORE_CALL,
    CrashPoint.TOOL_ANSWERED,
    CrashPoint.RESULT_KEPT,
    CrashPoint.STEP_EXECUTED,
)


@tool
def jot(what: str) -> str:
    CALLED[what] += 1
    return f"noted {what}"


class Died(BaseException):
    """In the place of SIGKILL."""


class Witness:
    """A model that goes on from what it has said before, and counts how often it is asked."""

    name = "scripted"

    def __init__(self, replies: list[Any]) -> None:
        self.calls = 0
        self.replies = replies
        self._lock = threading.Lock()

    def complete(self, request: ChatRequest) -> ChatReply:
        with self._lock:
            self.calls += 1
        turn = sum(message.role == "assistant" for message in request.messages)
        return ScriptedProvider(self.replies[turn : turn + 1]).complete(request)


class Loop:
    """A run of many agents side by side, at whose steps workers try themselves one after another."""

    def __init__(self, services: Services, instance: dg.DagsterInstance, **config: Any) -> None:
        self.witness = Witness(ROUNDS)
        self.services = use_provider(services, self.witness)
        agent = {"id": "clerk", "name": "Clerk", "modelProvider": "local", "modelName": "m", "tools": ["jot"]}
        names = [f"ask-{number}" for number in range(MOST_STEPS)]
        asks = [node(name, "agent", agentId="clerk", **config) for name in names]
        edges = [f"start -> {name}" for name in names] + [f"{name} -> end" for name in names]
        flow = workflow("w", [node("start", "start"), *asks, node("end", "end")], edges)
        save(self.services, Agent.model_validate(agent), function_tool("jot"), flow)
        launch = prepare_launch(self.services, instance, flow, {}, launched_by="test")
        self.run_id = launch.run_id
        self.plan = load_plan(self.services.store, "w", launch.revision)
        dagster_run = instance.get_run_by_id(launch.launch_id)
        assert dagster_run
        start_launch(self.services, self.plan, read_launch_facts(self.plan, dagster_run, instance))
        self._run("start", is_last=True)
        self._names = iter(names)
        self.begin()

    def begin(self) -> None:
        """The next step, at which nobody has tried himself yet."""
        CALLED.clear()
        self.witness.calls = 0
        self.node_id = next(self._names)
        self.step_id = step_id(self.run_id, Address(self.node_id))

    def attempt(self, *, is_last: bool = True) -> StepReport:
        """Another worker takes the step: the lease of the one before is over."""
        with self.services.store.begin() as tx:
            held = steps.update().where(steps.c.id == self.step_id, steps.c.lease_expires_at.is_not(None))
            tx.execute(held.values(lease_expires_at=steps.c.started_at))
        return self._run(self.node_id, is_last=is_last)

    def _run(self, node_id: str, *, is_last: bool) -> StepReport:
        op = self.plan.by_node[node_id]
        return run_step(self.services, self.plan, StepTask(self.run_id, self.run_id, op, Address(node_id), is_last))

    def list_events(self, event_type: EventType) -> list[EventLog]:
        with self.services.store.read() as connection:
            events = list_events(connection, self.run_id)
        return [event for event in events if event.type is event_type and event.step_id == self.step_id]

    def count_kept(self) -> int:
        with self.services.store.read() as connection:
            kept = select(func.count()).where(journal.c.step_id == self.step_id)
            return connection.execute(kept).scalar_one()


def read_output(report: StepReport) -> Any:
    assert report.end
    return report.end.output


class Mortality:
    """Says where workers of this process die."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        patch.setattr(crash_points.os, "kill", self._die)

    def _die(self, _pid: int, _signal: int) -> None:
        raise Died

    def set(self, point: CrashPoint, passing: int) -> None:
        crash_points.forget_passings()
        self._patch.setenv(crash_points.VARIABLE, f"{point}@{passing}")

    def end(self) -> None:
        self._patch.delenv(crash_points.VARIABLE)


@pytest.fixture
def mortality(monkeypatch: pytest.MonkeyPatch) -> Mortality:
    return Mortality(monkeypatch)


@pytest.fixture
def loop(services: Services, instance: dg.DagsterInstance) -> Loop:
    return Loop(services, instance)


def test_a_worker_that_dies_anywhere_in_the_loop_costs_one_call_at_most(loop: Loop, mortality: Mortality):
    for point in POINTS:
        for passing in range(1, 2 if point is CrashPoint.STEP_EXECUTED else 4):
            mortality.set(point, passing)
            with pytest.raises(Died):
                loop.attempt()
            mortality.end()
            report = loop.attempt()

            where = f"{point}@{passing}"
            is_paid_twice = point is CrashPoint.MODEL_ANSWERED
            is_called_twice = point is CrashPoint.TOOL_ANSWERED
            assert loop.witness.calls == 3 + is_paid_twice, where
            assert set(CALLED) == {"a", "b", "c"}, where
            assert CALLED.total() == 3 + is_called_twice, where
            output = read_output(report)
            assert output["text"] == "Noted.", where
            outputs = [call["output"]["text"] for call in output["raw"]["toolCalls"]]
            assert outputs == ["noted a", "noted b", "noted c"], where
            assert output["raw"]["usage"] == {"inputTokens": 30, "outputTokens": 15}, where
            assert len(loop.list_events(EventType.AGENT_RESPONSE)) == 3, "what was paid is told once"
            assert loop.count_kept() == 0, "a step that has succeeded is done by nobody again"
            loop.begin()


def test_a_step_says_how_much_it_did_not_do_again(loop: Loop, mortality: Mortality):
    mortality.set(CrashPoint.MODEL_BEFORE_CALL, 3)
    with pytest.raises(Died):
        loop.attempt()
    mortality.end()

    report = loop.attempt()

    assert report.notes["replayed"] == 5, "two replies and three results"
    first, *_, last = loop.list_events(EventType.AGENT_REQUEST)
    assert "replayed" not in first.payload
    assert last.payload["replayed"] == 5
    messages: Any = last.payload["messages"]
    roles = [message["role"] for message in messages]
    assert roles == ["user", "assistant", "tool", "assistant", "tool", "tool"], "as it was sent, whole"


def test_a_reply_of_a_newer_version_is_not_read_but_asked_for_again(
    loop: Loop, mortality: Mortality, monkeypatch: pytest.MonkeyPatch
):
    mortality.set(CrashPoint.REPLY_KEPT, 1)
    with monkeypatch.context() as newer:
        newer.setattr(records, "FORMAT", 99)
        with pytest.raises(Died):
            loop.attempt()
    mortality.end()

    report = loop.attempt()

    assert loop.witness.calls == 4
    assert "replayed" not in report.notes


def test_what_was_said_to_another_question_does_not_fit(loop: Loop, mortality: Mortality):
    mortality.set(CrashPoint.RESULT_KEPT, 1)
    with pytest.raises(Died):
        loop.attempt()
    mortality.end()
    [agent] = loop.plan.agents.values()
    asked_otherwise = agent.model_copy(update={"system_prompt": "Be brief."})
    loop.plan.agents["clerk"] = asked_otherwise  # pyright: ignore[reportIndexIssue]

    loop.attempt()

    assert loop.witness.calls == 4
    assert CALLED["a"] == 2, "the model was asked anew, and so its calls are new ones"


def test_replies_that_did_not_fit_are_asked_for_again_and_what_stands_before_is_kept(
    services: Services, instance: dg.DagsterInstance
):
    loop = Loop(services, instance, outputSchema={"type": "object", "required": ["score"]})
    loop.witness.replies = [*ROUNDS[:2], "no", "still no"]
    with pytest.raises(StepFailed, match="does not fit"):
        loop.attempt(is_last=False)
    loop.witness.replies = [*ROUNDS[:2], '{"score": 1}']

    report = loop.attempt()

    assert read_output(report)["score"] == 1
    assert loop.witness.calls == 5
    assert CALLED.total() == 3


def test_after_too_many_rounds_another_attempt_asks_for_the_last_reply_alone(
    services: Services, instance: dg.DagsterInstance
):
    loop = Loop(services, instance, maxToolRounds=1)
    with pytest.raises(StepFailed, match="1 rounds"):
        loop.attempt(is_last=False)
    assert loop.count_kept() == 2, "the first reply, and what the tool gave"

    with loop.services.store.begin() as tx:
        delete_runs(tx, [loop.run_id], by="test", via="test")
    assert loop.count_kept() == 0
