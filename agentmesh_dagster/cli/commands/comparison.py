"""Two runs, compared: what they were given, how they ended, and what their steps did."""

from agentmesh_dagster.cli.backend.factory import open_backend
from agentmesh_dagster.cli.output.comparison import compare_runs, print_comparison, write_comparison
from agentmesh_dagster.cli.output.console import open_console, print_json


def print_differences(one: str, other: str, *, as_json: bool) -> None:
    """Prints in what two runs differ. Raises RunNotFound, AmbiguousRun."""
    with open_backend() as backend:
        comparison = compare_runs(backend.read_run(one), backend.read_run(other))
    if as_json:
        print_json(write_comparison(comparison))
    else:
        print_comparison(open_console(), comparison)
