"""A run goes on from a step of another one: what it takes over, what it does again, and whom it asks anew."""

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.children import do_all_in_silence, tend_children
from agentmesh_dagster.control.fork import prepare_fork
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.entities.models import EventType, Kind, RunStatus, Step, StepStatus, Workflow
from agentmesh_dagster.runtime.forks import ForkRefused
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import delete_entity
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.gates import get_gate
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.store.tables import waits
from agentmesh_dagster.tools import tool
from agentmesh_dagster.translator.run_tags import FORK_TAG, USER_TAG
from agentmesh_dagster.wire import NewFork
from tests.control.dagster_actions import execute_launch, reexecute_from_failure
from tests.control.office import APPROVED, CALLS, Office, build_sieve, draft_gate_publish, noting
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


def fork(office: Office, run_id: str, node_id: str, **more: Any) -> str:
    wanted = NewFork(from_node_id=node_id, **more)
    launch = prepare_fork(office.services, office.instance, run_id, wanted, by="bob")
    run_in_place(office.services, office.instance, launch)
    return launch.run_id


def refuse(office: Office, run_id: str, node_id: str, **more: Any) -> dict[str | None, str]:
    """By place what is wrong with a fork; nothing was written down."""
    before, forks = list(office.instance.get_run_ids()), office.run(run_id).forks
    with pytest.raises(ForkRefused) as refused:
        prepare_fork(office.services, office.instance, run_id, NewFork(from_node_id=node_id, **more), by="bob")
    assert list(office.instance.get_run_ids()) == before
    assert office.run(run_id).forks == forks
    return {issue.path: f"{issue.code}: {issue.message}" for issue in refused.value.issues}


def steps(office: Office, run_id: str) -> dict[str, Step]:
    with office.services.store.read() as connection:
        return {f"{step.node_id}{step.path}": step for step in list_steps(connection, run_id)}


def taken_over(office: Office, run_id: str) -> set[str]:
    return {name for name, step in steps(office, run_id).items() if step.taken_over_from is not None}


def echoing(identity: str, what: str) -> dict[str, Any]:
    return node(identity, "tool", toolId="note", input={"what": what})


def chain() -> Workflow:
    nodes = [node("start", "start"), echoing("a", "a"), echoing("b", "b {{ context.last_output.text }}")]
    nodes += [echoing("c", "c {{ context.outputs.a.text }} {{ context.last_output.text }}"), node("end", "end")]
    return workflow("w", nodes, ["start -> a", "a -> b", "b -> c", "c -> end"])


def test_the_step_and_what_is_behind_it_are_executed_and_the_rest_is_taken_over(office: Office):
    run_id = office.start(chain())
    before = office.run(run_id)
    CALLS.clear()

    forked = fork(office, run_id, "b")

    run = office.run(forked)
    assert (run.status, run.output, run.launches) == (RunStatus.SUCCEEDED, before.output, [forked])
    assert CALLS == ["b a", "c a b a"]
    assert taken_over(office, forked) == {"start", "a"}
    assert run.forked_from is not None
    assert run.forked_from.to_wire() == {"runId": run_id, "nodeId": "b", "path": ""}
    assert office.run(run_id).forks == [forked]
    assert office.run(run_id).model_copy(update={"forks": []}) == before, "nothing else of it has changed"
    assert steps(office, forked)["b"].parent_step_ids == [steps(office, forked)["a"].id]
    assert office.event_types(forked)[0] is EventType.RUN_STARTED


def test_in_dagster_it_is_a_run_of_its_own_that_names_the_other_and_is_named_by_it(office: Office):
    run_id = office.start(chain())
    office.instance.add_run_tags(run_id, {"team": "red", "dagster/max_retries": "2", "agentmesh/forged": "1"})

    forked = office.instance.get_run_by_id(fork(office, run_id, "c"))

    assert forked
    assert (forked.parent_run_id, forked.root_run_id) == (None, None)
    assert (forked.tags[FORK_TAG], forked.tags[USER_TAG]) == (run_id, "bob")
    assert (forked.tags["team"], forked.tags["dagster/max_retries"]) == ("red", "2")
    assert "agentmesh/forged" not in forked.tags
    assert set(forked.step_keys_to_execute or ()) == {"c", "end"}
    said = [event.message for event in office.instance.all_logs(run_id) if "Forked" in (event.message or "")]
    assert said == ["Forked: another run goes on from c."]


