"""What Dagster says of a run that waits is true: suspended at a gate, and each launch ends once, as the run does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest
from dagster._grpc.server import DagsterApiServer

from agentmesh_dagster.code_location.code_server import leave_suspended_runs_alone
from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.entities.models import RunStatus, Workflow
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.translator.build_job import build_job
from agentmesh_dagster.translator.dagster_runs import build_run_config
from tests.control.office import APPROVED, CALLS, Office, draft_gate_publish, noting
from tests.shapes import function_tool, node, save, workflow

SUSPENDED, SUCCESS = dg.DagsterRunStatus.SUSPENDED, dg.DagsterRunStatus.SUCCESS
FAILURE, CANCELED = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED
ENDS = [dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE, dg.DagsterEventType.RUN_CANCELED]


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    CALLS.clear()
    return Office(services, instance)


def statuses(office: Office, run_id: str) -> list[dg.DagsterRunStatus]:
    return [office.dagster_status(launch_id) for launch_id in office.run(run_id).launches]


def ends(office: Office, run_id: str) -> list[list[str]]:
    """Of each launch of the run, the ends that stand in its log in Dagster."""
    return [
        [log.get_dagster_event().event_type_value for log in office.instance.all_logs(launch_id) if is_end(log)]
        for launch_id in office.run(run_id).launches
    ]


def is_end(log: dg.EventLogEntry) -> bool:
    return log.dagster_event is not None and log.dagster_event.event_type in ENDS


class Listener:
    """A run-status sensor of somebody's own, for runs that succeed, as the daemon evaluates it."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.heard: list[str] = []
        self._instance = instance

        @dg.run_status_sensor(run_status=SUCCESS, monitor_all_code_locations=True)
        def listen(context: dg.RunStatusSensorContext) -> None:
            self.heard.append(context.dagster_run.run_id)

        self._sensor = listen
        self._cursor: str | None = None
        self.tick()

    def tick(self) -> list[str]:
        self.heard.clear()
        defs = dg.Definitions(sensors=[self._sensor])
        with dg.build_sensor_context(self._instance, self._cursor, repository_def=defs.get_repository_def()) as context:
            while (cursor := self._sensor.evaluate_tick(context).cursor) != self._cursor and cursor is not None:
                self._cursor = cursor
                context.update_cursor(cursor)
                return self.heard
        return self.heard


def two_gates_in_turn() -> Workflow:
    nodes = [node("start", "start"), node("a", "human_approval"), node("b", "human_approval"), node("end", "end")]
    return workflow("w", nodes, ["start -> a", "a -> b", "b -> end"])


def test_a_sensor_hears_of_success_once_of_each_launch_when_the_run_has_succeeded(office: Office):
    listener = Listener(office.instance)
    run_id = office.start(two_gates_in_turn())
    assert (statuses(office, run_id), listener.tick()) == ([SUSPENDED], [])

    office.answer(run_id, "a", APPROVED)
    office.continue_run(run_id)
    assert (statuses(office, run_id), listener.tick()) == ([SUSPENDED] * 2, [])

    office.answer(run_id, "b", APPROVED)
    office.continue_run(run_id)
    run_maintenance(office.services, office.instance)
    assert statuses(office, run_id) == [SUCCESS] * 3
    assert ends(office, run_id) == [["PIPELINE_SUCCESS"]] * 3
    assert sorted(listener.tick()) == sorted(office.run(run_id).launches)


@pytest.mark.parametrize("how", ["rejected", "a step failed", "canceled"])
def test_suspended_launches_end_as_their_run_does(office: Office, how: str):
    listener = Listener(office.instance)
    nodes = [node("start", "start"), node("a", "human_approval"), node("b", "human_approval")]
    nodes += [node("bad", "tool", toolId="note", input={}), node("end", "end")]
    run_id = office.start(workflow("w", nodes, ["start -> a", "a -> b", "b -> bad", "bad -> end"]))
    office.answer(run_id, "a", APPROVED)
    office.continue_run(run_id)

    if how == "canceled":
        cancel_run(office.services, office.instance, run_id, by="ann")
    else:
        office.answer(run_id, "b", APPROVED if how == "a step failed" else {"approved": False, "comment": "no"})
        office.continue_run(run_id)
    run_maintenance(office.services, office.instance)

    launches = 3 if how == "a step failed" else 2
    assert statuses(office, run_id) == [CANCELED if how == "canceled" else FAILURE] * launches
    assert [len(found) for found in ends(office, run_id)] == [1] * launches
    assert listener.tick() == []


