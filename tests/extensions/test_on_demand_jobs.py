"""Jobs are fetched when they are looked at: a process beside a real code server, which is stopped in between."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys, tempfile, time
import dagster as dg
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin
from dagster._core.errors import DagsterUserCodeProcessError, DagsterUserCodeUnreachableError
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster_shared.record import copy
from agentmesh_dagster.extensions.on_demand_jobs import fetch_job, fetch_jobs_on_demand

fetch_jobs_on_demand()
target = LoadableTargetOrigin(executable_path=sys.executable, module_name="tests.extensions.listed_jobs")
origin = ManagedGrpcPythonEnvCodeLocationOrigin(target, "ours")
said = {}
with tempfile.TemporaryDirectory() as home, dg.DagsterInstance.local_temp(home) as instance:
    with origin.create_single_location(instance) as location:
        repository = next(iter(location.get_repositories().values()))
        jobs = {job.name: job for job in repository.get_all_jobs()}
        said["listed"] = sorted(jobs)
        once = jobs["once"]
        said["description"] = once.description
        said["nodes"] = list(once.node_names)
        said["same"] = once.job_snapshot.snapshot_id == once.identifying_job_snapshot_id
        plan = location.get_execution_plan(once, {"ops": {"say": {"config": {"word": "hi"}}}}, None, None, instance)
        said["steps"] = sorted(plan.step_keys_in_plan)
        try:
            fetch_job(location, repository.name, copy(repository.get_job_map_entry("twice"), name="gone"))
        except DagsterUserCodeProcessError as error:
            said["gone"] = str(error)
        location.client.shutdown_server()
        try:
            while location.client.ping("still there?"):
                time.sleep(0.1)
        except DagsterUserCodeUnreachableError:
            pass
    said["looked_at_before"] = once.description
    try:
        jobs["twice"].description
    except DagsterUserCodeUnreachableError:
        said["looked_at_too_late"] = "unreachable"
print("SAID", json.dumps(said))
"""


@pytest.fixture(scope="module")
def said() -> dict[str, object]:
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM], cwd=root, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    return json.loads(next(line for line in run.stdout.splitlines() if line.startswith("SAID")).removeprefix("SAID"))


def test_the_list_of_jobs_is_there_at_once(said: dict[str, object]):
    assert said["listed"] == ["once", "twice"]


def test_a_job_that_is_looked_at_is_whole(said: dict[str, object]):
    assert said["description"] == "Says it once."
    assert said["nodes"] == ["say"]
    assert said["steps"] == ["say"]
    assert said["same"], "what stood in the list is the job that was fetched"


def test_only_what_was_looked_at_is_known_without_the_code_server(said: dict[str, object]):
    assert said["looked_at_before"] == "Says it once."
    assert said["looked_at_too_late"] == "unreachable"


def test_a_job_that_is_gone_meanwhile_says_so(said: dict[str, object]):
    assert "gone" in str(said["gone"])
