"""What a process of a test does, for as long as it lives; the tools of these tests, which say when they were called."""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from agentmesh_dagster.control.launch import PreparedLaunch, prepare_launch, run_in_place
from agentmesh_dagster.control.pinning import read_revision
from agentmesh_dagster.control.resume import resume_run, submit_resume
from agentmesh_dagster.control.upkeep import keep_up
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.runtime.answers import Answer, GateClosed, answer_gate
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.store.catalogue import get_entity
from agentmesh_dagster.store.runs import find_launch
from agentmesh_dagster.tools import tool
from tests.control.instances import open_test_instance

WITNESS = "AGENTMESH_TEST_WITNESS"  # the file to which each call is appended


@tool
def witnessed(idempotency_key: str, seconds: float = 0) -> dict[str, str]:
    """Appends its key to the witness, in one write, and takes its time."""
    with Path(os.environ[WITNESS]).open("a") as file:
        file.write(f"{idempotency_key}\n")
    time.sleep(seconds)
    return {"key": idempotency_key}


def run(workflow_id: str) -> None:
    """Launches a workflow and executes it in place."""
    services = open_services()
    workflow = get_entity(services.store, Kind.WORKFLOW, workflow_id)
    assert isinstance(workflow, Workflow)
    with open_test_instance(services.settings.home) as instance:
        run_in_place(services, instance, prepare_launch(services, instance, workflow, {}, launched_by="test"))


def execute(launch_id: str) -> None:
    """Executes a launch that stands in Dagster's queue."""
    services = open_services()
    with open_test_instance(services.settings.home) as instance:
        execute_queued(services, instance, launch_id)


def execute_queued(services: Services, instance: dg.DagsterInstance, launch_id: str) -> None:
    """What Dagster's daemon and launcher do with a queued run, done here."""
    dagster_run = instance.get_run_by_id(launch_id)
    assert dagster_run
    revision = read_revision(instance, dagster_run)
    assert revision is not None
    with services.store.read() as connection:
        launch = find_launch(connection, launch_id)
    run_id = launch.run_id if launch else launch_id
    run_in_place(services, instance, PreparedLaunch(launch_id, run_id, dagster_run.job_name, revision))


def answer(step_id: str, output: JsonValue, by: str) -> None:
    """Answers a gate, and resumes its run through the queue, as the API does."""
    services = open_services()
    with open_test_instance(services.settings.home) as instance:
        gate = answer_gate(services, step_id, Answer(output, by, via="test"))
        submit_resume(services, instance, gate.run_id)


def answer_all(step_ids: Sequence[str], by: str, start: str) -> None:
    """Answers each gate in the order given, once the file `start` is there; some other process does the same."""
    services = open_services()
    with services.store.read():
        pass
    while not Path(start).exists():
        time.sleep(0.001)
    for step_id in step_ids:
        try:
            answer_gate(services, step_id, Answer({"approved": True, "comment": by}, by, via="test"))
        except GateClosed:
            continue
        print(step_id, flush=True)


def resume(run_id: str) -> None:
    """Resumes a run in place."""
    services = open_services()
    with open_test_instance(services.settings.home) as instance:
        launch = resume_run(services, instance, run_id)
        if launch is not None:
            run_in_place(services, instance, launch)


def tick(start: str) -> None:
    """One tick of the sensor, once the file `start` is there; says which runs it resumed."""
    services = open_services()
    with open_test_instance(services.settings.home) as instance:
        instance.get_runs_count()
        while not Path(start).exists():
            time.sleep(0.001)
        for run_id in keep_up(services, instance).resumed:
            print(run_id, flush=True)
