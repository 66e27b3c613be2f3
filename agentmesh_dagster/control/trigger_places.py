"""Places for what triggers start: while its workflow has as many open runs as it may, Dagster is asked for none.

What has to wait for a place is written down as a run; Dagster hears of it when it begins (`control/queued_runs.py`).
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import OnLimit
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.launches import LaunchFacts, register_launch
from agentmesh_dagster.runtime.places import Place, describe_full
from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.run_limits import RunLimit, count_requested, has_queued_run, list_open_runs, lock_run_limit


@dataclass
class TickPlaces:
    """The places of a workflow as one tick finds them; it holds the lock of the limit until its transaction ends."""

    limit: RunLimit | None
    open_runs: list[str]
    asked: int  # runs that Dagster was asked for, now or before, and that are not there yet
    is_queue: bool  # others wait already

    @classmethod
    def lock(cls, tx: Connection, workflow_id: str, instance_id: str) -> "TickPlaces":
        limit = lock_run_limit(tx, workflow_id)
        if limit is None or limit.on_limit is OnLimit.CANCEL_OLDEST:
            return cls(None, [], 0, False)
        open_runs = list_open_runs(tx, workflow_id)
        asked = count_requested(tx, workflow_id)
        is_queue = limit.on_limit is OnLimit.QUEUE and has_queued_run(tx, workflow_id, instance_id)
        return cls(limit, open_runs, asked, is_queue)

    @property
    def is_full(self) -> bool:
        """Whether there is no place for one more."""
        if self.limit is None:
            return False
        return self.is_queue or len(self.open_runs) + self.asked >= self.limit.max_runs

    @property
    def reason_to_skip(self) -> str | None:
        """Why one more is no run; None: it is one, or waits to be."""
        if self.limit is None or self.limit.on_limit is not OnLimit.SKIP or not self.is_full:
            return None
        if self.open_runs:
            return f"Skipped, {describe_full(self.limit, self.open_runs)}."
        return f"Skipped, Dagster was asked for {self.asked} of at most {self.limit.max_runs}."


def queue_triggered_run(
    tx: Connection,
    plan: Plan,
    job_name: str,
    run_input: JsonValue,
    *,
    delivery_id: str,
    instance_id: str,
    by: str,
    begins_at: datetime | None = None,
) -> str:
    """Writes down a run that waits for a place, or for its moment, tied to what starts it; its id."""
    run_id = str(uuid.uuid4())
    facts = LaunchFacts(run_id, instance_id, job_name, run_input, launched_by=by, delivery_id=delivery_id)
    register_launch(tx, plan, facts, place=Place(is_queued=True, begins_at=begins_at), is_submitted=False)
    return run_id
