"""How a model is told the schema that its answer, or a tool's arguments, must fit."""

from dataclasses import dataclass
from typing import Literal

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object, write_json
from agentmesh_dagster.entities.models import JsonObject

VALUE = "value"  # the field under which an answer stands that is no object
_UNIONS = ("anyOf", "oneOf", "allOf")

_SAYS_WHAT = frozenset({"items", "prefixItems", "enum", "const", "$ref", *_UNIONS})

Dialect = Literal["openai", "claude"]


@dataclass(frozen=True)
class AskedSchema:
    """What is sent of an output schema: enforced by the provider, or told in words."""

    schema: JsonObject
    is_enforced: bool
    is_wrapped: bool = False  # the answer's field `value` is the answer

    @property
    def instruction(self) -> str:
        return (
            "Answer with one JSON value that fits this JSON Schema, and with nothing else: "
            f"no explanation, no code fence.\n{write_json(self.schema)}"
        )


def choose_schema(schema: JsonObject, dialect: Dialect, *, may_enforce: bool) -> AskedSchema:
    """How this schema is asked for; `may_enforce`: nothing in the request stands against a grammar."""
    if not may_enforce:
        return AskedSchema(schema, is_enforced=False)
    is_object = schema.get("type") == "object"
    if dialect == "claude":
        return AskedSchema(schema, is_enforced=is_object and _is_enforceable(schema))
    if is_object:
        return AskedSchema(schema, is_enforced=True)
    # A list of anything, or anything at all, is nothing to be held to.
    if schema.get("type") not in ("string", "number", "integer", "boolean") and not schema.keys() & _SAYS_WHAT:
        return AskedSchema(schema, is_enforced=False)
    return AskedSchema(_wrap(schema), is_enforced=True, is_wrapped=True)


def _wrap(schema: JsonObject) -> JsonObject:
    """An object with the schema as its one field: no provider takes another root."""
    inner = {key: part for key, part in schema.items() if key not in ("$defs", "definitions", "$schema", "$id")}
    outer = {key: schema[key] for key in ("$defs", "definitions") if key in schema}
    return {
        "type": "object",
        "properties": {VALUE: inner},
        "required": [VALUE],
        "additionalProperties": False,
        **outer,
    }


def to_object_schema(schema: JsonObject) -> JsonObject:
    """The schema of a tool's arguments as providers want it: `type: object`, and no union at its root.

    What the flat one allows too much, the tool refuses, and the model is told why.
    """
    branches = [as_object(branch) for name in _UNIONS for branch in as_list(schema.get(name))]
    if schema.get("type") == "object" and not branches:
        return schema
    flat = {key: part for key, part in schema.items() if key not in _UNIONS}
    properties: JsonObject = {}
    for branch in (*branches, schema):
        properties |= as_object(branch.get("properties"))
    return {**flat, "type": "object", "properties": properties}


# What Anthropic's structured outputs can express; the library makes hints in the description of limits.
_ENFORCEABLE_KEYWORDS = """
    type properties required additionalProperties items enum anyOf title description default examples format
    minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern minItems maxItems
    uniqueItems $schema $id $comment
"""
_ENFORCEABLE = frozenset(_ENFORCEABLE_KEYWORDS.split())


def _is_enforceable(schema: JsonValue) -> bool:
    """Whether Anthropic can hold the model to this part of a schema without forbidding values that fit it.

    It closes every object, so one that is meant to be open would come back empty.
    """
    if not isinstance(schema, dict):
        return False
    fields: JsonObject = schema
    if not fields.keys() <= _ENFORCEABLE or fields.get("additionalProperties", False) is not False:
        return False
    match fields.get("type"):
        case "object":
            parts = list(fields.get("properties", {}).values())
            return bool(parts) and all(_is_enforceable(part) for part in parts)
        case "array":
            return _is_enforceable(fields.get("items"))
        case "string" | "number" | "integer" | "boolean" | "null":
            return True
        case None if "anyOf" in fields:
            return all(_is_enforceable(part) for part in fields["anyOf"])
        case None if "enum" in fields:
            return all(isinstance(choice, str) for choice in fields["enum"])
        case _:
            return False
