"""One run, looked at closely."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from agentmesh_dagster.cli.output.console import build_table, plain
from agentmesh_dagster.cli.output.values import (
    describe_asset,
    describe_waiting,
    name_step,
    show_brief,
    show_check,
    show_duration,
    show_moment,
    show_run_status,
    show_step_status,
    show_whole,
)
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventLog, Run, Step, StepStatus
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.graph.address import Call, Frame, Path, Round, read_address
from agentmesh_dagster.specs import NODE_SPECS
from agentmesh_dagster.specs.node_spec import UNKNOWN

_SHOWN_ELSEWHERE = ("nodeId", "item", "path")  # of an event's payload


def print_run(console: Console, run: Run, steps: Sequence[Step]) -> None:
    """The run, and below it its steps with their inputs and outputs."""
    _print_head(console, run)
    for place, group in _group_by_place(steps):
        if place:
            console.print()
            console.print(plain(_describe_place(place), "bold cyan"))
        for step in group:
            _print_step(console, step)


def _group_by_place(steps: Sequence[Step]) -> list[tuple[Path, list[Step]]]:
    """The steps by the rounds and sub-workflows in which they stand, in the order in which these began."""
    groups: list[tuple[Path, list[Step]]] = []
    known: dict[Path, list[Step]] = {}
    for step in steps:
        place = read_address(step.node_id, step.path).place
        if place and place in known:
            known[place].append(step)
        elif not place and groups and not groups[-1][0]:
            groups[-1][1].append(step)
        else:
            known[place] = [step]
            groups.append((place, known[place]))
    return groups


def _describe_place(place: Path) -> str:
    """`review, round 2`: from the outside to the inside."""
    words = (f"round {frame.number}" if isinstance(frame, Round) else _name_call(frame) for frame in place)
    return ", ".join(words)


def _name_call(frame: Frame) -> str:
    return frame.node_id if isinstance(frame, Call) else str(frame)


def print_events(console: Console, events: Sequence[EventLog], steps: Sequence[Step]) -> None:
    """A table of what happened, in order; `steps` are those of the run."""
    by_id = {step.id: step for step in steps}
    table = build_table("event", "when", "type", "node", "what")
    for event in events:
        step = by_id.get(event.step_id or "")
        what = {name: value for name, value in event.payload.items() if name not in _SHOWN_ELSEWHERE}
        table.add_row(
            str(event.id),
            show_moment(event.timestamp),
            event.type.value,
            plain(name_step(step.node_id, step.path) if step else ""),
            show_brief(what),
        )
    console.print()
    console.print(table)


def _print_head(console: Console, run: Run) -> None:
    took = show_duration(run.started_at, run.finished_at)
    console.print(plain(f"Run {run.id}", "bold"), show_run_status(run))
    console.print(plain(f"workflow {run.workflow_id}, revision {run.revision}", "dim"))
    if run.parent_run_id:
        console.print(plain(f"for a step of run {run.parent_run_id}", "dim"))
    if run.asset is not None:
        backfill = f", backfill {run.backfill_id}" if run.backfill_id else ""
        console.print(plain(f"asset {describe_asset(run)}{backfill}", "dim"))
    if run.started_at:
        console.print(Text(f"started {show_moment(run.started_at)}" + (f", took {took}" if took else ""), "dim"))
    if len(run.launches) > 1:
        console.print(Text(f"{len(run.launches)} Dagster runs: {', '.join(run.launches)}", "dim"))
    if run.forked_from:
        origin = run.forked_from
        place = f" {origin.path}" if origin.path else ""
        console.print(plain(f"forked from {origin.run_id}, from {origin.node_id}{place} on", "dim"))
    if run.forks:
        console.print(plain(f"forks: {', '.join(run.forks)}", "dim"))
    _print_value(console, "input", run.input)
    if run.output is not None:
        _print_value(console, "output", run.output)
    for check in run.checks:
        console.print(Padding(Text.assemble(("check   ", "dim"), show_check(check)), (0, 0, 0, 2), expand=False))
    if run.error:
        console.print(plain(f"error   {run.error}", "red"))


def _print_step(console: Console, step: Step) -> None:
    console.print()
    took = show_duration(step.started_at, step.finished_at)
    tries = f"attempt {step.attempt}" if step.attempt > 1 else ""
    about = ", ".join(part for part in (step.node_type, took, tries, _format_usage(step), _format_origin(step)) if part)
    console.print(show_step_status(step), plain(name_step(step.node_id, step.path), "bold"), Text(about, "dim"))
    if step.status is StepStatus.SKIPPED:
        return
    if step.waiting_for is not None:
        console.print(Padding(plain(describe_waiting(step), "yellow"), (0, 0, 0, 2), expand=False))
    if step.child_run_id is not None:
        console.print(Padding(plain(f"run {step.child_run_id}", "dim"), (0, 0, 0, 2), expand=False))
    _print_value(console, "input", step.input)
    if step.error:
        code = f"{step.code.value}: " if step.code and step.code is not FaultCode.ERROR else ""
        style = "yellow" if step.caught or step.used_fallback else "red"
        console.print(Padding(plain(f"{code}{step.error}", style), (0, 0, 0, 2), expand=False))
    if step.status is StepStatus.SUCCEEDED or step.output is not None:
        _print_value(console, "output", step.output)


def _format_origin(step: Step) -> str:
    """Who did its work, where that was not this run."""
    if step.taken_over_from is None:
        return ""
    edited = f", edited by {step.edited_by}" if step.edited_by else ""
    return f"taken over from {step.taken_over_from[:8]}{edited}"


def _format_usage(step: Step) -> str:
    """Model and tokens of an agent's step."""
    if NODE_SPECS.get(step.node_type, UNKNOWN).names != "agent" or step.status is not StepStatus.SUCCEEDED:
        return ""
    if step.edited_by is not None or step.used_fallback:
        return ""  # no model was asked for what somebody has written: it may be any value
    match step.output:
        case {"raw": {"model": model, "usage": {"inputTokens": read, "outputTokens": written}}}:
            return f"{model}, {read} + {written} tokens"
        case _:
            return ""


def _print_value(console: Console, name: str, value: JsonValue) -> None:
    shown = show_whole(value)
    if "\n" not in shown.plain:
        console.print(Padding(Text.assemble((f"{name:<8}", "dim"), shown), (0, 0, 0, 2), expand=False))
        return
    console.print(Padding(Text(name, "dim"), (0, 0, 0, 2), expand=False))
    console.print(Padding(shown, (0, 0, 0, 4), expand=False))
