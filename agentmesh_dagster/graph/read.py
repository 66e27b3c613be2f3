"""From a workflow's document to a graph: configs typed, expressions and templates parsed, faults kept as issues."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, Field, ValidationError, create_model

from agentmesh_dagster.entities.field_faults import list_field_faults
from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, read_json, write_path
from agentmesh_dagster.entities.models import Edge, Node, Workflow
from agentmesh_dagster.entities.recovery import NO_PLACEHOLDERS, Recovery
from agentmesh_dagster.entities.suggestions import find_nearest, with_hint
from agentmesh_dagster.entities.text import quote
from agentmesh_dagster.graph.expressions import Expression, ExpressionFault, parse_expression
from agentmesh_dagster.graph.graph import Graph, GraphEdge, GraphNode, Literal, Unknowns
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.graph.templates import Template, TemplateFault, read_template
from agentmesh_dagster.specs import NODE_SPECS
from agentmesh_dagster.specs.node_config import NodeConfig, Written
from agentmesh_dagster.specs.node_spec import UNKNOWN

_OTHER_SPELLINGS: Mapping[str, JsonValue] = {"True": True, "False": False, "None": None}


def read_graph(workflow: Workflow, recovery: Recovery = NO_PLACEHOLDERS) -> Graph:
    """The graph of a workflow; never raises: what is wrong is in `Graph.faults`."""
    faults: list[Issue] = []
    nodes: dict[str, GraphNode] = {}
    repeated: list[GraphNode] = []
    for position, node in enumerate(workflow.graph.nodes):
        if node.id in nodes:
            path = f"$.graph.nodes[{position}].id"
            faults.append(Issue("duplicate-node-id", _describe_duplicate("node", node.id), node.id, path=path))
            repeated.append(_read_node(node, position, node.id not in recovery.node_ids, faults))
        else:
            nodes[node.id] = _read_node(node, position, node.id not in recovery.node_ids, faults)
    edges = tuple(_read_edges(workflow.graph.edges, nodes, recovery, faults))
    ends = [(edge.from_node_id, edge.to_node_id) for edge in workflow.graph.edges]
    untyped = recovery.untyped_ids | {node.id for node in workflow.graph.nodes if node.type not in NODE_SPECS}
    unknowns = Unknowns(
        untyped=untyped,
        vague=untyped | {node.id for node in repeated},
        ambiguous=untyped | {node.id for node in repeated if node.type != nodes[node.id].type},
        missing_sources=frozenset(target for source, target in ends if source not in nodes),
        missing_targets=frozenset(source for source, target in ends if target not in nodes),
        missing_nodes=bool(recovery.placeholder_ids & nodes.keys()),
    )
    return Graph(workflow, nodes, edges, tuple(faults), unknowns, tuple(repeated))


def _describe_duplicate(what: str, identity: str) -> str:
    return f"The {what} id {quote(identity)} is used twice: give each {what} its own."


def _read_node(node: Node, position: int, is_complete: bool, faults: list[Issue]) -> GraphNode:
    path = f"$.graph.nodes[{position}]"
    reported = len(faults)
    if node.type not in NODE_SPECS:
        message = with_hint(f"There is no node type {quote(node.type)}", node.type, NODE_SPECS)
        faults.append(Issue("unknown-node-type", message, node.id, path=f"{path}.type"))
        node = node.model_copy(update={"config": {}})  # its fields belong to a type that is not known
    config = _read_config(node, path, faults)
    has_fields, is_complete = is_complete, is_complete and len(faults) == reported
    expressions: dict[str, Expression] = {}
    templates: dict[str, Template] = {}
    written = NODE_SPECS.get(node.type, UNKNOWN).written
    for name, value in _list_values(config, written):
        field_path = f"{path}.config.{name}"
        if value is None:
            continue
        way = _choose_way(written.get(name), value)
        if way is Written.EXPRESSION:
            if parsed := _parse_expression(value, field_path, faults, node_id=node.id):
                expressions[name] = parsed
        elif way is Written.TEMPLATE:
            if template := _parse_template(value, field_path, node.id, faults):
                templates[name] = template
        elif way is None and "{{" in str(value):
            message = f"`{name}` is fixed when the workflow is saved: write a value without {{{{ }}}}."
            faults.append(Issue("template-not-allowed", message, node.id, path=field_path))
    return GraphNode(
        node.id,
        position,
        node.type,
        node.title,
        node.agent_id,
        node.tool_id,
        config,
        expressions,
        templates,
        is_complete,
        has_fields,
        node.workflow_id,
    )


def _list_values(config: NodeConfig, written: Mapping[str, Written]) -> Iterator[tuple[str, Any]]:
    """The fields that are given, by wire name; those of an object that are written in a way of their own, too."""
    given = config.model_dump(by_alias=True, exclude_unset=True)
    for name in written:
        outer, _, inner = name.partition(".")
        if inner and isinstance(given.get(outer), dict) and inner in given[outer]:
            yield name, given[outer].pop(inner)
    yield from given.items()


def _choose_way(way: Written | None, value: JsonValue) -> Written | None:
    """How a value is to be read where its field leaves that open."""
    if way is not Written.EXPRESSION_OR_TEMPLATE:
        return way
    return Written.EXPRESSION if isinstance(value, str) and "{{" not in value else Written.TEMPLATE


def _read_config(node: Node, path: str, faults: list[Issue]) -> NodeConfig:
    config_type = NODE_SPECS.get(node.type, UNKNOWN).config
    given: dict[str, Any] = dict(node.config)
    known = [field.alias or name for name, field in config_type.model_fields.items()]
    renamed: set[str] = set()
    for key in [key for key in given if key not in known]:
        value, meant = given.pop(key), find_nearest(key, known)
        if meant is not None and meant not in given:
            given[meant] = value  # so that what it says is looked at too
            renamed.add(meant)
        message = with_hint(f"{quote(key)} is no setting of a node of type {node.type}", key, known)
        place = write_config_path(path, (key,))
        faults.append(Issue("unknown-config-key", message, node.id, path=place))
    try:
        return config_type.model_validate(given, by_alias=True, by_name=False)
    except ValidationError as error:
        found = list_field_faults(error, given, config_type)
    broken = {str(fault.path[0]) for fault in found}
    for fault in found:
        if fault.path[0] in renamed:
            continue  # reported already that it stands under another name
        code = "unknown-config-key" if fault.code == "unknown-field" else "bad-config"
        message = f"`{fault.field}` {fault.reason}"
        faults.append(Issue(code, message, node.id, path=write_config_path(path, fault.path)))
    # The rest of the config is still read, so that its faults are reported too.
    rest = {key: value for key, value in given.items() if key not in broken}
    return _without_required(config_type).model_validate(rest, by_alias=True, by_name=False)


@cache
def _without_required(config_type: type[NodeConfig]) -> type[NodeConfig]:
    """The same type of config, whose fields may all be missing: then they are None."""
    required = {name: field for name, field in config_type.model_fields.items() if field.is_required()}
    fields: dict[str, Any] = {name: (Any, Field(default=None, alias=field.alias)) for name, field in required.items()}
    return create_model(config_type.__name__, __base__=config_type, **fields) if fields else config_type


def write_config_path(node_path: str, steps: tuple[int | str, ...]) -> str:
    """The path of a place inside a node's config."""
    return f"{node_path}.config{write_path(steps)[1:]}"


