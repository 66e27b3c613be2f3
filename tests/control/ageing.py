"""Runs of tests that began and ended long ago."""

from datetime import timedelta

from agentmesh_dagster.store import Store
from agentmesh_dagster.store.tables import deliveries, posted_events, runs


def make_older(store: Store, age: timedelta, run_id: str | None = None) -> None:
    """Moves a run, or all runs and all that came for triggers, into the past."""
    moved = [(runs, runs.c.id, runs.c.created_at), (runs, runs.c.id, runs.c.finished_at)]
    if run_id is None:
        moved += [
            (deliveries, deliveries.c.id, deliveries.c.arrived_at),
            (posted_events, posted_events.c.event_id, posted_events.c.posted_at),
        ]
    with store.begin() as tx:
        for table, key, column in moved:
            for row in tx.execute(table.select()).mappings().all():
                if row[column.name] is not None and run_id in (None, row[key.name]):
                    earlier = {column.name: row[column.name] - age}
                    tx.execute(table.update().where(key == row[key.name]).values(earlier))
