"""The API over each database."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml

from agentmesh_dagster.runtime.services import Services
from tests.api.office import Office, run_office
from tests.control.conftest import dagster_home, services  # noqa: F401
from tests.control.instances import open_test_instance, read_storages

QUEUE = {"run_coordinator": {"module": "dagster", "class": "QueuedRunCoordinator"}, "telemetry": {"enabled": False}}


@pytest.fixture
def instance(services: Services, dagster_home: Path) -> Iterator[dg.DagsterInstance]:  # noqa: F811
    home = services.settings.home
    shutil.copytree(dagster_home, home, dirs_exist_ok=True)
    (home / "dagster.yaml").write_text(yaml.safe_dump(QUEUE | read_storages()))
    with open_test_instance(home) as opened:
        opened.get_runs_count()
        yield opened


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Iterator[Office]:  # noqa: F811
    with run_office(services, instance) as running:
        yield running
