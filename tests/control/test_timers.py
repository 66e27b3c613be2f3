"""Waits for a time: nothing is held, the run goes on when the time has come, once."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control import in_place
from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.in_place import execute_launch
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.retry import retry_run
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus, Workflow
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.store.tables import waits
from agentmesh_dagster.store.waits import WaitKind, list_due_waits
from tests.control.dagster_actions import execute_launch as execute_submitted
from tests.control.office import CALLS, Office, noting
from tests.shapes import function_tool, node, save, workflow


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    CALLS.clear()
    return Office(services, instance)


def draft_wait_publish(**wait: Any) -> Workflow:
    nodes = [node("start", "start"), noting("draft"), node("pause", "wait", **wait), noting("publish")]
    nodes.append(node("end", "end", output="{{ context.outputs.pause }}"))
    return workflow("w", nodes, ["start -> draft", "draft -> pause", "pause -> publish", "publish -> end"])


def let_time_pass(office: Office) -> None:
    """All that is waited for is over."""
    with office.services.store.begin() as tx:
        tx.execute(waits.update().values(due_at=now(tx) - timedelta(seconds=1)))


def test_a_run_that_waits_is_suspended_and_goes_on_at_the_tick_after_its_time(office: Office):
    run_id = office.start(draft_wait_publish(seconds=3600))

    [waiting] = [step for step in _list_steps(office, run_id) if step.status is StepStatus.WAITING]
    assert (office.run(run_id).status, office.run(run_id).waiting_on) == (RunStatus.RUNNING, [waiting.id])
    assert waiting.waiting_for
    assert waiting.waiting_for.kind == WaitKind.TIMER
    assert waiting.waiting_for.until is not None
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED
    assert run_maintenance(office.services, office.instance).expired == []

    let_time_pass(office)
    done = run_maintenance(office.services, office.instance)
    assert (done.expired, done.resumed) == ([waiting.id], [run_id])
    execute_submitted(office.services, office.instance, office.run(run_id).launches[-1])

    assert (office.run(run_id).status, office.run(run_id).output) == (RunStatus.SUCCEEDED, {"text": "draft"})
    assert CALLS == ["draft", "publish"]
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUCCESS
    assert office.event_types(run_id).count(EventType.STEP_WAITING) == 1
    assert len(office.run(run_id).launches) == 2


def _list_steps(office: Office, run_id: str):
    with office.services.store.read() as connection:
        return list_steps(connection, run_id)


def test_dagster_says_what_is_waited_for(office: Office):
    run_id = office.start(draft_wait_publish(until="2029-01-01T00:00:00+01:00"))

    lines = [entry.message for entry in office.instance.all_logs(run_id)]
    assert any(line.startswith("Waits until 2028-12-31 23:00:00 UTC. This launch ends its work") for line in lines)


def test_of_many_that_see_the_time_come_one_ends_the_wait(office: Office):
    run_id = office.start(draft_wait_publish(seconds=3600))
    let_time_pass(office)
    with office.services.store.read() as connection:
        [due] = list_due_waits(connection)

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda _: end_due_wait(office.services, due), range(8)))

    assert sorted(ended) == [False] * 7 + [True]
    assert office.continue_run(run_id)
    assert office.event_types(run_id).count(EventType.RUN_COMPLETED) == 1
    assert CALLS == ["draft", "publish"]


def test_canceling_ends_the_wait(office: Office):
    run_id = office.start(draft_wait_publish(seconds=3600))
    with office.services.store.read() as connection:
        assert not list_due_waits(connection)

    cancel_run(office.services, office.instance, run_id, by="ann")
    let_time_pass(office)

    assert run_maintenance(office.services, office.instance).expired == []
    assert office.statuses(run_id)["pause"] is StepStatus.CANCELED
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.CANCELED


def test_a_failed_run_that_is_retried_keeps_what_its_wait_gave(office: Office):
    run_id = office.start(draft_wait_publish(seconds="{{ context.input.seconds }}"), {"seconds": "soon"})
    assert office.run(run_id).status is RunStatus.FAILED

    retry_run(office.services, office.instance, run_id, by="bob")

    assert office.statuses(run_id)["pause"] is StepStatus.PENDING


def test_without_a_server_the_run_waits_in_place_and_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agentmesh_dagster.runtime.nodes.wait._SHORT_SECONDS", 0)
    flow = draft_wait_publish(seconds=0.5)
    save(office.services, function_tool("note"), flow)
    launch = prepare_launch(office.services, office.instance, flow, {}, launched_by="test")

    assert execute_launch(office.services, office.instance, launch)

    assert office.run(launch.run_id).status is RunStatus.SUCCEEDED
    assert len(office.run(launch.run_id).launches) == 2


def test_ctrl_c_while_it_waits_in_place_cancels_the_run(office: Office, monkeypatch: pytest.MonkeyPatch):
    flow = draft_wait_publish(seconds=3600)
    save(office.services, function_tool("note"), flow)
    launch = prepare_launch(office.services, office.instance, flow, {}, launched_by="test")

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(in_place, "time", type("Clock", (), {"sleep": staticmethod(interrupt)}))
    assert not execute_launch(office.services, office.instance, launch, by="ann")

    assert office.run(launch.run_id).status is RunStatus.CANCELED
    assert office.run(launch.run_id).error == "Canceled by ann."


def test_a_short_wait_sleeps_where_it_is(office: Office):
    started = time.monotonic()
    run_id = office.start(draft_wait_publish(seconds=0.3))

    assert time.monotonic() - started > 0.3
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert len(office.run(run_id).launches) == 1


def test_a_loop_waits_anew_in_each_round(office: Office):
    nodes = [node("start", "start"), noting("poll"), node("pause", "wait", seconds=3600), node("again", "branch")]
    nodes.append(node("end", "end", output="{{ context.outputs.poll.text }} {{ context.run.id }}"))
    flow = workflow("w", nodes, ["start -> poll", "poll -> pause", "pause -> again", "again -> end"])
    back = {"id": "back", "fromNodeId": "again", "toNodeId": "poll", "condition": "context.round < 3", "maxRounds": 3}
    written = flow.to_wire()
    written["graph"]["edges"].insert(3, back)
    run_id = office.start(Workflow.model_validate(written))

    for number in (1, 2, 3):
        waiting = [step for step in _list_steps(office, run_id) if step.status is StepStatus.WAITING]
        assert [(step.node_id, step.path) for step in waiting] == [("pause", f"#{number}")]
        let_time_pass(office)
        with office.services.store.read() as connection:
            [due] = list_due_waits(connection)
        assert end_due_wait(office.services, due)
        assert office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert CALLS == ["poll"] * 3
    assert len(office.run(run_id).launches) == 4
