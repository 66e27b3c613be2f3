"""JSON Schemas made flat: references followed, `allOf` merged, one branch of each alternative chosen."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object
from agentmesh_dagster.entities.models import JsonObject

_MOST_STEPS = 60  # references and combinations of one place; a schema that refers to itself ends here

Choose = Callable[[int], int]
"""Picks one of a number of branches."""


def flatten_schema(root: JsonValue, schema: JsonValue, choose: Choose) -> JsonObject:
    """The schema of one place without `$ref`, `allOf`, `anyOf`, `oneOf` and `if` at its top."""
    flat: JsonObject = {}
    waiting: list[JsonValue] = [schema]
    for _ in range(_MOST_STEPS):
        if not waiting:
            break
        part = waiting.pop(0)
        if part is False:
            return {"not": {}}
        if not isinstance(part, dict):
            continue
        fields: JsonObject = dict(part)
        if isinstance(reference := fields.pop("$ref", None), str):
            waiting.append(find_reference(root, reference))
        waiting += fields.pop("allOf", [])
        for keyword in ("anyOf", "oneOf"):
            if branches := fields.pop(keyword, None):
                waiting.append(branches[choose(len(branches))])
        if "if" in fields:
            condition = fields.pop("if")
            branches = ([condition, fields.pop("then", {})], [fields.pop("else", {})])
            waiting += branches[choose(2)]
        flat = merge_schemas(flat, fields)
    return flat


def find_reference(root: JsonValue, reference: str) -> JsonValue:
    """The part of the schema that `#/…` names; anything goes where it cannot be found."""
    place = root
    for step in reference.removeprefix("#").split("/")[1:]:
        name = unquote(step).replace("~1", "/").replace("~0", "~")
        parts = {str(index): part for index, part in enumerate(as_list(place))} | as_object(place)
        place = parts.get(name, {})
    return place


def merge_schemas(first: JsonObject, second: JsonObject) -> JsonObject:
    """A schema that demands what both do, as far as that can be written without `allOf` at its top."""
    merged = dict(first)
    for keyword, value in second.items():
        merged[keyword] = _merge_keyword(keyword, merged[keyword], value) if keyword in merged else value
    return merged


def _merge_keyword(keyword: str, first: Any, second: Any) -> Any:
    match keyword:
        case "properties" | "patternProperties":
            both = {name: {"allOf": [first[name], second[name]]} for name in first.keys() & second.keys()}
            return {**first, **second, **both}
        case "required":
            return list(dict.fromkeys([*first, *second]))
        case "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties":
            return max(first, second)
        case "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties":
            return min(first, second)
        case "enum":
            return [choice for choice in first if choice in second] or first
        case "type":
            return _merge_types(list_types(first), list_types(second))
        case "items" | "additionalProperties" | "contains" | "propertyNames":
            return {"allOf": [first, second]}
        case _:
            return second


def _merge_types(first: list[str], second: list[str]) -> list[str]:
    shared = [name for name in first if name in second]
    if "integer" in {*first} ^ {*second} and "number" in {*first} ^ {*second}:
        shared.append("integer")
    return shared or first


def list_types(value: Any) -> list[str]:
    """The value of `type`, which may be one name or several."""
    return [value] if isinstance(value, str) else list(value)


_SIGNS = {
    "object": ("properties", "required", "minProperties", "patternProperties", "additionalProperties"),
    "array": ("items", "prefixItems", "minItems", "contains", "uniqueItems"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}


def guess_type(flat: JsonObject, choose: Choose) -> str:
    """The type to make: one that the schema names, else the one that its keywords are about."""
    if "type" in flat:
        types = [name for name in list_types(flat["type"]) if name != "null"] or ["null"]
        return types[choose(len(types))]
    signed = [name for name, signs in _SIGNS.items() if flat.keys() & set(signs)]
    types = signed or ["string", "integer", "object", "boolean"]
    return types[choose(len(types))]
