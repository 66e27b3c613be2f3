"""Decisions as data: over HTTP in pages and tables, on the command line, and in somebody's own code."""

import csv
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

import agentmesh_dagster
from agentmesh_dagster.code_location import build_definitions, build_repository
from agentmesh_dagster.runtime.decisions import LibraryMissing, UnknownForm
from agentmesh_dagster.store.materializations import AssetLaunch, insert_materialization
from tests.api.flows import asks, asks_how_much, redoes
from tests.api.office import Office

NO = {"approved": False, "comment": "no"}
SHOWN = {"title": "Hello", "words": 300}


def decide(office: Office, run: Any, output: Any) -> str:
    [step_id] = run["waitingOn"]
    office.ok("POST", f"/steps/{step_id}/human-complete", {"output": output})
    if output != NO:  # else the run goes on
        office.wait_for_queue()
        office.work()
    return step_id


def list_decisions(office: Office, query: str = "") -> list[Any]:
    return office.ok("GET", f"/decisions{query}")["items"]


def test_a_decision_says_what_was_shown_answered_and_changed(office: Office):
    office.ok("POST", "/workflows", asks(instructions="Publish it?", payload=SHOWN))
    run = office.run("asks")
    answer = {"approved": True, "payload": {"title": "Hi", "words": 300}, "comment": "shorter"}
    step_id = decide(office, run, answer)

    [decision] = list_decisions(office)

    taken = {name: decision.pop(name) for name in ("openedAt", "answeredAt", "seconds", "shownDigest")}
    assert decision == {
        "id": step_id,
        "projectId": "default",
        "workflowId": "asks",
        "runId": run["id"],
        "stepId": step_id,
        "nodeId": "gate",
        "path": "",
        "outcome": "approved",
        "state": "answered",
        "changed": True,
        "answeredBy": "ann",
        "answeredVia": "session",
        "comment": "shorter",
        "instructions": "Publish it?",
        "payload": SHOWN,
        "changedPayload": answer["payload"],
        "answer": answer,
    }
    assert len(taken["shownDigest"]) == 64
    opened, answered = (datetime.fromisoformat(taken[name]) for name in ("openedAt", "answeredAt"))
    assert taken["seconds"] == pytest.approx((answered - opened).total_seconds())


def test_the_same_payload_sent_back_is_no_change_and_a_number_is_no_boolean(office: Office):
    office.ok("POST", "/workflows", asks(payload={"ready": True}))
    decide(office, office.run("asks"), {"approved": True, "payload": {"ready": True}})
    decide(office, office.run("asks"), {"approved": True, "payload": {"ready": 1}})

    assert [decision["changed"] for decision in list_decisions(office)] == [True, False]


def test_each_asking_is_a_decision_of_its_own_and_what_is_open_is_none(office: Office):
    office.ok("POST", "/workflows", asks())
    run = office.run("asks")
    step_id = decide(office, run, NO)
    office.ok("POST", f"/runs/{run['id']}/retry")
    office.work()
    assert [decision["id"] for decision in list_decisions(office)] == [step_id]

    decide(office, office.ok("GET", f"/runs/{run['id']}"), {"approved": True})

    found = [(decision["id"], decision["outcome"]) for decision in list_decisions(office)]
    assert found == [(f"{step_id}.1", "approved"), (step_id, "rejected")]


def test_an_answer_that_a_fork_took_over_counts_once(office: Office):
    office.ok("POST", "/workflows", asks())
    run = office.run("asks")
    decide(office, run, {"approved": True})
    fork = office.ok("POST", f"/runs/{run['id']}/fork", {"fromNodeId": "end"})["runId"]
    office.work()

    assert office.ok("GET", f"/runs/{fork}")["status"] == "succeeded"
    assert [decision["runId"] for decision in list_decisions(office)] == [run["id"]]


def test_the_list_is_filtered_and_comes_in_pages_newest_first(office: Office):
    office.ok("POST", "/workflows", redoes("redoes"))
    office.ok("POST", "/workflows", asks_how_much())
    run = office.run("redoes")
    for approved in (False, False, True):
        decide(office, office.ok("GET", f"/runs/{run['id']}"), {"approved": approved})
    other = office.run("how_much")
    client = office.open_client("bob approver token")
    client.post(f"/steps/{other['waitingOn'][0]}/human-complete", json={"output": {"amount": 11}}).raise_for_status()
    with office.services.store.begin() as tx:
        insert_materialization(tx, run["id"], AssetLaunch("ai/brief", "2026-11-30"))

    every = list_decisions(office)
    assert [(each["outcome"], each["path"]) for each in every] == [
        ("other", ""),
        ("approved", "#3"),
        ("rejected", "#2"),
        ("rejected", "#1"),
    ]
    paged, cursor = list[Any](), ""
    while True:
        page = office.ok("GET", f"/decisions?limit=1{cursor}")
        paged += page["items"]
        if "nextCursor" not in page:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert paged == every
    assert list_decisions(office, "?workflowId=how_much") == every[:1] == list_decisions(office, "?by=bob")
    assert list_decisions(office, "?asset=ai/brief") == every[1:]
    assert {(each["asset"], each["partition"]) for each in every[1:]} == {("ai/brief", "2026-11-30")}
    assert list_decisions(office, "?projectId=none") == []
    second = every[2]["answeredAt"]
    assert list_decisions(office, f"?since={second}") == every[:3]
    assert list_decisions(office, f"?until={second}") == every[3:]
    office.fault(422, "GET", "/decisions?since=2026-11-30T09:00:00")
    office.fault(422, "GET", "/decisions?cursor=nonsense")


