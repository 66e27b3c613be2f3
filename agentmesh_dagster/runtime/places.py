"""Places: a workflow may have so many open runs at once; what becomes of one more.

A run that waits for a person, or for anything else, is open. The caller holds no run's lock yet: that of the limit
comes first, so that of two launches at once each sees the other's run.
"""

from dataclasses import dataclass
from datetime import datetime

from agentmesh_dagster.entities.models import OnLimit
from agentmesh_dagster.errors import Conflict
from agentmesh_dagster.runtime.endings import cancel_left_steps
from agentmesh_dagster.runtime.run_ends import cancel_run
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.run_limits import (
    RunLimit,
    give_place,
    has_queued_run,
    is_queued,
    list_open_runs,
    lock_run_limit,
)
from agentmesh_dagster.store.runs import lock_run
from agentmesh_dagster.store.waits import cancel_waits

_NAMED = 3  # open runs in one sentence


class RunLimitReached(Conflict):
    """The workflow has as many open runs as its `concurrency` allows, so no run was started."""


class RunIsQueued(Conflict):
    """The workflow has as many open runs as its `concurrency` allows: the run begins when one of them has ended."""


@dataclass(frozen=True)
class Place:
    """What a run that wants to begin was given."""

    is_queued: bool = False  # it waits for a place
    begins_at: datetime | None = None  # of one that waits: not before
    canceled: tuple[str, ...] = ()  # the runs that made room for it


def take_place(tx: Connection, workflow_id: str, run_id: str, instance_id: str, *, may_wait: bool = True) -> Place:
    """Takes a place for a run that is to begin. Raises RunLimitReached.

    `may_wait`: of a launch that cannot be made anew later, a queue is none.
    """
    limit = lock_run_limit(tx, workflow_id)
    if limit is None:
        return Place()
    taken = list_open_runs(tx, workflow_id, but=run_id)
    if limit.on_limit is OnLimit.QUEUE and may_wait:
        must_wait = len(taken) >= limit.max_runs or has_queued_run(tx, workflow_id, instance_id, but=run_id)
        return Place(is_queued=must_wait)
    if len(taken) < limit.max_runs:
        return Place()
    if limit.on_limit is not OnLimit.CANCEL_OLDEST:
        raise RunLimitReached(describe_full(limit, taken))
    canceled = taken[: len(taken) - limit.max_runs + 1]
    for oldest in canceled:
        _make_room(tx, oldest, run_id, limit)
    return Place(canceled=tuple(canceled))


def take_free_place(tx: Connection, workflow_id: str, run_id: str) -> None:
    """A run that waits for a place, and that a worker has come for, gets one if there is one by now."""
    if not is_queued(tx, run_id):
        return
    limit = lock_run_limit(tx, workflow_id)
    if limit is None or len(list_open_runs(tx, workflow_id, but=run_id)) < limit.max_runs:
        give_place(tx, run_id)


def describe_full(limit: RunLimit, taken: list[str]) -> str:
    """Why there is no place, for whoever wanted one."""
    named = ", ".join(f"`{run_id}`" for run_id in taken[:_NAMED]) + (", …" if len(taken) > _NAMED else "")
    return f"{len(taken)} of at most {limit.max_runs} {'is' if len(taken) == 1 else 'are'} open: {named}"


def _make_room(tx: Connection, run_id: str, newer_id: str, limit: RunLimit) -> None:
    run = lock_run(tx, run_id)
    if run.status.is_end:
        return
    reason = f"Canceled by run `{newer_id}`: at most {limit.max_runs} may be open (`concurrency`, `cancelOldest`)."
    cancel_waits(tx, run_id)
    cancel_left_steps(tx, run, reason)
    cancel_run(tx, run, reason)
