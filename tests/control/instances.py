"""A persistent Dagster instance of a test's own."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef


@contextmanager
def open_test_instance(home: Path) -> Generator[dg.DagsterInstance]:
    home.mkdir(parents=True, exist_ok=True)
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home))) as instance:
        yield instance
