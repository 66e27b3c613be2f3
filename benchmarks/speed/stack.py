"""Running stacks, as their users start them: `agentmesh dev`, and `dagster dev` with the hand-written jobs."""

import json
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx2
import yaml

from agentmesh_dagster.client import AgentMeshClient
from agentmesh_dagster.entities.models import EventType, RunStatus
from benchmarks.speed.graphs import RUN_INPUT, build_document, name_workflow
from benchmarks.speed.processes import ROOT, CannotMeasure, Launchpad, Started, answers, find_free_port, wait_until
from benchmarks.speed.venvs import Venv

_STARTS_WITHIN_SECONDS = 180.0
_RUN_SECONDS = 300.0
STOCK_PARTS = {  # part → its entries in dagster.yaml
    "launcher": ("run_launcher",),
    "logs": ("compute_logs",),
    "queue": ("run_coordinator", "run_queue"),
    "storage": ("storage", "event_log_storage", "run_storage", "schedule_storage"),
    "executor": (),  # a setting of ours
}
_RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status startTime endTime stepStats { startTime } } } }"
_JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"
_LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_AGAIN = """mutation($params: ReexecutionParams!) { launchRunReexecution(reexecutionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_HAS_ENDED = ("SUCCESS", "FAILURE", "CANCELED")


@dataclass(frozen=True)
class Seen:
    """A run as it was seen from outside; unix times, of this machine."""

    first_step_at: float
    ended_at: float  # by the stack's own account
    finished_at: float  # when its client knew
    execution_s: float  # from Dagster's start of the run to its end, in the run worker


class Stack(Protocol):
    """What both stacks can be asked for."""

    @property
    def server(self) -> Started: ...

    def launch(self, graph: str, latency_ms: int) -> str:
        """Asks for a run; its id."""
        ...

    def follow(self, run_id: str) -> Seen:
        """Waits for its end. Raises CannotMeasure when it has not succeeded."""
        ...

    def wait_for_gate(self, run_id: str) -> str:
        """The gate, when the run waits for a person and nothing of it runs."""
        ...

    def answer(self, gate: str) -> str:
        """Answers it; the id of the run that goes on."""
        ...


class _GraphQL:
    """Dagster's own API, which both stacks have."""

    def __init__(self, url: str) -> None:
        self._http = httpx2.Client(base_url=url, timeout=60)

    def ask(self, query: str, **variables: object) -> Any:
        answer = self._http.post("/graphql", json={"query": query, "variables": variables}).raise_for_status().json()
        if "errors" in answer:
            raise CannotMeasure(f"Dagster's GraphQL: {answer['errors'][0]['message'][:200]}")
        return next(iter(answer["data"].values()))

    def wait_for_end(self, run_id: str) -> Mapping[str, Any]:
        deadline = time.monotonic() + _RUN_SECONDS
        while (run := self.ask(_RUN, id=run_id)).get("status") not in _HAS_ENDED:
            if time.monotonic() > deadline:
                raise CannotMeasure(f"run {run_id} is still {run.get('status')} after {_RUN_SECONDS:g} s")
            time.sleep(0.3)  # seldom enough to cost the stack next to nothing
        return run

    def close(self) -> None:
        self._http.close()


class AgentMeshStack:
    """`agentmesh dev`, asked through our own client as any program would."""

    def __init__(self, server: Started, url: str) -> None:
        self.server = server
        self.client = AgentMeshClient(url, timeout=120)
        self._graphql = _GraphQL(url)

    def launch(self, graph: str, latency_ms: int) -> str:
        return self.client.launch(name_workflow(graph, latency_ms), RUN_INPUT)

    def follow(self, run_id: str) -> Seen:
        first_step_at = ended_at = finished_at = 0.0
        for event in self.client.follow_events(run_id):
            if event.type is EventType.STEP_STARTED and not first_step_at:
                first_step_at = event.timestamp.timestamp()
            elif event.type is EventType.RUN_COMPLETED:
                ended_at, finished_at = event.timestamp.timestamp(), time.time()
        run = self.client.get_run(run_id)
        if run.status is not RunStatus.SUCCEEDED:
            raise CannotMeasure(f"run {run_id} is {run.status.value}: {run.error}")
        # The launch goes on for a moment after the run has ended: Dagster's last events.
        launch = self._graphql.wait_for_end(run.launches[-1])
        return Seen(first_step_at, ended_at, finished_at, launch["endTime"] - launch["startTime"])

    def wait_for_gate(self, run_id: str) -> str:
        run = self.client.wait(run_id, timeout=_RUN_SECONDS)
        if not run.waiting_on:
            raise CannotMeasure(f"run {run_id} is {run.status.value} and does not wait: {run.error}")
        time.sleep(2)  # until its launch has ended as well
        return run.waiting_on[0]

    def answer(self, gate: str) -> str:
        return self.client.answer(gate, {"approved": True}).run_id

    def close(self) -> None:
        self.client.close()
        self._graphql.close()


