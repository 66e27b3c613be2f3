"""Caught faults where launches meet them: gates, dead workers, retries, consent."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.retry import retry_run
from agentmesh_dagster.entities.models import EventType, RunStatus, Step, StepStatus
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.runtime.consent import was_approved
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.runtime.launch_ends import end_failed
from agentmesh_dagster.runtime.plans import load_pinned_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.runs import RunFilter, page_runs
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.store.waits import Wait, WaitKind, WaitState, list_runs_to_resume
from agentmesh_dagster.tools import tool
from agentmesh_dagster.translator.dagster_runs import read_instance_id
from tests.control.office import APPROVED, CALLS, Office, noting
from tests.shapes import function_tool, node, save, workflow

REJECTED = {"approved": False, "comment": "not like this"}
PATIENCE_SECONDS = 60


@pytest.fixture(autouse=True)
def no_calls_yet() -> None:
    CALLS.clear()


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


def failing(identity: str, **config: Any) -> dict[str, Any]:
    return node(identity, "tool", toolId="note", input={}, **config)


def read_step(office: Office, run_id: str, node_id: str) -> Step:
    with office.services.store.read() as connection:
        return next(step for step in list_steps(connection, run_id) if step.node_id == node_id)


def list_ids(office: Office, **wanted: Any) -> list[str]:
    with office.services.store.read() as connection:
        return [run.id for run in page_runs(connection, RunFilter(**wanted), limit=10).items]


def gate_that_is_caught(**gate: Any) -> Any:
    nodes = [node("start", "start"), node("gate", "human_approval", **gate), noting("publish"), noting("revise")]
    nodes.append(node("end", "end", output="{{ context.error }}"))
    edges = ["start -> gate", "gate -> publish", "gate -> revise on error", "publish -> end", "revise -> end"]
    return workflow("w", nodes, edges)


def test_a_gate_that_is_rejected_leads_to_its_error_edge_with_what_was_said(office: Office):
    run_id = office.start(gate_that_is_caught())

    office.answer(run_id, "gate", REJECTED)
    assert office.run(run_id).status is RunStatus.RUNNING
    assert office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.has_failed, run.has_caught) == (RunStatus.SUCCEEDED, False, True)
    assert [list_ids(office, has_caught=caught) for caught in (True, False)] == [[run_id], []]
    error = {"nodeId": "gate", "message": "not like this", "code": "rejected", "attempts": 1, "output": REJECTED}
    assert run.output == error
    assert CALLS == ["revise"]
    gate = read_step(office, run_id, "gate")
    assert (gate.status, gate.code, gate.caught) == (StepStatus.FAILED, FaultCode.REJECTED, True)
    assert office.statuses(run_id)["publish"] is StepStatus.SKIPPED
    types = office.event_types(run_id)
    assert types.index(EventType.STEP_FAILED) + 1 == types.index(EventType.STEP_CAUGHT)
    assert {office.dagster_status(launch) for launch in run.launches} == {dg.DagsterRunStatus.SUCCESS}


def test_a_gate_that_is_approved_leads_past_its_error_edge(office: Office):
    run_id = office.start(gate_that_is_caught())

    office.answer(run_id, "gate", APPROVED)
    assert office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.has_caught, run.output) == (RunStatus.SUCCEEDED, False, None)
    assert CALLS == ["publish"]


@pytest.mark.parametrize("on_deadline", ["fail", "reject"])
def test_a_gate_whose_time_is_over_is_caught_as_expired(office: Office, on_deadline: str):
    run_id = office.start(gate_that_is_caught(deadlineSeconds=1, onDeadline=on_deadline))

    wait = Wait(office.gate(run_id, "gate"), run_id, WaitKind.PERSON, WaitState.OPEN, None)
    assert end_due_wait(office.services, wait)
    assert office.continue_run(run_id)

    assert CALLS == ["revise"]
    assert read_step(office, run_id, "gate").code is FaultCode.EXPIRED
    assert office.run(run_id).status is RunStatus.SUCCEEDED


def test_a_gate_with_conditions_may_have_an_output_for_the_case_that_nobody_answers(office: Office):
    gate = node("gate", "human_approval", deadlineSeconds=1, onError={"output": {"way": "slow"}})
    nodes = [node("start", "start"), gate, noting("slow"), noting("quick"), node("end", "end")]
    edges = ["start -> gate", 'gate -> slow if context.last_output.way == "slow"', "gate -> quick", "slow -> end"]
    run_id = office.start(workflow("w", nodes, [*edges, "quick -> end"]))

    assert end_due_wait(
        office.services, Wait(office.gate(run_id, "gate"), run_id, WaitKind.PERSON, WaitState.OPEN, None)
    )
    assert office.continue_run(run_id)

    found = read_step(office, run_id, "gate")
    assert (found.status, found.used_fallback, found.code) == (StepStatus.SUCCEEDED, True, FaultCode.EXPIRED)
    assert (found.output, CALLS) == ({"way": "slow"}, ["slow"])


def test_a_caught_fault_beside_an_open_gate_is_no_failure_of_the_run(office: Office):
    nodes = [node("start", "start"), node("gate", "human_approval", onArmFailure="cancel"), failing("bad")]
    nodes += [noting("mend"), node("end", "end")]
    edges = ["start -> gate", "gate -> end", "start -> bad", "bad -> end", "bad -> mend on error", "mend -> end"]
    run_id = office.start(workflow("w", nodes, edges))

    run = office.run(run_id)
    assert (run.status, run.has_failed, run.has_caught) == (RunStatus.RUNNING, False, True)
    assert run.waiting_on == [office.gate(run_id, "gate")], "the gate is not given up"
    with office.services.store.read() as connection:
        assert page_runs(connection, RunFilter(has_failed=True), limit=10).items == ()

    office.answer(run_id, "gate", APPROVED)
    assert office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert CALLS == ["mend"]


def test_a_retry_does_again_what_failed_and_leaves_what_was_caught(office: Office):
    nodes = [node("start", "start"), failing("caught"), noting("mend"), failing("bad"), node("end", "end")]
    edges = ["start -> caught", "caught -> end", "caught -> mend on error", "mend -> bad", "bad -> end"]
    run_id = office.start(workflow("w", nodes, edges))
    assert office.run(run_id).status is RunStatus.FAILED

    run_in_place(office.services, office.instance, retry_run(office.services, office.instance, run_id, by="bob"))

    attempts = {name: read_step(office, run_id, name).attempt for name in ("caught", "mend", "bad")}
    assert attempts == {"caught": 1, "mend": 1, "bad": 2}
    error = office.run(run_id).error or ""
    assert "`bad`" in error
    assert "`caught`" not in error


def test_a_fault_is_caught_after_its_retries(office: Office):
    @tool
    def explode_each_time() -> None:  # pyright: ignore[reportUnusedFunction]
        raise ConnectionError("down")

    nodes = [
        node("start", "start"),
        node("call", "tool", toolId="explode_each_time", retry={"maxAttempts": 3}),
        node("end", "end"),
    ]
    flow = workflow("w", nodes, ["start -> call", "call -> end on always"])
    save(office.services, function_tool("explode_each_time"))
    run_id = office.start(flow)

    call = read_step(office, run_id, "call")
    assert (call.attempt, call.caught, call.code) == (3, True, FaultCode.TOOL_ERROR)
    types = office.event_types(run_id)
    assert types.count(EventType.STEP_RETRYING) == 2
    assert types.count(EventType.STEP_CAUGHT) == 1
    assert office.run(run_id).status is RunStatus.SUCCEEDED


def test_a_retry_executes_what_failed_inside_of_a_sub_workflow(office: Office):
    failures = iter([ConnectionError("down")])

    @tool
    def fail_once() -> str:  # pyright: ignore[reportUnusedFunction]
        for failure in failures:
            raise failure
        return "up again"

    first, call = (
        node("first", "tool", toolId="note", input={"what": "first"}),
        node("call", "tool", toolId="fail_once", input={}),
    )
    nodes = [node("start", "start"), first, call, node("end", "end")]
    inner = workflow("inner", nodes, ["start -> first", "first -> call", "call -> end"])
    outer = workflow(
        "w",
        [node("start", "start"), node("part", "workflow", workflowId="inner"), node("end", "end"), node("late", "end")],
        ["start -> part", "part -> end", 'part -> late on error if context.error.code == "timeout"'],
    )
    save(office.services, function_tool("fail_once"), function_tool("note"), inner)
    run_id = office.start(outer)
    failed = office.run(run_id)
    assert (failed.status, read_step(office, run_id, "part").code) == (RunStatus.FAILED, FaultCode.CHILD_FAILED)

    run_in_place(office.services, office.instance, retry_run(office.services, office.instance, run_id, by="ann"))

    assert (office.run(run_id).status, office.run(run_id).output) == (RunStatus.SUCCEEDED, {"text": "up again"})
    assert CALLS == ["first"]


def test_a_retry_executes_what_failed_in_a_sub_workflow_of_a_sub_workflow(office: Office):
    """Not what an `each` beside it has dealt with."""
    failures = {"one item": 2, "deep": 1}

    @tool
    def fail_at_first(what: str) -> str:  # pyright: ignore[reportUnusedFunction]
        CALLS.append(what)
        failures[what] -= 1
        if failures[what] >= 0:
            raise ConnectionError("down")
        return what

    def call(identity: str, what: str) -> dict[str, Any]:
        return node(identity, "tool", toolId="fail_at_first", input={"what": what})

    def part(identity: str, workflow_id: str) -> list[dict[str, Any]]:
        return [node(identity, "workflow", workflowId=workflow_id), node("end", "end"), node("late", "end")]

    ways = ["start -> part", "part -> end", 'part -> late on error if context.error.code == "timeout"']
    deep = workflow(
        "deep", [node("start", "start"), call("call", "deep"), node("end", "end")], ["start -> call", "call -> end"]
    )
    list_of_one = [
        node("split", "branch", mode="each", items=[1], onItemError="skip", join="all"),
        call("item", "one item"),
    ]
    nodes = [node("start", "start"), *list_of_one, node("all", "branch", mode="all"), *part("part", "deep")]
    edges = ["start -> split", "split -> item", "item -> all", "all -> end"]
    inner = workflow("inner", nodes, [*edges, *ways])
    outer = workflow("w", [node("start", "start"), *part("part", "inner")], ways)
    save(office.services, function_tool("fail_at_first"), deep, inner)
    run_id = office.start(outer)
    assert office.run(run_id).status is RunStatus.FAILED

    run_in_place(office.services, office.instance, retry_run(office.services, office.instance, run_id, by="ann"))

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert sorted(CALLS) == ["deep", "deep", "one item"]


def test_nobody_has_agreed_behind_a_gate_that_said_no(office: Office):
    run_id = office.start(gate_that_is_caught())
    office.answer(run_id, "gate", REJECTED)
    office.continue_run(run_id)

    run = office.run(run_id)
    plan = load_pinned_plan(office.services.store, run.workflow_id, run.revision)
    with office.services.store.read() as connection:
        assert not was_approved(connection, plan, run_id, "revise")


def test_a_fallback_is_no_consent(office: Office):
    nodes = [node("start", "start"), node("gate", "human_approval", onError={"output": APPROVED}), noting("publish")]
    run_id = office.start(
        workflow("w", [*nodes, node("end", "end")], ["start -> gate", "gate -> publish", "publish -> end"])
    )
    office.answer(run_id, "gate", REJECTED)
    office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.has_caught) == (RunStatus.SUCCEEDED, True)
    plan = load_pinned_plan(office.services.store, run.workflow_id, run.revision)
    with office.services.store.read() as connection:
        assert not was_approved(connection, plan, run_id, "publish")


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def list_left(office: Office) -> list[str]:
    """The runs that the sensor goes on with."""
    with office.services.store.read() as connection:
        return list_runs_to_resume(connection, read_instance_id(office.instance))


def start_and_kill(office: Office, flow: Any, tmp_path: Path) -> str:
    """Starts the flow in a process, which is killed while its step calls the tool `recorder`; the run's id."""
    save(office.services, function_tool("recorder"), function_tool("note"), flow)
    recorder = tmp_path / "recorder"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.control.worker", "w", str(recorder), "60"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"AGENTMESH_CONSOLE_LOG_LEVEL": "CRITICAL"},
    )
    assert process.stdout
    run_id = process.stdout.readline().strip()
    wait_until(recorder.exists)
    process.kill()
    process.wait()
    process.stdout.close()
    wait_until(lambda: reconcile_run(office.services, office.instance, run_id))
    return run_id


