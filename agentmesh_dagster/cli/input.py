"""Values that are typed as JSON, or stand in a file."""

import sys
from pathlib import Path

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, read_json
from agentmesh_dagster.errors import InvalidValue


class UnreadableInput(InvalidValue):
    """The input cannot be read."""


def read_input(given: str, option: str = "--input") -> JsonValue:
    """The value of `option`: JSON, or `@FILE` with JSON in it, or `@-` for standard input. Raises UnreadableInput."""
    where = f"in {given[1:]}" if given.startswith("@") else f"in {option}"
    try:
        return read_json(_read_source(given))
    except OSError as error:
        raise UnreadableInput(f"{where}: {error.strerror}") from error
    except InvalidJson as error:
        fault = UnreadableInput(f"{where}, at {error.path}: {error.reason}")
        fault.add_note(f"""Type it as {option} '{{"name": "value"}}', or put it into a file and type {option} @FILE.""")
        raise fault from error


def _read_source(given: str) -> str | bytes:
    if not given.startswith("@"):
        return given
    return sys.stdin.buffer.read() if given == "@-" else Path(given[1:]).read_bytes()
