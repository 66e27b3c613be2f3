"""Runs over HTTP: started, listed, looked at, canceled."""

import time
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.queued_runs import beginning_queued_runs
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.store.runs import RunFilter, page_runs
from tests.api.flows import AGENT, CALCULATOR, asks, calls, counts, redoes, runs, says, straight
from tests.api.office import Office
from tests.shapes import node, workflow


def test_a_run_is_started_and_its_answer_waits_for_no_worker(office: Office):
    office.ok("POST", "/workflows", straight())
    response = office.client.post("/workflows/straight/runs", json={"input": {"n": 1}})

    run_id = response.json()["runId"]
    assert response.status_code == 201
    assert response.headers["Location"] == f"/runs/{run_id}"
    assert office.ok("GET", f"/runs/{run_id}")["status"] == "pending"
    office.work()
    run = office.ok("GET", f"/runs/{run_id}")
    assert (run["status"], run["output"], run["launches"]) == ("succeeded", {"n": 1}, [run_id])
    with office.services.store.read() as connection:
        assert page_runs(connection, RunFilter(), limit=1).items[0].id == run_id


def test_a_run_started_right_after_a_save_runs_what_was_saved(office: Office):
    office.ok("POST", "/workflows", says("w", "0"))
    run_ids: list[str] = []
    for number in range(5):
        office.ok("PUT", "/workflows/w", says("w", str(number)))
        run_ids.append(office.start("w"))
    office.ok("DELETE", "/workflows/w")
    office.work()

    assert [office.ok("GET", f"/runs/{run_id}")["output"] for run_id in run_ids] == ["0", "1", "2", "3", "4"]


def test_an_input_that_does_not_fit_starts_nothing(office: Office):
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    office.ok("POST", "/workflows", straight(input_schema=schema))

    problem = office.fault(422, "POST", "/workflows/straight/runs", {"input": {"n": "x"}})

    assert problem["type"] == "urn:agentmesh:problem:unfit-input"
    assert "$.n" in problem["detail"]
    assert office.ok("GET", "/runs")["items"] == []


def test_a_pattern_or_a_schema_freezes_nobody(office: Office):
    """Letters that take Python's `re` longer than the universe; a schema that doubles with each level."""
    slow = {"properties": {"name": {"pattern": "^(a+)+$"}, "x": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]}}}
    office.ok("POST", "/workflows", straight(input_schema=slow))
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"x": deep}

    for run_input, said in (({"name": "a" * 29 + "!"}, "does not match"), (deep, "evaluations of its schema")):
        problem = office.fault(422, "POST", "/workflows/straight/runs", {"input": run_input})
        assert problem["type"] == "urn:agentmesh:problem:unfit-input"
        assert said in problem["detail"]
    office.start("straight", {"name": "aaa"})

    [issue] = office.fault(422, "POST", "/workflows", straight("w", input_schema={"pattern": "(?=a)"}))["issues"]
    assert issue["code"] == "bad-schema"
    assert "look-ahead `(?=` cannot be used: patterns are RE2" in issue["message"]


def test_a_launch_that_dagster_does_not_take_is_told(office: Office):
    office.ok("POST", "/workflows", straight())
    office.workspace.breaks_with = dg.DagsterInvariantViolationError("no queue")

    assert "run" in office.fault(503, "POST", "/workflows/straight/runs", {})["detail"]


def test_runs_are_filtered_and_read_in_pages_newest_first(office: Office):
    office.apply(workflows=[straight(), asks()])
    straight_ids = [office.start("straight", {"n": n}) for n in range(5)]
    asking = office.start("asks")
    office.work()
    waiting_in_queue = office.start("straight")

    def list_ids(query: str) -> list[str]:
        ids: list[str] = []
        page = office.ok("GET", f"/runs?limit=2&{query}")
        ids += [run["id"] for run in page["items"]]
        while cursor := page.get("nextCursor"):
            page = office.ok("GET", f"/runs?limit=2&{query}&cursor={cursor}")
            ids += [run["id"] for run in page["items"]]
        return ids

    assert list_ids("") == [waiting_in_queue, asking, *reversed(straight_ids)]
    assert list_ids("waiting=true") == [asking]
    assert list_ids("waiting=false") == [waiting_in_queue, *reversed(straight_ids)]
    assert list_ids("status=succeeded") == [*reversed(straight_ids)]
    assert list_ids("status=pending&status=running") == [waiting_in_queue, asking]
    assert list_ids("workflowId=asks") == [asking]
    assert list_ids("projectId=default&workflowId=straight") == [waiting_in_queue, *reversed(straight_ids)]
    assert list_ids("projectId=none") == []
    page = office.ok("GET", "/workflows/straight/runs?limit=2&status=succeeded")
    assert [run["id"] for run in page["items"]] == [straight_ids[4], straight_ids[3]]


def test_a_page_of_large_runs_ends_early(office: Office):
    office.ok("POST", "/workflows", straight())
    large = "x" * 6_000_000
    for _ in range(4):
        office.start("straight", {"large": large})

    page = office.ok("GET", "/runs")
    rest = office.ok("GET", f"/runs?cursor={page['nextCursor']}")

    assert [len(page["items"]), len(rest["items"])] == [3, 1]