def test_an_output_that_is_given_stands_in_its_step_and_says_who_gave_it(office: Office):
    run_id = office.start(chain())
    CALLS.clear()

    forked = fork(office, run_id, "c", outputs={"a": {"text": "A"}})

    assert CALLS == ["c A b a"]
    edited = steps(office, forked)["a"]
    assert (edited.output, edited.edited_by, edited.taken_over_from) == ({"text": "A"}, "bob", run_id)
    assert steps(office, forked)["b"].edited_by is None
    assert steps(office, run_id)["a"].output == {"text": "a"}, "the other run stays as it was"
    with office.services.store.read() as connection:
        [event] = [each for each in list_events(connection, forked) if each.type is EventType.STEP_EDITED]
    assert event.step_id == edited.id
    assert event.payload.items() >= {"nodeId": "a", "output": {"text": "A"}, "by": "bob", "fromRunId": run_id}.items()


def test_an_output_may_be_null(office: Office):
    run_id = office.start(chain())
    forked = fork(office, run_id, "end", outputs={"c": None})
    assert (office.run(forked).status, office.run(forked).output) == (RunStatus.SUCCEEDED, None)


def test_an_output_may_stand_for_that_of_a_step_that_failed(office: Office):
    nodes = [node("start", "start"), node("a", "tool", toolId="note", input={}), echoing("b", "b")]
    run_id = office.start(workflow("w", [*nodes, node("end", "end")], ["start -> a", "a -> b", "b -> end"]))
    assert office.run(run_id).status is RunStatus.FAILED

    forked = fork(office, run_id, "b", outputs={"a": {"text": "mended"}})

    assert (office.run(forked).status, office.run(forked).has_failed, CALLS) == (RunStatus.SUCCEEDED, False, ["b"])
    assert steps(office, forked)["a"].error is None


def test_another_input_takes_nothing_over_but_what_is_given(office: Office):
    run_id = office.start(chain(), {"n": 1})
    CALLS.clear()

    forked = fork(office, run_id, "c", input={"n": 2}, outputs={"a": {"text": "A"}})

    assert (office.run(forked).input, office.run(forked).status) == ({"n": 2}, RunStatus.SUCCEEDED)
    assert CALLS == ["b A", "c A b A"]
    assert taken_over(office, forked) == {"a"}


def test_the_same_input_in_another_order_takes_over(office: Office):
    run_id = office.start(chain(), {"n": 1, "m": 2})
    CALLS.clear()
    fork(office, run_id, "c", input={"m": 2, "n": 1})
    assert CALLS == ["c a b a"]


# gates


def test_an_answer_that_holds_is_taken_over_and_says_from_where(office: Office, done: str):
    forked = fork(office, done, "publish")

    assert (office.run(forked).status, CALLS) == (RunStatus.SUCCEEDED, ["publish"])
    assert taken_over(office, forked) == {"start", "draft", "gate"}
    with office.services.store.read() as connection:
        gate = get_gate(connection, steps(office, forked)["gate"].id)
    assert (gate.taken_over_from, gate.answered_by, gate.answer) == (done, "ann", APPROVED)
    types = office.event_types(forked)
    assert types[:2] == [EventType.RUN_STARTED, EventType.GATE_TAKEN_OVER]
    assert EventType.GATE_ANSWERED not in types


def test_an_output_that_is_given_before_an_answered_gate_asks_again(office: Office, done: str):
    forked = fork(office, done, "publish", outputs={"draft": {"text": "a million"}})

    run = office.run(forked)
    assert (run.status, run.waiting_on, CALLS) == (RunStatus.RUNNING, [office.gate(forked, "gate")], [])
    assert office.dagster_status(forked) is dg.DagsterRunStatus.SUSPENDED
    with office.services.store.read() as connection:
        assert get_gate(connection, run.waiting_on[0]).payload == {"text": "a million"}
    office.answer(forked, "gate", APPROVED)
    office.continue_run(forked)
    assert (office.run(forked).status, CALLS) == (RunStatus.SUCCEEDED, ["publish"])
    assert len(office.run(forked).launches) == 2
    assert office.dagster_status(forked) is dg.DagsterRunStatus.SUCCESS


