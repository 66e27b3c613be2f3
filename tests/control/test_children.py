"""Runs that steps wait for: started once, followed up once, canceled with their parent, gone on with when it is."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.code_location import jobs
from agentmesh_dagster.control import children as control_children
from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.children import do_all_in_silence, tend_children
from agentmesh_dagster.control.in_place import execute_launch
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.control.retry import retry_run
from agentmesh_dagster.entities.budgets import Budget
from agentmesh_dagster.entities.models import Agent, EventType, Run, RunStatus, Step, StepStatus, Workflow
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.runtime.children import end_child
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.budgets import list_budget_uses
from agentmesh_dagster.store.children import find_child, list_due_children
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.runs import RunFilter, lock_run, page_runs
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.store.tables import waits
from agentmesh_dagster.store.waits import list_due_waits
from agentmesh_dagster.translator.child_runs import NOBODY
from agentmesh_dagster.translator.run_tags import PARENT_TAG
from tests.control.dagster_actions import execute_launch as execute_submitted
from tests.control.office import CALLS, Office, noting
from tests.costs import FAR_TOO_LONG_SECONDS
from tests.shapes import function_tool, node, save, workflow

START, END = node("start", "start"), node("end", "end")


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    CALLS.clear()
    return Office(services, instance)


def calling(**config: Any) -> Workflow:
    """draft → a run of `sub` → publish."""
    call = node("call", "workflow", workflowId="sub", mode="run", **config)
    end = node("end", "end", output="{{ context.outputs.call }}")
    edges = ["start -> draft", "draft -> call", "call -> publish", "publish -> end"]
    return workflow("main", [START, noting("draft"), call, noting("publish"), end], edges, name="Main")


def sub(*between: dict[str, Any], output: Any = "{{ context.input }}", outcome: str | None = None, **fields: Any):
    end = {"output": output} if outcome is None else {"output": output, "outcome": outcome}
    nodes = [START, *between, node("end", "end", **end)]
    ids = [one["id"] for one in nodes]
    edges = [f"{one} -> {other}" for one, other in pairwise(ids)]
    return workflow("sub", nodes, edges, **{"name": "Sub", **fields})


def prepare(office: Office, main: Workflow, *others: Workflow, run_input: Any = None) -> str:
    save(office.services, function_tool("note"), *others, main)
    return prepare_launch(
        office.services, office.instance, main, {} if run_input is None else run_input, launched_by="test"
    ).launch_id


def start(office: Office, main: Workflow, *others: Workflow, run_input: Any = None) -> str:
    """The run, after its first launch: its steps wait."""
    run_id = prepare(office, main, *others, run_input=run_input)
    execute_submitted(office.services, office.instance, run_id)
    return run_id


def execute(office: Office, main: Workflow, *others: Workflow, run_input: Any = None) -> Run:
    """The run as `agentmesh run` executes it: with its children, in this process."""
    save(office.services, function_tool("note"), *others, main)
    launch = prepare_launch(
        office.services, office.instance, main, {} if run_input is None else run_input, launched_by="test"
    )
    execute_launch(office.services, office.instance, launch)
    return office.run(launch.run_id)


def children_of(office: Office, run_id: str) -> list[Run]:
    with office.services.store.read() as connection:
        return list(page_runs(connection, RunFilter(parent_run_id=run_id), limit=100).items)[::-1]


def step_of(office: Office, run_id: str, node_id: str = "call") -> Step:
    return next(step for step in steps_of(office, run_id) if step.node_id == node_id)


def steps_of(office: Office, run_id: str) -> Sequence[Step]:
    with office.services.store.read() as connection:
        return list_steps(connection, run_id)


def let_ticks_pass(office: Office, most: int = 20) -> None:
    """What the sensor and the daemon do, until nothing more is to be done."""
    for _ in range(most):
        done = run_maintenance(office.services, office.instance)
        assert done.faults == []
        queued = office.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        for launch in queued:
            execute_submitted(office.services, office.instance, launch.run_id)
        if not queued and not done.resumed and not done.children:
            return
    raise AssertionError("it does not come to rest")


def test_a_run_goes_on_with_what_the_other_run_gave(office: Office):
    run_id = start(office, calling(input={"who": "Ann"}), sub(noting("inside"), output="{{ context.input.who }}"))

    waiting = step_of(office, run_id)
    assert (waiting.status, waiting.child_run_id) == (StepStatus.WAITING, None)
    assert waiting.waiting_for
    assert waiting.waiting_for.kind == "child"
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED
    let_ticks_pass(office)

    run, [child] = office.run(run_id), children_of(office, run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, "Ann")
    assert CALLS == ["draft", "inside", "publish"]
    assert (child.workflow_id, child.status, child.input) == ("sub", RunStatus.SUCCEEDED, {"who": "Ann"})
    assert (child.parent_run_id, child.parent_step_id) == (run_id, waiting.id)
    assert step_of(office, run_id).child_run_id == child.id
    assert child.revision == run.revision
    assert len(run.launches) == 2
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUCCESS
    assert office.event_types(run_id).count(EventType.STEP_CHILD_STARTED) == 1
    launched = office.instance.get_run_by_id(child.id)
    assert launched
    assert launched.tags["user"] == f"run: {run_id}"
    assert run_id in launched.tags[PARENT_TAG]


def test_in_one_process_the_other_run_is_executed_there(office: Office):
    run = execute(office, calling(), sub(noting("inside"), output="done"))

    assert (run.status, run.output) == (RunStatus.SUCCEEDED, "done")
    assert CALLS == ["draft", "inside", "publish"]
    assert [child.status for child in children_of(office, run.id)] == [RunStatus.SUCCEEDED]


def test_a_child_runs_the_revision_that_its_parent_is_pinned_to(office: Office):
    run_id = start(office, calling(), sub(output="old"))
    save(office.services, sub(output="new"))

    let_ticks_pass(office)

    assert office.run(run_id).output == "old"


def test_an_input_that_does_not_fit_fails_the_step_and_starts_nothing(office: Office):
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    run_id = start(office, calling(input={"n": "{{ context.last_output.text }}"}), sub(inputSchema=schema))

    assert office.run(run_id).status is RunStatus.FAILED
    assert "workflow `Sub`: at $.n: 'draft' is not of type 'integer'" in (office.run(run_id).error or "")
    assert children_of(office, run_id) == []


def test_a_child_with_a_gate_waits_for_its_person(office: Office):
    run_id = start(office, calling(), sub(node("ask", "human_approval"), output="{{ context.outputs.ask.comment }}"))
    let_ticks_pass(office)
    [child] = children_of(office, run_id)
    assert (child.status, office.run(run_id).status) == (RunStatus.RUNNING, RunStatus.RUNNING)

    office.answer(child.id, "ask", {"approved": True, "comment": "fine"})
    let_ticks_pass(office)

    assert office.run(run_id).output == "fine"


def test_a_child_that_failed_fails_its_step_with_its_name_and_error(office: Office):
    run = execute(office, calling(), sub(output="out of paper", outcome="failed"))

    [child] = children_of(office, run.id)
    assert (run.status, child.status) == (RunStatus.FAILED, RunStatus.FAILED)
    assert step_of(office, run.id).error == f"The run `{child.id}` of `Sub` failed: out of paper"
    assert office.dagster_status(run.launches[-1]) is dg.DagsterRunStatus.FAILURE


def test_a_child_that_was_canceled_fails_its_step(office: Office):
    run_id = start(office, calling(), sub(node("ask", "human_approval")))
    let_ticks_pass(office)
    [child] = children_of(office, run_id)

    cancel_run(office.services, office.instance, child.id, by="ann")
    let_ticks_pass(office)

    assert office.run(run_id).status is RunStatus.FAILED
    assert f"The run `{child.id}` of `Sub` was canceled: Canceled by ann." in (step_of(office, run_id).error or "")


def test_to_cancel_the_parent_cancels_its_children_and_theirs(office: Office):
    middle = workflow(
        "middle",
        [START, node("call", "workflow", workflowId="sub", mode="run"), END],
        ["start -> call", "call -> end"],
    )
    main = workflow(
        "main",
        [START, node("call", "workflow", workflowId="middle", mode="run"), END],
        ["start -> call", "call -> end"],
    )
    run_id = start(office, main, middle, sub(node("ask", "human_approval")))
    let_ticks_pass(office)
    [child] = children_of(office, run_id)
    [grandchild] = children_of(office, child.id)
    assert grandchild.status is RunStatus.RUNNING

    cancel_run(office.services, office.instance, run_id, by="ann")

    assert [office.run(one).status for one in (run_id, child.id, grandchild.id)] == [RunStatus.CANCELED] * 3
    assert office.dagster_status(grandchild.id) is dg.DagsterRunStatus.CANCELED
    let_ticks_pass(office)


def test_a_child_of_a_canceled_run_is_not_started(office: Office):
    run_id = start(office, calling(), sub())

    cancel_run(office.services, office.instance, run_id, by="ann")
    let_ticks_pass(office)

    assert children_of(office, run_id) == []


def test_a_child_whose_parent_dagster_canceled_is_canceled_at_the_next_tick(office: Office):
    run_id = start(office, calling(), sub(node("ask", "human_approval")))
    let_ticks_pass(office)
    [child] = children_of(office, run_id)
    parked = office.instance.get_run_by_id(run_id)
    assert parked
    office.instance.report_run_canceled(parked)

    let_ticks_pass(office)

    assert [office.run(one).status for one in (run_id, child.id)] == [RunStatus.CANCELED] * 2


def test_a_retry_goes_on_with_the_child_from_where_that_failed(office: Office):
    run = execute(office, calling(input={}), sub(noting("first"), node("ask", "human_approval"), noting("second")))
    [child] = children_of(office, run.id)
    office.answer(child.id, "ask", {"approved": False, "comment": "no"})
    let_ticks_pass(office)
    assert office.run(run.id).status is RunStatus.FAILED

    retry_run(office.services, office.instance, run.id, by="ann")
    let_ticks_pass_in_queue(office, run.id)
    office.answer(child.id, "ask", {"approved": True})
    let_ticks_pass(office)

    assert office.run(run.id).status is RunStatus.SUCCEEDED
    assert [one.id for one in children_of(office, run.id)] == [child.id]
    assert CALLS == ["draft", "first", "second", "publish"]


def let_ticks_pass_in_queue(office: Office, run_id: str) -> None:
    """As `let_ticks_pass`, for a launch that is prepared and not queued."""
    execute_submitted(office.services, office.instance, office.run(run_id).launches[-1])
    let_ticks_pass(office)


def test_a_retry_after_a_canceled_child_asks_for_another(office: Office):
    run_id = start(office, calling(), sub(node("ask", "human_approval")))
    let_ticks_pass(office)
    [first] = children_of(office, run_id)
    cancel_run(office.services, office.instance, first.id, by="ann")
    let_ticks_pass(office)

    retry_run(office.services, office.instance, run_id, by="ann")
    let_ticks_pass_in_queue(office, run_id)
    second = children_of(office, run_id)[-1]
    office.answer(second.id, "ask", {"approved": True})
    let_ticks_pass(office)

    assert second.id != first.id
    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert step_of(office, run_id).child_run_id == second.id


def test_a_child_that_was_retried_by_itself_is_taken_as_it_is(office: Office):
    run_id = start(office, calling(), sub(node("ask", "human_approval"), output="fine"))
    let_ticks_pass(office)
    [child] = children_of(office, run_id)
    office.answer(child.id, "ask", {"approved": False})
    let_ticks_pass(office)
    retry_run(office.services, office.instance, child.id, by="ann")
    let_ticks_pass_in_queue(office, child.id)
    office.answer(child.id, "ask", {"approved": True})
    let_ticks_pass(office)
    assert (office.run(child.id).status, office.run(run_id).status) == (RunStatus.SUCCEEDED, RunStatus.FAILED)

    retry_run(office.services, office.instance, run_id, by="ann")
    let_ticks_pass_in_queue(office, run_id)

    assert office.run(run_id).output == "fine"
    assert len(children_of(office, run_id)) == 1


def test_a_child_that_takes_too_long_fails_the_step_and_is_canceled(office: Office):
    run_id = start(office, calling(timeoutSeconds=0.001), sub(node("ask", "human_approval")))

    let_ticks_pass(office)

    assert "longer than this node's timeoutSeconds" in (step_of(office, run_id).error or "")
    assert all(child.status is RunStatus.CANCELED for child in children_of(office, run_id))


def test_a_retry_before_an_abandoned_child_is_canceled_does_not_leave_it_to_itself(office: Office):
    run_id = start(office, calling(timeoutSeconds=60), sub(node("ask", "human_approval")))
    let_ticks_pass(office)
    with office.services.store.begin() as tx:
        tx.execute(waits.update().where(waits.c.run_id == run_id).values(due_at=now(tx)))
    with office.services.store.read() as connection:
        [due] = list_due_waits(connection)
    assert end_due_wait(office.services, due)
    assert office.run(run_id).status is RunStatus.FAILED

    retry_run(office.services, office.instance, run_id, by="ann")
    let_ticks_pass_in_queue(office, run_id)

    assert [child.status for child in children_of(office, run_id)] == [RunStatus.CANCELED, RunStatus.RUNNING]
    assert step_of(office, run_id).child_run_id == children_of(office, run_id)[-1].id


@pytest.fixture
def workers_that_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that die before they can follow up what their launch means for other runs."""
    monkeypatch.setattr(jobs, "_CHILD_RUNS", NOBODY)


