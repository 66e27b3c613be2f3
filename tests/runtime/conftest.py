"""Services on each database, for tests that run workflows through Dagster."""

import pytest

from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store


@pytest.fixture
def services(store: Store) -> Services:
    return Services(store, Settings(console_log_level="CRITICAL", http_allow_hosts="127.0.0.1"))
