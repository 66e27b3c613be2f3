"""Waits for what comes from outside: an event for one wait alone, a callback once, also before the step is reached."""

import re
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.retry import retry_run
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus, Workflow
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.runtime.arrivals import RunIsOver, look_for_event, receive_callback
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.awaited_events import list_waits_to_look
from agentmesh_dagster.store.callbacks import CallbackNotFound, CallbackUsed
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.pruning import delete_runs
from agentmesh_dagster.store.steps import list_steps, step_id
from agentmesh_dagster.store.tables import posted_events, steps, waits
from agentmesh_dagster.store.triggers import receive_event
from tests.control.dagster_actions import execute_launch
from tests.control.office import CALLS, Office
from tests.shapes import function_tool, node, save, workflow

PAID = "order.paid"


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Office:
    CALLS.clear()
    monkeypatch.setenv("AGENTMESH_PUBLIC_URL", "https://agents.example/mesh/")
    get_settings.cache_clear()
    return Office(open_services(), instance)


def build_flow(before: str = "draft", **wait: Any) -> Workflow:
    nodes = [node("start", "start"), node("before", "tool", toolId="note", input={"what": before})]
    nodes += [node("wait", "wait", **wait), node("after", "tool", toolId="note", input={"what": "after"})]
    nodes.append(node("end", "end", output="{{ context.outputs.wait }}"))
    return workflow("w", nodes, ["start -> before", "before -> wait", "wait -> after", "after -> end"])


def wait_for_paid(**fields: Any) -> Workflow:
    return build_flow(event={"name": PAID, **fields})


def post(office: Office, body: Any, name: str = PAID) -> None:
    with office.services.store.begin() as tx:
        receive_event(tx, name, str(uuid.uuid4()), body, by="shop")


def look(office: Office) -> list[str]:
    """What the server does when an event has come: the runs of which a wait has ended."""
    with office.services.store.read() as connection:
        found = list_waits_to_look(connection)
    return [wait.run_id for wait in found if look_for_event(office.services, wait)]


def let_time_pass(office: Office) -> None:
    with office.services.store.begin() as tx:
        tx.execute(waits.update().values(due_at=now(tx) - timedelta(seconds=1)))


def test_an_event_ends_the_wait_and_its_body_goes_on(office: Office):
    run_id = office.start(wait_for_paid())
    assert office.statuses(run_id)["wait"] is StepStatus.WAITING
    [waiting] = [step for step in _list_steps(office, run_id) if step.status is StepStatus.WAITING]
    assert waiting.waiting_for
    assert waiting.waiting_for.describe() == f"for the event `{PAID}`"

    post(office, {"sum": 3})
    assert look(office) == [run_id]
    assert look(office) == []
    assert office.continue_run(run_id)

    assert (office.run(run_id).status, office.run(run_id).output) == (RunStatus.SUCCEEDED, {"sum": 3})
    assert CALLS == ["draft", "after"]


def _list_steps(office: Office, run_id: str):
    with office.services.store.read() as connection:
        return list_steps(connection, run_id)


def test_an_event_that_came_before_the_step_is_reached_counts_and_the_launch_goes_on(office: Office):
    flow = wait_for_paid()
    save(office.services, function_tool("note"), flow)
    post(office, "too early")
    launch = prepare_launch(office.services, office.instance, flow, {}, launched_by="test")
    post(office, "first")
    post(office, "second")

    execute_launch(office.services, office.instance, launch.launch_id)

    run = office.run(launch.run_id)
    assert (run.status, run.output, len(run.launches)) == (RunStatus.SUCCEEDED, "first", 1)
    types = office.event_types(run.id)
    assert types.index(EventType.STEP_WAITING) < types.index(EventType.RUN_COMPLETED)


def test_only_an_event_that_matches_ends_the_wait_and_one_that_lacks_the_field_does_not(office: Office):
    run_id = office.start(wait_for_paid(match="context.event.order == context.input.order"), {"order": 7})
    for body in ({"order": 8}, "no object", {"other": 7}):
        post(office, body)
    assert look(office) == []
    with office.services.store.read() as connection:
        assert list_waits_to_look(connection) == [], "what was looked at once is not looked at again"

    post(office, {"order": 7, "nr": 1})
    post(office, {"order": 7, "nr": 2})
    assert look(office) == [run_id]
    office.continue_run(run_id)

    assert office.run(run_id).output == {"order": 7, "nr": 1}


def test_the_tick_finds_what_nobody_has_looked_at(office: Office):
    run_id = office.start(wait_for_paid())
    post(office, 1)

    assert run_maintenance(office.services, office.instance).resumed == [run_id]


