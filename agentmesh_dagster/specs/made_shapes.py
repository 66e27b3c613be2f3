"""Shapes that no schema was written for: objects, lists and choices made of other shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.specs.shapes import SchemaShape, Shape

if TYPE_CHECKING:  # it writes shapes
    from agentmesh_dagster.specs.schema_writer import SchemaWriter

MAX_OPTIONS = 16  # of a choice; beyond that nothing is known

NULL: Shape = SchemaShape({"type": "null"}, {"type": "null"}, "what was skipped")
TEXT: Shape = SchemaShape({"type": "string"}, {"type": "string"}, "text")
NUMBER: Shape = SchemaShape({"type": "number"}, {"type": "number"}, "a number")
BOOLEAN: Shape = SchemaShape({"type": "boolean"}, {"type": "boolean"}, "true or false")


# Compared by identity, since they share parts: to compare these would take exponentially long.
@dataclass(frozen=True, eq=False)
class Fields(Shape):
    """An object with these fields, and none besides unless it is open."""

    fields: Mapping[str, Shape | None]
    owner: str
    optional: frozenset[str] = frozenset()  # fields that may be missing
    is_open: bool = False

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({"object"})

    @property
    def field_names(self) -> list[str]:
        return list(self.fields)

    def lacks(self, name: str) -> bool:
        return not self.is_open and name not in self.fields

    @property
    def required(self) -> frozenset[str]:
        return frozenset(self.fields) - self.optional

    def find_field(self, name: str) -> Shape | None:
        return self.fields.get(name)

    def write(self, writer: SchemaWriter) -> JsonValue:
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {name: writer.write(shape) for name, shape in self.fields.items()},
        }
        if required := [name for name in self.fields if name not in self.optional]:
            schema["required"] = required
        if not self.is_open:
            schema["additionalProperties"] = False
        return schema


@dataclass(frozen=True, eq=False)
class Items(Shape):
    """A list, each item of which is such a value."""

    item: Shape | None
    owner: str

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({"list"})

    def find_item(self) -> Shape | None:
        return self.item

    def write(self, writer: SchemaWriter) -> JsonValue:
        return {"type": "array"} | ({"items": writer.write(self.item)} if self.item else {})


@dataclass(frozen=True, eq=False)
class Either(Shape):
    """One of these, and nobody knows which; `unite` makes it."""

    options: tuple[Shape, ...]

    @property
    def owner(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return next((option.owner for option in self.options if option.kinds != NULL.kinds), NULL.owner)

    @property
    def kinds(self) -> frozenset[str] | None:
        found: set[str] = set()
        for option in self.options:
            if (kinds := option.kinds) is None:
                return None
            found |= kinds
        return frozenset(found)

    @property
    def values(self) -> Sequence[JsonValue] | None:
        listed: list[JsonValue] = []
        for option in self.options:
            if (values := option.values) is None:
                return None
            listed += values
        return listed

    @property
    def _objects(self) -> list[Shape]:
        return [option for option in self.options if (kinds := option.kinds) is None or "object" in kinds]

    @property
    def field_names(self) -> list[str]:
        return list(dict.fromkeys(name for option in self._objects for name in option.field_names))

    def lacks(self, name: str) -> bool:
        return bool(self._objects) and all(option.lacks(name) for option in self._objects)

    def doubts(self, name: str) -> bool:
        return bool(self._objects) and all(option.lacks(name) or option.doubts(name) for option in self._objects)

    @property
    def required(self) -> frozenset[str]:
        required = [option.required for option in self._objects]
        return frozenset[str].intersection(*required) if required else frozenset()

    def find_field(self, name: str) -> Shape | None:
        return unite(option.find_field(name) for option in self._objects if not option.lacks(name))

    def find_item(self) -> Shape | None:
        lists = [option for option in self.options if (kinds := option.kinds) is None or "list" in kinds]
        return unite(option.find_item() for option in lists)

    def write(self, writer: SchemaWriter) -> JsonValue:
        return {"anyOf": [writer.write(option) for option in self.options]}


@dataclass(frozen=True, eq=False)
class Extended(Shape):
    """An object that has fields besides those of another shape, or in their place."""

    base: Shape
    fields: Mapping[str, Shape | None]

    @property
    def owner(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        return self.base.owner

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset({"object"})

    @property
    def _is_object(self) -> bool:
        """Whether what the base describes is an object for sure: else it may not be there at all."""
        return self.base.kinds == self.kinds

    @property
    def field_names(self) -> list[str]:
        return list(dict.fromkeys([*self.base.field_names, *self.fields]))

    def lacks(self, name: str) -> bool:
        return self._is_object and name not in self.fields and self.base.lacks(name)

    @property
    def required(self) -> frozenset[str]:
        return self.base.required.union(self.fields) if self._is_object else frozenset(self.fields)

    def find_field(self, name: str) -> Shape | None:
        return self.fields[name] if name in self.fields else self.base.find_field(name)

    def write(self, writer: SchemaWriter) -> JsonValue:
        base = Fields(
            {name: self.find_field(name) for name in self.field_names},
            self.owner,
            frozenset(self.field_names) - self.required,
            is_open=not self.lacks("\0"),  # a name that nobody gives
        )
        return base.write(writer)


def constant(value: JsonValue) -> Shape:
    """The shape of one value."""
    schema: JsonValue = {"const": value}
    return SchemaShape(schema, schema, "what is written here")


def unite(shapes: Iterable[Shape | None]) -> Shape | None:
    """What is known of a value that is one of these; None where nothing is known of one of them, or there is none."""
    options: dict[int | tuple[int, int], Shape] = {}
    for shape in shapes:
        if shape is None:
            return None
        for option in shape.options if isinstance(shape, Either) else (shape,):
            options.setdefault(_identify(option), option)
            if len(options) > MAX_OPTIONS:
                return None
    found = tuple(options.values())
    return Either(found) if len(found) > 1 else next(iter(found), None)


def or_null(shape: Shape | None) -> Shape | None:
    """The same where it may be null instead."""
    return unite((shape, NULL))


def _identify(shape: Shape) -> int | tuple[int, int]:
    return (id(shape.schema), id(shape.root)) if isinstance(shape, SchemaShape) else id(shape)
