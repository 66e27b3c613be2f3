"""Forks of runs with rounds and sub-workflows: from any of their steps, with outputs given, and at a newer revision."""

from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.fork import prepare_fork
from agentmesh_dagster.control.in_place import execute_launch, run_in_place
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus, Workflow
from agentmesh_dagster.runtime.forks import ForkRefused
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import save_checked
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.wire import NewFork
from tests.control.office import CALLS, Office
from tests.control.test_fork_gallery import finish, only_sqlite, read_steps
from tests.gallery import read_expected, read_shape
from tests.shapes import node, save, workflow

ONE_AFTER_THE_OTHER = (
    "loop_until_it_is_good",
    "loop_whose_head_decides",
    "workflow_inline_in_a_loop",
)
SIDE_BY_SIDE = ("loop_inside_an_each", "loop_of_arms")


@pytest.fixture(autouse=True)
def no_calls_yet() -> None:
    CALLS.clear()


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


def list_begun(services: Services, run_id: str) -> list[tuple[str, str]]:
    """The steps that a run has executed, in the order in which they began."""
    with services.store.read() as connection:
        events = [each for each in list_events(connection, run_id) if each.type is EventType.STEP_STARTED]
    return [(str(each.payload["nodeId"]), str(each.payload["path"])) for each in events]


@only_sqlite
@pytest.mark.parametrize("shape", [*ONE_AFTER_THE_OTHER, *SIDE_BY_SIDE])
def test_forked_from_each_step_it_gives_the_same(services: Services, instance: dg.DagsterInstance, shape: str):
    document, _ = read_shape(shape)
    save_checked(services.store, list(document), author="test")
    flow, case = document.workflows[0], read_expected(shape)[1][0]
    launch = prepare_launch(services, instance, flow, case.input, launched_by="test")
    execute_launch(services, instance, launch)
    run = finish(services, instance, launch.run_id)
    assert (run.status, run.output) == (case.status, case.output), run.error
    before, begun = read_steps(services, run.id), list_begun(services, run.id)

    for place, (node_id, path) in enumerate(begun):
        fork = prepare_fork(services, instance, run.id, NewFork(from_node_id=node_id, path=path), by="bob")
        execute_launch(services, instance, fork)
        ended = finish(services, instance, fork.run_id)

        after = read_steps(services, fork.run_id)
        assert (ended.status, ended.output, ended.error) == (run.status, run.output, run.error), (node_id, path)
        assert {key: step.status for key, step in after.items()} == {key: step.status for key, step in before.items()}
        if shape in ONE_AFTER_THE_OTHER:
            inside = f"{path}/{node_id}".lstrip("/")  # from a sub-workflow on: all of what it does
            first = next((number for number, (_, where) in enumerate(begun) if where == inside), place)
            assert list_begun(services, fork.run_id) == begun[first:], (node_id, path)


def note(identity: str, what: str) -> dict[str, Any]:
    return node(identity, "tool", toolId="note", input={"what": what})


def drafts(rounds: int = 4, goal: int = 3) -> Workflow:
    """Drafts with the review of the draft before, as often as the goal says."""
    nodes = [node("start", "start"), note("draft", "draft {{ context.round }} ({{ context.outputs.review.text }})")]
    nodes[1]["config"]["input"] = {"what": "draft {{ context.round }}: {{ context.outputs.review }}"}
    nodes += [note("review", "review of {{ context.last_output.text }}"), node("good", "branch"), node("end", "end")]
    edges = ["start -> draft", "draft -> review", "review -> good"]
    edges += [f"good -> draft if context.round < {goal}, {rounds} rounds", f"good -> end if context.round >= {goal}"]
    return workflow("w", nodes, edges)


def fork(office: Office, run_id: str, node_id: str, **more: Any) -> str:
    launch = prepare_fork(office.services, office.instance, run_id, NewFork(from_node_id=node_id, **more), by="bob")
    run_in_place(office.services, office.instance, launch)
    return launch.run_id


def refuse(office: Office, run_id: str, node_id: str, **more: Any) -> dict[str | None, str]:
    with pytest.raises(ForkRefused) as refused:
        prepare_fork(office.services, office.instance, run_id, NewFork(from_node_id=node_id, **more), by="bob")
    return {issue.path: f"{issue.code}: {issue.message}" for issue in refused.value.issues}


def test_from_a_round_on_the_rounds_before_stay_done(office: Office):
    run_id = office.start(drafts())
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    CALLS.clear()

    fork(office, run_id, "review", path="#2")

    assert [call.partition(" ")[0] for call in CALLS] == ["review", "draft", "review"]


def test_without_a_round_all_are_played_again(office: Office):
    run_id = office.start(drafts())
    CALLS.clear()
    fork(office, run_id, "draft")
    assert [call.partition(" ")[0] for call in CALLS] == ["draft", "review"] * 3


