"""Lookup: the agents, tools and other workflows that a workflow may name."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from agentmesh_dagster.entities.models import Agent, Tool, Workflow
from agentmesh_dagster.graph.flow import Flow
from agentmesh_dagster.graph.graph import Graph

# Keys of assets → for each of these that is made, the ids of the workflows that make it.
FindMakers = Callable[[Collection[str]], Mapping[str, Collection[str]]]


def know_no_makers(_: Collection[str]) -> Mapping[str, Collection[str]]:
    """For whoever does not know other workflows."""
    return {}


def find_makers_among(workflows: Mapping[str, Workflow], others: FindMakers = know_no_makers) -> FindMakers:
    """Looks among these workflows, and among others that are not to be replaced by them."""

    def find(keys: Collection[str]) -> dict[str, list[str]]:
        found = {key: [one for one in makers if one not in workflows] for key, makers in others(keys).items()}
        for workflow in workflows.values():
            for key in {*keys}.intersection(workflow.asset.keys if workflow.asset else ()):
                found.setdefault(key, []).append(workflow.id)
        return found

    return find


@dataclass(frozen=True)
class Lookup:
    agents: Mapping[str, Agent] = field(default_factory=dict[str, Agent])  # by id
    tools: Mapping[str, Tool] = field(default_factory=dict[str, Tool])  # by id
    workflows: Mapping[str, Workflow] = field(default_factory=dict[str, Workflow])  # by id, those that these run too
    # By id: those whose end it waits for, those that these wait for, and so on; None: not looked up, so all may be.
    followed: Mapping[str, Workflow] | None = None
    find_makers: FindMakers = know_no_makers
    _last: list[Flow] = field(default_factory=list[Flow], compare=False, repr=False)

    def flow_of(self, graph: Graph) -> Flow:
        """The flow of a graph, worked out once for all of its rules."""
        flow = next(iter(self._last), None)
        if flow is None or flow.graph is not graph:
            flow = Flow(graph, self.tools, self.workflows)
            self._last[:] = [flow]
        return flow


NOTHING_KNOWN = Lookup()