def test_also_where_the_gate_does_not_show_it(office: Office):
    run_id = office.start(draft_gate_publish(instructions="Go on?"))
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)

    forked = fork(office, run_id, "publish", outputs={"draft": {"text": "other"}})

    assert office.run(forked).waiting_on == [office.gate(forked, "gate")]


def test_another_input_asks_again(office: Office, done: str):
    forked = fork(office, done, "publish", input=BIG)
    assert (CALLS, office.run(forked).waiting_on) == (["draft"], [office.gate(forked, "gate")])


def test_an_output_beside_a_gate_asks_again_if_it_goes_into_what_was_agreed_to(office: Office):
    nodes = [node("start", "start"), node("gate", "human_approval"), noting("price"), noting("aside")]
    nodes += [node("pay", "tool", toolId="note", input={"what": "pay {{ context.outputs.price.text }}"})]
    edges = ["start -> gate", "start -> price", "start -> aside", "gate -> pay", "price -> pay", "pay -> end"]
    flow = workflow("w", [*nodes, node("end", "end")], [*edges, "aside -> end"])
    run_id = office.start(flow)
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    CALLS.clear()

    forked = fork(office, run_id, "pay", outputs={"price": {"text": "1000"}})

    assert (office.run(forked).waiting_on, CALLS) == ([office.gate(forked, "gate")], [])
    office.answer(forked, "gate", APPROVED)
    office.continue_run(forked)
    assert CALLS == ["pay 1000"]


def test_no_output_is_given_for_a_gate_or_behind_one(office: Office, done: str):
    """Nobody agrees by a fork: neither in somebody's place nor to something else than was shown."""
    found = refuse(office, done, "end", outputs={"gate": APPROVED})
    assert found["$.outputs.gate"].startswith("answer-of-a-gate: `gate` is answered by a person")
    found = refuse(office, done, "end", outputs={"publish": {"text": "something else"}})
    assert found == {
        "$.outputs.publish": "behind-a-gate: `publish` stands behind `gate`, where a person agrees to what follows, "
        "and not to another output: fork from there, or give an output of what stands before it."
    }
    assert CALLS == []


@pytest.fixture
def done_by_a_child(office: Office) -> str:
    """A run of which a child was asked, was approved, and has succeeded."""
    inner = [node("start", "start"), node("gate", "human_approval"), node("end", "end")]
    save(office.services, workflow("inner", inner, ["start -> gate", "gate -> end"]))
    review = node("review", "workflow", workflowId="inner", mode="run", input={"what": "{{ context.last_output }}"})
    nodes = [node("start", "start"), noting("draft"), review, noting("publish"), node("end", "end")]
    flow = workflow("w", nodes, ["start -> draft", "draft -> review", "review -> publish", "publish -> end"])
    run_id = office.start(flow)
    tend_children(office.services, office.instance, do_all_in_silence)
    child = str(steps(office, run_id)["review"].child_run_id)
    execute_launch(office.services, office.instance, child)
    office.answer(child, "gate", APPROVED)
    office.continue_run(child)
    tend_children(office.services, office.instance, do_all_in_silence)
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    CALLS.clear()
    return run_id


def test_nobody_agrees_by_a_fork_in_the_place_of_who_was_asked_by_a_child(office: Office, done_by_a_child: str):
    found = refuse(office, done_by_a_child, "publish", outputs={"review": APPROVED})
    assert found["$.outputs.review"].startswith("answer-of-a-gate: In what `review` runs a person is asked")
    found = refuse(office, done_by_a_child, "end", outputs={"publish": {"text": "something else"}})
    assert found["$.outputs.publish"].startswith("behind-a-gate: `publish` stands behind `review`")

    forked = fork(office, done_by_a_child, "publish", outputs={"draft": {"text": "something else"}})

    assert (CALLS, office.run(forked).status) == ([], RunStatus.RUNNING)
    assert steps(office, forked)["review"].status is StepStatus.WAITING


