"""Context: what conditions and templates of a step see, read from the store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentmesh_dagster.entities.json_values import JsonValue, as_list, as_object
from agentmesh_dagster.entities.models import Run
from agentmesh_dagster.errors import FaultCode
from agentmesh_dagster.graph.address import Address, Call, Item, Items, Path, Round
from agentmesh_dagster.graph.expressions import Reference
from agentmesh_dagster.graph.graph import GraphEdge
from agentmesh_dagster.graph.newest import count_shared, list_newest
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.graph.progress import EdgeState, Progress, StepState
from agentmesh_dagster.graph.regions import Region
from agentmesh_dagster.graph.scopes import list_items
from agentmesh_dagster.specs.nodes.branch import BranchConfig
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.materializations import find_materialization
from agentmesh_dagster.store.runs import get_run
from agentmesh_dagster.store.steps import (
    StepEnd,
    list_given_up,
    read_attempts,
    read_end,
    read_outputs,
    read_states,
    step_id,
)
from agentmesh_dagster.tools.secrets import NO_SECRETS, Secrets

_KEPT_ITEMS = 16
_items: dict[str, JsonValue] = {}  # step id of an `each` → its items


@dataclass(frozen=True)
class StepInput:
    """What a step starts from."""

    last_output: JsonValue  # the node's input
    context: Mapping[str, JsonValue]  # the variable `context`
    parent_step_ids: list[str]
    secrets: Secrets = NO_SECRETS  # what of the context no event shows
    faults: Sequence[JsonValue] = ()  # of what failed inside of what ends at the step


def read_sources(connection: Connection, plan: Plan, run_id: str, address: Address) -> Mapping[Address, StepState]:
    """The states of the step itself and of all that its in-edges hang on."""
    keys = {plan.key_of(address), *plan.graph.parents(plan.key_of(address))}
    # Of a round that nobody begins there are no steps: whether that is so, the rounds before it tell.
    loops = {rounds for key in keys for rounds, _ in plan.scopes.rounds_around(key)}
    heads = {head for rounds in loops for head in rounds.heads}
    keys |= heads | {source for head in heads for source in plan.graph.parents(head)}
    keys |= {head for key in keys for head in plan.scopes.list_heads(key)}
    around = _list_paths(plan, keys, address)
    return read_states(connection, run_id, {plan.graph.nodes[key].origin for key in keys}, around)


def _list_paths(plan: Plan, keys: Iterable[str], address: Address) -> list[Path] | None:
    """Where the steps of these nodes stand that belong to this one; None where they are those of all items."""
    if not address.path and all(plan.graph.nodes[key].copy is None for key in keys):
        return None
    if any(plan.scopes.depth(key) > len(address.items) for key in keys):
        return None
    return list(dict.fromkeys(plan.scopes.locate(key, address.items).path for key in keys))


def read_step_input(
    connection: Connection, plan: Plan, run_id: str, address: Address, states: Mapping[Address, StepState]
) -> StepInput:
    """Input and context of a step whose in-edges are settled; `states` as `read_sources` gives them."""
    run = get_run(connection, run_id)
    key = plan.key_of(address)
    progress = Progress(plan, states)
    taken = [e for e in plan.graph.in_edges[key] if progress.read_edge(e, address) is EdgeState.TAKEN]
    carrying = [edge for edge in taken if not edge.is_silent]
    wanted = {name: plan.find_named(key, name) for name in list_output_references(plan, key)}
    newest = _find_newest(connection, plan, run_id, address, wanted)
    needed = {edge.source for edge in carrying}.union(*newest.values())
    needed |= {head for found in needed for head in plan.scopes.list_heads(found)}
    faults = _list_faults_inside(connection, plan, run_id, address)
    view = _View(plan, address, states, _read_needed(connection, plan, run_id, address, needed), faults)
    given = _read_input(connection, plan, run, address)
    last_output = view.read_last_output(carrying) if carrying else (None if taken else given)
    context: dict[str, JsonValue] = {
        "input": given,
        "last_output": last_output,
        "outputs": {name: view.read_output(keys) for name, keys in newest.items()},
        "run": describe_run(run, plan),
        **read_asset_context(connection, plan, run_id, plan.names_of(key)),
    }
    own = address.path[_count_outer(plan, address) :]
    if any(isinstance(frame, Item) for frame in own):
        context["item"] = view.read_item()
        context["index"] = address.item
    if rounds := [frame.number for frame in own if isinstance(frame, Round)]:
        context["round"] = rounds[-1]
    if _looks_at_error(plan, key):
        context["error"] = _find_error(connection, plan, run_id, address)
    parents = [step_id(run_id, source) for edge in taken for source in view.list_sources(edge)]
    return StepInput(last_output, context, list(dict.fromkeys(parents)), faults=list(faults.values()))


def read_last_outputs(connection: Connection, plan: Plan, run_id: str, names: Sequence[str]) -> dict[str, JsonValue]:
    """`context.outputs` for these nodes when all is done; null for one that did not run."""
    end = Address(plan.ends[0].id)
    wanted = {name: list(reversed(plan.copies.get(((), name), ()))) for name in names}
    newest = _find_newest(connection, plan, run_id, end, wanted)
    needed = {found for keys in newest.values() for found in keys}
    needed |= {head for found in needed for head in plan.scopes.list_heads(found)}
    view = _View(plan, end, {}, _read_needed(connection, plan, run_id, end, needed), {})
    return {name: view.read_output(keys) for name, keys in newest.items()}


def read_asset_context(connection: Connection, plan: Plan, run_id: str, place: Path = ()) -> dict[str, JsonValue]:
    """`context.partition` and `context.upstream` of the workflow that is called there, if it has an asset: without a
    value where the run makes no version of that.
    """
    workflow = plan.find_called(place)
    if workflow.asset is None:
        return {}
    found = None if place else find_materialization(connection, run_id)
    upstream: dict[str, JsonValue] = dict.fromkeys(workflow.asset.deps)
    return {
        "partition": found.asked.partition_facts if found else None,
        "upstream": upstream | as_object(found.asked.upstream if found else None),
    }


def _list_faults_inside(connection: Connection, plan: Plan, run_id: str, address: Address) -> dict[Address, JsonValue]:
    """What failed inside of what ends at this step, and deals with that: a sub-workflow, or each item of a list."""
    key = plan.key_of(address)
    catchers = plan.graph.catchers
    around = [*(region.body for region in plan.scopes.exits.get(key, ())), catchers.list_inside(key)]
    inside = {node_id for whole in around for node_id in catchers.choose_own(whole)}
    if not inside:
        return {}
    found = list_given_up(connection, run_id, {plan.graph.nodes[node_id].origin for node_id in inside})
    return {
        step: describe_fault(step.node_id, given_up.end, given_up.attempts)
        for step, given_up in found.items()
        if plan.key_of(step) in inside and step.items[: len(address.items)] == address.items
    }


def _count_outer(plan: Plan, address: Address) -> int:
    """How many frames of the step's path stand around the workflow whose names its expressions use."""
    calls = sum(isinstance(frame, Call) for frame in plan.names_of(plan.key_of(address)))
    ends = [place + 1 for place, frame in enumerate(address.path) if isinstance(frame, Call)]
    return ends[calls - 1] if calls else 0


