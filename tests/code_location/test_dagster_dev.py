"""Plain `dagster dev` at the repository's root: jobs are listed, launched from the UI's API, and read back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.store.runs import get_run
from tests.code_location.dagster_dev import LAUNCH, SELECTOR, STATUS, DagsterDev, wait_until
from tests.shapes import node, save, workflow


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


JOBS = """
query Jobs($selector: RepositorySelector!) {
  repositoryOrError(repositorySelector: $selector) { ... on Repository { jobs { name } sensors { name } } }
}
"""


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
