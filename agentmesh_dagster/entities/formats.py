"""Formats: what a JSON Schema's `format` asks of a text, and is checked wherever a value is."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import jsonschema

from agentmesh_dagster.entities.patterns import InvalidPattern, compile_pattern

Check = Callable[[Any], bool]

MAX_CHARACTERS = 2_000  # some checks take time that grows faster than the text

# Said for editors and clients alone: nothing follows from them for a JSON value.
HINTS = frozenset(
    {"int32", "int64", "float", "double", "password", "byte", "binary", "textarea", "multiline", "markdown", "html"}
)

# Their parser, rfc3987-syntax, takes seconds at each import; they are checked as the `uri` that they stand for.
_ASCII = "".join(map(chr, range(128)))
_AS_URI = {"iri": "uri", "iri-reference": "uri-reference"}


def build_format_checker() -> Any:
    """The checks of all known formats, for texts of a bounded length.

    Of the formats whose package is missing (pyproject.toml lists them) there is none, and whoever
    saves a schema that names one is told that nothing checks it.
    """
    stock: Any = jsonschema.Draft202012Validator.FORMAT_CHECKER
    checker: Any = jsonschema.FormatChecker(formats=())
    for name, (check, raises) in stock.checkers.items():
        if name != "regex" and name not in _AS_URI:
            checker.checkers[name] = (_bound(check), raises)
    for name, stands_for in _AS_URI.items():
        if stands_for in stock.checkers:
            check, raises = stock.checkers[stands_for]
            checker.checkers[name] = (_bound(_escape_first(check)), raises)
    checker.checkers["regex"] = (_is_pattern, InvalidPattern)
    return checker


def _bound(check: Check) -> Check:
    return lambda value: not isinstance(value, str) or (len(value) <= MAX_CHARACTERS and check(value))


def _escape_first(check: Check) -> Check:
    return lambda value: check(quote(value, safe=_ASCII) if isinstance(value, str) else value)


def _is_pattern(value: object) -> bool:
    if isinstance(value, str):
        compile_pattern(value)
    return True


FORMAT_CHECKER = build_format_checker()
FORMATS = frozenset(FORMAT_CHECKER.checkers)