def _read_input(connection: Connection, plan: Plan, run: Run, address: Address) -> JsonValue:
    """The input of the workflow whose names the step uses: the run's, or what a sub-workflow was called with."""
    start = plan.starts.get(plan.names_of(plan.key_of(address)))
    if start is None:
        return run.input
    step = plan.scopes.locate(start, address.items)
    return read_outputs(connection, run.id, [step.node_id], [step.path]).get(step)


def _find_newest(
    connection: Connection, plan: Plan, run_id: str, address: Address, wanted: Mapping[str, Sequence[str]]
) -> dict[str, Sequence[str]]:
    """Of the nodes that each name may mean those whose outputs it is."""
    several = {key for keys in wanted.values() if len(keys) > 1 for key in keys}
    several |= {head for key in several for head in plan.scopes.list_heads(key)}
    states = read_states(connection, run_id, {plan.graph.nodes[key].origin for key in several}) if several else {}
    ended = {step for step, state in states.items() if state.goes_on}
    return {name: list_newest(plan, keys, address, ended) for name, keys in wanted.items()}


def _read_needed(
    connection: Connection, plan: Plan, run_id: str, address: Address, needed: set[str]
) -> dict[Address, JsonValue]:
    """The outputs of these nodes; of those that are repeated together with the step only its own item's."""
    outputs: dict[Address, JsonValue] = {}
    heads = plan.scopes.list_heads(plan.key_of(address))
    for depth, head in enumerate(heads):
        each = plan.scopes.locate(head, address.items[:depth])
        outputs[each] = _read_items(connection, run_id, each)
    all_items = {key for key in needed if plan.scopes.list_heads(key) not in (heads, heads[:-1], [])}
    single = needed - all_items - set(heads)
    if single:
        steps = [plan.scopes.locate(key, address.items) for key in single]
        outputs |= read_outputs(connection, run_id, {step.node_id for step in steps}, {step.path for step in steps})
    if all_items:
        outputs |= read_outputs(connection, run_id, {plan.graph.nodes[key].origin for key in all_items})
    return outputs