def test_a_failed_arm_beside_an_open_gate_is_suspended_and_fails_with_its_run(office: Office):
    nodes = [node("start", "start"), node("gate", "human_approval"), node("bad", "tool", toolId="note", input={})]
    nodes += [node("end", "end"), node("end too", "end")]
    edges = ["start -> gate", "start -> bad", "gate -> end", "bad -> end too"]
    run_id = office.start(workflow("w", nodes, edges))
    assert (statuses(office, run_id), ends(office, run_id)) == ([SUSPENDED], [[]])

    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.FAILED
    assert statuses(office, run_id) == [FAILURE] * 2
    assert [len(found) for found in ends(office, run_id)] == [1] * 2


def test_a_launch_whose_run_was_ended_meanwhile_by_a_rejection_fails_in_dagster(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    nodes = [node("start", "start"), node("gate", "human_approval"), noting("arm"), node("end", "end")]
    flow = workflow("w", nodes, ["start -> gate", "gate -> arm", "arm -> end"])
    meanwhile(monkeypatch, lambda run_id: office.answer(run_id, "gate", {"approved": False, "comment": "no"}))

    run_id = office.start(flow)

    assert office.run(run_id).status is RunStatus.FAILED
    assert (statuses(office, run_id), ends(office, run_id)) == ([FAILURE], [["PIPELINE_FAILURE"]])


def test_a_launch_whose_gate_was_answered_meanwhile_is_suspended_until_the_run_has_ended(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    meanwhile(monkeypatch, lambda run_id: office.answer(run_id, "gate", APPROVED))
    run_id = office.start(draft_gate_publish())
    assert (statuses(office, run_id), ends(office, run_id)) == ([SUSPENDED], [[]])

    assert office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert ends(office, run_id) == [["PIPELINE_SUCCESS"]] * 2


def meanwhile(monkeypatch: pytest.MonkeyPatch, action: Callable[[str], object]) -> None:
    """Lets something happen once a launch has done all of its steps, and before its worker says so."""
    from agentmesh_dagster.translator import executor

    finish, done = executor.finish_launch, set[str]()

    def finish_later(services: Services, instance: dg.DagsterInstance, run: dg.DagsterRun, **more: Any) -> bool:
        if not done:
            done.add(run.run_id)
            action(run.run_id)
        return finish(services, instance, run, **more)

    monkeypatch.setattr(executor, "finish_launch", finish_later)


def test_executed_in_process_a_gate_is_no_success_either(office: Office):
    save(office.services, function_tool("note"), draft_gate_publish())
    plan = load_plan(office.services.store, "w", current_revision(office.services.store))
    job = build_job(plan, "w", office.services)

    result = job.execute_in_process(build_run_config(plan, {}), instance=office.instance)

    assert not result.success
    assert (statuses(office, result.run_id), ends(office, result.run_id)) == ([SUSPENDED], [[]])


def test_a_code_server_leaves_a_suspended_run_alone_whose_process_has_exited(office: Office):
    leave_suspended_runs_alone()
    waits = office.start(draft_gate_publish())
    died = office.instance.create_run_for_job(start_and_stop, status=dg.DagsterRunStatus.STARTED).run_id
    with exited_process() as process:
        server = SimpleNamespace(
            _execution_lock=get_context("spawn").Lock(),
            _executions={run_id: (process, office.instance.get_ref()) for run_id in (waits, died)},
            _termination_events=dict.fromkeys((waits, died)),
            _termination_times={},
            _shutdown_once_executions_finish_event=SimpleNamespace(is_set=lambda: False),
        )
        server._clear_run = lambda run_id: DagsterApiServer._clear_run(cast("Any", server), run_id)
        DagsterApiServer._check_for_orphaned_runs(cast("Any", server))

    assert server._executions == {}
    assert office.dagster_status(waits) is SUSPENDED
    assert ends(office, waits) == [[]]
    assert office.dagster_status(died) is FAILURE


@dg.job
def start_and_stop() -> None: ...


@contextmanager
def exited_process() -> Iterator[Any]:
    process = get_context("spawn").Process(target=int)
    process.start()
    process.join()
    yield process
    process.close()
