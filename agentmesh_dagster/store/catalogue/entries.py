"""Find the live entities of the catalogue, now or as of an older revision."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Subquery, and_, func, select

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store.catalogue.documents import Entry
from agentmesh_dagster.store.tables import entities, revisions


def live_entities(kind: Kind, *, at: int | None = None) -> Subquery:
    """The entities of a kind that live at catalogue revision `at`, or now: the columns of Entry."""
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
        .where(entities.c.kind == kind.value, revisions.c.document.is_not(None))
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
    live = live_entities(kind, at=at)
    rows = connection.execute(select(live).where(live.c.id.in_(wanted))).mappings()
    return {row["id"]: entry_of(row) for row in rows}


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
