"""Lists: the workflows of the store, and runs."""

from typing import cast

from agentmesh_dagster.cli.finding import find_workflow, list_all
from agentmesh_dagster.cli.printing import (
    build_table,
    open_console,
    plain,
    print_json,
    say,
    show_brief,
    show_duration,
    show_moment,
    show_status,
)
from agentmesh_dagster.cli.settling import settle_runs
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Kind, Run, RunStatus, Workflow
from agentmesh_dagster.errors import InvalidValue
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.catalogue import list_job_names
from agentmesh_dagster.store.runs import list_runs

_SHORT_ID = 8


class UnknownStatus(InvalidValue):
    """Runs have no such status."""


def list_workflows(*, as_json: bool) -> None:
    """Prints the workflows with their jobs and last runs; one that cannot be read is told on standard error."""
    services = open_services()
    settle_runs(services)
    found, faults = list_all(services.store, Kind.WORKFLOW)
    workflows = cast("list[Workflow]", found)
    jobs = {workflow_id: job_name for job_name, workflow_id in list_job_names(services.store).items()}
    last_runs = {workflow.id: _find_last_run(services.store, workflow.id) for workflow in workflows}
    console, notes = open_console(as_json=as_json), open_console(as_json=True)
    if as_json:
        print_json([_write(one, jobs.get(one.id), last_runs[one.id]) for one in workflows])
    elif workflows:
        table = build_table("id", "name", "job", "revision", "last run", "when")
        for one in workflows:
            last = last_runs[one.id]
            table.add_row(
                plain(one.id),
                plain(one.name),
                jobs.get(one.id, ""),
                str(one.revision),
                _show_run_status(last) if last else "",
                show_moment(last.started_at) if last else "",
            )
        console.print(table)
    else:
        say(console, "No workflows yet. Type `agentmesh demo`, or `agentmesh apply PATH` with a document.")
    for fault in faults:
        say(notes, f"Warning: {fault}", "yellow")


def list_some_runs(workflow: str | None, status: str | None, *, waiting: bool, limit: int, as_json: bool) -> None:
    """Prints the newest runs that fit. Raises EntityNotFound, UnknownStatus."""
    services = open_services()
    workflow_id = find_workflow(services.store, workflow).id if workflow else None
    statuses = [_read_status(status)] if status else []
    settle_runs(services)
    with services.store.read() as connection:
        found = list_runs(connection, workflow_id=workflow_id, statuses=statuses, waiting=waiting, limit=limit)
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


def _find_last_run(store: Store, workflow_id: str) -> Run | None:
    with store.read() as connection:
        return next(iter(list_runs(connection, workflow_id=workflow_id, limit=1)), None)


def _show_run_status(run: Run):
    return show_status(run.status, waits=bool(run.waiting_on) and not run.status.is_end)


def _write(workflow: Workflow, job: str | None, last: Run | None) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {
        "id": workflow.id,
        "name": workflow.name,
        "projectId": workflow.project_id,
        "job": job,
        "revision": workflow.revision,
    }
    if last is not None:
        fields = last.to_wire()
        written["lastRun"] = {name: fields[name] for name in ("id", "status", "startedAt") if name in fields}
    return written
