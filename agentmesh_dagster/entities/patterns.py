"""Patterns: regular expressions that others wrote, compiled by RE2, so that no text takes more than linear time.

Compiling takes time and memory too: both are bounded, of one pattern and of many at once.
"""

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import re2  # pyright: ignore[reportMissingTypeStubs] - it has no types

from agentmesh_dagster.errors import AgentMeshError

MAX_PATTERN_CHARACTERS = 2_000
MAX_PATTERN_BYTES = 256 * 1024  # compiled, and with what RE2 keeps of the texts that it has seen
MAX_KEPT = 512  # patterns: 128 MB if all are as large as can be; usual ones take some kB
MAX_SCHEMA_WORK = 500_000  # of one schema's patterns; see `measure_work`: half a second
MAX_WORK = 1_000_000  # of what is compiled for one request, or to check one value

# Measured at their worst: `\pL` over and over takes 50 microseconds for each character.
_WORK_OF_ONE = 1_000
_WORK_OF_A_CHARACTER = 40
_WORK_OF_A_REFUSAL = 10_000

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


class TooManyPatterns(AgentMeshError):
    """The patterns take too long to compile together: shorten them, or use fewer at once."""


_left: ContextVar[list[int] | None] = ContextVar("pattern_work_left", default=None)


@contextmanager
def bound_patterns() -> Generator[None]:
    """Within it `compile_pattern` raises TooManyPatterns beyond MAX_WORK; what is kept compiled takes none."""
    if _left.get() is not None:  # within a wider bound
        yield
        return
    token = _left.set([MAX_WORK])
    try:
        yield
    finally:
        _left.reset(token)


@lru_cache(maxsize=MAX_KEPT)
def compile_pattern(pattern: str) -> Any:
    """The compiled pattern, with `search`, `fullmatch` and `finditer`.

    Raises InvalidPattern, which says why, and TooManyPatterns within `bound_patterns`.
    """
    if len(pattern) > MAX_PATTERN_CHARACTERS:
        raise InvalidPattern(f"it has {len(pattern):,} characters; at most {MAX_PATTERN_CHARACTERS:,}")
    _spend(_WORK_OF_ONE + _WORK_OF_A_CHARACTER * len(pattern))
    options = _engine.Options()
    options.log_errors = False  # else RE2 writes them to stderr
    options.max_mem = MAX_PATTERN_BYTES
    try:
        compiled = _engine.compile(_UNICODE_ESCAPE.sub(r"\1\\x{\2}", pattern), options)
    except _engine.error as error:
        _spend(_WORK_OF_A_REFUSAL)
        raise InvalidPattern(_explain(pattern, error)) from error
    _engine.purge()  # it keeps the last 128 as well
    _spend(compiled.programsize)
    return compiled


def measure_work(pattern: str) -> int:
    """What it takes to compile a pattern, in instructions of its program: a microsecond each.

    Raises as `compile_pattern`.
    """
    return _WORK_OF_ONE + _WORK_OF_A_CHARACTER * len(pattern) + compile_pattern(pattern).programsize


def _spend(work: int) -> None:
    if (left := _left.get()) is not None:
        left[0] -= work
        if left[0] < 0:
            raise TooManyPatterns


def _explain(pattern: str, error: Any) -> str:
    found = next((name for sign, name in _BEYOND_RE2.items() if sign in pattern), None)
    if found is None and re.search(r"\\[1-9]|\\k<", pattern):
        found = "back-references such as `\\1`"
    if found is not None:
        return f"{found} cannot be used: patterns are RE2, which takes linear time, without look-around"
    reason = error.args[0] if error.args else ""
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    if text.startswith("pattern too large"):
        return (
            f"the pattern is too large: compiled it takes more than {MAX_PATTERN_BYTES // 1024} kB. Shorten "
            r"repetitions: in place of `^\pL{1,50}$` say `^\pL+$`, with `maxLength: 50`"
        )
    return f"{text[:200]} (patterns are RE2: no look-around, no back-references)"
