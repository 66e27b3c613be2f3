"""Forks over HTTP: a new run that goes on from a step of another."""

from typing import Any

import dagster as dg

from tests.api.flows import CALCULATOR
from tests.api.office import Office
from tests.shapes import node, workflow


def adds(identity: str = "adds", *, last: str = "{{ context.last_output.result }} * 10") -> dict[str, Any]:
    """start → one → gate → two → end: works something out, asks, and works something else out."""
    nodes = [
        node("start", "start"),
        node("one", "tool", toolId="sum", input={"expression": "{{ context.input.n }} + 1"}),
        node("gate", "human_approval", payload="{{ context.outputs.one.result }}"),
        node("two", "tool", toolId="sum", input={"expression": last.replace("last_output", "outputs.one")}),
        node("end", "end"),
    ]
    edges = ["start -> one", "one -> gate", "gate -> two", "two -> end"]
    return dict(workflow(identity, nodes, edges).to_wire())


def run_to_end(office: Office, run_input: Any) -> Any:
    office.ok("POST", "/tools", CALCULATOR)
    office.ok("POST", "/workflows", adds())
    run = office.run("adds", run_input)
    return answer(office, run["id"])


def answer(office: Office, run_id: str) -> Any:
    [step_id] = office.ok("GET", f"/runs/{run_id}")["waitingOn"]
    office.ok("POST", f"/steps/{step_id}/human-complete", {"output": {"approved": True}})
    office.wait_for_queue()
    office.work()
    return office.ok("GET", f"/runs/{run_id}")


def fork(office: Office, run_id: str, **body: Any) -> Any:
    started = office.ok("POST", f"/runs/{run_id}/fork", body)
    assert list(started) == ["runId"]
    office.work()
    return office.ok("GET", f"/runs/{started['runId']}")


def test_a_run_is_forked_and_both_name_each_other(office: Office):
    run = run_to_end(office, {"n": 1})
    assert run["output"] == {"result": 20}

    forked = fork(office, run["id"], fromNodeId="two")

    assert (forked["status"], forked["output"], forked["forks"]) == ("succeeded", {"result": 20}, [])
    assert forked["forkedFrom"] == {"runId": run["id"], "nodeId": "two", "path": ""}
    assert office.ok("GET", f"/runs/{run['id']}")["forks"] == [forked["id"]]
    steps = {step["nodeId"]: step for step in office.ok("GET", f"/runs/{forked['id']}/steps")["items"]}
    assert {name for name, step in steps.items() if step.get("takenOverFrom") == run["id"]} == {"start", "one", "gate"}
    gate = office.ok("GET", f"/gates/{steps['gate']['id']}")
    assert (gate["takenOverFrom"], gate["answeredBy"]) == (run["id"], "ann")
    listed = office.ok("GET", "/runs")["items"]
    assert {item["id"]: item.get("forkedFrom", {}).get("runId") for item in listed} == {
        forked["id"]: run["id"],
        run["id"]: None,
    }


def test_an_output_that_is_given_asks_again_and_is_marked(office: Office):
    run = run_to_end(office, {"n": 1})

    forked = fork(office, run["id"], fromNodeId="two", outputs={"one": {"result": 7}})

    [step_id] = forked["waitingOn"]
    assert office.ok("GET", f"/gates/{step_id}")["payload"] == 7
    steps = {step["nodeId"]: step for step in office.ok("GET", f"/runs/{forked['id']}/steps")["items"]}
    assert (steps["one"]["output"], steps["one"]["editedBy"]) == ({"result": 7}, "ann")
    assert answer(office, forked["id"])["output"] == {"result": 70}
    [edited] = office.ok("GET", "/events?type=step.edited")["items"]
    assert (edited["runId"], edited["payload"]["by"]) == (forked["id"], "ann")


def test_another_input_and_another_revision(office: Office):
    run = run_to_end(office, {"n": 1})
    office.ok("PUT", "/workflows/adds", adds(last="{{ context.last_output.result }} * 100"))

    other = fork(office, run["id"], fromNodeId="two", input={"n": 4})
    newest = fork(office, run["id"], fromNodeId="two", revision="newest")

    assert answer(office, other["id"])["output"] == {"result": 50}
    assert answer(office, newest["id"])["output"] == {"result": 200}, "the workflow was saved, so it asks again"
    assert newest["revision"] > other["revision"] == run["revision"]


def test_what_is_wrong_is_said_at_once_and_nothing_is_started(office: Office):
    run = run_to_end(office, {"n": 1})
    path = f"/runs/{run['id']}/fork"

    problem = office.fault(422, "POST", path, {"fromNodeId": "too", "outputs": {"gate": True, "three": 1}})
    assert (problem["type"], problem["title"]) == (
        "urn:agentmesh:problem:fork-refused",
        "The run cannot be forked so, and no run was started.",
    )
    assert [(issue["code"], issue["nodeId"]) for issue in problem["issues"]] == [
        ("unknown-node", "too"),
        ("answer-of-a-gate", "gate"),
        ("unknown-node", "three"),
    ]
    assert "did you mean `two`?" in problem["issues"][0]["message"]
    assert office.fault(422, "POST", path, {"outputs": {}})["issues"][0]["path"] == "$.fromNodeId"
    assert (
        office.fault(422, "POST", path, {"fromNodeId": "two", "revision": "last"})["issues"][0]["path"] == "$.revision"
    )
    office.fault(404, "POST", "/runs/nothing/fork", {"fromNodeId": "two"})
    office.fault(403, "POST", path, {"fromNodeId": "two"}, headers={"x-test-identity": "eve approver session"})
    assert len(office.ok("GET", "/runs")["items"]) == 1


def test_a_launch_that_dagster_does_not_take_is_said(office: Office):
    run = run_to_end(office, {"n": 1})
    office.workspace.breaks_with = dg.DagsterError("no queue")
    office.fault(503, "POST", f"/runs/{run['id']}/fork", {"fromNodeId": "two"})
