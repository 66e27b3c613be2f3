"""The OpenAPI document: what FastAPI makes of the routes, tidied for those who generate clients from it."""

import json
from collections.abc import Mapping

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from agentmesh_dagster import wire
from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object
from agentmesh_dagster.entities.models import JsonObject

_REFERENCE = "#/components/schemas/"
_NULL = {"type": "null"}
_COOKIE = "Set by `createSession`. Its name also tells the port, and begins with `__Host-` where the server has https."
_DESCRIPTION = """Design, run and observe multi-agent workflows.

Every list is read in pages: `limit`, and `cursor` with the `nextCursor` of the page before. What would be null is left
out. Every fault is a problem (`application/problem+json`). A request that changes something comes with
`Content-Type: application/json`."""


def build_openapi(app: FastAPI) -> JsonObject:
    """The document of all routes of the app."""
    document = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=app.routes)
    _, more = models_json_schema([(wire.Problem, "serialization")], ref_template=_REFERENCE + "{model}")
    schemas: JsonObject = document["components"]["schemas"]
    schemas |= more["$defs"]
    for path in document["paths"].values():
        for operation in path.values():
            _name_body(operation, schemas)
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
    document["components"]["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "agentmesh", "description": _COOKIE},
        "token": {"type": "http", "scheme": "bearer", "description": "Made by `agentmesh token create`."},
    }
    document["security"] = [{"session": []}, {"token": []}]
    return _rename(
        as_object(_without_null(document)), {name: _choose_name(name, schema) for name, schema in schemas.items()}
    )


def _name_body(operation: JsonObject, schemas: JsonObject) -> None:
    """Puts the schema of a body among the named ones."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        name = media["schema"].get("title")
        if "properties" in media["schema"] and name:
            schemas[name] = media["schema"]
            media["schema"] = {"$ref": _REFERENCE + name}


def _choose_name(name: str, schema: JsonObject) -> str:
    """`PageOf_Agent_` is an `AgentPage`; what is sent back has the plain name: `Node-Output` is a `Node`."""
    if name.startswith("PageOf_"):
        return schema["title"]
    return name.removesuffix("-Output").replace("-Input", "Input")


def _rename(document: JsonObject, names: Mapping[str, str]) -> JsonObject:
    text = json.dumps(document)
    for name, chosen in names.items():
        text = text.replace(f'"{_REFERENCE}{name}"', f'"{_REFERENCE}{chosen}"')
    renamed: JsonObject = json.loads(text)
    schemas: JsonObject = renamed["components"]["schemas"]
    renamed["components"]["schemas"] = dict(sorted((names[name], schema) for name, schema in schemas.items()))
    return renamed


def _without_null(value: JsonValue) -> JsonValue:
    """A copy in which no type is "or null": nothing sends null, and to leave a thing out says the same."""
    if isinstance(value, list):
        return [_without_null(item) for item in value]
    if not isinstance(value, dict):
        return value
    schema = {key: _without_null(item) for key, item in value.items()}
    if _NULL in (choices := as_list(schema.get("anyOf"))):
        del schema["anyOf"]
        kept = [choice for choice in choices if choice != _NULL]
        schema |= as_object(kept[0]) if len(kept) == 1 else {"anyOf": kept}
    return schema
