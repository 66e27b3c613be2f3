"""JSON Schemas: compiled once, faults in plain words, nothing fetched from outside."""

from typing import Any

import pytest

from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema, SchemaFault, SchemaMismatch, fit_input

ORDER = {
    "type": "object",
    "properties": {"id": {"type": "string"}, "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}}},
    "required": ["id"],
    "$defs": {"line": {"type": "object", "properties": {"count": {"type": "integer", "minimum": 1}}}},
}


def test_a_value_that_fits_has_no_faults() -> None:
    JsonSchema(ORDER).check({"id": "7", "lines": [{"count": 2}]})


def test_every_fault_is_told_with_its_place() -> None:
    faults = JsonSchema(ORDER).list_faults({"lines": [{"count": 0}, {"count": "x"}]})

    assert set(faults) == {
        SchemaFault("$", "'id' is a required property"),
        SchemaFault("$.lines[0].count", "0 is less than the minimum of 1"),
        SchemaFault("$.lines[1].count", "'x' is not of type 'integer'"),
    }


def test_a_mismatch_says_where_and_what() -> None:
    with pytest.raises(SchemaMismatch, match=r"at \$.id: 7 is not of type 'string'"):
        JsonSchema(ORDER).check({"id": 7})


def test_faults_are_few_and_short() -> None:
    faults = JsonSchema({"items": {"type": "integer"}}).list_faults(["x" * 10_000] * 1_000)

    assert len(faults) == JsonSchema.MAX_FAULTS
    assert all(len(fault.message) <= 500 for fault in faults)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "objekt"}, "at $.type: 'objekt' is not valid"),
        ({"properties": {"a": {"minLength": -1}}}, "at $.properties.a.minLength: -1 is less than the minimum"),
        ({"pattern": "("}, "at $.pattern"),
        ([1], "an object is needed, not list"),
        ("object", "an object is needed, not str"),
    ],
)
def test_what_is_no_schema_is_refused(schema: Any, reason: str) -> None:
    with pytest.raises(InvalidSchema) as caught:
        JsonSchema(schema)

    assert reason in str(caught.value)


@pytest.mark.parametrize("reference", ["https://example.com/schema.json", "other.json", "#/$defs/missing"])
def test_a_reference_is_never_fetched(reference: str) -> None:
    with pytest.raises(InvalidSchema, match="cannot be resolved"):
        JsonSchema({"$ref": reference}).list_faults(1)


def test_a_schema_that_leads_back_to_itself_is_no_crash() -> None:
    with pytest.raises(InvalidSchema, match="leads back to itself"):
        JsonSchema({"$ref": "#"}).list_faults(1)


def test_true_and_false_are_schemas() -> None:
    assert JsonSchema(True).list_faults(1) == []
    assert JsonSchema(False).list_faults(1) != []


def test_another_draft_may_be_named() -> None:
    schema = JsonSchema({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]})

    assert [fault.path for fault in schema.list_faults([1])] == ["$[0]"]


def test_defaults_fill_what_is_missing_also_inside() -> None:
    schema = {
        "properties": {
            "plan": {"default": "free"},
            "customer": {"properties": {"country": {"default": "DE"}}},
            "name": {"type": "string"},
        }
    }

    assert fit_input(schema, {"customer": {}}) == {"plan": "free", "customer": {"country": "DE"}}
    assert fit_input(schema, {"plan": "pro"}) == {"plan": "pro"}
    assert fit_input(schema, "text") == "text"
