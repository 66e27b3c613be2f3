"""Types that nobody knows: a document that names one is told so, and what is stored with one can still be read."""

from pathlib import Path

import pytest

from agentmesh_dagster.entities.model_options import Fallback
from agentmesh_dagster.entities.models import Agent, Tool, ToolConfig, Workflow
from agentmesh_dagster.graph.document import validate_document
from agentmesh_dagster.graph.issue import Severity
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from tests.shapes import node, workflow

NODE_TYPES = "`start`, `agent`, `tool`, `workflow`, `branch`, `human_approval`, `wait` or `end`"


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        (
            "workflows: [{id: w, name: W, graph: {nodes: [{id: ask, type: agnt}], edges: []}}]",
            "$.workflows[0].graph.nodes[0].type",
            f"`type` must be {NODE_TYPES}: did you mean `agent`?",
        ),
        (
            "workflows: [{id: w, name: W, graph: {nodes: [{id: ask, type: [x]}], edges: []}}]",
            "$.workflows[0].graph.nodes[0].type",
            f"`type` must be {NODE_TYPES}.",
        ),
        (
            "tools: [{id: t, name: T, type: htpp}]",
            "$.tools[0].type",
            "`type` must be `http`, `function`, `builtin`, `sql` or `mcp`: did you mean `http`?",
        ),
        (
            "agents: [{id: a, name: A, modelName: m, modelProvider: gemini}]",
            "$.agents[0].modelProvider",
            "`modelProvider` must be `openai`, `anthropic` or `local`.",
        ),
    ],
)
def test_an_unknown_type_in_a_document_is_told_with_what_there_is(text: str, path: str, message: str):
    told = {issue.path: issue.message for issue in validate_document(text, name="x.yaml")}

    assert told[path] == message


def test_a_tool_of_an_unknown_type_is_asked_for_nothing_else():
    issues = validate_document(
        "tools: [{id: t, name: T, type: htpp, config: {url: 'https://a.example'}}]", name="x.yaml"
    )

    assert [issue.path for issue in issues] == ["$.tools[0].type"]


def stored(node_type: str = "agent", provider: str = "local", tool_type: str = "builtin") -> tuple[Workflow, Lookup]:
    """A workflow and what it names, as they were saved once."""
    do = node("do", "agent", agentId="a") if node_type == "agent" else node("do", node_type, seconds=3)
    flow = workflow("w", [node("start", "start"), do, node("end", "end")], ["start -> do", "do -> end"])
    agent = Agent(id="a", name="A", model_provider=provider, model_name="m", tools=["t"])
    tool = Tool(id="t", name="T", type=tool_type, config=ToolConfig(function_name="current_time"))
    return flow, Lookup({"a": agent}, {"t": tool})


def test_a_node_of_a_type_that_has_gone_is_one_issue():
    flow, lookup = stored(node_type="delay")

    issues = validate(read_graph(flow), lookup)

    assert [(issue.code, issue.node_id, issue.path) for issue in issues] == [
        ("unknown-node-type", "do", "$.graph.nodes[1].type")
    ]
    assert issues[0].message.startswith("There is no node type `delay`: known are `start`,")


@pytest.mark.parametrize(
    ("gone", "code", "words"),
    [
        ({"provider": "gemini"}, "unknown-provider", "The agent `a` has an unknown provider `gemini`"),
        ({"tool_type": "acme"}, "unknown-tool-type", "The tool `T`: there is no tool type `acme`"),
    ],
)
def test_a_provider_or_a_tool_type_that_has_gone_is_a_warning(gone: dict[str, str], code: str, words: str):
    flow, lookup = stored(**gone)

    [issue] = validate(read_graph(flow), lookup)

    assert (issue.code, issue.node_id, issue.severity) == (code, "do", Severity.WARNING)
    assert issue.message.startswith(words)


def test_a_connection_that_the_operator_has_not_declared_is_a_warning(home: Path):
    home.mkdir(parents=True)
    (home / "agentmesh.toml").write_text('[connections.azure]\nkind = "openai"\n', "utf-8")
    flow, lookup = stored()
    agent = lookup.agents["a"].model_copy(update={"connection": "azrue", "fallbacks": [Fallback(model_name="m")]})

    [issue] = validate(read_graph(flow), Lookup({"a": agent}, lookup.tools))

    assert (issue.code, issue.severity) == ("unknown-connection", Severity.WARNING)
    assert "did you mean `azure`" in issue.message
