"""A run that has failed goes on from there: by us, and by Dagster's own button."""

from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import resume_run
from agentmesh_dagster.control.retry import NothingToRetry, retry_run
from agentmesh_dagster.entities.models import EventType, RunStatus, Workflow
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.runtime.answers import Answer, answer_gate, expire_gate
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.gate_history import read_history
from agentmesh_dagster.store.gates import get_gate, list_open_gates
from agentmesh_dagster.store.steps import step_id
from tests.control.dagster_actions import execute_launch, reexecute_from_failure
from tests.control.office import APPROVED, CALLS, Office, draft_gate_publish
from tests.shapes import function_tool, node, save, workflow

REJECTED = {"approved": False, "comment": "not like this"}


@pytest.fixture(autouse=True)
def no_calls_yet() -> None:
    CALLS.clear()


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


@pytest.fixture
def rejected(office: Office) -> str:
    """A run whose gate was rejected."""
    run_id = office.start(draft_gate_publish(instructions="Publish?", payload={"n": 1}))
    office.answer(run_id, "gate", REJECTED)
    reconcile_run(office.services, office.instance, run_id)
    assert office.run(run_id).status is RunStatus.FAILED
    return run_id


def retry(office: Office, run_id: str) -> str:
    launch = retry_run(office.services, office.instance, run_id, by="bob")
    run_in_place(office.services, office.instance, launch)
    return launch.launch_id


def history(office: Office, run_id: str) -> list[tuple[Any, ...]]:
    identity = step_id(run_id, Address("gate"))
    with office.services.store.read() as connection:
        asked = read_history(connection, [identity]).get(identity, [])
    return [(past.state, past.answer, past.answered_by, past.payload) for past in asked]


def test_a_rejected_run_is_continued_and_its_gate_asks_anew_with_its_history(office: Office, rejected: str):
    again = retry(office, rejected)

    run = office.run(rejected)
    assert (run.status, run.error, run.has_failed) == (RunStatus.RUNNING, None, False)
    assert run.launches == [rejected, again]
    assert run.waiting_on == [office.gate(rejected, "gate")]
    assert history(office, rejected) == [("answered", REJECTED, "ann", {"n": 1})]
    assert office.dagster_status(rejected) is dg.DagsterRunStatus.FAILURE
    office.answer(rejected, "gate", APPROVED)
    assert office.continue_run(rejected)
    assert (office.run(rejected).status, office.run(rejected).output) == (RunStatus.SUCCEEDED, APPROVED)
    assert CALLS == ["draft", "publish"], "what had succeeded is kept"
    types = office.event_types(rejected)
    assert [one for one in types if one in (EventType.RUN_STARTED, EventType.RUN_FAILED, EventType.RUN_COMPLETED)] == [
        EventType.RUN_STARTED,
        EventType.RUN_FAILED,
        EventType.RUN_STARTED,
        EventType.RUN_COMPLETED,
    ]
    assert types.count(EventType.GATE_ANSWERED) == 2


def test_it_can_be_rejected_and_continued_again_and_again(office: Office, rejected: str):
    for _ in range(2):
        retry(office, rejected)
        office.answer(rejected, "gate", REJECTED)
        reconcile_run(office.services, office.instance, rejected)
        assert office.run(rejected).status is RunStatus.FAILED

    assert len(history(office, rejected)) == 2


def test_an_expired_gate_asks_anew(office: Office):
    run_id = office.start(draft_gate_publish(deadlineSeconds=3600))
    with office.services.store.read() as connection:
        gate = get_gate(connection, office.gate(run_id, "gate"))
    expire_gate(office.services, gate)
    reconcile_run(office.services, office.instance, run_id)

    retry(office, run_id)

    assert history(office, run_id) == [("expired", None, "deadline", None)]
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.SUCCEEDED


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_run_that_has_not_failed_is_not_continued(office: Office):
    run_id = office.start(draft_gate_publish())
    with pytest.raises(NothingToRetry, match="running"):
        retry_run(office.services, office.instance, run_id, by="bob")
    office.answer(run_id, "gate", APPROVED)
    office.continue_run(run_id)
    with pytest.raises(NothingToRetry, match="succeeded"):
        retry_run(office.services, office.instance, run_id, by="bob")


def test_of_two_retries_one_is_made_and_the_sensor_finishes_one_that_was_left(office: Office, rejected: str):
    first = retry_run(office.services, office.instance, rejected, by="bob")
    with pytest.raises(NothingToRetry):
        retry_run(office.services, office.instance, rejected, by="eve")
    assert resume_run(office.services, office.instance, rejected) is None

    run_in_place(office.services, office.instance, first)
    assert office.run(rejected).launches == [rejected, first.launch_id]
    assert office.run(rejected).waiting_on


