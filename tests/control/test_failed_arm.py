"""A failed arm beside an open gate: one truth in the store, in Dagster and in lists."""

from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.retry import retry_run
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.runs import RunFilter, page_runs
from tests.control.office import APPROVED, CALLS, Office, noting
from tests.shapes import node, workflow


@pytest.fixture(autouse=True)
def no_calls_yet() -> None:
    CALLS.clear()


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


def gate_beside_a_failing_arm(**gate: Any) -> Workflow:
    nodes = [node("start", "start"), node("gate", "human_approval", **gate), noting("behind")]
    nodes += [node("bad", "tool", toolId="note", input={}), node("end", "end"), node("other", "end")]
    return workflow("w", nodes, ["start -> gate", "gate -> behind", "behind -> end", "start -> bad", "bad -> other"])


def list_ids(office: Office, **wanted: Any) -> list[str]:
    with office.services.store.read() as connection:
        return [run.id for run in page_runs(connection, RunFilter(**wanted), limit=10).items]


def test_while_the_gate_is_open_the_run_is_running_has_failed_and_dagster_tells_no_failure(office: Office):
    run_id = office.start(gate_beside_a_failing_arm())

    run = office.run(run_id)
    assert (run.status, run.has_failed, run.waiting_on) == (RunStatus.RUNNING, True, [office.gate(run_id, "gate")])
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED
    assert list_ids(office, has_failed=True) == [run_id]
    assert list_ids(office, has_failed=True, waiting=True) == [run_id]
    assert list_ids(office, has_failed=False) == []

    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.FAILED
    assert CALLS == ["behind"]
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.FAILURE


def test_a_gate_that_says_so_is_closed_at_once(office: Office):
    run_id = office.start(gate_beside_a_failing_arm(onArmFailure="cancel"))

    run = office.run(run_id)
    assert (run.status, run.waiting_on) == (RunStatus.FAILED, [])
    assert office.statuses(run_id)["gate"] is StepStatus.CANCELED
    types = office.event_types(run_id)
    assert EventType.GATE_CANCELED in types
    assert types[-1] is EventType.RUN_FAILED
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.FAILURE


def test_a_retry_asks_anew_at_a_gate_that_was_closed_so(office: Office):
    run_id = office.start(gate_beside_a_failing_arm(onArmFailure="cancel"))

    run_in_place(office.services, office.instance, retry_run(office.services, office.instance, run_id, by="bob"))

    assert office.run(run_id).status is RunStatus.FAILED, "the arm fails again"
    assert office.statuses(run_id)["gate"] is StepStatus.CANCELED


def test_after_a_gate_was_refused_another_that_is_open_says_that_the_run_can_only_fail(office: Office):
    nodes = [
        node("start", "start"),
        node("gate", "human_approval"),
        node("second", "human_approval"),
        node("end", "end"),
    ]
    flow = workflow(
        "w", [*nodes, node("other", "end")], ["start -> gate", "gate -> end", "start -> second", "second -> other"]
    )
    run_id = office.start(flow)
    office.answer(run_id, "gate", {"approved": False})
    reconcile_run(office.services, office.instance, run_id)

    run = office.run(run_id)
    assert (run.status, run.has_failed) == (RunStatus.RUNNING, True)
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED
    office.answer(run_id, "second", APPROVED)
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.FAILED
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.FAILURE
    assert [office.dagster_status(launch) for launch in office.run(run_id).launches[1:]] == [
        dg.DagsterRunStatus.FAILURE
    ] * (len(office.run(run_id).launches) - 1)
