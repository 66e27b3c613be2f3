"""Dagster's own actions on the launches of a run: each has one rule."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest

from agentmesh_dagster.control.adopt import adopt_launches
from agentmesh_dagster.control.dagster_internals import CheckError
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import submit_resume
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus, Workflow
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.tools import tool
from tests.control.dagster_actions import (
    execute_launch,
    reexecute_all,
    reexecute_from_failure,
    reexecute_steps,
)
from tests.control.office import APPROVED, CALLS, Office, noting
from tests.shapes import function_tool, node, save, workflow

SUCCESS = dg.DagsterRunStatus.SUCCESS


@pytest.fixture(autouse=True)
def no_calls_yet() -> None:
    CALLS.clear()


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


@tool
def note_if_mended(mark: str) -> str:
    """Fails until the file `mark` is there."""
    CALLS.append("publish")
    if not Path(mark).exists():
        raise RuntimeError("the printer is on fire")
    return "published"


MEANWHILE: list[Callable[[], None]] = []


@tool
def interrupt() -> None:
    """Lets something happen while the step is at work."""
    MEANWHILE.pop()()


def draft_gate_broken(mark: Path) -> Workflow:
    publish = node("publish", "tool", toolId="note_if_mended", input={"mark": str(mark)})
    nodes = [node("start", "start"), noting("draft"), node("gate", "human_approval"), publish]
    nodes.append(node("end", "end", output="{{ context.outputs.gate }}"))
    return workflow("w", nodes, ["start -> draft", "draft -> gate", "gate -> publish", "publish -> end"])


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "mended"


@pytest.fixture
def failed(office: Office, mark: Path) -> str:
    """A run that was answered, and whose step behind the gate has failed."""
    save(office.services, function_tool("note_if_mended"))
    run_id = office.start(draft_gate_broken(mark))
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.FAILED
    return run_id


def execute(office: Office, launch_id: str) -> None:
    execute_launch(office.services, office.instance, launch_id)


def test_from_failure_behind_a_gate_goes_on_with_the_same_run_and_asks_nobody(office: Office, failed: str, mark: Path):
    mark.touch()
    again = reexecute_from_failure(office.instance, office.run(failed).launches[-1])
    execute(office, again)

    run = office.run(failed)
    assert (run.status, run.output, run.error) == (RunStatus.SUCCEEDED, APPROVED, None)
    assert len(run.launches) == 3
    assert run.launches[-1] == again
    assert CALLS == ["draft", "publish", "publish"]
    assert office.event_types(failed).count(EventType.GATE_ANSWERED) == 1
    assert office.dagster_status(again) is SUCCESS


def test_from_failure_again_and_again_stays_one_run(office: Office, failed: str, mark: Path):
    for _ in range(2):
        execute(office, reexecute_from_failure(office.instance, office.run(failed).launches[-1]))
        assert office.run(failed).status is RunStatus.FAILED
    mark.touch()
    execute(office, reexecute_from_failure(office.instance, office.run(failed).launches[-1]))

    run = office.run(failed)
    assert run.status is RunStatus.SUCCEEDED
    assert len(run.launches) == 5
    assert ["draft", *["publish"] * 4] == CALLS


def test_from_failure_waits_at_a_gate_that_comes_later(office: Office, mark: Path):
    save(office.services, function_tool("note_if_mended"))
    publish = node("publish", "tool", toolId="note_if_mended", input={"mark": str(mark)})
    nodes = [node("start", "start"), publish, node("gate", "human_approval"), noting("last"), node("end", "end")]
    flow = workflow("w", nodes, ["start -> publish", "publish -> gate", "gate -> last", "last -> end"])
    run_id = office.start(flow)
    assert office.run(run_id).status is RunStatus.FAILED
    mark.touch()

    again = reexecute_from_failure(office.instance, run_id)
    execute(office, again)
    assert office.dagster_status(again) is dg.DagsterRunStatus.SUSPENDED
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert CALLS == ["publish", "publish", "last"]
    assert len(office.run(run_id).launches) == 3


def test_all_steps_is_a_new_run_that_asks_anew_and_leaves_the_old_one(office: Office, failed: str, mark: Path):
    mark.touch()
    before = office.run(failed)
    again = reexecute_all(office.instance, failed)
    execute(office, again)

    new = office.run(again)
    assert (new.id, new.launches) == (again, [again])
    assert new.waiting_on == [office.gate(again, "gate")]
    assert office.run(failed) == before
    office.answer(again, "gate", APPROVED)
    office.continue_run(again)
    assert office.run(again).status is RunStatus.SUCCEEDED
    assert CALLS == ["draft", "publish", "draft", "publish"]


def test_all_steps_of_a_resume_is_a_new_run_too(office: Office, failed: str):
    again = reexecute_all(office.instance, office.run(failed).launches[-1])
    execute(office, again)

    assert office.run(again).launches == [again]
    assert office.run(again).waiting_on
    assert CALLS == ["draft", "publish", "draft"]


def test_selected_steps_that_had_ended_are_a_new_run_that_takes_over_the_rest(office: Office, failed: str, mark: Path):
    mark.touch()
    execute(office, reexecute_from_failure(office.instance, office.run(failed).launches[-1]))
    done = office.run(failed)
    CALLS.clear()

    again = reexecute_steps(office.instance, done.launches[-1], ["publish", "end"])
    execute(office, again)

    new = office.run(again)
    assert (new.status, new.output) == (RunStatus.SUCCEEDED, APPROVED)
    assert new.launches == [again]
    assert CALLS == ["publish"]
    assert office.statuses(again) == office.statuses(failed)
    assert office.run(failed) == done
    assert office.event_types(again).count(EventType.STEP_WAITING_HUMAN) == 0, "the answer is taken over"


def test_selected_steps_that_had_failed_go_on_with_the_same_run(office: Office, failed: str, mark: Path):
    mark.touch()
    again = reexecute_steps(office.instance, office.run(failed).launches[-1], ["publish", "end"])
    execute(office, again)

    assert office.run(failed).status is RunStatus.SUCCEEDED
    assert office.run(failed).launches[-1] == again
    assert CALLS == ["draft", "publish", "publish"]


def test_a_cancel_of_a_queued_resume_cancels_the_run(office: Office, mark: Path):
    run_id, launch_id = resumed(office, mark)
    office.instance.run_coordinator.cancel_run(launch_id)

    run_maintenance(office.services, office.instance)

    assert office.run(run_id).status is RunStatus.CANCELED
    assert CALLS == ["draft"]
    assert_never_starts_again(office, run_id)


def test_a_resume_deleted_in_dagster_cancels_the_run_and_never_starts_again(office: Office, mark: Path):
    run_id, launch_id = resumed(office, mark)
    office.instance.delete_run(launch_id)

    run_maintenance(office.services, office.instance)

    assert office.run(run_id).status is RunStatus.CANCELED
    assert_never_starts_again(office, run_id)


def test_a_launch_of_an_ended_run_may_be_deleted(office: Office, failed: str, mark: Path):
    mark.touch()
    before = office.run(failed)
    for launch_id in before.launches:
        office.instance.delete_run(launch_id)

    run_maintenance(office.services, office.instance)

    assert office.run(failed) == before
    assert_never_starts_again(office, failed)


@pytest.mark.parametrize("which", ["the suspended parent", "the launch at work"])
@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_a_cancel_or_delete_while_a_step_behind_the_gate_runs_cancels_the_run_for_good(
    office: Office, which: str, action: str
):
    nodes = [node("start", "start"), node("gate", "human_approval"), node("call", "tool", toolId="interrupt", input={})]
    save(office.services, function_tool("interrupt"))
    nodes += [noting("last"), node("end", "end")]
    run_id = office.start(workflow("w", nodes, ["start -> gate", "gate -> call", "call -> last", "last -> end"]))
    office.answer(run_id, "gate", APPROVED)
    launch_id = submit_resume(office.services, office.instance, run_id)
    assert launch_id
    target = office.instance.get_run_by_id(run_id if which == "the suspended parent" else launch_id)
    assert target

    def act() -> None:
        if action == "cancel":
            office.instance.report_run_canceled(target)
        else:
            office.instance.delete_run(target.run_id)
        reconcile_run(office.services, office.instance, run_id)

    MEANWHILE.append(act)
    with suppress(CheckError):  # of a worker whose Dagster run is gone
        execute(office, launch_id)
    run_maintenance(office.services, office.instance)

    assert office.run(run_id).status is RunStatus.CANCELED
    assert office.statuses(run_id)["call"] is StepStatus.CANCELED, "what its worker had to say came too late"
    types = office.event_types(run_id)
    assert types[-1] is EventType.RUN_CANCELED
    assert EventType.RUN_COMPLETED not in types
    assert CALLS == []
    assert_never_starts_again(office, run_id)


def resumed(office: Office, mark: Path) -> tuple[str, str]:
    """A run whose resume stands in Dagster's queue."""
    save(office.services, function_tool("note_if_mended"))
    run_id = office.start(draft_gate_broken(mark))
    office.answer(run_id, "gate", APPROVED)
    launch_id = submit_resume(office.services, office.instance, run_id)
    assert launch_id
    return run_id, launch_id


