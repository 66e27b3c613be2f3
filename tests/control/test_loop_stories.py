"""What people do with loops: ask again with a remark, go on after a failure or a kill, cancel, on every executor."""

import os
import signal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.retry import retry_run
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus, Tool, Workflow
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.launches import find_launch
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.tools import tool
from tests.control.dagster_actions import execute_launch, reexecute_from_failure, reexecute_steps
from tests.control.office import APPROVED, CALLS, Office, noting
from tests.control.test_dead_workers import Worker, wait_until
from tests.control.test_multiprocess import SAY
from tests.shapes import function_tool, node, save, workflow

only_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def no_calls_yet() -> None:
    CALLS.clear()


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


def statuses(office: Office, run_id: str) -> dict[str, StepStatus]:
    """By node and path."""
    with office.services.store.read() as connection:
        return {f"{step.node_id}{step.path}": step.status for step in list_steps(connection, run_id)}


def list_begun(office: Office, run_id: str, launch_id: str | None = None) -> list[str]:
    with office.services.store.read() as connection:
        events = [each for each in list_events(connection, run_id) if each.type is EventType.STEP_STARTED]
    mine = [each.payload for each in events if launch_id in (None, each.payload["launchId"])]
    return [f"{payload['nodeId']}{payload['path']}" for payload in mine]


def draft_until_approved(*ways: str) -> Workflow:
    draft = 'draft {{ context.round }}: {{ context.round > 1 ? context.outputs.ask.comment : "-" }}'
    nodes = [node("start", "start"), node("draft", "tool", toolId="note", input={"what": draft})]
    nodes += [node("ask", "human_approval", payload="{{ context.last_output.text }}"), node("end", "end")]
    nodes[-1]["config"]["output"] = "{{ context.outputs.draft.text }}"
    edges = ["start -> draft", "draft -> ask", "ask -> draft if !context.last_output.approved, 3 rounds"]
    return workflow("w", nodes, [*edges, *ways])


def reject(office: Office, run_id: str, comment: str) -> None:
    office.answer(run_id, "ask", {"approved": False, "comment": comment})
    office.continue_run(run_id)


def test_what_was_rejected_is_drafted_again_with_the_remark_and_asked_again(office: Office):
    run_id = office.start(draft_until_approved("ask -> end"))
    reject(office, run_id, "shorter")
    reject(office, run_id, "friendlier")
    assert (office.run(run_id).status, len(office.run(run_id).waiting_on)) == (RunStatus.RUNNING, 1)
    office.answer(run_id, "ask", {"approved": True})
    office.continue_run(run_id)

    run = office.run(run_id)
    assert CALLS == ["draft 1: -", "draft 2: shorter", "draft 3: friendlier"]
    assert (run.status, run.output, len(run.launches)) == (RunStatus.SUCCEEDED, "draft 3: friendlier", 4)
    assert [office.dagster_status(launch) for launch in run.launches] == [dg.DagsterRunStatus.SUCCESS] * 4


def test_a_rejection_in_the_last_round_goes_the_default_way(office: Office):
    run_id = office.start(draft_until_approved("ask -> end"))
    for comment in ("a", "b", "c"):
        reject(office, run_id, comment)
    assert (office.run(run_id).status, len(CALLS)) == (RunStatus.SUCCEEDED, 3)


def test_without_a_default_way_it_is_taken_and_fails_the_step_with_the_rounds(office: Office):
    run_id = office.start(draft_until_approved("ask -> end if context.last_output.approved"))
    for comment in ("a", "b", "c"):
        reject(office, run_id, comment)

    run = office.run(run_id)
    assert (run.status, len(CALLS)) == (RunStatus.FAILED, 3)
    assert "3 rounds were played" in str(run.error)
    assert statuses(office, run_id)["ask#3"] is StepStatus.FAILED


def test_a_run_is_canceled_in_its_second_round(office: Office):
    run_id = office.start(draft_until_approved("ask -> end"))
    reject(office, run_id, "again")
    cancel_run(office.services, office.instance, run_id, by="ann")
    reconcile_run(office.services, office.instance, run_id)

    assert office.run(run_id).status is RunStatus.CANCELED
    found = statuses(office, run_id)
    assert (found["ask#1"], found["ask#2"]) == (StepStatus.SUCCEEDED, StepStatus.CANCELED)
    assert "draft#3" not in found


BROKEN: list[int] = []


@tool
def work(number: int) -> dict[str, int]:
    CALLS.append(f"work {number}")
    if number in BROKEN:
        raise RuntimeError("the machine is broken")
    return {"n": number}


def count_to(rounds: int, **config: Any) -> Workflow:
    nodes = [
        node("start", "start"),
        node("work", "tool", toolId="work", input={"number": "{{ context.round }}"}, **config),
    ]
    nodes += [node("more", "branch"), node("end", "end", output="{{ context.outputs.work.n }}")]
    edges = ["start -> work", "work -> more", f"more -> work if context.round < {rounds}, 20 rounds", "more -> end"]
    return workflow("w", nodes, edges)


