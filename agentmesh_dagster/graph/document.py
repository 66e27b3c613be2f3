"""What is wrong with a document: its text, its structure and its graphs, all at once."""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import TypeVar, cast

from agentmesh_dagster.declared import EXAMPLE
from agentmesh_dagster.entities.documents import Document, read_text
from agentmesh_dagster.entities.json_values import JsonValue, write_path
from agentmesh_dagster.entities.models import Agent, Kind, Tool, ToolConfig, Workflow
from agentmesh_dagster.entities.recovery import DocumentFault, Salvage, Salvaged, salvage_document
from agentmesh_dagster.graph.flow import Flow
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import NOTHING_KNOWN, Lookup, validate
from agentmesh_dagster.graph.rules.approvals import list_unapproved_tools
from agentmesh_dagster.graph.rules.catalogue import describe_unknown_tool, list_unknown_tools
from agentmesh_dagster.graph.rules.lookup import find_makers_among
from agentmesh_dagster.graph.rules.schemas import (
    describe_schema_fault,
    describe_unknown_format,
    list_tool_schema_faults,
    list_unknown_formats,
)
from agentmesh_dagster.graph.rules.secrets import list_secret_faults
from agentmesh_dagster.graph.rules.tool_settings import list_foreign_settings, list_missing_settings
from agentmesh_dagster.specs import KNOWN_TYPES

Thing = TypeVar("Thing")

# A config of which no rule finds anything.
_FINE = ToolConfig(url="https://example.com", function_name="any", server=EXAMPLE)

# What a rule says of a name may be wrong while some entity of that kind could not be read.
_CODES_ABOUT_IDS = {
    Kind.AGENT: ("unknown-agent",),
    Kind.TOOL: ("unknown-tool", "unknown-agent-tool"),
    Kind.WORKFLOW: ("unknown-workflow",),
}


def read_document(text: str | bytes, *, name: str) -> tuple[Document, list[Issue]]:
    """The entities of a document, and what is wrong with its text and structure; graphs are not looked at.

    With an error among the issues the document is not complete. `name` is that of the file, which tells JSON
    from YAML.
    """
    salvage, issues = _read(text, name)
    return salvage.document, issues


def validate_document(text: str | bytes, *, name: str, lookup: Lookup = NOTHING_KNOWN) -> list[Issue]:
    """All faults of a document; `lookup` has what its workflows may name besides its own."""
    return check_document(text, name=name, lookup=lookup)[1]


def check_document(text: str | bytes, *, name: str, lookup: Lookup = NOTHING_KNOWN) -> tuple[Document, list[Issue]]:
    """The entities of a document, as `read_document` gives them, and all of its faults."""
    return _check(*_read(text, name), lookup)


def check_value(value: JsonValue, *, lookup: Lookup = NOTHING_KNOWN) -> tuple[Document, list[Issue]]:
    """`check_document` for a document that is read already."""
    return _check(*_salvage(value), lookup)


def read_flow(value: JsonValue, *, lookup: Lookup = NOTHING_KNOWN) -> Flow | None:
    """What is known at each node of the first workflow of a document, whatever is wrong with it; None without any."""
    salvage, _ = _salvage(value)
    tools = {entry.entity.id: entry.entity for entry in salvage.entries if isinstance(entry.entity, Tool)}
    workflows = {entry.entity.id: entry.entity for entry in salvage.entries if isinstance(entry.entity, Workflow)}
    for entry in salvage.entries:
        if isinstance(entry.entity, Workflow) and entry.has_graph:
            graph = read_graph(entry.entity, entry.recovery)
            return Flow(graph, _join(tools, lookup.tools), _join(workflows, lookup.workflows))
    return None


def _check(salvage: Salvage, issues: list[Issue], lookup: Lookup) -> tuple[Document, list[Issue]]:
    agents = {entry.entity.id: entry.entity for entry in salvage.entries if isinstance(entry.entity, Agent)}
    tools = {entry.entity.id: entry.entity for entry in salvage.entries if isinstance(entry.entity, Tool)}
    workflows = {entry.entity.id: entry.entity for entry in salvage.entries if isinstance(entry.entity, Workflow)}
    known = Lookup(_join(agents, lookup.agents), _join(tools, lookup.tools))
    others = _join(workflows, lookup.workflows)
    found = [*_check_agents(salvage, known), *_check_tools(salvage)]
    # Told once for the agent and the tool themselves, and not again in every graph that uses them.
    sound = Lookup(
        _join({key: _without_bad_tools(agent, known) for key, agent in agents.items()}, lookup.agents),
        _join({key: _without_faults(tool) for key, tool in tools.items()}, lookup.tools),
        others,
        None if lookup.followed is None else _join(workflows, lookup.followed),
        find_makers_among(workflows, lookup.find_makers),
    )
    for entry in salvage.entries:
        if isinstance(entry.entity, Workflow) and entry.has_graph:
            found += _check_workflow(entry, entry.entity, sound)
    doubtful = {code for kind in salvage.kinds_with_unknown_ids for code in _CODES_ABOUT_IDS.get(kind, ())}
    return salvage.document, issues + [issue for issue in found if issue.code not in doubtful]


