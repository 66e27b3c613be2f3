"""Runs: list, show, retry, fork, cancel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentmesh_dagster.cli.backend.factory import open_backend
from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.input import read_input
from agentmesh_dagster.cli.output.console import build_table, open_console, plain, print_json, say
from agentmesh_dagster.cli.output.reports import print_report, write_report
from agentmesh_dagster.cli.output.run_details import print_events, print_run
from agentmesh_dagster.cli.output.values import describe_asset, show_brief, show_duration, show_moment, show_run_status
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.errors import InvalidValue
from agentmesh_dagster.wire import NewFork

_SHORT_ID = 8


class UnknownStatus(InvalidValue):
    """Runs have no such status."""


def list_runs(
    workflow: str | None,
    status: str | None,
    *,
    waiting: bool,
    has_failed: bool,
    has_caught: bool,
    parent: str | None,
    asset: str | None,
    partition: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Prints the newest runs that fit. Raises EntityNotFound, UnknownStatus, RunNotFound, AmbiguousRun."""
    wanted = _read_status(status) if status else None
    with open_backend() as backend:
        workflow_id = backend.find_workflow(workflow).id if workflow else None
        found = backend.list_runs(
            workflow_id=workflow_id,
            status=wanted,
            waiting=waiting,
            has_failed=has_failed,
            has_caught=has_caught,
            parent=parent,
            asset=asset,
            partition=partition,
            limit=limit,
        )
    if as_json:
        print_json([run.to_wire() for run in found])
        return
    console = open_console()
    if not found:
        say(console, "No such runs. Type `agentmesh run WORKFLOW` to start one.")
        return
    has_assets = any(run.asset for run in found)
    table = build_table(
        "run", "workflow", *(["asset"] if has_assets else []), "status", "started", "time", "output or error"
    )
    for run in found:
        ending = plain(run.error, "red") if run.error else show_brief(run.output)
        table.add_row(
            run.id[:_SHORT_ID],
            plain(run.workflow_id),
            *([plain(describe_asset(run))] if has_assets else []),
            show_run_status(run),
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


def show_run(id_prefix: str, *, with_events: bool, as_json: bool) -> None:
    """Prints a run with its steps, and with its events if asked. Raises RunNotFound, AmbiguousRun."""
    with open_backend() as backend:
        report = backend.read_run(id_prefix)
        events = backend.list_events(report.run.id) if with_events else None
    run, steps = report.run, report.steps
    if as_json:
        written: dict[str, JsonValue] = {**run.to_wire(), "steps": [step.to_wire() for step in steps]}
        if events is not None:
            written["events"] = [event.to_wire() for event in events]
        print_json(written)
        return
    console = open_console()
    print_run(console, run, steps)
    if events is not None:
        print_events(console, events, steps)


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


class UnreadableOutput(InvalidValue):
    """An output is given as NODE=JSON, or as NODE=@FILE."""


@dataclass(frozen=True)
class TypedFork:
    """What was typed behind `fork RUN`."""

    node: str
    path: str
    outputs: Sequence[str]  # NODE=JSON
    given_input: str | None
    newest: bool

    def read(self) -> NewFork:
        """Raises UnreadableOutput, UnreadableInput."""
        asked: dict[str, Any] = {"from_node_id": self.node, "path": self.path}
        asked["outputs"] = dict(_read_output(text) for text in self.outputs)
        if self.given_input is not None:
            asked["input"] = read_input(self.given_input)
        return NewFork(**asked, revision="newest" if self.newest else "same")


def _read_output(text: str) -> tuple[str, JsonValue]:
    node, is_given, value = text.partition("=")
    if not is_given:
        raise UnreadableOutput(f"""here it is `{text}`; type --output '{text}={{"text": "…"}}'""")
    return node, read_input(value, f"--output {node}=")


def fork_run(id_prefix: str, typed: TypedFork, *, waits: bool, as_json: bool) -> ExitCode:
    """Forks the run, and prints where the new one stands then. Raises RunNotFound, AmbiguousRun, ForkRefused."""
    wanted = typed.read()
    console = open_console(as_json=as_json)
    with open_backend() as backend:
        report = backend.fork(id_prefix, wanted, console, waits=waits)
    if as_json:
        print_json(write_report(report))
    else:
        origin = report.run.forked_from
        say(console, f"Run {report.run.id}, forked from {origin.run_id[:_SHORT_ID]}" if origin else report.run.id)
        print_report(console, report)
    return report.exit_code


def cancel_run(id_prefix: str) -> None:
    """Cancels a run and says so. Raises RunNotFound, AmbiguousRun; a Conflict for one that has ended."""
    with open_backend() as backend:
        run = backend.cancel(id_prefix)
    say(open_console(), f"Run {run.id} is {run.status.value}.")
