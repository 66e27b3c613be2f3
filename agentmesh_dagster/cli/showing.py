"""One run, looked at closely."""

from collections.abc import Mapping

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from agentmesh_dagster.cli.opening import open_backend
from agentmesh_dagster.cli.printing import (
    build_table,
    open_console,
    plain,
    print_json,
    show_brief,
    show_duration,
    show_moment,
    show_status,
    show_whole,
)
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventLog, Run, Step, StepStatus
from agentmesh_dagster.specs import NODE_SPECS
from agentmesh_dagster.specs.node_spec import UNKNOWN

_SAID_ELSEWHERE = ("nodeId", "item")  # of an event's payload


def show_run(id_prefix: str, *, with_events: bool, as_json: bool) -> None:
    """Prints a run with its steps, and with its events if asked. Raises RunNotFound, AmbiguousRun."""
    with open_backend() as backend:
        report = backend.read_run(id_prefix)
        events = backend.list_events(report.run.id) if with_events else None
    run, steps = report.run, report.steps
    if as_json:
        written: dict[str, JsonValue] = run.to_wire() | {"steps": [step.to_wire() for step in steps]}
        print_json(written if events is None else written | {"events": [event.to_wire() for event in events]})
        return
    console = open_console()
    _print_head(console, run)
    for step in steps:
        _print_step(console, step)
    if events is not None:
        _print_events(console, events, {step.id: step for step in steps})


def _print_head(console: Console, run: Run) -> None:
    waits = bool(run.waiting_on) and not run.status.is_end
    took = show_duration(run.started_at, run.finished_at)
    console.print(plain(f"Run {run.id}", "bold"), show_status(run.status, waits=waits))
    console.print(plain(f"workflow {run.workflow_id}, revision {run.revision}", "dim"))
    if run.started_at:
        console.print(Text(f"started {show_moment(run.started_at)}" + (f", took {took}" if took else ""), "dim"))
    if len(run.launches) > 1:
        console.print(Text(f"{len(run.launches)} Dagster runs: {', '.join(run.launches)}", "dim"))
    _print_value(console, "input", run.input)
    if run.output is not None:
        _print_value(console, "output", run.output)
    if run.error:
        console.print(plain(f"error   {run.error}", "red"))


def _print_step(console: Console, step: Step) -> None:
    console.print()
    item = f" [{step.item_index}]" if step.item_index is not None else ""
    took = show_duration(step.started_at, step.finished_at)
    tries = f"attempt {step.attempt}" if step.attempt > 1 else ""
    about = ", ".join(part for part in (step.node_type, took, tries, _format_usage(step)) if part)
    console.print(show_status(step.status), plain(f"{step.node_id}{item}", "bold"), Text(about, "dim"))
    if step.status is StepStatus.SKIPPED:
        return
    _print_value(console, "input", step.input)
    if step.error:
        console.print(Padding(plain(step.error, "red"), (0, 0, 0, 2), expand=False))
    if step.status is StepStatus.SUCCEEDED or step.output is not None:
        _print_value(console, "output", step.output)


def _format_usage(step: Step) -> str:
    """Model and tokens of an agent's step."""
    if NODE_SPECS.get(step.node_type, UNKNOWN).names != "agent" or step.status is not StepStatus.SUCCEEDED:
        return ""
    raw = step.output["raw"]
    usage = raw["usage"]
    return f"{raw['model']}, {usage['inputTokens']} + {usage['outputTokens']} tokens"


def _print_value(console: Console, name: str, value: JsonValue) -> None:
    shown = show_whole(value)
    if "\n" not in shown.plain:
        console.print(Padding(Text.assemble((f"{name:<8}", "dim"), shown), (0, 0, 0, 2), expand=False))
        return
    console.print(Padding(Text(name, "dim"), (0, 0, 0, 2), expand=False))
    console.print(Padding(shown, (0, 0, 0, 4), expand=False))


def _print_events(console: Console, events: list[EventLog], steps: Mapping[str, Step]) -> None:
    table = build_table("event", "when", "type", "node", "what")
    for event in events:
        step = steps.get(event.step_id or "")
        what = {name: value for name, value in event.payload.items() if name not in _SAID_ELSEWHERE}
        table.add_row(
            str(event.id),
            show_moment(event.timestamp),
            event.type.value,
            plain(step.node_id if step else ""),
            show_brief(what),
        )
    console.print()
    console.print(table)
