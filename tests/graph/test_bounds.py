"""Every number of a document has a least and a most, and what merely looks like a number is none."""

import json
from typing import Any

import pytest

from agentmesh_dagster.graph.document import validate_document
from agentmesh_dagster.graph.document_schema import document_schema
from agentmesh_dagster.settings import Settings
from tests.shapes import node

# node type, field, the most it may be
NUMBERS = [
    ("end", "timeoutSeconds", 604_800),
    ("end", "retry.maxAttempts", 100),
    ("end", "retry.delaySeconds", 86_400),
    ("agent", "temperature", 2),
    ("agent", "maxTokens", 10_000_000),
    ("agent", "maxToolRounds", 100),
    ("branch", "maxItems", 100_000),
    ("human_approval", "deadlineSeconds", 315_360_000),
]


def tell(node_type: str, field: str, value: object) -> list[str]:
    """What is said of the number, in a document that has other issues too."""
    config: dict[str, Any] = {}
    *outer, name = field.split(".")
    inner = config.setdefault(outer[0], {}) if outer else config
    inner[name] = value
    if node_type == "branch":
        config["mode"] = "each"
    graph = {"nodes": [node("n", node_type, **config)], "edges": []}
    text = json.dumps({"workflows": [{"id": "w", "name": "W", "graph": graph}]})
    return [issue.message for issue in validate_document(text, name="x.json") if issue.code == "bad-config"]


@pytest.mark.parametrize(("node_type", "field", "most"), NUMBERS)
def test_a_number_has_a_most(node_type: str, field: str, most: int) -> None:
    assert tell(node_type, field, most) == []
    for beyond in (most + 1, 10**12, 1e300):
        assert tell(node_type, field, beyond) == [f"`{field}` must be at most {most:,}."]
    assert tell(node_type, field, -1)[0].startswith(f"`{field}` must be ")


@pytest.mark.parametrize(("node_type", "field", "most"), NUMBERS)
@pytest.mark.parametrize("value", [True, False, "3", "1e3", ""])
def test_what_looks_like_a_number_is_none(node_type: str, field: str, most: int, value: object) -> None:
    [message] = tell(node_type, field, value)

    assert message in (f"`{field}` must be a number.", f"`{field}` must be an integer.")


def list_unbounded(schema: Any, path: str = "$") -> list[str]:
    """Where a number may be written of any size."""
    if isinstance(schema, list):
        return [found for item in schema for found in list_unbounded(item, path)]
    if not isinstance(schema, dict):
        return []
    found = [path] if schema.get("type") in ("number", "integer") and "maximum" not in schema else []
    return found + [place for key, inner in schema.items() for place in list_unbounded(inner, f"{path}.{key}")]


def test_no_number_of_a_document_is_without_a_most() -> None:
    assert list_unbounded(document_schema()) == []


def test_no_setting_is_without_a_most() -> None:
    numbers = [(name, field) for name, field in Settings.model_fields.items() if field.annotation in (int, float)]

    assert numbers
    assert [name for name, field in numbers if not any(hasattr(rule, "le") for rule in field.metadata)] == []
