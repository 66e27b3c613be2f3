"""Workers that die, stop or are canceled: the run's status says so by itself, and nobody writes twice."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from agentmesh_dagster.control.adopt import adopt_launches
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.launches import LaunchFacts, register_launch
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.launches import find_launch
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.store.tables import launches
from agentmesh_dagster.translator.dagster_runs import read_instance_id
from tests.shapes import function_tool, node, save, workflow

PATIENCE_SECONDS = 90


@pytest.fixture(autouse=True)
def saved_workflow(services: Services) -> None:
    nodes = [node("start", "start"), node("call", "tool", toolId="recorder", input={}), node("end", "end")]
    save(services, function_tool("recorder"), workflow("w", nodes, ["start -> call", "call -> end"]))


class Worker:
    """A run worker in a process of its own, in the middle of the tool call."""

    def __init__(self, tmp_path: Path, seconds: float) -> None:
        self.recorder = tmp_path / "recorder"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.control.worker", "w", str(self.recorder), str(seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"AGENTMESH_CONSOLE_LOG_LEVEL": "CRITICAL"},
        )
        assert self.process.stdout
        self.run_id = self.process.stdout.readline().strip()
        wait_until(lambda: self.recorder.exists())

    @property
    def calls(self) -> list[str]:
        return self.recorder.read_text().split()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


@pytest.fixture
def worker(services: Services, instance: dg.DagsterInstance, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(tmp_path, seconds=30)
    yield worker
    worker.end()


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def status_of(services: Services, run_id: str) -> RunStatus:
    with services.store.read() as connection:
        return get_run(connection, run_id).status


def step_status(services: Services, run_id: str, node_id: str) -> StepStatus:
    with services.store.read() as connection:
        return next(step.status for step in list_steps(connection, run_id) if step.node_id == node_id)


def event_types(services: Services, run_id: str) -> list[EventType]:
    with services.store.read() as connection:
        return [event.type for event in list_events(connection, run_id)]


def test_a_killed_worker_fails_its_run_although_dagster_still_calls_it_started(
    services: Services, instance: dg.DagsterInstance, worker: Worker
):
    assert not reconcile_run(services, instance, worker.run_id), "its lease lives"
    worker.end()

    wait_until(lambda: reconcile_run(services, instance, worker.run_id))

    dagster_run = instance.get_run_by_id(worker.run_id)
    assert dagster_run
    assert dagster_run.status is dg.DagsterRunStatus.FAILURE
    assert status_of(services, worker.run_id) is RunStatus.FAILED
    assert step_status(services, worker.run_id, "call") is StepStatus.FAILED
    assert event_types(services, worker.run_id)[-2:] == [EventType.STEP_FAILED, EventType.RUN_FAILED]
    assert len(worker.calls) == 1


def test_a_worker_that_wakes_up_after_its_lease_writes_nothing_more(
    services: Services, instance: dg.DagsterInstance, tmp_path: Path
):
    worker = Worker(tmp_path, seconds=2)
    os.kill(worker.process.pid, signal.SIGSTOP)
    wait_until(lambda: reconcile_run(services, instance, worker.run_id))
    before = event_types(services, worker.run_id)

    os.kill(worker.process.pid, signal.SIGCONT)
    worker.process.wait(timeout=PATIENCE_SECONDS)
    worker.end()

    assert step_status(services, worker.run_id, "call") is StepStatus.FAILED
    assert status_of(services, worker.run_id) is RunStatus.FAILED
    assert event_types(services, worker.run_id) == before
    assert len(worker.calls) == 1


def test_a_cancel_in_dagster_cancels_the_run(services: Services, instance: dg.DagsterInstance, worker: Worker):
    dagster_run = instance.get_run_by_id(worker.run_id)
    assert dagster_run
    worker.end()
    instance.report_run_canceled(dagster_run)

    assert reconcile_run(services, instance, worker.run_id)

    assert status_of(services, worker.run_id) is RunStatus.CANCELED
    assert step_status(services, worker.run_id, "call") is StepStatus.CANCELED
    assert not reconcile_run(services, instance, worker.run_id), "the second look finds nothing to do"


def test_an_interrupt_ends_the_worker_and_cancels_or_fails_the_run(
    services: Services, instance: dg.DagsterInstance, worker: Worker
):
    os.kill(worker.process.pid, signal.SIGINT)
    worker.process.wait(timeout=PATIENCE_SECONDS)

    reconcile_run(services, instance, worker.run_id)

    assert status_of(services, worker.run_id) in (RunStatus.CANCELED, RunStatus.FAILED)
    assert step_status(services, worker.run_id, "call").is_end


def test_a_run_deleted_in_dagster_is_canceled(services: Services, instance: dg.DagsterInstance, worker: Worker):
    worker.end()
    instance.delete_run(worker.run_id)

    reconcile_run(services, instance, worker.run_id)

    assert status_of(services, worker.run_id) is RunStatus.CANCELED


def test_runs_of_other_jobs_are_not_adopted(services: Services, instance: dg.DagsterInstance):
    instance.create_run_for_job(_some_job())

    assert adopt_launches(services, instance) == 0


def _some_job() -> dg.JobDefinition:
    @dg.op
    def nothing() -> None: ...

    @dg.job
    def some_job() -> None:
        nothing()

    return some_job


def test_a_launch_that_stood_in_the_queue_for_an_hour_is_not_given_up_when_it_starts(
    services: Services, instance: dg.DagsterInstance
):
    plan = load_plan(services.store, "w", current_revision(services.store))
    dagster_run = instance.create_run_for_job(_some_job())
    with services.store.begin() as tx:
        facts = LaunchFacts(dagster_run.run_id, read_instance_id(instance), "w", {})
        launch = register_launch(tx, plan, facts)
        an_hour_ago = launch.created_at - timedelta(hours=1)
        tx.execute(launches.update().values(created_at=an_hour_ago, submitted_at=an_hour_ago))
    started = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, dagster_run.job_name)
    instance.report_dagster_event(started, dagster_run.run_id)

    assert not reconcile_run(services, instance, dagster_run.run_id), "its worker is about to take it up"
    assert status_of(services, dagster_run.run_id) is RunStatus.PENDING


def test_a_launch_that_sensor_and_worker_find_at_the_same_moment_is_written_down_once(services: Services):
    plan = load_plan(services.store, "w", current_revision(services.store))
    for round_ in range(20):
        facts = LaunchFacts(f"launch-{round_}", "instance", "w", {})
        both = threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            found = [pool.submit(_find_or_register, services, plan, facts, both) for _ in range(2)]
        assert [future.result() for future in found] == [facts.launch_id] * 2


def _find_or_register(services: Services, plan: Plan, facts: LaunchFacts, both: threading.Barrier) -> str:
    both.wait()
    with services.store.begin() as tx:
        return (find_launch(tx, facts.launch_id) or register_launch(tx, plan, facts)).run_id
