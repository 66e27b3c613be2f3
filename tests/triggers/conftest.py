"""A site with processes to kill, on each database, and Dagster's daemon one tick at a time."""

import pytest

from tests.faults.conftest import dagster_home, instance, services, site
from tests.faults.site import Site
from tests.triggers.daemon import Daemon

__all__ = ["dagster_home", "instance", "services", "site"]


@pytest.fixture
def daemon(site: Site) -> Daemon:
    return Daemon(site.instance)
