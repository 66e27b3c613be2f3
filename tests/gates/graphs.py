"""Random small workflows with all that waits, repeats, calls and catches, as hypothesis draws them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from agentmesh_dagster.entities.models import Workflow
from tests.shapes import node, workflow

FLAGS = ("f0", "f1")

inputs = st.fixed_dictionaries({flag: st.booleans() for flag in FLAGS})

_WAITS = ("timer", "event", "callback")
_KINDS = ("gate", "tool", "gate", "gate", "tool", "branch", "failing", *_WAITS)
_PARTS = ("loop", "each", "call", "child")
NEWS = "news"  # the event that all wait for
_BRANCHES = st.sampled_from([{}, {"mode": "all"}, {"onNoMatch": "end"}])
_DEADLINES = st.sampled_from([None, "fail", "approve", "reject"])
_LONG_SECONDS = 600_000
_CATCHABLE = {"gate", "ask", "tool", "failing", "work", "branch", "call", "child", *_WAITS}

# A form, so that an answer without `approved` goes on where no edge asks for it.
_FORM = {"type": "object", "properties": {"payload": {}}}
_FALLBACK = {"approved": True, "comment": "a fallback"}


@dataclass(frozen=True)
class Drawn:
    """A workflow, and those that its nodes run, be it through others."""

    flow: Workflow
    called: tuple[Workflow, ...] = ()

    def _repr_pretty_(self, printer: Any, _cycle: bool) -> None:
        printer.text("\n".join(_describe(flow) for flow in (self.flow, *self.called)))

    @property
    def flows(self) -> dict[str, Workflow]:
        return {flow.id: flow for flow in self.called}


def _describe(flow: Workflow) -> str:
    nodes = [f"{node.id}: {node.type} {node.workflow_id or ''} {node.config or ''}" for node in flow.graph.nodes]
    edges = [
        f"{edge.from_node_id} -> {edge.to_node_id}"
        + (f" if {edge.condition}" if edge.condition else "")
        + (f" on {edge.on}" if edge.on else "")
        + (f", {edge.max_rounds} rounds" if edge.max_rounds else "")
        for edge in flow.graph.edges
    ]
    return "\n    ".join([f"workflow {flow.id}", *nodes, *edges])


@dataclass(frozen=True)
class _Part:
    """Something that is entered at one node and left at one node."""

    entry: str
    exit: str


@dataclass(frozen=True)
class _Around:
    """What stands around a part."""

    depth: int = 0
    is_in_each: bool = False
    is_in_loop: bool = False

    def enter_each(self) -> "_Around":
        return _Around(self.depth + 1, True, self.is_in_loop)

    def enter_loop(self) -> "_Around":
        return _Around(self.depth + 1, self.is_in_each, True)


@st.composite
def workflows(draw: st.DrawFn, most: int = 5) -> Drawn:
    """A workflow of at most `most` nodes or parts between start and its ends; a gate is among them."""
    called: list[Workflow] = []
    repeats: set[str] = set()
    for number in range(draw(st.sampled_from([0, 1, 1, 2]))):
        author = _Author(draw, tuple(flow.id for flow in called), frozenset(repeats))
        called.append(author.write(f"c{number}", draw(st.integers(1, 2))))
        repeats |= {f"c{number}"} if author.has_each else set()
    author = _Author(draw, tuple(flow.id for flow in called), frozenset(repeats))
    return Drawn(author.write("w", draw(st.integers(1, most)), asks=True), tuple(called))


@dataclass
class _Author:
    """Writes one workflow."""

    draw: st.DrawFn
    callable_ids: tuple[str, ...]
    repeating_ids: frozenset[str]  # of those that have an `each`, which cannot be inlined into another one
    nodes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    inner: list[str] = field(default_factory=list[str])  # edges inside of parts
    has_each: bool = False

    def write(self, identity: str, count: int, *, asks: bool = False) -> Workflow:
        kinds = [self._draw_kind(_Around()) for _ in range(count)]
        if asks and not {"gate", "loop"} & {*kinds}:
            kinds[self.draw(st.integers(0, count - 1))] = "gate"
        parts = [self._write(kind, _Around()) for kind in kinds]
        entries, exits = [part.entry for part in parts], ["start", *(part.exit for part in parts)]
        pairs = [
            (exits[place - self.draw(st.integers(0, min(place, 3)))], entry)
            for place, entry in enumerate(entries)
            for _ in range(self.draw(st.sampled_from([1, 1, 2, 2, 3])))
        ]
        ends = ["end", "other"][: self.draw(st.integers(1, 2))]
        leaves = [name for name in exits[1:] if all(source != name for source, _ in pairs)]
        pairs += [(leaf, ends[self.draw(st.integers(0, len(ends) - 1))]) for leaf in leaves]
        ends = [end for end in ends if any(target == end for _, target in pairs)]
        written = [edge for source in exits for edge in self._write_edges(source, [b for a, b in pairs if a == source])]
        outcomes = [_outcome(end, self.draw(st.integers(0, 9))) for end in ends]
        nodes = [node("start", "start"), *self.nodes]
        nodes += [node(end, "end", **outcome) for end, outcome in zip(ends, outcomes, strict=True)]
        return workflow(identity, nodes, [*self.inner, *written])

    def _draw_kind(self, around: _Around) -> str:
        able = [kind for kind in _PARTS if self._can_stand(kind, around)]
        kind = self.draw(st.sampled_from(able if able and self.draw(st.booleans()) else _KINDS))
        # Failures are rare: most of what is behind one never runs.
        return "tool" if kind == "failing" and self.draw(st.integers(0, 2)) else kind

    def _can_stand(self, kind: str, around: _Around) -> bool:
        if kind in ("call", "child"):
            return bool(self._list_callable(kind, around))
        return around.depth < 2 and not (kind == "each" and around.is_in_each)

    def _list_callable(self, kind: str, around: _Around) -> list[str]:
        is_free = kind == "child" or not around.is_in_each
        return [name for name in self.callable_ids if is_free or name not in self.repeating_ids]

    def _add(self, kind: str, node_type: str, **fields: Any) -> str:
        name = f"{'x' if kind == 'failing' else kind[0]}{len(self.nodes)}"
        self.nodes.append(node(name, node_type, **fields))
        self.kinds[name] = kind
        return name

    def _write(self, kind: str, around: _Around) -> _Part:
        if kind in ("loop", "each"):
            return getattr(self, f"_write_{kind}")(around)
        if kind in ("failing", "call", "child"):
            name = getattr(self, f"_write_{kind}")(kind, around)
        else:
            name = getattr(self, f"_write_{'wait' if kind in _WAITS else kind}")(kind)
        return _Part(name, name)

    def _write_chain(self, around: _Around) -> _Part:
        parts = [self._write(self._draw_kind(around), around) for _ in range(self.draw(st.sampled_from([1, 1, 2])))]
        for part, behind in pairwise(parts):
            self.inner += self._write_edges(part.exit, [behind.entry])
        return _Part(parts[0].entry, parts[-1].exit)

    def _write_loop(self, around: _Around) -> _Part:
        """Redone until somebody approves, for as long as a flag says, or as long as it fails."""
        how = self.draw(st.sampled_from(["ask", "ask", "again", "fails"]))
        rounds = self.draw(st.sampled_from([2, 3]))
        head = self._write_tool("tool")
        chain = self._write_chain(around.enter_loop())
        self.inner += self._write_edges(head, [chain.entry])
        if how == "ask":
            last, edge = self._write_gate("ask"), "if !context.last_output.approved"
        elif how == "again":
            last, edge = self._add("branch", "branch"), f"if {self._draw_flag()}"
            self.kinds[last] = "again"
        else:
            last, edge = self._write_failing("failing", around.enter_loop()), "on error"
            self.kinds[last] = "work"
            self.nodes[-1]["config"].pop("onError", None)
        self.inner += self._write_edges(chain.exit, [last])
        self.inner.append(f"{last} -> {head} {edge}, {rounds} rounds")
        return _Part(head, last)

    def _write_each(self, around: _Around) -> _Part:
        self.has_each = True
        each = self._add("each", "branch", mode="each", items=self.draw(st.sampled_from([[1, 2], [1, 2, 3], [1], []])))
        said = self.nodes[-1]["config"]
        chain = self._write_chain(around.enter_each())
        join = self._write_tool("tool")
        said["join"] = join
        if how := self.draw(st.sampled_from([None, "skip", "keep"])):
            said["onItemError"] = how
        self.inner += [f"{each} -> {chain.entry}", *self._write_edges(chain.exit, [join])]
        return _Part(each, join)

    def _write_gate(self, kind: str) -> str:
        on_deadline = self.draw(_DEADLINES)
        timed = {"deadlineSeconds": _LONG_SECONDS, "onDeadline": on_deadline} if on_deadline else {}
        patient: dict[str, Any] = {} if self.draw(st.integers(0, 2)) else {"onArmFailure": "cancel"}
        return self._add(kind, "human_approval", schema=_FORM, **timed, **patient, **self._draw_fallback())

    def _write_wait(self, kind: str) -> str:
        return self._add(kind, "wait", **self._draw_wait(kind))

    def _draw_wait(self, kind: str) -> dict[str, Any]:
        if kind == "timer":
            return {"seconds": _LONG_SECONDS}
        on_timeout = self.draw(st.sampled_from([None, None, "fail", "continue"]))
        timed: dict[str, Any] = {"timeoutSeconds": _LONG_SECONDS, "onTimeout": on_timeout} if on_timeout else {}
        if kind == "callback":
            return {"callback": True, **timed}
        match: dict[str, Any] = {} if self.draw(st.booleans()) else {"match": "context.event.number % 2 == 0"}
        return {"event": {"name": NEWS, **match}, **timed}

    def _write_branch(self, kind: str) -> str:
        return self._add(kind, "branch", **self.draw(_BRANCHES))

    def _write_tool(self, kind: str) -> str:
        name = self._add(kind, "tool", toolId="keep_note")
        self.nodes[-1]["config"] |= {"input": {"what": name, "saw": "{{ context.last_output }}"}}
        return name

    def _write_failing(self, kind: str, around: _Around) -> str:
        ways: list[Any] = [True]
        ways += ["{{ context.round > 1 }}"] * 2 if around.is_in_loop else []
        ways += ["{{ context.index > 0 }}"] * 2 if around.is_in_each else []
        name = self._write_tool(kind)
        self.nodes[-1]["config"]["input"]["fails"] = self.draw(st.sampled_from(ways))
        self.nodes[-1]["config"] |= self._draw_fallback()
        return name

    def _write_call(self, kind: str, around: _Around) -> str:
        return self._add(kind, "workflow", **self._draw_called(kind, around), **self._draw_fallback())

    def _write_child(self, kind: str, around: _Around) -> str:
        timed: dict[str, Any] = {} if self.draw(st.integers(0, 2)) else {"timeoutSeconds": _LONG_SECONDS}
        limited: dict[str, Any] = {"concurrency": 1} if around.is_in_each and self.draw(st.booleans()) else {}
        called = self._draw_called(kind, around)
        return self._add(kind, "workflow", mode="run", **called, **timed, **limited, **self._draw_fallback())

    def _draw_called(self, kind: str, around: _Around) -> dict[str, Any]:
        name = self.draw(st.sampled_from(self._list_callable(kind, around)))
        given: dict[str, Any] = {"f0": self.draw(st.booleans()), "f1": "{{ context.input.f1 }}"}
        return {"workflowId": name, "input": given}

    def _draw_fallback(self) -> dict[str, Any]:
        return {} if self.draw(st.integers(0, 6)) else {"onError": {"output": _FALLBACK}}

    def _draw_flag(self) -> str:
        return f"{self.draw(st.sampled_from(['', '!']))}context.input.{self.draw(st.sampled_from(FLAGS))}"

    def _write_edges(self, source: str, targets: Sequence[str]) -> list[str]:
        """The edges as text: of branches and some gates with conditions, the last one often without; some catch."""
        kind = self.kinds.get(source, "start")
        config = next((found["config"] for found in self.nodes if found["id"] == source), {})
        catches = kind in _CATCHABLE and "onError" not in config and not self.draw(st.integers(0, 3))
        catching = self.draw(st.sampled_from(["error", "error", "always"])) if catches else None
        plain = [*targets]
        caught = [plain.pop() if len(plain) > 1 else plain[0]] if catching else []
        is_conditional = kind in ("branch", "again", "ask") or (kind == "gate" and self.draw(st.booleans()))
        edges: list[str] = []
        for place, target in enumerate(plain):
            is_default = place == len(plain) - 1 and (kind in ("again", "work") or self.draw(st.booleans()))
            condition = ""
            if is_conditional and not is_default:
                said = "context.last_output.approved"
                asked = said if kind == "ask" else f"{self.draw(st.sampled_from(['', '!']))}{said}"
                condition = f" if {asked if kind in ('gate', 'ask') else self._draw_flag()}"
            edges.append(f"{source} -> {target}{condition}")
        return [*edges, *(f"{source} -> {target} on {catching}" for target in caught)]


def _outcome(end: str, chance: int) -> dict[str, str]:
    return {"outcome": "failed"} if end == "other" and chance == 0 else {}
