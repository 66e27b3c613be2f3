"""Runs by the first characters of their ids, as people type them."""

from sqlalchemy import Connection, select

from agentmesh_dagster.store.tables import runs


def find_run_ids(connection: Connection, prefix: str, limit: int = 5) -> list[str]:
    """Ids of runs that begin with `prefix`, at most `limit`; one that is exactly it comes alone."""
    query = select(runs.c.id).where(runs.c.id.startswith(prefix, autoescape=True)).order_by(runs.c.id).limit(limit)
    found = list(connection.execute(query).scalars())
    return [prefix] if prefix in found else found
