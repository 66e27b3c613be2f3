"""Hooks: addresses that third parties post to. Of the token in an address its hash is kept alone."""

import uuid

from sqlalchemy import Connection, RowMapping, Select, delete, select, update

from agentmesh_dagster.entities.access import Identity
from agentmesh_dagster.entities.hooks import Hook, NewHook
from agentmesh_dagster.entities.models import EventType, Kind
from agentmesh_dagster.errors import Conflict, NotFound
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.events import record_audit
from agentmesh_dagster.store.insert_new import insert_new
from agentmesh_dagster.store.tables import entities, hooks


class HookNotFound(NotFound):
    """There is no such hook."""


class HookExists(Conflict):
    """The project has a hook of this name already."""


class NoProjectForHook(NotFound):
    """There is no such project."""


def add_hook(tx: Connection, new: NewHook, token_hash: str, *, by: Identity) -> Hook:
    """Keeps a new hook. Raises NoProjectForHook, HookExists."""
    project = select(entities.c.id).where(
        entities.c.kind == Kind.PROJECT.value, entities.c.id == new.project_id, ~entities.c.deleted
    )
    if tx.execute(project).first() is None:
        raise NoProjectForHook(f"`{new.project_id}`")
    identity = str(uuid.uuid4())
    settings = new.to_wire()
    about = {name: settings.pop(wire) for name, wire in _COLUMNS.items()}
    made = {"hash": token_hash, "created_by": by.name, "created_at": now(tx), "settings": settings}
    if not insert_new(tx, hooks, id=identity, **about, **made):
        raise HookExists(f"`{new.name}` of project `{new.project_id}`; delete it first, or take another name")
    _record(tx, EventType.HOOK_CREATED, get_hook(tx, identity), by)
    return get_hook(tx, identity)


def rotate_hook(tx: Connection, identity: str, token_hash: str, *, by: Identity) -> Hook:
    """Gives a hook another token; the one that it had is none any more. Raises HookNotFound."""
    values = {"hash": token_hash, "rotated_at": now(tx)}
    tx.execute(update(hooks).where(hooks.c.id == identity).values(values))
    _record(tx, EventType.HOOK_ROTATED, get_hook(tx, identity), by)
    return get_hook(tx, identity)


def delete_hook(tx: Connection, identity: str, *, by: Identity) -> None:
    """Raises HookNotFound."""
    hook = get_hook(tx, identity)
    tx.execute(delete(hooks).where(hooks.c.id == identity))
    _record(tx, EventType.HOOK_DELETED, hook, by)


def get_hook(connection: Connection, identity: str) -> Hook:
    """Raises HookNotFound."""
    row = connection.execute(select(hooks).where(hooks.c.id == identity)).mappings().one_or_none()
    if row is None:
        raise HookNotFound(f"`{identity}`")
    return _read_hook(row)


def find_hook(connection: Connection, token_hash: str) -> Hook:
    """The hook whose address has this token. Raises HookNotFound, with nothing said of the token."""
    row = connection.execute(select(hooks).where(hooks.c.hash == token_hash)).mappings().one_or_none()
    if row is None:
        raise HookNotFound("its address was made anew, or it was deleted")
    return _read_hook(row)


def list_hooks(connection: Connection, *, project_id: str | None = None) -> list[Hook]:
    """By project and name."""
    query: Select[*tuple[object, ...]] = select(hooks).order_by(hooks.c.project_id, hooks.c.name)
    if project_id is not None:
        query = query.where(hooks.c.project_id == project_id)
    return [_read_hook(row) for row in connection.execute(query).mappings()]


def note_use(tx: Connection, identity: str, refusal: str | None) -> None:
    """Notes that something was posted to a hook, and why it was refused, if it was."""
    tx.execute(update(hooks).where(hooks.c.id == identity).values(last_used_at=now(tx), last_refusal=refusal))


_COLUMNS = {"project_id": "projectId", "name": "name", "event_name": "eventName"}
_STORED = ("id", "project_id", "name", "event_name", "created_by", "created_at", "rotated_at", "last_used_at")


def _read_hook(row: RowMapping) -> Hook:
    return Hook.model_validate(
        {**row["settings"], **{name: row[name] for name in (*_STORED, "last_refusal")}}, by_alias=True, by_name=True
    )


def _record(tx: Connection, event: EventType, hook: Hook, by: Identity) -> None:
    payload = {"hookId": hook.id, "name": hook.name, "eventName": hook.event_name}
    record_audit(tx, type=event, by=by.name, via=by.via, payload={**payload}, project_id=hook.project_id)
