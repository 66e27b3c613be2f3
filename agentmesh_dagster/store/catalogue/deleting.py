"""Delete entities that nothing live uses; their history stays."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from agentmesh_dagster.entities.models import Agent, CatalogueEntity, Kind, Workflow
from agentmesh_dagster.graph.triggers import find_followed
from agentmesh_dagster.store.catalogue.documents import read_document
from agentmesh_dagster.store.catalogue.entries import entry_of, live_entities, read_entries
from agentmesh_dagster.store.catalogue.faults import BrokenDocument, EntityInUse, EntityNotFound
from agentmesh_dagster.store.catalogue.heads import (
    NewRevision,
    add_revisions,
    check_expected,
    lock_catalogue,
    read_heads,
)
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.engine import Store
from agentmesh_dagster.store.run_limits import index_run_limit
from agentmesh_dagster.store.tables import drafts, entities
from agentmesh_dagster.store.triggers import index_triggers

_USERS = {
    Kind.PROJECT: (),  # has content instead
    Kind.AGENT: (Kind.WORKFLOW,),
    Kind.TOOL: (Kind.AGENT, Kind.WORKFLOW),
    Kind.WORKFLOW: (Kind.WORKFLOW,),  # that runs it, or waits for its end
}


@dataclass(frozen=True)
class Use:
    """Something live that names an agent, a tool or another workflow, or lies in a project."""

    kind: Kind
    id: str
    name: str


def list_uses(store: Store, kind: Kind, identity: str) -> list[Use]:
    """What keeps an entity from being deleted. Raises EntityNotFound."""
    with store.read() as connection:
        if not read_entries(connection, kind, [identity]):
            raise EntityNotFound(kind, identity)
        return list(_list_uses(connection, kind, identity))


def delete_entity(
    store: Store,
    kind: Kind,
    identity: str,
    *,
    author: str,
    expected_revision: int | None = None,
    via: str = "code",
) -> int:
    """Deletes the entity with its draft, and gives the revision in which that happened; older revisions stay.

    Raises EntityNotFound, StaleRevision, EntityInUse.
    """
    key = (kind, identity)
    with store.begin() as tx:
        newest = lock_catalogue(tx)
        heads = read_heads(tx, [key])
        head = heads.get(key)
        check_expected(key, head, expected_revision)
        if head is None or head.document is None:
            raise EntityNotFound(kind, identity)
        users = [f"{use.kind} `{use.id}`" for use in _list_uses(tx, kind, identity)]
        if users:
            raise EntityInUse(kind, identity, users)
        project_id = tx.execute(
            select(entities.c.project_id).where(entities.c.kind == kind.value, entities.c.id == identity)
        ).scalar_one()
        deleted = NewRevision(key, newest + 1, head.name, project_id, None, now(tx), author)
        add_revisions(tx, [deleted], heads, via=via)
        tx.execute(delete(drafts).where(drafts.c.kind == kind.value, drafts.c.entity_id == identity))
        if kind is Kind.WORKFLOW:
            index_triggers(tx, identity, [])
            index_run_limit(tx, identity, None)
    return deleted.number


def _list_uses(connection: Connection, kind: Kind, identity: str) -> Iterator[Use]:
    if kind is Kind.PROJECT:
        content = select(entities.c.kind, entities.c.id, entities.c.name)
        content = content.where(entities.c.project_id == identity, ~entities.c.deleted)
        for row in connection.execute(content.order_by(entities.c.kind, entities.c.id)):
            yield Use(Kind(row.kind), row.id, row.name)
        yield from _list_unpublished(connection, identity)
    # The text narrows the search down; only what is read decides.
    written = json.dumps(identity, ensure_ascii=False)
    for user_kind in _USERS[kind]:
        live = live_entities(user_kind)
        query = select(live).where(live.c.document.contains(written, autoescape=True)).order_by(live.c.id)
        for row in connection.execute(query).mappings():
            entry = entry_of(row)
            try:
                is_user = _uses(read_document(entry), kind, identity)
            except BrokenDocument:
                is_user = True  # it names the entity, and nobody can tell what for
            if is_user:
                yield Use(user_kind, entry.id, entry.name)


def _list_unpublished(connection: Connection, project_id: str) -> Iterator[Use]:
    """The drafts in a project that have no published revision yet."""
    live = select(entities.c.id).where(
        entities.c.kind == drafts.c.kind, entities.c.id == drafts.c.entity_id, ~entities.c.deleted
    )
    unpublished = select(drafts.c.kind, drafts.c.entity_id, drafts.c.name).where(
        drafts.c.project_id == project_id, ~live.exists()
    )
    for row in connection.execute(unpublished.order_by(drafts.c.kind, drafts.c.entity_id)):
        yield Use(Kind(row.kind), row.entity_id, row.name)


def _uses(user: CatalogueEntity, kind: Kind, identity: str) -> bool:
    if isinstance(user, Workflow):
        follows = kind is Kind.WORKFLOW and any(find_followed(trigger) == identity for trigger in user.triggers)
        return follows or identity in user.graph.list_named(kind)
    return isinstance(user, Agent) and identity in user.tools
