"""Dagster's own run launcher: a code server starts the process of a run, and looks after it until that is finished."""

import json
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import GetCurrentRunsResult
from dagster._serdes import deserialize_value

from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.runtime.services import Services
from tests.control.office import APPROVED, Office
from tests.faults.processes import wait_until
from tests.shapes import node, save, workflow

PATIENCE_SECONDS = 300  # a process of a run takes some seconds to start, and minutes on a busy machine
ENDS = [dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_CANCELED]


@pytest.fixture
def workspace(services: Services, instance: dg.DagsterInstance) -> Iterator[WorkspaceRequestContext]:
    target = ModuleTarget("agentmesh_dagster.code_location", "build_repository", None, "agentmesh")
    with WorkspaceProcessContext(instance, target) as context:
        yield context.create_request_context()


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_gate_is_suspended_and_the_code_server_leaves_it_so(
    services: Services, instance: dg.DagsterInstance, workspace: WorkspaceRequestContext
):
    office = Office(services, instance)
    nodes = [node("start", "start"), node("gate", "human_approval"), node("end", "end")]
    save(services, flow := workflow("w", nodes, ["start -> gate", "gate -> end"]))
    run_id = prepare_launch(services, instance, flow, {}, launched_by="test").run_id
    instance.launch_run(run_id, workspace)
    wait_until(lambda: office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED, PATIENCE_SECONDS)

    wait_until(lambda: list_runs_of_code_server(instance, run_id) == [], PATIENCE_SECONDS)
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED
    assert tell_ends(instance, run_id) == []

    office.answer(run_id, "gate", APPROVED)
    resume = resume_run(services, instance, run_id)
    assert resume
    instance.launch_run(resume.launch_id, workspace)
    wait_until(lambda: office.dagster_status(resume.launch_id) is dg.DagsterRunStatus.SUCCESS, PATIENCE_SECONDS)
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert tell_ends(instance, run_id) == tell_ends(instance, resume.launch_id) == [dg.DagsterEventType.RUN_SUCCESS]


def list_runs_of_code_server(instance: dg.DagsterInstance, launch_id: str) -> list[str]:
    """The runs whose process the code server looks after that started this one."""
    found = instance.get_run_by_id(launch_id)
    assert found
    server = json.loads(found.tags[GRPC_INFO_TAG])
    client = DagsterGrpcClient(host=server.get("host"), port=server.get("port"), socket=server.get("socket"))
    return list(deserialize_value(client.get_current_runs(), GetCurrentRunsResult).current_runs)


def tell_ends(instance: dg.DagsterInstance, launch_id: str) -> list[dg.DagsterEventType]:
    events = [log.dagster_event for log in instance.all_logs(launch_id) if log.dagster_event]
    return [event.event_type for event in events if event.event_type in ENDS]
