"""What makes Dagster fast, as far as it is there: without the folder `extensions/` all works on Dagster's own parts.

Nobody else imports the extensions: here stands what takes the place of each.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
import yaml

from agentmesh_dagster.entities.json_values import as_object

__all__ = [
    "HAS_EXTENSIONS",
    "WITHOUT_EXTENSIONS",
    "build_thread_executor",
    "fetch_jobs_on_demand",
    "fit_dagster_yaml",
    "read_plan_heads",
    "warm_up",
]

_EXTENSIONS = "agentmesh_dagster.extensions"

_found = find_spec(_EXTENSIONS)
HAS_EXTENSIONS = _found is not None and _found.origin is not None  # a folder of stale `.pyc` has no origin

if HAS_EXTENSIONS:
    from agentmesh_dagster.extensions.on_demand_jobs import fetch_jobs_on_demand
    from agentmesh_dagster.extensions.plan_heads import read_plan_heads
    from agentmesh_dagster.extensions.thread_executor import build_thread_executor
else:

    def fetch_jobs_on_demand() -> None:
        """All jobs are fetched at each load, as Dagster does it."""

    def build_thread_executor(max_concurrent: int = 1) -> dg.ExecutorDefinition:  # noqa: ARG001
        """Steps follow each other."""
        return dg.in_process_executor

    def read_plan_heads(instance: dg.DagsterInstance) -> None:
        """Of what was written down of a plan all is read, as Dagster does it."""


WITHOUT_EXTENSIONS = (
    "There is no folder agentmesh_dagster/extensions, so Dagster's own parts do the work: a run starts after some "
    "seconds, its steps follow each other (AGENTMESH_EXECUTOR=multiprocess executes them side by side), and SQLite is "
    "slower."
)
_STOCK_QUEUE = {"dequeue_interval_seconds": 1, "dequeue_use_threads": True, "dequeue_num_workers": 4}


def warm_up(instance: dg.DagsterInstance, folder: Path) -> None:
    """Starts what runs are forked from, with its socket in `folder`, if this instance forks them.

    To be called as long as the process has one thread.
    """
    start: Callable[[Path], None] | None = getattr(instance.run_launcher, "warm_up", None)
    if start is not None:
        start(folder)


def fit_dagster_yaml(text: str) -> str:
    """A `dagster.yaml` in which Dagster's own parts stand for those that are not there. Raises yaml.YAMLError."""
    if HAS_EXTENSIONS:
        return text
    parts = as_object(yaml.safe_load(text))
    missing = {name for name, part in parts.items() if _EXTENSIONS in yaml.safe_dump(part)}
    if not missing:
        return text
    kept: dict[str, object] = {name: part for name, part in parts.items() if name not in missing}
    if "run_coordinator" in missing:
        kept["run_queue"] = _STOCK_QUEUE
    return yaml.safe_dump(kept, sort_keys=False)