@pytest.mark.parametrize("way", ["edge", "fallback"])
def test_when_a_worker_is_killed_the_run_goes_on_behind_its_step_in_another_launch(
    office: Office, tmp_path: Path, way: str
):
    fallback: dict[str, Any] = {"onError": {"output": "lost"}} if way == "fallback" else {}
    nodes = [node("start", "start"), node("call", "tool", toolId="recorder", input={}, **fallback), noting("mend")]
    edges = ["start -> call", "call -> mend" if fallback else "call -> mend on always", "mend -> end"]
    run_id = start_and_kill(office, workflow("w", [*nodes, node("end", "end")], edges), tmp_path)

    assert office.run(run_id).status is RunStatus.RUNNING
    call = read_step(office, run_id, "call")
    assert (call.code, call.caught, call.used_fallback) == (FaultCode.WORKER_LOST, way == "edge", way == "fallback")
    assert list_left(office) == [run_id]
    assert office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.has_caught, len(run.launches)) == (RunStatus.SUCCEEDED, True, 2)
    assert CALLS == ["mend"]


def test_a_killed_worker_beside_an_open_gate_is_caught_and_both_go_on(office: Office, tmp_path: Path):
    nodes = [node("start", "start"), node("gate", "human_approval"), node("call", "tool", toolId="recorder", input={})]
    nodes += [noting("mend"), noting("behind"), node("end", "end")]
    edges = ["start -> gate", "gate -> behind", "start -> call", "call -> mend on error", "call -> end"]
    run_id = start_and_kill(office, workflow("w", nodes, [*edges, "mend -> end", "behind -> end"]), tmp_path)

    assert office.run(run_id).status is RunStatus.RUNNING
    assert office.continue_run(run_id)
    assert CALLS == ["mend"]
    office.answer(run_id, "gate", APPROVED)
    assert office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert CALLS == ["mend", "behind"]


