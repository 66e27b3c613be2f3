"""Running a workflow in this process: through Dagster, seen live."""

from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from agentmesh_dagster.cli.exit_codes import ExitCode
from agentmesh_dagster.cli.finding import find_workflow, name_user, read_input
from agentmesh_dagster.cli.printing import (
    WAITS,
    open_console,
    print_json,
    say,
    show_duration,
    show_status,
    show_whole,
)
from agentmesh_dagster.cli.progress import show_progress
from agentmesh_dagster.cli.terminal import own_terminal
from agentmesh_dagster.control.in_place import execute_launch
from agentmesh_dagster.control.instance import open_instance
from agentmesh_dagster.control.launch import UnfitInput, prepare_launch
from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import Run, RunStatus, Step, StepStatus, Workflow
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import list_steps
from agentmesh_dagster.translator.launchpad import read_default_input


@dataclass(frozen=True)
class RunReport:
    """A run that was executed here, and what came of it."""

    run: Run
    steps: list[Step]
    interrupted: bool

    @property
    def exit_code(self) -> ExitCode:
        if self.interrupted:
            return ExitCode.INTERRUPTED
        if self.run.status is RunStatus.SUCCEEDED:
            return ExitCode.DONE
        return ExitCode.WAITS if self.run.waiting_on and not self.run.status.is_end else ExitCode.FAILED


def run_workflow(id_or_name: str, given_input: str, *, as_json: bool) -> ExitCode:
    """Runs a workflow of the store to its end, or to where it waits for a person, and prints what came of it."""
    run_input = read_input(given_input)
    services = open_services()
    workflow = find_workflow(services.store, id_or_name)
    console = open_console(as_json=as_json)
    report = execute(services, workflow, run_input, console)
    if as_json:
        print_json(write_report(report))
    else:
        print_report(console, report)
        say(console, f"Look closer: agentmesh show {report.run.id[:8]}", "dim")
    return report.exit_code


def execute(services: Services, workflow: Workflow, run_input: JsonValue, console: Console) -> RunReport:
    """Launches a workflow and executes it here, with a live view on `console`. Raises as `prepare_launch` does."""
    with open_instance(services.settings) as instance:
        try:
            launch = prepare_launch(services, instance, workflow, run_input, launched_by=f"cli: {name_user()}")
        except UnfitInput as fault:
            example = write_json(read_default_input(workflow.input_schema))
            fault.add_note(f"An input of this shape fits: --input '{example}'")
            raise
        plan = load_plan(services.store, workflow.id, launch.revision)
        with own_terminal(console) as own, show_progress(own, services.store, plan, launch.run_id):
            has_ended = execute_launch(services, instance, launch)
    with services.store.read() as connection:
        run, steps = get_run(connection, launch.run_id), list_steps(connection, launch.run_id)
    return RunReport(run, steps, interrupted=not has_ended)


def write_report(report: RunReport) -> dict[str, JsonValue]:
    """What `run --format json` prints."""
    run = report.run
    written: dict[str, JsonValue] = {"runId": run.id, "status": run.status.value, "output": run.output}
    if run.error is not None:
        written["error"] = run.error
    return written | {"steps": [_write_step(step) for step in report.steps]}


def _write_step(step: Step) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {"id": step.id, "nodeId": step.node_id, "status": step.status.value}
    if step.status is StepStatus.SUCCEEDED or step.output is not None:
        written["output"] = step.output
    if step.error is not None:
        written["error"] = step.error
    return written


def print_report(console: Console, report: RunReport) -> None:
    """How the run ended, with its output or its error, for people."""
    run = report.run
    waits = report.exit_code is ExitCode.WAITS
    took = show_duration(run.started_at, run.finished_at)
    console.print()
    console.print(show_status(run.status, waits=waits), Text(f"in {took}" if took else "", "dim"))
    if waits:
        gates = [step for step in report.steps if step.id in run.waiting_on]
        nodes = ", ".join(f"`{gate.node_id}`" for gate in gates)
        say(console, f"The run {WAITS} at {nodes}. No process waits meanwhile.")
        for gate in gates:
            say(console, f"Answer it: agentmesh answer {gate.id[:8]} --approve (or --reject)")
    elif run.status is RunStatus.SUCCEEDED:
        console.print(show_whole(run.output), soft_wrap=True)
    else:
        say(console, run.error or "", "red")
