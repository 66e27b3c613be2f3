"""Where people read, and JSON for programs."""

import json
import os
import re
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentmesh_dagster.entities.json_values import JsonValue

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PIPE_WIDTH = 160


def open_console(*, as_json: bool = False) -> Console:
    """Where people read: standard output, unless JSON goes there."""
    console = Console(stderr=as_json, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH  # whoever searches a table must not find it cut
    return console


def say(console: Console, text: str, style: str = "") -> None:
    """Prints a sentence; the terminal wraps it, so that a command in it can be copied."""
    console.print(plain(text, style), soft_wrap=True)


def print_json(value: JsonValue, *, indent: int | None = 2) -> None:
    """Writes a value as JSON to standard output, and nothing else."""
    can_show_all = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=not can_show_all) + "\n")
    sys.stdout.flush()


def build_table(*columns: str) -> Table:
    """An empty table in the one look that all tables have; when it is too wide, the last column gives way."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=column != columns[-1], overflow="ellipsis")
    table.columns[-1].overflow = "fold"
    return table


def plain(text: str, style: str = "") -> Text:
    """Text as it is: no markup, and no control characters that a model's reply could play with the terminal."""
    return Text(_CONTROL.sub("�", text), style)
