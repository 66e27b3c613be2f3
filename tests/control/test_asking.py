"""Approval by exception: a person is asked only about what a check does not let through."""

from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.retry import retry_run
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import CheckVerdict, RunStatus, StepStatus, Workflow
from agentmesh_dagster.runtime.answers import UnfitAnswer
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.runtime.shown_gates import show_gate
from agentmesh_dagster.store.gates import get_gate
from agentmesh_dagster.store.materializations import AssetLaunch, insert_materialization
from tests.control.office import Office
from tests.shapes import node, save, workflow

SURE = {"name": "sure", "condition": "context.output.score > 0.8", "blocking": True, "ask": True}
KNOWN = {"name": "known", "condition": "context.outputs.pick.name != 'nobody'", "ask": True}


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


def scored(*checks: dict[str, Any]) -> Workflow:
    return workflow(
        "score",
        [
            node("start", "start"),
            node("pick", "branch"),
            node("done", "end", output={"score": "{{ context.input.score }}"}),
        ],
        ["start -> pick", "pick -> done"],
        asset={"key": "ai/score", "checks": list(checks or (SURE,))},
    )


def start(office: Office, flow: Workflow, run_input: JsonValue) -> str:
    save(office.services, flow)
    launch = prepare_launch(office.services, office.instance, flow, run_input, launched_by="test")
    with office.services.store.begin() as tx:
        insert_materialization(tx, launch.run_id, AssetLaunch("ai/score"))
    run_in_place(office.services, office.instance, launch)
    return launch.run_id


def read_checks(office: Office, run_id: str) -> list[dg.AssetCheckEvaluation]:
    """What Dagster was told of the checks by all launches of a run."""
    of_checks = {dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    found = [office.instance.all_logs(launch, of_type=of_checks) for launch in office.run(run_id).launches]
    events = [entry.dagster_event for launch in found for entry in launch]
    return [event.asset_check_evaluation_data for event in events if event]


def verdicts(office: Office, run_id: str) -> list[CheckVerdict]:
    return office.run(run_id).checks


def test_nobody_is_asked_about_what_holds(office: Office):
    run_id = start(office, scored(), {"score": 0.9})

    run = office.run(run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, {"score": 0.9})
    assert [(verdict.passed, verdict.approved_by) for verdict in run.checks] == [(True, None)]
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUCCESS


def test_the_gate_says_which_check_failed_and_shows_what_the_run_would_give(office: Office):
    run_id = start(office, scored(SURE, KNOWN), {"score": 0.5, "name": "ann"})

    assert office.run(run_id).status is RunStatus.RUNNING
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED
    with office.services.store.read() as connection:
        gate = get_gate(connection, office.gate(run_id, "check_done"))
    assert gate.payload == {"score": 0.5}
    assert "**sure**: `context.output.score > 0.8` is false" in gate.instructions
    assert "known" not in gate.instructions
    assert show_gate(office.services.store, gate).label == "Checks of done"


def test_why_a_check_cannot_be_decided_stands_at_the_gate(office: Office):
    run_id = start(office, scored(), {"score": "high"})

    with office.services.store.read() as connection:
        gate = get_gate(connection, office.gate(run_id, "check_done"))
    assert "cannot" in gate.instructions


@pytest.mark.parametrize(
    ("answer", "output", "passed", "changed"),
    [
        ({"approved": True}, {"score": 0.5}, False, False),
        ({"approved": True, "payload": {"score": 0.5}}, {"score": 0.5}, False, False),
        ({"approved": True, "payload": {"score": 0.7}}, {"score": 0.7}, False, True),
        ({"approved": True, "payload": {"score": 1}}, {"score": 1}, True, True),
        ({"approved": True, "payload": None}, None, False, True),
    ],
)
def test_whoever_approves_lets_the_run_end_with_what_they_give(
    office: Office, answer: JsonValue, output: JsonValue, passed: bool, changed: bool
):
    run_id = start(office, scored(), {"score": 0.5})
    asked = office.gate(run_id, "check_done")
    office.answer(run_id, "check_done", answer)

    assert office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, output), "it is blocking, but a person has approved it"
    [verdict] = run.checks
    assert (verdict.passed, verdict.approved_by, verdict.changed) == (passed, "ann", changed)
    with office.services.store.read() as connection:
        assert get_gate(connection, asked).answer == answer, "what was said is kept as it was said"
    assert [office.dagster_status(launch) for launch in run.launches] == [dg.DagsterRunStatus.SUCCESS] * 2
    told = read_checks(office, run_id)
    assert [(one.passed, one.severity) for one in told] == [(passed, dg.AssetCheckSeverity.WARN)]
    assert "Approved by ann" in str(told[0].description)


