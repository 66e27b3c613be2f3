"""Rules about JSON Schemas: in nodes, in the workflow, in the tools that the graph uses."""

from collections.abc import Iterator

from agentmesh_dagster.entities.formats import FORMATS, HINTS
from agentmesh_dagster.entities.json_schema import InvalidSchema, JsonSchema
from agentmesh_dagster.entities.json_values import JsonValue, write_json, write_path
from agentmesh_dagster.entities.models import JsonObject, Tool
from agentmesh_dagster.entities.schema_bounds import DATA_KEYWORDS, list_parts, look_up
from agentmesh_dagster.entities.suggestions import with_hint
from agentmesh_dagster.entities.text import quote, shorten
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.graph.rules.used_tools import list_used_tools

_LEADS_BACK = "leads back to itself"


def schemas_of_the_graph_are_schemas(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """What a workflow or a node gives as JSON Schema is one."""
    if graph.workflow.input_schema is not None:
        for path, reason in list_schema_faults(graph.workflow.input_schema):
            yield Issue("bad-schema", describe_schema_fault("inputSchema", reason), path=f"$.inputSchema{path}")
    checked: dict[str, list[tuple[str, str]]] = {}
    for node in graph.every_node:
        for field, schema in _list_schemas(node):
            text = write_json(schema)
            if text not in checked:
                checked[text] = list_schema_faults(schema)
            for path, reason in checked[text]:
                message, place = describe_schema_fault(field, reason), f"{node.path}.config.{field}{path}"
                yield Issue("bad-schema", message, node.id, path=place)


def formats_are_known(graph: Graph, _: Lookup) -> Iterator[Issue]:
    """Each `format` in a schema of the workflow is one that is checked, or says that it is only a hint."""
    schemas: list[tuple[str, str | None, JsonObject | None]] = [("$.inputSchema", None, graph.workflow.input_schema)]
    for node in graph.every_node:
        schemas += [(f"{node.path}.config.{field}", node.id, schema) for field, schema in _list_schemas(node)]
    for place, node_id, schema in schemas:
        for path, name in list_unknown_formats(schema or {}):
            message = describe_unknown_format(name)
            yield Issue("unknown-format", message, node_id, path=place + path, severity=Severity.WARNING)


def list_unknown_formats(schema: JsonObject) -> Iterator[tuple[str, str]]:
    """Path inside the schema and name of each `format` that nothing follows from."""
    for path, part in list_parts(schema):
        name = part.get("format")
        if isinstance(name, str) and name not in FORMATS | HINTS:
            yield write_path((*path, "format"))[1:], name


def describe_unknown_format(name: str) -> str:
    return with_hint(f"Nothing checks the format {quote(name)}", name, sorted(FORMATS))


def _list_schemas(node: GraphNode) -> Iterator[tuple[str, JsonObject]]:
    """Field and value of each JSON Schema in the node's config."""
    for field, attribute in node.spec.schema_fields.items():
        if (schema := getattr(node.config, attribute)) is not None:
            yield field, schema


def schemas_of_tools_are_schemas(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """The schemas of every tool that the graph uses, itself or through an agent, are JSON Schemas."""
    reported: set[str] = set()
    for node, tool in list_used_tools(graph, lookup):
        if tool.id in reported:
            continue
        reported.add(tool.id)
        for field, _, reason in list_tool_schema_faults(tool):
            message = describe_schema_fault(f"{field} of the tool {quote(tool.id)}", reason)
            yield Issue("bad-schema", message, node.id, path=node.path)


def list_tool_schema_faults(tool: Tool) -> Iterator[tuple[str, str, str]]:
    """Field, path inside of it and reason for all that is wrong with the schemas of a tool."""
    for field, schema in (("inputSchema", tool.input_schema), ("outputSchema", tool.output_schema)):
        for path, reason in list_schema_faults(schema):
            yield field, path, reason


def describe_schema_fault(field: str, reason: str) -> str:
    return f"{field} is no JSON Schema: {reason}."


def list_schema_faults(schema: JsonObject) -> list[tuple[str, str]]:
    """Path inside the schema and reason for what is wrong: with its grammar or bounds, and where references lead."""
    dead_ends = list(_list_dead_ends(schema))
    try:
        JsonSchema(schema)
    except InvalidSchema as error:
        if not any(_LEADS_BACK in error.detail and _LEADS_BACK in reason for _, reason in dead_ends):
            return [("", error.detail), *dead_ends]
    return dead_ends


def _list_dead_ends(root: JsonObject) -> Iterator[tuple[str, str]]:
    """References that lead nowhere: the grammar of JSON Schema lets them pass, a run would trip over them."""
    reported: set[str] = set()
    waiting: list[tuple[JsonValue, tuple[str | int, ...]]] = [(root, ())]
    while waiting:
        value, path = waiting.pop()
        if isinstance(value, list):
            waiting.extend((item, (*path, place)) for place, item in enumerate(value))
        if not isinstance(value, dict):
            continue
        # `properties: {$ref: …}` holds a schema there, not text; so kinds tell keywords from names.
        reference = value.get("$ref")
        if isinstance(reference, str) and (reason := _explain_reference(root, reference, reported)):
            yield write_path((*path, "$ref"))[1:], reason
        waiting.extend((item, (*path, key)) for key, item in value.items() if key not in DATA_KEYWORDS)


def _explain_reference(root: JsonObject, reference: str, reported: set[str]) -> str | None:
    """Why the reference leads nowhere; not said again for what one in `reported` was led to."""
    seen: set[str] = set()
    current: JsonValue = reference
    while isinstance(current, str):
        if not current.startswith("#"):
            # An `$id` inside makes other addresses possible; following them is left to the run.
            outside = f'`$ref: "{shorten(current)}"` leads outside: only "#/…" is followed'
            return None if "$id" in write_json(root) else outside
        if current in reported:
            return None
        if current in seen:
            reported |= seen
            return f'`$ref: "{shorten(reference)}"` leads back to itself'
        seen.add(current)
        if current != "#" and not current.startswith("#/"):
            return None  # an anchor
        target = look_up(root, current)
        if not isinstance(target, dict | bool):
            return f'`$ref: "{shorten(current)}"` leads nowhere'
        current = target.get("$ref") if isinstance(target, dict) else None
    return None
