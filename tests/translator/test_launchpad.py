"""The launchpad: any JSON Schema gives a job that loads; what Dagster cannot say is free-form."""

from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.graph.plan import plan_graph
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.translator.build_job import build_job
from tests.shapes import node, workflow


def build(store: Store, schema: dict[str, Any]) -> dg.JobDefinition:
    nodes = [node("start", "start"), node("end", "end")]
    flow = workflow("w", nodes, ["start -> end"], inputSchema=schema)
    return build_job(plan_graph(read_graph(flow), {}, {}), "w", Services(store, Settings()))


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    "schema",
    [
        of(a={"type": ["string", "null"], "default": None}),
        of(a={"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"], "default": {}}),
        of(a={"type": "array", "items": {"type": "integer"}, "default": ["x"]}),
        of(a={"type": "object", "default": 3}),
        of(a={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        of(a={"$ref": "#/$defs/x"}),
        of(**{"a b": {"enum": ["x"]}, "a_b": {"enum": ["y"]}, "": {"type": "string"}, "é": {"default": 1.5}}),
        of(a={"type": "string", "description": 5}),
        of(a=True),
        of(a={"type": "array", "prefixItems": [{"type": "string"}], "items": {"type": "integer"}}),
        {"type": "array", "items": {"type": "string"}},
        {"type": "integer", "default": "x"},
        {"enum": [1, 2]},
        {"enum": ["a", "b"], "default": "zzz"},
        {"type": "object", "patternProperties": {"^x": {"type": "string"}}, "additionalProperties": False},
        {"type": "object", "required": 5},
    ],
)
def test_no_schema_breaks_its_job(store: Store, schema: dict[str, Any]):
    assert build(store, schema)


def test_enums_of_properties_with_like_names_stay_apart(store: Store):
    job = build(store, of(**{"a b": {"enum": ["x"]}, "a_b": {"enum": ["y"]}}))

    dg.validate_run_config(job, {"ops": {"start": {"config": {"input": {"a b": "x", "a_b": "y"}}}}})


@pytest.mark.parametrize(
    ("schema", "refused"),
    [
        (of(who={"type": "string"}) | {"required": ["who"]}, True),
        (of(who={"type": "string", "default": "Ada"}) | {"required": ["who"]}, False),
        (of(who={"type": "string"}), False),
        (of(a=of(b={"type": "integer"}) | {"required": ["b"]}) | {"required": ["a"]}, True),
        ({"type": "integer"}, True),
        ({"type": "object", "anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, True),
    ],
)
@pytest.mark.parametrize("run_config", [{}, {"ops": {}}, {"ops": {"start": {}}}, {"ops": {"start": {"config": {}}}}])
def test_what_is_required_and_left_out_is_refused_before_the_launch(
    store: Store, schema: dict[str, Any], refused: bool, run_config: dict[str, Any]
):
    job = build(store, schema)

    if refused:
        with pytest.raises(dg.DagsterInvalidConfigError):
            dg.validate_run_config(job, run_config)
    else:
        dg.validate_run_config(job, run_config)
