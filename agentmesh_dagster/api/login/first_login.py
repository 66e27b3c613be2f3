"""The first login: how whoever starts a new installation gets in, before anybody has a password."""

import os
from dataclasses import dataclass
from pathlib import Path

from agentmesh_dagster.api.login.entering import make_login_link
from agentmesh_dagster.api.login.secrets import hash_secret, make_token
from agentmesh_dagster.entities.access import Identity, Role
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.people import (
    UserExists,
    UserNotFound,
    add_user,
    create_token,
    get_user,
    has_admin_with_password,
    is_new_installation,
)

FIRST_NAME = "admin"  # of the first user and of the first token
_AT_START = Identity("agentmesh", Role.ADMIN, via="start")


@dataclass(frozen=True)
class FirstLogin:
    """What a server prints when it starts."""

    link: str | None  # logs `admin` in once, within an hour; None: an admin has a password, or login is off
    token_file: Path | None  # where the admin token for scripts was just written, at the very first start


def make_first_login(store: Store, settings: Settings, base_url: str) -> FirstLogin:
    """Makes the first user and the first token, once for each store, and at each start a login link.

    `base_url` is where the server is reached, path prefix included. Links end up in logs, so there are none any more
    once an admin has a password.
    """
    if settings.auth == "off":
        return FirstLogin(None, None)
    token_file = _make_first_people(store, settings.home / "admin-token")
    with store.begin() as tx:
        try:
            needs_link = get_user(tx, FIRST_NAME).role is Role.ADMIN and not has_admin_with_password(tx)
        except UserNotFound:
            needs_link = False
        return FirstLogin(make_login_link(tx, FIRST_NAME, base_url) if needs_link else None, token_file)


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
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{secret}\n")
