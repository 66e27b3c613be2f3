"""PostgreSQL is restarted: while a step runs, while runs wait, between two answers."""

from collections.abc import Iterator

import dagster as dg
import pytest
import yaml

from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.resume import submit_resume
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.runtime.answers import Answer, answer_gate
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.launches import LaunchKind, list_launches
from tests.control.instances import open_test_instance
from tests.faults.processes import wait_until
from tests.faults.site import APPROVED, Site, draft_gate_publish
from tests.postgres import PostgresServer, run_server


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One of the test's own: others use theirs meanwhile."""
    with run_server() as server:
        yield server


@pytest.fixture
def store_url(server: PostgresServer) -> Iterator[str]:
    with server.database() as url:
        yield url


def test_a_run_outlives_restarts_of_its_database(site: Site, server: PostgresServer):
    site.save(draft_gate_publish(seconds=1.5))
    worker = site.start("run", "w")
    wait_until(lambda: site.calls)
    server.restart()
    worker.end_well()
    [gate] = site.gates()

    server.restart()
    assert site.gates() == [gate], "a connection of before the restart harms nobody"
    site.answer(gate)
    server.restart()
    site.heal()

    run = site.run()
    assert run.status is RunStatus.SUCCEEDED
    assert [site.calls_of(run.id, node) for node in ("draft", "publish")] == [1, 1]
    site.check()


@pytest.fixture
def both_in_postgres(services: Services, server: PostgresServer) -> Iterator[dg.DagsterInstance]:
    """An instance of Dagster that keeps its runs in the server in which the store is, too."""
    with server.database() as url:
        storage = {"postgres": {"postgres_url": url.replace("postgresql://", "postgresql+psycopg2://")}}
        services.settings.home.mkdir(parents=True, exist_ok=True)
        (services.settings.home / "dagster.yaml").write_text(yaml.safe_dump({"storage": storage}))
        with open_test_instance(services.settings.home) as instance:
            yield instance


def test_a_resume_that_the_restart_kept_from_beginning_is_launched_again_with_its_answer(
    services: Services, both_in_postgres: dg.DagsterInstance, server: PostgresServer, site: Site
):
    site.instance = both_in_postgres
    site.save(draft_gate_publish())
    site.start("run", "w").end_well()
    [gate] = site.gates()
    run_id = site.run().id
    answer_gate(services, gate, Answer(APPROVED, by="ann", via="test"))
    resume = submit_resume(services, both_in_postgres, run_id)
    assert resume
    site.accepted[gate] = APPROVED

    server.restart()
    # What Dagster's daemon does when the first event of a run that it takes from its queue could not be written.
    queued = both_in_postgres.get_run_by_id(resume)
    assert queued
    both_in_postgres.report_run_failed(queued)
    run_maintenance(services, both_in_postgres)
    site.heal()

    with services.store.read() as connection:
        kinds = [launch.kind for launch in list_launches(connection, run_id)]
    assert kinds == [LaunchKind.FIRST, LaunchKind.RESUME, LaunchKind.AGAIN]
    assert (site.run().status, site.run().error) == (RunStatus.SUCCEEDED, None)
    assert [site.calls_of(run_id, node) for node in ("draft", "publish")] == [1, 1]
