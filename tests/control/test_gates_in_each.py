"""Gates inside an `each`: one for each item; what can go on does, and the join waits for all."""

import random
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.retry import retry_run
from agentmesh_dagster.entities.models import RunStatus, StepStatus, Workflow
from agentmesh_dagster.graph.address import Address, Item
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.steps import read_states, step_id
from tests.control.dagster_actions import execute_launch, reexecute_from_failure
from tests.control.office import CALLS, Office
from tests.shapes import node, workflow

ITEMS = [f"letter {number}" for number in range(6)]


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    CALLS.clear()
    return Office(services, instance)


def noting(identity: str, what: str) -> dict[str, Any]:
    return node(identity, "tool", toolId="note", input={"what": what})


def build_flow(*, routed: bool = True, **gate: Any) -> Workflow:
    """Drafts each item, asks about it, and sends it; what is rejected is dropped, or fails if nothing is routed."""
    nodes = [
        node("start", "start"),
        node("each", "branch", mode="each", items="context.input.items", join="join"),
        noting("draft", "draft {{ context.item }}"),
        node("gate", "human_approval", instructions="Send {{ context.item }}?", **gate),
        noting("send", "send {{ context.item }}"),
        noting("drop", "drop {{ context.item }}"),
        node("join", "tool", toolId="note", input={"what": "join"}),
        node("end", "end", output="{{ context.outputs.send }}"),
    ]
    condition = " if context.last_output.approved" if routed else ""
    edges = ["start -> each", "each -> draft", "draft -> gate", f"gate -> send{condition}", "send -> join"]
    edges += ["gate -> drop", "drop -> join"]
    return workflow("w", nodes, [*edges, "join -> end"])


def answer(office: Office, run_id: str, item: int, *, approved: bool = True) -> None:
    gate = step_id(run_id, Address("gate", (Item(item),)))
    answer_gate(office.services, gate, Answer({"approved": approved}, by="ann", via="test"))


def read_items(office: Office, run_id: str, node_id: str) -> dict[int | None, StepStatus]:
    with office.services.store.read() as connection:
        return {step.item: state.status for step, state in read_states(connection, run_id, [node_id]).items()}


def list_step_keys(office: Office, launch_id: str) -> set[str]:
    """Of the steps that Dagster executed in a launch."""
    stats = office.instance.get_run_step_stats(launch_id)
    return {found.step_key for found in stats}


def test_each_item_is_asked_about_and_what_can_go_on_does(office: Office):
    run_id = office.start(build_flow(), {"items": ITEMS})
    assert read_items(office, run_id, "gate") == dict.fromkeys(range(6), StepStatus.WAITING_HUMAN)
    assert len(office.run(run_id).waiting_on) == 6
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED

    answer(office, run_id, 4)
    assert office.continue_run(run_id)

    assert sorted(CALLS[:6]) == [f"draft {item}" for item in ITEMS]
    assert CALLS[6:] == ["send letter 4"]
    assert office.run(run_id).status is RunStatus.RUNNING
    assert "join" not in office.statuses(run_id)
    second = office.run(run_id).launches[-1]
    assert list_step_keys(office, second) & {f"send[item_{n}]" for n in range(6)} == {"send[item_4]"}

    for item in (0, 1):
        answer(office, run_id, item, approved=item == 0)
    assert office.continue_run(run_id)  # both go on in one launch
    for item in (5, 2, 3):
        answer(office, run_id, item)
    assert office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    sent = [None if n == 1 else {"text": f"send letter {n}"} for n in range(6)]
    assert office.run(run_id).output == sent
    assert sorted(CALLS[6:]) == sorted(["drop letter 1", "join", *(f"send letter {n}" for n in range(6) if n != 1)])
    assert all(office.dagster_status(launch) is dg.DagsterRunStatus.SUCCESS for launch in office.run(run_id).launches)


