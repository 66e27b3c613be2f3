"""Gates: a run pauses for a person, and goes on exactly once with the answer."""

import threading

import dagster as dg
import pytest

from agentmesh_dagster.control.cancel import RunIsOver, cancel_run
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.entities.models import EventType, Kind, RunStatus, StepStatus, Workflow
from agentmesh_dagster.runtime.answers import Answer, GateClosed, UnfitAnswer, answer_gate
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import delete_entity
from agentmesh_dagster.store.waits import list_due_waits
from tests.control.office import APPROVED, CALLS, Office, draft_gate_publish, noting
from tests.shapes import node, save, workflow


@pytest.fixture(autouse=True)
def no_calls_yet() -> None:
    CALLS.clear()


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


def test_reaching_a_gate_ends_the_launch_and_shows_it_as_suspended(office: Office):
    run_id = office.start(draft_gate_publish(instructions="Look at {{ context.outputs.draft }}"))

    run = office.run(run_id)
    assert run.status is RunStatus.RUNNING
    assert run.waiting_on == [office.gate(run_id, "gate")]
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED
    assert CALLS == ["draft"]
    assert office.event_types(run_id)[-1] is EventType.STEP_WAITING_HUMAN


def test_after_the_answer_only_the_gate_and_what_is_behind_it_run(office: Office):
    run_id = office.start(draft_gate_publish())
    office.answer(run_id, "gate", APPROVED)

    assert office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, APPROVED)
    assert CALLS == ["draft", "publish"]
    assert len(run.launches) == 2
    assert [office.dagster_status(launch) for launch in run.launches] == [dg.DagsterRunStatus.SUCCESS] * 2
    second = office.instance.get_run_by_id(run.launches[1])
    assert second
    assert (second.root_run_id, second.parent_run_id) == (run_id, run_id)
    assert set(second.step_keys_to_execute or []) == {"gate", "publish", "end"}
    assert not office.continue_run(run_id), "a second resume finds nothing to do"


def test_the_events_of_an_answered_run_are_in_order(office: Office):
    run_id = office.start(draft_gate_publish())
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)

    after = office.event_types(run_id)
    after = after[after.index(EventType.STEP_WAITING_HUMAN) :]
    assert after[:3] == [EventType.STEP_WAITING_HUMAN, EventType.GATE_ANSWERED, EventType.STEP_COMPLETED]
    assert after[-1] is EventType.RUN_COMPLETED
    assert after.count(EventType.RUN_COMPLETED) == 1


def test_a_rejection_without_conditions_fails_the_run_with_the_comment(office: Office):
    run_id = office.start(draft_gate_publish())
    office.answer(run_id, "gate", {"approved": False, "comment": "not like this"})

    assert not office.continue_run(run_id)

    run = office.run(run_id)
    assert run.status is RunStatus.FAILED
    assert "not like this" in str(run.error)
    assert CALLS == ["draft"]
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.FAILURE


@pytest.mark.parametrize(("approved", "goes_to", "leaves"), [(True, "publish", "redo"), (False, "redo", "publish")])
def test_conditions_on_the_out_edges_choose_the_way(office: Office, approved: bool, goes_to: str, leaves: str):
    nodes = [node("start", "start"), node("gate", "human_approval"), noting("publish"), noting("redo")]
    nodes.append(node("end", "end"))
    edges = [
        "start -> gate",
        "gate -> publish if context.last_output.approved",
        "gate -> redo if !context.last_output.approved",
        "publish -> end",
        "redo -> end",
    ]
    run_id = office.start(workflow("w", nodes, edges))
    office.answer(run_id, "gate", {"approved": approved})
    office.continue_run(run_id)

    assert office.run(run_id).output == {"text": goes_to}
    assert office.statuses(run_id)[leaves] is StepStatus.SKIPPED
    assert [goes_to] == CALLS


def test_an_answer_that_does_not_fit_leaves_the_gate_open(office: Office):
    schema = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "number"}}}
    run_id = office.start(draft_gate_publish(schema=schema))

    with pytest.raises(UnfitAnswer, match="amount"):
        office.answer(run_id, "gate", {"approved": True})

    office.answer(run_id, "gate", {"amount": 3})
    assert office.continue_run(run_id)