@pytest.fixture
def broken_in_round_3(office: Office) -> str:
    """A run that failed in its third round; what was broken is mended."""
    save(office.services, function_tool("work"))
    BROKEN[:] = [3]
    run_id = office.start(count_to(5))
    assert (office.run(run_id).status, statuses(office, run_id)["work#3"]) == (RunStatus.FAILED, StepStatus.FAILED)
    BROKEN.clear()
    CALLS.clear()
    return run_id


def test_a_retry_goes_on_in_the_round_that_failed(office: Office, broken_in_round_3: str):
    launch = retry_run(office.services, office.instance, broken_in_round_3, by="ann")
    run_in_place(office.services, office.instance, launch)

    run = office.run(broken_in_round_3)
    assert (run.status, run.output, CALLS) == (RunStatus.SUCCEEDED, 5, ["work 3", "work 4", "work 5"])


def test_dagsters_from_failure_goes_on_in_the_round_that_failed(office: Office, broken_in_round_3: str):
    launch_id = reexecute_from_failure(office.instance, broken_in_round_3)
    execute_launch(office.services, office.instance, launch_id)

    assert (CALLS, office.dagster_status(launch_id)) == (["work 3", "work 4", "work 5"], dg.DagsterRunStatus.SUCCESS)
    with office.services.store.read() as connection:
        launch = find_launch(connection, launch_id)
    assert launch
    assert office.run(launch.run_id).status is RunStatus.SUCCEEDED


def test_dagsters_from_failure_goes_on_with_all_that_stands_behind_the_loop(office: Office):
    """Two calls deep, and with several steps behind it: what Dagster saw skipped it would not execute again."""
    save(office.services, function_tool("work"), count_to(5).model_copy(update={"id": "count"}))
    for identity, other in (("between", "count"), ("twice", "between")):
        nodes = [
            node("start", "start"),
            node("call", "workflow", workflowId=other),
            node("after", "tool", toolId="note"),
        ]
        nodes[-1]["config"]["input"] = {"what": f"after {other}: {{{{ context.last_output }}}}"}
        edges = ["start -> call", "call -> after", "after -> end"]
        save(office.services, function_tool("note"), flow := workflow(identity, [*nodes, node("end", "end")], edges))
    BROKEN[:] = [3]
    run_id = office.start(flow)
    failed = [log.step_key for log in office.instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)]
    assert (office.run(run_id).status, failed) == (RunStatus.FAILED, ["call.call.work_round_3.work"])
    executed = {log.step_key for log in office.instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)}
    assert "call.call.end" not in executed, "what stands behind a loop is not looked at before the loop is over"
    BROKEN.clear()
    CALLS.clear()

    execute_launch(office.services, office.instance, reexecute_from_failure(office.instance, run_id))

    assert (office.run(run_id).status, office.run(run_id).error) == (RunStatus.SUCCEEDED, None)
    assert CALLS == ["work 3", "work 4", "work 5", "after count: 5", 'after between: {"text":"after count: 5"}']


def test_dagsters_selection_of_one_step_of_a_round_executes_that_step(office: Office, broken_in_round_3: str):
    launch_id = reexecute_steps(office.instance, broken_in_round_3, ["work_round_3.work"])
    execute_launch(office.services, office.instance, launch_id)
    assert CALLS == ["work 3"]


def test_a_selection_with_a_gap_between_its_rounds_says_which_nodes_could_not_run(office: Office):
    save(office.services, function_tool("work"))
    run_id = office.start(count_to(4))
    steps = ["work_round_2.work", *(f"work_round_{number}.more" for number in (3, 4))]
    launch_id = reexecute_steps(office.instance, run_id, steps)
    execute_launch(office.services, office.instance, launch_id)

    run = office.run(launch_id)
    assert (run.status, CALLS[4:]) == (RunStatus.FAILED, ["work 2"])
    assert (run.error or "").startswith("`more` could not run: what stands before"), run.error


def test_all_rounds_of_a_loop_may_be_selected_however_many_are_played(office: Office, broken_in_round_3: str):
    steps = [f"work_round_{number}.{name}" for number in range(3, 21) for name in ("work", "more")]
    launch_id = reexecute_steps(office.instance, broken_in_round_3, steps)
    execute_launch(office.services, office.instance, launch_id)

    run = office.run(broken_in_round_3)
    assert (run.error, CALLS) == (None, ["work 3", "work 4", "work 5"])


