"""What makes Dagster fast, as far as it is there: without the folder `extensions/` all works on Dagster's own parts.

Nobody else imports the extensions: here stands what takes the place of each.
"""

from pathlib import Path
from typing import Any

import dagster as dg
import yaml

_EXTENSIONS = "agentmesh_dagster.extensions"

try:
    from agentmesh_dagster.extensions.on_demand_jobs import fetch_jobs_on_demand
    from agentmesh_dagster.extensions.thread_executor import build_thread_executor
    from agentmesh_dagster.extensions.warm_launcher import WarmRunLauncher
except ModuleNotFoundError as missing:
    if not (missing.name or "").startswith(_EXTENSIONS):
        raise
    HAS_EXTENSIONS = False
else:
    HAS_EXTENSIONS = True

WITHOUT_EXTENSIONS = (
    "There is no folder agentmesh_dagster/extensions, so Dagster's own parts do the work: a run starts after some "
    "seconds, its steps follow each other (AGENTMESH_EXECUTOR=multiprocess executes them side by side), and SQLite is "
    "slower."
)
_STOCK_QUEUE = {"dequeue_interval_seconds": 1, "dequeue_use_threads": True, "dequeue_num_workers": 4}


def build_executor(max_concurrent: int) -> dg.ExecutorDefinition:
    """The executor that the setting `threads` stands for; it executes so many steps of a run at once."""
    return build_thread_executor(max_concurrent) if HAS_EXTENSIONS else dg.in_process_executor


def load_jobs_lazily() -> None:
    """From now on this process fetches a job from its code server when it is looked at, not at each load."""
    if HAS_EXTENSIONS:
        fetch_jobs_on_demand()


def warm_up(instance: dg.DagsterInstance, folder: Path) -> None:
    """Starts what runs are forked from, with its socket in `folder`, if this instance forks them.

    To be called as long as the process has one thread.
    """
    if HAS_EXTENSIONS and isinstance(instance.run_launcher, WarmRunLauncher):
        instance.run_launcher.warm_up(folder)


def fit_dagster_yaml(text: str) -> str:
    """A `dagster.yaml` in which Dagster's own parts stand for those that are not there. Raises yaml.YAMLError."""
    if HAS_EXTENSIONS:
        return text
    config: Any = yaml.safe_load(text)
    parts: dict[str, Any] = config if isinstance(config, dict) else {}
    missing = {name for name, part in parts.items() if _EXTENSIONS in yaml.safe_dump(part)}
    if not missing:
        return text
    kept = {name: part for name, part in parts.items() if name not in missing}
    queue = {"run_queue": _STOCK_QUEUE} if "run_coordinator" in missing else {}
    return yaml.safe_dump(kept | queue, sort_keys=False)
