"""Runs that steps wait for, under a real `agentmesh dev`: each begins and is followed up without anybody's help."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx2
import pytest

from tests.process.servers import RunningDev, run_dev, wait_until
from tests.shapes import node, workflow

SOON_SECONDS = 60
START = node("start", "start")


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with run_dev(tmp_path_factory.mktemp("children")) as running:
        yield running


@pytest.fixture(scope="module")
def client(dev: RunningDev) -> Iterator[httpx2.Client]:
    with dev.open_client() as opened:
        yield opened


def save(client: httpx2.Client, flow: Any) -> str:
    saved = client.post("/api/workflows", json=flow.to_wire())
    assert saved.status_code == 201, saved.text
    return str(saved.json()["id"])


def launch(client: httpx2.Client, workflow_id: str, run_input: Any = None) -> str:
    answer = client.post(f"/api/workflows/{workflow_id}/runs", json={"input": {} if run_input is None else run_input})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["runId"])


def read(client: httpx2.Client, path: str, **query: Any) -> Any:
    answer = client.get(f"/api/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def is_over(client: httpx2.Client, run_id: str) -> bool:
    return read(client, f"runs/{run_id}")["status"] not in ("pending", "running")


@pytest.fixture(scope="module")
def letters(client: httpx2.Client) -> str:
    """Writes a letter for each name, each in a run of its own."""
    save(client, workflow("letter", [START, node("end", "end", output="Dear {{ context.input }}")], ["start -> end"]))
    nodes = [
        START,
        node("each", "branch", mode="each", items="context.input", join="end"),
        node("write", "workflow", workflowId="letter", mode="run", concurrency=2, input="{{ context.item }}"),
        node("end", "end"),
    ]
    return save(client, workflow("letters", nodes, ["start -> each", "each -> write", "write -> end"]))


def test_every_item_gets_its_run_and_the_run_goes_on_when_all_have_ended(client: httpx2.Client, letters: str):
    run_id = launch(client, letters, ["Ann", "Bob", "Cem"])

    wait_until(lambda: is_over(client, run_id), SOON_SECONDS)

    run, children = read(client, f"runs/{run_id}"), read(client, "runs", parentRunId=run_id)["items"]
    assert run["output"] == ["Dear Ann", "Dear Bob", "Dear Cem"], run
    assert {child["parentRunId"] for child in children} == {run_id}
    assert [child["status"] for child in children] == ["succeeded"] * 3
    steps = [step for step in read(client, f"runs/{run_id}/steps")["items"] if step["nodeId"] == "write"]
    assert {step["childRunId"] for step in steps} == {child["id"] for child in children}


def test_a_child_that_a_person_ends_lets_its_parent_go_on_within_seconds(client: httpx2.Client):
    asking = [START, node("ask", "human_approval"), node("end", "end", output="{{ context.outputs.ask.comment }}")]
    save(client, workflow("asking", asking, ["start -> ask", "ask -> end"]))
    nodes = [START, node("call", "workflow", workflowId="asking", mode="run"), node("end", "end")]
    run_id = launch(client, save(client, workflow("asks", nodes, ["start -> call", "call -> end"])))
    wait_until(lambda: read(client, "gates")["items"], SOON_SECONDS)
    [gate] = read(client, "gates")["items"]
    [child] = read(client, "runs", parentRunId=run_id)["items"]
    assert gate["runId"] == child["id"]

    answer = {"output": {"approved": True, "comment": "fine"}}
    assert client.post(f"/api/steps/{gate['stepId']}/human-complete", json=answer).status_code == 200
    wait_until(lambda: is_over(client, run_id), SOON_SECONDS)

    run, ended = read(client, f"runs/{run_id}"), read(client, f"runs/{child['id']}")
    assert run["output"] == "fine"
    assert read_moment(run["finishedAt"]) - read_moment(ended["finishedAt"]) < 10


def test_to_cancel_a_run_cancels_the_runs_that_its_steps_wait_for(client: httpx2.Client):
    run_id = launch(client, "asks")
    wait_until(lambda: read(client, "runs", parentRunId=run_id, waiting=True)["items"], SOON_SECONDS)

    assert client.post(f"/api/runs/{run_id}/cancel").status_code == 200

    assert [child["status"] for child in read(client, "runs", parentRunId=run_id)["items"]] == ["canceled"]


def read_moment(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