def test_a_step_in_a_round_is_tried_again_as_its_node_says(office: Office):
    save(office.services, function_tool("work"))
    BROKEN[:] = [2]
    run_id = office.start(count_to(3, retry={"maxAttempts": 2, "delaySeconds": 0}, pool="machines"))
    BROKEN.clear()

    assert CALLS == ["work 1", "work 2", "work 2"]
    with office.services.store.read() as connection:
        found = {f"{step.node_id}{step.path}": step.attempt for step in list_steps(connection, run_id)}
    assert (found["work#1"], found["work#2"]) == (1, 2)
    assert {event.step_key for event in office.instance.all_logs(run_id) if event.is_dagster_event} >= {
        "work_round_1.work",
        "work_round_2.work",
    }


@only_sqlite
def test_a_worker_that_was_killed_in_round_3_has_done_rounds_1_and_2_for_good(
    services: Services, instance: dg.DagsterInstance, tmp_path: Path
):
    nodes = [node("start", "start"), node("call", "tool", toolId="recorder", input={}), node("more", "branch")]
    edges = ["start -> call", "call -> more", "more -> call if context.round < 4, 9 rounds", "more -> end"]
    save(services, function_tool("recorder"), workflow("w", [*nodes, node("end", "end")], edges))
    worker = Worker(tmp_path, seconds=2)
    try:
        wait_until(lambda: len(worker.calls) == 3)
        os.kill(worker.process.pid, signal.SIGKILL)
    finally:
        worker.end()
    wait_until(lambda: reconcile_run(services, instance, worker.run_id))
    before = worker.calls

    @tool
    def recorder(idempotency_key: str) -> dict[str, str]:  # pyright: ignore[reportUnusedFunction]
        CALLS.append(idempotency_key)
        return {"key": idempotency_key}

    run_in_place(services, instance, retry_run(services, instance, worker.run_id, by="ann"))

    office = Office(services, instance)
    assert office.run(worker.run_id).status is RunStatus.SUCCEEDED
    assert len(CALLS) == 2
    assert CALLS[0] == before[2], "the same step, so the same key"
    assert len({*before, *CALLS}) == 4


@only_sqlite
@pytest.mark.parametrize("executor", ["in_process", "threads"])
def test_ten_rounds_on_each_executor(services: Services, instance: dg.DagsterInstance, monkeypatch: Any, executor: str):
    monkeypatch.setenv("AGENTMESH_EXECUTOR", executor)
    get_settings.cache_clear()
    office = Office(open_services(), instance)
    save(office.services, function_tool("work"))

    run_id = office.start(count_to(10))

    assert (office.run(run_id).status, office.run(run_id).output) == (RunStatus.SUCCEEDED, 10)
    assert [f"work {number}" for number in range(1, 11)] == CALLS
    assert list_begun(office, run_id)[-3:] == ["work#10", "more#10", "end"]


@only_sqlite
def test_rounds_of_each_item_on_processes(services: Services, instance: dg.DagsterInstance, monkeypatch: Any):
    monkeypatch.setenv("AGENTMESH_EXECUTOR", "multiprocess")
    get_settings.cache_clear()
    office = Office(open_services(), instance)
    save(office.services, Tool.model_validate(SAY))
    nodes = [node("start", "start"), node("split", "branch", mode="each", items="[1, 2]", join="end")]
    nodes += [node("say", "tool", toolId="say", input={"template": "{{ context.item }}.{{ context.round }}"})]
    nodes += [node("more", "branch"), node("end", "end")]
    nodes.insert(4, node("kept", "tool", toolId="say", input={"template": "{{ context.outputs.say.text }}"}))
    edges = ["start -> split", "split -> say", "say -> more", "more -> say if context.round < context.item, 9 rounds"]

    run_id = office.start(workflow("w", nodes, [*edges, "more -> kept", "kept -> end"]))

    run = office.run(run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, [{"text": "1.1"}, {"text": "2.2"}]), run.error


def test_behind_a_gate_in_a_loop_around_an_each_with_a_loop_the_run_goes_on(office: Office):
    """The second round is never begun, so its `each` never is, and no loop in that is waited for."""
    each = node("split", "branch", mode="each", items=[1], join="all")
    nodes = [node("start", "start"), noting("plan"), each, noting("work"), node("enough", "branch"), noting("all")]
    nodes += [node("ask", "human_approval"), noting("publish"), node("end", "end")]
    edges = ["start -> plan", "plan -> split", "split -> work", "work -> enough", "enough -> all", "all -> ask"]
    edges += [
        "enough -> work if context.item > context.round, 2 rounds",
        "ask -> publish if context.last_output.approved",
    ]
    edges += ["ask -> plan if !context.last_output.approved, 2 rounds", "publish -> end"]
    run_id = office.start(workflow("w", nodes, edges))

    office.answer(run_id, "ask", APPROVED)
    office.continue_run(run_id)

    assert (office.run(run_id).status, office.run(run_id).error) == (RunStatus.SUCCEEDED, None)
    assert CALLS == ["plan", "work", "all", "publish"]
