"""`agentmesh dev` lives until somebody ends it, and its home is its own for as long."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from agentmesh_dagster.api.connections import raise_open_files_limit
from tests.process.documents import build_echo
from tests.process.servers import AGENTMESH, RunningDev, clean_environment, run_dev, start_dev, wait_until

RUN_SECONDS = 60
# Dagster's daemon reads anew every minute where the code servers are, and ends when it could not for five minutes.
TOLERANCE_SECONDS = 5
SOON_OVER = (
    "import dagster._daemon.controller as controller\n"
    f"controller.RELOAD_WORKSPACE_INTERVAL, controller.DEFAULT_WORKSPACE_FRESHNESS_TOLERANCE = 1, {TOLERANCE_SECONDS}\n"
    "controller.THREAD_CHECK_INTERVAL = 1\n"
)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    folder = tmp_path_factory.mktemp("staying")
    temporary = folder / "tmp"
    temporary.mkdir()
    with run_dev(folder, arguments=("--no-apply",), environment={"TMPDIR": str(temporary)}, first=SOON_OVER) as running:
        yield running


def run_once(client: httpx2.Client, workflow_id: str) -> None:
    run_id = client.post(f"/api/workflows/{workflow_id}/runs", json={"input": {"who": "Ada"}}).json()["runId"]
    wait_until(lambda: client.get(f"/api/runs/{run_id}").json()["status"] == "succeeded", RUN_SECONDS)


def list_workers(dev: RunningDev) -> list[int]:
    return [pid for pid in dev.list_processes() if Path(f"/proc/{pid}/comm").read_text().startswith("run ")]


def test_it_outlives_dagsters_patience_with_runs_in_between_and_a_tidy_temporary_folder(dev: RunningDev):
    with dev.open_client() as client:
        workflow_id = client.post("/api/workflows", json=build_echo("Staying")).json()["id"]
        run_once(client, workflow_id)
        wait_until(lambda: not list_workers(dev), RUN_SECONDS)
        for left in (dev.home.parent / "tmp").rglob("*"):
            if left.is_file():  # as those do that clean up temporary folders; a socket in use they leave alone
                left.unlink()
        time.sleep(3 * TOLERANCE_SECONDS)
        run_once(client, workflow_id)
    assert dev.process.poll() is None
    assert "failed to refresh workspace" not in dev.log.read_text()


def test_1100_half_open_connections_keep_nobody_out(dev: RunningDev):
    """How they are bounded is tested with a smaller server: test_connections.py."""
    raise_open_files_limit()
    address = ("127.0.0.1", int(dev.url.rpartition(":")[2]))
    with ExitStack() as stack:
        for number in range(1_100):
            half = stack.enter_context(socket.create_connection(address, timeout=60))
            half.sendall(b"POST /api/session HTTP/1.1\r\nHost: a\r\n" + b"Content-Length: 9\r\n\r\n{" * (number % 2))
        with dev.open_client() as client:
            assert client.get("/api/about").status_code == 200
    assert dev.process.poll() is None
    assert "Traceback" not in dev.log.read_text()


def test_a_second_one_says_who_has_the_home_and_stops_and_other_commands_go_on(dev: RunningDev):
    second = start_dev(
        dev.home.parent, output=subprocess.PIPE, environment={"AGENTMESH_HOME": str(dev.home), "AGENTMESH_AUTH": "off"}
    )
    printed, _ = second.communicate(timeout=60)
    assert second.returncode == 2
    assert "Traceback" not in printed
    said = " ".join(printed.split())
    assert f"process {dev.process.pid}, since 20" in said
    assert dev.url in said

    environment = clean_environment() | {"AGENTMESH_HOME": str(dev.home)}
    subprocess.run([*AGENTMESH, "list"], env=environment, cwd=dev.home.parent, check=True, capture_output=True)
    assert dev.process.poll() is None


def test_after_a_kill_the_home_is_free_at_once(tmp_path: Path):
    start_and_kill(tmp_path)
    start_and_kill(tmp_path)


def start_and_kill(folder: Path) -> None:
    """Kills an `agentmesh dev` as soon as the home is its own."""
    environment = {"AGENTMESH_AUTH": "off", "AGENTMESH_HOME": str(folder / "home")}
    lock = folder / "home" / "dev" / "lock"
    with (folder / "dev.log").open("w") as output:
        process = start_dev(folder, "--no-apply", output=output, environment=environment)
    wait_until(lambda: process.poll() is not None or (lock.exists() and str(process.pid) in lock.read_text()), 60)
    assert process.poll() is None, (folder / "dev.log").read_text()
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