def _read_items(connection: Connection, run_id: str, each: Address) -> JsonValue:
    """The items of an `each`, kept in this process: all of its steps need them, and they change no more."""
    identity = step_id(run_id, each)
    if identity not in _items:
        if len(_items) >= _KEPT_ITEMS:
            _items.clear()
        _items[identity] = read_outputs(connection, run_id, [each.node_id], [each.path])[each]
    return _items[identity]


def _looks_at_error(plan: Plan, key: str) -> bool:
    if key not in plan.graph.behind_faults:
        return False
    return any(reference.path[:1] == ("error",) for reference in _list_references(plan, key))


def _find_error(connection: Connection, plan: Plan, run_id: str, address: Address) -> JsonValue:
    """`context.error`: the nearest fault that was caught on the ways that the run came to the step, of the workflow
    whose names it uses; None: there was none.
    """
    graph, scopes, key = plan.graph, plan.scopes, plan.key_of(address)
    known = {other for other in graph.in_bits(graph.ancestor_bits[key]) if _may_tell(plan, key, other)}
    keys = {key, *known, *scopes.list_heads(key)}
    origins = {graph.nodes[other].origin for other in keys}
    states = read_states(connection, run_id, origins, {scopes.locate(other, address.items).path for other in keys})
    progress = Progress(plan, states)
    first = plan.starts.get(plan.names_of(key))  # of what called this workflow it knows nothing
    ahead = {address: None}
    for step in (walk := list(ahead)):  # grows while it is walked
        for edge in graph.in_edges[plan.key_of(step)] if plan.key_of(step) != first else ():
            if scopes.left_by(edge) or progress.read_edge(edge, step) is not EdgeState.TAKEN:
                continue
            source = scopes.step_back(edge, step)
            if edge.may_catch and states[source].is_caught and plan.names_of(edge.source) == plan.names_of(key):
                identity = step_id(run_id, source)
                end, attempts = read_end(connection, identity), read_attempts(connection, identity)
                return describe_fault(source.node_id, end, attempts)
            if edge.source in known and source not in ahead:
                ahead[source] = None
                walk.append(source)
    return None


def _may_tell(plan: Plan, key: str, other: str) -> bool:
    """Whether the step of a node before this one may have failed, or stand behind one that has, and around this one."""
    if other not in plan.graph.behind_faults and not plan.graph.catches(other):
        return False
    return plan.scopes.count_common(other, key) == plan.scopes.depth(other)


def describe_fault(node_id: str, end: StepEnd, attempts: int) -> dict[str, JsonValue]:
    """A step that failed, as `context.error` has it."""
    code = (end.code or FaultCode.ERROR).value
    fault: dict[str, JsonValue] = {"nodeId": node_id, "message": end.error, "code": code, "attempts": attempts}
    return fault if end.output is None else {**fault, "output": end.output}


def list_output_references(plan: Plan, key: str) -> list[str]:
    """The names of the nodes whose output the node's config, or a condition on its out-edges, looks at."""
    paths = [reference.path for reference in _list_references(plan, key)]
    names = [path[1] for path in paths if len(path) > 1 and path[0] == "outputs"]
    return list(dict.fromkeys(str(name) for name in names))


