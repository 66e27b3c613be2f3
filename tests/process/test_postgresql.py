"""`agentmesh dev` with its store, and Dagster's own storage, in PostgreSQL."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.dagster_yaml import find_dagster_yaml
from tests.postgres import PostgresServer, run_server
from tests.process.documents import build_echo, build_gated
from tests.process.servers import AGENTMESH, RunningDev, clean_environment, run_dev, wait_until

STORAGE = {"postgres": {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}}
GATES = int(os.environ.get("AGENTMESH_TEST_GATES", "12"))
PATIENCE_SECONDS = 300
LISTED = (
    "{ runsOrError { ... on Runs { results { runId"
    " eventConnection(limit: 1) { ... on EventConnection { events { __typename } } } } } } }"
)
JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"


def build_environment(folder: Path, store_url: str, dagster_url: str) -> Mapping[str, str]:
    home = folder / "dagster"
    home.mkdir()
    config = yaml.safe_load(find_dagster_yaml().read_text()) | {"storage": STORAGE}
    (home / "dagster.yaml").write_text(yaml.safe_dump(config))
    return {
        "AGENTMESH_DATABASE_URL": store_url,
        "DAGSTER_POSTGRES_URL": dagster_url,
        "DAGSTER_HOME": str(home),
    }


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that is restarted: others use theirs meanwhile."""
    with run_server() as server:
        yield server


@pytest.fixture(scope="module")
def dev(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDev]:
    folder = tmp_path_factory.mktemp("dev")
    with server.database() as store_url, server.database() as plain_url:
        dagster_url = plain_url.replace("postgresql://", "postgresql+psycopg2://")
        environment = build_environment(folder, store_url, dagster_url)
        with run_dev(folder, arguments=("--no-apply",), environment=environment) as dev:
            yield dev


def test_a_workflow_is_saved_listed_and_run(dev: RunningDev):
    with dev.open_client() as client:
        workflow_id = client.post("/api/workflows", json=build_echo("Greet")).json()["id"]
        launched = client.post(f"/api/workflows/{workflow_id}/runs", json={"input": {"who": "Ada"}})
        assert launched.status_code == 201, launched.text
        run = f"/api/runs/{launched.json()['runId']}"
        wait_until(lambda: client.get(run).json()["status"] == "succeeded", 60)
        wait_until(lambda: '"Greet"' in client.post("/graphql", json={"query": JOBS}).text, 120)


def test_every_answer_that_was_taken_while_the_database_restarted_is_acted_on(dev: RunningDev, server: PostgresServer):
    with dev.open_client() as client:
        workflow_id = client.post("/api/workflows", json=build_gated("Ask")).json()["id"]
        runs = f"/api/workflows/{workflow_id}/runs"
        run_ids = {client.post(runs, json={}).json()["runId"] for _ in range(GATES)}
        wait_until(lambda: len(list_gates(client)) == GATES, PATIENCE_SECONDS)
        assert count_statuses(client, run_ids) == {"running": GATES}
        assert_dagster_lists(client, run_ids)

        server.restart()
        assert count_statuses(client, run_ids) == {"running": GATES}, "no connection of before harms anybody"
        assert_dagster_lists(client, run_ids)

        gates = list_gates(client)
        with ThreadPoolExecutor(4) as people:
            answers = [people.submit(answer, client, gate["stepId"]) for gate in gates]
            for count in (1, GATES // 2):
                wait_until(lambda count=count: sum(told.done() for told in answers) >= count, PATIENCE_SECONDS)
                server.restart()
        assert all(told.result() for told in answers)

        wait_until(lambda: count_statuses(client, run_ids).keys() <= {"succeeded", "failed"}, PATIENCE_SECONDS)
        assert count_statuses(client, run_ids) == {"succeeded": GATES}
    assert dev.end() == 0


def list_gates(client: httpx2.Client) -> list[dict[str, Any]]:
    return client.get("/api/gates", params={"limit": 200}).json()["items"]


def answer(client: httpx2.Client, step_id: str) -> bool:
    """Answers until it is taken: a person who is told that the server is not there tries again."""
    told = list[int]()

    def is_taken() -> bool:
        try:
            response = client.post(f"/api/steps/{step_id}/human-complete", json={"output": {"approved": True}})
        except httpx2.TransportError:
            return False
        told.append(response.status_code)
        return response.status_code in (200, 409)  # 409: it was taken before, and its answer was lost on the way

    wait_until(is_taken, PATIENCE_SECONDS)
    return set(told) <= {200, 409, 503}


def count_statuses(client: httpx2.Client, run_ids: set[str]) -> Counter[str]:
    listed = client.get("/api/runs", params={"limit": 200})
    assert listed.status_code == 200, listed.text
    return Counter(run["status"] for run in listed.json()["items"] if run["id"] in run_ids)


def assert_dagster_lists(client: httpx2.Client, run_ids: set[str]) -> None:
    """Dagster's own pages are served, from its runs and from their events."""
    answered = client.post("/graphql", json={"query": LISTED})
    assert answered.status_code == 200, answered.text
    listed = answered.json()["data"]["runsOrError"]["results"]
    assert {run["runId"] for run in listed} >= run_ids
    assert all(run["eventConnection"]["events"] for run in listed)


def test_the_driver_with_which_dagsters_web_server_does_not_work_is_refused(postgres: PostgresServer, tmp_path: Path):
    with postgres.database() as store_url, postgres.database() as dagster_url:
        environment = clean_environment() | build_environment(tmp_path, store_url, dagster_url)
        command = [*AGENTMESH, "webserver"]
        refused = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "needs the driver psycopg2" in refused.stderr
    assert "postgresql+psycopg2://" in refused.stderr
