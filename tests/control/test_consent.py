"""An answer holds for the run, the revision and the content that were shown: every way round a gate, tried."""

from typing import Any

import dagster as dg
import pytest
from sqlalchemy import select

from agentmesh_dagster.control.adopt import adopt_launches
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus, Workflow
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.store.gates import get_gate
from agentmesh_dagster.store.runs import get_run_head
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.store.tables import runs
from agentmesh_dagster.translator.build_job import build_run_config
from agentmesh_dagster.translator.presentation import WORKFLOW_TAG
from tests.control.dagster_actions import execute_launch, launch_subset, reexecute_steps
from tests.control.office import APPROVED, CALLS, Office, draft_gate_publish, noting
from tests.shapes import function_tool, node, save, workflow

ASKS = {"instructions": "Pay {{ context.input.amount }}?", "payload": "{{ context.outputs.draft }}"}
SMALL, BIG = {"amount": 1}, {"amount": 1_000_000}


@pytest.fixture(autouse=True)
def no_calls_yet() -> None:
    CALLS.clear()


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


@pytest.fixture
def done(office: Office) -> str:
    """A run that was asked about a small amount, was approved, and has succeeded."""
    run_id = office.start(draft_gate_publish(**ASKS), SMALL)
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    CALLS.clear()
    return run_id


def config_of(office: Office, run_input: Any, workflow_id: str = "w") -> Any:
    plan = load_plan(office.services.store, workflow_id, current_revision(office.services.store))
    return build_run_config(plan, run_input)


def execute(office: Office, launch_id: str) -> None:
    execute_launch(office.services, office.instance, launch_id)


def taken_over(office: Office, run_id: str) -> dict[str, str | None]:
    with office.services.store.read() as connection:
        return {step.node_id: step.taken_over_from for step in list_steps(connection, run_id)}


def test_the_same_input_revision_and_content_take_the_answer_over_and_say_so(office: Office, done: str):
    again = reexecute_steps(office.instance, done, ["publish", "end"])
    execute(office, again)

    assert (office.run(again).status, office.run(again).output) == (RunStatus.SUCCEEDED, APPROVED)
    assert CALLS == ["publish"]
    assert taken_over(office, again) == {"start": done, "draft": done, "gate": done, "publish": None, "end": None}
    gate_id = next(step for step in office.run(again).launches)
    with office.services.store.read() as connection:
        step = next(step for step in list_steps(connection, again) if step.node_id == "gate")
        gate = get_gate(connection, step.id)
    assert gate_id == again
    assert (gate.taken_over_from, gate.answered_by, gate.state) == (done, "ann", "answered")
    types = office.event_types(again)
    assert types[:2] == [EventType.RUN_STARTED, EventType.GATE_TAKEN_OVER]
    assert EventType.GATE_ANSWERED not in types, "nobody answered here"

    third = reexecute_steps(office.instance, again, ["publish", "end"])
    execute(office, third)
    assert office.run(third).status is RunStatus.SUCCEEDED
    assert taken_over(office, third)["gate"] == done, "it names who was asked"


def test_a_gate_between_the_selected_steps_is_asked_when_it_is_its_turn(office: Office, done: str):
    again = reexecute_steps(office.instance, done, ["draft", "publish", "end"])
    execute(office, again)

    run = office.run(again)
    assert (run.status, len(run.waiting_on), CALLS) == (RunStatus.RUNNING, 1, ["draft"])
    assert office.dagster_status(again) is dg.DagsterRunStatus.SUSPENDED

    office.answer(again, "gate", APPROVED)
    office.continue_run(again)
    assert (office.run(again).status, CALLS) == (RunStatus.SUCCEEDED, ["draft", "publish"])


