"""Rules about the agents, tools and workflows that nodes name."""

from collections.abc import Iterator, Mapping

from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema, fit_input
from agentmesh_dagster.entities.models import Agent, JsonObject, Tool, Workflow
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.graph.templates import TemplateFault
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.specs import PROVIDER_SPECS


def agent_nodes_name_an_agent(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """Every agent node has the id of an agent that exists."""
    for node in graph.list_nodes(lambda spec: spec.names == "agent"):
        yield from _check_name(graph, node, "agent", "agentId", node.agent_id, lookup.agents)


def tool_nodes_name_a_tool(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """Every tool node has the id of a tool that exists."""
    for node in graph.list_nodes(lambda spec: spec.names == "tool"):
        yield from _check_name(graph, node, "tool", "toolId", node.tool_id, lookup.tools)


def workflow_nodes_name_a_workflow(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """Every workflow node has the id of a workflow that exists."""
    for node in graph.list_nodes(lambda spec: spec.names == "workflow"):
        yield from _check_name(graph, node, "workflow", "workflowId", node.workflow_id, lookup.workflows)


def _check_name(
    graph: Graph, node: GraphNode, what: str, field: str, named: str | None, known: Mapping[str, object]
) -> Iterator[Issue]:
    if node.id in graph.unknowns.untyped:
        return
    if named is None and node.has_fields:
        article = "an" if what == "agent" else "a"
        message = f"Choose {article} {what} for {quote(node.title)}: its `{field}` is missing."
        yield Issue(f"missing-{what}-id", message, node.id, path=node.path)
    elif named is not None and named not in known:
        message = with_hint(f"There is no {what} {quote(named)}", named, known)
        yield Issue(f"unknown-{what}", message, node.id, path=f"{node.path}.{field}")


def nodes_name_only_what_their_type_needs(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """An agentId stands only on agent nodes, a toolId only on tool nodes, a workflowId only on workflow nodes."""
    for node in graph.every_node:
        for what, named in (("agent", node.agent_id), ("tool", node.tool_id), ("workflow", node.workflow_id)):
            if named is not None and node.spec.names != what and node.id not in graph.unknowns.untyped:
                message = f"A node of type {node.type} has no {what}Id: remove it, or make the type {what}."
                yield Issue(f"{what}-id-not-allowed", message, node.id, path=f"{node.path}.{what}Id")


def agents_have_known_tools(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """The tools of every agent that the graph uses exist."""
    reported: set[str] = set()
    for node in graph.list_nodes(lambda spec: spec.names == "agent"):
        agent = lookup.agents.get(node.agent_id or "")
        if agent is None or agent.id in reported:
            continue
        reported.add(agent.id)
        for tool_id in list_unknown_tools(agent, lookup):
            message = describe_unknown_tool(agent, tool_id, lookup)
            yield Issue("unknown-agent-tool", message, node.id, path=f"{node.path}.agentId")


def agents_have_a_known_provider(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """The providers of the agents that the graph uses are there."""
    for node in graph.list_nodes(lambda spec: spec.names == "agent"):
        agent = lookup.agents.get(node.agent_id or "")
        if agent is not None and agent.model_provider not in PROVIDER_SPECS:
            statement = f"The agent {quote(agent.id)} has an unknown provider {quote(agent.model_provider)}"
            message = with_hint(statement, agent.model_provider, PROVIDER_SPECS)
            # Saved while there was one: the run fails there, and all else of the workflow works.
            yield Issue("unknown-provider", message, node.id, path=f"{node.path}.agentId", severity=Severity.WARNING)


def connections_are_declared(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """The connections that agents and their nodes name stand in the operator's file, as this process reads it."""
    declared = get_settings().declared.connections
    for node in graph.list_nodes(lambda spec: spec.names == "agent"):
        agent = lookup.agents.get(node.agent_id or "")
        own: str | None = getattr(node.config, "connection", None)
        named = [own, *([agent.connection, *(one.connection for one in agent.fallbacks or ())] if agent else [])]
        for name in dict.fromkeys(one for one in named if one is not None and one not in declared):
            statement = f"agentmesh.toml declares no connection {quote(name)} to models here"
            message = with_hint(statement, name, declared)
            where = f"{node.path}.config.connection" if name == own else f"{node.path}.agentId"
            # A warning: the process that runs it may read another file.
            yield Issue("unknown-connection", message, node.id, path=where, severity=Severity.WARNING)


def list_unknown_tools(agent: Agent, lookup: Lookup) -> list[str]:
    """The ids among the agent's tools that no tool has."""
    return [tool_id for tool_id in agent.tools if tool_id not in lookup.tools]


def describe_unknown_tool(agent: Agent, tool_id: str, lookup: Lookup) -> str:
    return with_hint(f"The agent {quote(agent.id)} has an unknown tool {quote(tool_id)}", tool_id, lookup.tools)


def fixed_tool_inputs_fit(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """The input of a tool node that does not depend on the run fits the tool's inputSchema."""
    yield from _check_inputs(graph, "tool", lookup.tools)


def fixed_workflow_inputs_fit(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """The input of a workflow node that does not depend on the run fits the other workflow's inputSchema."""
    yield from _check_inputs(graph, "workflow", lookup.workflows)


def _check_inputs(graph: Graph, what: str, known: Mapping[str, Tool] | Mapping[str, Workflow]) -> Iterator[Issue]:
    compiled: dict[str, JsonSchema | None] = {}
    for node in graph.list_nodes(lambda spec: spec.names == what):
        named = known.get(node.names or "")
        template = node.templates.get("input")
        if named is None or template is None or not named.input_schema or not template.is_constant:
            continue
        if named.id not in compiled:
            compiled[named.id] = _compile(named.input_schema)
        yield from _check_input(node, what, named.name, compiled[named.id])


def _compile(schema: JsonObject) -> JsonSchema | None:
    try:
        return JsonSchema(schema)
    except InvalidSchema:
        return None  # told by the rule about schemas


def _check_input(node: GraphNode, what: str, name: str, schema: JsonSchema | None) -> Iterator[Issue]:
    try:
        given = node.templates["input"].render({})
        # A run's input gets the defaults of its schema first.
        faults = schema.list_faults(fit_input(schema.schema, given) if what == "workflow" else given) if schema else []
    except (TemplateFault, InvalidSchema):
        return  # it has no value, or the schema a `$ref` that leads nowhere: other rules, or the run, say so
    for fault in faults:
        message = f"The input does not fit the {what} {quote(name)}: {fault.message}."
        yield Issue(f"{what}-input-mismatch", message, node.id, path=f"{node.path}.config.input{fault.path[1:]}")
