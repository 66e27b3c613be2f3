"""Trials over HTTP: an agent or a tool is tried as runs would use it, and nothing is kept."""

import threading
import time

import dagster as dg
import pytest

from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.testing import ScriptedProvider, use_provider
from agentmesh_dagster.tools import tool
from tests.api.flows import AGENT, CALCULATOR
from tests.api.office import Office, run_office
from tests.shapes import node, workflow

_let_go = threading.Event()


@tool
def wait_for_it() -> str:
    _let_go.wait(90)
    return "done"


@tool
def stumble() -> str:
    raise RuntimeError("over a stone")


def test_an_agent_is_tried_with_its_tools(services: Services, instance: dg.DagsterInstance):
    scripted = ScriptedProvider([[("Calculator", {"expression": "6 * 7"})], '{"answer": 42}'])
    with run_office(use_provider(services, scripted), instance) as office:
        office.apply(tools=[CALCULATOR], agents=[AGENT | {"id": "a", "tools": ["sum"]}])

        reply = office.ok(
            "POST",
            "/agents/a/try",
            {
                "prompt": "What is {{ context.input.x }}, {{ context.outputs.before.name }}?",
                "input": {"x": 3},
                "context": {"outputs": {"before": {"name": "Ann"}}},
            },
        )

        assert (reply["text"], reply["answer"]) == ('{"answer": 42}', 42)
        assert reply["raw"]["toolCalls"][0]["output"] == {"result": 42}
        assert scripted.requests[0].messages[-1].text == "What is 3, Ann?"
        assert office.ok("GET", "/runs")["items"] == []


def test_an_agent_without_a_prompt_is_asked_with_the_input(office: Office):
    office.apply(agents=[AGENT | {"id": "a"}])

    assert "hello" in office.ok("POST", "/agents/a/try", {"input": "hello"})["text"]


def test_a_trial_that_cannot_work_is_refused_in_plain_words(office: Office):
    office.apply(
        agents=[AGENT | {"id": "a"}, AGENT | {"id": "b", "modelProvider": "openai", "modelName": "gpt-5"}],
        tools=[CALCULATOR, CALCULATOR | {"id": "none", "type": "function", "config": {"functionName": "nothing"}}],
    )

    template = office.fault(422, "POST", "/agents/a/try", {"prompt": "{{ context.input. }}"})
    assert template["issues"][0]["code"]
    unknown = office.fault(422, "POST", "/agents/a/try", {"prompt": "{{ context.input.x }}", "input": {}})
    assert "no field" in unknown["detail"]
    assert "OPENAI_API_KEY" in office.fault(422, "POST", "/agents/b/try", {"input": "x"})["detail"]
    assert "expression" in office.fault(422, "POST", "/tools/sum/try", {"input": {}})["detail"]
    assert "nothing" in office.fault(422, "POST", "/tools/none/try", {})["detail"]
    office.fault(404, "POST", "/tools/missing/try", {})


def test_a_tool_is_tried(office: Office):
    stumbles = CALCULATOR | {"id": "stumbles", "type": "function", "config": {"functionName": "stumble"}}
    office.apply(tools=[CALCULATOR, stumbles])

    assert office.ok("POST", "/tools/sum/try", {"input": {"expression": "6 * 7"}}) == {"output": {"result": 42}}
    assert "over a stone" in office.fault(502, "POST", "/tools/stumbles/try", {})["detail"]


def test_what_takes_too_long_is_given_up_and_the_server_stays_free(office: Office):
    _let_go.clear()
    _let_go.clear()
    waits = CALCULATOR | {"id": "waits", "type": "function", "config": {"functionName": "wait_for_it"}}
    office.apply(tools=[waits])
    statuses: list[int] = []

    def attempt() -> None:
        with office.open_client() as client:
            statuses.append(client.post("/tools/waits/try", json={}).status_code)

    threads = [threading.Thread(target=attempt) for _ in range(12)]
    for thread in threads:
        thread.start()
    give_up = time.monotonic() + 60
    while len(statuses) < 4 and time.monotonic() < give_up:
        time.sleep(0.02)
    assert statuses == [503] * 4, "only so many are tried at once"
    assert office.ok("GET", "/tools/waits"), "others are served meanwhile"
    _let_go.set()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 8 + [503] * 4