@pytest.mark.usefixtures("workers_that_say_nothing")
def test_whoever_comes_second_starts_and_ends_nothing(office: Office):
    run_id = start(office, calling(), sub())
    with office.services.store.read() as connection:
        [due] = list_due_children(connection)

    assert control_children.submit_child(office.services, office.instance, due)
    assert not control_children.submit_child(office.services, office.instance, due)
    [child] = children_of(office, run_id)
    execute_submitted(office.services, office.instance, child.id)
    with office.services.store.read() as connection:
        started = find_child(connection, due.step_id)
    assert started
    assert end_child(office.services, started)
    assert not end_child(office.services, started)
    assert resume_run(office.services, office.instance, run_id)
    assert office.event_types(run_id).count(EventType.STEP_COMPLETED) == 3


@pytest.mark.usefixtures("workers_that_say_nothing")
def test_the_web_server_starts_children_and_says_which_runs_may_go_on(office: Office):
    run_id = start(office, calling(), sub())

    assert tend_children(office.services, office.instance, do_all_in_silence).run_ids == []
    [child] = children_of(office, run_id)
    execute_submitted(office.services, office.instance, child.id)

    assert tend_children(office.services, office.instance, do_all_in_silence).run_ids == [run_id]
    assert step_of(office, run_id).status is StepStatus.SUCCEEDED


