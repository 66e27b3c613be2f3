"""A real `dagster dev` whose processes are killed, or that was not there when the answer came."""

import json
import os
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import GetCurrentRunsResult
from dagster._serdes import deserialize_value

from agentmesh_dagster.crash_points import CrashPoint
from agentmesh_dagster.entities.models import RunStatus, Tool
from tests.code_location.dagster_dev import LAUNCH, SELECTOR, DagsterDev
from tests.faults.processes import list_session, wait_until
from tests.faults.site import APPROVED, Site
from tests.shapes import node, save, workflow
from tests.tools.servers import Witness, run_witness, send

SETTLED_WITHIN_SECONDS = 60  # what section 5 of the specification promises

_WORKER = "multiprocessing.spawn"  # how a code server starts a run worker, and that one its steps
_SPARED = ("dagster dev", "dagster_webserver", "dagster._daemon")

ENDS = [dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_CANCELED]

REEXECUTE = """
mutation Reexecute($params: ReexecutionParams!) {
  launchRunReexecution(reexecutionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } } }
}
"""


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture(autouse=True)
def may_call_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTMESH_HTTP_ALLOW_HOSTS", "127.0.0.1")
    monkeypatch.setenv("AGENTMESH_LEASE_SECONDS", "3")


@pytest.fixture
def witness() -> Iterator[Witness]:
    with run_witness() as running:
        yield running


@contextmanager
def run_dev(site: Site) -> Generator[DagsterDev]:
    dev = DagsterDev(site.services.settings.home)
    try:
        wait_until(dev.is_up, seconds=120)
        yield dev
    finally:
        dev.end()
        try:
            wait_until(lambda: not [pid for pid in list_session(dev.process.pid) if _WORKER in _describe(pid)])
        finally:
            # Dagster's code servers outlive it, until they miss its heartbeat.
            for pid in list_session(dev.process.pid):
                os.kill(pid, signal.SIGKILL)


def post_tool(witness: Witness) -> Tool:
    config = {"method": "POST", "url": witness.url}
    return Tool.model_validate({"id": "post", "name": "post", "type": "http", "config": config})


def posting(identity: str, **config: Any) -> dict[str, Any]:
    return node(identity, "tool", toolId="post", input={"from": identity}, **config)


def keys(witness: Witness) -> list[str]:
    return [received.headers["idempotency-key"] for received in witness.received]


def kill_worker_and_code_server(dev: DagsterDev) -> int:
    """Kills all that came from the code server at one stroke; how many processes that were."""
    doomed = [pid for pid in list_session(dev.process.pid) if not any(name in _describe(pid) for name in _SPARED)]
    for pid in doomed:
        os.kill(pid, signal.SIGKILL)
    return len(doomed)


def _describe(pid: int) -> str:
    with suppress(OSError):  # it has just ended
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def test_a_run_whose_worker_and_code_server_were_killed_together_fails_by_itself_and_can_go_on(
    site: Site, witness: Witness
):
    hold = threading.Event()

    def reply(handler: BaseHTTPRequestHandler) -> None:
        if witness.received[-1].json["from"] == "slow":
            hold.wait(SETTLED_WITHIN_SECONDS)
        send(handler, 200, b"{}")

    witness.reply = reply
    nodes = [node("start", "start"), posting("before"), posting("slow"), node("end", "end")]
    save(site.services, post_tool(witness), workflow("w", nodes, ["start -> before", "before -> slow", "slow -> end"]))
    with run_dev(site) as dev:
        params = {"selector": SELECTOR | {"jobName": "w"}, "runConfigData": {}}
        run_id = dev.ask(LAUNCH, params=params)["launchRun"]["run"]["runId"]
        wait_until(lambda: len(witness.received) == 2)
        assert kill_worker_and_code_server(dev) >= 2
        wait_until(lambda: site.run().status is RunStatus.FAILED, SETTLED_WITHIN_SECONDS)
        hold.set()
        site.hit(run_id, "slow")

        again = {"parentRunId": run_id, "strategy": "FROM_FAILURE"}
        dev.ask(REEXECUTE, params=again)
        wait_until(lambda: site.run().status is RunStatus.SUCCEEDED)

    site.heal()
    assert len(site.run().launches) == 2
    first, slow, again = keys(witness)
    assert first != slow == again, "what had ended is not called again; what had not has the same key"
    site.check(calls=keys(witness))


def test_an_answer_given_while_nothing_runs_is_followed_once_dagster_dev_is_there(site: Site, witness: Witness):
    nodes = [node("start", "start"), node("gate", "human_approval"), posting("publish"), node("end", "end")]
    edges = ["start -> gate", "gate -> publish", "publish -> end"]
    save(site.services, post_tool(witness), workflow("w", nodes, edges))
    site.start("run", "w").end_well()
    [gate] = site.gates()
    site.start("answer", gate, APPROVED, "ann", AGENTMESH_CRASH_AT=CrashPoint.GATE_ANSWERED).wait()
    site.accepted[gate] = APPROVED

    with run_dev(site):
        wait_until(lambda: site.run().status is RunStatus.SUCCEEDED)

    site.heal()
    assert len(keys(witness)) == 1
    site.check(calls=keys(witness))


def test_under_dagsters_own_launcher_a_gate_is_suspended_and_its_code_server_leaves_it_so(site: Site):
    nodes = [node("start", "start"), node("gate", "human_approval"), node("end", "end")]
    save(site.services, workflow("w", nodes, ["start -> gate", "gate -> end"]))
    with run_dev(site) as dev:
        params = {"selector": SELECTOR | {"jobName": "w"}, "runConfigData": {}}
        run_id = dev.ask(LAUNCH, params=params)["launchRun"]["run"]["runId"]
        wait_until(lambda: status_of(site, run_id) is dg.DagsterRunStatus.SUSPENDED)
        wait_until(lambda: not list_runs_of_code_server(site, run_id))
        assert tell_ends(site, run_id) == []

        [gate] = site.gates()
        site.answer(gate)
        wait_until(lambda: site.run().status is RunStatus.SUCCEEDED)
        first, second = site.run().launches
        wait_until(lambda: status_of(site, second) is dg.DagsterRunStatus.SUCCESS)

    assert tell_ends(site, first) == tell_ends(site, second) == [dg.DagsterEventType.RUN_SUCCESS]
    site.heal()
    site.check(calls=[])


def status_of(site: Site, launch_id: str) -> dg.DagsterRunStatus:
    found = site.instance.get_run_by_id(launch_id)
    assert found
    return found.status


def list_runs_of_code_server(site: Site, launch_id: str) -> list[str]:
    """The runs whose process the code server looks after that started this one."""
    found = site.instance.get_run_by_id(launch_id)
    assert found
    server = json.loads(found.tags[GRPC_INFO_TAG])
    client = DagsterGrpcClient(host=server.get("host"), port=server.get("port"), socket=server.get("socket"))
    said = deserialize_value(client.get_current_runs(), GetCurrentRunsResult)
    return list(said.current_runs)


def tell_ends(site: Site, launch_id: str) -> list[dg.DagsterEventType]:
    events = [log.dagster_event for log in site.instance.all_logs(launch_id) if log.dagster_event]
    return [event.event_type for event in events if event.event_type in ENDS]
