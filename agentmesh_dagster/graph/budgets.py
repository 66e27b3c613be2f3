"""Budgets of a run: which of them the model calls of a step count toward."""

from collections.abc import Iterator
from dataclasses import dataclass

from agentmesh_dagster.entities.budgets import Budget
from agentmesh_dagster.graph.address import Address, Call, Path, write_path
from agentmesh_dagster.graph.graph import GraphNode
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.specs.node_config import SpendingConfig


@dataclass(frozen=True)
class RunBudget:
    """A budget that counts within one run."""

    key: str  # unique in the run
    name: str  # whose it is, in words
    budget: Budget


def list_run_budgets(plan: Plan, address: Address) -> list[RunBudget]:
    """The budgets of the run toward which a step's model calls count, the widest first.

    A node's budget is one for all rounds and items; that of an inlined workflow one for each time that it is called.
    """
    return list(_find(plan, address))


def _find(plan: Plan, address: Address) -> Iterator[RunBudget]:
    if plan.workflow.budget is not None:
        yield RunBudget("run", "the run", plan.workflow.budget)
    for depth, frame in enumerate(address.path, start=1):
        if not isinstance(frame, Call):
            continue
        around = address.path[:depth]
        start = plan.graph.nodes[plan.starts[Address("", around).place]]
        caller = start.copy.caller if start.copy else None
        if caller is not None:
            yield from _find_of_node(caller, around[:-1])
        called = plan.find_called(Address("", around).place)
        if called.budget is not None:
            yield RunBudget(f"call/{write_path(around)}", f"the call of `{called.name}`", called.budget)
    yield from _find_of_node(plan.node_of(address), address.path)


def _find_of_node(node: GraphNode, around: Path) -> Iterator[RunBudget]:
    config = node.config
    if isinstance(config, SpendingConfig) and config.budget is not None:
        calls = tuple(frame for frame in around if isinstance(frame, Call))
        key = f"node/{write_path((*calls, Call(node.origin)))}"
        yield RunBudget(key, f"the node `{node.title}`", config.budget)