def test_what_a_child_was_asked_holds_where_nothing_was_changed(office: Office, done_by_a_child: str):
    forked = fork(office, done_by_a_child, "publish")

    assert (CALLS, office.run(forked).status) == (["publish"], RunStatus.SUCCEEDED)
    assert "review" in taken_over(office, forked)


def test_from_a_gate_on_it_asks_anew(office: Office, done: str):
    forked = fork(office, done, "gate")
    assert office.run(forked).waiting_on == [office.gate(forked, "gate")]


@pytest.mark.parametrize("state", ["waiting", "rejected", "canceled"])
def test_a_run_in_any_state_is_forked(office: Office, state: str):
    run_id = office.start(draft_gate_publish())
    if state == "rejected":
        office.answer(run_id, "gate", {"approved": False})
    if state == "canceled":
        cancel_run(office.services, office.instance, run_id, by="ann")
    reconcile_run(office.services, office.instance, run_id)
    CALLS.clear()

    forked = fork(office, run_id, "publish")

    assert (office.run(forked).waiting_on, CALLS) == ([office.gate(forked, "gate")], [])
    office.answer(forked, "gate", APPROVED)
    office.continue_run(forked)
    assert (office.run(forked).status, CALLS) == (RunStatus.SUCCEEDED, ["publish"])
    assert office.run(run_id).forks == [forked]


def test_a_wait_that_is_over_is_taken_over_and_one_that_is_not_begins_anew(office: Office):
    nodes = [node("start", "start"), node("pause", "wait", seconds=3600), noting("last"), node("end", "end")]
    run_id = office.start(workflow("w", nodes, ["start -> pause", "pause -> last", "last -> end"]))
    early = fork(office, run_id, "last")
    assert office.statuses(early)["pause"] is StepStatus.WAITING
    with office.services.store.begin() as tx:
        tx.execute(waits.update().where(waits.c.run_id == run_id).values(due_at=now(tx) - timedelta(seconds=1)))
    run_maintenance(office.services, office.instance)
    execute_launch(office.services, office.instance, office.run(run_id).launches[-1])
    assert (office.run(run_id).status, CALLS) == (RunStatus.SUCCEEDED, ["last"])

    late = fork(office, run_id, "last")

    assert (office.run(late).status, CALLS) == (RunStatus.SUCCEEDED, ["last", "last"])
    assert taken_over(office, late) == {"start", "pause"}
    assert office.statuses(early)["pause"] is StepStatus.WAITING


# branches, joins and items


def two_ways() -> Workflow:
    nodes = [node("start", "start"), node("which", "branch"), noting("left"), noting("right"), noting("join")]
    edges = ["start -> which", "which -> left if context.input.n > 5", "which -> right", "left -> join"]
    return workflow("w", [*nodes, node("end", "end")], [*edges, "right -> join", "join -> end"])


def test_a_way_that_was_not_taken_stays_so(office: Office):
    run_id = office.start(two_ways(), {"n": 9})
    CALLS.clear()

    forked = fork(office, run_id, "join")
    assert CALLS == ["join"]
    assert office.statuses(forked)["right"] is StepStatus.SKIPPED
    forked = fork(office, run_id, "left")
    assert (CALLS, office.run(forked).status) == (["join", "left", "join"], RunStatus.SUCCEEDED)

    forked = fork(office, run_id, "which", input={"n": 1})
    assert (CALLS[3:], office.statuses(forked)["left"]) == (["right", "join"], StepStatus.SKIPPED)
    assert refuse(office, run_id, "right")["$.fromNodeId"].startswith("never-reached: `right` was skipped")


def test_of_an_each_one_item_is_done_again_or_all_are(office: Office):
    run_id = office.start(build_sieve(), {"items": [20, 5, 30]})
    before = office.run(run_id).output
    CALLS.clear()

    forked = fork(office, run_id, "keep", path="[2]")
    assert (CALLS, office.run(forked).output) == (["kept 30"], before)
    assert taken_over(office, forked) == {"start", "each", "choose[0]", "choose[1]", "choose[2]", "keep[0]", "keep[1]"}

    forked = fork(office, run_id, "keep")
    assert (sorted(CALLS[1:]), office.run(forked).output) == (["kept 20", "kept 30"], before)

    forked = fork(office, run_id, "end")
    assert (len(CALLS), office.run(forked).output) == (3, before)

    forked = fork(office, run_id, "each", input={"items": [40]})
    assert (CALLS[3:], office.run(forked).status) == (["kept 40"], RunStatus.SUCCEEDED)


