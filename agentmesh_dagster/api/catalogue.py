"""What the routes of projects, agents, tools and workflows share: each save is checked, numbered and written down."""

import uuid
from collections.abc import Sequence
from typing import cast
from urllib.parse import quote

from agentmesh_dagster import wire
from agentmesh_dagster.api.checking import read_entity, read_revision
from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.problems import InvalidBody
from agentmesh_dagster.api.requests import Call
from agentmesh_dagster.entities.access import Identity
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import CatalogueEntity, Kind, Workflow
from agentmesh_dagster.graph.issue import Issue
from agentmesh_dagster.runtime.pins import pin_functions
from agentmesh_dagster.store.catalogue import (
    AnyEntity,
    EntityNotFound,
    Saved,
    StaleRevision,
    delete_entity,
    get_entity,
    get_revised,
    get_revision,
    kind_of_type,
    list_entities,
    list_revisions,
    list_uses,
    raise_for_faults,
    restore_revision,
    save_checked,
)
from agentmesh_dagster.store.pages import read_cursor, read_number, write_cursor

_IN_JOBS = (Kind.AGENT, Kind.TOOL, Kind.WORKFLOW)  # what Dagster's jobs are made from


def list_page(
    call: Call, entity_type: type[AnyEntity], *, project_id: str | None = None, limit: int, cursor: str | None
) -> wire.PageOf[AnyEntity]:
    """One page of the entities of a kind, by name."""
    store = call.context.services.store
    page = list_entities(store, kind_of_type(entity_type), project_id=project_id, limit=limit, cursor=cursor)
    faults = [str(fault) for fault in page.faults] or None
    items = cast("list[AnyEntity]", list(page.items))
    return wire.PageOf[entity_type](items=items, next_cursor=page.next_cursor, faults=faults)


def get_one(call: Call, entity_type: type[AnyEntity], identity: str) -> AnyEntity:
    """The entity as it is now, with its revision as ETag. Raises EntityNotFound, BrokenDocument."""
    found = get_revised(call.context.services.store, kind_of_type(entity_type), identity)
    _tag(call, found.revision)
    return cast("AnyEntity", found.entity)


def find_one(context: ApiContext, entity_type: type[AnyEntity], identity: str) -> AnyEntity:
    """The entity as it is now, to be used here. Raises EntityNotFound, BrokenDocument."""
    return cast("AnyEntity", get_entity(context.services.store, kind_of_type(entity_type), identity))


def create(call: Call, editor: Identity, entity_type: type[AnyEntity], body: JsonValue) -> AnyEntity:
    """Saves a new entity. Raises InvalidBody, StaleRevision for an id that is taken, and as `save_checked`."""
    entity = read_entity(call.context, entity_type, body, str(uuid.uuid4()))
    saved = _save(call.context, editor, entity, expected=0)
    call.response.headers["Location"] = f"{call.request.url.path}/{quote(saved.id, safe='')}"
    return answer_saved(call, entity_type, saved)


def replace(
    call: Call, editor: Identity, entity_type: type[AnyEntity], identity: str, body: JsonValue, if_match: str | None
) -> AnyEntity:
    """Saves an entity that there is.

    Raises StaleRevision when somebody else saved it since the revision that the caller names, by `If-Match` or by the
    body's `revision`; InvalidBody; and as `save_checked`.
    """
    kind = kind_of_type(entity_type)
    seen = _read_if_match(if_match)
    if seen is None and entity_type is Workflow:
        seen = read_revision(body)
    while True:
        current = _find_revision(call.context, kind, identity) if seen is None else seen
        entity = read_entity(call.context, entity_type, body, identity, is_given=True)
        try:
            return answer_saved(call, entity_type, _save(call.context, editor, entity, expected=current))
        except StaleRevision:
            if seen is not None:
                raise
            # The caller named no revision: theirs is the newest, unless the entity was deleted meanwhile.


def _find_revision(context: ApiContext, kind: Kind, identity: str) -> int:
    """The newest revision, also of an entity that cannot be read: to save it anew mends it. Raises EntityNotFound."""
    [newest] = list_revisions(context.services.store, kind, identity, limit=1)
    if newest.deleted:
        raise EntityNotFound(kind, identity)
    return newest.revision


