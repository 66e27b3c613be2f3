"""An installation over PostgreSQL and Redis whose steps run on Celery workers, each of them to be killed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.settings import get_settings
from tests.control.instances import open_test_instance
from tests.deploy.celery_site import CelerySite
from tests.deploy.compose import DEPLOY
from tests.deploy.recorder import run_recorder
from tests.deploy.redis import NoRedis, run_redis
from tests.postgres import PostgresServer

LEASE_SECONDS = 2


@pytest.fixture
def redis() -> Iterator[str]:
    try:
        with run_redis() as url:
            yield url
    except NoRedis as reason:
        if "CI" in os.environ:
            pytest.fail(f"Redis is needed: {reason}")
        pytest.skip(f"no Redis: {reason}")


@pytest.fixture
def celery_site(
    postgres: PostgresServer, redis: str, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CelerySite]:
    home.mkdir()
    (home / "dagster.yaml").write_text((DEPLOY / "dagster.yaml").read_text())
    with postgres.database() as store_url, postgres.database() as dagster_url, run_recorder() as recorder:
        environment = {
            "AGENTMESH_DATABASE_URL": store_url,
            "AGENTMESH_EXECUTOR": "celery",
            "AGENTMESH_LEASE_SECONDS": str(LEASE_SECONDS),
            "AGENTMESH_HTTP_ALLOW_HOSTS": "127.0.0.1",
            "AGENTMESH_CONSOLE_LOG_LEVEL": "CRITICAL",
            "DAGSTER_POSTGRES_URL": dagster_url.replace("postgresql://", "postgresql+psycopg2://"),
            "CELERY_BROKER_URL": f"{redis}/0",
            "CELERY_RESULT_BACKEND": f"{redis}/1",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        get_settings.cache_clear()
        with open_test_instance(home) as instance:
            instance.get_runs_count()
            site = CelerySite(open_services(), instance, tmp_path, recorder)
            try:
                yield site
            finally:
                site.close()
