"""Shapes: what is known for sure of a value before it is there; pure, and silent where it is not sure.

A shape reads a JSON Schema, or is made of others (`made_shapes`). Each keyword only narrows what a value may be, so
that a keyword which is not looked at makes no shape wrong.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object
from agentmesh_dagster.entities.patterns import InvalidPattern, compile_pattern
from agentmesh_dagster.entities.schema_bounds import look_up
from agentmesh_dagster.entities.suggestions import find_nearest

if TYPE_CHECKING:  # it writes shapes
    from agentmesh_dagster.specs.schema_writer import SchemaWriter

_KINDS = {
    "integer": "number",
    "number": "number",
    "string": "text",
    "array": "list",
    **{name: name for name in ("object", "boolean", "null")},
}
_KIND_OF: Mapping[type, str] = {
    dict: "object",
    list: "list",
    str: "text",
    bool: "boolean",
    int: "number",
    float: "number",
}
_FOLLOWED = 20  # `$ref` and `allOf` behind each other, and what stands inside of `anyOf`


def name_kind(value: JsonValue) -> str:
    """The kind of a JSON value: object, list, text, number, boolean or null."""
    return _KIND_OF.get(type(value), "null")


class Shape(ABC):
    """What is known of a value. None in place of a shape is a value of which nothing is known."""

    owner: str  # who says so, for a sentence: `inputSchema`, "the outputSchema of `plan`"

    @property
    @abstractmethod
    def kinds(self) -> frozenset[str] | None:
        """What a value may be: object, list, text, number, boolean, null; None where anything may be."""

    @property
    def values(self) -> Sequence[JsonValue] | None:
        """All that a value may be, where they are few; None where they are not listed."""
        return None

    @property
    def field_names(self) -> list[str]:
        """The fields that are known by name."""
        return []

    def lacks(self, name: str) -> bool:  # noqa: ARG002
        """Whether no value has this field."""
        return False

    def doubts(self, name: str) -> bool:  # noqa: ARG002
        """Whether the name looks like a usual field that was misspelt."""
        return False

    @property
    def required(self) -> frozenset[str]:
        """The fields that every value has that is an object."""
        return frozenset()

    def find_field(self, name: str) -> Shape | None:  # noqa: ARG002
        """The shape of a field, where a value has it; None where nothing is known of it."""
        return None

    def find_item(self) -> Shape | None:
        """The shape of every item, where a value is a list; None where nothing is known of them."""
        return None

    @abstractmethod
    def write(self, writer: SchemaWriter) -> JsonValue:
        """The JSON Schema."""


@dataclass(frozen=True)
class SchemaShape(Shape):
    """What a schema says that stands inside of a whole one."""

    schema: JsonValue
    root: JsonValue
    owner: str
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

    def _list_choices(self, depth: int) -> Iterator[list[SchemaShape]]:
        """What stands side by side in `anyOf` and `oneOf`: of each list one at least holds."""
        for part in self._list_parts():
            for keyword in ("anyOf", "oneOf"):
                if depth < _FOLLOWED and (options := as_list(part.get(keyword))):
                    yield [self._inside(option) for option in options]

    def _inside(self, schema: JsonValue) -> SchemaShape:
        return SchemaShape(schema, self.root, self.owner)

    @property
    def kinds(self) -> frozenset[str] | None:
        return self._read_kinds(0)

    def _read_kinds(self, depth: int) -> frozenset[str] | None:
        found = [kinds for part in self._list_parts() if (kinds := _read_type(part)) is not None]
        for options in self._list_choices(depth):
            kinds = [option._read_kinds(depth + 1) for option in options]
            if known := [one for one in kinds if one is not None]:
                found += [frozenset[str]().union(*known)] if len(known) == len(kinds) else []
        # Nothing fits a schema that contradicts itself: of that the run will tell.
        return (frozenset[str].intersection(*found) or None) if found else None

    @property
    def values(self) -> Sequence[JsonValue] | None:
        return self._read_values(0)

    def _read_values(self, depth: int) -> Sequence[JsonValue] | None:
        for part in self._list_parts():
            if "const" in part:
                return [part["const"]]
            if isinstance(part.get("enum"), list):
                return part["enum"]
        for options in self._list_choices(depth):
            listed = [option._read_values(depth + 1) for option in options]
            if None not in listed:
                return [value for values in listed for value in values or ()]
        return [None] if self._read_kinds(depth) == frozenset({"null"}) else None

    @property
    def field_names(self) -> list[str]:
        names = [name for part in self._list_parts() for name in _properties(part)]
        for options in self._list_choices(0):
            names += [name for option in options for part in option._list_parts() for name in _properties(part)]
        return list(dict.fromkeys(names))

    def lacks(self, name: str) -> bool:
        return self._lacks(name, 0)

    def _lacks(self, name: str, depth: int) -> bool:
        """Whether the schema is closed to the field, itself or whichever of its choices holds."""
        return any(_is_closed_to(part, name) for part in self._list_parts()) or any(
            all(option._lacks(name, depth + 1) for option in options) for options in self._list_choices(depth)
        )

    def doubts(self, name: str) -> bool:
        return self.is_usual and name not in self.field_names and find_nearest(name, self.field_names) is not None

    @property
    def required(self) -> frozenset[str]:
        listed = (name for part in self._list_parts() for name in as_list(part.get("required")))
        return frozenset(name for name in listed if isinstance(name, str))

    def find_field(self, name: str) -> Shape | None:
        if (own := self._find_own(name)) is not None:
            return own
        for options in self._list_choices(0):
            having = [option for option in options if not option._lacks(name, 1) and option._may_be("object")]
            found = [own for option in having if (own := option._find_own(name)) is not None]
            if found and len(found) == len(having):
                return self._one_of(found)
        for part in self._list_parts():
            if isinstance(part.get("additionalProperties"), dict) and "patternProperties" not in part:
                return self._inside(part["additionalProperties"])
        return None

    def _find_own(self, name: str) -> SchemaShape | None:
        found = (_properties(part) for part in self._list_parts())
        return next((self._inside(properties[name]) for properties in found if name in properties), None)

    def find_item(self) -> Shape | None:
        if (own := self._find_own_item()) is not None:
            return own
        for options in self._list_choices(0):
            having = [option for option in options if option._may_be("list")]
            found = [own for option in having if (own := option._find_own_item()) is not None]
            if found and len(found) == len(having):
                return self._one_of(found)
        return None

    def _find_own_item(self) -> SchemaShape | None:
        parts = (part for part in self._list_parts() if "prefixItems" not in part)
        return next((self._inside(part["items"]) for part in parts if isinstance(part.get("items"), dict)), None)

    def _may_be(self, kind: str) -> bool:
        kinds = self._read_kinds(1)
        return kinds is None or kind in kinds

    def _one_of(self, found: Sequence[SchemaShape]) -> SchemaShape:
        return found[0] if len(found) == 1 else self._inside({"anyOf": [one.schema for one in found]})

    def write(self, writer: SchemaWriter) -> JsonValue:
        return writer.write_schema(self.schema, self.root)


def _read_type(part: dict[str, Any]) -> frozenset[str] | None:
    """What `type`, `enum` and `const` of a schema leave."""
    given = part.get("type")
    if isinstance(given, str | list):
        names = [given] if isinstance(given, str) else as_list(cast("JsonValue", given))
        return frozenset(_KINDS[name] for name in names if isinstance(name, str) and name in _KINDS) or None
    if "const" in part:
        return frozenset({name_kind(part["const"])})
    if isinstance(part.get("enum"), list):
        return frozenset(name_kind(value) for value in part["enum"]) or None
    return None


def _properties(part: dict[str, Any]) -> dict[str, Any]:
    return as_object(part.get("properties"))


def _is_closed_to(part: dict[str, Any], name: str) -> bool:
    properties = _properties(part)
    if name in properties:
        return properties[name] is False
    if part.get("additionalProperties") is not False:
        return False
    patterns = part.get("patternProperties")
    try:
        return not any(compile_pattern(pattern).search(name) for pattern in patterns or ())
    except InvalidPattern:
        return False  # told by the rule about schemas


def describe(schema: JsonValue, owner: str) -> Shape | None:
    """The shape that a whole schema describes; None for none, or an empty one."""
    return SchemaShape(schema, schema, owner) if schema else None
