"""Rules about what tools and other workflows are given: it fits their inputSchema, as far as what arrives is known."""

from collections.abc import Iterator, Mapping

from agentmesh_dagster.entities.json_values import as_list, as_object, write_path
from agentmesh_dagster.entities.models import JsonObject, Tool, Workflow
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.graph.fitting import Misfit, list_misfits
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.issue import Issue, Severity
from agentmesh_dagster.graph.rules.lookup import Lookup
from agentmesh_dagster.specs.shapes import describe


def inputs_of_tools_fit(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """What a tool node gives its tool, from templates or as it came in, fits the tool's inputSchema."""
    yield from _check_inputs(graph, lookup, "tool", lookup.tools)


def inputs_of_workflows_fit(graph: Graph, lookup: Lookup) -> Iterator[Issue]:
    """What a workflow node gives the other workflow, from templates or as it came in, fits its inputSchema."""
    yield from _check_inputs(graph, lookup, "workflow", lookup.workflows)


def _check_inputs(
    graph: Graph, lookup: Lookup, what: str, known: Mapping[str, Tool] | Mapping[str, Workflow]
) -> Iterator[Issue]:
    for node in graph.list_nodes(lambda spec: spec.names == what):
        named, template = known.get(node.names or ""), node.templates.get("input")
        if named is None or not node.is_complete or node.id in graph.unknowns.vague or node.id not in graph.index:
            continue
        schema = named.input_schema or {}
        wanted, flow = describe(schema if what == "tool" else _without_defaults(schema), ""), lookup.flow_of(graph)
        which = f"the inputSchema of the {what} {quote(named.name)}"
        if template is None:
            if "input" not in node.config.model_fields_set:
                for misfit in list_misfits(flow.find_input(node.id), wanted):
                    message = f"{graph.show(node.id)} gets {_name_input(graph, node)}, {misfit.given}, which {which}"
                    yield _issue(what, f"{message} {misfit.asked}: set `input`.", node, misfit, node.path)
        elif not template.is_constant:  # what is fixed is held against the whole schema
            for misfit in list_misfits(flow.read_field(node, "input").shape, wanted):
                message = f"The input of {graph.show(node.id)} comes {misfit.given}, which {which} {misfit.asked}."
                place = f"{node.path}.config.input{write_path(misfit.path)[1:]}"
                yield _issue(what, message, node, misfit, place)


def _without_defaults(schema: JsonObject) -> JsonObject:
    """The schema that asks for nothing which has a default: a run's input gets that first."""
    properties = as_object(schema.get("properties"))
    required = [
        name for name in as_list(schema.get("required")) if "default" not in as_object(properties.get(str(name)))
    ]
    return {**schema, "required": required} if "required" in schema else schema


def _name_input(graph: Graph, node: GraphNode) -> str:
    parents = graph.parents(node.id)
    is_named = len(parents) == 1 and graph.nodes[parents[0]].spec.names and node.id not in graph.scopes.exits
    return f"the whole output of {graph.show(parents[0])}" if is_named else "what comes in"


def _issue(what: str, message: str, node: GraphNode, misfit: Misfit, path: str) -> Issue:
    is_sure = misfit.is_sure and (what == "tool" or not misfit.path)
    severity = Severity.ERROR if is_sure else Severity.WARNING
    return Issue(f"{what}-input-mismatch", message, node.id, path=path, severity=severity)
