"""The JSON Schema of documents, so that editors complete and check them."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import ENTITY_TYPES, EdgeOn, JsonObject, Kind
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.graph.field_descriptions import DOCUMENT, FIELDS, SCHEMA, TEMPLATE
from agentmesh_dagster.specs import NODE_SPECS, PROVIDER_SPECS, TOOL_SPECS, TRIGGERS
from agentmesh_dagster.specs.form import KEYWORD
from agentmesh_dagster.specs.node_config import Written
from agentmesh_dagster.specs.node_spec import NodeSpec
from agentmesh_dagster.specs.tool_spec import ToolSpec
from agentmesh_dagster.specs.trigger_spec import TriggerSpec

_ID: JsonObject = {"type": ["string", "integer"], "maxLength": 255, "pattern": r"\S"}  # YAML reads `id: 7` as a number
_LITERAL: JsonObject = {"type": ["string", "boolean", "number", "null"]}  # and `condition: true` as a boolean
_DEFINITIONS = "#/$defs/"
_FROM_STORE = ("createdAt", "updatedAt", "revision", "secrets", "functions")


@cache
def document_schema() -> JsonObject:
    """The JSON Schema (draft 2020-12) of a document; not to be changed. Raises BrokenPlugins."""
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
        "$defs": _define_all()[0],
    }


class SchemaOfFields(GenerateJsonSchema):
    """Pydantic's schemas without the titles that it makes up of the names of fields."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        return False


@cache
def _define_all() -> tuple[JsonObject, Mapping[object, str]]:
    """The definitions that schemas refer to by name, and the name of each model's."""
    own = [spec.config for spec in NODE_SPECS.values()]
    own += [spec.settings for spec in TOOL_SPECS.values() if spec.settings is not None]
    own += [spec.model for spec in TRIGGERS]
    models: list[type[BaseModel]] = [*ENTITY_TYPES.values(), *own]
    references, generated = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)],
        ref_template=f"{_DEFINITIONS}{{model}}",
        schema_generator=SchemaOfFields,
    )
    # Two packages may call their models the same: pydantic then chooses other names.
    names: dict[object, str] = {
        model: str(ref["$ref"]).removeprefix(_DEFINITIONS) for (model, _), ref in references.items()
    }
    definitions: dict[str, Any] = generated["$defs"]
    for name, definition in definitions.items():
        _tidy(definition, name)
    for name, known in (("NodeType", NODE_SPECS), ("ToolType", TOOL_SPECS), ("ModelProvider", PROVIDER_SPECS)):
        definitions[name] = {"type": "string", "enum": list(known)}
    for spec in NODE_SPECS.values():
        _say_how_written(definitions[names[spec.config]], spec)
    definitions["Node"]["allOf"] = [_describe_node(spec, names[spec.config]) for spec in NODE_SPECS.values()]
    if bringing := [spec for spec in TOOL_SPECS.values() if spec.settings is not None]:
        definitions["Tool"]["allOf"] = [_describe_tool(spec, names) for spec in bringing]
    return definitions, names


def trigger_schema(spec: TriggerSpec[Any]) -> JsonObject:
    """The JSON Schema of a trigger of this type, complete in itself."""
    return _complete(spec.model)


def _complete(model: type[BaseModel]) -> JsonObject:
    definitions, names = _define_all()
    own = definitions[names[model]]
    used = {name: definitions[name] for name in definitions if f'"{_DEFINITIONS}{name}"' in write_json(own)}
    return {**own, "$defs": used} if used else own


def _refer(kind: Kind) -> JsonObject:
    return {"$ref": f"{_DEFINITIONS}{ENTITY_TYPES[kind].__name__}"}


def _list_of(kind: Kind, section: str) -> JsonObject:
    return {"description": DOCUMENT[section], "type": "array", "items": _refer(kind)}


def _tidy(definition: JsonObject, name: str) -> None:
    """Makes pydantic's schema of a model that of its place in a document, with our descriptions."""
    definition.pop("title", None)
    for field, schema in definition.get("properties", {}).items():
        form = schema.pop(KEYWORD, {})
        description = _find_description(name, field) or schema.get("description")
        if field == "id" or field.endswith("Id") or (name, field) == ("RunTrigger", "workflow"):
            nullable = "anyOf" in schema
            schema.clear()
            schema.update({**_ID, "type": [*_ID["type"], "null"]} if nullable else _ID)
        elif field == "tools" and name == "Agent":
            schema["items"] = _ID
        elif (name, field) == ("Edge", "condition"):
            schema.clear()
            schema.update(_LITERAL)
        elif (name, field) == ("Edge", "on"):
            schema.clear()
            schema.update({"enum": [*get_args(EdgeOn)], "default": "success"})
        elif field in _FROM_STORE:
            schema.clear()
            schema["readOnly"] = True
        if description:
            schema["description"] = description
        if name == "ToolConfig" and (said := " ".join(_describe_setting(field))):
            schema["description"] = said
        if only_with := form.get("onlyWith"):
            schema["description"] = f"{schema.get('description', '')} {_describe_condition(**only_with)}".strip()


def _describe_setting(field: str) -> Iterator[str]:
    """What a field of a tool's config is for, once for those types that say the same."""
    said: dict[str, list[str]] = {}
    for spec in TOOL_SPECS.values():
        for name, info in spec.config.model_fields.items() if spec.config else ():
            if field == (info.alias or name):
                said.setdefault(info.description or "", []).append(spec.type)
    for description, types in said.items():
        yield f"{', '.join(types)}: {description}"


def _describe_condition(field: str, values: Sequence[JsonValue]) -> str:
    """With what else a field counts."""
    given = join_names([f"{field}: {value}" for value in values], "or") if values else quote(field)
    return f"Only with {given}."


def _find_description(name: str, field: str) -> str | None:
    for place in (name, "Stored"):
        if description := FIELDS.get(place, {}).get(field):
            return description
    return None


def _say_how_written(definition: JsonObject, spec: NodeSpec) -> None:
    """Adds to the descriptions of a config's fields what may stand in them."""
    for field, way in spec.written.items():
        schema = definition["properties"].get(field)
        if schema is None:
            continue  # of an object inside the config, which says so itself
        if way is Written.TEMPLATE:
            schema["description"] = f"{schema['description']} {TEMPLATE}"
        elif way is Written.SCHEMA:
            schema["description"] = f"{SCHEMA} {schema['description']}"


def _describe_node(spec: NodeSpec, config: str) -> JsonObject:
    """What follows from a node's type: its config, and what of the catalogue it names."""
    then: JsonObject = {"properties": {"config": {"$ref": f"{_DEFINITIONS}{config}"}}}
    for what in ("agent", "tool", "workflow"):
        if spec.names == what:
            then["required"] = [f"{what}Id"]
        else:
            then["properties"][f"{what}Id"] = {"type": "null"}
    return {"if": _is_of(spec.type), "then": then}


def _describe_tool(spec: ToolSpec, names: Mapping[object, str]) -> JsonObject:
    """What follows from a tool's type: its settings."""
    assert spec.settings is not None
    settings: JsonObject = {"properties": {"settings": {"$ref": f"{_DEFINITIONS}{names[spec.settings]}"}}}
    return {"if": _is_of(spec.type), "then": {"properties": {"config": settings}}}


def _is_of(type_name: str) -> JsonObject:
    return {"properties": {"type": {"const": type_name}}, "required": ["type"]}
