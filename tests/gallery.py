"""Reads the gallery: the shapes in `graphs/`, what the specification says comes of them, and the example workflows."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agentmesh_dagster.entities.documents import Document
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.graph.document import check_document
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.plan import Plan, plan_graph
from agentmesh_dagster.graph.read import read_graph

GRAPHS = Path(__file__).parent / "graphs"
WORKFLOWS = Path(__file__).parents[1] / "workflows"
EXPECTED = ".expected.yaml"

SHAPES = sorted(path.stem for path in GRAPHS.glob("*.yaml") if not path.name.endswith(EXPECTED))
EXAMPLES = sorted(path.stem for path in WORKFLOWS.glob("*.yaml"))


@dataclass(frozen=True)
class Case:
    """One input of a shape, and what the specification says comes of it."""

    shape: str
    name: str
    input: JsonValue
    status: RunStatus
    executed: Counter[str]  # node ids; inside an `each` once per item
    skipped: Counter[str]
    output: JsonValue
    errors: list[str]  # all of them stand in the run's error
    waiting_on: set[str]  # node ids
    caught: Counter[str]  # node ids
    fallback: Counter[str]  # node ids


def read_expected(shape: str) -> tuple[list[str], list[Case]]:
    """The codes of the warnings that the shape has, and its cases."""
    written = yaml.safe_load((GRAPHS / f"{shape}{EXPECTED}").read_text("utf-8"))
    warnings, cases = (written["warnings"], written["cases"]) if isinstance(written, dict) else ([], written)
    return warnings, [read_case(shape, number, case) for number, case in enumerate(cases, start=1)]


def read_case(shape: str, number: int, written: dict[str, Any]) -> Case:
    status = RunStatus(written["status"])
    errors = written.get("error_contains", [])
    case = Case(
        shape,
        written.get("name", f"case {number}"),
        written["input"],
        status,
        Counter(written["executed"]),
        Counter(written["skipped"]),
        written["output"] if status is RunStatus.SUCCEEDED else None,
        [errors] if isinstance(errors, str) else errors,
        set(written.get("waiting_on", [])),
        Counter(written.get("caught", [])),
        Counter(written.get("fallback", [])),
    )
    assert bool(case.errors) == (status is RunStatus.FAILED), f"{shape}: error_contains stands with failed"
    assert bool(case.waiting_on) == (status is RunStatus.RUNNING), f"{shape}: waiting_on stands with running"
    return case


def read_shape(shape: str) -> tuple[Document, list[Issue]]:
    return read_file(GRAPHS / f"{shape}.yaml")


def read_example(example: str) -> tuple[Document, list[Issue]]:
    return read_file(WORKFLOWS / f"{example}.yaml")


def read_file(path: Path) -> tuple[Document, list[Issue]]:
    return check_document(path.read_bytes(), name=path.name)


def plan_document(document: Document) -> Plan:
    """The plan of the document's first workflow; others are there to be run by it."""
    agents = {agent.id: agent for agent in document.agents}
    tools = {tool.id: tool for tool in document.tools}
    workflows = {workflow.id: workflow for workflow in document.workflows[1:]}
    return plan_graph(read_graph(document.workflows[0]), agents, tools, workflows=workflows)
