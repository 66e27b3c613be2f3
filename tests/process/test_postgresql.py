"""`agentmesh dev` with its store, and Dagster's own storage, in PostgreSQL."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import yaml

from tests.dagster_yaml import find_dagster_yaml
from tests.postgres import PostgresServer
from tests.process.documents import build_echo
from tests.process.servers import AGENTMESH, clean_environment, run_dev, wait_until

STORAGE = {"postgres": {"postgres_url": {"env": "DAGSTER_POSTGRES_URL"}}}
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


def test_a_workflow_is_saved_listed_and_run(postgres: PostgresServer, tmp_path: Path):
    with postgres.database() as store_url, postgres.database() as plain_url:
        dagster_url = plain_url.replace("postgresql://", "postgresql+psycopg2://")
        environment = build_environment(tmp_path, store_url, dagster_url)
        with (
            run_dev(tmp_path, arguments=("--no-apply",), environment=environment) as dev,
            dev.open_client() as client,
        ):
            workflow_id = client.post("/api/workflows", json=build_echo("Greet")).json()["id"]
            launched = client.post(f"/api/workflows/{workflow_id}/runs", json={"input": {"who": "Ada"}})
            assert launched.status_code == 201, launched.text
            run = f"/api/runs/{launched.json()['runId']}"
            wait_until(lambda: client.get(run).json()["status"] == "succeeded", 60)
            wait_until(lambda: '"Greet"' in client.post("/graphql", json={"query": JOBS}).text, 120)
            assert dev.end() == 0


def test_the_driver_with_which_dagsters_web_server_does_not_work_is_refused(postgres: PostgresServer, tmp_path: Path):
    with postgres.database() as store_url, postgres.database() as dagster_url:
        environment = clean_environment() | build_environment(tmp_path, store_url, dagster_url)
        command = [*AGENTMESH, "webserver"]
        refused = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert refused.returncode == 2
    assert "needs the driver psycopg2" in refused.stderr
    assert "postgresql+psycopg2://" in refused.stderr
