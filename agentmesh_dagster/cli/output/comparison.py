"""In what two runs differ: for people, and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from agentmesh_dagster.cli.output.console import build_table, plain, say
from agentmesh_dagster.cli.output.reports import RunReport
from agentmesh_dagster.cli.output.values import show_brief, show_duration, show_run_status, show_status
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Run, Step

_SHORT_ID = 8
_OF_RUN = ("input", "output", "error", "status", "revision")  # fields that are compared, all of one word


@dataclass(frozen=True)
class StepPair:
    """The steps of both runs at one place; at least one of them is there."""

    one: Step | None
    other: Step | None

    @property
    def step(self) -> Step:
        """Either of them, for what both have."""
        step = self.other or self.one
        assert step is not None
        return step

    @property
    def differs(self) -> bool:
        return _list_compared(self.one) != _list_compared(self.other)


@dataclass(frozen=True)
class Comparison:
    one: Run
    other: Run
    steps: Sequence[StepPair]  # those that differ

    @property
    def fields(self) -> list[str]:
        """In what the runs themselves differ."""
        return [name for name in _OF_RUN if getattr(self.one, name) != getattr(self.other, name)]


def compare_runs(one: RunReport, other: RunReport) -> Comparison:
    """What differs, in the order in which the steps of the second run began, then those of the first alone."""
    first, second = ({(step.node_id, step.path): step for step in report.steps} for report in (one, other))
    pairs = [StepPair(first.get(place), second.get(place)) for place in dict.fromkeys([*second, *first])]
    return Comparison(one.run, other.run, [pair for pair in pairs if pair.differs])


def _list_compared(step: Step | None) -> Sequence[object]:
    return () if step is None else (step.status, step.output, step.error)


def write_comparison(comparison: Comparison) -> dict[str, JsonValue]:
    """What `compare --format json` prints: only what differs."""
    sides = {"one": comparison.one, "other": comparison.other}
    written: dict[str, JsonValue] = {name: run.id for name, run in sides.items()}
    for field in comparison.fields:
        written[field] = {name: run.to_wire().get(field) for name, run in sides.items()}
    written["steps"] = [_write_pair(pair) for pair in comparison.steps]
    return written


def _write_pair(pair: StepPair) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {"nodeId": pair.step.node_id, "path": pair.step.path}
    for name, step in (("one", pair.one), ("other", pair.other)):
        written[name] = None if step is None else _write_step(step)
    return written


def _write_step(step: Step) -> dict[str, JsonValue]:
    fields = step.to_wire()
    kept = ("id", "status", "output", "error", "takenOverFrom", "editedBy")
    return {name: fields[name] for name in kept if name in fields}


def print_comparison(console: Console, comparison: Comparison) -> None:
    """A table of what differs of the runs, and one of the steps."""
    one, other = comparison.one, comparison.other
    table = build_table("", one.id[:_SHORT_ID], other.id[:_SHORT_ID])
    table.add_row("status", show_run_status(one), show_run_status(other))
    table.add_row("time", *(show_duration(run.started_at, run.finished_at) for run in (one, other)))
    for field in comparison.fields:
        if field != "status":
            table.add_row(field, *(show_brief(getattr(run, field)) for run in (one, other)))
    if other.forked_from is not None and other.forked_from.run_id == one.id:
        say(
            console,
            f"{other.id[:_SHORT_ID]} was forked from {one.id[:_SHORT_ID]}, from {other.forked_from.node_id} on.",
        )
    console.print(table)
    if not comparison.steps:
        say(console, "Each step ended the same way in both, and gave the same.")
        return
    steps = build_table("step", one.id[:_SHORT_ID], "", other.id[:_SHORT_ID], "")
    for pair in comparison.steps:
        place = f"{pair.step.node_id} {pair.step.path}".rstrip()
        steps.add_row(plain(place), *_show_step(pair.one), *_show_step(pair.other))
    console.print(steps)


def _show_step(step: Step | None) -> tuple[Text, Text]:
    if step is None:
        return Text("not there", "dim"), Text()
    edited = Text(f"edited by {step.edited_by}  ", "yellow") if step.edited_by else Text()
    return show_status(step.status), edited + show_brief(step.error or step.output)