@pytest.mark.parametrize(
    ("store_url", "seed"), [("sqlite", 0), ("sqlite", 1), ("postgresql", 2)], indirect=["store_url"]
)
def test_twenty_items_in_any_order_some_rejected(office: Office, seed: int):
    lot = random.Random(seed)
    items = [f"item {number}" for number in range(20)]
    run_id = office.start(build_flow(), {"items": items})
    approved = {number: lot.random() < 0.7 for number in range(20)}
    left = list(range(20))
    lot.shuffle(left)
    while left:
        for _ in range(min(len(left), lot.randint(1, 6))):
            number = left.pop()
            answer(office, run_id, number, approved=approved[number])
        assert office.continue_run(run_id)

    run = office.run(run_id)
    assert run.status is RunStatus.SUCCEEDED
    assert run.output == [{"text": f"send item {n}"} if approved[n] else None for n in range(20)]
    assert CALLS.count("join") == 1
    assert len(set(CALLS)) == len(CALLS)


def test_an_item_that_is_rejected_without_conditions_fails_the_run_once_the_others_are_done(office: Office):
    run_id = office.start(build_flow(routed=False), {"items": ITEMS[:3]})
    answer(office, run_id, 1, approved=False)
    office.continue_run(run_id)
    assert (office.run(run_id).status, office.run(run_id).has_failed) == (RunStatus.RUNNING, True)

    answer(office, run_id, 0)
    answer(office, run_id, 2)
    office.continue_run(run_id)

    run = office.run(run_id)
    assert run.status is RunStatus.FAILED
    assert "item 1" in (run.error or "")
    assert {"send letter 0", "send letter 2"} <= set(CALLS)
    assert "join" not in CALLS
    assert all(office.dagster_status(launch) is dg.DagsterRunStatus.FAILURE for launch in run.launches)


def test_a_retry_asks_again_about_what_was_rejected_and_no_other(office: Office):
    run_id = office.start(build_flow(routed=False), {"items": ITEMS[:3]})
    for item in range(3):
        answer(office, run_id, item, approved=item != 1)
    office.continue_run(run_id)
    assert office.run(run_id).status is RunStatus.FAILED
    before = list(CALLS)

    launch = retry_run(office.services, office.instance, run_id, by="bob")
    execute_launch(office.services, office.instance, launch.launch_id)
    assert read_items(office, run_id, "gate")[1] is StepStatus.WAITING_HUMAN
    assert len(office.run(run_id).waiting_on) == 1
    answer(office, run_id, 1)
    office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert sorted(CALLS[len(before) :]) == ["drop letter 1", "join", "send letter 1"]


def test_dagsters_from_failure_asks_again_about_what_was_rejected(office: Office):
    run_id = office.start(build_flow(routed=False), {"items": ITEMS[:3]})
    for item in range(3):
        answer(office, run_id, item, approved=item != 1)
    office.continue_run(run_id)
    before = list(CALLS)

    again = reexecute_from_failure(office.instance, office.run(run_id).launches[-1])
    execute_launch(office.services, office.instance, again)
    assert read_items(office, run_id, "gate")[1] is StepStatus.WAITING_HUMAN
    answer(office, run_id, 1)
    office.continue_run(run_id)

    assert office.run(run_id).status is RunStatus.SUCCEEDED
    assert sorted(CALLS[len(before) :]) == ["drop letter 1", "join", "send letter 1"]


def test_canceling_closes_every_gate(office: Office):
    run_id = office.start(build_flow(), {"items": ITEMS})

    cancel_run(office.services, office.instance, run_id, by="ann")

    assert set(read_items(office, run_id, "gate").values()) == {StepStatus.CANCELED}


def test_an_arm_that_failed_closes_the_gates_of_all_items_where_they_say_so(office: Office):
    run_id = office.start(build_flow(routed=False, onArmFailure="cancel"), {"items": ITEMS[:3]})

    answer(office, run_id, 0, approved=False)

    assert office.run(run_id).status is RunStatus.FAILED
    assert read_items(office, run_id, "gate") == {
        0: StepStatus.FAILED,
        1: StepStatus.CANCELED,
        2: StepStatus.CANCELED,
    }
