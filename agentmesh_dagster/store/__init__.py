"""What is kept: the catalogue in revisions, runs, steps, gates and events. The only home of SQLAlchemy."""

from sqlalchemy import Connection

from agentmesh_dagster.store.engine import Store, close_stores, open_store
from agentmesh_dagster.store.faults import StoreDamaged, StoreFull, StoreReadOnly, StoreUnavailable

__all__ = [
    "Connection",
    "Store",
    "StoreDamaged",
    "StoreFull",
    "StoreReadOnly",
    "StoreUnavailable",
    "close_stores",
    "open_store",
]
