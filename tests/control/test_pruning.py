"""Pruning: what ended long ago goes, in the store and in Dagster together; all else stays as it is."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import func, select

from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.pruning import Pruned, prune
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.entities.models import EventType, RunStatus, Workflow
from agentmesh_dagster.runtime.files import keep_file
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.events import page_audit
from agentmesh_dagster.store.runs import RunNotFound
from agentmesh_dagster.store.tables import deliveries, events, gates, launches, posted_events, runs, steps, waits
from agentmesh_dagster.store.tables import files as stored_files
from agentmesh_dagster.store.triggers import receive_event
from agentmesh_dagster.tools.request import FileContent
from tests.control.ageing import make_older
from tests.control.dagster_actions import execute_launch, reexecute_all
from tests.control.office import APPROVED, Office, draft_gate_publish, noting
from tests.shapes import function_tool, node, save, workflow

MONTHS = timedelta(days=100)
AGE = timedelta(days=90)


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


def plain(identity: str = "p") -> Workflow:
    nodes = [node("start", "start"), noting("work"), node("end", "end")]
    return workflow(identity, nodes, ["start -> work", "work -> end"])


def prune_now(office: Office, **options: Any) -> Pruned:
    return prune(office.services, office.instance, AGE, by="ann", via="test", **options)


def count(office: Office, table: Any, *conditions: Any) -> int:
    with office.services.store.read() as connection:
        return connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()


def list_files(office: Office, launch_id: str) -> list[str]:
    """What Dagster keeps on disk of one of its runs."""
    home = Path(office.instance.root_directory)
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if launch_id in str(path))


def test_an_old_run_goes_from_the_store_and_from_dagster_with_its_files(office: Office, tmp_path: Path):
    old = office.start(plain())
    files = list_files(office, old)
    assert any(".db" in name for name in files)
    assert any("compute_logs" in name for name in files)
    keep_file(office.services, old, FileContent("a.png", "image/png", b"\x00" * 100))
    folder = tmp_path / "files"
    settings = office.services.settings.model_copy(update={"files_url": str(folder)})
    keep_file(replace(office.services, settings=settings), old, FileContent("b.png", "image/png", b"\xff"))
    assert [path.read_bytes() for path in folder.rglob("*") if path.is_file()] == [b"\xff"]
    last = office.start(plain())
    kept = list_files(office, last)
    make_older(office.services.store, MONTHS)

    would = prune_now(office, dry_run=True)
    assert (would.runs, would.launches) == (1, 1)
    assert would.bytes > 10_000
    assert office.run(old).status is RunStatus.SUCCEEDED, "a dry run deletes nothing"
    done = prune_now(office)

    assert (done.runs, done.launches, done.bytes) == (would.runs, would.launches, would.bytes)
    with pytest.raises(RunNotFound):
        office.run(old)
    assert office.instance.get_run_by_id(old) is None
    assert [name for name in list_files(office, old) if not name.endswith((".db-wal", ".db-shm"))] == []
    for table in (steps, events, launches, stored_files):
        assert count(office, table, table.c.run_id == old) == 0
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert office.run(last).output is not None, "the last run of a workflow stays, however old"
    assert office.dagster_status(last) is dg.DagsterRunStatus.SUCCESS
    assert list_files(office, last) == kept
    run_maintenance(office.services, office.instance)
    assert prune_now(office).runs == 0


def test_what_waits_stays_and_so_does_who_decided_what(office: Office):
    answered, last_good = (office.start(draft_gate_publish(instructions="Shall it go out?")) for _ in range(2))
    for run_id in (answered, last_good):
        office.answer(run_id, "gate", APPROVED)
        office.continue_run(run_id)
    waiting = office.start(draft_gate_publish())
    office.start(draft_gate_publish())
    make_older(office.services.store, MONTHS)

    pruned = prune_now(office)

    assert (pruned.runs, pruned.launches) == (1, 2)
    assert count(office, waits, waits.c.run_id == answered) == 0
    assert count(office, gates) == 3, "of the last good run, and of the two that wait"
    with office.services.store.read() as connection:
        page = page_audit(connection, types=[EventType.GATE_ANSWERED, EventType.RUN_PRUNED], limit=10)
    summary, decision = (event for event in page.items if event.run_id == answered)
    assert (decision.run_id, decision.payload["by"], decision.payload["output"]) == (answered, "ann", APPROVED)
    assert (summary.run_id, summary.payload["workflowId"], summary.payload["status"]) == (answered, "w", "succeeded")
    asked = count(office, events, events.c.run_id == answered, events.c.type == "step.waiting_human")
    assert asked == 1, "what was asked can still be read"
    office.answer(waiting, "gate", APPROVED)
    assert office.continue_run(waiting)
    assert office.run(waiting).status is RunStatus.SUCCEEDED


def test_a_run_and_its_reexecutions_go_together_or_not_at_all(office: Office):
    old = office.start(plain())
    again = reexecute_all(office.instance, old)
    execute_launch(office.services, office.instance, again)
    reconcile_run(office.services, office.instance, again)
    office.start(plain())
    make_older(office.services.store, MONTHS, old)

    held = prune_now(office)

    assert (held.runs, held.kept_with_group) == (0, 2)
    assert office.run(old).status is RunStatus.SUCCEEDED
    make_older(office.services.store, MONTHS, again)
    assert prune_now(office).runs == 2
    assert office.instance.get_runs_count() == 1


def test_the_last_success_of_a_workflow_stays_also_behind_failures(office: Office):
    good = office.start(plain())
    older, newer = (office.start(plain()) for _ in range(2))
    with office.services.store.begin() as tx:
        tx.execute(runs.update().where(runs.c.id.in_([older, newer])).values(status="failed"))
    make_older(office.services.store, MONTHS)

    assert prune_now(office).runs == 1

    assert office.run(good).status is RunStatus.SUCCEEDED
    assert office.run(newer).status is RunStatus.FAILED
    with pytest.raises(RunNotFound):
        office.run(older)


def test_runs_that_another_dagster_instance_keeps_are_left_to_that_one(office: Office):
    old = office.start(plain())
    office.start(plain())
    make_older(office.services.store, MONTHS)
    with office.services.store.begin() as tx:
        tx.execute(launches.update().where(launches.c.run_id == old).values(instance_id="another"))

    assert prune_now(office).runs == 0


def test_posted_events_go_when_no_run_of_theirs_is_left(office: Office):
    flow = Workflow.model_validate({**plain().to_wire(), "triggers": [{"type": "event", "name": "paid"}]})
    save(office.services, function_tool("note"), flow)
    store = office.services.store
    with store.begin() as tx:
        receive_event(tx, "paid", "started", {}, by="ann")
        receive_event(tx, "paid", "waits", {}, by="ann")
        receive_event(tx, "nobody", "cares", {}, by="ann")
        receive_event(tx, "nobody", "newest", {}, by="ann")
    run_id = office.start(flow)
    with store.begin() as tx:
        of_started = deliveries.c.event_id == "started"
        tx.execute(deliveries.update().where(of_started).values(state="launched", run_id=run_id))
    make_older(store, MONTHS)

    first = prune_now(office)
    assert (first.posted_events, first.deliveries) == (1, 0), "one waits, one has a run that stays, one is the newest"
    office.start(flow)
    make_older(store, MONTHS)
    second = prune_now(office)

    assert (second.runs, second.posted_events) == (1, 1)
    with store.read() as connection:
        left = connection.execute(select(posted_events.c.event_id)).scalars().all()
    assert sorted(left) == ["newest", "waits"]


def test_a_wait_that_has_looked_at_pruned_events_sees_the_next(office: Office):
    wait = node("wait", "wait", event={"name": "paid", "match": "context.event == 'mine'"})
    flow = workflow("w", [node("start", "start"), wait, node("end", "end")], ["start -> wait", "wait -> end"])
    run_id = office.start(flow)
    for number in range(3):
        _post(office, f"other {number}")
    run_maintenance(office.services, office.instance)  # the wait looks at them
    make_older(office.services.store, MONTHS)

    assert prune_now(office).posted_events == 2
    _post(office, "mine")

    assert run_maintenance(office.services, office.instance).resumed == [run_id]


def _post(office: Office, body: str) -> None:
    with office.services.store.begin() as tx:
        receive_event(tx, "paid", body, body, by="shop")


def test_a_tick_that_has_no_time_leaves_the_rest_to_the_next(office: Office):
    for _ in range(3):
        office.start(plain())
    make_older(office.services.store, MONTHS)

    assert prune_now(office, seconds=0).is_done is False
    assert prune_now(office).runs == 2