def test_a_second_answer_is_refused_and_says_who_was_first(office: Office):
    run_id = office.start(draft_gate_publish())
    step_id = office.gate(run_id, "gate")
    office.answer(run_id, "gate", APPROVED)

    with pytest.raises(GateClosed, match="answered by ann"):
        answer_gate(office.services, step_id, Answer({"approved": False}, by="bob", via="test"))

    office.continue_run(run_id)
    assert office.run(run_id).output == APPROVED


def test_of_many_answers_at_once_exactly_one_wins(office: Office):
    run_id = office.start(draft_gate_publish())
    step_id = office.gate(run_id, "gate")
    won: list[int] = []

    def answer(number: int) -> None:
        try:
            answer_gate(office.services, step_id, Answer({"approved": True, "comment": str(number)}, "x", "test"))
        except GateClosed:
            return
        won.append(number)

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(won) == 1
    office.continue_run(run_id)
    assert office.run(run_id).output == {"approved": True, "comment": str(won[0])}


def two_gates() -> Workflow:
    nodes = [node("start", "start"), node("a", "human_approval"), node("b", "human_approval"), noting("join")]
    nodes.append(node("end", "end"))
    return workflow("w", nodes, ["start -> a", "start -> b", "a -> join", "b -> join", "join -> end"])


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_two_gates_in_parallel_let_the_join_run_once_both_are_answered(office: Office, order: tuple[str, str]):
    run_id = office.start(two_gates())

    office.answer(run_id, order[0], APPROVED)
    assert not office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.RUNNING
    assert CALLS == []

    office.answer(run_id, order[1], APPROVED)
    assert office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert CALLS == ["join"]


def test_answers_given_meanwhile_go_together_into_one_launch(office: Office):
    run_id = office.start(two_gates())

    office.answer(run_id, "a", APPROVED)
    office.answer(run_id, "b", APPROVED)
    office.continue_run(run_id)

    assert len(office.run(run_id).launches) == 2
    assert CALLS == ["join"]


def test_gates_one_after_another_wait_one_after_another(office: Office):
    nodes = [node("start", "start"), node("a", "human_approval"), noting("between"), node("b", "human_approval")]
    nodes += [noting("last"), node("end", "end")]
    edges = ["start -> a", "a -> between", "between -> b", "b -> last", "last -> end"]
    run_id = office.start(workflow("w", nodes, edges))

    office.answer(run_id, "a", APPROVED)
    office.continue_run(run_id)
    assert CALLS == ["between"]
    assert office.run(run_id).waiting_on == [office.gate(run_id, "b")]
    assert office.dagster_status(office.run(run_id).launches[1]) is dg.DagsterRunStatus.SUSPENDED

    office.answer(run_id, "b", APPROVED)
    office.continue_run(run_id)
    assert CALLS == ["between", "last"]
    assert office.run(run_id).status is RunStatus.SUCCEEDED


def test_an_arm_beside_the_gate_is_kept_and_its_join_runs_once_with_all_inputs(office: Office):
    nodes = [
        node("start", "start"),
        noting("slow"),
        noting("after"),
        node("gate", "human_approval"),
        node("end", "end"),
    ]
    edges = ["start -> slow", "slow -> after", "start -> gate", "after -> end", "gate -> end"]
    run_id = office.start(workflow("w", nodes, edges))
    assert CALLS == ["slow", "after"]
    assert "end" not in office.statuses(run_id)

    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)

    assert office.run(run_id).output == {"after": {"text": "after"}, "gate": APPROVED}
    assert CALLS == ["slow", "after"]


def test_editing_and_deleting_the_workflow_changes_nothing_for_a_waiting_run(office: Office):
    run_id = office.start(draft_gate_publish())
    nodes = [node("start", "start"), node("end", "end", output="edited")]
    save(office.services, workflow("w", nodes, ["start -> end"]))
    delete_entity(office.services.store, Kind.WORKFLOW, "w", author="test")

    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)

    assert office.run(run_id).output == APPROVED
    assert CALLS == ["draft", "publish"]


@pytest.mark.parametrize(
    ("on_deadline", "status", "calls"),
    [
        ("approve", RunStatus.SUCCEEDED, ["draft", "publish"]),
        ("reject", RunStatus.FAILED, ["draft"]),
        ("fail", RunStatus.FAILED, ["draft"]),
    ],
)
def test_a_deadline_closes_the_gate_as_the_author_said(
    office: Office, on_deadline: str, status: RunStatus, calls: list[str]
):
    run_id = office.start(draft_gate_publish(deadlineSeconds=0.01, onDeadline=on_deadline))
    step_id = office.gate(run_id, "gate")

    done = expire(office)
    office.continue_run(run_id)

    assert done == [step_id]
    assert office.run(run_id).status is status
    assert calls == CALLS
    with pytest.raises(GateClosed, match="expired"):
        answer_gate(office.services, step_id, Answer(APPROVED, by="late", via="test"))