def test_a_check_that_held_at_the_gate_was_approved_by_nobody(office: Office):
    run_id = start(office, scored(SURE, KNOWN), {"score": 0.5, "name": "ann"})
    office.answer(run_id, "check_done", {"approved": True})
    office.continue_run(run_id)

    assert [(one.name, one.passed, one.approved_by) for one in verdicts(office, run_id)] == [
        ("sure", False, "ann"),
        ("known", True, None),
    ]


def test_an_approval_lets_through_no_other_blocking_check(office: Office):
    small = {"name": "small", "condition": "context.output.score < 0.6", "blocking": True}
    run_id = start(office, scored(SURE, small), {"score": 0.5})
    office.answer(run_id, "check_done", {"approved": True, "payload": {"score": 0.7}})
    office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.error) == (RunStatus.FAILED, "Blocking checks of the asset failed: `small`.")


def test_a_rejection_fails_the_run_with_the_comment_and_a_retry_asks_again(office: Office):
    run_id = start(office, scored(), {"score": 0.5})
    office.answer(run_id, "check_done", {"approved": False, "comment": "not like this"})
    assert not office.continue_run(run_id)

    run = office.run(run_id)
    assert run.status is RunStatus.FAILED
    assert "not like this" in str(run.error)
    assert run.checks == []
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.FAILURE

    run_in_place(office.services, office.instance, retry_run(office.services, office.instance, run_id, by="ann"))
    assert office.statuses(run_id)["check_done"] is StepStatus.WAITING_HUMAN
    office.answer(run_id, "check_done", {"approved": True})
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.SUCCEEDED


def test_an_answer_without_a_decision_leaves_the_gate_open(office: Office):
    run_id = start(office, scored(), {"score": 0.5})

    with pytest.raises(UnfitAnswer, match="approved"):
        office.answer(run_id, "check_done", {"payload": {"score": 1}})

    assert office.run(run_id).waiting_on


def test_a_run_that_waits_asks_by_the_checks_of_its_own_revision(office: Office):
    run_id = start(office, scored(), {"score": 0.5})
    save(office.services, scored({**SURE, "condition": "context.output.score > 2"}))
    office.answer(run_id, "check_done", {"approved": True, "payload": {"score": 1}})
    office.continue_run(run_id)

    assert [verdict.passed for verdict in verdicts(office, run_id)] == [True]


def test_in_a_plain_run_and_in_a_sub_workflow_an_asset_has_no_partition(office: Office):
    output = {"partition": "{{ context.partition }}", "rows": '{{ context.upstream["raw/x"] }}'}
    asset = {"key": "ai/inner", "deps": ["raw/x"], "partitions": {"static": ["a"]}}
    inner = workflow(
        "inner", [node("start", "start"), node("end", "end", output=output)], ["start -> end"], asset=asset
    )
    nodes = [node("start", "start"), node("call", "workflow", workflowId="inner"), node("end", "end")]
    save(office.services, inner)

    plain = office.run(office.start(inner, {}))
    outer = office.run(office.start(workflow("outer", nodes, ["start -> call", "call -> end"]), {}))

    nothing = {"partition": None, "rows": None}
    assert (plain.output, outer.output) == (nothing, nothing), (plain.error, outer.error)
