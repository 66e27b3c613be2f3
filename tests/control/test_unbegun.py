"""Launches of which nothing ran: a fault of the machinery is no fault of the run, and another launch does its work."""

from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import should_retry
from dagster_shared.error import SerializableErrorInfo

from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import submit_resume
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.unbegun import MOST_TRIES
from agentmesh_dagster.store.tables import launches
from tests.control.dagster_actions import execute_launch
from tests.control.office import APPROVED, CALLS, Office, draft_gate_publish
from tests.shapes import function_tool, node, save, workflow


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    CALLS.clear()
    return Office(services, instance)


def queue(office: Office) -> str:
    """A run whose first launch stands in Dagster's queue."""
    save(office.services, function_tool("note"), flow := draft_gate_publish())
    launch = prepare_launch(office.services, office.instance, flow, {}, launched_by="test")
    office.instance.submit_run(launch.launch_id, workspace=None)  # pyright: ignore[reportArgumentType]
    return launch.run_id


def fail_in_dagster(office: Office, launch_id: str, error: str | None = None) -> None:
    """What Dagster does when it could not start a run; `error` is the class of the exception, if it tells."""
    run = office.instance.get_run_by_id(launch_id)
    assert run
    data = None
    if error is not None:
        told = SerializableErrorInfo(f"{error}: the words\n", [], error)
        data = JobFailureData(told, RunFailureReason.JOB_INITIALIZATION_FAILURE)
    office.instance.report_run_failed(run, None, data)


def tick_later(office: Office) -> None:
    """A tick of the sensor, and another one after the longest pause between two tries."""
    run_maintenance(office.services, office.instance)
    with office.services.store.begin() as tx:
        for row in tx.execute(launches.select().where(launches.c.ended_at.is_not(None))).mappings():
            by_id = launches.update().where(launches.c.launch_id == row["launch_id"])
            tx.execute(by_id.values(ended_at=row["ended_at"] - timedelta(minutes=5)))
    run_maintenance(office.services, office.instance)


@pytest.mark.parametrize("error", [None, "OperationalError", "DagsterUserCodeUnreachableError"])
def test_a_first_launch_that_dagster_failed_before_any_step_is_launched_again(office: Office, error: str | None):
    run_id = queue(office)
    fail_in_dagster(office, run_id, error)
    run_maintenance(office.services, office.instance)
    assert (office.run(run_id).status, len(office.run(run_id).launches)) == (RunStatus.PENDING, 1), "not at once"

    tick_later(office)
    first, again = office.run(run_id).launches
    execute_launch(office.services, office.instance, again)

    assert first == run_id
    assert office.run(run_id).waiting_on == [office.gate(run_id, "gate")]
    assert office.dagster_status(again) is dg.DagsterRunStatus.SUSPENDED
    assert CALLS == ["draft"]


def test_a_resume_that_dagster_failed_before_any_step_is_launched_again_with_its_answer(office: Office):
    run_id = office.start(draft_gate_publish())
    office.answer(run_id, "gate", APPROVED)
    resume = submit_resume(office.services, office.instance, run_id)
    assert resume
    fail_in_dagster(office, resume)

    tick_later(office)
    again = office.run(run_id).launches[-1]
    assert again != resume
    execute_launch(office.services, office.instance, again)

    run = office.run(run_id)
    assert (run.status, run.output, len(run.launches)) == (RunStatus.SUCCEEDED, APPROVED, 3)
    assert CALLS == ["draft", "publish"]
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUCCESS


def test_a_run_that_cannot_be_started_fails_after_some_tries_and_says_why(office: Office):
    run_id = queue(office)
    for _ in range(MOST_TRIES):
        assert office.run(run_id).status is RunStatus.PENDING
        fail_in_dagster(office, office.run(run_id).launches[-1], "OperationalError")
        tick_later(office)

    run = office.run(run_id)
    assert (run.status, len(run.launches)) == (RunStatus.FAILED, MOST_TRIES)
    assert run.error == f"It could not be started, in {MOST_TRIES} tries. OperationalError: the words"
    tick_later(office)
    assert len(office.run(run_id).launches) == MOST_TRIES


@pytest.mark.parametrize("error", ["DagsterInvalidConfigError", "UnfitInput"])
def test_what_would_fail_at_the_next_try_too_fails_the_run_at_once(office: Office, error: str):
    run_id = queue(office)
    fail_in_dagster(office, run_id, error)

    tick_later(office)

    run = office.run(run_id)
    assert (run.status, run.error, len(run.launches)) == (RunStatus.FAILED, f"{error}: the words", 1)


def test_a_launch_that_never_began_and_whose_run_is_canceled_is_not_launched_again(office: Office):
    run_id = queue(office)
    fail_in_dagster(office, run_id)
    reconcile_run(office.services, office.instance, run_id)
    cancel_run(office.services, office.instance, run_id, by="ann")

    tick_later(office)

    assert (office.run(run_id).status, len(office.run(run_id).launches)) == (RunStatus.CANCELED, 1)


def test_a_launch_that_dagster_will_retry_is_left_to_dagster(office: Office):
    run_id = queue(office)
    office.instance.add_run_tags(run_id, {"dagster/will_retry": "true"})
    fail_in_dagster(office, run_id)

    tick_later(office)

    assert (office.run(run_id).status, len(office.run(run_id).launches)) == (RunStatus.FAILED, 1)


def test_tags_of_the_user_go_along_with_every_launch_and_what_is_of_one_launch_does_not(office: Office):
    run_id = office.start(draft_gate_publish())
    given = {"team": "billing", "dagster/priority": "7", "dagster/backfill": "b"}
    of_one = {".dagster/warm_worker": "{}", "dagster/run_key": "k", "dagster/will_retry": "false"}
    office.instance.add_run_tags(run_id, given | of_one)
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)

    resume = office.instance.get_run_by_id(office.run(run_id).launches[1])
    assert resume
    assert given.items() <= resume.tags.items()
    assert not of_one.keys() & resume.tags.keys()
    assert resume.tags["dagster/parent_run_id"] == run_id


def test_of_a_run_that_failed_behind_a_gate_dagster_retries_one_launch_and_as_often_as_was_asked(office: Office):
    nodes = [node("start", "start"), node("gate", "human_approval"), node("bad", "tool", toolId="note", input={})]
    flow = workflow("w", [*nodes, node("end", "end")], ["start -> gate", "gate -> bad", "bad -> end"])
    run_id = office.start(flow)
    office.instance.add_run_tags(run_id, {"dagster/max_retries": "1"})
    assert not dagster_retries(office, run_id), "it waits"
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)
    run_maintenance(office.services, office.instance)

    first, resume = office.run(run_id).launches
    assert office.dagster_status(first) is office.dagster_status(resume) is dg.DagsterRunStatus.FAILURE
    assert [dagster_retries(office, launch_id) for launch_id in (first, resume)] == [False, True]


def dagster_retries(office: Office, launch_id: str) -> bool:
    run = office.instance.get_run_by_id(launch_id)
    assert run
    return should_retry(run, office.instance)