def test_selected_steps_behind_one_that_was_not_selected_and_has_to_run_again_fail_the_run(office: Office):
    nodes = [noting(name) for name in ("first", "second", "third")]
    flow = workflow(
        "w",
        [node("start", "start"), *nodes, node("end", "end")],
        ["start -> first", "first -> second", "second -> third", "third -> end"],
    )
    run_id = office.start(flow)
    CALLS.clear()

    again = reexecute_steps(office.instance, run_id, ["first", "third", "end"])
    execute(office, again)

    run = office.run(again)
    assert (run.status, CALLS) == (RunStatus.FAILED, ["first"])
    assert (run.error or "").startswith("`third` and `end` could not run: what stands before has to be done again")
    assert office.dagster_status(again) is dg.DagsterRunStatus.FAILURE


def test_another_input_takes_nothing_over_and_executes_nothing_behind_the_gate(office: Office, done: str):
    again = reexecute_steps(office.instance, done, ["publish", "end"], run_config=config_of(office, BIG))
    execute(office, again)

    run = office.run(again)
    assert run.status is RunStatus.FAILED
    assert "another input" in (run.error or "")
    assert run.input == BIG
    assert CALLS == []
    assert office.statuses(again) == {}
    assert office.dagster_status(again) is dg.DagsterRunStatus.FAILURE


def test_another_input_does_not_continue_a_failed_run(office: Office):
    nodes = [node("start", "start"), node("gate", "human_approval", instructions="{{ context.input.amount }}")]
    nodes += [node("bad", "tool", toolId="note", input={}), node("end", "end")]
    run_id = office.start(workflow("w", nodes, ["start -> gate", "gate -> bad", "bad -> end"]), SMALL)
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)
    before = office.run(run_id)
    assert before.status is RunStatus.FAILED

    again = reexecute_steps(
        office.instance,
        before.launches[-1],
        ["bad", "end"],
        run_config=config_of(office, BIG),
        **{"dagster/is_resume_retry": "true"},
    )
    execute(office, again)

    assert office.run(run_id) == before
    assert office.run(again).status is RunStatus.FAILED
    assert office.statuses(again) == {}


def edited(**gate: Any) -> Workflow:
    flow = draft_gate_publish(**gate)
    nodes = [
        one.model_copy(update={"config": {"output": "edited"}}) if one.id == "end" else one for one in flow.graph.nodes
    ]
    return flow.model_copy(update={"graph": flow.graph.model_copy(update={"nodes": nodes})})


def test_another_revision_asks_again_and_does_what_is_behind_the_gate_again(office: Office, done: str):
    save(office.services, edited(**ASKS))

    again = reexecute_steps(office.instance, done, ["end"])
    execute(office, again)

    run = office.run(again)
    assert (run.status, run.waiting_on) == (RunStatus.RUNNING, [office.gate(again, "gate")])
    assert office.dagster_status(again) is dg.DagsterRunStatus.SUSPENDED
    assert CALLS == []
    assert taken_over(office, again) == {"start": done, "draft": done, "gate": None}
    office.answer(again, "gate", APPROVED)
    office.continue_run(again)
    assert (office.run(again).status, office.run(again).output) == (RunStatus.SUCCEEDED, "edited")
    assert CALLS == ["publish"], "nobody had consented to it in this revision"


def test_content_that_differs_asks_again(office: Office):
    run_id = office.start(draft_gate_publish(instructions="Run {{ context.run.id }}"), SMALL)
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)

    again = reexecute_steps(office.instance, run_id, ["publish", "end"])
    execute(office, again)

    assert office.run(again).waiting_on == [office.gate(again, "gate")]
    assert CALLS == ["draft", "publish"]


def test_a_run_of_another_workflow_is_no_parent(office: Office, done: str):
    """The same node ids, and a gate that somebody approved elsewhere."""
    save(office.services, draft_gate_publish(**ASKS).model_copy(update={"id": "other", "name": "other"}))

    for tags in ({}, {"dagster/is_resume_retry": "true"}, {WORKFLOW_TAG: "w"}):
        again = reexecute_steps(office.instance, done, ["publish", "end"], job_name="other", **tags)
        adopt_launches(office.services, office.instance)
        execute(office, again)
        with office.services.store.read() as connection:
            assert get_run_head(connection, again).workflow_id == "other"
        assert office.run(again).status is RunStatus.FAILED
        assert office.statuses(again) == {}
    assert CALLS == []
    assert len(office.run(done).launches) == 2


