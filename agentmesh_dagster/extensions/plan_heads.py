"""Plan heads: a worker unpacks the steps of the plan that was written down with its run only if somebody asks for them.

Dagster plans a run once more in its worker. Of what was written down it reads what the job is rebuilt from, and what
other runs had done, twice; the steps, which it unpacks too, are most of it: 40 ms for five hundred.
"""

import zlib
from functools import cached_property, lru_cache

import dagster as dg
from sqlalchemy import select

from agentmesh_dagster.extensions.dagster_internals import (
    ExecutionPlanSnapshot,
    SnapshotsTable,
    SqlRunStorage,
    deserialize_value,
)

_STEPS = ', "steps": ['  # the last field: Dagster writes them in the order of their names


class PlanHead(ExecutionPlanSnapshot):
    """A plan as it was written down, whose steps are unpacked when they are looked at."""

    text: str

    @cached_property
    def steps(self):  # pyright: ignore
        return deserialize_value(self.text, ExecutionPlanSnapshot).steps


def read_plan_heads(instance: dg.DagsterInstance) -> None:
    """From now on this instance reads plans so: for one in a worker, which writes none down again."""
    storage, read = instance.run_storage, instance.get_execution_plan_snapshot
    if not isinstance(storage, SqlRunStorage) or "get_execution_plan_snapshot" in vars(instance):
        return

    @lru_cache(maxsize=4)
    def read_head(snapshot_id: str) -> ExecutionPlanSnapshot:
        query = select(SnapshotsTable.c.snapshot_body).where(SnapshotsTable.c.snapshot_id == snapshot_id)
        row = storage.fetchone(query)  # pyright: ignore[reportUnknownMemberType, reportArgumentType]
        head = row and _read_head(zlib.decompress(row["snapshot_body"]).decode())
        return head or read(snapshot_id)

    vars(instance)["get_execution_plan_snapshot"] = read_head


def _read_head(text: str) -> PlanHead | None:
    """None: it is written otherwise."""
    before, found, _ = text.partition(_STEPS)
    if not found:
        return None
    head = PlanHead(*deserialize_value(f"{before}{_STEPS}]}}", ExecutionPlanSnapshot))
    head.text = text
    return head
