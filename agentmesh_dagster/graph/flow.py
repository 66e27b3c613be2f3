"""Flow: the shape of what each node gives and gets, and of all that stands in `context` there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.entities.models import Tool, Workflow
from agentmesh_dagster.graph.contexts import CheckContext, NodeContext
from agentmesh_dagster.graph.graph import Graph, GraphEdge, GraphNode
from agentmesh_dagster.graph.guards import ALWAYS, Guard, Guards
from agentmesh_dagster.graph.inference import ExpressionIssue, Inference
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.regions import Region
from agentmesh_dagster.specs.made_shapes import Fields, Items, or_null, unite
from agentmesh_dagster.specs.node_spec import NodeFacts, Place
from agentmesh_dagster.specs.nodes.end import EndConfig
from agentmesh_dagster.specs.schema_writer import write_schema
from agentmesh_dagster.specs.shapes import Shape, describe

_MOST_ARMS = 32  # of a join; what more of them give together is not worked out
_DEEPEST = 8  # workflows in each other that are looked into
NO_WORKFLOWS: Mapping[str, Workflow] = {}
_RESULTS = "the list of results"
_FALLBACK = "onError"
_SEVERAL = "what comes from several nodes"
_ROUNDS = 4  # in which the shape of what comes back to the head of a loop must settle


@dataclass(frozen=True)
class _Arm:
    """What comes to a join from one node, if it comes."""

    source: str  # node id
    shape: Shape | None
    guard: Guard | None


@dataclass(frozen=True)
class Inferred:
    """What a field of a config gives, and what is wrong with its expressions."""

    shape: Shape | None
    found: tuple[ExpressionIssue, ...]


class Doubt(Enum):
    """Why a node need not have run before another one that may look at its output."""

    FIRST_ROUND = auto()  # it stands behind it in a loop
    SKIPPED = auto()


class Flow:
    """What is known at each node of a graph before anything runs. None is a value of which nothing is known."""

    def __init__(
        self,
        graph: Graph,
        tools: Mapping[str, Tool],
        workflows: Mapping[str, Workflow] = NO_WORKFLOWS,
        callers: frozenset[str] = frozenset(),
    ) -> None:
        self.graph = graph
        self._tools = tools
        self._workflows = workflows
        self._callers = callers | {graph.workflow.id}
        self._results: dict[str, Shape | None] = {}
        self._guards = Guards(graph)
        self._outputs: dict[str, Shape | None] = {}
        self._inputs: dict[str, Shape | None] = {}
        self._fields: dict[tuple[str, str], Inferred] = {}
        self._returned: (
            Mapping[str, Shape | None] | None
        ) = {}  # outputs that edges back bring: those of the pass before
        self._work_out()
        if graph.loops.found:
            self._play_rounds()

    def _work_out(self) -> None:
        self._inputs.clear()
        self._fields.clear()
        self._outputs.clear()
        for node_id in self.graph.order:  # parents first
            self._outputs[node_id] = self._read_output(self.graph.nodes[node_id])

    def _play_rounds(self) -> None:
        """Works out what comes back to the heads of loops: until that changes nothing, or is given up."""
        before = None
        for _ in range(_ROUNDS):
            self._returned = dict(self._outputs)
            self._work_out()
            now = [write_json(write_schema(self.find_input(loop.head))) for loop in self.graph.loops.found]
            if now == before:
                return
            before = now
        self._returned = None
        self._work_out()

    @cached_property
    def run_input(self) -> Shape | None:
        """`context.input`."""
        return describe(self.graph.workflow.input_schema, "the workflow's inputSchema")

    def find_input(self, node_id: str) -> Shape | None:
        """`context.last_output` of the node: what its parents give that were taken."""
        if node_id not in self._inputs:
            self._inputs[node_id] = self._read_input(self.graph.nodes[node_id])
        return self._inputs[node_id]

    def find_output(self, node_id: str, seen_from: str) -> Shape | None:
        """`context.outputs.<node_id>` as the other node sees it: a list where an `each` was closed between."""
        scopes, heads = self.graph.scopes, self.graph.scopes.list_heads(node_id)
        shared = scopes.count_common(node_id, seen_from)
        shape, inner = self._outputs.get(node_id), node_id
        for head in reversed(heads[shared:]):
            shape = Items(shape if self._runs_with(inner, head) else or_null(shape), _RESULTS)
            inner = head
        is_sure = inner == seen_from or self.find_doubt(inner, seen_from) is None
        if self.graph.catches(node_id) and seen_from in self.graph.behind_faults:
            is_sure = False  # it may have failed
        return shape if is_sure else or_null(shape)

    def find_doubt(self, node_id: str, seen_from: str) -> Doubt | None:
        """Why a node outside of every `each` that the other is not in need not have run before that one."""
        # In a loop what stands behind gives what it gave in the round before; in the first that is nothing.
        if not self.graph.onward.is_ancestor(node_id, seen_from):
            return Doubt.FIRST_ROUND
        return None if self._runs_with(node_id, seen_from) else Doubt.SKIPPED

    def find_context(self, node_id: str) -> Shape:
        """All that the node's config may name."""
        return NodeContext(self, node_id)

    def find_context_of_checks(self) -> Shape:
        """All that the checks of the asset may name."""
        return CheckContext(self)

    def find_context_behind(self, node_id: str) -> Shape:
        """All that conditions on its out-edges may name: those of a gate see its answer."""
        return NodeContext(self, node_id, is_answered=self.graph.nodes[node_id].is_gate)

    def find_context_if_failed(self, node_id: str) -> Shape:
        """All that conditions on its edges may name that may catch: what it gave, if anything, and the error."""
        return NodeContext(self, node_id, is_answered=True, may_have_failed=True)

    def read_field(self, node: GraphNode, field: str) -> Inferred:
        """What a field of the node's config gives that is an expression or a template, and what is wrong with it."""
        key = (node.id, field)
        if key not in self._fields:
            inference, shape = Inference(NodeContext(self, node.id, knows_error=field == _FALLBACK)), None
            if (expression := node.expressions.get(field)) is not None:
                shape = inference.infer(expression)
            elif (template := node.templates.get(field)) is not None:
                shape = inference.infer_template(template)
            self._fields[key] = Inferred(shape, tuple(inference.found))
        return self._fields[key]

    @property
    def run_output(self) -> Shape | None:
        """What a run gives that ends well."""
        ends = [node for node in self.graph.ends if node.id in self._outputs]
        arms = [_Arm(end.id, self._outputs[end.id], self._guards.of_node(end.id)) for end in ends if not _fails(end)]
        guard = self._guards.join([arm.guard for arm in arms])
        given = self._join_arms(arms, guard) if arms and guard is not None else None
        # Where no end need run, a run gives null.
        return given if self._guards.join(self._guards.of_node(end.id) for end in ends) == ALWAYS else or_null(given)

    def find_item(self, head: str) -> Shape | None:
        """What an `each` repeats its nodes for."""
        items = self._outputs.get(head)
        return items.find_item() if items else None

    def _runs_with(self, node_id: str, other: str) -> bool:
        """Whether the node ran for sure where the other one runs."""
        return self._guards.implies(self._guards.of_node(other), self._guards.of_node(node_id))

    def _read_output(self, node: GraphNode) -> Shape | None:
        if node.id in self.graph.unknowns.vague or not node.is_complete:
            return None
        facts = NodeFacts(
            node.title,
            node.config,
            tool=self._tools.get(node.tool_id or ""),
            workflow=self._workflows.get(node.workflow_id or ""),
            run_input=self.run_input,
            find_input=lambda: self.find_input(node.id),
            find_result=lambda: self._find_result(node.workflow_id or ""),
            find_value=lambda field: self.read_field(node, field).shape,
        )
        given = node.spec.output(facts)
        if node.on_error is None:
            return given
        fallback = self.read_field(node, _FALLBACK).shape
        return unite([given, fallback.find_field("output") if fallback else None])

    def _find_result(self, workflow_id: str) -> Shape | None:
        """What a run of another workflow gives; None too where they contain each other."""
        called = self._workflows.get(workflow_id)
        if called is None or workflow_id in self._callers or len(self._callers) > _DEEPEST:
            return None
        if workflow_id not in self._results:
            inside = Flow(read_graph(called), self._tools, self._workflows, self._callers)
            self._results[workflow_id] = inside.run_output
        return self._results[workflow_id]

    def _read_input(self, node: GraphNode) -> Shape | None:
        entered = self._read_entry(node)
        back = [edge for edge in self.graph.in_edges[node.id] if edge.position in self.graph.loops.back]
        if not back or self._returned == {}:
            return entered
        if self._returned is None:
            return None
        came = {source: _carry(self._returned.get(source), own) for source, own in _group(back).items()}
        together = [Fields(came, _SEVERAL, frozenset(came))] if len(came) > 1 else []
        return unite([entered, *came.values(), *together])

    def _read_entry(self, node: GraphNode) -> Shape | None:
        """What arrives but for edges that begin another round."""
        edges = self.graph.onward.in_edges[node.id]
        if node.id in self.graph.unknowns.missing_sources or len(edges) > _MOST_ARMS:
            return None
        if any(edge.source not in self._outputs for edge in edges):
            return None  # it is on a cycle, or behind one
        if not edges:
            return self.run_input if node.spec.place is Place.START else None
        regions = {self.graph.scopes.left_by(edge) for edge in edges} if self.graph.scopes.by_head else {None}
        region = next(iter(regions))
        if len(regions) > 1:
            return None  # what comes from inside an `each`, and what comes beside it
        if region is not None:
            return self._read_results(region, edges)
        return self._join_arms(self._list_arms(edges, node.id), self._guards.of_node(node.id))

    def _list_arms(self, edges: Sequence[GraphEdge], target: str) -> list[_Arm]:
        """The nodes from which edges come that leave no `each`."""
        head = self.graph.scopes.head_of(target)
        return [
            _Arm(
                source,
                self.find_item(source) if source == head else _carry(self._find_brought(source, target), own),
                self._guards.of_edges_of_one(own),
            )
            for source, own in _group(edges).items()
        ]

    def _find_brought(self, source: str, target: str) -> Shape | None:
        """The output of a node as an edge brings it: as it is, since the node has run."""
        scopes = self.graph.scopes
        if scopes.head_of(source) in (None, scopes.head_of(target)):
            return self._outputs.get(source)
        return self.find_output(source, target)

    def _read_results(self, region: Region, edges: Sequence[GraphEdge]) -> Shape | None:
        """The list of results that a closing join gets: of each item what the arms gave that it took; null for none."""
        arms: list[_Arm] = []
        for source, own in _group(edges).items():
            shape = self.find_item(source) if source == region.each else _carry(self._outputs.get(source), own)
            arms.append(_Arm(source, shape, self._guards.of_edges_of_one(own)))
        guard = self._guards.join([arm.guard for arm in arms])
        if guard is None:
            return Items(None, _RESULTS)
        result = self._join_arms(arms, guard)
        is_sure = self._guards.implies(self._guards.of_node(region.each), guard)
        return Items(result if is_sure else or_null(result), _RESULTS)

    def _join_arms(self, arms: Sequence[_Arm], guard: Guard) -> Shape | None:
        """What arrives where arms meet, one of which is taken at least: the output of one, or a mapping by node id."""
        if len(arms) == 1:
            return arms[0].shape
        sure = {arm.source for arm in arms if arm.guard is not None and self._guards.implies(guard, arm.guard)}
        fields = {arm.source: arm.shape for arm in arms}
        together = Fields(fields, _SEVERAL, frozenset(fields) - sure)
        if len(sure) == len(arms):
            return together
        alone = [arm.shape for arm in arms if not any(self._brings(arm, other) for other in arms if other is not arm)]
        may_meet = any(not self._are_exclusive(arm, other) for place, arm in enumerate(arms) for other in arms[:place])
        return unite([*alone, together] if may_meet else alone)

    def _brings(self, arm: _Arm, other: _Arm) -> bool:
        """Whether the other arm is taken wherever this one is."""
        return arm.guard is not None and other.guard is not None and self._guards.implies(arm.guard, other.guard)

    def _are_exclusive(self, arm: _Arm, other: _Arm) -> bool:
        if arm.guard is None or other.guard is None:
            return False
        return self._guards.are_exclusive(arm.guard, other.guard)


def _fails(end: GraphNode) -> bool:
    return isinstance(end.config, EndConfig) and end.config.outcome == "failed"


def _carry(shape: Shape | None, edges: Sequence[GraphEdge]) -> Shape | None:
    """What edges bring of a node's output: null, by those that may catch, unless it failed and gave something."""
    return or_null(shape) if any(edge.may_catch for edge in edges) else shape


def _group(edges: Sequence[GraphEdge]) -> Mapping[str, Sequence[GraphEdge]]:
    """The edges by the node that they come from."""
    grouped: dict[str, list[GraphEdge]] = {}
    for edge in edges:
        grouped.setdefault(edge.source, []).append(edge)
    return grouped