@pytest.mark.usefixtures("workers_that_say_nothing")
def test_the_tick_that_ends_a_run_with_its_child_tells_dagster(office: Office):
    run_id = start(office, calling(), sub(outcome="failed"))
    run_maintenance(office.services, office.instance)
    [child] = children_of(office, run_id)
    execute_submitted(office.services, office.instance, child.id)

    run_maintenance(office.services, office.instance)

    assert office.run(run_id).status is RunStatus.FAILED
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.FAILURE


def for_each(**config: Any) -> Workflow:
    """A run of `sub` for each item, and the list of what these gave."""
    each = node("each", "branch", mode="each", items="context.input", join="end")
    call = node("call", "workflow", workflowId="sub", mode="run", input={"item": "{{ context.item }}"}, **config)
    return workflow("main", [START, each, call, END], ["start -> each", "each -> call", "call -> end"], name="Main")


def test_each_item_gets_a_run_of_its_own_in_its_place(office: Office):
    run_id = start(office, for_each(), sub(output="{{ context.input.item }}"), run_input=["a", "b", "c"])

    let_ticks_pass(office)

    assert office.run(run_id).output == ["a", "b", "c"]
    assert sorted(child.input["item"] for child in children_of(office, run_id)) == ["a", "b", "c"]
    assert len(office.run(run_id).launches) == 2, "one that begins them, and one behind all of them"


