"""Code versions: what changes what a workflow gives changes them, and nothing else does."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from agentmesh_dagster.entities.models import Agent, Tool, Workflow
from agentmesh_dagster.graph.code_version import digest_code
from agentmesh_dagster.graph.plan import Plan, plan_graph
from agentmesh_dagster.graph.read import read_graph

WRITTEN: dict[str, Any] = {
    "workflow": {
        "id": "brief",
        "name": "Brief",
        "inputSchema": {"type": "object", "properties": {"day": {"type": "string"}}},
        "graph": {
            "nodes": [
                {"id": "start", "type": "start"},
                {"id": "draft", "type": "agent", "agentId": "writer", "config": {"prompt": "Write."}},
                {"id": "send", "type": "tool", "toolId": "mail"},
                {"id": "review", "type": "workflow", "workflowId": "review"},
                {"id": "done", "type": "end"},
            ],
            "edges": [
                {"id": "e1", "fromNodeId": "start", "toNodeId": "draft"},
                {"id": "e2", "fromNodeId": "draft", "toNodeId": "send"},
                {"id": "e3", "fromNodeId": "send", "toNodeId": "review"},
                {"id": "e4", "fromNodeId": "review", "toNodeId": "done"},
            ],
        },
        "asset": {
            "key": "ai/brief",
            "checks": [{"name": "has_text", "condition": "context.output.text != ''"}],
            "parts": {"draft": {"key": "ai/brief/draft"}},
        },
    },
    "review": {
        "id": "review",
        "name": "Review",
        "graph": {
            "nodes": [
                {"id": "start", "type": "start"},
                {"id": "judge", "type": "agent", "agentId": "judge"},
                {"id": "done", "type": "end"},
            ],
            "edges": [
                {"id": "e1", "fromNodeId": "start", "toNodeId": "judge"},
                {"id": "e2", "fromNodeId": "judge", "toNodeId": "done"},
            ],
        },
    },
    "writer": {"id": "writer", "name": "Writer", "modelProvider": "local", "modelName": "small", "tools": ["search"]},
    "judge": {"id": "judge", "name": "Judge", "modelProvider": "local", "modelName": "small"},
    "mail": {"id": "mail", "name": "mail", "type": "builtin", "config": {"functionName": "echo"}},
    "search": {"id": "search", "name": "search", "type": "builtin", "config": {"functionName": "echo"}},
}


def plan(edit: Callable[[dict[str, Any]], object] = lambda _: None) -> Plan:
    written = deepcopy(WRITTEN)
    edit(written)
    flow, review = (Workflow.model_validate(written[name]) for name in ("workflow", "review"))
    agents = {name: Agent.model_validate(written[name]) for name in ("writer", "judge")}
    tools = {name: Tool.model_validate(written[name]) for name in ("mail", "search")}
    return plan_graph(read_graph(flow), agents, tools, workflows={"review": review}, revision=written.get("at", 0))


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    """Sets what stands at a path such as `workflow.graph.nodes.1.label`."""

    def edit(written: dict[str, Any]) -> None:
        *before, last = path.split(".")
        found: Any = written
        for part in before:
            found = found[int(part)] if isinstance(found, list) else found.setdefault(part, {})
        found[int(last) if isinstance(found, list) else last] = value

    return edit


SAYS_THE_SAME = {
    "the workflow's name": put("workflow.name", "Daily brief"),
    "its description": put("workflow.description", "For the team."),
    "a label": put("workflow.graph.nodes.1.label", "Draft it"),
    "the layout": put("workflow.layout", {"draft": [10, 20]}),
    "a trigger": put("workflow.triggers", [{"type": "cron", "cron": "0 9 * * *"}]),
    "the limit of runs": put("workflow.concurrency", {"max": 2}),
    "the id of an edge": put("workflow.graph.edges.0.id", "first"),
    "the order of nodes": lambda written: written["workflow"]["graph"]["nodes"].reverse(),
    "the order of edges of different nodes": lambda written: written["workflow"]["graph"]["edges"].reverse(),
    "the asset's description": put("workflow.asset.description", "A brief."),
    "its group, owners and tags": put("workflow.asset.group", "ai"),
    "its automation": put("workflow.asset.automation", "eager"),
    "how bad a check is": put("workflow.asset.checks.0.severity", "warn"),
    "an agent's description": put("writer.description", "Writes."),
    "an agent's metadata": put("writer.metadata", {"team": "data"}),
    "the name of a sub-workflow": put("review.name", "Second look"),
    "a sub-workflow's own asset": put("review.asset", {"key": "ai/review"}),
    "the revision of the catalogue": put("at", 7),
}
SAYS_SOMETHING_ELSE = {
    "a prompt": put("workflow.graph.nodes.1.config.prompt", "Write a brief."),
    "an option of a node": put("workflow.graph.nodes.1.config.temperature", 0.5),
    "an edge": lambda written: written["workflow"]["graph"]["edges"].pop(1),
    "a condition": put("workflow.graph.edges.1.condition", "true"),
    "a node": put("workflow.graph.nodes.2.toolId", "search"),
    "the inputSchema": put("workflow.inputSchema.properties.day.default", "today"),
    "an agent's prompt": put("writer.systemPrompt", "You are brief."),
    "an agent's model": put("writer.modelName", "large"),
    "an agent's provider": put("writer.modelProvider", "openai"),
    "an agent's temperature": put("writer.temperature", 0.1),
    "an agent's tools": put("writer.tools", []),
    "the schema of a tool of a node": put("mail.inputSchema", {"type": "object"}),
    "the schema of an agent's tool": put("search.inputSchema", {"type": "object"}),
    "what a tool does": put("search.config.functionName", "now"),
    "what an agent is told of its tool": put("search.description", "Searches the archive."),
    "the agent of a sub-workflow": put("judge.systemPrompt", "Be strict."),
    "a node of a sub-workflow": put("review.graph.nodes.1.config.prompt", "Judge."),
    "the condition of a check": put("workflow.asset.checks.0.condition", "true"),
    "whether a check asks": put("workflow.asset.checks.0.ask", True),
}


@pytest.mark.parametrize("edit", SAYS_THE_SAME.values(), ids=SAYS_THE_SAME)
def test_what_changes_nothing_of_what_a_run_does_leaves_the_version(edit: Callable[[dict[str, Any]], object]):
    assert digest_code(plan(edit)) == digest_code(plan())
    assert digest_code(plan(edit), "draft") == digest_code(plan(), "draft")


@pytest.mark.parametrize("edit", SAYS_SOMETHING_ELSE.values(), ids=SAYS_SOMETHING_ELSE)
def test_what_a_run_would_do_otherwise_is_another_version(edit: Callable[[dict[str, Any]], object]):
    assert digest_code(plan(edit)) != digest_code(plan())


BEHIND_THE_PART = {
    name: SAYS_SOMETHING_ELSE[name]
    for name in (
        "an edge",
        "a node",
        "the schema of a tool of a node",
        "the agent of a sub-workflow",
        "a node of a sub-workflow",
        "the condition of a check",
    )
}


@pytest.mark.parametrize("edit", BEHIND_THE_PART.values(), ids=BEHIND_THE_PART)
def test_a_part_does_not_hang_on_what_comes_behind_its_node(edit: Callable[[dict[str, Any]], object]):
    assert digest_code(plan(edit), "draft") == digest_code(plan(), "draft")


@pytest.mark.parametrize("name", ["a prompt", "an agent's model", "the schema of an agent's tool", "the inputSchema"])
def test_a_part_hangs_on_its_node_and_what_stands_before_it(name: str):
    assert digest_code(plan(SAYS_SOMETHING_ELSE[name]), "draft") != digest_code(plan(), "draft")
