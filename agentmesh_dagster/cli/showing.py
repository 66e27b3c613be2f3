"""One run, looked at closely."""

from collections.abc import Mapping

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from agentmesh_dagster.cli.finding import find_run
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
from agentmesh_dagster.cli.settling import settle_runs
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventLog, NodeType, Run, Step, StepStatus
from agentmesh_dagster.runtime.services import open_services
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import list_steps

_EVENTS_AT_ONCE = 1_000
_SAID_ELSEWHERE = ("nodeId", "item")  # of an event's payload


def show_run(beginning: str, *, with_events: bool, as_json: bool) -> None:
    """Prints a run with its steps, and with its events if asked. Raises RunNotFound, AmbiguousRun."""
    services = open_services()
    run_id = find_run(services.store, beginning)
    settle_runs(services, run_id)
    with services.store.read() as connection:
        run, steps = get_run(connection, run_id), list_steps(connection, run_id)
    events = _read_events(services.store, run_id) if with_events else None
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


def _read_events(store: Store, run_id: str) -> list[EventLog]:
    events: list[EventLog] = []
    with store.read() as connection:
        while page := list_events(connection, run_id, after=events[-1].id if events else 0, limit=_EVENTS_AT_ONCE):
            events += page
    return events


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
    about = ", ".join(part for part in (step.node_type.value, took, tries, _tell_usage(step)) if part)
    console.print(show_status(step.status), plain(f"{step.node_id}{item}", "bold"), Text(about, "dim"))
    if step.status is StepStatus.SKIPPED:
        return
    _print_value(console, "input", step.input)
    if step.error:
        console.print(Padding(plain(step.error, "red"), (0, 0, 0, 2), expand=False))
    if step.status is StepStatus.SUCCEEDED or step.output is not None:
        _print_value(console, "output", step.output)


def _tell_usage(step: Step) -> str:
    """Model and tokens of an agent's step."""
    if step.node_type is not NodeType.AGENT or step.status is not StepStatus.SUCCEEDED:
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
