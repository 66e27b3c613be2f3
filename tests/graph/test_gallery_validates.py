"""Every shape of the gallery, and every example for users, is a sound document that can be planned."""

from pathlib import Path

import pytest

from agentmesh_dagster.entities.documents import read_text, write_document
from agentmesh_dagster.entities.json_schema import JsonSchema
from agentmesh_dagster.graph.document import check_document
from agentmesh_dagster.graph.document_schema import document_schema
from agentmesh_dagster.graph.plan import plan_graph
from agentmesh_dagster.graph.read import read_graph

ROOT = Path(__file__).parents[2]
SHAPES = sorted(path for path in (ROOT / "tests/graphs").glob("*.yaml") if not path.name.endswith(".expected.yaml"))
EXAMPLES = sorted((ROOT / "workflows").glob("*.yaml"))
SCHEMA = JsonSchema(document_schema())

# These shapes are there because something in them is left open; all others are without a warning too.
WARNINGS: dict[str, set[str]] = {
    "nothing_matches": {"branch-may-not-match"},
    "no_literal_matches": {"branch-may-not-match"},
    "each_closed_by_inference": {"each-join-inferred"},
}


@pytest.fixture(params=[*SHAPES, *EXAMPLES], ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_it_has_no_issues(path: Path) -> None:
    document, issues = check_document(path.read_bytes(), name=path.name)

    assert {issue.code for issue in issues} == WARNINGS.get(path.stem, set()), issues
    assert document.workflows


def test_it_fits_the_published_schema(path: Path) -> None:
    value, _ = read_text(path.read_bytes(), name=path.name)

    assert SCHEMA.list_faults(value) == []


def test_it_is_planned_with_an_op_for_each_node(path: Path) -> None:
    document, _ = check_document(path.read_bytes(), name=path.name)
    agents = {agent.id: agent for agent in document.agents}
    tools = {tool.id: tool for tool in document.tools}
    workflows = {workflow.id: workflow for workflow in document.workflows}

    for workflow in document.workflows:
        plan = plan_graph(read_graph(workflow), agents, tools, workflows=workflows)
        assert {op.node.id for op in plan.by_node.values()} == set(plan.graph.nodes)
        assert {op.node.origin for op in plan.by_node.values()} >= {node.id for node in workflow.graph.nodes}
        assert len(plan.by_name) == len(plan.ops)


def test_its_round_trip_loses_nothing(path: Path) -> None:
    document, _ = check_document(path.read_bytes(), name=path.name)

    assert check_document(write_document(document), name="x.yaml")[0] == document
    assert check_document(write_document(document, format="json"), name="x.json")[0] == document


def test_its_first_line_says_what_it_teaches(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("# ")