def delete(call: Call, editor: Identity, entity_type: type[AnyEntity], identity: str, if_match: str | None) -> None:
    """Deletes an entity that nothing uses. Raises EntityNotFound, EntityInUse, StaleRevision."""
    kind = kind_of_type(entity_type)
    delete_entity(
        call.context.services.store,
        kind,
        identity,
        author=editor.name,
        via=editor.via,
        expected_revision=_read_if_match(if_match),
    )
    _reload(call.context, kind)


def list_history(call: Call, kind: Kind, identity: str, limit: int, cursor: str | None) -> wire.PageOf[wire.Revision]:
    """One page of the revisions of an entity, newest first."""
    before = None if cursor is None else read_number(read_cursor(cursor, 1)[0])
    found = list_revisions(call.context.services.store, kind, identity, before=before, limit=limit + 1)
    items = [
        wire.Revision(
            revision=each.revision,
            name=each.name,
            saved_at=each.saved_at,
            saved_by=each.saved_by,
            message=each.note,
            deleted=each.deleted,
        )
        for each in found[:limit]
    ]
    next_cursor = write_cursor((str(items[-1].revision),)) if len(found) > limit else None
    return wire.PageOf[wire.Revision](items=items, next_cursor=next_cursor)


def get_old(call: Call, entity_type: type[AnyEntity], identity: str, revision: int) -> AnyEntity:
    """The entity as it was saved in a revision. Raises EntityNotFound, BrokenDocument."""
    found = get_revision(call.context.services.store, kind_of_type(entity_type), identity, revision)
    return cast("AnyEntity", found)


def restore(call: Call, editor: Identity, entity_type: type[AnyEntity], identity: str, revision: int) -> AnyEntity:
    """Saves an older revision as a new one, after the same checks as any save."""
    kind = kind_of_type(entity_type)
    old = get_old(call, entity_type, identity, revision)
    read_entity(call.context, entity_type, old.to_wire(), identity, is_given=True)
    saved = restore_revision(
        call.context.services.store,
        kind,
        identity,
        revision,
        author=editor.name,
        via=editor.via,
        validate=raise_for_faults([old] if isinstance(old, Workflow) else []),
    )
    report_saved(call.context, [saved])
    return answer_saved(call, entity_type, saved)


def list_users(call: Call, kind: Kind, identity: str) -> wire.PageOf[wire.Use]:
    """What names an agent or a tool."""
    uses = list_uses(call.context.services.store, kind, identity)
    return wire.PageOf[wire.Use](items=[wire.Use(kind=use.kind, id=use.id, name=use.name) for use in uses])


def report_saved(context: ApiContext, saved: Sequence[Saved]) -> None:
    """Tells Dagster's side of what was saved, if its jobs are made from it."""
    for kind in {one.kind for one in saved if one.change != "unchanged"}:
        _reload(context, kind)


def _reload(context: ApiContext, kind: Kind) -> None:
    if kind in _IN_JOBS:
        context.workspace.reload_soon()


def _save(context: ApiContext, editor: Identity, entity: CatalogueEntity, *, expected: int) -> Saved:
    key = (kind_of_type(type(entity)), entity.id)
    pinned = pin_functions(context.services, [entity])
    [saved] = save_checked(
        context.services.store, pinned, author=editor.name, via=editor.via, expected_revision={key: expected}
    )
    report_saved(context, [saved])
    return saved


def answer_saved(call: Call, entity_type: type[AnyEntity], saved: Saved) -> AnyEntity:
    assert isinstance(saved.entity, entity_type)
    _tag(call, saved.revision)
    return saved.entity


def _tag(call: Call, revision: int) -> None:
    call.response.headers["ETag"] = f'"{revision}"'


def _read_if_match(header: str | None) -> int | None:
    """The revision in an `If-Match` header; None where there is none, or where any will do. Raises InvalidBody."""
    if header is None or header.strip() == "*":
        return None
    text = header.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and 0 < int(text[:10]) < 10**9):
        message = 'If-Match must be the ETag of an answer, such as "12".'
        raise InvalidBody([Issue("bad-value", message, path="header.if-match")])
    return int(text)
