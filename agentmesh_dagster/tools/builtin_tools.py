"""The tools that ship with the package, each with its description and schemas."""

import difflib
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.calculator import run_calculator
from agentmesh_dagster.tools.errors import InvalidToolInput, UnknownBuiltin
from agentmesh_dagster.tools.http_tool import call_http_request
from agentmesh_dagster.tools.json_query import run_json_query
from agentmesh_dagster.tools.regex_extract import run_regex_extract
from agentmesh_dagster.tools.request import ToolRequest
from agentmesh_dagster.tools.text_template import run_text_template


@dataclass(frozen=True)
class Builtin:
    name: str  # config.functionName
    description: str  # for people and models
    input_schema: JsonObject  # always checked, besides the tool's own
    output_schema: JsonObject
    run: Callable[[ToolRequest, Settings], JsonValue] = field(repr=False)


def run_current_time(request: ToolRequest, _: Settings) -> JsonValue:
    """The time now in a zone of the IANA database."""
    name: str = request.fields.get("timezone", "UTC")
    try:
        zone = zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        near = difflib.get_close_matches(name, zoneinfo.available_timezones(), n=3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; write it like Europe/Berlin"
        raise InvalidToolInput(f"there is no time zone `{name}`{hint}") from error
    now = datetime.now(zone)
    return {
        "time": now.isoformat(timespec="seconds"),
        "timezone": name,
        "date": now.date().isoformat(),
        "weekday": now.strftime("%A"),
        "unix": int(now.timestamp()),
    }


def _object(required: tuple[str, ...] = (), **properties: JsonValue) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


_BUILTINS = (
    Builtin(
        "http_request",
        "Calls a web address and gives back the JSON that it answers, or its text as {text}.",
        _object(
            ("url",),
            method={"enum": ["GET", "POST"], "description": "GET unless there is a body."},
            url={"type": "string", "description": "http:// or https://, without credentials."},
            headers={"type": "object", "additionalProperties": {"type": "string"}},
            query={"type": "object", "description": "Added to the url; null values are left out."},
            body={"description": "Sent as JSON."},
        ),
        {},
        call_http_request,
    ),
    Builtin(
        "json_query",
        "Looks up parts of JSON data with a JMESPath query, such as items[?price > `10`].name.",
        _object(("data", "query"), data={}, query={"type": "string", "minLength": 1, "maxLength": 1_000}),
        _object(("result",), result={"description": "null where the data has nothing."}),
        run_json_query,
    ),
    Builtin(
        "text_template",
        "Fills the places {name} or {customer.name} of a text with values.",
        _object(
            ("template",),
            template={"type": "string"},
            values={
                "type": "object",
                "description": "What the names stand for.",
            },
        ),
        _object(("text",), text={"type": "string"}),
        run_text_template,
    ),
    Builtin(
        "regex_extract",
        "Finds parts of a text by a regular expression (RE2 syntax; (?i) at its start ignores case).",
        _object(
            ("text", "pattern"),
            text={"type": "string", "maxLength": 1_000_000},
            pattern={"type": "string", "minLength": 1, "maxLength": 1_000},
            group={
                "type": ["integer", "string"],
                "description": "Number or name; 0 is the whole match.",
            },
        ),
        _object(
            ("match", "groups", "named", "matches"),
            match={"type": ["string", "null"], "description": "The group asked for in the first match."},
            groups={"type": "array", "description": "All groups of the first match."},
            named={"type": "object", "description": "The named groups of the first match."},
            matches={
                "type": "array",
                "description": "That group in each of the first 1,000 matches.",
            },
        ),
        run_regex_extract,
    ),
    Builtin(
        "current_time",
        "Tells the time now, in UTC or another time zone.",
        _object(timezone={"type": "string", "description": "IANA name such as Europe/Berlin."}),
        _object(
            ("time", "timezone", "date", "weekday", "unix"),
            time={"type": "string", "format": "date-time", "description": "ISO 8601 with offset."},
            timezone={"type": "string"},
            date={"type": "string", "format": "date"},
            weekday={"type": "string"},
            unix={"type": "integer", "description": "Seconds since 1970-01-01 UTC."},
        ),
        run_current_time,
    ),
    Builtin(
        "calculator",
        "Works out arithmetic such as round((3 + 4) / 2, 1), with + - * / % ** abs max min round sqrt.",
        _object(("expression",), expression={"type": "string", "minLength": 1, "maxLength": 1_000}),
        _object(("result",), result={"type": "number"}),
        run_calculator,
    ),
)
_BY_NAME = {builtin.name: builtin for builtin in _BUILTINS}


def list_builtins() -> tuple[Builtin, ...]:
    """All builtin tools, in the order in which editors show them."""
    return _BUILTINS


def lookup_builtin(name: str) -> Builtin:
    """The builtin tool of this name; raises UnknownBuiltin."""
    found = _BY_NAME.get(name)
    if found is None:
        raise UnknownBuiltin(f"`{name}`; there are " + ", ".join(f"`{each}`" for each in _BY_NAME))
    return found
