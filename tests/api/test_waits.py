"""Events and callbacks over HTTP: what was posted is kept, and the run that waits for it goes on."""

import re
from itertools import pairwise
from typing import Any

import pytest

from agentmesh_dagster.settings import get_settings
from tests.api.flows import asks
from tests.api.office import Office

SAY = {"id": "say", "name": "Say", "type": "builtin", "config": {"functionName": "text_template"}}


@pytest.fixture(autouse=True)
def public_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTMESH_PUBLIC_URL", "https://agents.example")
    get_settings.cache_clear()


def apply(office: Office, **wait: Any) -> None:
    said = "{{ context.callbacks.wait }}" if wait.get("callback") else "hello"
    nodes = [
        {"id": "start", "type": "start"},
        {"id": "say", "type": "tool", "toolId": "say", "config": {"input": {"template": said}}},
        {"id": "wait", "type": "wait", "config": wait},
        {"id": "end", "type": "end"},
    ]
    ids = ["start", "say", "wait", "end"]
    edges = [
        {"id": f"e{n}", "fromNodeId": source, "toNodeId": target} for n, (source, target) in enumerate(pairwise(ids))
    ]
    office.apply(tools=[SAY], workflows=[{"id": "w", "name": "W", "graph": {"nodes": nodes, "edges": edges}}])


def test_a_posted_event_goes_to_the_run_that_waits_for_it_and_the_same_one_does_nothing_again(office: Office):
    apply(office, event={"name": "paid", "match": "context.event.sum > 10"})
    run = office.run("w")
    assert run["status"] == "running"
    [step] = [step for step in office.ok("GET", f"/runs/{run['id']}/steps")["items"] if step["nodeId"] == "wait"]
    assert (run["waitingOn"], step["status"]) == ([step["id"]], "waiting")
    assert step["waitingFor"] == {"kind": "event", "event": "paid"}
    assert office.ok("GET", "/gates")["items"] == []

    office.ok("POST", "/events/paid", {"sum": 5})
    key = {"Idempotency-Key": "one"}
    assert office.ok("POST", "/events/paid", {"sum": 50}, headers=key)["isNew"] is True
    assert office.ok("POST", "/events/paid", {"sum": 50}, headers=key)["isNew"] is False
    office.wait_for_queue()
    office.work()

    run = office.ok("GET", f"/runs/{run['id']}")
    assert (run["status"], run["output"]) == ("succeeded", {"sum": 50})


def test_a_run_that_waits_for_an_event_does_not_wait_for_a_person(office: Office):
    apply(office, event={"name": "paid"})
    office.ok("POST", "/workflows", asks())
    timed, asking = office.run("w"), office.run("asks")
    assert timed["waitingOn"]

    def list_ids(query: str) -> list[str]:
        return [run["id"] for run in office.ok("GET", query)["items"]]

    assert list_ids("/runs?waiting=true") == [asking["id"]]
    assert list_ids("/runs?waiting=false") == [timed["id"]]
    assert list_ids("/workflows/w/runs?waiting=true") == []


def read_path(office: Office, run_id: str) -> str:
    steps = office.ok("GET", f"/runs/{run_id}/steps")["items"]
    said = next(step["output"]["text"] for step in steps if step["nodeId"] == "say")
    found = re.fullmatch(r"https://agents\.example/api(/callbacks/[\w-]{43})", said)
    assert found
    return found[1]


def test_a_callback_is_good_once(office: Office):
    apply(office, callback=True)
    run = office.run("w")
    path = read_path(office, run["id"])

    assert office.ok("POST", path, {"pages": 3}) == {"isReceived": True}
    assert (
        "good once"
        in office.fault(409, "POST", path, {"pages": 3})["detail"] + office.fault(409, "POST", path)["title"]
    )
    office.fault(404, "POST", "/callbacks/made-up", {})
    office.wait_for_queue()
    office.work()

    run = office.ok("GET", f"/runs/{run['id']}")
    assert (run["status"], run["output"]) == ("succeeded", {"pages": 3})


def test_a_callback_that_is_no_json_is_refused_and_stays_good(office: Office):
    apply(office, callback=True)
    run = office.run("w")
    path = read_path(office, run["id"])
    json_type = {"content-type": "application/json"}

    office.fault(400, "POST", path, content=b"{", headers=json_type)
    office.fault(413, "POST", path, content=b'"' + b"x" * 10_000_001 + b'"', headers=json_type)
    office.ok("POST", path, None)

    office.wait_for_queue()
    office.work()
    assert office.ok("GET", f"/runs/{run['id']}")["status"] == "succeeded"


def test_a_callback_of_a_canceled_run_is_refused(office: Office):
    apply(office, callback=True)
    run = office.run("w")
    path = read_path(office, run["id"])
    office.ok("POST", f"/runs/{run['id']}/cancel")

    assert "canceled" in office.fault(409, "POST", path, {})["detail"]
