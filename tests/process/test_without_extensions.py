"""The folder `extensions/` can be deleted: all works on Dagster's own launcher, executor and storage, only slower."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.process.documents import build_gated
from tests.process.servers import AGENTMESH, ROOT, clean_environment, run_dev, wait_until

RUN_SECONDS = 120  # each launch is a new Python that imports everything
SLOWER = "There is no folder agentmesh_dagster/extensions"
WHERE = "import agentmesh_dagster, agentmesh_dagster.speedups as s; print(agentmesh_dagster.__file__, s.HAS_EXTENSIONS)"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings with which Python finds a copy of the package that has no extensions."""
    site = tmp_path_factory.mktemp("site")
    left_out = shutil.ignore_patterns("extensions", "web", "__pycache__")
    shutil.copytree(ROOT / "agentmesh_dagster", site / "agentmesh_dagster", ignore=left_out)
    shutil.copytree(ROOT / "workflows", site / "workflows")
    shutil.copy(ROOT / "dagster.yaml", site)
    return {"PYTHONPATH": str(site), "AGENTMESH_EXECUTOR": "threads"}


def run(folder: Path, environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    settings = {"AGENTMESH_HOME": str(folder / ".agentmesh"), **environment}
    return subprocess.run(
        command, cwd=folder, env={**clean_environment(), **settings}, capture_output=True, text=True, check=True
    )


def test_the_copy_has_no_extensions(environment: dict[str, str], tmp_path: Path):
    where = run(tmp_path, environment, AGENTMESH[0], "-c", WHERE).stdout

    assert where.startswith(environment["PYTHONPATH"])
    assert where.split()[-1] == "False"


def test_the_demo_runs_and_says_once_what_is_slower(environment: dict[str, str], tmp_path: Path):
    first = run(tmp_path, environment, *AGENTMESH, "demo")
    second = run(tmp_path, environment, *AGENTMESH, "runs", "--format", "json")

    assert "✓ succeeded" in first.stdout
    assert SLOWER in first.stderr
    assert [found["status"] for found in json.loads(second.stdout)] == ["succeeded"]
    assert SLOWER not in second.stderr


def test_a_home_that_was_made_with_the_extensions_goes_on_without(environment: dict[str, str], tmp_path: Path):
    run(tmp_path, {"AGENTMESH_DAGSTER_YAML": str(ROOT / "dagster.yaml")}, *AGENTMESH, "demo")
    later = run(tmp_path, environment, *AGENTMESH, "demo")

    assert SLOWER in later.stderr
    assert len(json.loads(run(tmp_path, environment, *AGENTMESH, "runs", "--format", "json").stdout)) == 2


def test_a_gate_is_answered_and_its_run_resumed_through_server_daemon_and_launcher(
    environment: dict[str, str], tmp_path: Path
):
    with run_dev(tmp_path, environment=environment) as dev, dev.open_client() as client:
        workflow_id = client.post("/api/workflows", json=build_gated("Gated")).raise_for_status().json()["id"]
        launched = client.post(f"/api/workflows/{workflow_id}/runs", json={"input": {}}).raise_for_status()
        run_id = launched.json()["runId"]

        wait_until(lambda: client.get("/api/gates").json()["items"], RUN_SECONDS)
        [gate] = client.get("/api/gates").json()["items"]
        answer = {"output": {"approved": True}}
        client.post(f"/api/steps/{gate['stepId']}/human-complete", json=answer).raise_for_status()

        wait_until(lambda: client.get(f"/api/runs/{run_id}").json()["status"] == "succeeded", RUN_SECONDS)
        parts = yaml.safe_load((dev.home / "dagster.yaml").read_text())
        assert not parts.keys() & {"storage", "run_launcher", "run_coordinator", "compute_logs"}