def _list_references(plan: Plan, key: str) -> list[Reference]:
    """Each look-up in `context` by the node's config, and by the conditions on its out-edges."""
    own = [reference for _, reference in plan.graph.nodes[key].references]
    expressions = [edge.expression for edge in plan.graph.ways_of(key) if edge.expression]
    return own + [reference for expression in expressions for reference in expression.references]


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
        faults: Mapping[Address, JsonValue],  # of what failed inside of what ends at the step
    ) -> None:
        self._plan = plan
        self._graph = plan.graph
        self._scopes = plan.scopes
        self._key = plan.key_of(address)
        self._address = address
        self._states = states
        self._outputs = outputs
        self._faults = faults

    def read_item(self) -> JsonValue:
        """What the innermost `each` around the step repeats it for."""
        head = self._scopes.head_of(self._key)
        assert head is not None
        return self._read_item(self._scopes.locate(head, self._address.items[:-1]), self._address.item)

    def _read_item(self, each: Address, index: int | None) -> JsonValue:
        return None if index is None else as_list(self._outputs[each])[index]

    def read_output(self, keys: Sequence[str]) -> JsonValue:
        """The output of the first of these nodes that has one; all of them stand in the same `each`."""
        shared = count_shared(self._plan, keys[0], self._key) if keys else 0
        return self._read_below(keys, self._address.items[:shared]) if keys else None

    def _read_below(self, keys: Sequence[str], items: Items) -> JsonValue:
        """The output for these items; of nodes that stand deeper the list over all items."""
        heads = self._scopes.list_heads(keys[0])
        if len(items) == len(heads):
            steps = (self._scopes.locate(key, items) for key in keys)
            return next((self._outputs[step] for step in steps if step in self._outputs), None)
        each = self._scopes.locate(heads[len(items)], items)
        if each not in self._outputs:
            return None
        return [self._read_below(keys, inside) for inside in self._list_items(each)]

    def read_last_output(self, taken: list[GraphEdge]) -> JsonValue:
        """The output of the parent that was taken; with several, a mapping node id → output."""
        regions = {self._scopes.left_by(edge) for edge in taken}
        region = next(iter(regions))
        if len(regions) == 1 and region is not None:
            return self._read_results(region, taken)
        # Of a node that was played in several rounds the last one counts.
        by_source = {self._name(edge): self._read_through(edge) for edge in taken}
        return by_source if len(by_source) > 1 else next(iter(by_source.values()))

    def _name(self, edge: GraphEdge) -> str:
        return self._graph.nodes[edge.source].origin

    def _read_through(self, edge: GraphEdge) -> JsonValue:
        """What an edge carries: for the first edge inside an `each` the item, for one that leaves it the list."""
        if edge.source == self._scopes.head_of(self._key):
            return self.read_item()
        return self.read_output([edge.source])

    def _read_results(self, region: Region, taken: list[GraphEdge]) -> list[JsonValue]:
        """The results of all items in their order, each as `last_output` would show it."""
        each = self._scopes.locate(region.each, self._address.items)
        failed: dict[Items, JsonValue] = {}
        for step, fault in self._faults.items():
            if self._scopes.node_of(step) in region.body:
                failed.setdefault(step.items, fault)
        config = self._graph.nodes[region.each].config
        keeps = isinstance(config, BranchConfig) and config.on_item_error == "keep"
        return [
            {"error": failed[items]} if items in failed else self._read_result(each, taken, items)
            for items in self._list_items(each)
            if keeps or items not in failed
        ]

    def _read_result(self, each: Address, taken: list[GraphEdge], items: Items) -> JsonValue:
        results: dict[str, JsonValue] = {}
        for edge in taken:
            source = self._scopes.locate(edge.source, items)
            if source.node_id == each.node_id and edge.source in self._scopes.by_head:
                results[self._name(edge)] = self._read_item(each, items[-1].position)
            elif source in self._outputs and self._was_taken(edge, source):
                results[self._name(edge)] = self._outputs[source]
        return next(iter(results.values()), None) if len(results) < 2 else results

    def _was_taken(self, edge: GraphEdge, source: Address) -> bool:
        state = self._states.get(source)
        return state is None or state.took(edge)

    def _list_items(self, each: Address) -> Sequence[Items]:
        return list_items(each.items, len(as_list(self._outputs[each])))

    def list_sources(self, edge: GraphEdge) -> list[Address]:
        """The steps that an edge comes from: one, or one per item where it leaves an `each`."""
        region = self._scopes.left_by(edge)
        if region is None or edge.source == region.each:
            return [self._scopes.step_back(edge, self._address)]
        each = self._scopes.locate(region.each, self._address.items)
        sources = [self._scopes.locate(edge.source, items) for items in self._list_items(each)]
        ended = [key for key in sources if (state := self._states.get(key)) and state.goes_on]
        return ended or [each]  # without items the join stands behind the `each` itself
