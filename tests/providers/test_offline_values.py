"""Values that the offline model makes fit their schema, whatever it is."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.entities.patterns import compile_pattern
from agentmesh_dagster.providers.errors import OfflineModelStuck
from agentmesh_dagster.providers.offline.patterns import write_matching_text
from agentmesh_dagster.providers.offline.texts import Hints
from agentmesh_dagster.providers.offline.values import make_value
from tests.costs import FAR_TOO_LONG_SECONDS

HINTS = Hints("I paid 49.90 for order 12. Thanks!", "I paid 49.90 for order 12.", {"kept": "from the prompt"}, "1")
TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["name", "next"],
        }
    },
    "$ref": "#/$defs/node",
}

SCHEMAS: dict[str, Any] = {
    "anything": {},
    "true": True,
    "const": {"const": {"a": [1, None]}},
    "enum of several types": {"enum": [None, 3, "x"]},
    "default": {"type": "object", "properties": {"a": {"type": "integer", "default": 8}}},
    "default that does not fit": {"type": "object", "properties": {"a": {"type": "integer", "default": "x"}}},
    "long text": {"type": "string", "minLength": 300, "maxLength": 301},
    "text of one character": {"type": "string", "minLength": 1, "maxLength": 1},
    "exclusive bounds": {"type": "integer", "exclusiveMinimum": 4, "exclusiveMaximum": 6},
    "narrow number": {"type": "number", "exclusiveMinimum": 0, "maximum": 0.02},
    "multiple above a bound": {"type": "integer", "exclusiveMinimum": 4, "maximum": 7, "multipleOf": 3},
    "very narrow number": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.0001},
    "only a maximum": {"type": "integer", "maximum": -1000},
    "multiple": {"type": "number", "multipleOf": 0.25, "minimum": 3.1, "maximum": 3.4},
    "tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
    "tuple of draft 7": {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "array",
        "items": [{"type": "string"}, {"type": "integer"}],
        "additionalItems": False,
        "minItems": 2,
    },
    "unique items": {
        "type": "array",
        "items": {"enum": ["a", "b", "c"]},
        "uniqueItems": True,
        "minItems": 3,
    },
    "contains": {"type": "array", "contains": {"const": 7}, "minItems": 3},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 3},
    "named by a pattern": {
        "type": "object",
        "patternProperties": {"^x_": {"const": 1}},
        "additionalProperties": False,
        "minProperties": 2,
    },
    "named by propertyNames": {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z]{3}\\d?$"},
        "minProperties": 2,
    },
    "required but not described": {"type": "object", "required": ["a", "b"]},
    "dependent": {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "dependentRequired": {"a": ["b"]},
    },
    "all of": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer", "minimum": 5}}, "required": ["a"]},
            {"properties": {"a": {"maximum": 6}, "b": {"const": 1}}, "required": ["b"]},
        ]
    },
    "one of, told apart": {
        "oneOf": [
            {"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]},
            {"type": "object", "properties": {"kind": {"const": "b"}}, "required": ["kind"]},
        ]
    },
    "one of, overlapping": {"oneOf": [{"type": "number"}, {"type": "integer"}]},
    "if then else": {
        "type": "object",
        "properties": {"kind": {"enum": ["a", "b"]}},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["x"]},
        "else": {"required": ["y"]},
    },
    "not": {"type": "string", "not": {"minLength": 20}},
    "tree": TREE,
    "escaped pointer": {"$defs": {"a/b": {"const": 5}}, "$ref": "#/$defs/a~1b"},
    "itself": {"type": "object", "properties": {"self": {"$ref": "#"}}},
}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_a_value_fits(schema: Any) -> None:
    assert JsonSchema(schema).list_faults(make_value(schema, HINTS)) == []


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
        {"type": "string", "minLength": 10**9},
        {"type": "array", "minItems": 10**9},
        {"type": "object", "minProperties": 10**9},
        {"type": "integer", "minimum": 2, "maximum": 1},
    ],
)
def test_what_cannot_be_made_is_a_clear_error_soon(schema: Any) -> None:
    started = time.monotonic()

    with pytest.raises(OfflineModelStuck):
        make_value(schema, HINTS)
    assert time.monotonic() - started < FAR_TOO_LONG_SECONDS


def test_an_optional_value_is_given_rather_than_null() -> None:
    schema = {"anyOf": [{"type": "integer"}, {"type": "null"}]}

    assert make_value(schema, HINTS) == 12


def test_what_the_prompt_names_is_taken_over() -> None:
    schema = {"type": "object", "properties": {"kept": {"type": "string"}, "other": {"type": "integer"}}}

    assert make_value(schema, HINTS)["kept"] == "from the prompt"


PATTERNS = [
    r"^[A-Z]{3}-\d{4}$",
    r"^\d+$",
    r"^(foo|bar)(-baz)?$",
    r"^\S+@\S+\.\w+$",
    r"\.py$",
    r"^v?\d+\.\d+(\.\d+)?$",
    r"^#[0-9a-fA-F]{6}$",
    r"^[\w.-]{3,10}$",
    r"^\+?[1-9]\d{1,14}$",
    r"^[^/\s]+/[^/]+$",
    r"^(?P<year>\d{4})-W\d{2}$",
    r"^(?:a|b){2,}$",
    r"^a{0}b{0,2}c{2,3}?$",
    r"^[]x]+$",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^[\u4e00-\u9fff]+$",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_text_matches_its_pattern(pattern: str) -> None:
    text = write_matching_text(pattern)

    assert text is not None
    assert compile_pattern(pattern).search(text)


def test_a_pattern_that_nothing_matches_gives_nothing() -> None:
    assert write_matching_text("a^b$c") is None


def leaves() -> st.SearchStrategy[dict[str, Any]]:
    bounds = st.tuples(st.integers(-50, 50), st.integers(0, 40)).map(lambda pair: (pair[0], sum(pair)))
    return st.one_of(
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": ["low", 2, None]}, {}]),
        bounds.map(lambda pair: {"type": "integer", "minimum": pair[0], "maximum": pair[1]}),
        bounds.map(lambda pair: {"type": "number", "exclusiveMinimum": pair[0], "maximum": pair[1] + 1}),
        st.tuples(st.integers(0, 60), st.integers(0, 9)).map(
            lambda pair: {"type": "string", "minLength": pair[0], "maxLength": sum(pair)}
        ),
        st.sampled_from(PATTERNS).map(lambda pattern: {"type": "string", "pattern": pattern}),
    )


def branches(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    properties = st.dictionaries(st.sampled_from("abcdef"), parts, max_size=4)
    return st.one_of(
        st.tuples(properties, st.booleans()).map(
            lambda pair: {
                "type": "object",
                "properties": pair[0],
                "required": [*pair[0]][::2],
                "additionalProperties": pair[1],
            }
        ),
        st.tuples(parts, st.integers(0, 4)).map(lambda pair: {"type": "array", "items": pair[0], "minItems": pair[1]}),
        st.lists(parts, min_size=1, max_size=3).map(lambda several: {"anyOf": several}),
        parts.map(lambda part: {"allOf": [part, {"description": "said twice"}]}),
    )


@given(st.recursive(leaves(), branches, max_leaves=12))
@settings(max_examples=100, deadline=None)
def test_values_fit_schemas_made_at_random(schema: dict[str, Any]) -> None:
    assert JsonSchema(schema).list_faults(make_value(schema, HINTS)) == []
