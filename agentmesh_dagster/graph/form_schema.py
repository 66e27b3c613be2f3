"""JSON Schemas as forms are made from them: with titles, hints, and what `specs.form` says."""

from typing import Any, cast

from pydantic import BaseModel

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import ENTITY_TYPES, JsonObject, Kind
from agentmesh_dagster.graph.document_schema import SchemaOfFields, document_schema


def form_schema(config: type[BaseModel]) -> JsonObject:
    """Complete in itself. A field that may be null may as well be left out: null is no choice in a form."""
    schema = config.model_json_schema(schema_generator=SchemaOfFields)
    schema.pop("title", None)
    return cast("JsonObject", _without_null(schema))


def entity_schema(kind: Kind) -> JsonObject:
    """Of an agent, tool, project or workflow: what its fields are for, and their limits; references lead nowhere."""
    return cast("JsonObject", _without_null(document_schema()["$defs"][ENTITY_TYPES[kind].__name__]))


def _without_null(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_without_null(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    schema: dict[str, Any] = {key: _without_null(item) for key, item in cast("dict[str, Any]", value).items()}
    options: list[Any] = schema.get("anyOf", [])
    if {"type": "null"} in options and len(options) == 2:
        del schema["anyOf"]
        given = next(option for option in options if option != {"type": "null"})
        schema = {**given, **schema}
    if "default" in schema and schema["default"] is None:
        del schema["default"]
    return schema
