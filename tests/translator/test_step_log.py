"""What Dagster's log of a step tells: the conversation of an agent, calls of tools, ways of branches, who is asked."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster import tool
from agentmesh_dagster.entities.models import Agent, Tool
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.testing import FinishedRun, ScriptedProvider, run_workflow, use_provider
from agentmesh_dagster.translator.presentation import RUN_TAG
from tests.shapes import node, save, workflow

LONG = "x" * 5_000


@pytest.fixture
def services(store: Store) -> Services:
    settings = Settings(
        console_log_level="CRITICAL", public_url="https://mesh.example.com/", executor="threads", step_timeout_seconds=5
    )
    return Services(store, settings)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@tool("log_look_up")
def look_up(order: str) -> dict[str, Any]:
    if order == "gone":
        raise LookupError("no such order")
    return {"state": "sent", "note": LONG}


AGENT = Agent.model_validate(
    {
        "id": "clerk",
        "name": "Clerk",
        "modelProvider": "local",
        "modelName": "small",
        "systemPrompt": "Be brief.",
        "tools": ["look"],
    }
)
LOOK = Tool.model_validate(
    {"id": "look", "name": "look", "type": "function", "config": {"functionName": "log_look_up"}}
)


def read_log(instance: dg.DagsterInstance, run: FinishedRun, step: str) -> list[str]:
    """The lines that Dagster shows under a step, its own events included."""
    return [entry.message for entry in instance.all_logs(run.run.id) if entry.step_key == step]


def ask(services: Services, replies: list[Any], instance: dg.DagsterInstance) -> FinishedRun:
    nodes = [node("start", "start"), node("ask", "agent", agentId="clerk", prompt="Where is it?"), node("end", "end")]
    flow = workflow("w", nodes, ["start -> ask", "ask -> end"])
    save(services, AGENT, LOOK, flow)
    return run_workflow(use_provider(services, ScriptedProvider(replies)), flow, {}, instance)


def test_an_agent_tells_prompt_replies_and_calls_with_arguments_results_time_and_tokens(
    services: Services, instance: dg.DagsterInstance
):
    run = ask(services, [[("look", {"order": "17"})], "It is on its way."], instance)

    told = "\n".join(read_log(instance, run, "ask"))
    assert "Asks local/small, with the tools look:\nsystem: Be brief.\nuser: Context" in told
    assert "user: Where is it?" in told
    assert 'calls look with {"order":"17"}' in told
    assert 'Tool look, called with {"order":"17"}, gave in 0.' in told
    assert "(10 tokens in, 5 out):\nIt is on its way." in told
    # Cut, with a link to the whole.
    assert LONG not in told
    assert f"the whole: https://mesh.example.com/agentmesh/runs/{run.run.id}" in told


def test_an_agent_that_fails_shows_how_far_it_came(services: Services, instance: dg.DagsterInstance):
    run = ask(services, [[("look", {"order": "gone"})]], instance)

    told = "\n".join(read_log(instance, run, "ask"))
    assert "user: Where is it?" in told
    assert 'Tool look, called with {"order":"gone"}, failed in 0.' in told
    assert "LookupError: no such order" in told


def test_a_branch_tells_which_edge_and_why(services: Services, instance: dg.DagsterInstance):
    nodes = [node("start", "start"), node("b", "branch"), node("good", "end"), node("bad", "end")]
    edges = ["start -> b", "b -> good if context.input.score > 0.5", "b -> bad"]
    flow = workflow("w", nodes, edges)
    save(services, flow)

    high = run_workflow(services, flow, {"score": 0.9}, instance)
    low = run_workflow(services, flow, {"score": 0.1}, instance)

    why = "Goes on to good: `context.input.score > 0.5` with context.input.score = 0.9."
    assert why in read_log(instance, high, "b")
    assert "Goes on to bad: no other edge matched." in read_log(instance, low, "b")


def test_a_gate_tells_who_is_asked_and_where(services: Services, instance: dg.DagsterInstance):
    nodes = [node("start", "start"), node("gate", "human_approval", assignees=["ada"]), node("end", "end")]
    flow = workflow("w", nodes, ["start -> gate", "gate -> end"])
    save(services, flow)

    run = run_workflow(services, flow, {}, instance)

    told = "\n".join(read_log(instance, run, "gate"))
    assert f"asks ada. To answer: https://mesh.example.com/agentmesh/approvals/{run.run.waiting_on[0]}" in told


def test_a_run_in_dagster_links_to_its_page(services: Services, instance: dg.DagsterInstance):
    run = ask(services, ["Here."], instance)

    page = f"https://mesh.example.com/agentmesh/runs/{run.run.id}"
    found = instance.get_run_by_id(run.run.id)
    assert found is not None
    assert found.tags[RUN_TAG] == page
    outputs = [event for event in run.launch.all_events if event.is_successful_output and event.step_key == "ask"]
    assert outputs[0].step_output_data.metadata["in AgentMesh"].value == page


def test_where_no_address_is_known_a_cut_line_names_the_command(services: Services, instance: dg.DagsterInstance):
    at_home = replace(services, settings=services.settings.model_copy(update={"public_url": None}))

    run = ask(at_home, [[("look", {"order": "17"})], "Sent."], instance)

    assert f"the whole: agentmesh show {run.run.id} --events" in "\n".join(read_log(instance, run, "ask"))


def test_an_item_that_fails_is_named_with_its_index(services: Services, instance: dg.DagsterInstance):
    nodes = [
        node("start", "start"),
        node("each", "branch", mode="each", items="context.input.orders"),
        node("work", "tool", toolId="look", input={"order": "{{ context.item }}"}),
        node("end", "end"),
    ]
    flow = workflow("w", nodes, ["start -> each", "each -> work", "work -> end"])
    save(services, LOOK, flow)

    run = run_workflow(services, flow, {"orders": ["1", "gone", "3"]}, instance)

    failure = next(event for event in run.launch.all_events if event.is_step_failure)
    assert "Item 1: " in str(failure.step_failure_data.error)
    assert run.run.error is not None
    assert run.run.error.startswith("`work`, item 1: ")


@tool("log_sleep")
def sleep(step: str) -> None:
    import threading

    threading.Event().wait(20)


@pytest.mark.parametrize(
    ("own", "limit"), [(1, "1 s are over (this node's timeoutSeconds)"), (None, "5 s are over (AGENTMESH_STEP_TIMEOUT")]
)
def test_a_timeout_says_whose_limit_it_was_and_which_call_had_no_answer(
    services: Services, instance: dg.DagsterInstance, own: int | None, limit: str
):
    slow = Tool.model_validate({"id": "s", "name": "Slow", "type": "function", "config": {"functionName": "log_sleep"}})
    config: dict[str, Any] = {"input": {"step": "one"}} | ({"timeoutSeconds": own} if own else {})
    nodes = [node("start", "start"), node("nap", "tool", toolId="s", **config), node("end", "end")]
    flow = workflow("w", nodes, ["start -> nap", "nap -> end"])
    save(services, slow, flow)

    run = run_workflow(services, flow, {}, instance)

    assert run.run.error is not None
    assert limit in run.run.error
    assert 'Tool Slow was called with {"step":"one"} and had not answered yet.' in read_log(instance, run, "nap")