def expire(office: Office) -> list[str]:
    with office.services.store.read() as connection:
        due = list_due_waits(connection)
    return [wait.step_id for wait in due if end_due_wait(office.services, wait)]


def test_a_cancel_of_the_suspended_run_in_dagster_cancels_the_run_and_its_gates(office: Office):
    run_id = office.start(draft_gate_publish())
    step_id = office.gate(run_id, "gate")
    dagster_run = office.instance.get_run_by_id(run_id)
    assert dagster_run
    office.instance.report_run_canceled(dagster_run)

    run_maintenance(office.services, office.instance)

    assert office.run(run_id).status is RunStatus.CANCELED
    with pytest.raises(GateClosed, match="canceled"):
        answer_gate(office.services, step_id, Answer(APPROVED, by="late", via="test"))


def test_a_deleted_suspended_run_is_canceled_and_never_started_again(office: Office):
    run_id = office.start(draft_gate_publish())
    office.instance.delete_run(run_id)

    run_maintenance(office.services, office.instance)

    assert office.run(run_id).status is RunStatus.CANCELED
    assert CALLS == ["draft"]


def test_a_resume_whose_launcher_died_before_dagster_had_it_is_made_anew_under_the_same_id(office: Office):
    run_id = office.start(draft_gate_publish())
    office.answer(run_id, "gate", APPROVED)
    first = resume_run(office.services, office.instance, run_id)
    assert first
    office.instance.delete_run(first.launch_id)
    with office.services.store.begin() as tx:
        from agentmesh_dagster.store.tables import launches

        tx.execute(launches.update().where(launches.c.launch_id == first.launch_id).values(submitted_at=None))

    again = resume_run(office.services, office.instance, run_id)

    assert again == first
    run_in_place(office.services, office.instance, again)
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert CALLS == ["draft", "publish"]


def test_a_re_execution_from_failure_behind_a_gate_does_not_ask_again(office: Office):
    nodes = [node("start", "start"), node("gate", "human_approval"), node("bad", "tool", toolId="note", input={})]
    nodes.append(node("end", "end"))
    run_id = office.start(workflow("w", nodes, ["start -> gate", "gate -> bad", "bad -> end"]))
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.FAILED
    assert office.statuses(run_id) == {
        "start": StepStatus.SUCCEEDED,
        "gate": StepStatus.SUCCEEDED,
        "bad": StepStatus.FAILED,
    }


def test_canceling_a_waiting_run_closes_its_gates_and_its_dagster_run(office: Office):
    run_id = office.start(two_gates())
    step_ids = [office.gate(run_id, "a"), office.gate(run_id, "b")]

    cancel_run(office.services, office.instance, run_id, by="ann")
    run_maintenance(office.services, office.instance)

    run = office.run(run_id)
    assert (run.status, run.error, run.waiting_on) == (RunStatus.CANCELED, "Canceled by ann.", [])
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.CANCELED
    assert office.event_types(run_id)[-1] is EventType.RUN_CANCELED
    for step_id in step_ids:
        with pytest.raises(GateClosed, match="canceled"):
            answer_gate(office.services, step_id, Answer(APPROVED, by="late", via="test"))
    with pytest.raises(RunIsOver):
        cancel_run(office.services, office.instance, run_id, by="bob")


def test_a_code_server_that_takes_a_waiting_run_for_dead_ends_nothing(office: Office):
    run_id = office.start(draft_gate_publish())
    dagster_run = office.instance.get_run_by_id(run_id)
    assert dagster_run
    office.instance.report_run_failed(dagster_run, "Run execution process unexpectedly exited with code 0.")

    reconcile_run(office.services, office.instance, run_id)

    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED
    assert len(office.run(run_id).waiting_on) == 1
    office.instance.report_run_failed(dagster_run, "Run execution process unexpectedly exited with code 0.")
    office.answer(run_id, "gate", APPROVED)
    assert office.continue_run(run_id)
    run = office.run(run_id)
    assert run.status is RunStatus.SUCCEEDED
    assert [office.dagster_status(launch) for launch in run.launches] == [dg.DagsterRunStatus.SUCCESS] * 2
