"""Patterns: regular expressions that others wrote, compiled by RE2, so that no text takes more than linear time."""

import re
from functools import lru_cache
from typing import Any

import re2  # pyright: ignore[reportMissingTypeStubs] - it has no types

from agentmesh_dagster.errors import AgentMeshError

MAX_PATTERN_CHARACTERS = 2_000

_engine: Any = re2
_UNICODE_ESCAPE = re.compile(r"((?<!\\)(?:\\\\)*)\\u([0-9a-fA-F]{4})")  # \u00e4, which RE2 writes \x{00e4}
_BEYOND_RE2 = {
    "(?=": "look-ahead `(?=`",
    "(?!": "look-ahead `(?!`",
    "(?<=": "look-behind `(?<=`",
    "(?<!": "look-behind `(?<!`",
    "(?P=": "back-references `(?P=`",
    "(?(": "conditions `(?(`",
    "(?>": "atomic groups `(?>`",
}


class InvalidPattern(AgentMeshError):
    """This is no regular expression that RE2 knows."""


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Any:
    """The compiled pattern, with `search`, `fullmatch` and `finditer`. Raises InvalidPattern, which says why."""
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise InvalidPattern(f"it has {len(pattern):,} characters; at most {MAX_PATTERN_CHARACTERS:,}")
    options = _engine.Options()
    options.log_errors = False  # else RE2 writes them to stderr
    try:
        return _engine.compile(_UNICODE_ESCAPE.sub(r"\1\\x{\2}", pattern), options)
    except _engine.error as error:
        raise InvalidPattern(_explain(pattern, error)) from error


def _explain(pattern: str, error: Any) -> str:
    found = next((name for sign, name in _BEYOND_RE2.items() if sign in pattern), None)
    if found is None and re.search(r"\\[1-9]|\\k<", pattern):
        found = "back-references such as `\\1`"
    if found is not None:
        return f"{found} cannot be used: patterns are RE2, which takes linear time, without look-around"
    reason = error.args[0] if error.args else ""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return f"{text[:200]} (patterns are RE2: no look-around, no back-references)"
