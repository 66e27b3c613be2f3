"""Shapes: what a JSON Schema says for sure of the values that fit it; pure, and silent where it is not sure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object
from agentmesh_dagster.entities.patterns import InvalidPattern, compile_pattern
from agentmesh_dagster.entities.schema_bounds import look_up
from agentmesh_dagster.entities.suggestions import find_nearest

_KINDS = {"integer": "number", "number": "number", "string": "text", "array": "list"}  # others have the same name
_FOLLOWED = 20  # `$ref` and `allOf` behind each other


@dataclass(frozen=True)
class Shape:
    """A schema inside of a whole one, and whose it is."""

    schema: JsonValue
    root: JsonValue
    owner: str  # for a sentence: `inputSchema`, "the outputSchema of `plan`"
    is_usual: bool = False  # it names what is usual: a value may have other fields, and a near miss is none of them

    def _list_parts(self) -> Iterator[dict[str, Any]]:
        """The schema and all that holds beside it, by `$ref` and `allOf`."""
        waiting, seen = [self.schema], 0
        while waiting and seen < _FOLLOWED:
            part = waiting.pop()
            seen += 1
            if isinstance(part, dict):
                yield part
                if isinstance(reference := part.get("$ref"), str):
                    waiting.append(look_up(self.root, reference))
                waiting.extend(as_list(part.get("allOf")))

    @property
    def kinds(self) -> frozenset[str] | None:
        """What a value may be: object, list, text, number, boolean, null; None where anything may be."""
        for part in self._list_parts():
            given = part.get("type")
            if isinstance(given, str | list):
                names = [given] if isinstance(given, str) else cast("list[str]", given)
                return frozenset(_KINDS.get(name, name) for name in names)
        return None

    @property
    def field_names(self) -> list[str]:
        """The fields that the schema names."""
        return list(dict.fromkeys(name for part in self._list_parts() for name in _properties(part)))

    def lacks(self, name: str) -> bool:
        """Whether no value has this field, since the schema is closed."""
        return any(_is_closed_to(part, name) for part in self._list_parts())

    def doubts(self, name: str) -> bool:
        """Whether the name looks like a usual field that was misspelt."""
        return self.is_usual and name not in self.field_names and find_nearest(name, self.field_names) is not None

    def find_field(self, name: str) -> "Shape | None":
        """The shape of a field; None where nothing is known of it."""
        for part in self._list_parts():
            if name in _properties(part):
                return Shape(_properties(part)[name], self.root, self.owner)
        return None


def _properties(part: dict[str, Any]) -> dict[str, Any]:
    return as_object(part.get("properties"))


def _is_closed_to(part: dict[str, Any], name: str) -> bool:
    if part.get("additionalProperties") is not False or name in _properties(part):
        return False
    patterns = part.get("patternProperties")
    try:
        return not any(compile_pattern(pattern).search(name) for pattern in patterns or ())
    except InvalidPattern:
        return False  # told by the rule about schemas


def describe(schema: JsonValue, owner: str) -> Shape | None:
    """The shape that a whole schema describes; None for none, or an empty one."""
    return Shape(schema, schema, owner) if schema else None
