"""Dagster's SQLite storage with its files kept open."""

from agentmesh_dagster.extensions.sqlite_storage.storage import OPEN_RUNS, WarmSqliteStorage

__all__ = ["OPEN_RUNS", "WarmSqliteStorage"]
