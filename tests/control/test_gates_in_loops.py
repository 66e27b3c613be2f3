"""Gates in loops: of a sub-workflow, and for each item of a list; and a job that is polled until it is done."""

import random
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.entities.models import RunStatus, StepStatus
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.gates import list_open_gates
from agentmesh_dagster.store.launches import list_launches
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.store.tables import waits
from agentmesh_dagster.store.waits import list_due_waits
from tests.control.office import CALLS, Office
from tests.shapes import node, save, workflow


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    CALLS.clear()
    return Office(services, instance)


def noting(identity: str, what: str) -> dict[str, Any]:
    return node(identity, "tool", toolId="note", input={"what": what})


def answer(office: Office, path: str, *, approved: bool, comment: str = "") -> None:
    """Answers the open gate that stands at this path."""
    with office.services.store.read() as connection:
        [gate] = [gate for gate in list_open_gates(connection) if gate.path == path]
    answer_gate(office.services, gate.step_id, Answer({"approved": approved, "comment": comment}, by="ann", via="test"))


def list_paths(office: Office, run_id: str, node_id: str) -> dict[str, StepStatus]:
    with office.services.store.read() as connection:
        return {step.path: step.status for step in list_steps(connection, run_id) if step.node_id == node_id}


def test_a_gate_of_a_sub_workflow_in_a_loop_is_rejected_twice_and_approved(office: Office):
    nodes = [node("start", "start"), node("ask", "human_approval", payload="{{ context.input.text }}")]
    answered = ["start -> ask", "ask -> yes if context.last_output.approved", "ask -> no"]
    called = workflow("called", [*nodes, node("yes", "end"), node("no", "end")], answered)
    draft = 'draft {{ context.round }}: {{ context.round > 1 ? context.outputs.review.comment : "-" }}'
    nodes = [node("start", "start"), noting("draft", draft)]
    nodes += [node("review", "workflow", workflowId="called"), node("more", "branch"), noting("publish", "publish")]
    nodes += [node("end", "end", output="{{ context.outputs.draft.text }}")]
    edges = ["start -> draft", "draft -> review", "review -> more", "publish -> end"]
    edges += ["more -> draft if !context.last_output.approved, 5 rounds", "more -> publish"]
    save(office.services, called)
    run_id = office.start(workflow("w", nodes, edges))

    for number, comment in ((1, "shorter"), (2, "friendlier")):
        answer(office, f"#{number}/review", approved=False, comment=comment)
        assert office.continue_run(run_id), office.run(run_id).error
        assert "publish" not in CALLS
    answer(office, "#3/review", approved=True)
    assert office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, "draft 3: friendlier")
    assert CALLS == ["draft 1: -", "draft 2: shorter", "draft 3: friendlier", "publish"]
    assert list_paths(office, run_id, "ask") == dict.fromkeys(
        [f"#{number}/review" for number in (1, 2, 3)], StepStatus.SUCCEEDED
    )
    assert [office.dagster_status(launch) for launch in run.launches] == [dg.DagsterRunStatus.SUCCESS] * 4


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # on both: test_gates_in_each.py
def test_twenty_items_are_drafted_and_asked_about_until_each_is_approved(office: Office):
    lot, items = random.Random(2), [f"item {number}" for number in range(20)]
    draft = '{{ context.item }}, {{ context.round }}: {{ context.round > 1 ? context.outputs.ask.comment : "-" }}'
    nodes = [node("start", "start"), node("each", "branch", mode="each", items="context.input.items", join="join")]
    nodes += [noting("draft", draft), node("ask", "human_approval"), noting("send", "send {{ context.item }}")]
    nodes += [noting("join", "join"), node("end", "end", output="{{ context.outputs.send }}")]
    edges = ["start -> each", "each -> draft", "draft -> ask", "send -> join", "join -> end"]
    edges += ["ask -> draft if !context.last_output.approved, 4 rounds", "ask -> send if context.last_output.approved"]
    run_id = office.start(workflow("w", nodes, edges), {"items": items})
    asked = dict.fromkeys(range(20), 1)  # the round in which each is open
    rejected = {number: lot.choice((0, 0, 1, 2)) for number in asked}
    played = {number: rejected[number] + 1 for number in asked}
    while asked:
        for number in lot.sample(sorted(asked), min(len(asked), lot.randint(4, 9))):
            again = asked[number] <= rejected[number]
            answer(office, f"[{number}]/#{asked[number]}", approved=not again, comment=f"remark {asked[number]}")
            asked[number] += 1
            if not again:
                del asked[number]
        assert "join" not in CALLS
        assert office.continue_run(run_id), office.run(run_id).error
        with office.services.store.read() as connection:
            assert {gate.path for gate in list_open_gates(connection)} == {f"[{n}]/#{asked[n]}" for n in asked}

    run = office.run(run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, [{"text": f"send {item}"} for item in items]), run.error
    drafts = [
        f"{items[n]}, {k}: {f'remark {k - 1}' if k > 1 else '-'}" for n in played for k in range(1, played[n] + 1)
    ]
    assert sorted(CALLS) == sorted([*drafts, *(f"send {item}" for item in items), "join"]), "nothing twice"
    assert set(list_paths(office, run_id, "ask").values()) == {StepStatus.SUCCEEDED}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_job_is_polled_in_thirty_rounds_and_nobody_is_at_work_in_between(office: Office):
    nodes = [node("start", "start"), noting("poll", "poll {{ context.round }}"), node("done", "branch")]
    nodes += [node("pause", "wait", seconds=3600), node("end", "end", output="{{ context.outputs.poll.text }}")]
    edges = [
        "start -> poll",
        "poll -> done",
        "done -> pause if context.round < 30",
        "done -> end",
        "pause -> poll, 40 rounds",
    ]
    run_id = office.start(workflow("w", nodes, edges))

    for number in range(1, 30):
        assert office.dagster_status(office.run(run_id).launches[-1]) is dg.DagsterRunStatus.SUSPENDED
        assert list_paths(office, run_id, "pause")[f"#{number}"] is StepStatus.WAITING
        with office.services.store.begin() as tx:
            assert not [launch for launch in list_launches(tx, run_id) if launch.is_live]
            tx.execute(waits.update().values(due_at=now(tx) - timedelta(seconds=1)))
        with office.services.store.read() as connection:
            [due] = list_due_waits(connection)
        assert end_due_wait(office.services, due)
        assert office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.output, len(run.launches)) == (RunStatus.SUCCEEDED, "poll 30", 30), run.error
    assert [f"poll {number}" for number in range(1, 31)] == CALLS
    assert {office.dagster_status(launch) for launch in run.launches} == {dg.DagsterRunStatus.SUCCESS}
