"""Loops that may be played very often, and are not: a launch pays for the rounds that it plays."""

from itertools import pairwise
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.runs.schema import SnapshotsTable

from agentmesh_dagster.code_location import jobs
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.location import build_reconstructable_job
from agentmesh_dagster.entities.models import RunStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.translator.build_job import build_job
from tests.control.office import Office
from tests.costs import count_calls
from tests.shapes import node, save, workflow

BODY = ("a", "b", "c", "d", "e")


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


def loop(max_rounds: int, *, played: int = 2) -> Workflow:
    """start → a → … → e → end, and from e to a again."""
    nodes = [node("start", "start"), *(node(name, "branch", mode="all") for name in BODY[:-1])]
    nodes += [node("e", "branch"), node("end", "end", output="{{ context.outputs.a }}")]
    edges = [f"{one} -> {other}" for one, other in pairwise(("start", *BODY))]
    again = f"e -> a if context.round < {played}, {max_rounds} rounds"
    return workflow(f"loop_{max_rounds}", nodes, [*edges, again, "e -> end"])


def launch(office: Office, flow: Workflow) -> str:
    return prepare_launch(office.services, office.instance, flow, {"n": 1}, launched_by="test").launch_id


def find_job(office: Office, launch_id: str) -> dg.JobDefinition:
    """The job as the launch's worker builds it."""
    run = find_run(office, launch_id)
    load_data = office.instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id or "").repository_load_data
    assert load_data is not None
    return build_reconstructable_job(run.job_name, load_data).get_definition()


def find_run(office: Office, launch_id: str) -> dg.DagsterRun:
    run = office.instance.get_run_by_id(launch_id)
    assert run is not None
    return run


def test_a_worker_builds_the_first_rounds_and_dagster_shows_all(office: Office):
    flow = loop(100)
    save(office.services, flow)
    launch_id = launch(office, flow)

    built = {one.name for one in find_job(office, launch_id).nodes}
    assert built == {"start", "a_round_1", "a_round_2", "end"}
    run = find_run(office, launch_id)
    shown = office.instance.get_job_snapshot(run.job_snapshot_id or "").dep_structure_snapshot
    assert len(shown.node_invocation_snaps) == 102
    assert len(office.instance.get_execution_plan_snapshot(run.execution_plan_snapshot_id or "").steps) == 502


@pytest.mark.parametrize("played", [1, 2, 3, 7])
def test_however_many_rounds_are_played_the_run_is_the_same(office: Office, played: int):
    flow = loop(9, played=played)
    save(office.services, flow)

    run_id = office.start(flow, {"n": 1})

    run = office.run(run_id)
    assert (run.status, run.output, len(run.launches)) == (RunStatus.SUCCEEDED, {"n": 1}, 1)
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUCCESS
    ended = office.instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)
    keys = [log.step_key for log in ended]
    assert [key for key in keys if key != "end"] == [
        "start",
        *(f"a_round_{number}.{name}" for number in range(1, played + 1) for name in BODY),
    ]


def test_launches_that_follow_share_what_dagster_has_of_the_first(office: Office):
    flow = loop(100)
    save(office.services, flow)

    first, second = (find_run(office, launch(office, flow)) for _ in range(2))

    assert second == first._replace(run_id=second.run_id)


def test_a_launch_writes_down_again_what_dagster_has_lost_since(office: Office):
    flow = loop(20)
    save(office.services, flow)
    snapshot_id = find_run(office, launch(office, flow)).execution_plan_snapshot_id
    storage: Any = office.instance.run_storage
    with storage.connect() as connection:
        connection.execute(SnapshotsTable.delete().where(SnapshotsTable.c.snapshot_id == snapshot_id))

    later = prepare_launch(office.services, office.instance, flow, {}, launched_by="test")
    run_in_place(office.services, office.instance, later)

    assert office.run(later.run_id).status is RunStatus.SUCCEEDED
    assert find_run(office, later.run_id).execution_plan_snapshot_id == snapshot_id
    assert office.instance.get_execution_plan_snapshot(snapshot_id or "") is not None


def test_a_launch_costs_the_same_however_often_the_loop_may_be_played(office: Office):
    flows = [loop(3), loop(100)]
    save(office.services, *flows)
    for flow in flows:
        launch(office, flow)  # the first one plans the job

    few, many = (count_calls(lambda flow=flow: launch(office, flow)) for flow in flows)

    assert many < 1.3 * few


def test_a_worker_plans_the_same_however_often_the_loop_may_be_played(office: Office):
    flows = [loop(3), loop(100)]
    save(office.services, *flows)
    launches = [launch(office, flow) for flow in flows]
    jobs = [find_job(office, launch_id) for launch_id in launches]

    few, many = (count_calls(lambda job=job: dg.validate_run_config(job, {})) for job in jobs)

    assert many < 1.3 * few


def test_a_worker_does_the_same_however_often_the_loop_may_be_played(office: Office):
    flows = [loop(3), loop(100)]
    save(office.services, *flows)
    for flow in flows:
        execute(office, flow)  # the first one plans the job

    few, many = (count_calls(lambda flow=flow: execute(office, flow)) for flow in flows)

    assert many < 1.3 * few


def test_a_worker_that_goes_on_builds_some_rounds_more(office: Office, monkeypatch: pytest.MonkeyPatch):
    built: list[int | None] = []

    def build(*args: Any, first_rounds: int | None = None) -> dg.JobDefinition:
        built.append(first_rounds)
        return build_job(*args, first_rounds=first_rounds)

    flow = loop(100, played=18)
    save(office.services, flow)
    prepared = prepare_launch(office.services, office.instance, flow, {"n": 1}, launched_by="test")
    monkeypatch.setattr(jobs, "build_job", build)
    run_in_place(office.services, office.instance, prepared)

    assert office.run(prepared.run_id).status is RunStatus.SUCCEEDED
    assert list(dict.fromkeys(built)) == [2, 16, 128]  # Dagster asks for the first once more, in this process


def execute(office: Office, flow: Workflow) -> None:
    prepared = prepare_launch(office.services, office.instance, flow, {"n": 1}, launched_by="test")
    run_in_place(office.services, office.instance, prepared)


def test_a_config_that_dagster_refuses_is_refused_by_each_launch(office: Office):
    flow = loop(20).model_copy(update={"input_schema": {"type": "object", "properties": {"n": {"type": "integer"}}}})
    save(office.services, flow)
    launch(office, flow)
    later = prepare_launch(office.services, office.instance, flow, {"n": 2}, launched_by="test")
    run_in_place(office.services, office.instance, later)

    assert office.run(later.run_id).input == {"n": 2}
    with pytest.raises(Exception, match="integer"):
        prepare_launch(office.services, office.instance, flow, {"n": "x"}, launched_by="test")
