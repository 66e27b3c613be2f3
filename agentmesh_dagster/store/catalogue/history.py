"""What has become of entities between two revisions."""

from collections.abc import Collection

from sqlalchemy import Connection, func, select, tuple_

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.store.catalogue.heads import Key
from agentmesh_dagster.store.tables import revisions


def has_changed(connection: Connection, keys: Collection[Key], one: int, other: int) -> bool:
    """Whether any of these entities was saved or deleted between two catalogue revisions, whichever is the older."""
    older, newer = sorted((one, other))
    saved = select(revisions.c.revision).where(
        tuple_(revisions.c.kind, revisions.c.entity_id).in_([(kind.value, identity) for kind, identity in keys]),
        revisions.c.revision > older,
        revisions.c.revision <= newer,
    )
    return connection.execute(saved.limit(1)).first() is not None


def read_revisions(connection: Connection, keys: Collection[Key], *, at: int) -> dict[Key, int]:
    """In which revision, up to `at`, each of these entities was saved last; reads no document."""
    query = (
        select(revisions.c.kind, revisions.c.entity_id, func.max(revisions.c.revision))
        .where(tuple_(revisions.c.kind, revisions.c.entity_id).in_([(kind.value, identity) for kind, identity in keys]))
        .where(revisions.c.revision <= at)
        .group_by(revisions.c.kind, revisions.c.entity_id)
    )
    return {(Kind(kind), identity): revision for kind, identity, revision in connection.execute(query)}
