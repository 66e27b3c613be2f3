"""Context: what conditions and templates of a step see, read from the store."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agentmesh_dagster.entities.json_values import JsonValue, as_list
from agentmesh_dagster.entities.models import Run, StepStatus
from agentmesh_dagster.graph.expressions import Reference
from agentmesh_dagster.graph.graph import GraphEdge
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import EdgeState, Progress, StepKey, StepState
from agentmesh_dagster.graph.regions import Region
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import read_outputs, read_states, step_id

_KEPT_ITEMS = 16
_items: dict[str, JsonValue] = {}  # step id of an `each` → its items


@dataclass(frozen=True)
class StepInput:
    """What a step starts from."""

    last_output: JsonValue  # the node's input
    context: Mapping[str, JsonValue]  # the variable `context`
    parent_step_ids: list[str]


def read_sources(connection: Connection, plan: Plan, run_id: str, key: StepKey) -> Mapping[StepKey, StepState]:
    """The states of the step itself and of all that its in-edges hang on."""
    node_ids = {key.node_id, *plan.graph.parents(key.node_id)}
    node_ids |= {plan.each_of[node_id] for node_id in node_ids if node_id in plan.each_of}
    return read_states(connection, run_id, node_ids, key.item)


def read_step_input(
    connection: Connection, plan: Plan, run_id: str, key: StepKey, states: Mapping[StepKey, StepState]
) -> StepInput:
    """Input and context of a step whose in-edges are settled; `states` as `read_sources` gives them."""
    run = get_run(connection, run_id)
    progress = Progress(plan, states)
    taken = [e for e in plan.graph.in_edges[key.node_id] if progress.read_edge(e, key.item) is EdgeState.TAKEN]
    wanted = list_output_references(plan, key.node_id)
    each = plan.each_of.get(key.node_id)
    sources = {edge.source for edge in taken} | {each for each in [each] if each}
    sources |= {plan.each_of[node_id] for node_id in sources | set(wanted) if node_id in plan.each_of}
    view = _View(plan, states, _read_needed(connection, plan, run_id, key, sources | set(wanted)), each)
    last_output = view.read_last_output(taken, key.item) if taken else run.input
    context: dict[str, JsonValue] = {
        "input": run.input,
        "last_output": last_output,
        "outputs": {node_id: view.read_output(node_id, key.item) for node_id in wanted},
        "run": describe_run(run, plan),
    }
    if each is not None:
        context["item"] = view.read_item(each, key.item)
        context["index"] = key.item
    parents = [step_id(run_id, source) for edge in taken for source in view.list_source_keys(edge, key.item)]
    return StepInput(last_output, context, list(dict.fromkeys(parents)))


def _read_needed(
    connection: Connection, plan: Plan, run_id: str, key: StepKey, needed: set[str]
) -> dict[StepKey, JsonValue]:
    """The outputs of these nodes; of those that are repeated together with the step only its own item's."""
    each = plan.each_of.get(key.node_id)
    outputs: dict[StepKey, JsonValue] = {}
    if each is not None:
        outputs[StepKey(each)] = _read_items(connection, run_id, each)
    beside = {node_id for node_id in needed if plan.each_of.get(node_id) == each} - {each}
    if beside:
        outputs |= read_outputs(connection, run_id, beside, key.item)
    others = needed - beside - {each}
    return outputs | read_outputs(connection, run_id, others) if others else outputs


def _read_items(connection: Connection, run_id: str, each: str) -> JsonValue:
    """The items of an `each`, kept in this process: all of its steps need them, and they change no more."""
    identity = step_id(run_id, StepKey(each))
    if identity not in _items:
        if len(_items) >= _KEPT_ITEMS:
            _items.clear()
        _items[identity] = read_outputs(connection, run_id, [each])[StepKey(each)]
    return _items[identity]


def list_output_references(plan: Plan, node_id: str) -> list[str]:
    """The nodes whose output the node's config, or a condition on its out-edges, looks at."""
    node = plan.graph.nodes[node_id]
    references = [reference for _, reference in node.references]
    references += _list_edge_references(plan.graph.out_edges[node_id])
    names = [path[1] for path in (r.path for r in references) if len(path) > 1 and path[0] == "outputs"]
    return list(dict.fromkeys(str(name) for name in names if str(name) != node_id))


