"""Find the live entities of the catalogue, now or as of an older revision."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, Subquery, and_, bindparam, func, select

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store.catalogue.documents import Entry
from agentmesh_dagster.store.tables import entities, revisions


def live_entities(kind: Kind, *, at: int | None = None) -> Subquery:
    """The entities of a kind that live at catalogue revision `at`, or now: the columns of Entry."""
    return _live_entities(entities.c.kind == kind.value, at)


def _live_entities(is_of_kind: ColumnElement[bool], at: int | ColumnElement[int] | None) -> Subquery:
    query = (
        select(
            entities.c.kind,
            entities.c.id,
            entities.c.project_id,  # today's, also when an older revision is asked for
            revisions.c.name,
            revisions.c.revision,
            revisions.c.document,
            entities.c.created_at,
            revisions.c.saved_at,
        )
        .select_from(
            entities.join(revisions, and_(revisions.c.kind == entities.c.kind, revisions.c.entity_id == entities.c.id))
        )
        .where(is_of_kind, revisions.c.document.is_not(None))
    )
    if at is None:
        return query.where(revisions.c.revision == entities.c.revision).subquery()
    newest = revisions.alias()
    as_of = (
        select(func.max(newest.c.revision))
        .where(newest.c.kind == entities.c.kind, newest.c.entity_id == entities.c.id, newest.c.revision <= at)
        .scalar_subquery()
    )
    return query.where(revisions.c.revision == as_of).subquery()


def read_entries(connection: Connection, kind: Kind, ids: Iterable[str], *, at: int | None = None) -> dict[str, Entry]:
    """Those of `ids` that live, by id."""
    wanted = list(ids)
    if not wanted:
        return {}
    parameters = {"kind": kind.value, "ids": wanted} | ({} if at is None else {"at": at})
    rows = connection.execute(_entries_by_id(is_pinned=at is not None), parameters).mappings()
    return {row["id"]: entry_of(row) for row in rows}


@cache
def _entries_by_id(*, is_pinned: bool) -> Select[Any]:
    # Written once: to build the statement takes ten times as long as to execute it, and each plan needs four.
    at = bindparam("at", type_=Integer) if is_pinned else None
    live = _live_entities(entities.c.kind == bindparam("kind"), at)
    return select(live).where(live.c.id.in_(bindparam("ids", expanding=True)))


def entry_of(row: Mapping[Any, Any]) -> Entry:
    """The entry in a row of `live_entities`."""
    return Entry(
        kind=Kind(row["kind"]),
        id=row["id"],
        name=row["name"],
        revision=row["revision"],
        document=row["document"],
        created_at=row["created_at"],
        saved_at=row["saved_at"],
    )
