"""The four graphs that everybody runs, and the documents that say them to AgentMesh. Standard library only."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

LATENCIES = (0, 500)  # of the mock model, in milliseconds


@dataclass(frozen=True)
class Shape:
    title: str
    nodes: int  # that do something; AgentMesh's start and end nodes are overhead of theirs
    calls: int  # on the critical path

    def overhead_ms(self, latency_ms: int, wall_s: float) -> float:
        """What a run took for each node beyond the time that its models need at least."""
        return (wall_s * 1000 - self.calls * latency_ms) / self.nodes


GRAPHS = {
    "G1": Shape("chain of 10 agent calls", 10, 10),
    "G2": Shape("20 agent calls at once, then a join", 21, 1),
    "G3": Shape("classify, branch of two arms, join", 4, 3),
    "G4": Shape("2 calls, a gate that a person answers, 2 calls", 5, 4),
}
RUN_INPUT = {"text": "start"}


def build_document(latencies: tuple[int, ...] = LATENCIES) -> dict[str, Any]:
    """Each graph as a workflow `g1-0`, `g1-500`, …, with an agent for each latency."""
    return {
        "agents": [
            {"id": f"mock-{ms}", "name": f"Mock {ms}", "modelProvider": "openai", "modelName": f"mock-{ms}"}
            for ms in latencies
        ],
        "workflows": [_build_workflow(graph, ms) for ms in latencies for graph in GRAPHS],
    }


def name_workflow(graph: str, latency_ms: int) -> str:
    return f"{graph.lower()}-{latency_ms}"


def build_chain(identity: str, length: int, latency_ms: int = 0) -> dict[str, Any]:
    """A workflow of so many agents in a row, each given what the one before it said."""
    first = _build_agent("n0", "{{ context.input.text }}", latency_ms)
    others = [_build_agent(f"n{number}", _LAST, latency_ms) for number in range(1, length)]
    names = ["start", *(f"n{number}" for number in range(length)), "end"]
    return _build(identity, [first, *others], [f"{one} {next_}" for one, next_ in pairwise(names)])


_LAST = "{{ context.last_output.text }}"


def _build_workflow(graph: str, latency_ms: int) -> dict[str, Any]:
    identity = name_workflow(graph, latency_ms)
    if graph == "G1":
        return build_chain(identity, 10, latency_ms)
    if graph == "G2":
        names = [f"n{number}" for number in range(20)]
        agents = [
            _build_agent(name, f"item {number} {{{{ context.input.text }}}}", latency_ms)
            for number, name in enumerate(names)
        ]
        # The end node is the join: it has what all of them said.
        return _build(identity, agents, [*(f"start {name}" for name in names), *(f"{name} end" for name in names)])
    if graph == "G3":
        nodes = [
            _build_agent("cls", "CLASSIFY {{ context.input.text }}", latency_ms),
            {"id": "branch", "type": "branch"},
            _build_agent("a", "arm A {{ context.input.text }}", latency_ms),
            _build_agent("b", "arm B {{ context.input.text }}", latency_ms),
            _build_agent("join", "join {{ context.input.text }}", latency_ms),
        ]
        edges = ["start cls", "cls branch", "branch a", "branch b", "a join", "b join", "join end"]
        workflow = _build(identity, nodes, edges)
        workflow["graph"]["edges"][2]["condition"] = 'context.outputs.cls.text == "left"'
        return workflow
    nodes = [
        _build_agent("n0", "{{ context.input.text }}", latency_ms),
        _build_agent("n1", _LAST, latency_ms),
        {"id": "gate", "type": "human_approval"},
        _build_agent("n2", "{{ context.outputs.n1.text }}", latency_ms),
        _build_agent("n3", _LAST, latency_ms),
    ]
    return _build(identity, nodes, ["start n0", "n0 n1", "n1 gate", "gate n2", "n2 n3", "n3 end"])


def _build_agent(identity: str, prompt: str, latency_ms: int) -> dict[str, Any]:
    return {"id": identity, "type": "agent", "agentId": f"mock-{latency_ms}", "config": {"prompt": prompt}}


def _build(identity: str, nodes: list[dict[str, Any]], edges: list[str]) -> dict[str, Any]:
    written = [
        {"id": f"e{number}", "fromNodeId": ends.split()[0], "toNodeId": ends.split()[1]}
        for number, ends in enumerate(edges)
    ]
    around = [{"id": "start", "type": "start"}, *nodes, {"id": "end", "type": "end"}]
    return {"id": identity, "name": identity.upper(), "graph": {"nodes": around, "edges": written}}
