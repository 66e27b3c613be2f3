"""A persistent Dagster instance of a test's own."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.instance.ref import InstanceRef

from agentmesh_dagster.control.dagster_internals import ReconstructableJob
from tests.dagster_yaml import find_dagster_yaml

WAITS_FOR_CODE_SERVERS = {"code_servers": {"wait_for_local_processes_on_shutdown": True}}


@contextmanager
def open_test_instance(home: Path) -> Generator[dg.DagsterInstance]:
    """The instance in `home`, for one test: a process of its own would not know the job of the test before.

    Unless the home says otherwise, runs and their logs are kept as our `dagster.yaml` has it; queue and launcher are
    Dagster's defaults. Code servers that were started for it have ended when it is closed.
    """
    ReconstructableJob.get_repository_definition.cache_clear()
    ReconstructableJob.get_definition.cache_clear()
    home.mkdir(parents=True, exist_ok=True)
    parts = WAITS_FOR_CODE_SERVERS | ({} if (home / "dagster.yaml").exists() else read_storages())
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=parts)) as instance:
        yield instance


def read_storages() -> dict[str, Any]:
    """What our `dagster.yaml` says of where runs and their logs are kept."""
    config = yaml.safe_load(find_dagster_yaml().read_text())
    return {name: config[name] for name in ("storage", "compute_logs") if name in config}