def test_behind_a_lost_worker_in_a_sub_workflow_nothing_of_that_is_done_any_more(office: Office, tmp_path: Path):
    nodes = [node("start", "start"), node("call", "tool", toolId="recorder", input={}), noting("beside")]
    edges = ["start -> call", "start -> beside", "call -> meet", "beside -> meet", "meet -> end"]
    save(office.services, function_tool("recorder"), function_tool("note"))
    save(office.services, workflow("inner", [*nodes, noting("meet"), node("end", "end")], edges))
    part = node("part", "workflow", workflowId="inner")
    outer = [node("start", "start"), part, noting("mend"), node("end", "end")]
    ways = ["start -> part", "part -> end", "part -> mend on error", "mend -> end"]
    run_id = start_and_kill(office, workflow("w", outer, ways), tmp_path)

    assert office.continue_run(run_id)

    assert read_step(office, run_id, "meet").status is StepStatus.SKIPPED
    assert "meet" not in CALLS
    assert CALLS[-1] == "mend"
    assert office.run(run_id).status is RunStatus.SUCCEEDED


def test_a_fallback_that_no_edge_can_use_fails_the_step_for_good(office: Office):
    gate = node("gate", "human_approval", onError={"output": {"known": True}})
    nodes = [node("start", "start"), gate, noting("publish"), noting("revise"), noting("log"), node("end", "end")]
    edges = ["start -> gate", "gate -> publish if has(context.last_output.approved)", "gate -> revise"]
    edges += ["gate -> log on always if context.last_output.missing == 1"]
    edges += [f"{name} -> end" for name in ("publish", "revise", "log")]
    run_id = office.start(workflow("w", nodes, edges))

    office.answer(run_id, "gate", REJECTED)
    office.continue_run(run_id)

    step = read_step(office, run_id, "gate")
    assert (step.status, step.caught) == (StepStatus.FAILED, False)
    assert (office.run(run_id).status, CALLS) == (RunStatus.FAILED, [])