@pytest.mark.parametrize("ops", [["publish", "end"], ["publish"], ["gate", "publish", "end"]], ids=str)
def test_a_launch_of_what_stands_behind_a_gate_alone_fails(office: Office, done: str, ops: list[str]):
    launch_id = launch_subset(office.instance, "w", ops, {})
    execute(office, launch_id)

    run = office.run(launch_id)
    assert run.status is RunStatus.FAILED
    assert "None of the steps" in (run.error or "")
    assert CALLS == []
    assert office.dagster_status(launch_id) is dg.DagsterRunStatus.FAILURE


def test_a_launch_that_leaves_the_gate_out_runs_nothing_behind_it(office: Office, done: str):
    launch_id = launch_subset(office.instance, "w", ["start", "draft", "publish", "end"], config_of(office, BIG))
    execute(office, launch_id)

    assert CALLS == ["draft"]
    assert "publish" not in office.statuses(launch_id)


def test_an_open_gate_is_not_passed_by_a_launch_of_what_is_behind_it(office: Office):
    run_id = office.start(draft_gate_publish(**ASKS), SMALL)
    CALLS.clear()

    again = reexecute_steps(office.instance, run_id, ["publish", "end"], **{"dagster/is_resume_retry": "true"})
    execute(office, again)

    assert CALLS == []
    assert office.run(run_id).waiting_on == [office.gate(run_id, "gate")]
    assert office.run(run_id).status is RunStatus.RUNNING


def test_a_rejected_gate_is_not_passed_either(office: Office):
    run_id = office.start(draft_gate_publish(**ASKS), SMALL)
    office.answer(run_id, "gate", {"approved": False})
    reconcile_run(office.services, office.instance, run_id)
    CALLS.clear()

    again = reexecute_steps(office.instance, run_id, ["publish", "end"])
    execute(office, again)

    assert CALLS == []
    assert office.run(run_id).status is RunStatus.FAILED
    assert office.statuses(run_id)["gate"] is StepStatus.FAILED


def test_the_hash_of_what_was_shown_covers_run_and_revision(office: Office, done: str):
    with office.services.store.read() as connection:
        step = next(step for step in list_steps(connection, done) if step.node_id == "gate")
        gate = get_gate(connection, step.id)
        [row] = connection.execute(select(runs).where(runs.c.id == done)).all()
    assert gate.stored_hash == gate.seen_hash
    assert (gate.run_id, gate.revision) == (row.id, row.revision)


@pytest.mark.parametrize(("answer", "calls"), [({"approved": False}, []), ({"approved": True}, ["pay"])])
def test_a_no_is_no_consent_for_a_tool_that_is_never_called_without(office: Office, answer: Any, calls: list[str]):
    pay = function_tool("note").model_copy(update={"id": "pay", "approval": "always"})
    save(office.services, pay)
    nodes = [node("start", "start"), node("gate", "human_approval"), node("end", "end")]
    nodes.insert(2, node("pay", "tool", toolId="pay", input={"what": "pay"}))
    says = "true" if answer["approved"] else "false"
    edges = ["start -> gate", f"gate -> pay if context.last_output.approved == {says}", "pay -> end"]
    run_id = office.start(workflow("w", nodes, edges))

    office.answer(run_id, "gate", answer)
    office.continue_run(run_id)

    assert calls == CALLS
    assert office.run(run_id).status is (RunStatus.SUCCEEDED if calls else RunStatus.FAILED)
    assert calls or "nobody has agreed" in (office.run(run_id).error or "")
