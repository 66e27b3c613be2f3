"""Context: what conditions and templates of a step see, read from the store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentmesh_dagster.entities.json_values import JsonValue, as_list
from agentmesh_dagster.entities.models import Run, StepStatus
from agentmesh_dagster.graph.address import Address, Path, list_around
from agentmesh_dagster.graph.expressions import Reference
from agentmesh_dagster.graph.graph import GraphEdge
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import EdgeState, Progress, StepState
from agentmesh_dagster.graph.regions import Region
from agentmesh_dagster.graph.scopes import list_items
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import read_outputs, read_states, step_id
from agentmesh_dagster.tools.secrets import Secrets

NO_SECRETS = Secrets()
_KEPT_ITEMS = 16
_items: dict[str, JsonValue] = {}  # step id of an `each` → its items


@dataclass(frozen=True)
class StepInput:
    """What a step starts from."""

    last_output: JsonValue  # the node's input
    context: Mapping[str, JsonValue]  # the variable `context`
    parent_step_ids: list[str]
    secrets: Secrets = NO_SECRETS  # what of the context no event shows


def read_sources(connection: Connection, plan: Plan, run_id: str, address: Address) -> Mapping[Address, StepState]:
    """The states of the step itself and of all that its in-edges hang on."""
    node_ids = {address.node_id, *plan.graph.parents(address.node_id)}
    node_ids |= {head for node_id in node_ids for head in plan.scopes.list_heads(node_id)}
    return read_states(connection, run_id, node_ids, address.path or None)


def read_step_input(
    connection: Connection, plan: Plan, run_id: str, address: Address, states: Mapping[Address, StepState]
) -> StepInput:
    """Input and context of a step whose in-edges are settled; `states` as `read_sources` gives them."""
    run = get_run(connection, run_id)
    progress = Progress(plan, states)
    taken = [e for e in plan.graph.in_edges[address.node_id] if progress.read_edge(e, address) is EdgeState.TAKEN]
    wanted = list_output_references(plan, address.node_id)
    needed = {edge.source for edge in taken} | set(wanted)
    needed |= {head for node_id in needed for head in plan.scopes.list_heads(node_id)}
    view = _View(plan, address, states, _read_needed(connection, plan, run_id, address, needed))
    last_output = view.read_last_output(taken) if taken else run.input
    context: dict[str, JsonValue] = {
        "input": run.input,
        "last_output": last_output,
        "outputs": {node_id: view.read_output(node_id) for node_id in wanted},
        "run": describe_run(run, plan),
    }
    if address.item is not None:
        context["item"] = view.read_item()
        context["index"] = address.item
    parents = [step_id(run_id, source) for edge in taken for source in view.list_sources(edge)]
    return StepInput(last_output, context, list(dict.fromkeys(parents)))


def _read_needed(
    connection: Connection, plan: Plan, run_id: str, address: Address, needed: set[str]
) -> dict[Address, JsonValue]:
    """The outputs of these nodes; of those that are repeated together with the step only its own item's."""
    outputs: dict[Address, JsonValue] = {}
    heads = plan.scopes.list_heads(address.node_id)
    for head, path in zip(heads, list_around(address.path), strict=False):
        outputs[Address(head, path)] = _read_items(connection, run_id, Address(head, path))
    own = plan.scopes.depth(address.node_id)
    beside = {node_id for node_id in needed if plan.scopes.count_common(node_id, address.node_id) == own}
    beside = {node_id for node_id in beside if plan.scopes.depth(node_id) == own}
    if beside:
        outputs |= read_outputs(connection, run_id, beside, address.path or None)
    others = needed - beside - set(heads)
    return outputs | read_outputs(connection, run_id, others) if others else outputs


