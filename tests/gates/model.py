"""What a run should come to, told from the documents and from what was given from outside, by playing them.

Written from the specification, sections 2, 2b and 4, and on purpose apart from `graph/progress.py`, which it checks: a
loop is played round by round, an `each` item by item, a sub-workflow where its node stands.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from agentmesh_dagster.entities.models import RunStatus, Workflow
from tests.gates.nodes import (
    End,
    Frame,
    Given,
    Step,
    Where,
    catches,
    choose,
    find_node,
    is_conditional,
    name_edges,
    read_on,
    render,
)
from tests.graph.interpreter import Document, Part

OPEN, TAKEN, NOT_TAKEN, GIVEN_UP = "open", "taken", "not taken", "given up"


@dataclass(frozen=True)
class Way:
    """What an edge leads to, or several into one node: whether the run goes on there, and with which value."""

    state: str
    output: Any = None
    each: str = ""  # whose results these are


_NO = Way(NOT_TAKEN)


class Model:
    """A run of the workflow: `ends` by step, as far as it can have come by now."""

    def __init__(
        self,
        flow: Workflow,
        run_input: Any,
        given: Mapping[Where, Given],  # by gate, or by what else waits
        lost: Collection[Where] = (),  # steps whose worker died in the middle
        flows: Mapping[str, Workflow] | None = None,  # that nodes run, by id
    ) -> None:
        self.flow, self._given, self._lost, self._flows = flow, given, lost, flows or {}
        self._played: dict[Where, End] = {}
        self.child_inputs: dict[Where, Any] = {}
        document = Document(flow)
        start = next(node.id for node in flow.graph.nodes if node.type == "start")
        frame = Frame(document, run_input)
        self._play(frame, document.nodes, None, {start: Way(TAKEN, run_input)}, {})

    @cached_property
    def ends(self) -> Mapping[Where, End]:
        if not self._has_failed:
            return self._played
        return {
            where: replace(end, state="canceled") if end.state == "asked" and self._is_impatient(where) else end
            for where, end in self._played.items()
        }

    @property
    def _has_failed(self) -> bool:
        return any(end.state == "failed" and not end.is_caught for end in self._played.values())

    @property
    def status(self) -> RunStatus:
        if {end.state for end in self.ends.values()} & {"asked", "waiting"}:
            return RunStatus.RUNNING
        return RunStatus.FAILED if self._has_failed else RunStatus.SUCCEEDED

    @property
    def output(self) -> Any:
        """The output of the end that ran, with several a mapping; only of a run that succeeds."""
        return _merge(self._list_ended(self.flow, ""))

    def can_use(self, where: Where, output: Any) -> bool:
        """Whether a gate takes the answer: where edges ask for `approved`, it says so and one of them is taken."""
        node, flow = find_node(self.flow, self._flows, where)
        edges = [edge for edge in flow.graph.edges if edge.from_node_id == node.id and read_on(edge) == "success"]
        if not is_conditional(edges):
            return True
        try:
            return bool(choose(edges, None, output, "first"))
        except KeyError:
            return False

    def _is_impatient(self, where: Where) -> bool:
        return find_node(self.flow, self._flows, where)[0].config.get("onArmFailure") == "cancel"

    def _list_ended(self, flow: Workflow, path: str) -> dict[str, Any]:
        ends = [Where(node.id, path) for node in flow.graph.nodes if node.type == "end"]
        return {end.node_id: self._played[end].output for end in ends if self._played[end].state == "done"}

    # Parts of documents

    def _play(
        self,
        frame: Frame,
        nodes: Collection[str],
        head: str | None,
        begun: Mapping[str, Way],  # where it is entered, and how
        known: Mapping[str, Way],  # by edge
    ) -> dict[str, Way]:
        """Plays these nodes once, and gives what becomes of their out-edges; `head` is that of the loop around them."""
        ways, waiting = dict(known), frame.document.split(nodes, head)
        while waiting:
            part = next(part for part in waiting if self._is_next(frame, part, nodes, head, ways))
            waiting.remove(part)
            way = begun.get(part.head) or _join(frame.document.into[part.head], ways)
            if part.is_loop:
                ways |= self._play_loop(frame, part, way)
            elif frame.document.mode(part.head) == "each":
                ways |= self._play_each(frame, part, way)
            else:
                ways |= self._play_node(frame, part.head, way)
        return ways

    @staticmethod
    def _is_next(frame: Frame, part: Part, nodes: Collection[str], head: str | None, ways: Mapping[str, Way]) -> bool:
        outside = {*nodes} - part.nodes
        before = [edge for edge in frame.document.into[part.head] if edge.from_node_id in outside]
        return part.head == head or all(edge.id in ways for edge in before)

    def _play_loop(self, frame: Frame, loop: Part, way: Way) -> dict[str, Way]:
        back = [edge for edge in frame.document.into[loop.head] if edge.max_rounds]
        left = [edge for name in loop.nodes for edge in frame.document.out[name] if edge.to_node_id not in loop.nodes]
        found: dict[str, list[Way]] = {edge.id: [] for edge in left}
        number = 0
        while True:
            number += 1
            inside = replace(frame.enter(f"#{number}"), turns={**frame.turns, loop.head: number})
            ways = self._play(inside, loop.nodes, loop.head, {loop.head: way}, {})
            for edge in left:
                if frame.offers(edge):
                    found[edge.id].append(ways[edge.id])
            way = _join([edge for edge in back if inside.offers(edge)], ways)
            if way.state != TAKEN:
                break
        later = [way] if way.state in (OPEN, GIVEN_UP) else []
        return {name: _follow([*rounds, *later]) for name, rounds in found.items()}

    def _play_each(self, frame: Frame, region: Part, way: Way) -> dict[str, Way]:
        each, body = frame.document.nodes[region.head], region.nodes - {region.head}
        [first] = {edge.to_node_id for edge in frame.document.out[each.id]}
        left = [edge for name in body for edge in frame.document.out[name] if edge.to_node_id not in region.nodes]
        ways = self._play_node(frame, each.id, way)
        end = self._played[frame.locate(each.id)]
        if end.state != "done":
            return ways | self._play(frame, body, None, {first: _join(frame.document.out[each.id], ways)}, ways)
        on_error = each.config.get("onItemError", "fail")
        results: list[Any] = []
        states: list[str] = []
        for index, item in enumerate(each.config["items"]):
            inside = frame.enter(f"[{index}]")
            inside = inside if on_error == "fail" else replace(inside, faults=[])
            played = self._play(inside, body, None, {first: Way(TAKEN, item)}, ways)
            found = _join(left, played)
            if inside.faults and on_error != "fail":
                results += [{"error": {}}] if on_error == "keep" else []
                states.append(OPEN if OPEN in {played[edge.id].state for edge in left} else NOT_TAKEN)
            else:
                results.append(found.output)
                states.append(found.state)
        state = next((state for state in (GIVEN_UP, OPEN) if state in states), TAKEN)
        return ways | {edge.id: Way(state, results, each.id) for edge in left}

    # Nodes

    def _play_node(self, frame: Frame, name: str, way: Way) -> dict[str, Way]:
        node, edges = frame.document.nodes[name], frame.document.out[name]
        inlines = node.type == "workflow" and node.config.get("mode") != "run"
        faults: list[Where] = []
        if inlines:
            way = self._play_call(frame, node, way, faults)
        where = frame.locate(name)
        if way.state != TAKEN:
            self._played[where] = End("blocked" if way.state == OPEN else "skipped")
            return {edge.id: way for edge in edges}
        if where in self._lost or faults:
            end = End("failed")
        elif inlines:
            end = End("done", way.output, name_edges(frame.list_offered(name, "success")))
        else:
            end = Step(frame, node, way.output, self._given.get(where)).end()
            if node.type == "workflow":
                self.child_inputs[where] = render(node, frame)
        return self._route(frame, where, replace(end, saw=way.output), node)

    def _route(self, frame: Frame, where: Where, end: End, node: Any) -> dict[str, Way]:
        """What becomes of the out-edges behind a step that ran, or waits."""
        edges = frame.document.out[node.id]
        if end.state == "failed" and "onError" in node.config:
            output = node.config["onError"]["output"]
            taken = frame.choose(node, output)
            leads_on = taken or not is_conditional(edges)
            end = replace(end, state="done", output=output, taken=taken) if leads_on else end
        elif end.state == "failed" and catches(edges):
            caught = frame.name_caught(node.id, "error") | frame.name_caught(node.id, "always")
            end = replace(end, taken=caught, is_caught=bool(caught))
        if end.state == "failed" and not end.is_caught and frame.faults is not None:
            frame.faults.append(where)
            self._played[where] = replace(end, is_caught=True)
            return {edge.id: Way(GIVEN_UP) for edge in edges}
        if end.state == "done":
            end = replace(end, taken=end.taken | frame.name_caught(node.id, "always"))
        self._played[where] = end
        goes_on = end.state == "done" or end.is_caught
        return {
            edge.id: Way(TAKEN, end.output) if edge.id in end.taken else Way(NOT_TAKEN if goes_on else OPEN)
            for edge in edges
        }

    def _play_call(self, frame: Frame, node: Any, way: Way, faults: list[Where]) -> Way:
        """Plays what a node calls; gives how the node itself is reached, and what has failed inside that it catches."""
        flow = self._flows[str(node.workflow_id)]
        document = Document(flow)
        inside = replace(frame.enter(node.id), document=document, run_input=render(node, frame), turns={})
        if catches(frame.document.out[node.id]) or "onError" in node.config:
            inside = replace(inside, faults=faults)
        start = next(name for name, found in document.nodes.items() if found.type == "start")
        around = len(frame.faults or ())
        self._play(inside, document.nodes, None, {start: way}, {})
        if way.state != TAKEN:
            return way
        if len(frame.faults or ()) > around:
            return Way(GIVEN_UP)
        path = "/".join(inside.path)
        ends = [self._played[Where(name, path)] for name, found in document.nodes.items() if found.type == "end"]
        if any(end.state not in ("done", "skipped") and not end.is_caught for end in ends):
            return Way(OPEN)
        return Way(TAKEN, _merge(self._list_ended(flow, path)))


def _merge(outputs: Mapping[str, Any]) -> Any:
    return dict(outputs) if len(outputs) > 1 else next(iter(outputs.values()), None)


def _join(edges: Iterable[Any], ways: Mapping[str, Way]) -> Way:
    """What several edges into one node come to: it runs once all are settled, if one of them was taken."""
    found = {edge.id: ways[edge.id] for edge in edges if edge.id in ways}
    for state in (GIVEN_UP, OPEN):
        if any(way.state == state for way in found.values()):
            return Way(state)
    taken = [(edge, found[edge.id]) for edge in edges if edge.id in found and found[edge.id].state == TAKEN]
    return Way(TAKEN, _merge({way.each or edge.from_node_id: way.output for edge, way in taken})) if taken else _NO


def _follow(rounds: Iterable[Way]) -> Way:
    """What an edge out of a loop comes to over all of its rounds: the last that took it counts."""
    rounds = list(rounds)
    for state in (GIVEN_UP, OPEN):
        if any(way.state == state for way in rounds):
            return Way(state)
    return next((way for way in reversed(rounds) if way.state == TAKEN), _NO)
