"""The first login: how whoever starts a new installation gets in, before anybody has a password."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agentmesh_dagster.api.login.login import make_login_link
from agentmesh_dagster.api.login.secrets import hash_secret, make_token
from agentmesh_dagster.entities.access import Identity, Role
from agentmesh_dagster.private_files import make_private_folder
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.people import (
    UserExists,
    add_user,
    create_token,
    has_admin_with_password,
    is_new_installation,
    is_user,
    list_users,
)

FIRST_NAME = "admin"  # of the first user and of the first token
_AT_START = Identity("agentmesh", Role.ADMIN, via="start")


@dataclass(frozen=True)
class FirstLogin:
    """What a server prints when it starts."""

    link: str | None  # logs an admin in once, within an hour; None: one has a password, or login is off
    token_file: Path | None  # where the admin token for scripts was just written, at the very first start


def make_first_login(store: Store, settings: Settings, base_url: str) -> FirstLogin:
    """Makes the first user and the first token, once for each store, and at each start a login link.

    `base_url` is where the server is reached, path prefix included. Links end up in logs, so there are none any more
    once an admin has a password; as long as none has, there is always one, whoever has made or removed what.
    """
    if settings.auth == "off":
        return FirstLogin(None, None)
    token_file = _make_first_people(store, settings.home / "admin-token")
    try:
        return FirstLogin(_make_link(store, base_url), token_file)
    except UserExists:  # another process starts at this very moment
        return FirstLogin(_make_link(store, base_url), token_file)


def _make_link(store: Store, base_url: str) -> str | None:
    with store.begin() as tx:
        if has_admin_with_password(tx):
            return None
        admins = [user.name for user in list_users(tx) if user.role is Role.ADMIN]
        name = FIRST_NAME if FIRST_NAME in admins or not admins else admins[0]
        if not admins:
            name = next(free for free in _list_first_names() if not is_user(tx, free))
            add_user(tx, name, Role.ADMIN, None, by=_AT_START)
        return make_login_link(tx, name, base_url)


def _list_first_names() -> Iterator[str]:
    yield FIRST_NAME
    yield from (f"{FIRST_NAME}-{number}" for number in itertools.count(2))  # `admin` is no admin any more


def _make_first_people(store: Store, token_file: Path) -> Path | None:
    try:
        with store.begin() as tx:
            if not is_new_installation(tx):
                return None
            token = make_token()
            add_user(tx, FIRST_NAME, Role.ADMIN, None, by=_AT_START)
            create_token(tx, FIRST_NAME, Role.ADMIN, hash_secret(token), by=_AT_START)
            _write_secret(token_file, token)
    except UserExists:  # another process starts at this very moment
        return None
    return token_file


def _write_secret(path: Path, secret: str) -> None:
    """Writes a file that nobody but its owner can read, also if there was one that others could."""
    make_private_folder(path.parent)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{secret}\n")
