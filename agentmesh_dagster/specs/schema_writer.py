"""Writing shapes as JSON Schemas that are complete in themselves: what several share stands once, under `$defs`."""

from dataclasses import dataclass, field
from typing import Any, cast

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import JsonObject
from agentmesh_dagster.entities.schema_bounds import DATA_KEYWORDS
from agentmesh_dagster.specs.shapes import SchemaShape, Shape

_ANYTHING: JsonObject = {}


@dataclass
class SchemaWriter:
    """Collects the definitions that the schemas it has written refer to."""

    definitions: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    _names: dict[int, str] = field(default_factory=dict[int, str])  # id of a shape or schema → its definition
    _kept: list[object] = field(default_factory=list[object])  # what these ids belong to

    def write(self, shape: Shape | None) -> JsonValue:
        """A schema of the shape; an empty one where nothing is known."""
        if shape is None:
            return _ANYTHING
        if isinstance(shape, SchemaShape):
            return shape.write(self)
        if id(shape) not in self._names:
            name = self._name(shape)
            self.definitions[name] = shape.write(self)
        return {"$ref": f"#/$defs/{self._names[id(shape)]}"}

    def write_whole(self, shape: Shape | None) -> JsonValue:
        """The schema itself, and not where it stands."""
        return _ANYTHING if shape is None else shape.write(self)

    def write_schema(self, schema: JsonValue, root: JsonValue) -> JsonValue:
        """A part of somebody's schema, whose references lead into a copy of the whole of it."""
        if not isinstance(schema, dict) or schema.keys() <= {"type", "const", "description", "title"}:
            return schema
        if id(schema) not in self._names:
            name = self._name(schema)
            self.definitions[name] = self.rewrite(schema, root)
        return {"$ref": f"#/$defs/{self._names[id(schema)]}"}

    def _name(self, thing: object) -> str:
        self._kept.append(thing)
        name = self._names[id(thing)] = f"s{len(self._names) + 1}"
        self.definitions[name] = _ANYTHING
        return name

    def rewrite(self, value: JsonValue, root: JsonValue) -> JsonValue:
        """A part of somebody's schema with its references changed."""
        if isinstance(value, list):
            return [self.rewrite(item, root) for item in value]
        if not isinstance(value, dict):
            return value
        written: dict[str, JsonValue] = {}
        for key, item in cast("dict[str, Any]", value).items():
            if key == "$ref" and isinstance(item, str) and item.startswith("#"):
                written[key] = self._refer(item, root)
            elif key not in ("$schema", "$id"):
                written[key] = item if key in DATA_KEYWORDS else self.rewrite(item, root)
        return written

    def _refer(self, reference: str, root: JsonValue) -> str:
        """Where the same stands in the copy."""
        whole = self.write_schema(root, root)
        place = cast("dict[str, str]", whole)["$ref"] if isinstance(whole, dict) and "$ref" in whole else "#"
        return place + reference.removeprefix("#")


def write_schema(shape: Shape | None) -> JsonObject:
    """The JSON Schema of a shape, complete in itself."""
    writer = SchemaWriter()
    schema = writer.rewrite(shape.schema, shape.root) if isinstance(shape, SchemaShape) else writer.write_whole(shape)
    whole = cast("JsonObject", schema) if isinstance(schema, dict) else {}
    return {**whole, "$defs": writer.definitions} if writer.definitions else whole
