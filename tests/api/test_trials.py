"""Trials over HTTP: an agent or a tool is tried as runs would use it, and nothing is kept."""

import threading
import time

import dagster as dg

from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.testing import ScriptedProvider, use_provider
from agentmesh_dagster.tools import tool
from tests.api.flows import AGENT, CALCULATOR
from tests.api.office import Office, run_office

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
