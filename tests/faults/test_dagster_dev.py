"""A real `dagster dev` whose processes are killed, or that was not there when the answer came."""

import os
import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from agentmesh_dagster.crash_points import CrashPoint
from agentmesh_dagster.entities.models import RunStatus, Tool
from tests.code_location.dagster_dev import LAUNCH, SELECTOR, DagsterDev
from tests.faults.processes import list_session, wait_until
from tests.faults.site import APPROVED, Site
from tests.shapes import node, save, workflow
from tests.tools.servers import Recorder, run_recorder, send

SETTLED_WITHIN_SECONDS = 60  # what section 5 of the specification promises

_WORKER = "multiprocessing.spawn"  # how a code server starts a run worker, and that one its steps
_SPARED = ("dagster dev", "dagster_webserver", "dagster._daemon")

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
def recorder() -> Iterator[Recorder]:
    with run_recorder() as running:
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


def post_tool(recorder: Recorder) -> Tool:
    config = {"method": "POST", "url": recorder.url}
    return Tool.model_validate({"id": "post", "name": "post", "type": "http", "config": config})


def posting(identity: str, **config: Any) -> dict[str, Any]:
    return node(identity, "tool", toolId="post", input={"from": identity}, **config)


def keys(recorder: Recorder) -> list[str]:
    return [received.headers["idempotency-key"] for received in recorder.received]


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
    site: Site, recorder: Recorder
):
    hold = threading.Event()

    def reply(handler: BaseHTTPRequestHandler) -> None:
        if recorder.received[-1].json["from"] == "slow":
            hold.wait(SETTLED_WITHIN_SECONDS)
        send(handler, 200, b"{}")

    recorder.reply = reply
    nodes = [node("start", "start"), posting("before"), posting("slow"), node("end", "end")]
    save(site.services, post_tool(recorder), workflow("w", nodes, ["start -> before", "before -> slow", "slow -> end"]))
    with run_dev(site) as dev:
        params = {"selector": SELECTOR | {"jobName": "w"}, "runConfigData": {}}
        run_id = dev.ask(LAUNCH, params=params)["launchRun"]["run"]["runId"]
        wait_until(lambda: len(recorder.received) == 2)
        assert kill_worker_and_code_server(dev) >= 2
        wait_until(lambda: site.run().status is RunStatus.FAILED, SETTLED_WITHIN_SECONDS)
        hold.set()
        site.hit(run_id, "slow")

        again = {"parentRunId": run_id, "strategy": "FROM_FAILURE"}
        dev.ask(REEXECUTE, params=again)
        wait_until(lambda: site.run().status is RunStatus.SUCCEEDED)

    site.heal()
    assert len(site.run().launches) == 2
    first, slow, again = keys(recorder)
    assert first != slow == again, "what had ended is not called again; what had not has the same key"
    site.check(calls=keys(recorder))


def test_an_answer_given_while_nothing_runs_is_followed_once_dagster_dev_is_there(site: Site, recorder: Recorder):
    nodes = [node("start", "start"), node("gate", "human_approval"), posting("publish"), node("end", "end")]
    edges = ["start -> gate", "gate -> publish", "publish -> end"]
    save(site.services, post_tool(recorder), workflow("w", nodes, edges))
    site.start("run", "w").end_well()
    [gate] = site.gates()
    site.start("answer", gate, APPROVED, "ann", AGENTMESH_CRASH_AT=CrashPoint.GATE_ANSWERED).wait()
    site.accepted[gate] = APPROVED

    with run_dev(site):
        wait_until(lambda: site.run().status is RunStatus.SUCCEEDED)

    site.heal()
    assert len(keys(recorder)) == 1
    site.check(calls=keys(recorder))
