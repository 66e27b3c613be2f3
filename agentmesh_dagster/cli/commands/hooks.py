"""Hooks: addresses for the webhooks of third parties, in the store of this installation."""

import sys
from collections.abc import Mapping

from pydantic import ValidationError

from agentmesh_dagster.api.login.secrets import hash_secret, make_secret
from agentmesh_dagster.cli.identity import name_user
from agentmesh_dagster.cli.output.console import build_table, open_console, plain, print_json, say
from agentmesh_dagster.cli.output.values import show_moment
from agentmesh_dagster.entities.access import Identity, Role
from agentmesh_dagster.entities.field_faults import list_field_faults
from agentmesh_dagster.entities.hooks import Hook, NewHook
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.errors import AgentMeshError, InvalidValue
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import Connection, Store, hooks, open_store


class HooksAreLocal(AgentMeshError):
    """Hooks are looked after on the machine of the store."""


class InvalidHook(InvalidValue):
    """The hook cannot be made so."""


class AmbiguousHook(InvalidValue):
    """Several hooks have this name."""


def create_hook(fields: Mapping[str, JsonValue]) -> None:
    """Prints the address of a new hook alone on standard output. Raises InvalidHook, HookExists, NoProjectForHook."""
    given: dict[str, JsonValue] = {name: value for name, value in fields.items() if value is not None}
    try:
        new = NewHook.model_validate(given)
    except ValidationError as error:
        faults = list_field_faults(error, given, NewHook)
        raise InvalidHook("; ".join(f"`{fault.field}` {fault.reason}" for fault in faults)) from None
    token = make_secret()
    with _open_store().begin() as tx:
        hooks.add_hook(tx, new, hash_secret(token), by=_me())
    _print_address(token)
    if new.signature is not None and new.signature.secret not in get_settings().secrets:
        name = new.signature.secret
        needed = f"the web server needs it, with AGENTMESH_SECRET_{name}_HOSTS=none"
        say(open_console(as_json=True), f"AGENTMESH_SECRET_{name} is not set here: {needed}.", "yellow")


def list_hooks(*, as_json: bool) -> None:
    """Prints the hooks, by project and name, without their addresses."""
    with _open_store().read() as connection:
        found = hooks.list_hooks(connection)
    if as_json:
        print_json([hook.to_wire() for hook in found])
        return
    table = build_table("hook", "project", "event", "signed", "last used", "last refused")
    for hook in found:
        table.add_row(
            plain(hook.name),
            plain(hook.project_id),
            plain(hook.event_name),
            hook.signature.scheme if hook.signature else "no",
            show_moment(hook.last_used_at) or "never",
            plain(hook.last_refusal or "", "red"),
        )
    open_console().print(table)


def rotate_hook(id_or_name: str) -> None:
    """Prints the new address alone on standard output. Raises HookNotFound, AmbiguousHook."""
    token = make_secret()
    with _open_store().begin() as tx:
        hooks.rotate_hook(tx, _find(tx, id_or_name).id, hash_secret(token), by=_me())
    _print_address(token)


def delete_hook(id_or_name: str) -> None:
    """Raises HookNotFound, AmbiguousHook."""
    with _open_store().begin() as tx:
        hook = _find(tx, id_or_name)
        hooks.delete_hook(tx, hook.id, by=_me())
    say(open_console(), f"Deleted {hook.name}.")


def _find(connection: Connection, id_or_name: str) -> Hook:
    found = [hook for hook in hooks.list_hooks(connection) if id_or_name in (hook.id, hook.name)]
    if len(found) > 1:
        raise AmbiguousHook(f"`{id_or_name}`: name one by its id, {', '.join(hook.id for hook in found)}")
    return found[0] if found else hooks.get_hook(connection, id_or_name)


def _print_address(token: str) -> None:
    base = (get_settings().public_url or "").rstrip("/")
    sys.stdout.write(f"{base}/api/hooks/{token}\n")
    say(open_console(as_json=True), "Keep it now: it is not shown again.", "dim")


def _open_store() -> Store:
    settings = get_settings()
    if settings.url:
        raise HooksAreLocal(f"there, not through {settings.url}; or use that server's API, /api/hooks")
    return open_store(settings.store_url)


def _me() -> Identity:
    return Identity(name_user(), Role.ADMIN, via="cli")  # whoever can write to the store may do all
