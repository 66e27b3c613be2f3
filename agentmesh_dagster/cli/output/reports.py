"""What came of a run: for people, and as JSON."""

from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.output.console import say
from agentmesh_dagster.cli.output.values import (
    describe_waiting,
    name_step,
    show_duration,
    show_run_status,
    show_status,
    show_whole,
)
from agentmesh_dagster.entities.gates import Gate
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Run, RunStatus, Step, StepStatus


@dataclass(frozen=True)
class RunReport:
    """A run, and what has come of it so far."""

    run: Run
    steps: list[Step]
    interrupted: bool = False  # by Ctrl-C
    is_active: bool = False  # in other processes, after this command

    @property
    def exit_code(self) -> ExitCode:
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if self.run.status is RunStatus.SUCCEEDED or self.is_active:
            return ExitCode.DONE
        return ExitCode.WAITS if self.run.waiting_on and not self.run.status.is_end else ExitCode.FAILED


def write_report(report: RunReport) -> dict[str, JsonValue]:
    """What `run --format json` prints."""
    run = report.run
    written: dict[str, JsonValue] = {"runId": run.id, "status": run.status.value, "output": run.output}
    if run.error is not None:
        written["error"] = run.error
    if run.forked_from is not None:
        written["forkedFrom"] = run.forked_from.to_wire()
    return {**written, "steps": [_write_step(step) for step in report.steps]}


def _write_step(step: Step) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {"id": step.id, "nodeId": step.node_id, "status": step.status.value}
    written |= write_place(step)
    if step.status is StepStatus.SUCCEEDED or step.output is not None:
        written["output"] = step.output
    if step.error is not None:
        written["error"] = step.error
    if step.code is not None:
        written["code"] = step.code.value
    if step.caught:
        written["caught"] = True
    if step.used_fallback:
        written["usedFallback"] = True
    if step.taken_over_from is not None:
        written["takenOverFrom"] = step.taken_over_from
    if step.edited_by is not None:
        written["editedBy"] = step.edited_by
    return written


def write_place(at: Step | Gate) -> dict[str, JsonValue]:
    """Where a step or a gate stands, in JSON: nothing outside of all that is repeated or called."""
    place = {"path": at.path or None, "round": at.round, "itemIndex": at.item_index}
    return {name: value for name, value in place.items() if value is not None}


def print_report(console: Console, report: RunReport) -> None:
    """How the run ended, with its output or its error, for people."""
    run = report.run
    waits = report.exit_code is ExitCode.WAITS
    took = show_duration(run.started_at, run.finished_at)
    console.print()
    is_mended = run.has_caught and not waits
    console.print(
        show_run_status(run) if is_mended else show_status(run.status, waits=waits),
        Text(f"in {took}" if took else "", "dim"),
    )
    if waits:
        waiting = [step for step in report.steps if step.id in run.waiting_on]
        say(console, f"The run {'; '.join(map(describe_waiting, waiting))}. No process waits meanwhile.")
        if run.has_failed:
            say(console, "A step has failed, so the run can only fail.", "red")
        for gate in (step for step in waiting if step.status is StepStatus.WAITING_HUMAN):
            what = f"`{name_step(gate.node_id, gate.path)}`" if gate.path else "it"
            say(console, f"Answer {what}: agentmesh answer {gate.id[:8]} --approve (or --reject)")
    elif run.status is RunStatus.SUCCEEDED:
        console.print(show_whole(run.output), soft_wrap=True)
    elif not run.status.is_end:
        say(console, f"It goes on in Dagster. Look at it: agentmesh show {run.id[:8]}")
    else:
        say(console, run.error or "", "red")
        if run.status is RunStatus.FAILED:
            say(console, f"Continue it from there: agentmesh retry {run.id[:8]}", "dim")