def test_all_of_them_come_as_csv_and_as_lines_of_json(office: Office):
    office.ok("POST", "/workflows", asks(payload=SHOWN, instructions='Publish, "now"?'))
    for _ in range(2):
        decide(office, office.run("asks"), {"approved": True, "comment": "=1+1\nfine"})
    listed = list_decisions(office)

    table = office.client.get("/decisions?limit=1", headers={"Accept": "text/csv"})
    lines = office.client.get("/decisions", headers={"Accept": "application/x-ndjson;q=0.9, */*;q=0.1"})

    assert table.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(table.text.splitlines(keepends=True)))
    assert [row["id"] for row in rows] == [each["id"] for each in listed]
    assert (rows[0]["instructions"], rows[0]["comment"]) == ('Publish, "now"?', "=1+1\nfine")
    assert (json.loads(rows[0]["payload"]), rows[0]["changed"], rows[0]["asset"]) == (SHOWN, "false", "")
    assert [json.loads(line) for line in lines.text.splitlines()] == listed


def test_a_table_for_ones_own_code(office: Office):
    office.ok("POST", "/workflows", asks(payload=SHOWN))
    for answer in ({"approved": True}, NO):
        decide(office, office.run("asks"), answer)
    later = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=1)

    rows = agentmesh_dagster.decisions(workflow="asks", until=later)
    pandas = agentmesh_dagster.decisions(as_="pandas", workflow="asks")
    polars = agentmesh_dagster.decisions(as_="polars", workflow="asks")

    assert [row["outcome"] for row in rows] == ["rejected", "approved"]
    assert json.loads(rows[0]["payload"]) == SHOWN
    assert pandas["outcome"].tolist() == polars["outcome"].to_list() == ["rejected", "approved"]
    assert list(pandas.columns) == polars.columns == list(rows[0])
    assert (pandas["seconds"] > 0).all()
    assert agentmesh_dagster.decisions(as_="polars", since=later).columns == polars.columns


def test_the_asset_of_decisions_has_the_sums_of_the_day(office: Office):
    office.ok("POST", "/workflows", asks(payload=SHOWN))
    for answer in ({"approved": True, "payload": {}}, NO, {"approved": True}):
        decide(office, office.run("asks"), answer)

    told = wait_for_counts(office, approved=2, rejected=1)

    assert told["changed"].value == 1
    assert told["other"].value == 0
    assert told["last by"].value == "ann"
    assert told["median seconds to answer"].value > 0


def wait_for_counts(office: Office, **counts: int) -> Any:
    """Until the asset has these sums: Dagster is told after the response."""
    give_up = time.monotonic() + 60
    key = dg.AssetKey(["agentmesh", "decisions"])
    while time.monotonic() < give_up:
        found = office.instance.fetch_observations(key, limit=1).records
        observation = found[0].event_log_entry.asset_observation if found else None
        if observation and all(observation.metadata[name].value == count for name, count in counts.items()):
            assert observation.partition == datetime.now(UTC).date().isoformat()
            return observation.metadata
        time.sleep(0.05)
    raise AssertionError(f"Dagster was not told of {counts}")


def test_both_forms_of_a_location_have_the_asset_which_nobody_can_make(office: Office):
    office.ok("POST", "/workflows", asks() | {"asset": {"key": "ai/brief"}})
    host = dg.Definitions.merge(build_definitions(), build_definitions(job_prefix="other_"))

    for repository in (build_repository(), host.get_repository_def()):
        node = repository.asset_graph.get(dg.AssetKey(["agentmesh", "decisions"]))
        assert not node.is_executable
        assert isinstance(node.partitions_def, dg.DailyPartitionsDefinition)
        assert node.partitions_def.get_last_partition_key() == datetime.now(UTC).date().isoformat()


def test_a_library_that_is_missing_is_named(office: Office, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "polars", None)

    with pytest.raises(LibraryMissing, match="pip install polars"):
        agentmesh_dagster.decisions(as_="polars")
    with pytest.raises(UnknownForm, match="'arrow'"):
        agentmesh_dagster.decisions(as_="arrow")