def assert_never_starts_again(office: Office, run_id: str) -> None:
    calls, launches = list(CALLS), office.run(run_id).launches
    for _ in range(2):
        assert run_maintenance(office.services, office.instance).resumed == []
        assert adopt_launches(office.services, office.instance) == 0
    assert office.run(run_id).launches == launches
    assert calls == CALLS


def test_from_failure_after_an_edit_is_a_new_run_at_what_dagster_has_loaded(office: Office, failed: str, mark: Path):
    mark.touch()
    edited = draft_gate_broken(mark)
    end = edited.graph.nodes[-1].model_copy(update={"config": {"output": "edited"}})
    graph = edited.graph.model_copy(update={"nodes": [*edited.graph.nodes[:-1], end]})
    save(office.services, edited.model_copy(update={"graph": graph}))

    again = reexecute_from_failure(office.instance, office.run(failed).launches[-1])
    execute(office, again)

    assert office.run(failed).status is RunStatus.FAILED
    assert office.run(again).waiting_on == [office.gate(again, "gate")], "nobody has consented to this revision"
    assert CALLS == ["draft", "publish"], "what had ended before the gate was taken over"
    office.answer(again, "gate", APPROVED)
    office.continue_run(again)
    assert (office.run(again).status, office.run(again).output) == (RunStatus.SUCCEEDED, "edited")
    assert CALLS == ["draft", "publish", "publish"]


@tool
def note_item(item: int, mark: str) -> int:
    """Fails for the item 1 until the file `mark` is there."""
    CALLS.append(f"item {item}")
    if item == 1 and not Path(mark).exists():
        raise RuntimeError("not yet")
    return item * 10


def test_from_failure_of_one_item_runs_that_item_alone_again(office: Office, mark: Path):
    work = node("work", "tool", toolId="note_item", input={"item": "{{ context.item }}", "mark": str(mark)})
    nodes = [node("start", "start"), node("split", "branch", mode="each", items="[0, 1, 2]"), work, node("end", "end")]
    save(office.services, function_tool("note_item"))
    run_id = office.start(workflow("each", nodes, ["start -> split", "split -> work", "work -> end"]))
    assert office.run(run_id).status is RunStatus.FAILED

    mark.touch()
    execute(office, reexecute_from_failure(office.instance, run_id))

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert [result["text"] if isinstance(result, dict) else result for result in office.run(run_id).output] == [
        0,
        10,
        20,
    ]
    assert sorted(CALLS) == ["item 0", "item 1", "item 1", "item 2"]