@pytest.mark.parametrize(("on_timeout", "status"), [("fail", RunStatus.FAILED), ("continue", RunStatus.SUCCEEDED)])
def test_a_wait_for_nothing_ends_at_its_timeout(office: Office, on_timeout: str, status: RunStatus):
    flow = build_flow(event={"name": PAID}, timeoutSeconds=60, onTimeout=on_timeout)
    run_id = office.start(flow)
    let_time_pass(office)

    done = run_maintenance(office.services, office.instance)
    assert len(done.expired) == 1
    if status is RunStatus.SUCCEEDED:
        execute_launch(office.services, office.instance, office.run(run_id).launches[-1])

    run = office.run(run_id)
    assert (run.status, run.output) == (status, None)
    assert ("nothing came" in (run.error or "")) == (status is RunStatus.FAILED)
    post(office, "late")
    assert look(office) == []


def test_what_came_in_time_and_was_not_looked_at_is_not_too_late(office: Office):
    run_id = office.start(build_flow(event={"name": PAID}, timeoutSeconds=60))
    post(office, "in time")
    let_time_pass(office)
    with office.services.store.read() as connection:
        [due] = list_waits_to_look(connection)

    assert end_due_wait(office.services, due)
    office.continue_run(run_id)

    assert office.run(run_id).output == "in time"


@pytest.mark.parametrize("place", ["a round", "a sub-workflow"])
def test_a_wait_that_times_out_inside_of_something_goes_on_as_its_node_says(office: Office, place: str):
    waiting = node("wait", "wait", event={"name": PAID}, timeoutSeconds=60, onTimeout="continue")
    nodes, edges = [node("start", "start"), waiting, node("end", "end")], ["start -> wait"]
    if place == "a round":
        nodes.append(node("again", "branch"))
        edges += ["wait -> again", "again -> wait if context.round < 2, 3 rounds", "again -> end"]
        flow = workflow("w", nodes, edges)
    else:
        save(office.services, workflow("inner", nodes, [*edges, "wait -> end"]))
        part = node("part", "workflow", workflowId="inner")
        flow = workflow("w", [node("start", "start"), part, node("end", "end")], ["start -> part", "part -> end"])
    run_id = office.start(flow)

    for _ in range(2 if place == "a round" else 1):
        let_time_pass(office)
        assert len(run_maintenance(office.services, office.instance).expired) == 1
        execute_launch(office.services, office.instance, office.run(run_id).launches[-1])

    assert (office.run(run_id).status, office.run(run_id).output) == (RunStatus.SUCCEEDED, None)


def test_a_retry_of_one_that_timed_out_waits_anew(office: Office):
    run_id = office.start(build_flow(event={"name": PAID}, timeoutSeconds=60))
    let_time_pass(office)
    run_maintenance(office.services, office.instance)
    assert office.run(run_id).status is RunStatus.FAILED

    launch = retry_run(office.services, office.instance, run_id, by="bob")
    execute_launch(office.services, office.instance, launch.launch_id)
    assert office.statuses(run_id)["wait"] is StepStatus.WAITING
    post(office, "at last")
    look(office)
    office.continue_run(run_id)

    assert office.run(run_id).output == "at last"
    assert CALLS == ["draft", "after"]


def test_sixteen_posters_and_many_waits_each_event_has_one_wait(office: Office):
    """Posts while steps begin to wait: each wait gets one event, and no event two."""
    flow = wait_for_paid()
    save(office.services, function_tool("note"), flow)
    runs = [prepare_launch(office.services, office.instance, flow, {}, launched_by="test") for _ in range(6)]
    begun = threading.Barrier(5)

    def post_some(first: int) -> None:
        begun.wait()
        for number in range(first, 16, 4):
            post(office, number)
            look(office)

    def run_all() -> None:
        begun.wait()
        for launch in runs:
            execute_launch(office.services, office.instance, launch.launch_id)

    with ThreadPoolExecutor(5) as pool:
        done = [pool.submit(post_some, first) for first in range(4)]
        done.append(pool.submit(run_all))
        for future in done:
            future.result()
    look(office)
    for launch in runs:
        office.continue_run(launch.run_id)

    outputs = [office.run(launch.run_id).output for launch in runs]
    assert [office.run(launch.run_id).status for launch in runs] == [RunStatus.SUCCEEDED] * 6
    assert max(Counter(outputs).values()) == 1
    with office.services.store.read() as connection:
        rows = connection.execute(posted_events.select().order_by(posted_events.c.position)).all()
    assert [row.position for row in rows] == list(range(1, 17))
    taken = [row.taken_by for row in rows if row.taken_by]
    assert len(taken) == len(set(taken)) == 6


