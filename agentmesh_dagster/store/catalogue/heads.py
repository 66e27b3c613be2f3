"""The newest revision of each entity: compared, then moved on, by one writer at a time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, insert, select, tuple_, update

from agentmesh_dagster.entities.models import EventType, Kind
from agentmesh_dagster.store.catalogue.faults import EntityNotFound, StaleRevision
from agentmesh_dagster.store.events import record_audit
from agentmesh_dagster.store.tables import catalogue, entities, revisions

Key: TypeAlias = tuple[Kind, str]  # kind and id


@dataclass(frozen=True)
class Head:
    """The newest revision of an entity, deleted or not."""

    revision: int
    name: str
    document: str | None  # None: deleted
    created_at: datetime  # of the first revision
    saved_at: datetime
    saved_by: str


@dataclass(frozen=True)
class NewRevision:
    """A revision that is about to be written."""

    key: Key
    number: int
    name: str
    project_id: str | None
    document: str | None  # None: the entity is deleted here
    saved_at: datetime
    saved_by: str
    note: str | None = None


def lock_catalogue(tx: Connection) -> int:
    """The catalogue's newest revision, which no other writer moves before this transaction ends."""
    # SQLite knows no FOR UPDATE: there, a write transaction is alone anyway.
    return tx.execute(select(catalogue.c.revision).with_for_update()).scalar_one()


def read_heads(tx: Connection, keys: Collection[Key]) -> dict[Key, Head]:
    """The heads of those entities that there are or were."""
    query = (
        select(
            entities.c.kind,
            entities.c.id,
            revisions.c.revision,
            revisions.c.name,
            revisions.c.document,
            entities.c.created_at,
            revisions.c.saved_at,
            revisions.c.saved_by,
        )
        .join(revisions, revisions.c.revision == entities.c.revision)
        .where(tuple_(entities.c.kind, entities.c.id).in_([(kind.value, identity) for kind, identity in keys]))
    )
    heads: dict[Key, Head] = {}
    for kind, identity, *head in tx.execute(query):
        heads[Kind(kind), identity] = Head(*head)
    return heads


def check_expected(key: Key, head: Head | None, expected: int | None) -> None:
    """Raises StaleRevision unless `expected` is the entity's newest revision (0: there is none), or None.

    Raises EntityNotFound for a revision of an entity that never was.
    """
    if expected is None:
        return
    if head is None:
        if expected:
            raise EntityNotFound(*key)
        return
    is_new = head.document is None and expected == 0
    if head.revision != expected and not is_new:
        raise StaleRevision(
            *key,
            expected=expected,
            revision=head.revision,
            saved_by=head.saved_by,
            saved_at=head.saved_at,
            deleted=head.document is None,
        )


def add_revisions(tx: Connection, added: Collection[NewRevision], heads: Mapping[Key, Head], *, via: str) -> None:
    """Writes the revisions, numbered upwards from the catalogue's newest, and moves the heads to them.

    Who did it, and how they came (`via`), goes into the events.
    """
    for new in added:
        _add_revision(tx, new, is_first=new.key not in heads)
        record_audit(
            tx,
            type=EventType.ENTITY_DELETED if new.document is None else EventType.ENTITY_SAVED,
            by=new.saved_by,
            via=via,
            payload={"kind": new.key[0].value, "id": new.key[1], "name": new.name, "revision": new.number},
            project_id=new.project_id,
        )
    tx.execute(update(catalogue).values(revision=max(new.number for new in added)))


def _add_revision(tx: Connection, new: NewRevision, *, is_first: bool) -> None:
    kind, identity = new.key
    tx.execute(
        insert(revisions).values(
            revision=new.number,
            kind=kind.value,
            entity_id=identity,
            name=new.name,
            document=new.document,
            saved_at=new.saved_at,
            saved_by=new.saved_by,
            note=new.note,
        )
    )
    head = {
        "project_id": new.project_id,
        "name": new.name,
        "revision": new.number,
        "updated_at": new.saved_at,
        "deleted": new.document is None,
    }
    if is_first:
        tx.execute(insert(entities).values(kind=kind.value, id=identity, created_at=new.saved_at, **head))
    else:
        tx.execute(update(entities).where(entities.c.kind == kind.value, entities.c.id == identity).values(**head))
