"""JSON Schema: compiled once, faults in plain words, nothing fetched from outside."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import jsonschema
import jsonschema.exceptions
import jsonschema.validators
import referencing
import referencing.exceptions

from agentmesh_dagster.entities.json_values import JsonValue, write_path
from agentmesh_dagster.errors import AgentMeshError, InvalidValue


class InvalidSchema(AgentMeshError):
    """This is no JSON Schema."""


class SchemaMismatch(InvalidValue):
    """The value does not fit its JSON Schema."""

    def __init__(self, faults: list["SchemaFault"]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"at {fault.path}: {fault.message}" for fault in faults))


@dataclass(frozen=True)
class SchemaFault:
    path: str  # `$.items[3].name`
    message: str


# An empty registry: a `$ref` to a URL is an error, never a request.
_NOTHING_FROM_OUTSIDE: Any = referencing.Registry[Any]()


class JsonSchema:
    """A compiled JSON Schema (draft 2020-12 unless `$schema` names another)."""

    MAX_FAULTS = 20

    def __init__(self, schema: JsonValue) -> None:
        """Raises InvalidSchema; `$ref` may point only inside the schema itself."""
        if not isinstance(schema, dict | bool):
            raise InvalidSchema(f"an object is needed, not {type(schema).__name__}")
        self.schema: Any = schema
        validator_type: Any = jsonschema.validators.validator_for(self.schema, jsonschema.Draft202012Validator)
        try:
            _check_once(validator_type, json.dumps(schema))
        except jsonschema.exceptions.SchemaError as error:
            raise InvalidSchema(f"at {write_path(list(error.absolute_path))}: {error.message}") from error
        self._validator: Any = validator_type(schema, registry=_NOTHING_FROM_OUTSIDE)

    def list_faults(self, value: JsonValue) -> list[SchemaFault]:
        """What does not fit, at most MAX_FAULTS; empty when the value fits."""
        try:
            return [
                SchemaFault(write_path(list(error.absolute_path)), error.message[:500])
                for _, error in zip(range(self.MAX_FAULTS), self._validator.iter_errors(value), strict=False)
            ]
        except referencing.exceptions.Unresolvable as error:
            raise InvalidSchema(f"$ref {error.ref!r} cannot be resolved inside the schema") from error
        except RecursionError as error:
            raise InvalidSchema("a $ref leads back to itself") from error

    def check(self, value: JsonValue) -> None:
        """Raises SchemaMismatch when the value does not fit."""
        if faults := self.list_faults(value):
            raise SchemaMismatch(faults)


@lru_cache(maxsize=1024)
def _check_once(validator_type: Any, text: str) -> None:
    # A schema is held against its own schema whenever its workflow is loaded or launched: a millisecond each.
    validator_type.check_schema(json.loads(text))


def fit_input(schema: JsonValue, value: JsonValue) -> JsonValue:
    """`value` with the `default` of every property that it lacks, and `2.0` as 2 where an integer is wanted."""
    if not isinstance(schema, dict):
        return value
    rules = cast("dict[str, JsonValue]", schema)
    if rules.get("type") == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [fit_input(rules.get("items"), item) for item in cast("list[JsonValue]", value)]
    properties = rules.get("properties")
    if not isinstance(value, dict) or not isinstance(properties, dict):
        return cast("JsonValue", value)
    filled = dict(cast("dict[str, JsonValue]", value))
    for name, inner in cast("dict[str, JsonValue]", properties).items():
        if name in filled:
            filled[name] = fit_input(inner, filled[name])
        elif isinstance(inner, dict) and "default" in inner:
            filled[name] = inner["default"]
    return filled