def two_lists() -> Workflow:
    nodes = [node("start", "start"), node("first", "branch", mode="each", items="[1, 2]", join="middle")]
    nodes += [echoing("one", "one {{ context.item }}"), echoing("middle", "middle")]
    nodes += [node("second", "branch", mode="each", items="[3, 4]", join="end")]
    nodes += [echoing("other", "other {{ context.item }}"), node("end", "end")]
    edges = ["start -> first", "first -> one", "one -> middle", "middle -> second", "second -> other", "other -> end"]
    return workflow("w", nodes, edges)


def test_an_item_of_one_list_has_all_items_of_a_later_list_behind_it(office: Office):
    run_id = office.start(two_lists())
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    CALLS.clear()

    fork(office, run_id, "one", path="[1]")

    assert sorted(CALLS) == ["middle", "one 2", "other 3", "other 4"]


def test_no_output_is_given_for_an_item_of_an_earlier_list(office: Office):
    run_id = office.start(two_lists())

    found = refuse(office, run_id, "other", path="[1]", outputs={"one": {"text": "Y"}})

    said = "no-step: `one` has a step for each item, and `other` stands behind them all: none is given alone."
    assert found == {"$.outputs.one": said}


def test_an_output_of_the_same_item_is_given(office: Office):
    nodes = [node("start", "start"), node("each", "branch", mode="each", items="['x', 'y']", join="end")]
    nodes += [echoing("one", "{{ context.item }}"), echoing("two", "two {{ context.last_output.text }}")]
    edges = ["start -> each", "each -> one", "one -> two", "two -> end"]
    run_id = office.start(workflow("w", [*nodes, node("end", "end")], edges))
    CALLS.clear()

    forked = fork(office, run_id, "two", path="[1]", outputs={"one": {"text": "Y"}})

    assert CALLS == ["two Y"]
    assert office.run(forked).output == [{"text": "two x"}, {"text": "two Y"}]
    found = refuse(office, run_id, "two", outputs={"one": {"text": "Y"}})
    assert found["$.outputs.one"] == "no-step: `one` has a step for each item: say by `path` from which item on."


# rounds and calls


def until_good() -> Workflow:
    nodes = [node("start", "start"), echoing("draft", "draft {{ context.round }}")]
    nodes += [echoing("review", "review {{ context.outputs.draft.text }}"), node("more", "branch")]
    nodes += [echoing("print", "print {{ context.outputs.review.text }}"), node("end", "end")]
    edges = [
        "start -> draft",
        "draft -> review",
        "review -> more",
        "more -> draft if context.round < 3",
        "more -> print",
    ]
    flow = workflow("w", nodes, [*edges, "print -> end"])
    back = flow.graph.edges[3].model_copy(update={"max_rounds": 5})
    changed = [*flow.graph.edges[:3], back, *flow.graph.edges[4:]]
    return flow.model_copy(update={"graph": flow.graph.model_copy(update={"edges": changed})})


def test_a_run_is_forked_from_a_round_on(office: Office):
    run_id = office.start(until_good())
    assert CALLS[-1] == "print review draft 3"
    CALLS.clear()

    forked = fork(office, run_id, "draft", path="#2")

    assert CALLS == ["draft 2", "review draft 2", "draft 3", "review draft 3", "print review draft 3"]
    assert taken_over(office, forked) == {"start", "draft#1", "review#1", "more#1"}
    assert office.statuses(forked) == office.statuses(run_id)
    found = refuse(office, run_id, "draft", path="#4")
    assert found == {"$.path": "unknown-step: `draft` has no step `#4`: it has `#1`, `#2` and `#3`."}


