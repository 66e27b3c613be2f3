"""The command line as a process: what only a real terminal, a signal or a stray print can show."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.settings import get_settings
from tests.cli.documents import chain, write_yaml
from tests.process.servers import wait_until

AGENTMESH = [sys.executable, "-c", "from agentmesh_dagster.cli import main; main()"]
CHATTY = """
import os, sys
from agentmesh_dagster import tool
from agentmesh_dagster.cli import main

@tool
def chatter() -> str:
    print("printed")
    os.system("echo from a child")
    return "done"

main()
"""


def test_help_does_not_wait_for_dagster():
    command = [AGENTMESH[0], "-X", "importtime", *AGENTMESH[1:], "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "Exit codes" in shown.stdout
    imported = {line.rpartition("|")[2].strip() for line in shown.stderr.splitlines()}
    assert "typer" in imported
    assert not imported & {"dagster", "fastapi", "openai", "anthropic"}


def test_json_stands_alone_on_standard_output_whatever_tools_print(folder):
    chatter = {"id": "chatter", "name": "Chatter", "type": "function", "config": {"functionName": "chatter"}}
    call = {"id": "call", "type": "tool", "toolId": "chatter"}
    write_yaml(folder / "chatty.yaml", {"tools": [chatter], "workflows": [chain("chatty", call)]})
    subprocess.run([*AGENTMESH, "apply", "chatty.yaml"], check=True, capture_output=True)

    command = [sys.executable, "-c", CHATTY, "run", "chatty", "--format", "json"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)

    assert json.loads(run.stdout)["status"] == "succeeded"
    assert json.loads(run.stdout)["output"] == {"text": "done"}


@pytest.fixture
def silent_server() -> Iterator[tuple[int, threading.Event]]:
    """The port of a web server that never answers, and an event for when it is asked."""
    asked, over = threading.Event(), threading.Event()

    class Silence(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            over.wait(60)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Silence)
    threading.Thread(target=server.serve_forever).start()
    yield server.server_port, asked
    over.set()
    server.shutdown()
    server.server_close()


def test_ctrl_c_cancels_the_run(agentmesh, folder, silent_server, monkeypatch):
    port, asked = silent_server
    monkeypatch.setenv("AGENTMESH_HTTP_ALLOW_HOSTS", "127.0.0.1")
    slow = {"id": "slow", "name": "Slow", "type": "http", "config": {"url": f"http://127.0.0.1:{port}/"}}
    call = {"id": "call", "type": "tool", "toolId": "slow"}
    write_yaml(folder / "slow.yaml", {"tools": [slow], "workflows": [chain("slow", call)]})
    assert agentmesh("apply", "slow.yaml").code == 0

    running = subprocess.Popen([*AGENTMESH, "run", "slow"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert asked.wait(60)
    running.send_signal(signal.SIGINT)
    printed, noise = running.communicate(timeout=60)

    assert running.returncode == 130
    assert "⊘ canceled" in printed
    assert noise == ""
    run = agentmesh("runs", "--format", "json").json[0]
    assert run["status"] == "canceled"
    steps = agentmesh("show", run["id"], "--format", "json").json["steps"]
    assert [(step["nodeId"], step["status"]) for step in steps] == [("start", "succeeded"), ("call", "canceled")]


def test_ctrl_c_cancels_a_fork_that_a_daemon_executes(applied):
    run_id = applied("run", "hello", "--input", '{"who": "Ada"}', "--format", "json").json["runId"]
    with open_instance(get_settings()) as instance:
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), "QUEUED_RUN_COORDINATOR", None))
    command = [*AGENTMESH, "fork", run_id, "--from", "end", "--wait", "--format", "json"]
    forking = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with open_instance(get_settings()) as instance:
        queued = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])
        wait_until(lambda: instance.get_runs_count(queued) == 1, 60)
    time.sleep(1)  # it looks after the run by now
    forking.send_signal(signal.SIGINT)
    printed, noise = forking.communicate(timeout=60)

    assert forking.returncode == 130, noise
    assert json.loads(printed)["status"] == "canceled"


@pytest.mark.usefixtures("applied")
def test_on_a_terminal_the_run_is_seen_live(folder):
    controller, terminal = os.openpty()
    env = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    command = [*AGENTMESH, "run", "hello", "--input", '{"who": "Ada"}']
    running = subprocess.Popen(command, cwd=folder, env=env, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    shown = _read_to_the_end(controller)

    assert running.wait(60) == 0
    assert "\x1b[?25l" in shown  # the cursor is hidden while the view lives,
    assert "\x1b[?25h" in shown  # and comes back
    assert "✓ succeeded" in shown
    assert "[offline model] Greet Ada." in shown


def _read_to_the_end(descriptor: int) -> str:
    parts: list[bytes] = []
    try:
        while part := os.read(descriptor, 65_536):
            parts.append(part)
    except OSError:  # Linux says so when the other side is closed
        pass
    finally:
        os.close(descriptor)
    return b"".join(parts).decode()
