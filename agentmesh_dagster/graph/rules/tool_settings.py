"""Rules about what the type of a tool needs."""

from collections.abc import Iterator

from pydantic import ValidationError

from agentmesh_dagster.entities.field_faults import list_field_faults
from agentmesh_dagster.entities.json_values import write_path
from agentmesh_dagster.entities.models import Tool
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import join_names, quote
from agentmesh_dagster.graph.graph import Graph
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.graph.rules.used_tools import list_used_tools
from agentmesh_dagster.specs import TOOL_SPECS
from agentmesh_dagster.specs.tool_spec import ToolSpec


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
    yield from _check_settings(tool, spec)
    for fault in spec.list_issues(tool.config):
        severity = Severity.WARNING if fault.is_warning else Severity.ERROR
        yield Issue(fault.code, fault.message, path=f"$.config.{fault.field}", severity=severity)


def _check_settings(tool: Tool, spec: ToolSpec) -> Iterator[Issue]:
    """What is wrong with the settings of a type that a package brings."""
    given = tool.config.settings or {}
    if spec.settings is None:
        return
    try:
        spec.settings.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as error:
        for fault in list_field_faults(error, given, spec.settings):
            path = write_path(("config", "settings", *fault.path))
            yield Issue("bad-tool-setting", f"`{fault.field}` {fault.reason}", path=path)


def list_foreign_settings(tool: Tool) -> Iterator[Issue]:
    """What counts for tools of another type only; paths begin at the tool."""
    spec = TOOL_SPECS.get(tool.type)
    if spec is None:
        return
    own = spec.fields
    for field in tool.config.to_wire():
        if field not in own:
            message = f"`{field}` has no effect on a tool of type {tool.type}, which takes {join_names(own) or 'none'}."
            place = f"$.config.{field}"
            yield Issue("setting-without-effect", message, path=place, severity=Severity.WARNING)
