"""What a document says of a run, played on the document's own graph: a loop round by round, an `each` item by item.

It shares nothing with what it is held against: it knows neither plans nor copies, and finds loops by itself.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from agentmesh_dagster.entities.models import Workflow

OPEN, TAKEN, NOT_TAKEN = "open", "taken", "not taken"  # of an edge: whether its source has ended, and led on by it

Decide = Callable[[str, str, list[str]], Any]  # node id, path, ids of the edges that are offered → see `Decision`


Seen = str | None | list[str | None]  # an output, as the path of the step that gave it; a list over items; or nothing


@dataclass(frozen=True)
class Decision:
    """What becomes of a step that runs."""

    fails: bool
    taken: frozenset[str]  # ids of edges
    items: int = 0  # of an `each`


def settle(states: Iterable[str]) -> str:
    """What several edges into one node come to."""
    found = set(states)
    return OPEN if OPEN in found else TAKEN if TAKEN in found else NOT_TAKEN


@dataclass(frozen=True)
class Part:
    """What is played as one: a node by itself, a loop, or an `each` with what it repeats."""

    head: str
    nodes: frozenset[str]
    is_loop: bool = False


class Document:
    """The nodes and edges of one workflow."""

    def __init__(self, flow: Workflow) -> None:
        self.nodes = {node.id: node for node in flow.graph.nodes}
        self.edges = flow.graph.edges
        self.into = {name: [edge for edge in self.edges if edge.to_node_id == name] for name in self.nodes}
        self.out = {name: [edge for edge in self.edges if edge.from_node_id == name] for name in self.nodes}

    def mode(self, name: str) -> str | None:
        node = self.nodes[name]
        return str(node.config.get("mode", "first")) if node.type == "branch" else None

    @cached_property
    def loops(self) -> list[Part]:
        heads = dict.fromkeys(edge.to_node_id for edge in self.edges if edge.max_rounds)
        return [Part(head, self._find_body(head), is_loop=True) for head in heads]

    def _find_body(self, head: str) -> frozenset[str]:
        body = {head}
        ahead = [edge.from_node_id for edge in self.into[head] if edge.max_rounds]
        while ahead:
            name = ahead.pop()
            if name not in body:
                body.add(name)
                ahead += [edge.from_node_id for edge in self.into[name]]
        return frozenset(body)

    @cached_property
    def regions(self) -> list[Part]:
        return [Part(name, self._find_repeated(name)) for name in self.nodes if self.mode(name) == "each"]

    def _find_repeated(self, each: str) -> frozenset[str]:
        found, ahead = {each}, [edge.to_node_id for edge in self.out[each]]
        while ahead:
            name = ahead.pop()
            if name not in found and name != self.nodes[each].config["join"]:
                found.add(name)
                ahead += [edge.to_node_id for edge in self.out[name]]
        return frozenset(found)

    def list_around(self, name: str) -> list[Part]:
        """The loops, and the `each`, that repeat a node, the outermost first, as its path has them."""
        found = [part for part in self.loops if name in part.nodes]
        found += [part for part in self.regions if name in part.nodes - {part.head}]
        return sorted(found, key=lambda part: -len(part.nodes))

    def is_before(self, name: str, other: str) -> bool:
        """Whether a way leads from the one to the other that begins no new round."""
        seen, ahead = {name}, [name]
        for current in ahead:  # grows while it is walked
            for edge in self.out[current]:
                if not edge.max_rounds and edge.to_node_id not in seen:
                    seen.add(edge.to_node_id)
                    ahead.append(edge.to_node_id)
        return other in seen - {name}

    def split(self, nodes: Collection[str], head: str | None) -> list[Part]:
        """These nodes as parts, of which no two share a node; `head` is that of the loop whose round they are."""
        whole = frozenset(nodes)
        found = [part for part in self.loops if part.nodes <= whole and part.head != head]
        found += [part for part in self.regions if part.nodes <= whole]
        outer = [part for part in found if not any(part.nodes < other.nodes for other in found)]
        covered = set().union(*(part.nodes for part in outer))
        return [*outer, *(Part(name, frozenset([name])) for name in nodes if name not in covered)]


@dataclass
class Interpreter:
    flows: Mapping[str, Workflow]
    decide: Decide
    steps: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])  # node id, path → status

    def play_flow(self, flow: Workflow, path: tuple[str, ...] = (), way_in: str = TAKEN) -> str:
        """Plays a workflow, and says what its ends come to for whoever called it."""
        document = Document(flow)
        [start] = [node.id for node in flow.graph.nodes if node.type == "start"]
        self._play(document, list(document.nodes), None, path, {f"into {start}": way_in}, {})
        ends = [node.id for node in flow.graph.nodes if node.type in ("start", "end")]
        statuses = [self.steps.get((name, "/".join(path))) for name in ends]
        return settle({"succeeded": TAKEN, "skipped": NOT_TAKEN}.get(str(status), OPEN) for status in statuses)

    def find_newest(self, flow: Workflow, name: str, path: Sequence[str], seen: str) -> Seen:
        """The path of the newest step of the node `seen` that ran before this step of the same workflow; that of each
        item, where an `each` stands between them.
        """
        document = Document(flow)
        calls = max((place for place, frame in enumerate(path, 1) if frame[0] not in "#["), default=0)
        mine, theirs = document.list_around(name), document.list_around(seen)
        shared = [one for one, other in zip(mine, theirs, strict=False) if one == other]
        own = _read_numbers(path[calls:])

        def list_ran(node_id: str) -> list[list[int]]:
            """The numbers in the paths of the steps of this node that ran before, the newest last."""
            found: list[list[int]] = []
            for (other, written), status in self.steps.items():
                frames = written.split("/") if written else []
                if (other, status) != (node_id, "succeeded") or frames[:calls] != list(path[:calls]):
                    continue
                if any(frame[0] not in "#[" for frame in frames[calls:]):
                    continue  # of a workflow that is called from there
                numbers = _read_numbers(frames[calls:])
                both = list(zip(shared, numbers, own, strict=False))
                if any(not part.is_loop and number != turn for part, number, turn in both):
                    continue  # of another item
                rounds = [number for _, number, _ in both], [turn for *_, turn in both]
                if rounds[0] < rounds[1] or (rounds[0] == rounds[1] and document.is_before(seen, name)):
                    found.append(numbers)
            return sorted(found)

        def write(numbers: Sequence[int]) -> str:
            frames = [f"#{n}" if part.is_loop else f"[{n}]" for part, n in zip(theirs, numbers, strict=True)]
            return "/".join([*path[:calls], *frames])

        ran = list_ran(seen)
        place = next((at for at in range(len(shared), len(theirs)) if not theirs[at].is_loop), None)
        if place is None:
            return write(ran[-1]) if ran else None
        each = theirs[place].head
        around = ran[-1][:place] if ran else next(reversed(list_ran(each)), None)
        if around is None:
            return None
        frames = [f"#{number}" for number in around]
        count = self.decide(each, "/".join([*path[:calls], *frames]), []).items
        items = [[one for one in ran if one[: place + 1] == [*around, index]] for index in range(count)]
        return [write(one[-1]) if one else None for one in items]

    def _play(
        self,
        document: Document,
        nodes: Collection[str],
        head: str | None,
        path: tuple[str, ...],
        given: Mapping[str, str],
        turns: Mapping[str, int],
    ) -> dict[str, str]:
        """Plays these nodes once, and gives the states of their out-edges."""
        states, waiting = dict(given), document.split(nodes, head)
        while waiting:
            for part in waiting:
                before = [e for e in document.into[part.head] if e.from_node_id in {*nodes} - part.nodes]
                if part.head == head or all(edge.id in states for edge in before):
                    break
            else:
                raise AssertionError("the parts go in circles")
            waiting.remove(part)
            known = [edge.id for edge in document.into[part.head]] if part.head != head else []
            way_in = settle(states[name] for name in [*known, f"into {part.head}"] if name in states)
            if part.is_loop:
                states |= self._play_loop(document, part, path, way_in, turns)
            elif document.mode(part.head) == "each":
                states |= self._play_each(document, part, path, way_in, turns)
            else:
                states |= self._play_node(document, part.head, path, way_in, turns)[1]
        return states

    def _play_loop(
        self, document: Document, loop: Part, path: tuple[str, ...], way_in: str, turns: Mapping[str, int]
    ) -> dict[str, str]:
        back = [edge for edge in document.into[loop.head] if edge.max_rounds]
        left = [edge for name in loop.nodes for edge in document.out[name] if edge.to_node_id not in loop.nodes]
        found: dict[str, list[str]] = {edge.id: [] for edge in left}
        number, again = 0, TAKEN
        while again is TAKEN:
            number += 1
            inside = {f"into {loop.head}": way_in}
            states = self._play(
                document, loop.nodes, loop.head, (*path, f"#{number}"), inside, {**turns, loop.head: number}
            )
            for edge in left:
                if edge.max_rounds and turns[edge.to_node_id] >= edge.max_rounds:
                    continue
                found[edge.id].append(states[edge.id])
            again = settle(states[edge.id] for edge in back if number < (edge.max_rounds or 0))
        return {name: OPEN if again is OPEN else settle(states) for name, states in found.items()}

    def _play_each(
        self, document: Document, region: Part, path: tuple[str, ...], way_in: str, turns: Mapping[str, int]
    ) -> dict[str, str]:
        each, body = region.head, region.nodes - {region.head}
        left = [edge for name in body for edge in document.out[name] if edge.to_node_id not in region.nodes]
        decision, states = self._play_node(document, each, path, way_in, turns)
        if decision is None or decision.fails:
            return states | self._play(document, body, None, path, states, turns)
        if not decision.items:
            return states | {edge.id: TAKEN for edge in left}
        places = [(*path, f"[{index}]") for index in range(decision.items)]
        items = [self._play(document, body, None, place, states, turns) for place in places]
        found = {edge.id: settle(item[edge.id] for item in items) for edge in left}
        straight = any(edge.to_node_id not in region.nodes for edge in document.out[each])
        if not straight and all(state is NOT_TAKEN for state in found.values()):
            found = dict.fromkeys(found, TAKEN)
        return states | found

    def _play_node(
        self, document: Document, name: str, path: tuple[str, ...], way_in: str, turns: Mapping[str, int]
    ) -> tuple[Decision | None, dict[str, str]]:
        node, written = document.nodes[name], "/".join(path)
        if node.type == "workflow" and way_in is not OPEN:
            way_in = self.play_flow(self.flows[str(node.workflow_id)], (*path, name), way_in)
        edges = document.out[name]
        if way_in is not TAKEN:
            if way_in is NOT_TAKEN:
                self.steps[name, written] = "skipped"
            return None, {edge.id: way_in for edge in edges}
        offered = [e.id for e in edges if not e.max_rounds or turns[e.to_node_id] < e.max_rounds]
        decision = self.decide(name, written, offered)
        fails = decision.fails or bool(edges and not offered and document.mode(name) != "all")
        self.steps[name, written] = "failed" if fails else "succeeded"
        if fails:
            return Decision(True, frozenset()), {edge.id: OPEN for edge in edges}
        taken = decision.taken if document.mode(name) in ("first", "all") else set(offered)
        return decision, {edge.id: TAKEN if edge.id in taken else NOT_TAKEN for edge in edges}


def _read_numbers(frames: Iterable[str]) -> list[int]:
    return [int(frame.strip("#[]")) for frame in frames]
