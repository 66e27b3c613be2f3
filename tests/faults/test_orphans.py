"""With the multiprocess executor a step has a process of its own, which must not outlive its worker."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentmesh_dagster.entities.models import RunStatus
from tests.faults.processes import list_session, wait_until
from tests.faults.site import Site
from tests.faults.test_dagster_dev import keys, post_tool, posting
from tests.shapes import node, save, workflow
from tests.tools.servers import Recorder, run_recorder, send


@pytest.fixture
def store_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AGENTMESH_HTTP_ALLOW_HOSTS", "127.0.0.1")
    monkeypatch.setenv("AGENTMESH_HTTP_TIMEOUT_SECONDS", "120")
    monkeypatch.setenv("AGENTMESH_EXECUTOR", "multiprocess")
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with run_recorder() as running:
        yield running


def test_a_step_process_ends_soon_after_its_worker_was_killed_and_writes_nothing(site: Site, recorder: Recorder):
    over = threading.Event()

    def hang(handler: object) -> None:
        over.wait(100)
        send(handler, 200, b"{}")  # type: ignore[arg-type]

    recorder.reply = hang
    nodes = [node("start", "start"), posting("call"), node("end", "end")]
    save(site.services, post_tool(recorder), workflow("w", nodes, ["start -> call", "call -> end"]))
    worker = site.start("run", "w")
    wait_until(lambda: recorder.received)
    worker.kill()
    assert list_session(worker.pid), "the step's process still lives"

    site.heal()
    wait_until(lambda: not list_session(worker.pid))
    over.set()

    assert site.run().status is RunStatus.FAILED
    site.check(calls=keys(recorder))