def test_as_many_runs_as_it_says_go_on_at_once_and_the_others_wait_for_their_turn(office: Office):
    asking = sub(node("ask", "human_approval"), output="{{ context.input.item }}")
    run_id = start(office, for_each(concurrency=2), asking, run_input=[*range(5)])
    let_ticks_pass(office)

    seen: list[int] = []
    while not office.run(run_id).status.is_end:
        going_on = [child for child in children_of(office, run_id) if not child.status.is_end]
        seen.append(len(going_on))
        assert len(going_on) == len([step for step in steps_of(office, run_id) if is_at_work(step)])
        office.answer(going_on[-1].id, "ask", {"approved": True})
        let_ticks_pass(office)

    assert seen == [2, 2, 2, 2, 1]
    assert office.run(run_id).output == [0, 1, 2, 3, 4]


def test_turns_come_in_the_order_of_the_items(office: Office):
    run_id = start(office, for_each(concurrency=1), sub(output="{{ context.input.item }}"), run_input=[*range(12)])
    let_ticks_pass(office, most=40)

    assert office.run(run_id).output == [*range(12)]
    _, *begun = [child.input["item"] for child in children_of(office, run_id)]
    assert begun == sorted(begun), "the first is that whose step came first"


def test_a_run_that_waits_for_others_still_is_not_locked_to_see_that(office: Office):
    asking = sub(node("ask", "human_approval"))
    run_id = start(office, for_each(), asking, run_input=["a", "b"])
    let_ticks_pass(office)
    first, _ = children_of(office, run_id)
    office.answer(first.id, "ask", {"approved": True})
    let_ticks_pass(office)
    [waiting] = [step for step in steps_of(office, run_id) if step.status is StepStatus.WAITING]
    assert waiting.child_run_id != first.id

    with ThreadPoolExecutor(1) as thread, office.services.store.begin() as tx:
        lock_run(tx, run_id)
        looking = thread.submit(resume_run, office.services, office.instance, run_id)
        assert looking.result(FAR_TOO_LONG_SECONDS) is None


