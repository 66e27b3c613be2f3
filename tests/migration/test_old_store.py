"""A store of an earlier schema is brought up to date where it stands: its runs go on, and nothing of them is lost."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import text

from agentmesh_dagster.entities.models import RunStatus, StepStatus
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.gate_history import read_history
from agentmesh_dagster.store.gates import list_open_gates
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.translator.dagster_runs import read_instance_id
from tests.control.instances import open_test_instance
from tests.control.office import APPROVED, Office
from tests.migration.old_store import ANSWERED, ASKED_ANEW, WAITING, make_old_store, read_rows


@pytest.fixture
def office(home: Path, fresh_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("AGENTMESH_DATABASE_URL", fresh_url)
    monkeypatch.setenv("AGENTMESH_CONSOLE_LOG_LEVEL", "CRITICAL")
    get_settings.cache_clear()
    with open_test_instance(home) as instance:
        if fresh_url.startswith("sqlite"):
            Path(fresh_url.removeprefix("sqlite:///")).parent.mkdir()
        make_old_store(fresh_url, instance_id=read_instance_id(instance))
        for launch in read_rows()["agentmesh_launches"]:
            status = dg.DagsterRunStatus.FAILURE if launch["ended_at"] else dg.DagsterRunStatus.SUSPENDED
            instance.add_run(dg.DagsterRun("order", launch["launch_id"], status=status))
        yield Office(open_services(), instance)


def test_steps_keep_their_ids_and_have_paths(office: Office):
    old = {row["id"]: row for row in read_rows()["agentmesh_steps"]}
    with office.services.store.read() as connection:
        found = [step for run_id in (WAITING, ANSWERED, ASKED_ANEW) for step in list_steps(connection, run_id)]

    assert {step.id for step in found} == set(old)
    for step in found:
        item = old[step.id]["item"]
        assert (step.path, step.item_index) == (("", None) if item < 0 else (f"[{item}]", item))
        assert (step.node_id, step.status.value) == (old[step.id]["node_id"], old[step.id]["status"])


def test_a_gate_that_waits_is_answered_and_its_run_goes_on_at_once(office: Office):
    with office.services.store.read() as connection:
        asked = {gate.run_id: (gate.step_id, gate.instructions) for gate in list_open_gates(connection)}
    assert {run_id: text for run_id, (_, text) in asked.items()} == {
        WAITING: "Send 2 lines?",
        ASKED_ANEW: "Send 1 lines?",
    }

    office.answer(WAITING, "gate", APPROVED)
    assert office.continue_run(WAITING)

    run = office.run(WAITING)
    assert run.status is RunStatus.SUCCEEDED
    assert run.output == {"sent": {"text": "sent"}, "lines": [{"text": "line %"}] * 2}
    assert [office.dagster_status(launch) for launch in run.launches] == [dg.DagsterRunStatus.SUCCESS] * 2
    assert set(office.statuses(WAITING).values()) == {StepStatus.SUCCEEDED}


def test_an_answer_that_no_launch_had_followed_is_followed(office: Office):
    assert office.continue_run(ANSWERED)
    assert office.run(ANSWERED).status is RunStatus.SUCCEEDED


def test_a_gate_that_asked_twice_knows_its_first_answer(office: Office):
    gate = office.gate(ASKED_ANEW, "gate")
    with office.services.store.read() as connection:
        [past] = read_history(connection, [gate])[gate]
    assert (past.state, past.answer, past.answered_by) == ("answered", {"approved": False, "comment": "no"}, "root")

    office.answer(ASKED_ANEW, "gate", APPROVED)
    assert office.continue_run(ASKED_ANEW)
    assert office.run(ASKED_ANEW).status is RunStatus.SUCCEEDED


def test_no_row_refers_to_one_that_is_gone(office: Office):
    store = office.services.store
    if store.url.drivername == "sqlite":  # PostgreSQL would have refused
        with store.read() as connection:
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