def _join(own: Mapping[str, Thing], others: Mapping[str, Thing]) -> Mapping[str, Thing]:
    """One look-up in both; the others are not read all, since they may stand in a database."""
    return ChainMap(cast("dict[str, Thing]", own), cast("dict[str, Thing]", others))


def _read(text: str | bytes, name: str) -> tuple[Salvage, list[Issue]]:
    value, faults = read_text(text, name=name)
    issues = [Issue(fault.code, fault.message, path=fault.path) for fault in faults]
    if value is None and faults:
        return Salvage((), (), frozenset()), issues
    salvage, found = _salvage(value)
    return salvage, issues + found


def _salvage(value: JsonValue) -> tuple[Salvage, list[Issue]]:
    salvage = salvage_document(value, KNOWN_TYPES)
    workflows = {entry.path: entry for entry in salvage.entries if isinstance(entry.entity, Workflow)}
    return salvage, [_to_issue(fault, workflows.get(fault.path[:2])) for fault in salvage.faults]


def _to_issue(fault: DocumentFault, workflow: Salvaged | None) -> Issue:
    """The fault with the node or the edge that it is about, where these have an id."""
    issue = Issue(fault.code, fault.message, path=write_path(fault.path))
    if workflow is None or not isinstance(workflow.entity, Workflow):
        return issue
    graph = workflow.entity.graph
    match fault.path[2:5]:
        case ("graph", "nodes", int(place)) if graph.nodes[place].id not in workflow.recovery.placeholder_ids:
            return replace(issue, node_id=graph.nodes[place].id)
        case ("graph", "edges", int(place)) if graph.edges[place].id not in workflow.recovery.placeholder_ids:
            return replace(issue, edge_id=graph.edges[place].id)
        case _:
            return issue


def _check_agents(salvage: Salvage, known: Lookup) -> Iterator[Issue]:
    for entry in salvage.entries:
        if isinstance(entry.entity, Agent):
            for tool_id in list_unknown_tools(entry.entity, known):
                path = write_path((*entry.path, "tools", entry.entity.tools.index(tool_id)))
                yield Issue("unknown-agent-tool", describe_unknown_tool(entry.entity, tool_id, known), path=path)
            for place, message in list_unapproved_tools(entry.entity, known):
                yield Issue("approval-missing", message, path=write_path((*entry.path, "tools", place)))


def _check_tools(salvage: Salvage) -> Iterator[Issue]:
    untyped = {fault.path[:-1] for fault in salvage.faults if fault.path[-1:] == ("type",)}
    for entry in salvage.entries:
        if isinstance(entry.entity, Tool):
            for field, inside, reason in list_tool_schema_faults(entry.entity):
                path = write_path((*entry.path, field)) + inside
                yield Issue("bad-schema", describe_schema_fault(field, reason), path=path)
            settings = (list_missing_settings, list_foreign_settings) if entry.path not in untyped else ()
            for fault in chain(*(find(entry.entity) for find in settings), list_secret_faults(entry.entity)):
                yield replace(fault, path=write_path(entry.path) + (fault.path or "$")[1:])
            for field, schema in (
                ("inputSchema", entry.entity.input_schema),
                ("outputSchema", entry.entity.output_schema),
            ):
                for inside, name in list_unknown_formats(schema):
                    path = write_path((*entry.path, field)) + inside
                    yield Issue("unknown-format", describe_unknown_format(name), path=path, severity=Severity.WARNING)


def _without_bad_tools(agent: Agent, known: Lookup) -> Agent:
    tools = [tool_id for tool_id in agent.tools if tool_id in known.tools and not known.tools[tool_id].needs_approval]
    return agent.model_copy(update={"tools": tools})


def _without_faults(tool: Tool) -> Tool:
    bad = {field for field, _, _ in list_tool_schema_faults(tool)}
    names = {"inputSchema": "input_schema", "outputSchema": "output_schema"}
    sound = tool.model_copy(update={name: {} for field, name in names.items() if field in bad})
    has_faults = bool(list_secret_faults(tool)) or any(list_missing_settings(tool))
    return sound.model_copy(update={"config": _FINE}) if has_faults else sound


def _check_workflow(entry: Salvaged, workflow: Workflow, lookup: Lookup) -> Iterator[Issue]:
    unwritten = entry.recovery.placeholder_ids
    for issue in validate(read_graph(workflow, entry.recovery), lookup):
        yield replace(
            issue,
            node_id=None if issue.node_id in unwritten else issue.node_id,
            edge_id=None if issue.edge_id in unwritten else issue.edge_id,
            path=write_path(entry.path) + (issue.path or "$").removeprefix("$"),
        )
