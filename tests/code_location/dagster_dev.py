"""A real `dagster dev` of a test's own, asked through its GraphQL."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

from tests.dagster_yaml import ROOT, find_dagster_yaml

SELECTOR = {"repositoryLocationName": "agentmesh", "repositoryName": "__repository__"}
PATIENCE_SECONDS = 120

LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } } }
}
"""
STATUS = "query Status($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


class DagsterDev:
    """A `dagster dev` of the test's own, asked through its GraphQL."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(find_dagster_yaml(), home / "dagster.yaml")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/graphql"
        self.log = (home / "dev.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "--port", str(port), "--host", "127.0.0.1"],
            cwd=ROOT,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"DAGSTER_HOME": str(home), "PYTHONWARNINGS": "ignore"},
            start_new_session=True,
        )

    def ask(self, query: str, **variables: Any) -> Any:
        with httpx2.Client(timeout=30) as client:
            answer = client.post(self.url, json={"query": query, "variables": variables}).json()
        assert "errors" not in answer, answer
        return answer["data"]

    def is_up(self) -> bool:
        assert self.process.poll() is None, Path(self.log.name).read_text()
        try:
            return bool(self.ask("{ version }"))
        except httpx2.HTTPError:
            return False

    def end(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=5)  # its code servers would take half a minute
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()


def wait_until(is_so: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)
