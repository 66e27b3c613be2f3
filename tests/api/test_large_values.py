"""Large values: whole for those who do not ask, left out and told of for those who do."""

import json
from typing import Any

import pytest

from tests.api.flows import straight
from tests.api.office import Office

LARGE = {"rows": ["ä" * 1_000 for _ in range(2_000)], "more": 7}  # 2 million characters
TEXT = json.dumps(LARGE, ensure_ascii=False, separators=(",", ":"))


def is_told(cut: Any) -> bool:
    """Whether what stands for LARGE says how long it is, and how it begins."""
    return cut["chars"] == len(TEXT) and cut["preview"] == TEXT[: len(cut["preview"])] and len(cut["preview"]) == 200


@pytest.fixture
def run_id(office: Office) -> str:
    """A run that has given its large input back."""
    office.ok("POST", "/workflows", straight())
    run = office.run("straight", LARGE)
    assert run["status"] == "succeeded"
    assert (run["input"], run["output"], run.get("cut")) == (LARGE, LARGE, None)
    return run["id"]


def test_large_values_of_runs_are_left_out_where_that_is_asked_for(office: Office, run_id: str):
    one = office.ok("GET", f"/runs/{run_id}?maxValueChars=100000")
    [listed] = office.ok("GET", "/runs?maxValueChars=100")["items"]
    [of_workflow] = office.ok("GET", "/workflows/straight/runs?maxValueChars=1000")["items"]
    [whole] = office.ok("GET", "/runs?maxValueChars=1000000")["items"]

    for run in (one, listed, of_workflow, whole):
        assert {"input", "output"}.isdisjoint(run)
        assert is_told(run["cut"]["input"])
        assert is_told(run["cut"]["output"])
        assert "error" not in run["cut"]


def test_steps_and_events_are_cut_and_read_whole_one_by_one(office: Office, run_id: str):
    steps = office.ok("GET", f"/runs/{run_id}/steps?maxValueChars=5000")["items"]
    events = office.ok("GET", f"/runs/{run_id}/events?maxValueChars=5000")["items"]

    start = next(step for step in steps if step["nodeId"] == "start")
    assert "output" not in start
    assert is_told(start["cut"]["output"])
    whole = office.ok("GET", f"/steps/{start['id']}")
    assert whole["output"] == LARGE
    assert whole.get("cut") is None

    ended = next(event for event in events if event["type"] == "step.completed")
    assert is_told(ended["cut"]["output"])
    assert "output" not in ended["payload"]
    assert ended["payload"]["nodeId"] == "start"
    assert "cut" not in next(event for event in events if event["type"] == "run.started")
    [event] = office.ok("GET", f"/runs/{run_id}/events?after={ended['id'] - 1}&limit=1")["items"]
    assert event["payload"]["output"] == LARGE


def test_the_stream_of_events_is_cut_alike(office: Office, run_id: str):
    path = f"/runs/{run_id}/events"
    stream = office.client.get(f"{path}?maxValueChars=5000", headers={"Accept": "text/event-stream"}).text
    told = [json.loads(line.removeprefix("data: ")) for line in stream.splitlines() if line.startswith("data: ")]

    assert told[:-1] == office.ok("GET", f"{path}?maxValueChars=5000")["items"]
    assert len(stream) < 20_000


def test_a_page_of_cut_values_holds_as_many_as_are_asked_for(office: Office):
    office.ok("POST", "/workflows", straight())
    for _ in range(4):
        office.start("straight", {"large": "x" * 6_000_000})

    page = office.ok("GET", "/runs?maxValueChars=100")

    assert len(page["items"]) == 4
    assert "nextCursor" not in page


def test_small_values_and_errors_stay(office: Office):
    office.ok("POST", "/workflows", straight())
    run = office.run("straight", {"n": 1})

    assert office.ok("GET", f"/runs/{run['id']}?maxValueChars=100") == run


def test_a_bound_out_of_bounds_and_a_step_that_is_not_there_are_told(office: Office):
    for asked in ("99", "1000001", "x"):
        assert "maxValueChars" in json.dumps(office.fault(422, "GET", f"/runs?maxValueChars={asked}"))
    assert "no such step" in office.fault(404, "GET", "/steps/none")["title"]
