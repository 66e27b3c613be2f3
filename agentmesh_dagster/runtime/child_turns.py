"""Turns of children: which of the runs that the steps of a node ask for may go on at once.

Callers hold the lock of the parent's run: `lock_run` in the same transaction.
"""

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
    beside = _list_beside(tx, plan, run, address)
    free = limit - sum(sibling.state is not ChildState.QUEUED for sibling in beside)
    queued = [sibling for sibling in beside if sibling.state is ChildState.QUEUED]
    queued.sort(key=lambda sibling: [frame for frame in sibling.address.path if isinstance(frame, Item)])
    if next_ones := [sibling.step_id for sibling in queued[: max(0, free)]]:
        set_child_state(tx, next_ones, ChildState.DUE)


def _has_room(tx: Connection, plan: Plan, run: RunHead, address: Address) -> bool:
    limit = _read_limit(plan, address)
    if limit is None:
        return True
    beside = _list_beside(tx, plan, run, address)
    return sum(sibling.state is not ChildState.QUEUED for sibling in beside) < limit


def _read_limit(plan: Plan, address: Address) -> int | None:
    config = plan.graph.nodes[plan.key_of(address)].config
    return config.concurrency if isinstance(config, WorkflowNodeConfig) else None


def _list_beside(tx: Connection, plan: Plan, run: RunHead, address: Address) -> list[Sibling]:
    """The children of the same `each`, in the same round and call."""
    around, key = _cut_item(address.path), plan.key_of(address)
    siblings = list_siblings(tx, run.id, address.node_id)
    # The rounds and calls inside of the item are not in the path up to it.
    return [one for one in siblings if _cut_item(one.address.path) == around and plan.key_of(one.address) == key]


def _cut_item(path: Path) -> Path:
    """The path up to the innermost item."""
    places = [place for place, frame in enumerate(path) if isinstance(frame, Item)]
    return path[: places[-1]] if places else path