def is_at_work(step: Step) -> bool:
    return step.status is StepStatus.WAITING and step.child_run_id is not None


def test_children_that_wait_for_their_turn_are_never_started_when_the_run_is_canceled(office: Office):
    run_id = start(office, for_each(concurrency=1), sub(node("ask", "human_approval")), run_input=[1, 2, 3])
    let_ticks_pass(office)

    cancel_run(office.services, office.instance, run_id, by="ann")
    let_ticks_pass(office)

    assert [child.status for child in children_of(office, run_id)] == [RunStatus.CANCELED]
    assert {step.status for step in steps_of(office, run_id) if step.node_id == "call"} == {StepStatus.CANCELED}


def test_a_list_in_a_list_is_a_run_for_each_item_of_the_outer_one(office: Office):
    inner = workflow(
        "sub",
        [
            START,
            node("each", "branch", mode="each", items="context.input.item", join="end"),
            node("keep", "tool", toolId="note", input={"what": "{{ context.item }}"}),
            node("end", "end", output="{{ context.last_output }}"),
        ],
        ["start -> each", "each -> keep", "keep -> end"],
    )
    run = execute(office, for_each(concurrency=2), inner, run_input=[["a", "b"], ["c"], []])

    assert run.output == [[{"text": "a"}, {"text": "b"}], [{"text": "c"}], []]
    assert sorted(CALLS) == ["a", "b", "c"]


