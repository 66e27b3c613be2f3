"""Turns of children: which of the runs that the steps of a node ask for may go on at once.

Callers hold the lock of the parent's run: `lock_run` in the same transaction.
"""

from collections.abc import Iterator
from itertools import islice

from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.graph.address import Address, Item, Path
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.specs.nodes.workflow import WorkflowNodeConfig
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.children import (
    Child,
    ChildState,
    NewChild,
    Sibling,
    find_child,
    list_siblings,
    name_child,
    set_child_state,
    write_child,
)
from agentmesh_dagster.store.runs import RunHead, RunNotFound, get_run


def ask_for_child(tx: Connection, plan: Plan, run: RunHead, address: Address, step_id: str, wanted: NewChild) -> Child:
    """Writes down which run a step waits for, and whether its turn has come.

    A step that is executed again goes on with the run of before if that failed and was given the same: what succeeded
    in it is kept. One that has succeeded since is taken as it is.
    """
    state = ChildState.DUE if _has_room(tx, plan, run, address) else ChildState.QUEUED
    before, number = find_child(tx, step_id), 0
    if before is not None:
        status = _find_fitting(tx, before, wanted)
        number = before.number if status else before.number + 1
        state = ChildState.STARTED if status is RunStatus.SUCCEEDED else state
    child = Child(step_id, run.id, name_child(step_id, number), number, wanted.workflow_id, wanted.input, state)
    write_child(tx, child)
    return child


def _find_fitting(tx: Connection, before: Child, wanted: NewChild) -> RunStatus | None:
    """How the run of before ended, if it can be gone on with."""
    if (before.workflow_id, before.input) != (wanted.workflow_id, wanted.input):
        return None
    try:
        status = get_run(tx, before.child_run_id).status
    except RunNotFound:
        # Never started, and so its id is free; or pruned since, and then the id may come again, too.
        return RunStatus.PENDING
    return status if status in (RunStatus.FAILED, RunStatus.SUCCEEDED) else None


def grant_turns(tx: Connection, plan: Plan, run: RunHead, address: Address) -> None:
    """One of the children around a step has ended: those that waited for their turn come next, in the items' order."""
    limit = _read_limit(plan, address)
    if limit is None:
        return
    free = limit - _count_going_on(tx, plan, run, address)
    queued = _list_beside(tx, plan, run, address, is_queued=True) if free > 0 else iter(())
    if next_ones := [sibling.step_id for sibling in islice(queued, max(0, free))]:
        set_child_state(tx, next_ones, ChildState.DUE)


def _has_room(tx: Connection, plan: Plan, run: RunHead, address: Address) -> bool:
    limit = _read_limit(plan, address)
    return limit is None or _count_going_on(tx, plan, run, address) < limit


def _count_going_on(tx: Connection, plan: Plan, run: RunHead, address: Address) -> int:
    return sum(1 for _ in _list_beside(tx, plan, run, address, is_queued=False))


def _read_limit(plan: Plan, address: Address) -> int | None:
    config = plan.graph.nodes[plan.key_of(address)].config
    return config.concurrency if isinstance(config, WorkflowNodeConfig) else None


def _list_beside(tx: Connection, plan: Plan, run: RunHead, address: Address, *, is_queued: bool) -> Iterator[Sibling]:
    """The children of the same `each`, in the same round and call, in the items' order."""
    around, key = _cut_item(address.path), plan.key_of(address)
    siblings = list_siblings(tx, run.id, address.node_id, is_queued=is_queued)
    # The rounds and calls inside of the item are not in the path up to it.
    return (one for one in siblings if _cut_item(one.address.path) == around and plan.key_of(one.address) == key)


def _cut_item(path: Path) -> Path:
    """The path up to the innermost item."""
    places = [place for place, frame in enumerate(path) if isinstance(frame, Item)]
    return path[: places[-1]] if places else path