def test_two_that_look_at_one_event_at_once_and_two_waits_give_it_to_one(office: Office):
    flow = wait_for_paid()
    first, second = office.start(flow), office.start(flow)
    post(office, "one")
    with office.services.store.read() as connection:
        found = list_waits_to_look(connection)
    assert {wait.run_id for wait in found} == {first, second}

    with ThreadPoolExecutor(8) as pool:
        ended = list(pool.map(lambda wait: look_for_event(office.services, wait), found * 4))

    assert ended.count(True) == 1
    statuses = sorted(office.statuses(run_id)["wait"].value for run_id in (first, second))
    assert statuses == ["succeeded", "waiting"]


def read_token(office: Office) -> str:
    found = re.search(r"https://agents\.example/mesh/api/callbacks/([\w-]+)", " ".join(CALLS))
    assert found
    return found[1]


def wait_for_callback(**fields: Any) -> Workflow:
    return build_flow("tell {{ context.callbacks.wait }}", callback=True, **fields)


def test_a_callback_ends_the_wait_once(office: Office):
    run_id = office.start(wait_for_callback())
    token = read_token(office)

    assert receive_callback(office.services, token, {"pages": 3}) == run_id
    with pytest.raises(CallbackUsed):
        receive_callback(office.services, token, {"pages": 4})
    office.continue_run(run_id)

    assert (office.run(run_id).status, office.run(run_id).output) == (RunStatus.SUCCEEDED, {"pages": 3})


def test_a_callback_that_comes_before_the_wait_is_reached_is_kept(office: Office):
    nodes = [
        node("start", "start"),
        node("before", "tool", toolId="note", input={"what": "{{ context.callbacks.wait }}"}),
    ]
    nodes += [node("gate", "human_approval"), node("wait", "wait", callback=True), node("end", "end")]
    run_id = office.start(workflow("w", nodes, ["start -> before", "before -> gate", "gate -> wait", "wait -> end"]))
    receive_callback(office.services, read_token(office), "early")

    office.answer(run_id, "gate", {"approved": True})
    office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.output, len(run.launches)) == (RunStatus.SUCCEEDED, "early", 2)


def test_of_many_that_post_to_a_callback_at_once_one_is_taken(office: Office):
    run_id = office.start(wait_for_callback())
    token = read_token(office)

    def send(number: int) -> bool:
        try:
            receive_callback(office.services, token, number)
        except CallbackUsed:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(send, range(16)))

    assert taken.count(True) == 1
    office.continue_run(run_id)
    assert office.run(run_id).output == taken.index(True)


def test_a_callback_of_nobody_is_not_found_and_one_of_a_run_that_is_over_refused(office: Office):
    run_id = office.start(wait_for_callback())
    with pytest.raises(CallbackNotFound):
        receive_callback(office.services, "made-up", None)

    cancel_run(office.services, office.instance, run_id, by="ann")
    with pytest.raises(RunIsOver):
        receive_callback(office.services, read_token(office), None)


def test_no_event_shows_the_secret_of_a_callback_before_somebody_gives_it_on(office: Office):
    run_id = office.start(wait_for_callback())
    token = read_token(office)

    with office.services.store.read() as connection:
        events = list_events(connection, run_id)
        inputs = [row.input for row in connection.execute(steps.select())]
    requests = [event for event in events if event.type is EventType.TOOL_REQUEST]
    assert requests
    assert token not in str([event.payload for event in requests])
    assert "/api/callbacks/***" in str([event.payload for event in requests])
    before = next(step for step in _list_steps(office, run_id) if step.node_id == "before")
    assert token not in str(before.input)
    assert inputs


def test_without_a_public_address_the_step_says_what_to_set(services: Services, instance: dg.DagsterInstance):
    office = Office(services, instance)
    CALLS.clear()
    run_id = office.start(wait_for_callback())

    assert office.run(run_id).status is RunStatus.FAILED
    assert "set AGENTMESH_PUBLIC_URL" in (office.run(run_id).error or "")
    assert CALLS == []


def test_the_address_is_the_same_for_a_run_and_another_for_the_next(office: Office):
    flow = wait_for_callback()
    first = office.start(flow)
    one = read_token(office)
    CALLS.clear()
    office.start(flow)

    assert read_token(office) != one
    assert step_id(first, Address("wait"))


def test_a_run_that_is_pruned_takes_its_callbacks_along(office: Office):
    run_id = office.start(wait_for_callback())
    cancel_run(office.services, office.instance, run_id, by="ann")
    with office.services.store.begin() as tx:
        delete_runs(tx, [run_id], by="test", via="test")

    with pytest.raises(CallbackNotFound):
        receive_callback(office.services, read_token(office), None)
