"""Loops and sub-workflows by the buttons of Dagster's UI, under a real `agentmesh dev`."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx2
import pytest

from tests.process.servers import run_dev, wait_until
from tests.shapes import node, workflow
from tests.tools.servers import Recorder, run_recorder, send

SOON_SECONDS = 60
SELECTOR = {"repositoryLocationName": "agentmesh", "repositoryName": "__repository__"}
LAUNCH = """mutation Go($params: ExecutionParams!) { launchPipelineExecution(executionParams: $params) {
  ... on LaunchRunSuccess { run { runId } } __typename ... on PythonError { message } } }"""
AGAIN = """mutation Again($params: ReexecutionParams!) { launchPipelineReexecution(reexecutionParams: $params) {
  ... on LaunchRunSuccess { run { runId } } __typename ... on PythonError { message } } }"""
TERMINATE = """mutation Stop($id: String!) { terminateRun(runId: $id) { __typename } }"""
JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"
SHOWN = """query Shown($id: ID!) { runOrError(runId: $id) { ... on Run { status stepStats { stepKey status } } } }"""


class Machine:
    """A service of the test's own that is broken, or holds its answer, in some rounds."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.broken: set[int] = set()
        self.held: set[int] = set()
        self.released = threading.Event()
        recorder.reply = self._reply

    def _reply(self, handler: BaseHTTPRequestHandler) -> None:
        number = self.rounds[-1]
        if number in self.held:
            self.released.wait(SOON_SECONDS)
        send(handler, 500 if number in self.broken else 200, b'{"n": %d}' % number)

    @property
    def rounds(self) -> list[int]:
        """In which it was called, in their order."""
        return [received.json["round"] for received in self.recorder.received]


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    with run_recorder() as running:
        yield running


@pytest.fixture
def machine(recorder: Recorder) -> Iterator[Machine]:
    recorder.received.clear()
    machine = Machine(recorder)
    yield machine
    machine.released.set()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, recorder: Recorder) -> Iterator[httpx2.Client]:
    """Of a server with the jobs `Count`, a loop of five rounds, and `Twice`, which runs it two calls deep."""
    environment = {"AGENTMESH_HTTP_ALLOW_HOSTS": "127.0.0.1"}
    folder = tmp_path_factory.mktemp("loops")
    with run_dev(folder, arguments=("--no-apply",), environment=environment) as dev, dev.open_client() as client:
        tool = {"id": "post", "name": "Post", "type": "http", "config": {"method": "POST", "url": recorder.url}}
        assert client.post("/api/tools", json=tool).status_code == 201
        for flow in (count_to_five(), calling("between", "count"), calling("twice", "between")):
            answer = client.post("/api/workflows", json=flow)
            assert answer.status_code == 201, answer.text
        wait_until(lambda: {"Count", "Twice"} <= {job["name"] for job in list_jobs(client)}, SOON_SECONDS)
        yield client


def count_to_five() -> dict[str, Any]:
    work = node("work", "tool", toolId="post", input={"round": "{{ context.round }}"})
    nodes = [node("start", "start"), work, node("more", "branch"), node("end", "end")]
    nodes[-1]["config"]["output"] = "{{ context.outputs.work.n }}"
    edges = ["start -> work", "work -> more", "more -> work if context.round < 5, 5 rounds", "more -> end"]
    return workflow("count", nodes, edges, name="Count").to_wire()


def calling(identity: str, other: str) -> dict[str, Any]:
    nodes = [node("start", "start"), node("call", "workflow", workflowId=other), node("end", "end")]
    return workflow(identity, nodes, ["start -> call", "call -> end"], name=identity.title()).to_wire()


def ask(client: httpx2.Client, query: str, **variables: Any) -> Any:
    answer = client.post("/graphql", json={"query": query, "variables": variables}).json()
    assert "errors" not in answer, answer
    [told] = answer["data"].values()
    return told


def list_jobs(client: httpx2.Client) -> list[dict[str, str]]:
    return [job for repository in ask(client, JOBS)["nodes"] for job in repository["jobs"]]


def launch(client: httpx2.Client, job: str) -> str:
    told = ask(client, LAUNCH, params={"selector": SELECTOR | {"jobName": job}, "runConfigData": {}})
    return str(told["run"]["runId"])


def reexecute_from_failure(client: httpx2.Client, launch_id: str) -> str:
    told = ask(client, AGAIN, params={"parentRunId": launch_id, "strategy": "FROM_FAILURE"})
    return str(told["run"]["runId"])


def read_run(client: httpx2.Client, run_id: str) -> dict[str, Any]:
    return client.get(f"/api/runs/{run_id}").json()


def wait_for(client: httpx2.Client, run_id: str, status: str) -> dict[str, Any]:
    wait_until(lambda: read_run(client, run_id).get("status") == status, SOON_SECONDS)
    return read_run(client, run_id)


def list_steps(client: httpx2.Client, launch_id: str) -> dict[str, str]:
    """What Dagster shows of the steps of a launch: step key → status."""
    return {step["stepKey"]: step["status"] for step in ask(client, SHOWN, id=launch_id)["stepStats"]}


@pytest.mark.parametrize(("job", "box"), [("Count", ""), ("Twice", "call.call.")], ids=["in a loop", "two calls deep"])
def test_a_failure_in_round_3_goes_on_from_there(client: httpx2.Client, machine: Machine, job: str, box: str):
    machine.broken = {3}
    run_id = launch(client, job)
    wait_for(client, run_id, "failed")
    wait_until(lambda: ask(client, SHOWN, id=run_id)["status"] == "FAILURE", SOON_SECONDS)
    steps = list_steps(client, run_id)
    failed = [key for key, status in steps.items() if status == "FAILURE"]
    assert failed == [f"{box}work_round_3.work"], steps
    machine.broken = set()

    again = reexecute_from_failure(client, run_id)

    run = wait_for(client, run_id, "succeeded")
    print(run, client.get(f"/api/runs/{run_id}/steps").json())
    assert (run["output"], run["launches"]) == (5, [run_id, again])
    assert machine.rounds == [1, 2, 3, 3, 4, 5]
    wait_until(lambda: ask(client, SHOWN, id=again)["status"] == "SUCCESS", SOON_SECONDS)
    assert f"{box}work_round_1.work" not in list_steps(client, again), "what had succeeded is no step of it"


def test_a_run_is_terminated_in_its_second_round(client: httpx2.Client, machine: Machine):
    machine.held = {2}
    run_id = launch(client, "Count")
    wait_until(lambda: machine.rounds == [1, 2], SOON_SECONDS)

    assert ask(client, TERMINATE, id=run_id)["__typename"] == "TerminateRunSuccess"

    wait_for(client, run_id, "canceled")
    machine.released.set()
    steps = client.get(f"/api/runs/{run_id}/steps").json()["items"]
    found = {f"{step['nodeId']}{step['path']}": step["status"] for step in steps}
    assert (found["work#1"], found["work#2"]) == ("succeeded", "canceled")
    wait_until(lambda: ask(client, SHOWN, id=run_id)["status"] == "CANCELED", SOON_SECONDS)
    assert machine.rounds == [1, 2]