def list_tried(office: Office, **params: str) -> list[dict[str, object]]:
    return office.ok("GET", "/events", params={"type": ["tool.tried", "agent.tried"], **params})["items"]


def test_who_tried_what_is_written_down(office: Office):
    stumbles = CALCULATOR | {"id": "stumbles", "type": "function", "config": {"functionName": "stumble"}}
    office.apply(tools=[CALCULATOR], agents=[AGENT | {"id": "a", "tools": ["sum"]}])
    office.apply(project={"id": "p", "name": "P"}, tools=[stumbles])
    with office.open_client("ed editor token") as editor:
        assert editor.post("/tools/sum/try", json={"input": {"expression": "1 + 1"}}).status_code == 200
        assert editor.post("/agents/a/try", json={"input": "x" * 20_000}).status_code == 200
        assert editor.post("/tools/stumbles/try", json={}).status_code == 502

    failed, asked, called = list_tried(office)
    assert called["type"] == "tool.tried"
    assert called["payload"] == {
        "toolId": "sum",
        "tool": "Calculator",
        "secrets": [],
        "input": {"expression": "1 + 1"},
        "by": "ed",
        "via": "token",
    }
    assert asked["type"] == "agent.tried"
    assert asked["payload"]["tools"] == ["sum"]
    assert len(asked["payload"]["input"]) == 10_001
    assert [event["payload"]["toolId"] for event in list_tried(office, projectId="p")] == ["stumbles"]
    assert failed["projectId"] == "p"
    assert {event["type"] for event in office.ok("GET", "/events")["items"]} >= {"tool.tried", "agent.tried"}


@pytest.mark.parametrize("role", ["viewer", "approver"])
def test_who_may_not_edit_tries_nothing(office: Office, role: str):
    office.apply(tools=[CALCULATOR], agents=[AGENT | {"id": "a"}])
    with office.open_client(f"ann {role} session") as somebody:
        assert somebody.post("/tools/sum/try", json={"input": {"expression": "1"}}).status_code == 403
        assert somebody.post("/agents/a/try", json={"input": "x"}).status_code == 403
    assert list_tried(office) == []


_paid: list[str] = []


@tool
def pay() -> str:
    _paid.append("paid")
    return "paid"


def test_a_tool_that_needs_approval_is_called_behind_a_gate_alone(office: Office):
    payment = {"id": "pay", "name": "Pay", "type": "function", "config": {"functionName": "pay"}, "approval": "always"}
    nodes = [node("start", "start"), node("gate", "human_approval"), node("work", "tool", toolId="pay", input={})]
    asked = workflow("asked", [*nodes, node("end", "end")], ["start -> gate", "gate -> work", "work -> end"])
    free = workflow("free", [nodes[0], nodes[2], node("end", "end")], ["start -> work", "work -> end"])
    _paid.clear()
    office.apply(tools=[payment | {"approval": "never"}], agents=[AGENT | {"id": "a", "tools": ["pay"]}])
    office.fault(422, "PUT", "/agents/a", AGENT | {"tools": ["pay", "pay2"]})
    office.ok("POST", "/workflows", free.to_wire())
    office.ok("PUT", "/tools/pay", payment)  # what uses it is refused from now on, wherever it is used
    office.ok("POST", "/workflows", asked.to_wire())

    assert "approval: always" in office.fault(403, "POST", "/tools/pay/try", {})["title"]
    office.fault(403, "POST", "/agents/a/try", {"input": "pay"})
    assert office.fault(422, "PUT", "/agents/a", AGENT | {"tools": ["pay"]})["issues"][0]["code"] == "approval-missing"
    assert office.fault(422, "POST", "/workflows/free/runs", {})["issues"][0]["code"] == "approval-missing"
    assert _paid == []
    assert list_tried(office) == []

    run = office.run("asked")
    assert _paid == []
    office.ok("POST", f"/steps/{run['waitingOn'][0]}/human-complete", {"output": {"approved": True}})
    office.wait_for_queue()
    office.work()
    ended = office.ok("GET", f"/runs/{run['id']}")
    assert (ended["status"], ended.get("error")) == ("succeeded", None)
    assert _paid == ["paid"]