def _describe_fault(fault: ExpressionFault | TemplateFault) -> str:
    return f"{fault.reason} (column {fault.column})" if fault.column else fault.reason


def _parse_expression(
    source: str, path: str, faults: list[Issue], *, node_id: str | None = None, edge_id: str | None = None
) -> Expression | None:
    try:
        return parse_expression(source)
    except ExpressionFault as fault:
        is_template = source.lstrip().startswith("{{")
        message = "this is an expression already: write it without {{ }}" if is_template else _describe_fault(fault)
        faults.append(Issue("bad-expression", message, node_id, edge_id, path))
        return None


def _parse_template(value: JsonValue, path: str, node_id: str, faults: list[Issue]) -> Template | None:
    template, found = read_template(value)
    faults.extend(Issue("bad-template", _describe_fault(fault), node_id, path=path + fault.path) for fault in found)
    return None if found else template


def _read_edges(
    edges: list[Edge], nodes: Mapping[str, GraphNode], recovery: Recovery, faults: list[Issue]
) -> Iterator[GraphEdge]:
    seen: set[str] = set()
    for position, edge in enumerate(edges):
        path = f"$.graph.edges[{position}]"
        if edge.id in seen:
            message = _describe_duplicate("edge", edge.id)
            faults.append(Issue("duplicate-edge-id", message, edge_id=edge.id, path=f"{path}.id"))
        seen.add(edge.id)
        if edge.from_node_id in nodes and edge.to_node_id in nodes:
            yield _read_edge(edge, position, nodes[edge.from_node_id], faults)
        elif not recovery.placeholder_ids & nodes.keys():  # else it may be the node whose id could not be read
            faults.extend(_list_missing_ends(edge, path, nodes, recovery))


def _list_missing_ends(edge: Edge, path: str, nodes: Mapping[str, GraphNode], recovery: Recovery) -> Iterator[Issue]:
    for name, node_id in (("fromNodeId", edge.from_node_id), ("toNodeId", edge.to_node_id)):
        if node_id not in nodes and node_id not in recovery.placeholder_ids:
            message = with_hint(f"There is no node {quote(node_id)}", node_id, nodes)
            yield Issue("dangling-edge", message, edge_id=edge.id, path=f"{path}.{name}")


def _read_edge(edge: Edge, position: int, source: GraphNode, faults: list[Issue]) -> GraphEdge:
    condition = (edge.condition or "").strip() or None
    expression = literal = None
    may_catch = edge.on is not None
    if condition and not may_catch and source.spec.subject and getattr(source.config, source.spec.subject) is not None:
        literal = Literal(_read_literal(condition))
    elif condition and source.is_complete and (may_catch or source.spec.may_choose):
        path = f"$.graph.edges[{position}].condition"
        expression = _parse_expression(condition, path, faults, edge_id=edge.id)
    return GraphEdge(
        edge.id,
        position,
        edge.from_node_id,
        edge.to_node_id,
        condition,
        expression,
        literal,
        edge.on or "success",
        edge.max_rounds,
    )


def _read_literal(condition: str) -> JsonValue:
    """`true`, `3`, `"refund"` as JSON, `True` as expressions spell it; anything else is the text that it looks like."""
    if condition in _OTHER_SPELLINGS:
        return _OTHER_SPELLINGS[condition]
    try:
        return read_json(condition)
    except InvalidJson:
        return condition[1:-1] if len(condition) > 1 and condition[0] == condition[-1] == "'" else condition


def is_set(config: BaseModel, name: str) -> bool:
    """Whether the author wrote this field, be it null."""
    return name in config.model_fields_set
