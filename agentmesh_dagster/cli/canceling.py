"""Canceling a run."""

from agentmesh_dagster.cli.backend.factory import open_backend
from agentmesh_dagster.cli.output.console import open_console, say


def cancel_run(id_prefix: str) -> None:
    """Cancels a run and says so. Raises RunNotFound, AmbiguousRun; a Conflict for one that has ended."""
    with open_backend() as backend:
        run = backend.cancel(id_prefix)
    say(open_console(), f"Run {run.id} is {run.status.value}.")
