"""Workflows: list, run."""

from agentmesh_dagster.cli.backend import WorkflowLine
from agentmesh_dagster.cli.backend.factory import open_backend
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.input import read_input
from agentmesh_dagster.cli.output.console import build_table, open_console, plain, print_json, say
from agentmesh_dagster.cli.output.reports import print_report, write_report
from agentmesh_dagster.cli.output.values import show_moment, show_run_status
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.wire import NewRun


def list_workflows(*, as_json: bool) -> None:
    """Prints the workflows with their jobs and last runs; one that cannot be read is told on standard error."""
    with open_backend() as backend:
        lines, faults = backend.list_workflows()
    console, notes = open_console(as_json=as_json), open_console(as_json=True)
    if as_json:
        print_json([_write_line(line) for line in lines])
    elif lines:
        has_assets = any(line.workflow.asset for line in lines)
        table = build_table("id", "name", "job", *(["asset"] if has_assets else []), "revision", "last run", "when")
        for line in lines:
            workflow, last = line.workflow, line.last_run
            table.add_row(
                plain(workflow.id),
                plain(workflow.name),
                f"{line.job or ''} (!)" if line.job_problem else line.job or "",
                *([plain(workflow.asset.key if workflow.asset else "")] if has_assets else []),
                str(workflow.revision),
                show_run_status(last) if last else "",
                show_moment(last.started_at) if last else "",
            )
        console.print(table)
        for line in lines:
            if line.job_problem:
                say(notes, f"Warning: {line.job_problem}", "yellow")
    else:
        say(console, "No workflows yet. Type `agentmesh demo`, or `agentmesh apply PATH` with a document.")
    for fault in faults:
        say(notes, f"Warning: {fault}", "yellow")


def _write_line(line: WorkflowLine) -> dict[str, JsonValue]:
    workflow, last = line.workflow, line.last_run
    written: dict[str, JsonValue] = {
        "id": workflow.id,
        "name": workflow.name,
        "projectId": workflow.project_id,
        "job": line.job,
        "revision": workflow.revision,
    }
    if workflow.asset is not None:
        written["asset"] = workflow.asset.to_wire()
    if line.job_problem is not None:
        written["jobProblem"] = line.job_problem
    if last is not None:
        fields = last.to_wire()
        written["lastRun"] = {name: fields[name] for name in ("id", "status", "startedAt") if name in fields}
    return written


def run_workflow(
    id_or_name: str, given_input: str, *, materialize: bool, partition: str | None, as_json: bool
) -> ExitCode:
    """Runs a stored workflow to its end, or to where it waits for a person, and prints what came of it."""
    wanted = NewRun(materialize=materialize, partition=partition)
    if given_input:
        wanted = wanted.model_copy(update={"input": read_input(given_input)})
    console = open_console(as_json=as_json)
    with open_backend() as backend:
        report = backend.run(backend.find_workflow(id_or_name), wanted, console)
    if as_json:
        print_json(write_report(report))
    else:
        print_report(console, report)
        say(console, f"Look closer: agentmesh show {report.run.id[:8]}", "dim")
    return report.exit_code