def _list_edge_references(edges: Iterable[GraphEdge]) -> list[Reference]:
    return [reference for edge in edges if edge.expression for reference in edge.expression.references]


def describe_run(run: Run, plan: Plan) -> dict[str, JsonValue]:
    """`context.run`."""
    return {
        "id": run.id,
        "workflowId": run.workflow_id,
        "workflowName": plan.workflow.name,
        "revision": run.revision,
        "startedAt": run.started_at.isoformat() if run.started_at else None,
    }


class _View:
    """Outputs as they look from one step: one value outside of its `each`, a list where an `each` was closed."""

    def __init__(
        self,
        plan: Plan,
        states: Mapping[StepKey, StepState],
        outputs: Mapping[StepKey, JsonValue],
        each: str | None,  # node id of the `each` around the step
    ) -> None:
        self._plan = plan
        self._states = states
        self._outputs = outputs
        self._each = each

    def read_item(self, each: str, item: int | None) -> JsonValue:
        return None if item is None else as_list(self._outputs[StepKey(each)])[item]

    def read_output(self, node_id: str, item: int | None) -> JsonValue:
        each = self._plan.each_of.get(node_id)
        if each is None or each == self._each:
            return self._outputs.get(StepKey(node_id, item if each else None))
        if StepKey(each) not in self._outputs:
            return None
        return [self._outputs.get(StepKey(node_id, index)) for index in range(self._count(each))]

    def read_last_output(self, taken: list[GraphEdge], item: int | None) -> JsonValue:
        """The output of the parent that was taken; with several, a mapping node id → output."""
        regions = {self._region_left_by(edge, item) for edge in taken}
        region = next(iter(regions))
        if len(regions) == 1 and region is not None:
            return self._read_results(region, taken)
        sources = list(dict.fromkeys(edge.source for edge in taken))
        by_source = {edge.source: self._read_through(edge, item) for edge in taken}
        return by_source[sources[0]] if len(sources) == 1 else by_source

    def _read_through(self, edge: GraphEdge, item: int | None) -> JsonValue:
        """What an edge carries: for the first edge inside an `each` the item, for one that leaves it the list."""
        if edge.source in self._plan.regions and item is not None:
            return self.read_item(edge.source, item)
        return self.read_output(edge.source, item)

    def _read_results(self, region: Region, taken: list[GraphEdge]) -> list[JsonValue]:
        """The results of all items in their order, each as `last_output` would show it."""
        return [self._read_result(region, taken, index) for index in range(self._count(region.each))]

    def _read_result(self, region: Region, taken: list[GraphEdge], index: int) -> JsonValue:
        results: dict[str, JsonValue] = {}
        for edge in taken:
            key = StepKey(edge.source, index)
            if edge.source == region.each:
                results[edge.source] = self.read_item(region.each, index)
            elif key in self._outputs and self._was_taken(edge, key):
                results[edge.source] = self._outputs[key]
        return next(iter(results.values()), None) if len(results) < 2 else results

    def _was_taken(self, edge: GraphEdge, source: StepKey) -> bool:
        state = self._states.get(source)
        return state is None or state.taken is None or edge.id in state.taken

    def _count(self, each: str) -> int:
        return len(as_list(self._outputs[StepKey(each)]))

    def _region_left_by(self, edge: GraphEdge, item: int | None) -> Region | None:
        if item is not None:
            return None
        region = self._plan.regions.get(self._plan.each_of.get(edge.source, edge.source))
        return region if region and region.join == edge.target else None

    def list_source_keys(self, edge: GraphEdge, item: int | None) -> list[StepKey]:
        """The steps that an edge comes from: one, or one per item where it leaves an `each`."""
        each = self._plan.each_of.get(edge.source)
        if each is None:
            return [StepKey(edge.source)]
        if item is not None:
            return [StepKey(edge.source, item)]
        keys = [StepKey(edge.source, index) for index in range(self._count(each))]
        ended = [key for key in keys if (state := self._states.get(key)) and state.status is StepStatus.SUCCEEDED]
        return ended or [StepKey(each)]  # without items the join stands behind the `each` itself
