"""What a run should come to, told from the document and the answers alone, by plain recursion.

Written from the specification, sections 2 and 4, and on purpose apart from `graph/progress.py`, which it checks.
"""

import re
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from agentmesh_dagster.entities.json_values import write_json
from agentmesh_dagster.entities.models import RunStatus, Workflow

_CONDITION = re.compile(r"(!?)context\.(input|last_output)\.(\w+)")

DEADLINE_COMMENT = "The deadline passed without an answer."


def digest(value: Any) -> int:
    """A short stand-in for what a step saw: outputs that hold all they saw would double with every join."""
    return zlib.crc32(write_json(value).encode())


@dataclass(frozen=True)
class Given:
    """How a gate was closed."""

    output: Any
    is_expired: bool = False


@dataclass(frozen=True)
class End:
    """Where a node stands: `done`, `skipped`, `failed`, `asked` (its gate is open), `waiting` for anything else,
    `blocked` by one before it.
    """

    state: str
    output: Any = None
    taken: frozenset[str] = frozenset()  # ids of the out-edges taken
    saw: Any = None  # a node that ran: its input


@dataclass(frozen=True)
class Model:
    workflow: Workflow
    run_input: Any
    given: Mapping[str, Given]  # by node id of the gate, or of what else waits
    lost: Collection[str] = ()  # nodes whose worker died in the middle

    @cached_property
    def ends(self) -> dict[str, End]:
        ends = {node.id: self.end_of(node.id) for node in self.workflow.graph.nodes}
        if all(end.state != "failed" for end in ends.values()):
            return ends
        impatient = {node.id for node in self.workflow.graph.nodes if node.config.get("onArmFailure") == "cancel"}
        return {
            node_id: replace(end, state="canceled") if end.state == "asked" and node_id in impatient else end
            for node_id, end in ends.items()
        }

    @property
    def status(self) -> RunStatus:
        states = {end.state for end in self.ends.values()}
        if states & {"asked", "waiting"}:
            return RunStatus.RUNNING
        return RunStatus.FAILED if "failed" in states else RunStatus.SUCCEEDED

    @property
    def output(self) -> Any:
        """The output of the end that ran, with several a mapping; only of a run that succeeds."""
        ended = {
            node.id: self.ends[node.id].output
            for node in self.workflow.graph.nodes
            if node.type == "end" and self.ends[node.id].state == "done"
        }
        return ended if len(ended) > 1 else next(iter(ended.values()), None)

    def end_of(self, node_id: str) -> End:
        known: dict[str, End] = self.__dict__.setdefault("_known", {})
        if node_id not in known:
            known[node_id] = self._work_out(node_id)
        return known[node_id]

    def _work_out(self, node_id: str) -> End:
        taken: dict[str, Any] = {}
        edges = [edge for edge in self.workflow.graph.edges if edge.to_node_id == node_id]
        for edge in edges:
            source = self.end_of(edge.from_node_id)
            if source.state not in ("done", "skipped"):
                return End("blocked")
            if source.state == "done" and edge.id in source.taken:
                taken[edge.from_node_id] = source.output
        if edges and not taken:
            return End("skipped")
        saw = self.run_input
        if edges:
            saw = next(iter(taken.values())) if len(taken) == 1 else taken
        if node_id in self.lost:
            return End("failed", saw=saw)
        node = next(node for node in self.workflow.graph.nodes if node.id == node_id)
        return getattr(self, f"_do_{node.type}")(node, saw)

    def _do_start(self, node: Any, saw: Any) -> End:
        return End("done", saw, self._all(node), saw)

    def _do_end(self, node: Any, saw: Any) -> End:
        if node.config.get("outcome") == "failed":
            return End("failed", saw=saw)
        return End("done", saw, saw=saw)

    def _do_tool(self, node: Any, saw: Any) -> End:
        if node.config["input"].get("fails"):
            return End("failed", saw=saw)
        return End("done", {"by": node.id, "saw": digest(saw)}, self._all(node), saw)

    def _do_branch(self, node: Any, saw: Any) -> End:
        taken = self._choose(node, saw, node.config.get("mode", "first"))
        if not taken and node.config.get("onNoMatch") != "end" and node.config.get("mode") != "all":
            return End("failed", saw=saw)
        return End("done", saw, taken, saw)

    def _do_human_approval(self, node: Any, saw: Any) -> End:
        given = self.given.get(node.id)
        if given is None:
            return End("asked", saw=saw)
        if given.is_expired and node.config["onDeadline"] == "fail":
            return End("failed", saw=saw)
        if not any(edge.condition for edge in self._out(node)):
            rejected = given.output.get("approved") is False
            return End("failed", saw=saw) if rejected else End("done", given.output, self._all(node), saw)
        if given.output is None:  # a deadline whose answer no edge can use
            return End("failed", saw=saw)
        return End("done", given.output, self._choose(node, given.output, "first"), saw)

    def _do_wait(self, node: Any, saw: Any) -> End:
        given = self.given.get(node.id)
        if given is None:
            return End("waiting", saw=saw)
        if "seconds" in node.config:
            return End("done", saw, self._all(node), saw)
        if given.is_expired:
            goes_on = node.config["onTimeout"] == "continue"
            return End("done", None, self._all(node), saw) if goes_on else End("failed", saw=saw)
        return End("done", given.output, self._all(node), saw)

    def can_use(self, node_id: str, output: Any) -> bool:
        """Whether a gate takes the answer: where edges ask for `approved`, it says so and one of them is taken."""
        node = next(node for node in self.workflow.graph.nodes if node.id == node_id)
        if not any(edge.condition for edge in self._out(node)):
            return True
        try:
            return bool(self._choose(node, output, "first"))
        except KeyError:
            return False

    def _choose(self, node: Any, last_output: Any, mode: str) -> frozenset[str]:
        matching: list[str] = []
        for edge in self._out(node):
            if edge.condition is not None and self._is_true(edge.condition, last_output):
                matching.append(edge.id)
                if mode == "first":
                    return frozenset(matching)
        matching += [edge.id for edge in self._out(node) if edge.condition is None]
        return frozenset(matching)

    def _is_true(self, condition: str, last_output: Any) -> bool:
        found = _CONDITION.fullmatch(condition)
        assert found, condition
        value = (self.run_input if found[2] == "input" else last_output)[found[3]]
        return value is not bool(found[1])

    def _out(self, node: Any) -> list[Any]:
        return [edge for edge in self.workflow.graph.edges if edge.from_node_id == node.id]

    def _all(self, node: Any) -> frozenset[str]:
        return frozenset(edge.id for edge in self._out(node))
