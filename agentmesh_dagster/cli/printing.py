"""How things look on the terminal: statuses, times, values; and JSON for programs."""

import json
import re
import sys
from collections.abc import Mapping
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import RunStatus, StepStatus

WAITS = "waits for a person"  # what people are told of a run with an open gate

_LOOKS: Mapping[str, tuple[str, str]] = {  # status → sign, style
    "pending": ("·", "dim"),
    "running": ("▸", "cyan"),
    "succeeded": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "waiting_human": ("◷", "yellow"),
    "skipped": ("–", "dim"),
    "canceled": ("⊘", "magenta"),
}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MINUTE, _HOUR = 60, 3600


def open_console(*, as_json: bool = False) -> Console:
    """Where people read: standard output, unless JSON goes there."""
    return Console(stderr=as_json, highlight=False)


def print_json(value: JsonValue, *, indent: int | None = 2) -> None:
    """Writes a value as JSON to standard output, and nothing else."""
    can_show_all = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=not can_show_all) + "\n")
    sys.stdout.flush()


def build_table(*columns: str) -> Table:
    """An empty table in the one look that all tables have."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def plain(text: str, style: str = "") -> Text:
    """Text as it is: no markup, and no control characters that a model's reply could play with the terminal."""
    return Text(_CONTROL.sub("�", text), style)


def show_status(status: RunStatus | StepStatus, *, waits: bool = False) -> Text:
    """A status with its sign and colour; `waits`: the run has an open gate."""
    if waits or status is StepStatus.WAITING_HUMAN:
        sign, style = _LOOKS["waiting_human"]
        return Text(f"{sign} {WAITS}", style)
    sign, style = _LOOKS[status.value]
    return Text(f"{sign} {status.value}", style)


def show_brief(value: JsonValue, length: int = 60) -> Text:
    """A value on one line: the text of a reply, else JSON."""
    if isinstance(value, dict) and isinstance(text := value.get("text"), str) and set(value) <= {"text", "raw"}:
        value = text
    if isinstance(value, dict):
        value = {name: inner for name, inner in value.items() if name != "raw"}  # of an agent: model, usage, …
    text = value if isinstance(value, str) else write_json(value)
    line = " ".join(text[: 4 * length].split())
    return plain(line if len(line) <= length else line[: length - 1] + "…")


def show_whole(value: JsonValue, length: int = 4_000) -> Text:
    """A value on as many lines as it needs; a very long one is cut, and says so."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    if len(text) > length:
        text = f"{text[:length]}… ({len(text):,} characters; --format json shows all)"
    return plain(text)


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
