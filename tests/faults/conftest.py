"""A site with real processes that can be killed, on each database."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from agentmesh_dagster.runtime.services import Services
from tests.control.conftest import dagster_home, instance, services
from tests.faults.site import Site

__all__ = ["dagster_home", "instance", "services"]


@pytest.fixture
def site(
    services: Services, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    monkeypatch.setenv("AGENTMESH_TEST_RECORDER", str(tmp_path / "recorder"))
    site = Site(services, instance, tmp_path)
    yield site
    site.close()
