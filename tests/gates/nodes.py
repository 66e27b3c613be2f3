"""What a node makes of what it gets, by its document and what was given from outside."""

import json
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from agentmesh_dagster.entities.models import Workflow
from tests.graph.interpreter import Document

_CONDITION = re.compile(r"(!?)context\.(input|last_output)\.(\w+)")
_FAILS = re.compile(r"{{ context\.(round|index) > (\d) }}")


def digest(value: Any) -> int:
    """A short stand-in for what a step saw: outputs that hold all they saw would double with every join."""
    return zlib.crc32(json.dumps(simplify(value), sort_keys=True).encode())


def simplify(value: Any) -> Any:
    """A value without what is said of a fault that a list keeps: of that the words are not told beforehand."""
    if isinstance(value, list):
        return [simplify(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "a fault" if name == "error" and isinstance(part, dict) else simplify(part)
        for name, part in value.items()
    }


class Where(NamedTuple):
    """Which step of a run."""

    node_id: str
    path: str = ""


@dataclass(frozen=True)
class Given:
    """How something that a step waited for ended."""

    output: Any
    is_expired: bool = False
    has_failed: bool = False  # a child


@dataclass(frozen=True)
class End:
    """Where a step stands: `done`, `skipped`, `failed`, `asked` (its gate is open), `waiting` for anything else,
    `blocked` by one before it.
    """

    state: str
    output: Any = None
    taken: frozenset[str] = frozenset()  # ids of the out-edges taken on success
    saw: Any = None  # of a step that ran: its input
    is_caught: bool = False


@dataclass(frozen=True)
class Frame:
    """Where a part of a document is played."""

    document: Document
    run_input: Any
    path: tuple[str, ...] = ()
    turns: Mapping[str, int] = field(default_factory=dict[str, int])  # head of a loop → the round
    faults: list[Where] | None = None  # of what deals with faults around; None: nothing does

    def enter(self, part: str) -> "Frame":
        return replace(self, path=(*self.path, part))

    def locate(self, name: str) -> Where:
        return Where(name, "/".join(self.path))

    def offers(self, edge: Any) -> bool:
        """Whether another round may be begun by the edge, if it leads back."""
        return not edge.max_rounds or self.turns[edge.to_node_id] < edge.max_rounds

    def list_offered(self, name: str, ended: str) -> list[Any]:
        """The out-edges of a node that may be followed once it has ended so."""
        return [edge for edge in self.document.out[name] if read_on(edge) == ended and self.offers(edge)]

    def name_caught(self, name: str, ended: str) -> frozenset[str]:
        """The edges `on: error`, or `on: always`, that are followed: all, or the first if one tries once more."""
        edges = self.list_offered(name, ended)
        return name_edges(edges[:1] if any(edge.max_rounds for edge in edges) else edges)

    def choose(self, node: Any, output: Any) -> frozenset[str]:
        """The out-edges that a node with this output takes."""
        edges = self.list_offered(node.id, "success")
        return choose(edges, self.run_input, output, str(node.config.get("mode", "first")))


@dataclass(frozen=True)
class Step:
    """A node that runs."""

    frame: Frame
    node: Any
    saw: Any
    given: Given | None  # how what it waited for ended

    def end(self) -> End:
        """What becomes of it by itself."""
        return _ENDS[self.node.type](self)

    @property
    def edges(self) -> list[Any]:
        return self.frame.document.out[self.node.id]


def _end_start(step: Step) -> End:
    return End("done", step.frame.run_input, name_edges(step.edges))


def _end_end(step: Step) -> End:
    return End("failed" if step.node.config.get("outcome") == "failed" else "done", step.saw)


def _end_tool(step: Step) -> End:
    if _fails(step):
        return End("failed")
    output = {"by": step.node.id, "saw": digest(step.saw)}
    return End("done", output, step.frame.choose(step.node, output))


def _fails(step: Step) -> bool:
    fails = step.node.config["input"].get("fails", False)
    if not isinstance(fails, str):
        return bool(fails)
    found = _FAILS.fullmatch(fails)
    assert found, fails
    mark = {"round": "#", "index": "["}[found[1]]
    number = next(part for part in reversed(step.frame.path) if part[0] == mark).strip("#[]")
    return int(number) > int(found[2])


def _end_branch(step: Step) -> End:
    mode = step.node.config.get("mode", "first")
    if mode == "each":
        return End("done", step.node.config["items"], name_edges(step.edges))
    taken = step.frame.choose(step.node, step.saw)
    if not taken and step.node.config.get("onNoMatch") != "end" and mode != "all":
        return End("failed")
    return End("done", step.saw, taken)


def _end_gate(step: Step) -> End:
    given = step.given
    if given is None:
        return End("asked")
    if given.is_expired and (step.node.config["onDeadline"] == "fail" or given.output is None):
        return End("failed")
    taken = step.frame.choose(step.node, given.output)
    fits = taken if is_conditional(step.edges) else given.output.get("approved") is not False
    return End("done", given.output, taken) if fits else End("failed", given.output)


def _end_wait(step: Step) -> End:
    given = step.given
    if given is None:
        return End("waiting")
    taken = step.frame.choose(step.node, None)
    if "seconds" in step.node.config:
        return End("done", step.saw, taken)
    if given.is_expired and step.node.config["onTimeout"] != "continue":
        return End("failed")
    return End("done", given.output, taken)


def _end_child(step: Step) -> End:
    given = step.given
    if given is None:
        return End("waiting")
    if given.is_expired or given.has_failed:
        return End("failed")
    return End("done", given.output, step.frame.choose(step.node, given.output))


_ENDS = {
    "start": _end_start,
    "end": _end_end,
    "tool": _end_tool,
    "branch": _end_branch,
    "human_approval": _end_gate,
    "wait": _end_wait,
    "workflow": _end_child,
}


def render(node: Any, frame: Frame) -> Any:
    """What a workflow is called with: see `graphs.py`."""
    given = node.config["input"]
    return {flag: frame.run_input[flag] if isinstance(value, str) else value for flag, value in given.items()}


def find_node(flow: Workflow, flows: Mapping[str, Workflow], where: Where) -> tuple[Any, Workflow]:
    """The node of a step, and the document in which it stands."""
    for part in where.path.split("/"):
        if part and part[0] not in "[#":
            caller = next(node for node in flow.graph.nodes if node.id == part)
            flow = flows[str(caller.workflow_id)]
    return next(node for node in flow.graph.nodes if node.id == where.node_id), flow


def choose(edges: Iterable[Any], run_input: Any, last_output: Any, mode: str) -> frozenset[str]:
    matching: list[str] = []
    for edge in edges:
        if edge.condition is not None and _is_true(edge.condition, run_input, last_output):
            matching.append(edge.id)
            if mode == "first":
                return frozenset(matching)
    return frozenset([*matching, *(edge.id for edge in edges if edge.condition is None)])


def _is_true(condition: str, run_input: Any, last_output: Any) -> bool:
    found = _CONDITION.fullmatch(condition)
    assert found, condition
    value = (run_input if found[2] == "input" else last_output)[found[3]]
    return value is not bool(found[1])


def read_on(edge: Any) -> str:
    return edge.on or "success"


def is_conditional(edges: Iterable[Any]) -> bool:
    return any(edge.condition for edge in edges)


def catches(edges: Iterable[Any]) -> bool:
    return any(read_on(edge) != "success" for edge in edges)


def name_edges(edges: Iterable[Any]) -> frozenset[str]:
    return frozenset(edge.id for edge in edges)
