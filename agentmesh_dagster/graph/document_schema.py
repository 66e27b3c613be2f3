"""The JSON Schema of documents, so that editors complete and check them."""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import ENTITY_TYPES, JsonObject, Kind
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.graph.field_descriptions import DOCUMENT, FIELDS, SCHEMA, TEMPLATE
from agentmesh_dagster.specs import NODES, TOOLS
from agentmesh_dagster.specs.form import KEYWORD
from agentmesh_dagster.specs.node_config import Written
from agentmesh_dagster.specs.node_spec import NodeSpec

_ID: JsonObject = {"type": ["string", "integer"], "maxLength": 255, "pattern": r"\S"}  # YAML reads `id: 7` as a number
_LITERAL: JsonObject = {"type": ["string", "boolean", "number", "null"]}  # and `condition: true` as a boolean
_FROM_STORE = ("createdAt", "updatedAt", "revision", "secrets")


@cache
def document_schema() -> JsonObject:
    """The JSON Schema (draft 2020-12) of a document; not to be changed."""
    models: list[type[BaseModel]] = [*ENTITY_TYPES.values(), *(spec.config for spec in NODES)]
    _, generated = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/$defs/{model}", schema_generator=SchemaOfFields
    )
    definitions: dict[str, Any] = generated["$defs"]
    for name, definition in definitions.items():
        _tidy(definition, name)
    for spec in NODES:
        _say_how_written(definitions[spec.config.__name__], spec)
    definitions["Node"]["allOf"] = [_describe_node(spec) for spec in NODES]
    projects: JsonObject = {"anyOf": [_refer(Kind.PROJECT), {"type": "array", "items": _refer(Kind.PROJECT)}]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "AgentMesh document",
        "description": "Projects, agents, tools and workflows in one file.",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "project": {"description": DOCUMENT["project"], **projects},
            "agents": _list_of(Kind.AGENT, "agents"),
            "tools": _list_of(Kind.TOOL, "tools"),
            "workflows": _list_of(Kind.WORKFLOW, "workflows"),
        },
        "$defs": definitions,
    }


class SchemaOfFields(GenerateJsonSchema):
    """Pydantic's schemas without the titles that it makes up of the names of fields."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False


def _refer(kind: Kind) -> JsonObject:
    return {"$ref": f"#/$defs/{ENTITY_TYPES[kind].__name__}"}


def _list_of(kind: Kind, section: str) -> JsonObject:
    return {"description": DOCUMENT[section], "type": "array", "items": _refer(kind)}


def _tidy(definition: JsonObject, name: str) -> None:
    """Makes pydantic's schema of a model that of its place in a document, with our descriptions."""
    definition.pop("title", None)
    for field, schema in definition.get("properties", {}).items():
        form = schema.pop(KEYWORD, {})
        if field == "id" or field.endswith("Id") or (name, field) == ("RunTrigger", "workflow"):
            nullable = "anyOf" in schema
            schema.clear()
            schema.update({**_ID, "type": [*_ID["type"], "null"]} if nullable else _ID)
        elif field == "tools" and name == "Agent":
            schema["items"] = _ID
        elif (name, field) == ("Edge", "condition"):
            schema.clear()
            schema.update(_LITERAL)
        elif field in _FROM_STORE:
            schema.clear()
            schema["readOnly"] = True
        if description := _find_description(name, field):
            schema["description"] = description
        if name == "ToolConfig":
            schema["description"] = " ".join(_describe_setting(field))
        if only_with := form.get("onlyWith"):
            schema["description"] = f"{schema.get('description', '')} {_describe_condition(**only_with)}".strip()


def _describe_setting(field: str) -> Iterator[str]:
    """What a field of a tool's config is for, once for those types that say the same."""
    said: dict[str, list[str]] = {}
    for spec in TOOLS:
        for name, info in spec.config.model_fields.items():
            if field == (info.alias or name):
                said.setdefault(info.description or "", []).append(spec.type)
    for description, types in said.items():
        yield f"{', '.join(types)}: {description}"


def _describe_condition(field: str, values: Sequence[JsonValue]) -> str:
    """With what else a field counts."""
    given = join_names([f"{field}: {value}" for value in values], "or") if values else quote(field)
    return f"Only with {given}."


def _find_description(name: str, field: str) -> str | None:
    for place in (name, "Trigger" if name.endswith("Trigger") else "Stored"):
        if description := FIELDS.get(place, {}).get(field):
            return description
    return None


def _say_how_written(definition: JsonObject, spec: NodeSpec) -> None:
    """Adds to the descriptions of a config's fields what may stand in them."""
    for field, way in spec.written.items():
        schema = definition["properties"][field]
        if way is Written.TEMPLATE:
            schema["description"] = f"{schema['description']} {TEMPLATE}"
        elif way is Written.SCHEMA:
            schema["description"] = f"{SCHEMA} {schema['description']}"


def _describe_node(spec: NodeSpec) -> JsonObject:
    """What follows from a node's type: its config, and whether it names an agent or a tool."""
    then: JsonObject = {"properties": {"config": {"$ref": f"#/$defs/{spec.config.__name__}"}}}
    for what in ("agent", "tool"):
        if spec.names == what:
            then["required"] = [f"{what}Id"]
        else:
            then["properties"][f"{what}Id"] = {"type": "null"}
    return {"if": {"properties": {"type": {"const": spec.type.value}}, "required": ["type"]}, "then": then}
