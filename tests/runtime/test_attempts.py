"""One attempt at a step: timeouts that end it, retries, errors that can be kept, values that cannot."""

import threading
import time
from typing import Any

import pytest

from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.testing import FinishedRun, run_workflow
from agentmesh_dagster.tools import tool
from tests.costs import FAR_TOO_LONG_SECONDS
from tests.shapes import function_tool, node, save, workflow

CALLS: list[str] = []


@pytest.fixture(autouse=True)
def no_calls_yet() -> None:
    CALLS.clear()


@tool
def spin(idempotency_key: str) -> None:
    CALLS.append(idempotency_key)
    while True:
        time.sleep(0.01)


@tool
def fail_twice(idempotency_key: str) -> str:
    CALLS.append(idempotency_key)
    if len(CALLS) < 3:
        raise ConnectionError(f"try {len(CALLS)}")
    return "third time lucky"


@tool
def fail_oddly() -> None:
    raise RuntimeError("bad \x00 and \ud800")


@tool
def give_nan() -> float:
    return float("nan")


def run_call(services: Services, function: str, **config: Any) -> FinishedRun:
    nodes = [node("start", "start"), node("call", "tool", toolId=function, input={}, **config), node("end", "end")]
    flow = workflow("w", nodes, ["start -> call", "call -> end"])
    save(services, function_tool(function), flow)
    return run_workflow(services, flow)


def test_a_timeout_ends_the_attempt_and_its_thread(services: Services):
    started = time.monotonic()

    run = run_call(services, "spin", timeoutSeconds=0.5)

    assert time.monotonic() - started < FAR_TOO_LONG_SECONDS
    assert run.status is RunStatus.FAILED
    assert "took too long" in str(run.run.error)
    give_up = time.monotonic() + FAR_TOO_LONG_SECONDS
    while [thread for thread in threading.enumerate() if thread.name == "step-call"]:
        assert time.monotonic() < give_up, "its thread goes on"
        time.sleep(0.05)


def test_a_timeout_counts_as_an_attempt(services: Services):
    run = run_call(services, "spin", timeoutSeconds=0.2, retry={"maxAttempts": 2})

    assert len(CALLS) == 2
    assert run.status is RunStatus.FAILED


def test_a_step_is_tried_again_with_the_same_key(services: Services):
    run = run_call(services, "fail_twice", retry={"maxAttempts": 3, "delaySeconds": 0})

    assert run.status is RunStatus.SUCCEEDED
    assert len(set(CALLS)) == 1
    step = next(step for step in run.steps if step.node_id == "call")
    assert (step.attempt, step.id) == (3, CALLS[0])
    kinds = [event.type for event in run.events if event.step_id == step.id]
    assert kinds.count(EventType.STEP_STARTED) == 3
    assert kinds.count(EventType.STEP_RETRYING) == 2
    assert kinds[-1] is EventType.STEP_COMPLETED


def test_a_step_that_fails_at_every_attempt_fails_the_run_and_leaves_what_is_behind(services: Services):
    run = run_call(services, "fail_twice", retry={"maxAttempts": 2})

    assert run.status is RunStatus.FAILED
    assert "try 2" in str(run.run.error)
    assert [step.node_id for step in run.steps] == ["start", "call"]
    assert run.events[-1].type is EventType.RUN_FAILED


def test_an_error_with_characters_that_no_database_keeps_is_kept_all_the_same(services: Services):
    run = run_call(services, "fail_oddly")

    assert run.status is RunStatus.FAILED
    assert "bad" in str(run.run.error)


def test_an_output_that_is_no_json_fails_the_step(services: Services):
    run = run_call(services, "give_nan")

    assert run.status is RunStatus.FAILED
    assert next(step for step in run.steps if step.node_id == "call").status is StepStatus.FAILED


def test_a_failed_step_lets_the_other_arm_run_to_its_end(services: Services):
    nodes = [
        node("start", "start"),
        node("bad", "tool", toolId="give_nan", input={}),
        node("good", "branch", mode="all"),
        node("better", "branch", mode="all"),
        node("end", "end"),
        node("other end", "end"),
    ]
    edges = ["start -> bad", "start -> good", "good -> better", "better -> other end", "bad -> end"]
    flow = workflow("w", nodes, edges)
    save(services, function_tool("give_nan"), flow)

    run = run_workflow(services, flow)

    assert run.status is RunStatus.FAILED
    assert set(run.executed) == {"start", "bad", "good", "better", "other end"}
    assert run.events[-1].type is EventType.RUN_FAILED


def test_the_input_is_checked_against_the_schema_and_defaults_are_filled_in(services: Services):
    schema = {
        "type": "object",
        "required": ["subject"],
        "properties": {"subject": {"type": "string"}, "plan": {"type": "string", "default": "free"}},
    }
    flow = workflow("w", [node("start", "start"), node("end", "end")], ["start -> end"], inputSchema=schema)
    save(services, flow)

    assert run_workflow(services, flow, {"subject": "hi"}).output == {"subject": "hi", "plan": "free"}
