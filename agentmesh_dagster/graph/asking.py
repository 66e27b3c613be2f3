"""Approval by exception: in front of an end one node more, which passes on what the run would give, or asks first.

It is a gate like any other once it has opened: plans, launches, retries and forks need not know of it.
"""

from collections.abc import Mapping
from dataclasses import replace

from agentmesh_dagster.entities.models import Edge, Layout, Node, Workflow
from agentmesh_dagster.graph.expressions import parse_expression
from agentmesh_dagster.graph.graph import Graph, GraphEdge, GraphNode
from agentmesh_dagster.graph.templates import parse_template
from agentmesh_dagster.specs.node_config import NodeConfig
from agentmesh_dagster.specs.nodes.branch import BranchConfig
from agentmesh_dagster.specs.nodes.end import EndConfig
from agentmesh_dagster.specs.nodes.human_approval import SPEC, CheckedConfig

_INPUT = "{{ context.last_output }}"
_BEFORE = "check_"  # the id of the end
_ASIDE = 280  # pixels: from one node to the next one


def find_asked_end(workflow: Workflow, node_id: str) -> Node | None:
    """The end in front of which the gate of this id asks, which stands in no document; None: it is none of these."""
    behind = ((node, node_id.removeprefix(_BEFORE + node.id)) for node in workflow.graph.nodes)
    return next((node for node, rest in behind if rest != node_id and not rest.strip("_")), None)


def list_asked_ends(graph: Graph) -> list[GraphNode]:
    """The ends in front of which a person may be asked; none where no check of the asset asks."""
    asset = graph.workflow.asset
    if asset is None or not asset.asks:
        return []
    return [end for end in graph.ends if not (isinstance(end.config, EndConfig) and end.config.outcome == "failed")]


def ask_before_ends(graph: Graph) -> Graph:
    """The graph with a gate in front of each of these ends; itself where there are none. Only for graphs without
    faults.
    """
    ends = list_asked_ends(graph)
    if not ends:
        return graph
    names = _name_gates(graph, ends)
    joins = {region.each: names[region.join] for region in graph.scopes.by_head.values() if region.join in names}
    nodes = {node.id: _close_by(node, joins) for node in graph.nodes.values()}
    for end in ends:
        nodes[names[end.id]] = _build_gate(graph, end, names[end.id], len(nodes))
        nodes[end.id] = _without_output(end)
    edges = [replace(edge, target=names.get(edge.target, edge.target)) for edge in graph.edges]
    first = max((edge.position for edge in edges), default=-1) + 1
    for position, end in enumerate(ends, start=first):
        edges.append(GraphEdge(_name_edge(names[end.id], end.id), position, names[end.id], end.id, None))
    return replace(graph, nodes=nodes, edges=tuple(edges))


def show_gates_before_ends(graph: Graph) -> Workflow:
    """The document with these gates in it, for whoever shows a run; itself where there are none."""
    workflow, ends = graph.workflow, list_asked_ends(graph)
    if not ends:
        return workflow
    names = _name_gates(graph, ends)
    gates = [Node(id=names[end.id], type=SPEC.type, label=name_checks(end.title)) for end in ends]
    edges = [
        edge.model_copy(update={"to_node_id": names.get(edge.to_node_id, edge.to_node_id)})
        for edge in workflow.graph.edges
    ]
    edges += [Edge(id=_name_edge(gate, end), from_node_id=gate, to_node_id=end) for end, gate in names.items()]
    shown = workflow.graph.model_copy(update={"nodes": [*workflow.graph.nodes, *gates], "edges": edges})
    return workflow.model_copy(update={"graph": shown, "layout": _make_room(workflow.layout, names)})


def _make_room(layout: Layout | None, names: Mapping[str, str]) -> Layout | None:
    """The gate stands where its end stood, which moves to the right."""
    placed = {end: layout[end] for end in names if end in layout} if layout else {}
    moved = {end: (x + _ASIDE, y) for end, (x, y) in placed.items()}
    return layout and {**layout, **moved, **{names[end]: place for end, place in placed.items()}}


def name_checks(end: str) -> str:
    """What the gate in front of an end of this title is called."""
    return f"Checks of {end}"


def _name_edge(gate: str, end: str) -> str:
    return f"{gate} -> {end}"


def _name_gates(graph: Graph, ends: list[GraphNode]) -> dict[str, str]:
    names: dict[str, str] = {}
    for end in ends:
        name = _BEFORE + end.id
        while name in graph.nodes or name in names.values():
            name += "_"
        names[end.id] = name
    return names


def _build_gate(graph: Graph, end: GraphNode, name: str, position: int) -> GraphNode:
    asset = graph.workflow.asset
    assert asset is not None
    checks = [check for check in asset.checks if check.ask]
    return GraphNode(
        id=name,
        position=position,
        type=SPEC.type,
        title=name,
        agent_id=None,
        tool_id=None,
        config=CheckedConfig(payload=_INPUT, checks=checks),
        # So that what the checks look at is there, as it is for every other field.
        expressions={f"checks[{place}]": parse_expression(check.condition) for place, check in enumerate(checks)},
        templates={"payload": end.templates.get("output") or parse_template(_INPUT)},
    )


def _without_output(end: GraphNode) -> GraphNode:
    """The end, which gives what comes from the gate."""
    return replace(end, config=_without(end.config, "output"), templates={})


def _without(config: NodeConfig, name: str) -> NodeConfig:
    kept = config.model_fields_set - {name}
    return type(config).model_construct(_fields_set=kept, **{field: getattr(config, field) for field in kept})


def _close_by(node: GraphNode, joins: dict[str, str]) -> GraphNode:
    """An `each` that an end closes is closed by the gate in front of it."""
    if node.id not in joins or not isinstance(node.config, BranchConfig):
        return node
    return replace(node, config=node.config.model_copy(update={"join": joins[node.id]}))
