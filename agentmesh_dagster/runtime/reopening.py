"""Reopening: what failed is pending again, for a launch that executes it anew.

Callers hold the run's lock: `lock_run` in the same transaction.
"""

from collections.abc import Collection

from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.steps import list_given_up, read_states, remove_skipped, reopen_given_up, reopen_steps


def reopen(tx: Connection, plan: Plan, run_id: str, launch_id: str, chosen: Collection[Address] | None = None) -> None:
    """Makes the steps that failed, of those chosen, pending again; `chosen` None means all.

    Where a sub-workflow failed, what failed inside of it is executed anew, and all that was skipped behind that.
    """
    reopen_steps(tx, run_id, launch_id, chosen)
    states = read_states(tx, run_id)
    calls = [step for step, state in states.items() if state.status is StepStatus.PENDING and _is_call(plan, step)]
    for call in calls:  # grows: a call inside of it may have failed, too
        inside = plan.graph.catchers.list_inside(plan.key_of(call))
        own = plan.graph.catchers.choose_own(inside)
        origins = {plan.graph.nodes[node_id].origin for node_id in own}
        failed = [step for step in list_given_up(tx, run_id, origins) if _is_in(plan, step, own, call)]
        calls += [step for step in failed if _is_call(plan, step)]
        bits = 0
        for step in failed:
            bits |= plan.graph.descendant_bits[plan.key_of(step)]
        skipped = [
            step
            for step, other in states.items()
            if other.status is StepStatus.SKIPPED
            and _is_in(plan, step, inside, call)
            and bits >> plan.graph.index[plan.key_of(step)] & 1
        ]
        reopen_given_up(tx, run_id, launch_id, failed)
        remove_skipped(tx, run_id, skipped)


def _is_call(plan: Plan, step: Address) -> bool:
    key = plan.scopes.find(step)
    return key is not None and plan.graph.nodes[key].inlines


def _is_in(plan: Plan, step: Address, inside: Collection[str], call: Address) -> bool:
    return plan.scopes.find(step) in inside and step.items[: len(call.items)] == call.items