def test_an_output_is_given_for_the_newest_round_before(office: Office):
    run_id = office.start(drafts())
    CALLS.clear()

    forked = fork(office, run_id, "draft", path="#3", outputs={"review": {"text": "too long"}})

    assert CALLS[0] == 'draft 3: {"text":"too long"}'
    steps = read_steps(office.services, forked)
    assert {path: step.edited_by for (node_id, path), step in steps.items() if node_id == "review"} == {
        "#1": None,
        "#2": "bob",
        "#3": None,
    }


def test_what_is_wrong_is_said_in_the_words_of_the_document(office: Office):
    run_id = office.start(drafts())

    assert refuse(office, run_id, "draft", path="#9") == {
        "$.path": "unknown-step: `draft` has no step `#9`: it has `#1`, `#2` and `#3`."
    }
    assert refuse(office, run_id, "draft", path="#4")["$.path"].startswith("unknown-step")
    assert refuse(office, run_id, "end", path="#1") == {
        "$.path": "unknown-step: `end` has no step `#1`: leave `path` out."
    }
    assert refuse(office, run_id, "drat") == {
        "$.fromNodeId": "unknown-node: There is no node `drat`: did you mean `draft`?"
    }
    assert refuse(office, run_id, "draft", path="#1", outputs={"review": {"text": "x"}}) == {
        "$.outputs.review": "not-before: `review` does not stand before `draft`."
    }
    assert refuse(office, run_id, "draft", outputs={"review": {"text": "x"}}) == {
        "$.outputs.review": "not-before: `review` does not stand before `draft`."
    }


def test_a_run_whose_rounds_were_used_up_goes_on_at_a_revision_with_more(office: Office):
    run_id = office.start(drafts(rounds=2))
    assert "2 rounds were played" in str(office.run(run_id).error)
    save(office.services, drafts(rounds=5))
    CALLS.clear()

    forked = fork(office, run_id, "good", path="#2", revision="newest")

    assert office.run(forked).status is RunStatus.SUCCEEDED
    assert [call.partition(" ")[0] for call in CALLS] == ["draft", "review"]


def calling(text: str = "{{ context.input.n }}") -> Workflow:
    call = node("call", "workflow", workflowId="called", input={"n": text})
    nodes = [node("start", "start"), call, note("after", "after {{ context.last_output.text }}"), node("end", "end")]
    return workflow("w", nodes, ["start -> call", "call -> after", "after -> end"])


def called() -> Workflow:
    nodes = [node("start", "start"), note("one", "one {{ context.input.n }}")]
    nodes += [note("two", "two {{ context.last_output.text }}"), node("end", "end")]
    return workflow("called", nodes, ["start -> one", "one -> two", "two -> end"])


def test_an_output_is_given_inside_a_sub_workflow_and_from_around_it(office: Office):
    save(office.services, called())
    run_id = office.start(calling(), {"n": 1})
    assert CALLS == ["one 1", "two one 1", "after two one 1"]
    CALLS.clear()

    fork(office, run_id, "two", path="call", outputs={"one": {"text": "ONE"}})
    fork(office, run_id, "after", outputs={"call": {"text": "called"}})

    assert CALLS == ["two ONE", "after two ONE", "after called"]
    assert refuse(office, run_id, "two", path="call", outputs={"after": None})["$.outputs.after"].startswith(
        "not-before"
    )
    assert refuse(office, run_id, "after", outputs={"one": None})["$.outputs.one"].startswith("not-before")


def test_a_sub_workflow_that_is_called_with_something_else_is_called_anew(office: Office):
    save(office.services, called())
    run_id = office.start(calling(), {"n": 1})
    save(office.services, calling("new {{ context.input.n }}"))
    CALLS.clear()

    forked = fork(office, run_id, "end", revision="newest")

    assert CALLS == ["one new 1", "two one new 1", "after two one new 1"]
    assert office.run(forked).status is RunStatus.SUCCEEDED


def test_a_gate_of_a_round_that_nobody_played_holds_nothing_back(office: Office):
    """It stands before what is behind the loop, but nobody was asked."""
    nodes = [node("start", "start"), node("more", "branch"), node("ask", "human_approval"), note("after", "after")]
    edges = [
        "start -> more",
        "more -> ask if context.input.ask",
        "more -> after",
        "ask -> more, 3 rounds",
        "after -> end",
    ]
    run_id = office.start(workflow("w", [*nodes, node("end", "end")], edges), {"ask": False})
    assert office.run(run_id).status is RunStatus.SUCCEEDED

    forked = fork(office, run_id, "end", outputs={"after": {"text": "given"}})

    assert office.run(forked).output == {"text": "given"}
    assert office.statuses(forked)["ask"] is StepStatus.SKIPPED
