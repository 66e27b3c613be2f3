"""Runs and gates by the first characters of their ids, as people type them."""

from sqlalchemy import Column, Connection, select

from agentmesh_dagster.store.tables import gates, runs


def find_run_ids(connection: Connection, prefix: str, limit: int = 5) -> list[str]:
    """Ids of runs that begin with `prefix`, at most `limit`; one that is exactly it comes alone."""
    return _find(connection, runs.c.id, prefix, limit)


def find_gate_ids(connection: Connection, prefix: str, limit: int = 5) -> list[str]:
    """Step ids of gates, open or not, that begin with `prefix`; likewise."""
    return _find(connection, gates.c.step_id, prefix, limit)


def _find(connection: Connection, column: Column[str], prefix: str, limit: int) -> list[str]:
    query = select(column).where(column.startswith(prefix, autoescape=True)).order_by(column).limit(limit)
    found = list(connection.execute(query).scalars())
    return [prefix] if prefix in found else found
