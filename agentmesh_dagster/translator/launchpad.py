"""The launchpad: a workflow's inputSchema as Dagster config, typed, described and prefilled."""

from collections.abc import Callable, Mapping
from typing import cast

import dagster as dg

from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema, fit_input
from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object
from agentmesh_dagster.graph.names import safe_name
from agentmesh_dagster.translator.dagster_internals import CheckError

INPUT = "input"  # the one config field of the start op
_DEEPEST = 5  # config below that is free-form: the input is checked against the schema anyway

Schema = dict[str, JsonValue]


def build_input_field(schema: Schema | None) -> dg.Field:
    """The start op's config field for a run's input; without a schema any JSON is taken, and {} when left out."""
    if not schema:
        return dg.Field(
            dg.Noneable(dg.Any), default_value={}, is_required=False, description="The run's input: any JSON."
        )
    return _build_field(schema, required=asks_for_something(schema), namespace="Input", depth=0)


def build_optional_input(schema: Schema | None) -> dg.Field:
    """As `build_input_field`, of a run that has an input also where none is given."""
    field = build_input_field(schema)
    return dg.Field(field.config_type, is_required=False, description=field.description)


def asks_for_something(schema: Schema) -> bool:
    """Whether leaving the whole input out, which means {} with the schema's defaults, would not do."""
    try:
        return bool(JsonSchema(schema).list_faults(fit_input(schema, {})))
    except InvalidSchema:
        return False


def read_default_input(schema: Schema | None) -> JsonValue:
    """What the launchpad is prefilled with: defaults and, for what has none, an empty value of its type."""
    if not schema:
        return {}
    return _read_prefill(schema)


def accepts(field: dg.Field, value: JsonValue) -> bool:
    """Whether Dagster would take the value for this field: it refuses a bad default for the whole job."""
    try:
        dg.Field(field.config_type, default_value=value)
    except (dg.DagsterError, CheckError):
        return False
    return True


def _build_field(schema: Schema, *, required: bool, namespace: str, depth: int) -> dg.Field:
    """The field, free-form where Dagster's config cannot say what the schema says: the start step checks anyway."""
    try:
        return _build_typed_field(schema, required=required, namespace=namespace, depth=depth)
    except (dg.DagsterError, CheckError, TypeError):
        return dg.Field(dg.Noneable(dg.Any), is_required=required, description=_describe(schema))


def _describe(schema: Schema) -> str | None:
    found = schema.get("description") or schema.get("title")
    return found if isinstance(found, str) else None


def _build_typed_field(schema: Schema, *, required: bool, namespace: str, depth: int) -> dg.Field:
    description = _describe(schema)
    config_type = _build_type(schema, namespace, depth)
    if "default" in schema and _is_acceptable(schema["default"], schema):
        return dg.Field(config_type, default_value=schema["default"], is_required=False, description=description)
    return dg.Field(config_type, is_required=required, description=description)


def _build_type(schema: Schema, namespace: str, depth: int) -> object:
    choices = schema.get("enum")
    if isinstance(choices, list) and choices and all(isinstance(c, str) and c for c in choices):
        values = [dg.EnumValue(choice) for choice in dict.fromkeys(cast("list[str]", choices))]
        return dg.Enum(f"{namespace}_choice", values)
    kind = schema.get("type")
    if str(kind) in _SCALARS:
        return _SCALARS[str(kind)]
    build = _BUILDERS.get(str(kind)) if depth < _DEEPEST else None
    return build(schema, namespace, depth) if build else cast("object", dg.Noneable(dg.Any))


def _build_object(schema: Schema, namespace: str, depth: int) -> object:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or "patternProperties" in schema:
        return cast("object", dg.Permissive())
    required = as_list(schema.get("required"))
    fields = {
        name: _build_field(
            as_object(inner),
            required=name in required,
            namespace=f"{namespace}_{number}_{safe_name(name)}",  # names of enums are unique in a job
            depth=depth + 1,
        )
        for number, (name, inner) in enumerate(properties.items())
    }
    is_closed = schema.get("additionalProperties") is False
    return cast("object", dg.Shape(fields) if is_closed else dg.Permissive(fields))


def _build_array(schema: Schema, namespace: str, depth: int) -> object:
    inner = None if "prefixItems" in schema else schema.get("items")
    return dg.Array(_build_type(inner, namespace, depth + 1) if isinstance(inner, dict) else dg.Any)


_SCALARS: Mapping[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}
_BUILDERS: Mapping[str, Callable[[Schema, str, int], object]] = {"object": _build_object, "array": _build_array}

_EMPTY: Mapping[str, JsonValue] = {"string": "", "integer": 0, "number": 0.0, "boolean": False, "array": []}


def _is_acceptable(default: JsonValue, schema: Schema) -> bool:
    """Whether Dagster would take the default of this type: it refuses a bad one for the whole job."""
    python_types: Mapping[str, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
    }
    expected = python_types.get(str(schema.get("type")))
    if expected is None:
        return "enum" not in schema or default in as_list(schema["enum"])
    right_type = isinstance(default, expected) and isinstance(default, bool) == (expected == (bool,))
    return right_type and ("enum" not in schema or default in as_list(schema["enum"]))


def _read_prefill(schema: Schema) -> JsonValue:
    if "default" in schema:
        return schema["default"]
    properties = schema.get("properties")
    if isinstance(properties, dict):
        required = as_list(schema.get("required"))
        return {
            name: _read_prefill(inner)
            for name, inner in properties.items()
            if isinstance(inner, dict) and (name in required or "default" in inner)
        }
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    kind = schema.get("type")
    return _EMPTY.get(kind, {}) if isinstance(kind, str) else {}
