"""Waits under a real `agentmesh dev`: their runs go on by themselves, and nothing is held until then."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx2
import pytest

from tests.process.servers import RunningDev, run_dev, wait_until
from tests.shapes import node, workflow

SOON_SECONDS = 60


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    with run_dev(tmp_path_factory.mktemp("waits")) as running:
        yield running


@pytest.fixture(scope="module")
def client(dev: RunningDev) -> Iterator[httpx2.Client]:
    with dev.open_client() as opened:
        yield opened


def launch(client: httpx2.Client, flow: Any, run_input: Any = None) -> str:
    body = flow.to_wire()
    body.pop("id")
    saved = client.post("/api/workflows", json=body | {"projectId": "examples"})
    assert saved.status_code == 201, saved.text
    answer = client.post(f"/api/workflows/{saved.json()['id']}/runs", json={"input": run_input or {}})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["runId"])


def test_a_timer_goes_on_soon_after_its_time_and_its_step_says_when_that_is(client: httpx2.Client):
    nodes = [node("start", "start"), node("pause", "wait", seconds=8), node("end", "end", output="gone on")]
    run_id = launch(client, workflow("timed", nodes, ["start -> pause", "pause -> end"]))

    wait_until(lambda: client.get(f"/api/runs/{run_id}").json()["waitingOn"], SOON_SECONDS)
    [step] = [step for step in client.get(f"/api/runs/{run_id}/steps").json()["items"] if step["nodeId"] == "pause"]
    assert (step["status"], step["waitingFor"]["kind"]) == ("waiting", "timer")
    assert client.get("/api/gates").json()["items"] == []
    wait_until(lambda: client.get(f"/api/runs/{run_id}").json()["status"] == "succeeded", SOON_SECONDS)

    run = client.get(f"/api/runs/{run_id}").json()
    [done] = [step for step in client.get(f"/api/runs/{run_id}/steps").json()["items"] if step["nodeId"] == "pause"]
    assert run["output"] == "gone on"
    assert len(run["launches"]) == 2
    late = _read(done["finishedAt"]) - _read(step["waitingFor"]["until"])
    assert 0 <= late < 1


def _read(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
