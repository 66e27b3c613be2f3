"""People and tokens: who may log in at the web server of this installation."""

import sys

from rich.prompt import Prompt

from agentmesh_dagster.api.login.login import make_login_link
from agentmesh_dagster.api.login.passwords import hash_password
from agentmesh_dagster.api.login.secrets import hash_secret, make_token
from agentmesh_dagster.cli.identity import name_user
from agentmesh_dagster.cli.output.console import build_table, open_console, plain, print_json, say
from agentmesh_dagster.cli.output.values import show_moment
from agentmesh_dagster.entities.access import Identity, Role
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.errors import AgentMeshError, InvalidValue
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store import Store, open_store, people

_DEFAULT_SERVER = "http://127.0.0.1:3000"


class LocalOnly(AgentMeshError):
    """People and tokens are looked after on the machine of the store."""


class PasswordsDiffer(InvalidValue):
    """The two passwords are not the same."""


def create_token(name: str, role: Role) -> None:
    """Prints a new token alone on standard output: it is shown this once. Raises InvalidName, TokenExists."""
    secret = make_token()
    with _open_store().begin() as tx:
        people.create_token(tx, name, role, hash_secret(secret), by=_me())
    sys.stdout.write(f"{secret}\n")
    say(open_console(as_json=True), "Keep it now: it is not shown again.", "dim")


def list_tokens(*, as_json: bool) -> None:
    """Prints the tokens, by name, without their secrets."""
    with _open_store().read() as connection:
        tokens = people.list_tokens(connection)
    if as_json:
        print_json([_write_token(token) for token in tokens])
        return
    table = build_table("name", "role", "created", "by", "last used", "revoked")
    for token in tokens:
        table.add_row(
            plain(token.name),
            token.role.value,
            show_moment(token.created_at),
            plain(token.created_by),
            show_moment(token.last_used_at) or "never",
            show_moment(token.revoked_at),
        )
    open_console().print(table)


def revoke_token(name: str) -> None:
    """Lets a script in no more, from now on. Raises TokenNotFound."""
    with _open_store().begin() as tx:
        people.revoke_token(tx, name, by=_me())
    say(open_console(), f"Revoked {name}.")


def add_user(name: str, role: Role, *, with_password: bool) -> None:
    """Lets somebody in, by a password that is asked for, or by login links only.

    Raises InvalidName, UserExists, UnfitPassword, PasswordsDiffer.
    """
    store = _open_store()
    people.check_name(name)
    password_hash = hash_password(_ask_password()) if with_password else None
    with store.begin() as tx:
        people.add_user(tx, name, role, password_hash, by=_me())
    say(open_console(), f"Added {name} as {role.value}.")


def list_users(*, as_json: bool) -> None:
    """Prints those who may log in, by name."""
    with _open_store().read() as connection:
        users = people.list_users(connection)
    if as_json:
        print_json([_write_user(user) for user in users])
        return
    table = build_table("name", "role", "logs in by", "since")
    for user in users:
        credential = "password" if user.has_password else "login link"
        table.add_row(plain(user.name), user.role.value, credential, show_moment(user.created_at))
    open_console().print(table)


def set_role(name: str, role: Role) -> None:
    """Changes what somebody may do, from now on. Raises UserNotFound."""
    with _open_store().begin() as tx:
        people.change_user(tx, name, role=role, by=_me())
    say(open_console(), f"{name} is {role.value} now.")


def set_password(name: str) -> None:
    """Gives somebody another password, and ends their sessions. Raises UserNotFound, UnfitPassword, PasswordsDiffer."""
    store = _open_store()
    with store.read() as connection:
        people.get_user(connection, name)
    password_hash = hash_password(_ask_password())
    with store.begin() as tx:
        people.change_user(tx, name, password_hash=password_hash, by=_me())
    say(open_console(), f"{name} has a new password.")


def remove_user(name: str) -> None:
    """Lets somebody in no more, and ends their sessions. Raises UserNotFound."""
    with _open_store().begin() as tx:
        people.remove_user(tx, name, by=_me())
    say(open_console(), f"Removed {name}.")


def print_login_link(name: str, server: str | None) -> None:
    """Prints a link that logs somebody in once, within an hour, alone on standard output. Raises UserNotFound."""
    base_url = server or get_settings().public_url or _DEFAULT_SERVER
    with _open_store().begin() as tx:
        people.get_user(tx, name)
        link = make_login_link(tx, name, base_url)
    sys.stdout.write(f"{link}\n")


def _open_store() -> Store:
    settings = get_settings()
    if settings.url:
        raise LocalOnly(f"there, not through {settings.url}; or use that server's API, /api/users and /api/tokens")
    return open_store(settings.store_url)


def _me() -> Identity:
    return Identity(name_user(), Role.ADMIN, via="cli")  # whoever can write to the store may do all


def _ask_password() -> str:
    """From the terminal, unseen and twice; or the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    console = open_console(as_json=True)
    password = Prompt.ask("Password", password=True, console=console)
    if Prompt.ask("Once more", password=True, console=console) != password:
        raise PasswordsDiffer
    return password


def _write_token(token: people.Token) -> dict[str, JsonValue]:
    written: dict[str, JsonValue] = {
        "name": token.name,
        "role": token.role.value,
        "createdBy": token.created_by,
        "createdAt": token.created_at.isoformat(),
    }
    if token.last_used_at is not None:
        written["lastUsedAt"] = token.last_used_at.isoformat()
    return written if token.revoked_at is None else written | {"revokedAt": token.revoked_at.isoformat()}


def _write_user(user: people.User) -> dict[str, JsonValue]:
    return {
        "name": user.name,
        "role": user.role.value,
        "hasPassword": user.has_password,
        "createdAt": user.created_at.isoformat(),
    }
