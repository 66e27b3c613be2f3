"""A persistent Dagster instance of a test's own."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from agentmesh_dagster.control.dagster_internals import ReconstructableJob


@contextmanager
def open_test_instance(home: Path) -> Generator[dg.DagsterInstance]:
    """The instance in `home`, for one test: a process of its own would not know the job of the test before."""
    ReconstructableJob.get_repository_definition.cache_clear()
    ReconstructableJob.get_definition.cache_clear()
    home.mkdir(parents=True, exist_ok=True)
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home))) as instance:
        yield instance
