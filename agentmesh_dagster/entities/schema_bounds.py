"""Bounds of a JSON Schema: how large it may be, and how often it may make one value be looked at."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from agentmesh_dagster.entities.json_values import JsonValue, as_object, write_path
from agentmesh_dagster.entities.patterns import MAX_SCHEMA_WORK, InvalidPattern, measure_work
from agentmesh_dagster.entities.schema_faults import InvalidSchema

MAX_OBJECTS = 2_000  # subschemas and what is around them
MAX_LOOKS = 10_000  # at one value, by way of allOf and the like
DATA_KEYWORDS = frozenset({"const", "enum", "default", "examples"})  # what stands there is no schema

_Path = tuple[str | int, ...]


class RecursiveSchema(InvalidSchema):
    """A part of this JSON Schema leads back to itself, for the same value."""


def check_bounds(schema: JsonValue) -> None:
    """Raises InvalidSchema for a schema that is too large, has a pattern that is none, or asks too much of a value."""
    parts = list(list_parts(schema))
    if len(parts) > MAX_OBJECTS:
        raise InvalidSchema(f"it has more than {MAX_OBJECTS:,} parts")
    has_patterns = has_leftovers = False
    known: set[str] = set()  # the same pattern is compiled once
    work = 0
    for path, part in parts:
        for keyword, pattern in _list_patterns(part):
            has_patterns |= keyword == "patternProperties"
            if pattern in known:
                continue
            known.add(pattern)
            try:
                work += measure_work(pattern)
            except InvalidPattern as error:
                raise InvalidSchema(f"at {write_path((*path, keyword))}: {error.detail}") from error
            if work > MAX_SCHEMA_WORK:
                raise InvalidSchema(
                    f"its {len(known):,} patterns up to {write_path((*path, keyword))} are too large together: "
                    "shorten repetitions, or use fewer patterns"
                )
        has_leftovers |= isinstance(part.get("unevaluatedProperties"), bool | dict)
    if has_patterns and has_leftovers:
        raise InvalidSchema("`unevaluatedProperties` cannot stand with `patternProperties`: use `additionalProperties`")
    _check_looks(schema)


def list_parts(schema: JsonValue) -> Iterator[tuple[_Path, dict[str, Any]]]:
    """Every object that may be a schema, with its place; stops beyond the bound."""
    waiting: list[tuple[_Path, JsonValue]] = [((), schema)]
    count = 0
    while waiting and count <= MAX_OBJECTS:
        path, value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(((*path, place), item) for place, item in enumerate(value))
        elif isinstance(value, dict):
            count += 1
            yield path, value
            waiting.extend(((*path, key), item) for key, item in value.items() if key not in DATA_KEYWORDS)


def _list_patterns(part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if isinstance(part.get("pattern"), str):
        yield "pattern", part["pattern"]
    if isinstance(part.get("patternProperties"), dict):
        yield from (("patternProperties", pattern) for pattern in part["patternProperties"])


def _check_looks(root: JsonValue) -> None:
    """Raises InvalidSchema when one value would be looked at more often than MAX_LOOKS, or for ever."""
    looks: dict[int, int | None] = {}  # None while what it refers to is being counted
    waiting: list[JsonValue] = [part for _, part in list_parts(root)]
    while waiting:
        part = waiting[-1]
        if looks.get(id(part)) is not None:
            waiting.pop()
            continue
        inner = list(_list_same_value(root, part))
        if id(part) not in looks:
            looks[id(part)] = None
            if any(id(other) in looks and looks[id(other)] is None for other in inner):
                raise RecursiveSchema("a `$ref` leads back to itself, for the same value")
            waiting.extend(inner)
            continue
        waiting.pop()
        total = 1 + sum(looks[id(other)] or 0 for other in inner)
        if total > MAX_LOOKS:
            raise InvalidSchema(
                f"one value would be looked at more than {MAX_LOOKS:,} times: "
                "`allOf`, `anyOf`, `oneOf` and `$ref` lead to each other over and over"
            )
        looks[id(part)] = total


def _list_same_value(root: JsonValue, part: JsonValue) -> Iterator[dict[str, Any]]:
    """The schemas that a schema holds against the same value."""
    fields = as_object(part)
    candidates: list[JsonValue] = [fields.get(keyword) for keyword in ("not", "if", "then", "else")]
    for keyword in ("allOf", "anyOf", "oneOf", "extends"):
        inner = fields.get(keyword)
        candidates.extend(inner if isinstance(inner, list) else [inner])
    for keyword in ("dependentSchemas", "dependencies"):
        inner = fields.get(keyword)
        candidates.extend(as_object(inner).values())
    for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
        reference = fields.get(keyword)
        if isinstance(reference, str):
            candidates.append(look_up(root, reference))
    yield from (each for each in candidates if isinstance(each, dict))


def look_up(root: JsonValue, reference: str) -> JsonValue:
    """What `#` or `#/…` points to; None where there is nothing, and for other kinds of reference."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    value: JsonValue = root
    for step in reference.split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value
