"""Random documents with loops and sub-workflows: what they are expanded to, and what a run of that does."""

from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

import pytest

from agentmesh_dagster.entities.models import StepStatus, Workflow
from agentmesh_dagster.graph.address import Address, Items, write_path
from agentmesh_dagster.graph.expand import count_expanded
from agentmesh_dagster.graph.newest import find_unshared, list_newest
from agentmesh_dagster.graph.plan import Plan, is_conditional, plan_graph
from agentmesh_dagster.graph.progress import Progress, RunState, StepState
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.graph.rules import Lookup, validate
from agentmesh_dagster.graph.scopes import list_items
from tests.graph.interpreter import Decision, Document, Interpreter, Seen
from tests.graph.loop_documents import write_documents
from tests.graph.test_rules import SAY

SEEDS = range(120)
_TOO_MANY = 600  # nodes of an expanded graph that would only take long


def plan(flow: Workflow, flows: Mapping[str, Workflow]) -> Plan:
    for each in (flow, *flows.values()):
        found = validate(read_graph(each), Lookup({}, {"say": SAY}, flows))
        faults = [f"{issue.code}: {issue.message}" for issue in found if issue.severity.value == "error"]
        assert not faults, faults
    return plan_graph(read_graph(flow), {}, {"say": SAY}, workflows=flows)


def count(flow: Workflow, flows: Mapping[str, Workflow]) -> Mapping[str, int]:
    return count_expanded(read_graph(flow), {name: read_graph(other) for name, other in flows.items()})


@pytest.mark.parametrize("seed", SEEDS)
def test_every_edge_is_one_of_the_document_and_none_leads_back(seed: int):
    flow, flows = write_documents(seed)
    counts = count(flow, flows)
    if sum(counts.values()) > _TOO_MANY:
        return
    graph = plan(flow, flows).graph

    assert len(graph.order) == len(graph.nodes) == sum(counts.values())
    assert all(key == node.id for key, node in graph.nodes.items())
    assert len({(node.origin, node.copy.place if node.copy else ()) for node in graph.nodes.values()}) == len(
        graph.nodes
    )
    own = Counter(
        node.id if node.copy is None else node.origin for node in graph.nodes.values() if not _is_called(node)
    )
    inner = {node.id for node in flow.graph.nodes if node.type != "workflow"}
    assert {name: own[name] for name in inner} == {name: counts[name] for name in inner}
    written = {(e.from_node_id, e.to_node_id, e.condition) for one in (flow, *flows.values()) for e in one.graph.edges}
    place = graph.index
    for edge in graph.edges:
        source, target = graph.nodes[edge.source], graph.nodes[edge.target]
        assert place[edge.source] < place[edge.target]
        assert graph.is_ancestor(edge.source, edge.target)
        if target.inlines and edge.condition is None and source.type in ("start", "end"):
            continue  # the result of a call
        caller = target.copy.caller if target.copy else None
        assert (source.origin, (caller or target).origin, edge.condition) in written


def _is_called(node: object) -> bool:
    copy = getattr(node, "copy", None)
    return copy is not None and any(frame.kind == "call" for frame in copy.place)


class Chance:
    """Decides by the name of a step what becomes of it: the same however a run comes to it."""

    def __init__(self, seed: int, fails: float) -> None:
        self.seed, self.fails = seed, fails

    def decide(self, node_id: str, path: str, offered: list[str]) -> Decision:
        random = Random(f"{self.seed} {node_id} {path}")
        fails, items = random.random() < self.fails, random.choice((0, 1, 2, 3))
        ways = sorted(offered)
        takes_all = random.random() < 0.3
        taken = [way for way in ways if random.random() < 0.5] if takes_all else ways and [random.choice(ways)]
        return Decision(fails, frozenset(taken), items)


Looks = dict[tuple[str, str], dict[str, Seen]]  # node id and path of a step → name → what it means there


def walk(found: Plan, chance: Chance, random: Random) -> tuple[Mapping[Address, StepState], RunState, Looks]:
    """Runs a plan, one step after the other in any order that it allows."""
    states: dict[Address, StepState] = {}
    looks: Looks = {}
    while ready := list(Progress(found, states).list_ready()):
        step = random.choice(ready)
        key = found.key_of(step)
        node, edges = found.graph.nodes[key], found.graph.out_edges[key]
        decision = chance.decide(step.node_id, write_path(step.path), [edge.id for edge in edges])
        looks[step.node_id, write_path(step.path)] = look_back(found, states, step)
        mode = node.type == "branch" and getattr(node.config, "mode", None)
        fails = decision.fails or (not edges and found.list_withheld(key) and mode != "all")
        taken = decision.taken if is_conditional(found.graph, node) else None
        items = decision.items if node.is_each else None
        states[step] = StepState(StepStatus.FAILED) if fails else StepState(StepStatus.SUCCEEDED, taken, items)
        for skipped in Progress(found, states).skip_behind(step):
            assert skipped not in states
            states[skipped] = StepState(StepStatus.SKIPPED)
    return states, Progress(found, states).read_run_state(), looks


def look_back(found: Plan, states: Mapping[Address, StepState], step: Address) -> dict[str, Seen]:
    """What `context.outputs` of each name is at a step, as the paths of the steps that gave it."""
    key, seen = found.key_of(step), dict[str, Seen]()
    ended = {other for other, state in states.items() if state.goes_on}

    def look(keys: Sequence[str], items: Items) -> str | None:
        steps = (found.scopes.locate(other, items) for other in keys)
        return next((write_path(other.path) for other in steps if other in ended), None)

    for name in {node.origin for node in found.graph.nodes.values()}:
        keys = list_newest(found, found.find_named(key, name), step, ended)
        head = find_unshared(found, keys[0], key) if keys else None
        each = states.get(found.scopes.locate(head)) if head else None
        if head is None:
            seen[name] = look(keys, step.items)
        else:
            count = each.item_count or 0 if each and each.goes_on else None
            seen[name] = None if count is None else [look(keys, items) for items in list_items((), count)]
    return seen


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fails", [0.0, 0.05])
def test_a_run_does_what_the_document_says(seed: int, fails: float):
    flow, flows = write_documents(seed)
    if sum(count(flow, flows).values()) > _TOO_MANY:
        return
    chance = Chance(seed, fails)
    interpreter = Interpreter(flows, chance.decide)
    interpreter.play_flow(flow)

    states, ended, looks = walk(plan(flow, flows), chance, Random(seed))

    found = {(step.node_id, write_path(step.path)): state.status.value for step, state in states.items()}
    assert found == interpreter.steps
    assert ended is (RunState.FAILED if "failed" in found.values() else RunState.SUCCEEDED)
    for (node_id, written), newest in looks.items():
        path = written.split("/") if written else []
        called = find_called(flow, flows, path)
        if node_id == "start":
            continue  # of a call it has the names of who calls
        document = Document(called)
        before = [name for name in newest if name in document.nodes and document.is_before(name, node_id)]
        expected = {name: interpreter.find_newest(called, node_id, path, name) for name in before}
        assert {name: newest[name] for name in expected} == expected, (node_id, written)


def find_called(flow: Workflow, flows: Mapping[str, Workflow], path: list[str]) -> Workflow:
    """The workflow of which a step is that stands at this path."""
    for frame in path:
        if frame[0] not in "#[":
            [call] = [node for node in flow.graph.nodes if node.id == frame]
            flow = flows[str(call.workflow_id)]
    return flow
