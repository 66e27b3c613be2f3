"""Runs that make a version of an asset, as they are asked for over the API."""

from typing import Any

import pytest

from tests.api.office import Office
from tests.shapes import node, workflow

DAY = "2026-01-05"


@pytest.fixture
def asset(office: Office) -> str:
    nodes = [node("start", "start"), node("end", "end", output="{{ context.input.partition.key }}")]
    flow = workflow(
        "quick", nodes, ["start -> end"], asset={"key": "ai/quick", "partitions": {"daily": {"start": "2026-01-01"}}}
    )
    office.ok("POST", "/workflows", flow.to_wire())
    return "/workflows/quick/runs"


def test_a_run_makes_a_version_of_a_partition(office: Office, asset: str):
    run_id = office.ok("POST", asset, {"materialize": True, "partition": DAY})["runId"]
    office.work()

    run = office.ok("GET", f"/runs/{run_id}")
    assert (run["status"], run["asset"], run["partition"], run["output"]) == ("succeeded", "ai/quick", DAY, DAY)
    assert run["input"]["partition"]["start"].startswith(DAY)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"materialize": True}, "has partitions; say which"),
        ({"materialize": True, "partition": "2025-12-31"}, "has no partition `2025-12-31`"),
        ({"partition": DAY}, "ask for `materialize` too"),
    ],
)
def test_what_cannot_be_made_is_refused(office: Office, asset: str, body: Any, says: str):
    problem = office.fault(422, "POST", asset, body)

    assert says in f"{problem['title']} {problem['detail']}"
    assert office.instance.get_runs_count() == 0


def test_a_workflow_without_an_asset_makes_nothing(office: Office):
    flow = workflow("plain", [node("start", "start"), node("end", "end")], ["start -> end"])
    office.ok("POST", "/workflows", flow.to_wire())

    problem = office.fault(422, "POST", "/workflows/plain/runs", {"materialize": True})

    assert "no asset" in problem["title"]
