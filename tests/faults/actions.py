"""What a process of a test does, for as long as it lives; the tools of these tests, which say when they were called."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from agentmesh_dagster.code_location.dagster_internals import DefinitionsLoadContext, DefinitionsLoadType
from agentmesh_dagster.control.fork import prepare_fork
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import GIVEN_NONE, NewVersion, prepare_launch
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.pruning import prune as prune_runs
from agentmesh_dagster.control.queued_runs import begin_queued_runs
from agentmesh_dagster.control.resume import resume_run, submit_resume
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Kind, Workflow
from agentmesh_dagster.runtime.answers import Answer, GateClosed, answer_gate
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.store.catalogue import get_entity
from agentmesh_dagster.store.triggers import receive_event
from agentmesh_dagster.tools import tool
from agentmesh_dagster.wire import NewFork
from tests.control.dagster_actions import OURS, execute_assets, execute_launch
from tests.control.instances import open_test_instance

RECORDER = "AGENTMESH_TEST_RECORDER"  # the file to which each call is appended


@tool
def recorded(idempotency_key: str, seconds: float = 0) -> dict[str, str]:
    """Appends its key to the recorder, in one write, and takes its time."""
    with Path(os.environ[RECORDER]).open("a") as file:
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


def make(workflow_id: str, partition: str) -> None:
    """Launches a run that makes a version of a workflow's asset, and executes it in place."""
    services = open_services()
    workflow = get_entity(services.store, Kind.WORKFLOW, workflow_id)
    assert isinstance(workflow, Workflow)
    with open_test_instance(services.settings.home) as instance:
        makes = NewVersion(partition)
        launch = prepare_launch(services, instance, workflow, GIVEN_NONE, launched_by="test", makes=makes)
        run_in_place(services, instance, launch)


def make_within(keys: Sequence[str], partition: str) -> None:
    """Executes a Dagster run of which each step makes the asset of one workflow, in this process."""
    services = open_services()
    loading = DefinitionsLoadContext(DefinitionsLoadType.INITIALIZATION)
    with open_test_instance(services.settings.home) as instance, DefinitionsLoadContext.scoped(loading):
        execute_assets(services, instance, keys, {"dagster/partition": partition, "dagster/backfill": "filled"}, OURS)


def begin_queued() -> None:
    """Gives places to runs that wait for one, as the sensor and the web server do."""
    services = open_services()
    with open_test_instance(services.settings.home) as instance:
        begin_queued_runs(services, instance)


def execute(launch_id: str) -> None:
    """Executes a launch that stands in Dagster's queue."""
    services = open_services()
    with open_test_instance(services.settings.home) as instance:
        execute_launch(services, instance, launch_id)


def fork(run_id: str, node_id: str) -> None:
    """Forks a run from a node, and executes the new one in place."""
    services = open_services()
    with open_test_instance(services.settings.home) as instance:
        launch = prepare_fork(services, instance, run_id, NewFork(from_node_id=node_id), by="test")
        run_in_place(services, instance, launch)


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
        _wait_for(start)
    for step_id in step_ids:
        try:
            answer_gate(services, step_id, Answer({"approved": True, "comment": by}, by, via="test"))
        except GateClosed:
            continue
        _say(step_id)


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
        _wait_for(start)
        for run_id in run_maintenance(services, instance).resumed:
            _say(run_id)


def post(name: str, event_ids: Sequence[str], start: str) -> None:
    """Posts events once the file `start` is there; says which of them were new."""
    services = open_services()
    with services.store.read():
        _wait_for(start)
    for event_id in event_ids:
        with services.store.begin() as tx:
            is_new = receive_event(tx, name, event_id, {"id": event_id}, by="test")
        if is_new:
            _say(event_id)


def sense(sensor: str, crash_at: str | None = None) -> None:
    """One round of the daemon over the sensors, which may die in this one's at a crash point of Dagster's own."""
    from tests.triggers.daemon import Daemon

    services = open_services()
    with open_test_instance(services.settings.home) as instance:
        tick = Daemon(instance).sense(sensor, {crash_at: signal.SIGKILL} if crash_at else None)
        _say(tick.status.value)


def schedule(name: str, moment: str) -> None:
    """One round of the daemon over the schedules, at a moment; the newest tick of this one."""
    from tests.triggers.daemon import Daemon

    services = open_services()
    with open_test_instance(services.settings.home) as instance:
        _say(Daemon(instance).schedule(name, datetime.fromisoformat(moment)).status.value)


def _wait_for(start: str) -> None:
    _say("ready")
    while not Path(start).exists():
        time.sleep(0.001)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def prune(hours: int) -> None:
    """Deletes the runs that ended so long ago."""
    services = open_services()
    with open_test_instance(services.settings.home) as instance:
        prune_runs(services, instance, timedelta(hours=hours), by="test", via="test")