class DagsterStack:
    """`dagster dev` as it comes, asked through its GraphQL."""

    def __init__(self, server: Started, url: str, answers_folder: Path, location: str) -> None:
        self.server = server
        self._graphql = _GraphQL(url)
        self._answers = answers_folder
        self._location = location

    def lists_jobs(self) -> bool:
        return any(node["jobs"] for node in self._graphql.ask(_JOBS).get("nodes", []))

    def launch(self, graph: str, latency_ms: int) -> str:
        selector = {
            "repositoryLocationName": self._location,
            "repositoryName": "__repository__",
            "jobName": f"{graph}_in_process",
        }
        # As `build_run_config` of the jobs, which only the peer's environment can import.
        config = {
            "resources": {"model": {"config": {"latency_ms": latency_ms}}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        }
        return self._launch(_LAUNCH, {"selector": selector, "runConfigData": json.dumps(config)})

    def follow(self, run_id: str) -> Seen:
        run = self._graphql.wait_for_end(run_id)
        if run["status"] != "SUCCESS":
            raise CannotMeasure(f"Dagster run {run_id}: {run['status']}")
        first_step_at = min(step["startTime"] for step in run["stepStats"] if step["startTime"])
        # Its client would have to ask again and again, so that we take Dagster's word for when it knew.
        return Seen(first_step_at, run["endTime"], run["endTime"], run["endTime"] - run["startTime"])

    def wait_for_gate(self, run_id: str) -> str:
        self._graphql.wait_for_end(run_id)
        time.sleep(2)  # until its process has ended as well
        return run_id

    def answer(self, gate: str) -> str:
        (self._answers / gate).write_text("True")
        return self._launch(_AGAIN, {"parentRunId": gate, "strategy": "FROM_FAILURE"})

    def _launch(self, mutation: str, params: Mapping[str, Any]) -> str:
        launched = self._graphql.ask(mutation, params=params)
        if launched["__typename"] != "LaunchRunSuccess":
            raise CannotMeasure(f"Dagster did not launch: {launched}")
        return launched["run"]["runId"]

    def close(self) -> None:
        self._graphql.close()


@contextmanager
def run_agentmesh(
    pad: Launchpad, folder: Path, environment: Mapping[str, str], stock: tuple[str, ...]
) -> Generator[AgentMeshStack]:
    """`agentmesh dev` in an empty folder, with the four graphs; `stock` are the parts that stay Dagster's own."""
    (folder / "workflows").mkdir(parents=True)
    (folder / "workflows" / "graphs.yaml").write_text(yaml.safe_dump(build_document()))
    home = folder / ".agentmesh"
    port = find_free_port()
    settings = {**environment, **choose_parts(home, stock), "AGENTMESH_HOME": str(home), "AGENTMESH_AUTH": "off"}
    command = (sys.executable, "-c", "from agentmesh_dagster.cli import main; main()", "dev", "--port", str(port))
    with pad.running(command, settings, folder=folder) as server:
        wait_until(lambda: "AgentMesh: " in server.log.read_text(), server, _STARTS_WITHIN_SECONDS)
        stack = AgentMeshStack(server, f"http://127.0.0.1:{port}")
        try:
            yield stack
        finally:
            stack.close()


def choose_parts(home: Path, stock: tuple[str, ...]) -> dict[str, str]:
    """Writes a `dagster.yaml` without our extensions for these parts; the settings that go with it."""
    if not stock:
        return {}
    config = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    for part in stock:
        for entry in STOCK_PARTS[part]:
            config.pop(entry, None)
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(yaml.safe_dump(config))
    return {"AGENTMESH_EXECUTOR": "in_process"} if "executor" in stock else {}


@contextmanager
def run_dagster(pad: Launchpad, folder: Path, environment: Mapping[str, str], venv: Venv) -> Generator[DagsterStack]:
    """`dagster dev` in an empty DAGSTER_HOME."""
    answers_folder = folder / "answers"
    answers_folder.mkdir(parents=True)
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    port = find_free_port()
    jobs = "benchmarks.speed.peers.dagster_jobs"
    settings = {**environment, "DAGSTER_HOME": str(folder), "BENCH_ANSWERS": str(answers_folder)}
    command = (venv.python, "-m", "dagster", "dev", "-m", jobs, "--port", str(port))
    with pad.running(command, settings) as server:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{url}/server_info"), server, _STARTS_WITHIN_SECONDS)
        stack = DagsterStack(server, url, answers_folder, jobs)
        try:
            wait_until(stack.lists_jobs, server, _STARTS_WITHIN_SECONDS)
            yield stack
        finally:
            stack.close()
