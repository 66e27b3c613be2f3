"""Services on each database with an instance of Dagster that keeps its runs."""

import shutil
from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture(scope="session")
def dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of Dagster with all tables, to be copied: to make them takes a second."""
    home = tmp_path_factory.mktemp("dagster") / "home"
    with open_test_instance(home) as instance:
        instance.event_log_storage.get_maximum_record_id()
        assert instance.schedule_storage
        instance.schedule_storage.all_instigator_state()
    return home


@pytest.fixture
def instance(services: Services, dagster_home: Path) -> Iterator[dg.DagsterInstance]:
    shutil.copytree(dagster_home, services.settings.home, dirs_exist_ok=True)
    with open_test_instance(services.settings.home) as instance:
        instance.get_runs_count()  # two processes that open a fresh home at once would crash one of them
        yield instance
