"""Services on a store that tells of its transactions."""

from dataclasses import replace

import pytest

from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import open_store
from tests.gates.watched_store import WatchedStore


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch, store_url: str) -> Services:
    monkeypatch.setenv("AGENTMESH_LEASE_SECONDS", "3600")
    monkeypatch.setenv("AGENTMESH_DATABASE_URL", store_url)
    monkeypatch.setenv("AGENTMESH_CONSOLE_LOG_LEVEL", "CRITICAL")
    get_settings.cache_clear()
    services = open_services()
    return replace(services, store=WatchedStore(open_store(store_url).url))
