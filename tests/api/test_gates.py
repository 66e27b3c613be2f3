"""Gates over HTTP: what waits for whom, and the one answer that is taken."""

import threading
import time
from typing import Any

import pytest

from agentmesh_dagster.api import continuation
from agentmesh_dagster.tools.functions import tool
from tests.api.flows import asks, asks_beside, asks_how_much, calls, redoes, straight
from tests.api.office import Office

HELD = threading.Event()


@tool(name="tests_api_held")
def hold() -> str:
    """Works until somebody lets it end."""
    HELD.wait(90)
    return "done"


@tool(name="tests_api_broken")
def break_down() -> str:
    """Fails whenever it is called."""
    raise ValueError("it is broken")


def test_an_open_gate_says_what_a_person_needs_to_know(office: Office):
    schema = {"type": "object", "required": ["approved"]}
    office.ok("POST", "/workflows", asks(instructions="Look at {{ context.input.n }}", payload={"n": 1}, schema=schema))
    run = office.run("asks", {"n": 7})
    office.ok("PUT", "/workflows/asks", straight("asks", name="Renamed"))

    [gate] = office.ok("GET", "/gates")["items"]

    assert gate["stepId"] == run["waitingOn"][0]
    shown = {name: gate[name] for name in ("runId", "workflow", "label", "instructions", "payload", "schema", "state")}
    assert shown == {
        "runId": run["id"],
        "workflow": "Workflow asks",
        "label": "Is it good?",
        "instructions": "Look at 7",
        "payload": {"n": 1},
        "schema": schema,
        "state": "open",
    }
    assert office.ok("GET", f"/gates/{gate['stepId']}") == gate
    assert office.ok("GET", "/gates?projectId=none")["items"] == []
    assert office.ok("GET", "/overview")["items"][0]["waiting"] == 1


def test_after_the_answer_the_run_goes_on_with_it(office: Office):
    office.ok("POST", "/workflows", asks())
    run = office.run("asks")
    [step_id] = run["waitingOn"]

    gate = office.ok("POST", f"/steps/{step_id}/human-complete", {"output": {"approved": True, "comment": "fine"}})

    assert (gate["state"], gate["answer"]["comment"]) == ("answered", "fine")
    assert (gate["answeredBy"], gate["answeredVia"]) == ("ann", "session")
    office.wait_for_queue()
    office.work()
    ended = office.ok("GET", f"/runs/{run['id']}")
    assert (ended["status"], ended["output"]) == ("succeeded", {"approved": True, "comment": "fine"})
    assert len(ended["launches"]) == 2
    assert office.ok("GET", f"/gates/{step_id}") == gate
    answered = office.ok("GET", "/events?type=gate.answered")["items"]
    assert [(event["payload"]["by"], event["payload"]["via"]) for event in answered] == [("ann", "session")]