def test_a_worker_that_dies_with_a_step_that_nothing_catches_fails_the_run(office: Office, tmp_path: Path):
    nodes = [node("start", "start"), node("call", "tool", toolId="recorder", input={}), noting("mend")]
    edges = ["start -> call", 'call -> mend on error if context.error.code == "timeout"', "call -> end", "mend -> end"]
    run_id = start_and_kill(office, workflow("w", [*nodes, node("end", "end")], edges), tmp_path)

    run = office.run(run_id)
    assert (run.status, run.has_caught) == (RunStatus.FAILED, False)
    assert read_step(office, run_id, "call").code is FaultCode.WORKER_LOST


def test_a_launch_that_failed_before_it_went_on_behind_a_lost_worker_is_followed_by_another(
    office: Office, tmp_path: Path
):
    nodes = [
        node("start", "start"),
        node("call", "tool", toolId="recorder", input={}),
        noting("mend"),
        node("end", "end"),
    ]
    flow = workflow("w", nodes, ["start -> call", "call -> mend on always", "mend -> end"])
    run_id = start_and_kill(office, flow, tmp_path)
    assert run_maintenance(office.services, office.instance).resumed == [run_id]
    first = office.run(run_id).launches[-1]

    end_failed(office.services, run_id, first, "it could not be started", may_begin_again=True)

    assert office.run(run_id).status is RunStatus.RUNNING
    assert list_left(office) == [run_id]