def test_steps_are_listed_in_pages_in_the_order_in_which_they_started(office: Office):
    office.apply(tools=[CALCULATOR], workflows=[counts("w", 6)])
    run = office.run("w")
    assert run["status"] == "succeeded", run

    page = office.ok("GET", f"/runs/{run['id']}/steps?limit=4")
    steps = list(page["items"])
    while cursor := page.get("nextCursor"):
        page = office.ok("GET", f"/runs/{run['id']}/steps?limit=4&cursor={cursor}")
        steps += page["items"]

    assert len(steps) == len({step["id"] for step in steps}) == 9
    assert (steps[0]["nodeId"], steps[-1]["nodeId"]) == ("start", "join")
    assert sorted(step["itemIndex"] for step in steps if step["nodeId"] == "add") == list(range(6))
    started = [step["startedAt"] for step in steps]
    assert started == sorted(started)


def test_what_a_run_executes_is_shown_as_it_was_when_it_was_launched(office: Office):
    office.ok("POST", "/workflows", asks() | {"name": "Before"})
    run = office.run("asks")
    office.ok("PUT", "/workflows/asks", straight("asks", name="After"))

    pinned = office.ok("GET", f"/runs/{run['id']}/workflow")

    assert pinned["workflow"]["name"] == "Before"
    assert [each["id"] for each in pinned["workflow"]["graph"]["nodes"]] == ["start", "gate", "end"]
    assert pinned["dagsterJob"]
    assert pinned["dagsterRunUrl"] == f"/runs/{run['id']}"


def test_what_a_run_repeats_is_shown_with_its_graph(office: Office):
    office.apply(tools=[CALCULATOR], workflows=[counts("counts", 2)])

    pinned = office.ok("GET", f"/runs/{office.run('counts')['id']}/workflow")

    assert pinned["regions"] == [{"each": "each", "join": "join", "body": ["add"]}]


def test_the_loops_of_a_run_and_of_what_it_calls_are_shown_with_their_graphs(office: Office):
    office.apply(workflows=[redoes("redoes"), calls("calls", "redoes")])
    loop = {"head": "gate", "body": ["gate"], "back": ["e1"], "maxRounds": 3}

    called = office.ok("GET", f"/runs/{office.run('calls')['id']}/workflow")
    own = office.ok("GET", f"/runs/{office.run('redoes')['id']}/workflow")

    assert (own["loops"], own["called"]) == ([loop], [])
    assert called["loops"] == []
    assert called["called"] == [{"workflowId": "redoes", "regions": [], "loops": [loop]}]


def test_what_a_draft_repeats_is_told_with_what_is_wrong_with_it(office: Office):
    flow = redoes("redoes")
    flow["graph"]["edges"].append({"id": "more", "fromNodeId": "gate", "toNodeId": "nobody"})

    found = office.ok("POST", "/workflows/validate", flow)

    assert [issue["code"] for issue in found["issues"]]
    assert [loop["head"] for loop in found["repeats"][0]["loops"]] == ["gate"]


def test_a_run_is_canceled_in_the_queue_and_while_it_waits(office: Office):
    office.apply(workflows=[straight(), asks()])
    waiting = office.run("asks")["id"]
    queued = office.start("straight")

    for run_id in (queued, waiting):
        run = office.ok("POST", f"/runs/{run_id}/cancel")
        assert (run["status"], run["waitingOn"]) == ("canceled", [])
        dagster_run = office.instance.get_run_by_id(run_id)
        assert dagster_run
        assert dagster_run.status is dg.DagsterRunStatus.CANCELED
        office.fault(409, "POST", f"/runs/{run_id}/cancel")
        last = office.ok("GET", f"/runs/{run_id}/events")["items"][-1]
        assert (last["type"], last["payload"]["by"]) == ("run.canceled", "ann")
    assert office.ok("GET", "/gates")["items"] == []


@pytest.mark.parametrize("path", ["/runs/{}", "/runs"])
def test_what_dagster_knows_is_seen_without_anybodys_help(office: Office, path: str):
    office.ok("POST", "/workflows", straight())
    run_id = office.start("straight")
    dagster_run = office.instance.get_run_by_id(run_id)
    assert dagster_run
    office.instance.report_run_canceled(dagster_run, "in Dagster's UI")

    found = office.ok("GET", path.format(run_id))

    assert (found["items"][0] if "items" in found else found)["status"] == "canceled"


def test_one_more_run_than_may_be_open_waits_for_its_place_and_says_so(office: Office):
    office.ok("POST", "/workflows", asks() | {"concurrency": {"max": 1}})
    first = office.run("asks")["id"]
    queued = office.start("asks")
    office.work()

    run = office.ok("GET", f"/runs/{queued}")
    assert (run["status"], "queuedAt" in run, "startedAt" in run) == ("pending", True, False)
    assert "queuedAt" not in office.ok("GET", f"/runs/{first}")
    with beginning_queued_runs(ApiContext(office.services, office.instance, office.workspace)):
        began = time.monotonic()
        office.ok("POST", f"/runs/{first}/cancel")
        office.wait_for_queue()
        assert time.monotonic() - began < 2
    office.work()
    run = office.ok("GET", f"/runs/{queued}")
    assert (run["status"], "queuedAt" in run) == ("running", False)


