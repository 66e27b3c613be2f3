"""How things look on the terminal: statuses, times, values."""

import math
from collections.abc import Mapping
from datetime import datetime

import yaml
from rich.text import Text

from agentmesh_dagster.cli.output.console import plain
from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import CheckVerdict, Run, RunStatus, Step, StepStatus
from agentmesh_dagster.graph.address import Call, read_path

WAITS = "waits"  # what people are told of a run of which a step waits
WAITS_FOR_PERSON = "waits for a person"

_LOOKS: Mapping[str, tuple[str, str]] = {  # status → sign, style
    "pending": ("·", "dim"),
    "running": ("▸", "cyan"),
    "succeeded": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "waiting_human": ("◷", "yellow"),
    "waiting": ("◷", "yellow"),
    "skipped": ("-", "dim"),
    "canceled": ("⊘", "magenta"),
}
_CAUGHT = "yellow"  # what has failed, and did not end the run: never green
_MINUTE, _HOUR = 60, 3600


def show_status(status: RunStatus | StepStatus, *, waits: bool = False) -> Text:
    """A status with its sign and colour; `waits`: a step of the run waits."""
    if waits or status in (StepStatus.WAITING_HUMAN, StepStatus.WAITING):
        sign, style = _LOOKS["waiting"]
        return Text(f"{sign} {WAITS_FOR_PERSON if status is StepStatus.WAITING_HUMAN else WAITS}", style)
    sign, style = _LOOKS[status.value]
    return Text(f"{sign} {status.value}", style)


def show_step_status(step: Step) -> Text:
    """A step's status; of one whose fault did not end the run it says so."""
    if step.caught:
        return Text("! failed, caught", _CAUGHT)
    return Text("! succeeded, by its fallback", _CAUGHT) if step.used_fallback else show_status(step.status)


def describe_waiting(step: Step) -> str:
    """For what a step waits, and at which node."""
    awaited = step.waiting_for.describe() if step.waiting_for else "for a person"
    return f"waits {awaited} at `{name_step(step.node_id, step.path)}`"


def name_step(node_id: str, path: str) -> str:
    """A node, and which of its steps is meant: `draft #2` in a round, `review/check [3]` inside of what it calls."""
    marks: list[str] = []  # of the rounds and items around the next node
    name = ""
    for frame in read_path(path):
        if isinstance(frame, Call):
            name += " ".join((frame.node_id, *marks)) + "/"
            marks.clear()
        else:
            marks.append(str(frame))
    return name + " ".join((node_id, *marks))


def show_run_status(run: Run) -> Text:
    """A run's status, with what can be foreseen of it, and whether a fault was caught."""
    if run.status is RunStatus.SUCCEEDED and run.has_caught:
        return Text("! succeeded, a fault was caught", _CAUGHT)
    shown = show_status(run.status, waits=bool(run.waiting_on) and not run.status.is_end)
    if run.has_failed:
        return shown if run.status.is_end else shown.append(", a step has failed", "red")
    return shown.append(", a fault was caught", _CAUGHT) if run.has_caught else shown


def describe_asset(run: Run) -> str:
    """The asset that a run makes, and which partition of it; "" for none."""
    return f"{run.asset} · {run.partition}" if run.partition is not None else run.asset or ""


def show_check(check: CheckVerdict) -> Text:
    """How a check of the asset came out."""
    bad = ("✗", "bold red") if check.severity == "error" else ("!", _CAUGHT)
    sign, style = ("✓", "green") if check.passed else bad
    approved = f", approved by {check.approved_by}" if check.approved_by else ""
    return plain(f"{sign} {check.name}{approved}" + (f": {check.reason}" if check.reason else ""), style)


def show_brief(value: JsonValue, length: int = 100) -> Text:
    """A value on one line, without what only programs need."""
    value = leave_out_raw(value)
    text = value if isinstance(value, str) else write_json(value)
    line = plain(" ".join(text[: 4 * length].split()))
    line.truncate(length, overflow="ellipsis")
    line.no_wrap, line.overflow = True, "ellipsis"  # and where there is less room, even shorter
    return line


def show_whole(value: JsonValue, length: int = 4_000) -> Text:
    """A value on as many lines as it needs, in YAML, which reads best; a very long one is cut, and says so."""
    value = leave_out_raw(value)
    if not isinstance(value, str):
        value = yaml.dump(value, Dumper=_Readable, allow_unicode=True, sort_keys=False, width=math.inf)
        value = value.removesuffix("...\n").rstrip("\n")
    if len(value) > length:
        value = f"{value[:length]}… ({len(value):,} characters; --format json shows all)"
    return plain(value)


class _Readable(yaml.SafeDumper):
    """YAML with the lines of a text on lines of their own."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style)  # pyright: ignore[reportUnknownMemberType]


_Readable.add_representer(str, _Readable.represent_text)


def leave_out_raw(value: JsonValue) -> JsonValue:
    """The value with each agent's output cut down to the reply: its own fields, else its text."""
    if isinstance(value, list):
        return [leave_out_raw(item) for item in value]
    if not isinstance(value, dict):
        return value
    raw = value.get("raw")
    if isinstance(raw, dict) and "text" in value and "usage" in raw:
        own = {name: inner for name, inner in value.items() if name not in ("text", "raw")}
        return leave_out_raw(own) if own else value["text"]
    return {name: leave_out_raw(inner) for name, inner in value.items()}


def show_moment(moment: datetime | None) -> str:
    """A time as this machine's clock shows it."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else ""


def show_duration(started: datetime | None, ended: datetime | None) -> str:
    """The time between two moments, as people say it."""
    if started is None or ended is None:
        return ""
    seconds = max(0.0, (ended - started).total_seconds())
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