def test_dagsters_from_failure_of_a_rejected_run_asks_anew(office: Office, rejected: str):
    again = reexecute_from_failure(office.instance, rejected)
    execute_launch(office.services, office.instance, again)

    run = office.run(rejected)
    assert (run.status, run.launches) == (RunStatus.RUNNING, [rejected, again])
    assert office.dagster_status(again) is dg.DagsterRunStatus.SUSPENDED
    assert history(office, rejected) == [("answered", REJECTED, "ann", {"n": 1})]
    office.answer(rejected, "gate", APPROVED)
    office.continue_run(rejected)
    assert office.run(rejected).status is RunStatus.SUCCEEDED
    assert CALLS == ["draft", "publish"]


def test_dagster_does_not_ask_again_by_itself(office: Office, rejected: str):
    """A run that Dagster retries by a tag of the user is not one that a person refused."""
    found = office.instance.get_run_by_id(rejected)
    assert found
    assert found.tags["dagster/will_retry"] == "false"


def two_failing_arms() -> Workflow:
    nodes = [node("start", "start"), *(node(name, "tool", toolId="mend", input={"what": name}) for name in "ab")]
    return workflow("w", [*nodes, node("end", "end")], ["start -> a", "start -> b", "a -> end", "b -> end"])


MENDED: list[bool] = []


def test_of_two_failed_steps_the_first_that_succeeds_does_not_end_the_run(office: Office):
    from agentmesh_dagster.tools import tool

    @tool(name="mend")
    def mend(what: str) -> str:
        CALLS.append(what)
        if not MENDED:
            raise ValueError("not yet")
        return what

    MENDED.clear()
    save(office.services, function_tool("mend"))
    run_id = office.start(two_failing_arms())
    assert office.run(run_id).status is RunStatus.FAILED
    MENDED.append(True)
    CALLS.clear()

    retry(office, run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert sorted(CALLS) == ["a", "b"]
    assert office.event_types(run_id).count(EventType.RUN_FAILED) == 1


def failing_items() -> Workflow:
    nodes = [node("start", "start"), node("each", "branch", mode="each", items="['a', 'b', 'c']", join="end")]
    nodes += [node("mend", "tool", toolId="mend_item", input={"what": "{{ context.item }}"}), node("end", "end")]
    return workflow("w", nodes, ["start -> each", "each -> mend", "mend -> end"])


@pytest.fixture
def half_done(office: Office) -> str:
    """A run that has failed at one of three items."""
    from agentmesh_dagster.tools import tool

    @tool(name="mend_item")
    def mend_item(what: str) -> str:
        CALLS.append(what)
        if what == "b" and not MENDED:
            raise ValueError("not yet")
        return what

    MENDED.clear()
    save(office.services, function_tool("mend_item"))
    run_id = office.start(failing_items())
    assert (office.run(run_id).status, sorted(CALLS)) == (RunStatus.FAILED, ["a", "b", "c"])
    MENDED.append(True)
    CALLS.clear()
    return run_id


def test_of_an_each_the_failed_item_alone_is_executed_again(office: Office, half_done: str):
    retry(office, half_done)
    run = office.run(half_done)
    assert (run.status, CALLS) == (RunStatus.SUCCEEDED, ["b"])
    assert run.output == [{"text": "a"}, {"text": "b"}, {"text": "c"}]


def test_dagsters_from_failure_of_an_each_does_the_same(office: Office, half_done: str):
    again = reexecute_from_failure(office.instance, half_done)
    execute_launch(office.services, office.instance, again)
    assert (office.run(half_done).status, CALLS) == (RunStatus.SUCCEEDED, ["b"])
    assert office.run(half_done).launches == [half_done, again]


def test_a_gate_of_one_item_that_was_rejected_asks_anew_and_the_others_are_kept(office: Office):
    nodes = [node("start", "start"), node("each", "branch", mode="each", items="['a', 'b']", join="end")]
    nodes += [node("gate", "human_approval", instructions="{{ context.item }}?"), node("end", "end")]
    nodes.insert(3, node("do", "tool", toolId="note", input={"what": "{{ context.item }}"}))
    run_id = office.start(workflow("w", nodes, ["start -> each", "each -> gate", "gate -> do", "do -> end"]))
    with office.services.store.read() as connection:
        gates = {gate.path: gate.step_id for gate in list_open_gates(connection)}
    answer_gate(office.services, gates["[0]"], Answer(APPROVED, by="ann", via="test"))
    answer_gate(office.services, gates["[1]"], Answer(REJECTED, by="ann", via="test"))
    office.continue_run(run_id)
    assert (office.run(run_id).status, CALLS) == (RunStatus.FAILED, ["a"])

    retry(office, run_id)

    assert office.run(run_id).waiting_on == [gates["[1]"]]
    answer_gate(office.services, gates["[1]"], Answer(APPROVED, by="bob", via="test"))
    office.continue_run(run_id)
    assert (office.run(run_id).status, CALLS) == (RunStatus.SUCCEEDED, ["a", "b"])


def test_a_canceled_run_is_not_continued(office: Office):
    run_id = office.start(draft_gate_publish())
    cancel_run(office.services, office.instance, run_id, by="ann")
    with pytest.raises(NothingToRetry, match="canceled"):
        retry_run(office.services, office.instance, run_id, by="bob")
