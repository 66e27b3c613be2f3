"""Random documents with loops, branches, arms, an `each` and sub-workflows, nested into each other."""

from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from agentmesh_dagster.entities.models import Workflow
from tests.shapes import node

End = tuple[str, str | None]  # a node that leads on, and the condition


@dataclass(frozen=True)
class _Around:
    """What stands around a part of a graph."""

    depth: int = 0
    loops: tuple[tuple[str, list[End]], ...] = ()  # head, and what leaves it from inside; the innermost last
    is_in_each: bool = False


@dataclass
class Author:
    """Writes one workflow; `callable_ids` says of each that it may call whether it goes over a list."""

    random: Random
    callable_ids: dict[str, bool] = field(default_factory=dict[str, bool])
    nodes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    edges: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    has_each: bool = False
    conditions: int = 0

    def write(self, identity: str) -> Workflow:
        self._add("start", "start")
        entry, ends = self._write_chain(_Around())
        self._lead([("start", None)], entry)
        for number, group in enumerate(self._split(ends)):
            self._add(f"end{number}", "end")
            self._lead(group, f"end{number}")
        graph = {"nodes": self.nodes, "edges": self.edges}
        return Workflow.model_validate({"id": identity, "name": identity, "graph": graph})

    def _split(self, ends: list[End]) -> list[list[End]]:
        cut = self.random.randint(1, len(ends))
        return [part for part in (ends[:cut], ends[cut:]) if part]

    def _add(self, identity: str, node_type: str, **fields: Any) -> str:
        self.nodes.append(node(identity, node_type, **fields))
        return identity

    def _name(self, kind: str) -> str:
        return f"{kind}{len(self.nodes)}"

    def _step(self) -> str:
        return self._add(self._name("s"), "tool", toolId="say", input={"template": "x"})

    def _lead(self, ends: list[End], target: str, rounds: int | None = None) -> None:
        for source, condition in ends:
            edge = {"id": f"e{len(self.edges)}", "fromNodeId": source, "toNodeId": target}
            edge |= ({"condition": condition} if condition else {}) | ({"maxRounds": rounds} if rounds else {})
            self.edges.append(edge)

    def _condition(self) -> str:
        self.conditions += 1
        return f"context.input == {self.conditions}"

    def _write_chain(self, around: _Around) -> tuple[str, list[End]]:
        entry, ends = self._write_part(around)
        for _ in range(self.random.choice((0, 0, 1, 1, 2))):
            behind, following = self._write_part(around)
            self._lead(ends, behind)
            ends = following
        return entry, ends

    def _write_part(self, around: _Around) -> tuple[str, list[End]]:
        kinds = ["step"] * 2 + ["call"] * bool(self.callable_ids)
        if around.depth < 3:
            kinds += ["choice", "choice", "arms", "loop", "loop", "head"] + ["each"] * (not around.is_in_each)
        part = getattr(self, f"_write_{self.random.choice(kinds)}")
        return part(replace(around, depth=around.depth + 1))

    def _write_step(self, _: _Around) -> tuple[str, list[End]]:
        step = self._step()
        return step, [(step, None)]

    def _write_call(self, around: _Around) -> tuple[str, list[End]]:
        able = [name for name, has_each in self.callable_ids.items() if not (has_each and around.is_in_each)]
        if not able:
            return self._write_step(around)
        name = self.random.choice(able)
        self.has_each |= self.callable_ids[name]
        call = self._add(self._name("call"), "workflow", workflowId=name)
        return call, [(call, None)]

    def _write_choice(self, around: _Around) -> tuple[str, list[End]]:
        branch = self._add(self._name("b"), "branch", mode=self.random.choice(("first", "first", "all")))
        ends: list[End] = [(branch, None)]
        for _ in range(self.random.choice((1, 2))):
            way: End = (branch, self._condition())
            if around.loops and self.random.random() < 0.4:
                head, leaving = self.random.choice(around.loops)
                if self.random.random() < 0.5:
                    self._lead([way], head, self.random.choice((2, 3)))
                else:
                    leaving.append(way)
                continue
            entry, following = self._write_chain(around)
            self._lead([way], entry)
            ends += following
        return branch, ends

    def _write_arms(self, around: _Around) -> tuple[str, list[End]]:
        step = self._step()
        ends: list[End] = []
        for _ in range(2):
            entry, following = self._write_chain(around)
            self._lead([(step, None)], entry)
            ends += following
        return step, ends

    def _write_loop(self, around: _Around) -> tuple[str, list[End]]:
        """A loop that a branch at its end lets out, or nothing does."""
        head, leaving = self._step(), list[End]()
        entry, ends = self._write_chain(replace(around, loops=(*around.loops, (head, leaving))))
        self._lead([(head, None)], entry)
        more = self._add(self._name("b"), "branch", mode=self.random.choice(("first", "all")))
        self._lead(ends, more)
        self._lead([(more, self._condition())], head, self.random.choice((2, 3)))
        return head, [(more, None), *leaving]

    def _write_head(self, around: _Around) -> tuple[str, list[End]]:
        """A loop whose head lets it out."""
        head, leaving = self._add(self._name("b"), "branch"), list[End]()
        way: End = (head, self._condition())
        entry, ends = self._write_chain(replace(around, loops=(*around.loops, (head, leaving))))
        self._lead([way], entry)
        last = self._step()
        self._lead(ends, last)
        self._lead([(last, None)], head, self.random.choice((2, 3)))
        return head, [(head, None), *leaving]

    def _write_each(self, around: _Around) -> tuple[str, list[End]]:
        self.has_each = True
        each, join = self._add(self._name("each"), "branch", mode="each", items="context.input"), self._step()
        self.nodes[-2]["config"]["join"] = join
        entry, ends = self._write_chain(_Around(around.depth, (), is_in_each=True))
        self._lead([(each, None)], entry)
        self._lead(ends, join)
        return each, [(join, None)]


def write_documents(seed: int) -> tuple[Workflow, dict[str, Workflow]]:
    """A workflow, and those that it calls, be it through others."""
    random = Random(seed)
    callable_ids: dict[str, bool] = {}
    flows: dict[str, Workflow] = {}
    for number in range(random.choice((0, 0, 1, 2))):
        author = Author(random, dict(callable_ids))
        flows[f"called{number}"] = author.write(f"called{number}")
        callable_ids[f"called{number}"] = author.has_each
    return Author(random, callable_ids).write("whole"), flows
