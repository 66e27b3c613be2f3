"""A backup that is taken while others work is an installation of its own, in which what waited goes on."""

import threading
from contextlib import ExitStack
from pathlib import Path

import dagster as dg
import pytest

from agentmesh_dagster.control.backup import BackupExists, NotOnSqlite, back_up
from agentmesh_dagster.control.dagster_internals import ReconstructableJob
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.entities.models import EventType, RunStatus
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import close_stores, open_store
from agentmesh_dagster.store.copying import copy_store
from agentmesh_dagster.store.events import record_audit
from tests.control.instances import open_test_instance
from tests.control.office import APPROVED, Office, draft_gate_publish


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:
    return Office(services, instance)


def open_elsewhere(monkeypatch: pytest.MonkeyPatch, url: str) -> Services:
    """What a process that begins with this store has."""
    monkeypatch.setenv("AGENTMESH_DATABASE_URL", url)
    get_settings.cache_clear()
    ReconstructableJob.get_repository_definition.cache_clear()
    ReconstructableJob.get_definition.cache_clear()
    return open_services()


def test_a_waiting_run_goes_on_where_the_backup_is_restored(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    services, folder = office.services, tmp_path / "backup"
    waiting = office.start(draft_gate_publish())
    if services.store.engine.dialect.name == "postgresql":
        with pytest.raises(NotOnSqlite):
            back_up(services, office.instance, folder)
        return
    queued = prepare_launch(services, office.instance, draft_gate_publish(), {}, launched_by="test")
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.005):
            with services.store.begin() as tx:
                record_audit(tx, type=EventType.LOGIN_SUCCEEDED, by="ann", via="test", payload={})

    at_work = threading.Thread(target=work)
    at_work.start()
    try:
        assert back_up(services, office.instance, folder) > 100_000
    finally:
        over.set()
        at_work.join()
    office.answer(waiting, "gate", {"approved": False})
    with pytest.raises(BackupExists):
        back_up(services, office.instance, folder)

    elsewhere = folder.rename(tmp_path / "restored")
    restored = open_elsewhere(monkeypatch, f"sqlite:///{elsewhere / 'agentmesh.db'}")
    with open_test_instance(elsewhere) as instance:
        there = Office(restored, instance)
        there.answer(waiting, "gate", APPROVED)
        assert there.continue_run(waiting)
        assert (there.run(waiting).status, there.run(waiting).output) == (RunStatus.SUCCEEDED, APPROVED)
        assert there.run(queued.run_id).status is RunStatus.PENDING
        assert there.dagster_status(queued.launch_id) is dg.DagsterRunStatus.NOT_STARTED


def test_a_gate_is_answered_against_a_copy_of_the_store_and_its_run_goes_on(
    office: Office, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
):
    waiting = office.start(draft_gate_publish())
    with ExitStack() as stack:
        if office.services.store.engine.dialect.name == "postgresql":
            url = f"sqlite:///{tmp_path / 'copy.db'}"
        else:
            url = stack.enter_context(request.getfixturevalue("postgres").database())
        copy_store(office.services.store, open_store(url))

        there = Office(open_elsewhere(monkeypatch, url), office.instance)
        there.answer(waiting, "gate", APPROVED)
        assert there.continue_run(waiting)

        run = there.run(waiting)
        assert (run.status, run.output, len(run.launches)) == (RunStatus.SUCCEEDED, APPROVED, 2)
        assert office.run(waiting).status is RunStatus.RUNNING, "the source is as it was"
        close_stores()
