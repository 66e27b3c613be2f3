"""Lists: the workflows of the store, and runs."""

from agentmesh_dagster.cli.backend import WorkflowLine
from agentmesh_dagster.cli.backend.factory import open_backend
from agentmesh_dagster.cli.output.console import build_table, open_console, plain, print_json, say
from agentmesh_dagster.cli.output.values import show_brief, show_duration, show_moment, show_status
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Run, RunStatus
from agentmesh_dagster.errors import InvalidValue

_SHORT_ID = 8


class UnknownStatus(InvalidValue):
    """Runs have no such status."""


def list_workflows(*, as_json: bool) -> None:
    """Prints the workflows with their jobs and last runs; one that cannot be read is told on standard error."""
    with open_backend() as backend:
        lines, faults = backend.list_workflows()
    console, notes = open_console(as_json=as_json), open_console(as_json=True)
    if as_json:
        print_json([_write(line) for line in lines])
    elif lines:
        table = build_table("id", "name", "job", "revision", "last run", "when")
        for line in lines:
            one, last = line.workflow, line.last_run
            table.add_row(
                plain(one.id),
                plain(one.name),
                f"{line.job or ''} (!)" if line.job_problem else line.job or "",
                str(one.revision),
                _show_run_status(last) if last else "",
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


def list_some_runs(
    workflow: str | None, status: str | None, *, waiting: bool, has_failed: bool, limit: int, as_json: bool
) -> None:
    """Prints the newest runs that fit. Raises EntityNotFound, UnknownStatus."""
    wanted = _read_status(status) if status else None
    with open_backend() as backend:
        workflow_id = backend.find_workflow(workflow).id if workflow else None
        found = backend.list_runs(
            workflow_id=workflow_id, status=wanted, waiting=waiting, has_failed=has_failed, limit=limit
        )
    if as_json:
        print_json([run.to_wire() for run in found])
        return
    console = open_console()
    if not found:
        say(console, "No such runs. Type `agentmesh run WORKFLOW` to start one.")
        return
    table = build_table("run", "workflow", "status", "started", "time", "output or error")
    for run in found:
        ending = plain(run.error, "red") if run.error else show_brief(run.output)
        table.add_row(
            run.id[:_SHORT_ID],
            plain(run.workflow_id),
            _show_run_status(run),
            show_moment(run.started_at),
            show_duration(run.started_at, run.finished_at),
            ending if run.status.is_end else "",
        )
    console.print(table)


def _read_status(text: str) -> RunStatus:
    try:
        return RunStatus(text.lower())
    except ValueError:
        raise UnknownStatus(f"`{text}`; there are {', '.join(status.value for status in RunStatus)}") from None


def _show_run_status(run: Run):
    shown = show_status(run.status, waits=bool(run.waiting_on) and not run.status.is_end)
    return shown if run.status.is_end or not run.has_failed else shown.append(", a step has failed", "red")


def _write(line: WorkflowLine) -> dict[str, JsonValue]:
    workflow, last = line.workflow, line.last_run
    written: dict[str, JsonValue] = {
        "id": workflow.id,
        "name": workflow.name,
        "projectId": workflow.project_id,
        "job": line.job,
        "revision": workflow.revision,
    }
    if line.job_problem is not None:
        written["jobProblem"] = line.job_problem
    if last is not None:
        fields = last.to_wire()
        written["lastRun"] = {name: fields[name] for name in ("id", "status", "startedAt") if name in fields}
    return written