def test_an_output_in_a_loop_is_that_of_the_same_round_and_behind_it_that_of_the_last(office: Office):
    run_id = office.start(until_good())
    CALLS.clear()

    forked = fork(office, run_id, "review", path="#2", outputs={"draft": {"text": "mine"}})
    assert CALLS == ["review mine", "draft 3", "review draft 3", "print review draft 3"]
    assert [name for name, step in steps(office, forked).items() if step.edited_by] == ["draft#2"]

    CALLS.clear()
    forked = fork(office, run_id, "print", outputs={"review": {"text": "well done"}})
    assert CALLS == ["print well done"]
    assert [name for name, step in steps(office, forked).items() if step.edited_by] == ["review#3"]


def test_from_a_sub_workflow_on_all_of_it_is_executed_anew(office: Office):
    inner = workflow(
        "inner", [node("start", "start"), noting("deep"), node("end", "end")], ["start -> deep", "deep -> end"]
    )
    save(office.services, function_tool("note"), inner)
    call = {"id": "call", "type": "workflow", "workflowId": "inner", "config": {"input": {}}}
    nodes = [node("start", "start"), noting("a"), call, noting("b"), node("end", "end")]
    run_id = office.start(workflow("w", nodes, ["start -> a", "a -> call", "call -> b", "b -> end"]))
    assert CALLS == ["a", "deep", "b"]
    CALLS.clear()

    assert office.run(fork(office, run_id, "call")).status is RunStatus.SUCCEEDED
    assert CALLS == ["deep", "b"]
    assert office.run(fork(office, run_id, "deep")).status is RunStatus.SUCCEEDED
    assert CALLS[2:] == ["deep", "b"]
    assert office.run(fork(office, run_id, "end", path="call")).status is RunStatus.SUCCEEDED
    assert CALLS[4:] == ["b"]
    assert office.run(fork(office, run_id, "end")).status is RunStatus.SUCCEEDED
    assert CALLS[5:] == []


# what is wrong with a fork


def test_all_that_is_wrong_is_said_at_once(office: Office):
    nodes = [node("start", "start"), node("which", "branch"), echoing("a", "a"), echoing("b", "b"), node("end", "end")]
    flow = workflow(
        "w",
        nodes,
        ["start -> which", "which -> a if context.input.n == 1", "which -> b", "a -> end", "b -> end"],
        inputSchema={"type": "object", "properties": {"n": {"type": "integer"}}},
    )
    run_id = office.start(flow, {"n": 1})
    given = {"which": 1, "start": {}, "nothing": 1, "b": 1, "end": 2}

    found = refuse(office, run_id, "a", input={"n": "one"}, path="[1]", outputs=given)

    assert {place: text.partition(":")[0] for place, text in found.items()} == {
        "$.input": "unfit-input",
        "$.path": "unknown-step",
        "$.outputs.which": "output-that-chooses",
        "$.outputs.start": "output-of-start",
        "$.outputs.nothing": "unknown-node",
        "$.outputs.b": "not-before",
        "$.outputs.end": "not-before",
    }
    assert (
        refuse(office, run_id, "ende")["$.fromNodeId"] == "unknown-node: There is no node `ende`: did you mean `end`?"
    )
    assert "here it is `[x]`" in refuse(office, run_id, "a", path="[x]")["$.path"]


def test_an_output_has_to_fit_the_schema_of_its_node(office: Office):
    fitting = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    run_id = office.start(chain())
    save(office.services, function_tool("note").model_copy(update={"output_schema": fitting}))

    found = refuse(office, run_id, "c", revision="newest", outputs={"a": {"text": 1}, "b": {}})

    does_not = "does not fit its outputSchema at"
    assert found == {
        "$.outputs.a": f"unfit-output: The output of `a` {does_not} $.text: 1 is not of type 'string'.",
        "$.outputs.b": f"unfit-output: The output of `b` {does_not} $: 'text' is a required property.",
    }


# revisions


def test_at_the_runs_own_revision_an_edit_changes_nothing(office: Office):
    run_id = office.start(chain())
    save(office.services, two_ways())
    CALLS.clear()

    forked = fork(office, run_id, "c")

    assert (CALLS, office.run(forked).revision) == (["c a b a"], office.run(run_id).revision)


