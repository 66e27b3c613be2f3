"""Waits under a real `agentmesh dev`: their runs go on by themselves, and nothing is held until then."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agentmesh_dagster.runtime.arrivals import receive_callback
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store.triggers import receive_event
from tests.process.servers import RunningDev, run_dev, wait_until
from tests.shapes import node, workflow

SOON_SECONDS = 60
CALLBACK = "{{ context.callbacks.done }}"


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


def test_an_event_and_a_callback_are_followed_at_once(client: httpx2.Client):
    nodes = [node("start", "start"), node("tell", "tool", toolId="write_notice", input={"template": CALLBACK})]
    nodes += [node("done", "wait", callback=True), node("paid", "wait", event={"name": "p.paid"}), node("end", "end")]
    run_id = launch(
        client, workflow("outside", nodes, ["start -> tell", "tell -> done", "done -> paid", "paid -> end"])
    )
    wait_until(lambda: client.get(f"/api/runs/{run_id}").json()["waitingOn"], SOON_SECONDS)
    steps = client.get(f"/api/runs/{run_id}/steps").json()["items"]
    address = next(step["output"]["text"] for step in steps if step["nodeId"] == "tell")

    assert client.post("/api/events/p.paid", json="early").status_code == 202  # before it is waited for
    with httpx2.Client() as service:  # without a login
        assert service.post(address, json={"ok": True}).status_code == 202
        assert service.post(address, json={"ok": True}).status_code == 409
    wait_until(lambda: client.get(f"/api/runs/{run_id}").json()["status"] == "succeeded", SOON_SECONDS)

    assert client.get(f"/api/runs/{run_id}").json()["output"] == "early"


def test_nothing_is_lost_when_all_processes_are_killed(tmp_path: Path):
    """A timer that is over meanwhile, and an event and a callback of which nobody was told any more."""
    nodes = [node("start", "start"), node("tell", "tool", toolId="write_notice", input={"template": CALLBACK})]
    nodes += [node("pause", "wait", seconds=6), node("done", "wait", callback=True)]
    nodes += [node("paid", "wait", event={"name": "k.paid"}), node("end", "end")]
    edges = ["start -> tell", *(f"tell -> {name}" for name in ("pause", "done", "paid"))]
    edges += [f"{name} -> end" for name in ("pause", "done", "paid")]
    with run_dev(tmp_path) as dev, dev.open_client() as client:
        run_id = launch(client, workflow("killed", nodes, edges))
        wait_until(lambda: len(client.get(f"/api/runs/{run_id}").json()["waitingOn"]) == 3, SOON_SECONDS)
        steps = client.get(f"/api/runs/{run_id}/steps").json()["items"]
        address = next(step["output"]["text"] for step in steps if step["nodeId"] == "tell")
        dev.process.kill()
        dev.process.wait(30)
    services = open_services(Settings(home=tmp_path / ".agentmesh"))
    with services.store.begin() as tx:
        receive_event(tx, "k.paid", "one", "paid", by="shop")
    receive_callback(services, address.rpartition("/")[2], "done")

    with run_dev(tmp_path) as dev, dev.open_client() as client:
        wait_until(lambda: client.get(f"/api/runs/{run_id}").json()["status"] == "succeeded", SOON_SECONDS)
        output = client.get(f"/api/runs/{run_id}").json()["output"]

    assert (output["done"], output["paid"]) == ("done", "paid")
