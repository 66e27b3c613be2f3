"""Continuing a run that has failed."""

from agentmesh_dagster.cli.backend.factory import open_backend
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.output.console import open_console, print_json
from agentmesh_dagster.cli.output.reports import print_report, write_report


def retry_run(id_prefix: str, *, as_json: bool) -> ExitCode:
    """Continues the run, and prints where it stands then. Raises RunNotFound, AmbiguousRun, NotRetried."""
    console = open_console(as_json=as_json)
    with open_backend() as backend:
        report = backend.retry(id_prefix, console)
    if as_json:
        print_json(write_report(report))
    else:
        print_report(console, report)
    return report.exit_code
