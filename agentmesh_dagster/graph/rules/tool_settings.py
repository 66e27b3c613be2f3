"""Rules about what the type of a tool needs."""

from collections.abc import Iterator

from agentmesh_dagster.entities.models import Tool
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.graph.rules.used_tools import list_used_tools
from agentmesh_dagster.specs import TOOL_SPECS


def tools_have_what_their_type_needs(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """The tools of the graph, named by a node or by its agent, can be called as they are configured."""
    for node, tool in list_used_tools(graph, lookup):
        for fault in list_missing_settings(tool):
            message = f"The tool {quote(tool.name)}: {fault.message}"
            # Saved under an earlier version: the run fails there, and all else of the workflow works.
            yield Issue(
                fault.code, message, node.id, path=f"{node.path}.{node.spec.names}Id", severity=Severity.WARNING
            )


def list_missing_settings(tool: Tool) -> Iterator[Issue]:
    """What a tool cannot be called without; paths begin at the tool."""
    spec, given = TOOL_SPECS.get(tool.type), tool.config.to_wire()
    if spec is None:
        message = with_hint(f"there is no tool type {quote(tool.type)}", tool.type, TOOL_SPECS)
        yield Issue("unknown-tool-type", message, path="$.type")
        return
    for field in spec.needs:
        if not str(given.get(field) or "").strip():
            message = f"`{field}` is missing: a tool of type {tool.type} has nothing to call without it."
            yield Issue("missing-tool-setting", message, path="$.config")


def list_foreign_settings(tool: Tool) -> Iterator[Issue]:
    """What counts for tools of another type only; paths begin at the tool."""
    spec = TOOL_SPECS.get(tool.type)
    if spec is None:
        return
    own = (*spec.needs, *spec.takes)
    for field in tool.config.to_wire():
        if field not in own:
            message = f"`{field}` has no effect on a tool of type {tool.type}, which takes {join_names(own)}."
            place = f"$.config.{field}"
            yield Issue("setting-without-effect", message, path=place, severity=Severity.WARNING)
