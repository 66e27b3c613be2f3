"""Projects in figures."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, select, tuple_

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.pages import Page, read_cursor, write_cursor
from agentmesh_dagster.store.tables import entities, gates, runs, waits

_DAY = timedelta(hours=24)


@dataclass(frozen=True)
class ProjectFigures:
    project_id: str
    name: str
    workflows: int
    runs_last_day: int  # started in the last 24 hours
    waiting: int  # runs that wait for a person


def page_projects(connection: Connection, *, limit: int, cursor: str | None = None) -> Page[ProjectFigures]:
    """One page of the projects in figures, by name; `limit` is at least 1. Raises InvalidCursor."""
    query = select(entities.c.id, entities.c.name).where(entities.c.kind == Kind.PROJECT, ~entities.c.deleted)
    if cursor is not None:
        query = query.where(tuple_(entities.c.name, entities.c.id) > tuple_(*read_cursor(cursor, 2)))
    found = connection.execute(query.order_by(entities.c.name, entities.c.id).limit(limit + 1)).all()
    shown = found[:limit]
    ids = [row.id for row in shown]
    workflows = select(entities.c.project_id, func.count()).where(
        entities.c.kind == Kind.WORKFLOW, ~entities.c.deleted, entities.c.project_id.in_(ids)
    )
    launched = select(runs.c.project_id, func.count()).where(
        runs.c.project_id.in_(ids), runs.c.created_at > now(connection) - _DAY
    )
    waiting = (
        select(runs.c.project_id, func.count(waits.c.run_id.distinct()))
        .join(waits, waits.c.run_id == runs.c.id)
        .join(gates, gates.c.step_id == waits.c.step_id)
        .where(waits.c.state == "open", runs.c.project_id.in_(ids))
    )
    counts = [
        _count(connection, workflows.group_by(entities.c.project_id)),
        _count(connection, launched.group_by(runs.c.project_id)),
        _count(connection, waiting.group_by(runs.c.project_id)),
    ]
    items = [ProjectFigures(row.id, row.name, *(count.get(row.id, 0) for count in counts)) for row in shown]
    return Page(tuple(items), write_cursor((shown[-1].name, shown[-1].id)) if len(found) > limit else None)


def _count(connection: Connection, query: Select[*tuple[Any, ...]]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(query)}
