"""Drafts: what is being written beside the newest revision of a workflow, an agent or a tool.

A draft may hold issues; nothing runs it. Each save gives it a new version, which no other draft ever has, so that
two people who write the same draft notice each other.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, delete, insert, select, tuple_

from agentmesh_dagster.entities.models import DEFAULT_PROJECT, CatalogueEntity, EventType, JsonObject, Kind
from agentmesh_dagster.errors import Conflict, InvalidValue, NotFound
from agentmesh_dagster.store.catalogue.entries import read_entries
from agentmesh_dagster.store.catalogue.faults import MissingProject
from agentmesh_dagster.store.catalogue.heads import Key, lock_catalogue, read_heads
from agentmesh_dagster.store.catalogue.saving import Saved, Validate, save_within
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.engine import Store
from agentmesh_dagster.store.events import record_audit
from agentmesh_dagster.store.pages import Page, read_cursor, read_moment, read_number, write_cursor, write_moment
from agentmesh_dagster.store.tables import drafts, entities

NO_DRAFT = 0  # the version that an author names who has seen none
_LONGEST_NAME = 255


@dataclass(frozen=True)
class DraftInfo:
    """A draft in a list."""

    kind: Kind
    id: str  # of the entity
    project_id: str
    name: str
    version: int
    base_revision: int | None  # of the entity, when the author began; None: there was none
    published_revision: int | None  # of the entity now; another one than the base: somebody published meanwhile
    saved_at: datetime
    saved_by: str


@dataclass(frozen=True)
class Draft:
    info: DraftInfo
    fields: JsonObject  # as the author sent them


class DraftNotFound(NotFound):
    """There is no such draft."""

    def __init__(self, kind: Kind, identity: str) -> None:
        super().__init__(f"of {kind} `{identity}`; it may have been published or discarded")


class InvalidBase(InvalidValue):
    """A draft begins at a published revision of its entity."""


class StaleDraft(Conflict):
    """Somebody else saved this draft first: load it again and repeat your change."""

    def __init__(self, found: DraftInfo | None, key: Key) -> None:
        """`found` is the draft as it stands; None: it was published or discarded meanwhile."""
        self.version = None if found is None else found.version
        self.saved_by = None if found is None else found.saved_by
        self.saved_at = None if found is None else found.saved_at
        if found is None:
            reason = "it was published or discarded meanwhile"
        else:
            reason = f"it was saved by {found.saved_by} at {found.saved_at:%Y-%m-%d %H:%M:%S} UTC"
        super().__init__(f"draft of {key[0]} `{key[1]}`: {reason}")


def get_draft(store: Store, kind: Kind, identity: str) -> Draft:
    """Raises DraftNotFound."""
    with store.read() as connection:
        draft = _read_draft(connection, (kind, identity))
    if draft is None:
        raise DraftNotFound(kind, identity)
    return draft


def list_drafts(
    store: Store, *, project_id: str | None = None, limit: int = 100, cursor: str | None = None
) -> Page[DraftInfo]:
    """One page of the drafts, the last saved first. Raises InvalidCursor."""
    query = _select_drafts().order_by(drafts.c.saved_at.desc(), drafts.c.version.desc()).limit(limit + 1)
    if project_id is not None:
        query = query.where(drafts.c.project_id == project_id)
    if cursor is not None:
        moment, version = read_cursor(cursor, 2)
        query = query.where(
            tuple_(drafts.c.saved_at, drafts.c.version) < tuple_(read_moment(moment), read_number(version))
        )
    with store.read() as connection:
        found = [_read_info(row) for row in connection.execute(query).mappings()]
    shown = found[:limit]
    more = len(found) > limit
    next_cursor = write_cursor((write_moment(shown[-1].saved_at), str(shown[-1].version))) if more else None
    return Page(tuple(shown), next_cursor)


def find_drafted(store: Store, kind: Kind, ids: Collection[str]) -> frozenset[str]:
    """Those of the ids that have a draft."""
    query = select(drafts.c.entity_id).where(drafts.c.kind == kind.value, drafts.c.entity_id.in_(ids))
    with store.read() as connection:
        return frozenset(connection.execute(query).scalars())


def save_draft(
    store: Store,
    key: Key,
    fields: JsonObject,
    *,
    author: str,
    base_revision: int | None = None,
    version: int | None = None,
) -> Draft:
    """Saves a draft, whatever issues it holds.

    `version` is that of the draft which the author has seen (NO_DRAFT: none); without it the newest is replaced.
    `base_revision` is the published revision which the author has seen; without it that of the draft so far, else the
    newest. Raises StaleDraft, InvalidBase, MissingProject.
    """
    with store.begin() as tx:
        lock_catalogue(tx)
        found = _read_draft(tx, key)
        _check_version(found, key, version)
        project_id = _find_project(tx, key, fields)
        if base_revision is not None:
            _check_base(tx, key, base_revision)
        elif found is not None:
            base_revision = found.info.base_revision
        else:
            base_revision = _find_published(tx, key)
        tx.execute(delete(drafts).where(_is_of(key)))
        tx.execute(
            insert(drafts).values(
                kind=key[0].value,
                entity_id=key[1],
                project_id=project_id,
                name=_choose_name(fields, key[1]),
                base_revision=base_revision,
                fields=fields,
                saved_at=now(tx),
                saved_by=author,
            )
        )
        draft = _read_draft(tx, key)
    assert draft is not None
    return draft


def discard_draft(store: Store, key: Key, *, author: str, via: str, version: int | None = None) -> None:
    """Takes a draft away, and writes down who did. Raises DraftNotFound, StaleDraft."""
    with store.begin() as tx:
        lock_catalogue(tx)
        found = _take_away(tx, key, version)
        record_audit(
            tx,
            type=EventType.DRAFT_DISCARDED,
            by=author,
            via=via,
            payload={"kind": key[0].value, "id": key[1], "name": found.name, "savedBy": found.saved_by},
            project_id=found.project_id,
        )


def publish_draft(
    store: Store,
    draft: Draft,
    entity: CatalogueEntity,
    *,
    author: str,
    message: str | None,
    validate: Validate,
    via: str,
) -> Saved:
    """Saves the entity that was read from the draft as a new revision; in the same transaction the draft is gone.

    Raises StaleDraft when the draft was saved, published or discarded since it was read; StaleRevision when the entity
    was; and as `save_entities`.
    """
    key = (draft.info.kind, draft.info.id)
    with store.begin() as tx:
        lock_catalogue(tx)
        found = _read_draft(tx, key)
        if found is None or found.info.version != draft.info.version:
            raise StaleDraft(found and found.info, key)
        tx.execute(delete(drafts).where(_is_of(key)))
        [saved] = save_within(
            tx,
            [entity],
            author=author,
            expected_revision={key: draft.info.base_revision or 0},
            validate=validate,
            note=message,
            via=via,
        )
    return saved


def _take_away(tx: Connection, key: Key, version: int | None) -> DraftInfo:
    found = _read_draft(tx, key)
    if found is None:
        raise DraftNotFound(*key)
    _check_version(found, key, version)
    tx.execute(delete(drafts).where(_is_of(key)))
    return found.info


def _check_version(found: Draft | None, key: Key, version: int | None) -> None:
    if version is not None and version != (NO_DRAFT if found is None else found.info.version):
        raise StaleDraft(found and found.info, key)


def _find_project(tx: Connection, key: Key, fields: JsonObject) -> str:
    """The project that the draft names, else that of the entity. Raises MissingProject."""
    named = fields.get("projectId")
    query = select(entities.c.project_id).where(entities.c.kind == key[0].value, entities.c.id == key[1])
    published = tx.execute(query.where(~entities.c.deleted)).scalar()
    if isinstance(named, str) and (named == DEFAULT_PROJECT or read_entries(tx, Kind.PROJECT, [named])):
        return named
    if published is None:
        place = f"`{named}`, project of the" if isinstance(named, str) else "`projectId` must name the project of the"
        raise MissingProject(f"{place} new {key[0]} `{key[1]}`")
    return published


def _find_published(tx: Connection, key: Key) -> int | None:
    head = read_heads(tx, [key]).get(key)
    return None if head is None or head.document is None else head.revision


def _check_base(tx: Connection, key: Key, base_revision: int) -> None:
    newest = _find_published(tx, key)
    if newest is None or base_revision > newest:
        state = "has no published revision" if newest is None else f"is at revision {newest}"
        raise InvalidBase(f"`baseRevision` is {base_revision}, but {key[0]} `{key[1]}` {state}")


def _choose_name(fields: JsonObject, identity: str) -> str:
    name = fields.get("name")
    return name[:_LONGEST_NAME] if isinstance(name, str) and name.strip() else identity


def _is_of(key: Key) -> ColumnElement[bool]:
    return and_(drafts.c.kind == key[0].value, drafts.c.entity_id == key[1])


def _select_drafts() -> Select[Any]:
    listed = [column for column in drafts.c if column is not drafts.c.fields]
    return select(*listed, entities.c.revision.label("published_revision")).outerjoin(
        entities,
        and_(entities.c.kind == drafts.c.kind, entities.c.id == drafts.c.entity_id, ~entities.c.deleted),
    )


def _read_draft(connection: Connection, key: Key) -> Draft | None:
    row = connection.execute(_select_drafts().add_columns(drafts.c.fields).where(_is_of(key))).mappings().first()
    return None if row is None else Draft(_read_info(row), row["fields"])


def _read_info(row: RowMapping) -> DraftInfo:
    return DraftInfo(
        kind=Kind(row["kind"]),
        id=row["entity_id"],
        project_id=row["project_id"],
        name=row["name"],
        version=row["version"],
        base_revision=row["base_revision"],
        published_revision=row["published_revision"],
        saved_at=row["saved_at"],
        saved_by=row["saved_by"],
    )