def _read_items(connection: Connection, run_id: str, each: Address) -> JsonValue:
    """The items of an `each`, kept in this process: all of its steps need them, and they change no more."""
    identity = step_id(run_id, each)
    if identity not in _items:
        if len(_items) >= _KEPT_ITEMS:
            _items.clear()
        _items[identity] = read_outputs(connection, run_id, [each.node_id])[each]
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
        address: Address,  # of the step
        states: Mapping[Address, StepState],
        outputs: Mapping[Address, JsonValue],
    ) -> None:
        self._scopes = plan.scopes
        self._address = address
        self._states = states
        self._outputs = outputs

    def read_item(self) -> JsonValue:
        """What the innermost `each` around the step repeats it for."""
        head = self._scopes.head_of(self._address.node_id)
        assert head is not None
        return self._read_item(Address(head, self._address.path[:-1]), self._address.item)

    def _read_item(self, each: Address, index: int | None) -> JsonValue:
        return None if index is None else as_list(self._outputs[each])[index]

    def read_output(self, node_id: str) -> JsonValue:
        shared = self._scopes.count_common(node_id, self._address.node_id)
        return self._read_below(node_id, self._address.path[:shared])

    def _read_below(self, node_id: str, path: Path) -> JsonValue:
        """The output of a node at `path`; of one that stands deeper the list over all items."""
        heads = self._scopes.list_heads(node_id)
        if len(path) == len(heads):
            return self._outputs.get(Address(node_id, path))
        each = Address(heads[len(path)], path)
        if each not in self._outputs:
            return None
        return [self._read_below(node_id, inside) for inside in self._list_items(each)]

    def read_last_output(self, taken: list[GraphEdge]) -> JsonValue:
        """The output of the parent that was taken; with several, a mapping node id → output."""
        regions = {self._scopes.left_by(edge) for edge in taken}
        region = next(iter(regions))
        if len(regions) == 1 and region is not None:
            return self._read_results(region, taken)
        sources = list(dict.fromkeys(edge.source for edge in taken))
        by_source = {edge.source: self._read_through(edge) for edge in taken}
        return by_source[sources[0]] if len(sources) == 1 else by_source

    def _read_through(self, edge: GraphEdge) -> JsonValue:
        """What an edge carries: for the first edge inside an `each` the item, for one that leaves it the list."""
        if edge.source == self._scopes.head_of(self._address.node_id):
            return self.read_item()
        return self.read_output(edge.source)

    def _read_results(self, region: Region, taken: list[GraphEdge]) -> list[JsonValue]:
        """The results of all items in their order, each as `last_output` would show it."""
        each = self._address.at(region.each)
        return [self._read_result(each, taken, path) for path in self._list_items(each)]

    def _read_result(self, each: Address, taken: list[GraphEdge], path: Path) -> JsonValue:
        results: dict[str, JsonValue] = {}
        for edge in taken:
            source = Address(edge.source, path)
            if edge.source == each.node_id:
                results[edge.source] = self._read_item(each, source.item)
            elif source in self._outputs and self._was_taken(edge, source):
                results[edge.source] = self._outputs[source]
        return next(iter(results.values()), None) if len(results) < 2 else results

    def _was_taken(self, edge: GraphEdge, source: Address) -> bool:
        state = self._states.get(source)
        return state is None or state.taken is None or edge.id in state.taken

    def _list_items(self, each: Address) -> Sequence[Path]:
        return list_items(each.path, len(as_list(self._outputs[each])))

    def list_sources(self, edge: GraphEdge) -> list[Address]:
        """The steps that an edge comes from: one, or one per item where it leaves an `each`."""
        region = self._scopes.left_by(edge)
        if region is None or edge.source == region.each:
            return [self._scopes.step_back(edge, self._address)]
        each = self._address.at(region.each)
        sources = [Address(edge.source, path) for path in self._list_items(each)]
        ended = [key for key in sources if (state := self._states.get(key)) and state.status is StepStatus.SUCCEEDED]
        return ended or [each]  # without items the join stands behind the `each` itself
