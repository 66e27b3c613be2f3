"""Running a workflow: in this process, through Dagster, or on a server; seen live."""

from agentmesh_dagster.cli.backend.factory import open_backend
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.input import read_input
from agentmesh_dagster.cli.output.console import open_console, print_json, say
from agentmesh_dagster.cli.output.reports import print_report, write_report


def run_workflow(id_or_name: str, given_input: str, *, as_json: bool) -> ExitCode:
    """Runs a stored workflow to its end, or to where it waits for a person, and prints what came of it."""
    run_input = read_input(given_input)
    console = open_console(as_json=as_json)
    with open_backend() as backend:
        report = backend.run(backend.find_workflow(id_or_name), run_input, console)
    if as_json:
        print_json(write_report(report))
    else:
        print_report(console, report)
        say(console, f"Look closer: agentmesh show {report.run.id[:8]}", "dim")
    return report.exit_code