def test_at_the_newest_revision_what_has_changed_is_done_again_and_all_behind_it(office: Office):
    run_id = office.start(chain())
    newer = chain()
    nodes = [
        each.model_copy(update={"config": {"input": {"what": "B"}}}) if each.id == "b" else each
        for each in newer.graph.nodes
    ]
    save(office.services, newer.model_copy(update={"graph": newer.graph.model_copy(update={"nodes": nodes})}))
    CALLS.clear()

    forked = fork(office, run_id, "end", revision="newest")

    assert CALLS == ["B", "c a B"]
    assert taken_over(office, forked) == {"start", "a"}
    assert office.run(forked).revision > office.run(run_id).revision


def test_at_the_newest_revision_a_label_changes_nothing_and_another_edge_does(office: Office):
    run_id = office.start(chain())
    nodes = [node("start", "start"), {**echoing("a", "a"), "label": "Another label"}]
    nodes += [echoing("b", "b {{ context.last_output.text }}"), echoing("new", "new"), node("end", "end")]
    edges = ["start -> a", "a -> b", "b -> new", "new -> end"]
    save(office.services, workflow("w", nodes, edges))
    CALLS.clear()

    forked = fork(office, run_id, "new", revision="newest")

    assert CALLS == ["b a", "new"]
    assert taken_over(office, forked) == {"start", "a"}


def test_at_the_newest_revision_a_node_that_has_gone_is_no_place_to_go_on_from(office: Office):
    run_id = office.start(chain())
    save(office.services, two_ways())

    found = refuse(office, run_id, "b", revision="newest")

    assert found["$.fromNodeId"].startswith("unknown-node: `b` is not in revision")


def test_at_the_newest_revision_a_gate_asks_again_if_anything_around_it_was_saved(office: Office, done: str):
    save(office.services, draft_gate_publish(**ASKS).model_copy(update={"description": "saved since"}))

    forked = fork(office, done, "publish", revision="newest")

    assert (office.run(forked).waiting_on, CALLS) == ([office.gate(forked, "gate")], [])


def test_a_workflow_that_was_deleted_is_forked_at_the_revision_of_the_run(office: Office):
    run_id = office.start(chain())
    delete_entity(office.services.store, Kind.WORKFLOW, "w", author="ann")
    assert refuse(office, run_id, "c", revision="newest")["$.revision"].startswith("workflow-deleted")
    assert office.run(fork(office, run_id, "c")).status is RunStatus.SUCCEEDED


# forks of forks, and what goes on from one


def test_a_fork_is_forked_and_names_who_did_the_work_first(office: Office):
    first = office.start(chain())
    second = fork(office, first, "b", outputs={"a": {"text": "A"}})
    CALLS.clear()

    third = fork(office, second, "c")

    assert CALLS == ["c A b A"]
    found = steps(office, third)
    assert (found["a"].taken_over_from, found["a"].edited_by) == (first, "bob")
    assert found["b"].taken_over_from == second
    assert office.run(second).forks == [third]


MENDED: list[bool] = []


@tool(name="tests_fork_mend")
def mend() -> str:
    CALLS.append("mend")
    if not MENDED:
        raise ValueError("not yet")
    return "mended"


def test_a_fork_that_failed_is_continued_by_dagsters_from_failure(office: Office):
    MENDED.clear()
    save(office.services, function_tool("tests_fork_mend"))
    nodes = [node("start", "start"), noting("a"), node("b", "tool", toolId="tests_fork_mend", input={}), noting("c")]
    run_id = office.start(workflow("w", [*nodes, node("end", "end")], ["start -> a", "a -> b", "b -> c", "c -> end"]))
    forked = fork(office, run_id, "b")
    assert office.run(forked).status is RunStatus.FAILED
    MENDED.append(True)
    CALLS.clear()

    again = reexecute_from_failure(office.instance, forked)
    execute_launch(office.services, office.instance, again)

    run = office.run(forked)
    assert (run.status, run.launches, CALLS) == (RunStatus.SUCCEEDED, [forked, again], ["mend", "c"])
    assert office.run(run_id).status is RunStatus.FAILED
