"""JSON Schema: compiled once, faults in plain words, nothing fetched from outside."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import jsonschema
import jsonschema.exceptions
import jsonschema.validators
import referencing
import referencing.exceptions

from agentmesh_dagster.entities.formats import FORMAT_CHECKER
from agentmesh_dagster.entities.json_values import JsonValue, write_path
from agentmesh_dagster.entities.lru_cache import LRUCache
from agentmesh_dagster.entities.patterns import InvalidPattern, TooManyPatterns, bound_patterns
from agentmesh_dagster.entities.schema_bounds import check_bounds
from agentmesh_dagster.entities.schema_faults import InvalidSchema
from agentmesh_dagster.entities.schema_keywords import TooManyEvaluations, bound_evaluations, guard
from agentmesh_dagster.errors import InvalidValue

__all__ = ["InvalidSchema", "JsonSchema", "SchemaFault", "SchemaMismatch", "fit_input"]

# Keywords evaluated for one value, before it is refused: a second of work. Linear in the value, whatever the schema.
MAX_EVALUATIONS = 200_000
EVALUATIONS_PER_VALUE = 50


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
        stock: Any = jsonschema.validators.validator_for(self.schema, jsonschema.Draft202012Validator)
        text = json.dumps(schema)
        # Looked at whenever its workflow is loaded or launched. Kept by digest: the text may be a megabyte.
        fault = _faults.get((stock, hashlib.sha256(text.encode()).digest()), lambda: _find_fault(stock, text))
        if fault is not None:
            raise InvalidSchema(fault)
        self._validator: Any = guard(stock)(schema, registry=_NOTHING_FROM_OUTSIDE, format_checker=FORMAT_CHECKER)

    def list_faults(self, value: JsonValue) -> list[SchemaFault]:
        """What does not fit, at most MAX_FAULTS; empty when the value fits.

        A value that takes too many evaluations, or is nested too deep for its schema, does not fit.
        """
        most = MAX_EVALUATIONS + EVALUATIONS_PER_VALUE * _count_values(value)
        try:
            with bound_evaluations(most), bound_patterns():
                return [
                    SchemaFault(write_path(list(error.absolute_path)), error.message[:500])
                    for _, error in zip(range(self.MAX_FAULTS), self._validator.iter_errors(value), strict=False)
                ]
        except TooManyEvaluations:
            message = (
                f"it takes more than {most:,} evaluations of its schema: make the schema simpler, or the value smaller"
            )
            return [SchemaFault("$", message)]
        except TooManyPatterns as error:
            return [SchemaFault("$", str(error))]
        except InvalidPattern as error:  # in a part that only a `$ref` makes a schema
            raise InvalidSchema(error.detail) from error
        except referencing.exceptions.Unresolvable as error:
            raise InvalidSchema(f"$ref {error.ref!r} cannot be resolved inside the schema") from error
        except RecursionError:
            return [SchemaFault("$", "it is nested deeper than its schema can be followed")]

    def check(self, value: JsonValue) -> None:
        """Raises SchemaMismatch when the value does not fit."""
        if faults := self.list_faults(value):
            raise SchemaMismatch(faults)


def _count_values(value: JsonValue) -> int:
    count = 0
    waiting = [value]
    while waiting:
        current = waiting.pop()
        count += 1
        if isinstance(current, dict):
            waiting.extend(current.values())
        elif isinstance(current, list):
            waiting.extend(current)
    return count


_faults: LRUCache[tuple[Any, bytes], str | None] = LRUCache(1024)


def _find_fault(stock: Any, text: str) -> str | None:
    """What is wrong with a schema: a millisecond each, and up to half a second where patterns are large."""
    schema = json.loads(text)
    try:
        check_bounds(schema)
        stock.check_schema(schema, format_checker=None)
    except InvalidSchema as error:
        return error.detail
    except jsonschema.exceptions.SchemaError as error:
        return f"at {write_path(list(error.absolute_path))}: {error.message}"
    except RecursionError:
        return "it is nested deeper than can be followed"
    return None


def fit_input(schema: JsonValue, value: JsonValue) -> JsonValue:
    """`value` with the `default` of every property that it lacks, and `2.0` as 2 where an integer is wanted."""
    if not isinstance(schema, dict):
        return value
    if schema.get("type") == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [fit_input(schema.get("items"), item) for item in value]
    properties = schema.get("properties")
    if not isinstance(value, dict) or not isinstance(properties, dict):
        return value
    filled = dict(value)
    for name, inner in properties.items():
        if name in filled:
            filled[name] = fit_input(inner, filled[name])
        elif isinstance(inner, dict) and "default" in inner:
            filled[name] = inner["default"]
    return filled
