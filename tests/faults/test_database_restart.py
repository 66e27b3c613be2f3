"""PostgreSQL is restarted: while a step runs, while runs wait, between two answers."""

from collections.abc import Iterator

import pytest

from agentmesh_dagster.entities.models import RunStatus
from tests.faults.processes import wait_until
from tests.faults.site import Site, draft_gate_publish
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
