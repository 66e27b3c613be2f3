"""Plain `dagster dev` at the repository's root: jobs are listed, launched from the UI's API, and read back."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.store.runs import get_run
from tests.shapes import node, save, workflow

ROOT = Path(__file__).parents[2]
SELECTOR = {"repositoryLocationName": "agentmesh", "repositoryName": "__repository__"}
PATIENCE_SECONDS = 120


class DagsterDev:
    """A `dagster dev` of the test's own, asked through its GraphQL."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "dagster.yaml", home)
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
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.5)


@pytest.fixture
def dagster_dev(home: Path) -> Iterator[DagsterDev]:
    schema = {"type": "object", "properties": {"name": {"type": "string", "default": "world"}}}
    nodes = [node("start", "start"), node("end", "end", output="hello {{ context.input.name }}")]
    save(open_services(), workflow("greet", nodes, ["start -> end"], name="Greet", inputSchema=schema))
    dev = DagsterDev(home)
    try:
        wait_until(dev.is_up)
        yield dev
    finally:
        dev.end()


LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) { __typename ... on LaunchRunSuccess { run { runId } } }
}
"""
JOBS = """
query Jobs($selector: RepositorySelector!) {
  repositoryOrError(repositorySelector: $selector) { ... on Repository { jobs { name } sensors { name } } }
}
"""
STATUS = "query Status($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


def test_a_stored_workflow_is_listed_launched_and_read_back(dagster_dev: DagsterDev):
    repository = dagster_dev.ask(JOBS, selector=SELECTOR)["repositoryOrError"]
    assert [job["name"] for job in repository["jobs"]] == ["Greet"]
    assert [sensor["name"] for sensor in repository["sensors"]] == ["agentmesh_runs"]

    config = {"ops": {"start": {"config": {"input": {"name": "Dagster"}}}}}
    params = {"selector": SELECTOR | {"jobName": "Greet"}, "runConfigData": config}
    run_id = dagster_dev.ask(LAUNCH, params=params)["launchRun"]["run"]["runId"]
    wait_until(lambda: dagster_dev.ask(STATUS, id=run_id)["runOrError"]["status"] in ("SUCCESS", "FAILURE"))

    with open_services().store.read() as connection:
        run = get_run(connection, run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, "hello Dagster")
    assert run.launches == [run_id]