def test_an_item_whose_child_failed_fails_the_run_and_the_others_go_on(office: Office):
    choosing = sub(
        node("check", "tool", toolId="note", input={"what": "{{ context.input.item.name }}"}),
        output="{{ context.input.item.name }}",
    )
    run = execute(office, for_each(), choosing, run_input=[{"name": "a"}, {}, {"name": "c"}])

    assert run.status is RunStatus.FAILED
    assert "`call`, item 1: The run" in (run.error or "")
    assert sorted(child.status.value for child in children_of(office, run.id)) == ["failed", "succeeded", "succeeded"]


def test_each_round_of_a_loop_asks_for_a_run_of_its_own(office: Office):
    nodes = [
        START,
        node("call", "workflow", workflowId="sub", mode="run", input={"round": "{{ context.round }}"}),
        node("good", "branch"),
        END,
    ]
    edges = ["start -> call", "call -> good", "good -> call if context.last_output.round < 2", "good -> end"]
    main = workflow("main", nodes, edges)
    back = main.graph.edges[2].model_copy(update={"max_rounds": 3})
    graph = main.graph.model_copy(update={"edges": [*main.graph.edges[:2], back, main.graph.edges[3]]})

    run = execute(office, main.model_copy(update={"graph": graph}), sub())

    assert (run.status, run.output) == (RunStatus.SUCCEEDED, {"round": 2})
    assert [child.input for child in children_of(office, run.id)] == [{"round": 1}, {"round": 2}]
    assert {step.path for step in steps_of(office, run.id) if step.child_run_id} == {"#1", "#2"}


def test_an_inlined_workflow_asks_for_runs_as_its_caller_would(office: Office):
    inlined = for_each(concurrency=1).model_copy(update={"id": "inlined", "name": "Inlined"})
    main = workflow(
        "main",
        [START, node("call", "workflow", workflowId="inlined"), node("end", "end")],
        ["start -> call", "call -> end"],
    )
    run = execute(office, main, inlined, sub(output="{{ context.input.item }}"), run_input=["a", "b"])

    assert (run.status, run.output) == (RunStatus.SUCCEEDED, ["a", "b"])
    assert {step.path for step in steps_of(office, run.id) if step.child_run_id} == {"call/[0]", "call/[1]"}


def test_two_calls_of_one_workflow_do_not_share_the_places_of_its_children(office: Office):
    asking = node("ask", "workflow", workflowId="sub", mode="run", concurrency=1)
    inlined = workflow("inlined", [START, asking, END], ["start -> ask", "ask -> end"])
    each = node("each", "branch", mode="each", items="context.input", join="end")
    calls = [node(name, "workflow", workflowId="inlined") for name in ("left", "right")]
    edges = ["start -> each", "each -> draft", "draft -> left", "draft -> right", "left -> end", "right -> end"]
    main = workflow("main", [START, each, noting("draft"), *calls, END], edges)
    run_id = start(office, main, inlined, sub(node("ask", "human_approval")), run_input=[1, 2])

    let_ticks_pass(office)

    at_work = [step for step in steps_of(office, run_id) if is_at_work(step)]
    assert len(at_work) == 2, "one item of each call"
    assert len({step.path.rpartition("/")[2] for step in at_work}) == 2


def catching() -> Workflow:
    """Behind a child that failed what is said of it; else what it gave."""
    call = node("call", "workflow", workflowId="sub", mode="run")
    sorry = node("sorry", "end", output="{{ context.error }}")
    edges = ["start -> call", "call -> end", "call -> sorry on error"]
    return workflow("main", [START, call, END, sorry], edges, name="Main")


