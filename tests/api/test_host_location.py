"""A host's location, loaded by a real code server: launched there, with its resources; what it lacks is told."""

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget

from agentmesh_dagster.api.context import NoJobHere
from agentmesh_dagster.api.workspace import LoadedWorkspace
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.entities.models import Project, Tool, Workflow
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.store.catalogue import list_job_problems, list_tool_functions
from agentmesh_dagster.store.runs import get_run
from tests.shapes import node, save, workflow

PATIENCE_SECONDS = 240
HOST = """
import dagster as dg
from agentmesh_dagster import build_definitions, tool

class Warehouse(dg.ConfigurableResource):
    name: str

@tool("host_name_warehouse")
def name_warehouse(warehouse: Warehouse) -> dict:
    return {"warehouse": warehouse.name}

@dg.op
def count() -> None: ...

@dg.job
def support_nightly() -> None:
    count()

@dg.definitions
def defs():
    mine = dg.Definitions(jobs=[support_nightly], resources={"warehouse": Warehouse(name="prod")})
    ours = build_definitions(projects=["support"], job_prefix="support_", resource_keys=["warehouse"])
    return dg.Definitions.merge(mine, ours)
"""
YAML = """
telemetry: {enabled: false}
run_coordinator: {module: dagster._core.run_coordinator, class: DefaultRunCoordinator}
code_servers: {wait_for_local_processes_on_shutdown: true}
"""


def named(name: str, project: str) -> Workflow:
    nodes = [node("start", "start"), node("look", "tool", toolId="w", input={}), node("end", "end")]
    return workflow(name, nodes, ["start -> look", "look -> end"], name=name, projectId=project)


@pytest.fixture
def services(home: Path) -> Services:
    services = open_services()
    asked = {"id": "w", "name": "W", "type": "function", "config": {"functionName": "host_name_warehouse"}}
    save(services, Project(id="support", name="Support"), Project(id="billing", name="Billing"))
    save(services, Tool.model_validate(asked))
    save(services, named("weekly", "support"), named("nightly", "support"), named("other", "billing"))
    return services


@pytest.fixture
def loaded(home: Path, services: Services, tmp_path: Path) -> Iterator[tuple[LoadedWorkspace, dg.DagsterInstance]]:
    (home / "dagster.yaml").write_text(YAML)
    (tmp_path / "host.py").write_text(HOST)
    target = PythonFileTarget(
        python_file=str(tmp_path / "host.py"), attribute=None, working_directory=str(tmp_path), location_name="shop"
    )
    with dg.DagsterInstance.from_config(str(home)) as instance, WorkspaceProcessContext(instance, target) as context:
        yield LoadedWorkspace(context, services.store), instance


def test_a_run_is_launched_where_its_workflow_is_a_guest(
    services: Services, loaded: tuple[LoadedWorkspace, dg.DagsterInstance]
):
    workspace, instance = loaded
    weekly = named("weekly", "support")

    place = workspace.find_code_location(weekly)
    launch = prepare_launch(services, instance, weekly, {}, launched_by="test", location=place)
    workspace.submit(launch.launch_id)

    assert (place.name, launch.job_name) == ("shop", "support_weekly")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (run := _read(services, launch.run_id)).status.is_end:
        assert time.monotonic() < deadline, "the run did not end"
        time.sleep(0.5)
    assert (run.output, run.error) == ({"warehouse": "prod"}, None)

    # The code server told what this process has never imported.
    told = next(each.info for each in list_tool_functions(services.store) if each.info.name == "host_name_warehouse")
    assert (told.input_schema["properties"], told.problem) == ({}, None)

    # The code server found the names; what goes without a job cannot be launched as the host's job of that name.
    assert set(list_job_problems(services.store)) == {"nightly"}
    with pytest.raises(NoJobHere, match=r"`support_nightly` is a job of this code location's own"):
        workspace.find_code_location(named("nightly", "support"))
    with pytest.raises(NoJobHere, match="`billing` is none of those"):
        workspace.find_code_location(named("other", "billing"))


def _read(services: Services, run_id: str):
    with services.store.read() as connection:
        return get_run(connection, run_id)
