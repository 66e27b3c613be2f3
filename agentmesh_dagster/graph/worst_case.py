"""The worst case: how many model calls a run may make, as far as its graph tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from agentmesh_dagster.entities.models import Agent, Workflow
from agentmesh_dagster.graph.graph import Graph, GraphNode
from agentmesh_dagster.graph.read import read_graph
from agentmesh_dagster.specs.nodes.agent import AgentConfig
from agentmesh_dagster.specs.nodes.branch import BranchConfig

_DEEPEST = 20  # workflows in workflows; what contains itself is an issue of its own


@dataclass(frozen=True)
class WorstCase:
    """What a node may need at most in one run."""

    node_id: str
    model_calls: int
    factors: tuple[str, ...]  # in words: what it is multiplied from

    def describe(self) -> str:
        how = f" ({' * '.join(self.factors)})" if len(self.factors) > 1 else ""
        return f"`{self.node_id}` {self.model_calls:,}{how}"


def find_worst_cases(
    workflow: Workflow, agents: Mapping[str, Agent], workflows: Mapping[str, Workflow]
) -> list[WorstCase]:
    """For each node that asks models, or runs what asks them, in the order of the document; the largest numbers
    that retries, rounds, items and tool rounds allow. Of what is not known here nothing is said.
    """
    return _Counter(agents, workflows).list_cases(read_graph(workflow), depth=0)


@dataclass(frozen=True)
class _Counter:
    agents: Mapping[str, Agent]
    workflows: Mapping[str, Workflow]

    def list_cases(self, graph: Graph, *, depth: int) -> list[WorstCase]:
        cases: list[WorstCase] = []
        for node in graph.nodes.values():
            if own := self._count_own(node, depth):
                factors = [*_list_repeats(graph, node), *own]
                words = [f"{count:,} {unit}s" for unit, count in factors if count > 1]
                cases.append(WorstCase(node.id, prod(count for _, count in factors), tuple(words)))
        return cases

    def _count_own(self, node: GraphNode, depth: int) -> list[tuple[str, int]]:
        """What one visit of the node may need; empty for one that asks no model."""
        if isinstance(node.config, AgentConfig):
            agent = self.agents.get(node.agent_id or "")
            rounds = node.config.max_tool_rounds if agent is None or agent.tools else 0
            again = 1 if node.config.output_schema is not None else 0  # a reply that does not fit is sent back once
            return [("attempt", node.config.retry.max_attempts), ("call", 1 + rounds + again)]
        called = self.workflows.get(node.workflow_id or "")
        if called is None or depth >= _DEEPEST:
            return []
        inside = sum(case.model_calls for case in self.list_cases(read_graph(called), depth=depth + 1))
        return [("call", inside)] if inside else []


def _list_repeats(graph: Graph, node: GraphNode) -> list[tuple[str, int]]:
    rounds = [("round", loop.max_rounds) for loop in graph.loops.around(node.id)]
    heads = (graph.nodes[head].config for head in graph.scopes.list_heads(node.id))
    return rounds + [("item", config.max_items) for config in heads if isinstance(config, BranchConfig)]