def test_a_child_that_failed_is_caught_with_its_code(office: Office):
    run = execute(office, catching(), sub(output="out of paper", outcome="failed"))

    assert run.status is RunStatus.SUCCEEDED
    assert (run.output["code"], run.output["nodeId"]) == ("child_failed", "call")
    assert "of `Sub` failed: out of paper" in run.output["message"]
    assert step_of(office, run.id).status is StepStatus.FAILED


def test_a_child_that_was_canceled_is_caught_too(office: Office):
    run_id = start(office, catching(), sub(node("ask", "human_approval")))
    let_ticks_pass(office)
    [child] = children_of(office, run_id)

    cancel_run(office.services, office.instance, child.id, by="ann")
    let_ticks_pass(office)

    assert office.run(run_id).output["code"] == "child_failed"


def test_what_stands_in_for_a_child_that_failed_is_the_output(office: Office):
    fallback = {"output": {"letter": None, "why": "{{ context.error.code }}"}}
    run = execute(office, calling(onError=fallback), sub(outcome="failed"))

    assert run.status is RunStatus.SUCCEEDED
    assert run.output == {"letter": None, "why": "child_failed"}


def test_a_child_for_which_its_workflow_has_no_place_fails_its_step(office: Office):
    full = sub(node("ask", "human_approval"), concurrency={"max": 1, "onLimit": "skip"})
    run_id = start(office, for_each(), full, run_input=[1, 2])
    let_ticks_pass(office)

    [child] = children_of(office, run_id)
    failed = [step for step in steps_of(office, run_id) if step.status is StepStatus.FAILED]
    assert len(failed) == 1
    assert f"1 of at most 1 is open: `{child.id}`" in (failed[0].error or "")


def test_a_child_that_failed_and_for_which_there_is_no_place_any_more_fails_its_step(office: Office):
    full = sub(node("ask", "human_approval"), concurrency={"max": 1, "onLimit": "skip"})
    run_id = start(office, calling(input={}), full)
    let_ticks_pass(office)
    [child] = children_of(office, run_id)
    office.answer(child.id, "ask", {"approved": False})
    let_ticks_pass(office)
    other = prepare_launch(office.services, office.instance, full, {}, launched_by="test")

    retry_run(office.services, office.instance, run_id, by="ann")
    let_ticks_pass_in_queue(office, run_id)

    assert office.run(run_id).status is RunStatus.FAILED
    assert f"1 of at most 1 is open: `{other.run_id}`" in (step_of(office, run_id).error or "")
    assert office.run(child.id).status is RunStatus.FAILED


def test_a_child_waits_for_a_place_among_the_runs_of_its_workflow(office: Office):
    full = sub(output="{{ context.input.item }}", concurrency={"max": 1, "onLimit": "queue"})
    run_id = start(office, for_each(), full, run_input=[1, 2, 3])

    let_ticks_pass(office)

    assert office.run(run_id).output == [1, 2, 3]


def test_the_model_calls_of_a_child_count_toward_the_budgets_around_it(office: Office):
    helper = Agent.model_validate({"id": "helper", "name": "Helper", "modelProvider": "local", "modelName": "small"})
    save(office.services, helper)
    asks = [node(name, "agent", agentId="helper", prompt="Say so.") for name in ("first", "second", "third")]
    main = calling(budget={"calls": 5}).model_copy(update={"budget": Budget(calls=2)})

    run = execute(office, main, sub(*asks))

    assert run.status is RunStatus.FAILED
    with office.services.store.read() as connection:
        used = {use.name: use.calls for use in list_budget_uses(connection, run.id)}
        [child] = page_runs(connection, RunFilter(parent_run_id=run.id), limit=5).items
        failed = [step for step in list_steps(connection, child.id) if step.status is StepStatus.FAILED]
        assert len(list_budget_uses(connection, child.id)) == 2
    assert used == {"the run": 2, "the node `call`": 2}
    assert [(step.node_id, step.code) for step in failed] == [("third", FaultCode.BUDGET_EXCEEDED)]
