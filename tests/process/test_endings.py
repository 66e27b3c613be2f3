"""How `agentmesh dev` ends: as a whole, soon, and with a clear text when it was not asked to."""

import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests.process.documents import build_echo, build_gated
from tests.process.servers import (
    ENDS_WITHIN_SECONDS,
    ROOT,
    RunningDev,
    find_free_port,
    list_processes,
    run_dev,
    start_dev,
    wait_until,
)

JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"


def find_process(dev: RunningDev, role: str) -> int:
    return next(pid for pid in dev.list_processes() if f"mesh {role}" == read_name(pid))


def read_name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def read_stream(url: str, lines: list[str]) -> None:
    with (
        httpx2.Client(timeout=60) as client,
        client.stream("GET", url, headers={"Accept": "text/event-stream"}) as stream,
    ):
        lines += stream.iter_lines()
    lines.append("whole")


def wait_by_mcp(url: str, run_id: str) -> httpx2.Response:
    called = {"name": "get_run", "arguments": {"runId": run_id, "waitSeconds": 50}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": called}
    return httpx2.post(f"{url}/mcp", json=message, headers={"accept": "application/json"}, timeout=60)


def test_ctrl_c_in_the_repository_ends_all_of_it_with_a_stream_open_and_a_call_that_waits(tmp_path: Path):
    with run_dev(ROOT, home=tmp_path / "home") as dev, ThreadPoolExecutor(1) as threads:
        with dev.open_client() as client:
            sleeps = build_gated("Sleep", type="wait", config={"seconds": 3600})
            sleeping_id = client.post("/api/workflows", json=sleeps).json()["id"]
            sleeping = client.post(f"/api/workflows/{sleeping_id}/runs", json={"input": {}}).json()["runId"]
            workflow_id = client.post("/api/workflows", json=build_gated("Ask")).json()["id"]
            run_id = client.post(f"/api/workflows/{workflow_id}/runs", json={"input": {}}).json()["runId"]
            wait_until(lambda: client.get(f"/api/runs/{run_id}").json().get("waitingOn"), 120)
        lines: list[str] = []
        reader = threading.Thread(target=read_stream, args=(f"{dev.url}/api/runs/{run_id}/events", lines))
        reader.start()
        wait_until(lambda: any("step.waiting_human" in line for line in lines), 60)
        call = threads.submit(wait_by_mcp, dev.url, sleeping)
        time.sleep(2)  # until it waits, which nobody sees

        began = time.monotonic()
        assert dev.end(signal.SIGINT) == 0
        assert time.monotonic() - began < ENDS_WITHIN_SECONDS
        reader.join(30)

        assert lines[-1] == "whole", "the stream was ended, not cut"
        assert call.result(30).json()["result"]["structuredContent"]["id"] == sleeping, "told as it stands, not cut"
        assert dev.list_processes() == {}
        assert "Traceback" not in dev.log.read_text()


def save_until_it_breaks(url: str, saved: list[str]) -> None:
    with httpx2.Client(base_url=url, timeout=10) as client:
        for number in range(10_000):
            try:
                answer = client.post("/api/workflows", json=build_echo(f"Saved {number}"))
            except httpx2.HTTPError:
                return
            assert answer.status_code == 201
            saved.append(answer.json()["name"].replace(" ", "_"))


def test_a_web_server_killed_amid_saves_takes_all_down_and_the_next_start_has_every_save(tmp_path: Path):
    with run_dev(tmp_path, arguments=("--no-apply",)) as dev:
        saved: list[str] = []
        saver = threading.Thread(target=save_until_it_breaks, args=(dev.url, saved))
        saver.start()
        wait_until(lambda: len(saved) >= 20, 90)
        subprocess.run(["kill", "-9", str(find_process(dev, "web"))], check=True)
        assert dev.process.wait(ENDS_WITHIN_SECONDS) == 1
        saver.join(60)

        assert "The web server has ended (signal SIGKILL), so everything was ended." in dev.log.read_text()
        assert dev.list_processes() == {}
    with sqlite3.connect(dev.home / "agentmesh.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()

    with run_dev(tmp_path, arguments=("--no-apply",)) as again:
        answer = httpx2.post(f"{again.url}/graphql", json={"query": JOBS}).json()
        jobs = {job["name"] for node in answer["data"]["repositoriesOrError"]["nodes"] for job in node["jobs"]}
        assert set(saved) <= jobs
        assert len(jobs) <= len(saved) + 1, "at most the save that was not answered"
        assert again.end(signal.SIGTERM) == 0
        assert again.list_processes() == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_ended_while_it_starts_it_leaves_nobody(tmp_path: Path, number: signal.Signals):
    """SIGKILL cannot be answered: then its processes notice by themselves."""
    with (tmp_path / "dev.log").open("w") as output:
        process = start_dev(tmp_path, "--port", str(find_free_port()), output=output, environment={})
    wait_until(lambda: len(list_processes(process.pid)) >= 4, 90)
    process.send_signal(number)
    process.wait(ENDS_WITHIN_SECONDS)
    wait_until(lambda: not list_processes(process.pid), 3 * ENDS_WITHIN_SECONDS)


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (("--host", "0.0.0.0"), {"AGENTMESH_AUTH": "off"}, "AGENTMESH_AUTH=off is for a loopback address only"),
        (("--path-prefix", "mesh"), {}, "A path prefix begins with a slash"),
        (("--host", "192.0.2.7"), {}, "This address cannot be listened at"),
    ],
)
def test_what_cannot_be_started_is_refused_in_one_sentence(tmp_path: Path, arguments, environment, said):
    process = start_dev(tmp_path, *arguments, output=subprocess.PIPE, environment=environment)
    printed, _ = process.communicate(timeout=90)
    assert process.returncode == 2
    assert said in printed
    assert "Traceback" not in printed


def test_a_port_in_use_is_refused(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start_dev(tmp_path, "--port", str(port), output=subprocess.PIPE, environment={})
        printed, _ = process.communicate(timeout=90)
    assert process.returncode == 2
    assert f"Another program listens there: port {port} of 127.0.0.1; name another with --port" in printed


LOSES_THE_FIRST = """
import os, signal, time
from agentmesh_dagster.cli.processes import entry_points
signal.signal(signal.SIGINT, signal.default_int_handler)
entry_points._INTERRUPTS_AGAIN_AFTER_SECONDS = 0.2
reading, writing = os.pipe()
entry_points._end_with_parent(reading)
for number in range(2):
    try:
        os.close(writing) if number == 0 else None
        time.sleep(60)
    except KeyboardInterrupt:
        print(f"interrupt {number}", flush=True)
os._exit(0)
"""


def test_an_interrupt_that_is_lost_comes_again():
    done = subprocess.run([sys.executable, "-c", LOSES_THE_FIRST], capture_output=True, text=True, timeout=60)

    assert done.stdout.split("\n")[:2] == ["interrupt 0", "interrupt 1"], done.stderr
