"""What is kept: the catalogue in revisions, runs, steps, gates and events. The only home of SQLAlchemy."""

from sqlalchemy import Connection

from agentmesh_dagster.store.engine import Store, StoreUnavailable, close_stores, open_store

__all__ = ["Connection", "Store", "StoreUnavailable", "close_stores", "open_store"]
