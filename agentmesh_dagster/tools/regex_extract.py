"""The builtin `regex_extract`: parts of a text by a regular expression, in linear time (RE2)."""

import time
from collections.abc import Iterator
from typing import Any

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.patterns import InvalidPattern, compile_pattern
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.tools.errors import InvalidToolInput
from agentmesh_dagster.tools.request import ToolRequest

MAX_MATCHES = 1_000
MAX_SECONDS = 2.0  # one match takes linear time, but many matches of a long text add up


def run_regex_extract(request: ToolRequest, _: Settings) -> JsonValue:
    """The first match (or the group asked for), its groups, and all matches up to 1,000."""
    wanted = request.fields
    pattern = _compile(wanted["pattern"])
    group: int | str = wanted.get("group", 0)
    if group not in pattern.groupindex and group not in range(pattern.groups + 1):
        raise InvalidToolInput(f"the pattern has no group {group!r}")
    matches = list(_find(pattern, wanted["text"]))
    if not matches:
        return {"match": None, "groups": [], "named": {}, "matches": []}
    return {
        "match": matches[0].group(group),
        "groups": list(matches[0].groups()),
        "named": matches[0].groupdict(),
        "matches": [match.group(group) for match in matches],
    }


def _compile(pattern: str) -> Any:
    try:
        return compile_pattern(pattern)
    except InvalidPattern as error:
        raise InvalidToolInput(f"the pattern is no regular expression: {error.detail}") from error


def _find(pattern: Any, text: str) -> Iterator[Any]:
    stop = time.monotonic() + MAX_SECONDS
    for count, match in enumerate(pattern.finditer(text), start=1):
        if time.monotonic() > stop:
            raise InvalidToolInput(f"the pattern takes longer than {MAX_SECONDS:g} seconds on this text")
        yield match
        if count == MAX_MATCHES:
            return
