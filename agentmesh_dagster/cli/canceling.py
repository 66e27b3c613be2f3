"""Canceling a run."""

from agentmesh_dagster.cli.opening import open_mesh
from agentmesh_dagster.cli.printing import open_console, say


def cancel_run(beginning: str) -> None:
    """Cancels a run and says so. Raises RunNotFound, AmbiguousRun; a Conflict for one that has ended."""
    with open_mesh() as mesh:
        run = mesh.cancel(beginning)
    say(open_console(), f"Run {run.id} is {run.status.value}.")
