"""Services on each database with an instance of Dagster that keeps its runs."""

from collections.abc import Iterator

import dagster as dg
import pytest

from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import get_settings
from tests.control.instances import open_test_instance

LEASE_SECONDS = 1.5


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch, store_url: str) -> Services:
    monkeypatch.setenv("AGENTMESH_LEASE_SECONDS", str(LEASE_SECONDS))
    monkeypatch.setenv("AGENTMESH_DATABASE_URL", store_url)
    monkeypatch.setenv("AGENTMESH_CONSOLE_LOG_LEVEL", "CRITICAL")
    get_settings.cache_clear()
    return open_services()


@pytest.fixture
def instance(services: Services) -> Iterator[dg.DagsterInstance]:
    with open_test_instance(services.settings.home) as instance:
        instance.get_runs_count()  # two processes that open a fresh home at once would crash one of them
        yield instance