def test_an_answer_that_comes_before_the_launch_has_ended_is_followed_as_soon_as_it_has(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(continuation, "_PAUSES", (0.2,) * 600)  # however slow this machine is
    HELD.clear()
    held = {"id": "held", "name": "Held", "type": "function", "config": {"functionName": "tests_api_held"}}
    office.ok("POST", "/tools", held)
    office.ok("POST", "/workflows", asks_beside("asks", tool_id="held"))
    office.start("asks")
    at_work = threading.Thread(target=office.work)
    at_work.start()
    while not (gates := office.ok("GET", "/gates")["items"]):
        assert at_work.is_alive(), "the launch ended without asking anybody"

    office.ok("POST", f"/steps/{gates[0]['stepId']}/human-complete", {"output": {"approved": True}})
    time.sleep(0.5)  # the first try comes after the response, and finds the launch alive
    assert not office.list_queued(), "one launch of a run lives at a time"
    HELD.set()
    at_work.join()

    give_up = time.monotonic() + 110
    while office.ok("GET", f"/runs/{gates[0]['runId']}")["status"] != "succeeded":
        assert time.monotonic() < give_up, "nobody followed the answer"
        office.work()


def test_of_many_answers_one_is_taken_and_the_others_hear_who_was_first(office: Office):
    office.ok("POST", "/workflows", asks())
    [step_id] = office.run("asks")["waitingOn"]
    answers: list[tuple[int, str]] = []

    def answer(name: str) -> None:
        with office.open_client(f"{name} approver session") as client:
            response = client.post(f"/steps/{step_id}/human-complete", json={"output": {"approved": True, "who": name}})
            answers.append((response.status_code, response.json()["answeredBy"]))

    threads = [threading.Thread(target=answer, args=(f"p{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(status for status, _ in answers) == [200] + [409] * 7
    assert len({first for _, first in answers}) == 1
    assert office.fault(409, "POST", f"/steps/{step_id}/human-complete", {"output": 1})["state"] == "answered"


def test_an_answer_that_does_not_fit_leaves_the_gate_open(office: Office):
    office.ok("POST", "/workflows", asks(schema={"type": "object", "required": ["amount"]}))
    [step_id] = office.run("asks")["waitingOn"]

    assert "amount" in office.fault(422, "POST", f"/steps/{step_id}/human-complete", {"output": {}})["detail"]
    office.fault(422, "POST", f"/steps/{step_id}/human-complete", {})
    assert office.ok("GET", f"/gates/{step_id}")["state"] == "open"


def test_a_gate_with_assignees_takes_answers_of_these_and_of_admins_only(office: Office):
    office.ok("POST", "/workflows", asks(assignees=["bob"]))
    step_ids = [office.run("asks")["waitingOn"][0] for _ in range(3)]
    body = {"output": {"approved": True}}

    refused = office.fault(
        403, "POST", f"/steps/{step_ids[0]}/human-complete", body, headers={"x-test-identity": "eve approver session"}
    )

    assert "bob" in refused["detail"]
    people = ["bob approver session", "ann admin token", "anybody approver open"]
    for step_id, who in zip(step_ids, people, strict=True):
        office.ok("POST", f"/steps/{step_id}/human-complete", body, headers={"x-test-identity": who})


def test_a_gate_that_closed_with_its_run_takes_no_answer(office: Office):
    office.ok("POST", "/workflows", asks())
    run = office.run("asks")
    office.ok("POST", f"/runs/{run['id']}/cancel")

    [step_id] = run["waitingOn"]
    problem = office.fault(409, "POST", f"/steps/{step_id}/human-complete", {"output": {"approved": True}})

    assert problem["state"] == "canceled"


def test_gates_are_listed_in_pages_oldest_first(office: Office):
    office.ok("POST", "/workflows", asks())
    waiting = [office.run("asks")["waitingOn"][0] for _ in range(3)]

    first = office.ok("GET", "/gates?limit=2")
    second = office.ok("GET", f"/gates?limit=2&cursor={first['nextCursor']}")

    assert [gate["stepId"] for gate in first["items"] + second["items"]] == waiting
    assert "nextCursor" not in second


def test_a_rejected_run_is_continued_over_http_and_the_gate_shows_its_history(office: Office):
    office.ok("POST", "/workflows", asks(payload={"n": 1}))
    run = office.run("asks")
    [step_id] = run["waitingOn"]
    said = {"approved": False, "comment": "not this"}
    office.fault(409, "POST", f"/runs/{run['id']}/retry")
    office.ok("POST", f"/steps/{step_id}/human-complete", {"output": said})
    assert office.ok("GET", f"/runs/{run['id']}")["status"] == "failed"
    refused = {"x-test-identity": "eve approver session"}
    office.fault(403, "POST", f"/runs/{run['id']}/retry", headers=refused)

    again = office.ok("POST", f"/runs/{run['id']}/retry")

    assert again["runId"] == run["id"]
    office.work()
    waits = office.ok("GET", f"/runs/{run['id']}")
    assert (waits["status"], waits["waitingOn"]) == ("running", [step_id])
    assert waits["launches"] == [run["id"], again["launchId"]]
    [gate] = office.ok("GET", "/gates")["items"]
    [past] = gate["history"]
    assert {name: past[name] for name in ("state", "answer", "answeredBy", "payload")} == {
        "state": "answered",
        "answer": said,
        "answeredBy": "ann",
        "payload": {"n": 1},
    }
    assert office.fault(409, "POST", f"/runs/{run['id']}/retry")["state"] == "running"
    office.ok("POST", f"/steps/{step_id}/human-complete", {"output": {"approved": True}})
    office.wait_for_queue()
    office.work()
    assert office.ok("GET", f"/runs/{run['id']}")["status"] == "succeeded"
    assert office.fault(409, "POST", f"/runs/{run['id']}/retry")["state"] == "succeeded"


@pytest.mark.parametrize("said", [{"approved": "false"}, {"approved": 0}, {"approved": None}, "no", None, {}], ids=str)
def test_what_is_no_yes_and_no_no_leaves_the_gate_open(office: Office, said: Any):
    office.ok("POST", "/workflows", asks())
    run = office.run("asks")
    [step_id] = run["waitingOn"]

    detail = office.fault(422, "POST", f"/steps/{step_id}/human-complete", {"output": said})["detail"]

    assert "`approved`" in detail
    assert office.ok("GET", f"/gates/{step_id}")["state"] == "open"
    assert office.ok("GET", f"/runs/{run['id']}")["status"] == "running"


def test_an_answer_that_no_edge_can_use_leaves_the_gate_open_and_says_what_they_ask(office: Office):
    office.ok("POST", "/workflows", asks_how_much())
    [step_id] = office.run("how_much")["waitingOn"]
    path = f"/steps/{step_id}/human-complete"

    missing = office.fault(422, "POST", path, {"output": {}})["detail"]
    text = office.fault(422, "POST", path, {"output": {"amount": "12"}})["detail"]

    assert "`context.last_output.amount > 10`" in missing
    assert "amount" in missing
    assert "text" in text
    assert office.ok("GET", f"/gates/{step_id}")["state"] == "open"
    office.ok("POST", path, {"output": {"amount": 12}})


def test_a_gate_whose_run_can_only_fail_says_so_and_the_run_is_found(office: Office):
    broken = {"id": "broken", "name": "Broken", "type": "function", "config": {"functionName": "tests_api_broken"}}
    office.ok("POST", "/tools", broken)
    office.ok("POST", "/workflows", asks_beside("asks", tool_id="broken"))
    run = office.run("asks")

    assert (run["status"], run["hasFailed"]) == ("running", True)
    [gate] = office.ok("GET", "/gates")["items"]
    assert gate["runHasFailed"] is True
    assert [one["id"] for one in office.ok("GET", "/runs?hasFailed=true&waiting=true")["items"]] == [run["id"]]
    assert office.ok("GET", "/runs?hasFailed=false")["items"] == []


def test_a_gate_in_a_loop_says_its_round_and_what_was_said_in_the_rounds_before(office: Office):
    office.apply(workflows=[redoes("redoes"), calls("calls", "redoes")])
    run = office.run("calls")
    for remark in ("shorter", "kinder"):
        [step_id] = office.ok("GET", f"/runs/{run['id']}")["waitingOn"]
        office.ok("POST", f"/steps/{step_id}/human-complete", {"output": {"approved": False, "comment": remark}})
        office.wait_for_queue()
        office.work()

    [gate] = office.ok("GET", "/gates")["items"]

    assert (gate["label"], gate["path"], gate["round"]) == ("Is it good?", "call/#3", 3)
    assert [(past["round"], past["answer"]["comment"]) for past in gate["rounds"]] == [(1, "shorter"), (2, "kinder")]
    steps = office.ok("GET", f"/runs/{run['id']}/steps")["items"]
    assert [step["round"] for step in steps if step["nodeId"] == "gate"] == [1, 2, 3]
