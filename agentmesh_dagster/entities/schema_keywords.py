"""Keywords of JSON Schema as jsonschema has them, with RE2 for patterns and a count of what is evaluated.

Stock jsonschema runs foreign patterns in Python's `re`, which may take for ever, and follows an `allOf` of `allOf`s as
often as it is told to.
"""

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import jsonschema
import jsonschema.exceptions
import jsonschema.validators

from agentmesh_dagster.entities.formats import FORMAT_CHECKER
from agentmesh_dagster.entities.json_values import JsonValue, as_object
from agentmesh_dagster.entities.patterns import compile_pattern

MAX_MESSAGE = 500  # characters
_COST_OF_AN_ERROR = 10
_COST_OF_A_REFERENCE = 5

_validators: Any = jsonschema.validators  # its types are too narrow for keywords of one's own

Keyword = Callable[[Any, Any, JsonValue, Any], Any]


class TooManyEvaluations(Exception):
    """A value takes more evaluations of its schema than are allowed."""


_left: ContextVar[list[int]] = ContextVar("evaluations_left")


@contextmanager
def bound_evaluations(most: int) -> Generator[None]:
    """Within it validators raise TooManyEvaluations when they have evaluated `most` keywords."""
    token = _left.set([most])
    try:
        yield
    finally:
        _left.reset(token)


def _spend(cost: int) -> None:
    left = _left.get()
    left[0] -= cost
    if left[0] < 0:
        raise TooManyEvaluations


@cache
def guard(stock: Any) -> Any:
    """A validator class like `stock` whose time is bounded; use it within `bound_evaluations`."""
    keywords = {name: _count(name, keyword) for name, keyword in stock.VALIDATORS.items()}
    own: Mapping[str, Keyword] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    keywords |= {name: _count(name, keyword) for name, keyword in own.items() if name in keywords}
    guarded: Any = _validators.extend(stock, keywords, format_checker=FORMAT_CHECKER)

    stock_evolve: Any = guarded.evolve

    def evolve(self: Any, **changes: Any) -> Any:
        # A schema inside that names a draft would be given to that draft's stock class: one draft holds for all of it.
        schema = as_object(changes.get("schema"))
        if "$schema" in schema:
            changes["schema"] = {key: value for key, value in schema.items() if key != "$schema"}
        return stock_evolve(self, **changes)

    guarded.evolve = evolve
    return guarded


# They pass on what others find, and build no message.
_PASS_ON = frozenset(
    {"$ref", "$dynamicRef", "$recursiveRef", "allOf", "properties", "items", "prefixItems", "additionalItems"}
    | {"patternProperties", "propertyNames", "dependentSchemas", "if", "dependencies", "extends"}
)


def _count(name: str, keyword: Keyword) -> Keyword:
    if name in _PASS_ON:
        price = _COST_OF_A_REFERENCE if name.endswith("ef") else 1

        def passed_on(validator: Any, rule: Any, instance: JsonValue, schema: Any) -> Any:
            _spend(price)
            return keyword(validator, rule, instance, schema)

        return passed_on

    def counted(validator: Any, rule: Any, instance: JsonValue, schema: Any) -> Iterator[Any]:
        _spend(_COSTS.get(name, _cost_one)(rule, instance))
        for error in keyword(validator, rule, instance, schema) or ():
            # It repeats the value: of a large one many times over.
            _spend(_COST_OF_AN_ERROR + len(error.message) // 100)
            error.message = error.message[:MAX_MESSAGE]
            yield error

    return counted


def _cost_one(_: Any, __: JsonValue) -> int:
    return 1


def _cost_of_text(_: Any, instance: JsonValue) -> int:
    return 1 + len(instance) // 100 if isinstance(instance, str) else 1


def _length(value: JsonValue) -> int:
    return len(value) if isinstance(value, list | dict) else 0


def _cost_of_rule(rule: Any, _: JsonValue) -> int:
    return 1 + _length(rule) // 10


def _cost_of_entries(_: Any, instance: JsonValue) -> int:
    return 1 + _length(instance)


def _cost_of_square(_: Any, instance: JsonValue) -> int:
    # Stock looks each entry up in a list.
    return 1 + _length(instance) ** 2 // 50


_COSTS: Mapping[str, Callable[[Any, JsonValue], int]] = {
    "pattern": _cost_of_text,
    "format": lambda rule, instance: 5 * _cost_of_text(rule, instance),
    "enum": _cost_of_rule,
    "required": _cost_of_rule,
    "additionalProperties": _cost_of_entries,
    "uniqueItems": _cost_of_entries,
    "unevaluatedProperties": _cost_of_square,
    "unevaluatedItems": _cost_of_square,
}


def _pattern(_validator: Any, pattern: str, instance: JsonValue, _: Any) -> Iterator[Any]:
    if isinstance(instance, str) and not compile_pattern(pattern).search(instance):
        yield jsonschema.exceptions.ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: JsonValue, _: Any) -> Iterator[Any]:
    if isinstance(instance, dict):
        for pattern, schema in patterns.items():
            compiled = compile_pattern(pattern)
            _spend(1 + len(instance))
            for name, value in instance.items():
                if compiled.search(name):
                    yield from validator.descend(value, schema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, rule: Any, instance: JsonValue, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, dict):
        return
    known = schema.get("properties", {})
    patterns = [compile_pattern(pattern) for pattern in schema.get("patternProperties", {})]
    _spend(len(instance) * len(patterns))
    others = [name for name in instance if name not in known and not any(each.search(name) for each in patterns)]
    if validator.is_type(rule, "object"):
        for name in others:
            yield from validator.descend(instance[name], rule, path=name)
    elif rule is False and others:
        names, verb = ", ".join(map(repr, others)), "was" if len(others) == 1 else "were"
        message = f"Additional properties are not allowed ({names} {verb} unexpected)"
        yield jsonschema.exceptions.ValidationError(message)


def _unique_items(_validator: Any, rule: Any, instance: JsonValue, _: Any) -> Iterator[Any]:
    if rule and isinstance(instance, list):
        seen: set[str] = set()
        for item in instance:
            text = json.dumps(_with_whole_numbers(item), sort_keys=True)
            _spend(len(text) // 50)
            if text in seen:
                yield jsonschema.exceptions.ValidationError(f"{instance!r} has non-unique elements")
                return
            seen.add(text)


def _with_whole_numbers(value: JsonValue) -> JsonValue:
    """The value with 1.0 as 1, which are equal in JSON Schema; true stays another thing than 1."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _with_whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(item) for item in value]
    return value
