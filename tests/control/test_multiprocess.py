"""The multiprocess executor: each step in a process of its own, the same runs; a process costs some two seconds."""

from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.entities.models import EventType, RunStatus, StepStatus, Tool
from agentmesh_dagster.runtime.answers import Answer, GateClosed, answer_gate
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.events import list_events
from tests.control.office import APPROVED, Office, build_sieve
from tests.shapes import node, save, workflow

SAY = {"id": "say", "name": "say", "type": "builtin", "config": {"functionName": "text_template"}}

only_sqlite = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


@pytest.fixture
def office(store_url: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("AGENTMESH_EXECUTOR", "multiprocess")
    get_settings.cache_clear()
    office = Office(open_services(), instance)
    save(office.services, Tool.model_validate(SAY))
    return office


def saying(identity: str) -> dict[str, Any]:
    return node(identity, "tool", toolId="say", input={"template": identity})


def list_executed(office: Office, run_id: str) -> list[str]:
    """The nodes whose step was begun, once for each time, in order."""
    with office.services.store.read() as connection:
        events = list_events(connection, run_id)
    return [str(event.payload["nodeId"]) for event in events if event.type is EventType.STEP_STARTED]


def test_a_run_waits_and_goes_on_over_processes(office: Office):
    nodes = [node("start", "start"), node("gate", "human_approval"), node("end", "end")]
    run_id = office.start(workflow("w", nodes, ["start -> gate", "gate -> end"]), {"n": 1})
    office.answer(run_id, "gate", APPROVED)
    assert office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, APPROVED)
    logs = office.instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_WORKER_STARTING)
    assert len(logs) == 2, "start and gate, each in a process of its own"


@only_sqlite
def test_gates_in_parallel_beside_an_arm_that_ended_let_their_join_run_once_with_all_inputs(office: Office):
    nodes = [node("start", "start"), node("a", "human_approval"), node("b", "human_approval"), saying("arm")]
    edges = ["start -> a", "start -> b", "start -> arm", "a -> end", "b -> end", "arm -> end"]
    run_id = office.start(workflow("w", [*nodes, node("end", "end")], edges))
    assert sorted(list_executed(office, run_id)) == ["a", "arm", "b", "start"]
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.SUSPENDED
    assert not office.instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_SUCCESS)

    office.answer(run_id, "b", APPROVED)
    assert not office.continue_run(run_id)
    office.answer(run_id, "a", APPROVED)
    assert office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, len(run.launches)) == (RunStatus.SUCCEEDED, 2)
    assert run.output == {"a": APPROVED, "b": APPROVED, "arm": {"text": "arm"}}
    assert sorted(list_executed(office, run_id)) == ["a", "arm", "b", "end", "start"]


@only_sqlite
def test_gates_one_after_another_behind_a_branch_wait_one_after_another(office: Office):
    nodes = [node("start", "start"), node("way", "branch"), node("a", "human_approval"), node("b", "human_approval")]
    nodes += [node("other", "human_approval"), node("end", "end")]
    edges = ["start -> way", "way -> a if context.input.asks", "way -> other", "a -> b", "b -> end", "other -> end"]
    run_id = office.start(workflow("w", nodes, edges), {"asks": True})
    assert office.statuses(run_id)["other"] is StepStatus.SKIPPED

    office.answer(run_id, "a", APPROVED)
    assert office.continue_run(run_id)
    assert office.run(run_id).waiting_on == [office.gate(run_id, "b")]
    office.answer(run_id, "b", {"approved": True, "comment": "again"})
    assert office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.output) == (RunStatus.SUCCEEDED, {"approved": True, "comment": "again"})
    assert list_executed(office, run_id) == ["start", "way", "a", "b", "end"]


@only_sqlite
def test_a_rejection_fails_the_run_and_starts_no_process(office: Office):
    nodes = [node("start", "start"), node("gate", "human_approval"), node("end", "end")]
    run_id = office.start(workflow("w", nodes, ["start -> gate", "gate -> end"]))
    office.answer(run_id, "gate", {"approved": False, "comment": "not like this"})

    assert not office.continue_run(run_id)

    run = office.run(run_id)
    assert (run.status, run.error, run.launches) == (RunStatus.FAILED, "`gate`: not like this", [run_id])
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.FAILURE


@only_sqlite
def test_a_cancel_while_it_waits_closes_the_gate_for_good(office: Office):
    nodes = [node("start", "start"), node("gate", "human_approval"), node("end", "end")]
    run_id = office.start(workflow("w", nodes, ["start -> gate", "gate -> end"]))
    step_id = office.gate(run_id, "gate")

    cancel_run(office.services, office.instance, run_id, by="ann")
    run_maintenance(office.services, office.instance)

    assert office.run(run_id).status is RunStatus.CANCELED
    assert office.dagster_status(run_id) is dg.DagsterRunStatus.CANCELED
    with pytest.raises(GateClosed, match="canceled"):
        answer_gate(office.services, step_id, Answer(APPROVED, by="late", via="test"))


@only_sqlite
def test_the_join_of_an_each_of_which_nothing_is_kept_runs_behind_processes_too(office: Office):
    run_id = office.start(build_sieve(), {"items": [1]})

    run = office.run(run_id)
    assert (run.status, run.error, run.output) == (RunStatus.SUCCEEDED, None, [None])
    assert office.statuses(run_id)["keep"] is StepStatus.SKIPPED