def test_a_run_that_is_skipped_is_refused_with_the_reason(office: Office):
    office.ok("POST", "/workflows", asks() | {"concurrency": {"max": 1, "onLimit": "skip"}})
    first = office.run("asks")["id"]

    problem = office.fault(409, "POST", "/workflows/asks/runs", {})

    assert problem["type"] == "urn:agentmesh:problem:run-limit-reached"
    assert problem["detail"] == f"1 of at most 1 is open: `{first}`"
    assert len(office.ok("GET", "/runs")["items"]) == 1


@pytest.mark.parametrize(
    ("concurrency", "said"),
    [
        ({"max": 0}, "concurrency.max"),
        ({"max": True}, "concurrency.max"),
        ({"onLimit": "queue"}, "concurrency.max"),
        ({"max": 1, "onLimit": "wait"}, "concurrency.onLimit"),
        (3, "concurrency"),
    ],
)
def test_a_faulty_limit_is_an_issue(office: Office, concurrency: Any, said: str):
    [issue] = office.fault(422, "POST", "/workflows", asks() | {"concurrency": concurrency})["issues"]

    assert said in str(issue), issue


def test_the_runs_that_the_steps_of_a_run_wait_for_are_listed(office: Office):
    office.ok("POST", "/workflows", says("w", "hello"))
    office.ok("POST", "/workflows", runs("main", "w"))
    run_id = office.start("main")
    office.start("w")
    office.work()
    run_maintenance(office.services, office.instance)

    [child] = office.ok("GET", f"/runs?parentRunId={run_id}")["items"]
    assert office.ok("GET", f"/workflows/w/runs?parentRunId={run_id}")["items"] == [child]
    assert (child["workflowId"], child["parentRunId"]) == ("w", run_id)
    [step] = [step for step in office.ok("GET", f"/runs/{run_id}/steps")["items"] if step["nodeId"] == "call"]
    assert (step["id"], step["childRunId"]) == (child["parentStepId"], child["id"])
    assert [flow["id"] for flow in office.ok("GET", f"/runs/{run_id}/workflow")["workflows"]] == ["w"]
    office.fault(409, "DELETE", "/workflows/w")


def test_runs_that_went_on_behind_a_fault_are_found_and_the_event_says_by_which_edge(office: Office):
    query = {"id": "query", "name": "Query", "type": "builtin", "config": {"functionName": "json_query"}}
    office.ok("POST", "/tools", query)
    call = node("call", "tool", toolId="query", input={"data": 1, "query": "{{ context.input.query }}"})
    nodes = [node("start", "start"), call, node("end", "end"), node("mend", "end")]
    flow = workflow("catches", nodes, ["start -> call", "call -> end", "call -> mend on error"])
    office.ok("POST", "/workflows", flow.to_wire())
    caught, whole = (office.run("catches", {"query": query}) for query in ("broken(", "@"))

    for path in ("/runs", "/workflows/catches/runs"):
        found = [office.ok("GET", f"{path}?hasCaught={wanted}")["items"] for wanted in ("true", "false")]
        assert [[run["id"] for run in runs] for runs in found] == [[caught["id"]], [whole["id"]]]
    [event] = [e for e in office.ok("GET", f"/runs/{caught['id']}/events")["items"] if e["type"] == "step.caught"]
    assert (event["payload"]["nodeId"], event["payload"]["code"]) == ("call", "invalid_input")
    assert event["payload"]["taken"] == ["e2"]


def test_a_run_says_what_of_its_budgets_is_used_up(office: Office):
    office.ok("POST", "/projects", {"id": "shop", "name": "Shop", "dailyBudget": {"usd": 5}})
    office.ok("POST", "/agents", {**AGENT, "id": "writer", "projectId": "shop"})
    flow = workflow(
        "w",
        [node("start", "start"), node("ask", "agent", agentId="writer", budget={"calls": 2}), node("end", "end")],
        ["start -> ask", "ask -> end"],
        projectId="shop",
    )
    office.ok("POST", "/workflows", flow.to_wire())
    run_id = office.start("w")
    office.work()

    [of_node, of_day] = office.ok("GET", f"/runs/{run_id}/budgets")["items"]

    assert (of_node["name"], of_node["budget"], of_node["calls"]) == ("the node `ask`", {"calls": 2}, 1)
    assert (of_day["budget"], of_day["calls"], of_day["usd"]) == ({"usd": 5}, 1, 0)
    office.fault(404, "GET", "/runs/none/budgets")


def test_a_budget_that_limits_nothing_is_refused(office: Office):
    problem = office.fault(422, "POST", "/workflows", {**straight(), "budget": {}})
    assert "limits nothing" in problem["issues"][0]["message"]
