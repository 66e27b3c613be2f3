"""People and tokens: who may come in, and as what."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, or_, select, update

from agentmesh_dagster.entities.access import Identity, Role
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import EventType, JsonObject
from agentmesh_dagster.errors import Conflict, InvalidValue, NotFound
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.events import record_audit
from agentmesh_dagster.store.insert_new import insert_new
from agentmesh_dagster.store.tables import sessions, tokens, users

NAME_PATTERN = r"^[\w.@+-]{1,100}$"  # letters of any script, digits, and what e-mail addresses need
_NAME = re.compile(NAME_PATTERN.replace("$", r"\Z"))
_LAST_USE_IS_KEPT_TO = timedelta(minutes=1)  # so that a busy script does not write at each request


class InvalidName(InvalidValue):
    """A name of a user or a token is 1 to 100 letters, digits and the characters . _ - + @."""


class UserNotFound(NotFound):
    """There is nobody of this name."""


class UserExists(Conflict):
    """There is somebody of this name already."""


class TokenNotFound(NotFound):
    """There is no such token, or it was revoked."""


class TokenExists(Conflict):
    """There is a token of this name already."""


@dataclass(frozen=True)
class User:
    name: str
    role: Role
    has_password: bool  # False: logs in by a link alone
    created_at: datetime


@dataclass(frozen=True)
class Token:
    """A script's way in; the secret itself is known to the script alone."""

    name: str
    role: Role
    created_by: str
    created_at: datetime
    last_used_at: datetime | None  # to the minute
    revoked_at: datetime | None


def add_user(tx: Connection, name: str, role: Role, password_hash: str | None, *, by: Identity) -> User:
    """Raises InvalidName, UserExists."""
    check_name(name)
    moment = now(tx)
    row = {"name": name, "role": role.value, "password_hash": password_hash, "created_at": moment}
    if not insert_new(tx, users, **row):
        raise UserExists(f"`{name}`")
    has_password = password_hash is not None
    _record(tx, EventType.USER_SAVED, by, {"name": name, "role": role.value, "newPassword": has_password})
    return User(name, role, has_password, moment)


def change_user(
    tx: Connection, name: str, *, role: Role | None = None, password_hash: str | None = None, by: Identity
) -> User:
    """Changes what is given. A new password ends all sessions of the user. Raises UserNotFound."""
    changes = {"role": role.value if role else None, "password_hash": password_hash}
    given = {column: value for column, value in changes.items() if value is not None}
    if given:
        tx.execute(update(users).where(users.c.name == name).values(given))
    user = get_user(tx, name)
    if password_hash is not None:
        tx.execute(delete(sessions).where(sessions.c.user_name == name))
    changed: JsonObject = {"name": name, "role": user.role.value, "newPassword": password_hash is not None}
    _record(tx, EventType.USER_SAVED, by, changed)
    return user


def remove_user(tx: Connection, name: str, *, by: Identity) -> None:
    """Removes somebody, with their sessions and login links. Raises UserNotFound."""
    if tx.execute(delete(users).where(users.c.name == name)).rowcount == 0:
        raise UserNotFound(f"`{name}`")
    _record(tx, EventType.USER_DELETED, by, {"name": name})


def get_user(connection: Connection, name: str) -> User:
    """Raises UserNotFound."""
    row = connection.execute(select(users).where(users.c.name == name)).mappings().one_or_none()
    if row is None:
        raise UserNotFound(f"`{name}`")
    return read_user(row)


def list_users(connection: Connection, *, after: str = "", limit: int | None = None) -> list[User]:
    """By name, those behind `after`."""
    query = select(users).where(users.c.name > after).order_by(users.c.name).limit(limit)
    return [read_user(row) for row in connection.execute(query).mappings()]


def is_user(connection: Connection, name: str) -> bool:
    """Whether there is somebody of this name."""
    return connection.execute(select(users.c.name).where(users.c.name == name)).first() is not None


def get_password_hash(connection: Connection, name: str) -> str | None:
    """None for somebody unknown, or who has no password."""
    return connection.execute(select(users.c.password_hash).where(users.c.name == name)).scalar_one_or_none()


def rehash_password(tx: Connection, name: str, old: str, new: str) -> None:
    """The same password under newer settings of the hash; nothing happens when it was changed meanwhile."""
    tx.execute(update(users).where(users.c.name == name, users.c.password_hash == old).values(password_hash=new))


def is_new_installation(connection: Connection) -> bool:
    """Whether there has been neither a user nor a token."""
    return connection.execute(select(users.c.name).union_all(select(tokens.c.name)).limit(1)).first() is None


def has_admin_with_password(connection: Connection) -> bool:
    """Whether somebody can log in as an admin without a link."""
    admin = users.c.role == Role.ADMIN.value
    return connection.execute(select(users.c.name).where(admin, users.c.password_hash.is_not(None))).first() is not None


def create_token(tx: Connection, name: str, role: Role, secret_hash: str, *, by: Identity) -> Token:
    """Keeps a new token, maybe under the name of one that was revoked. Raises InvalidName, TokenExists."""
    check_name(name)
    row = {"hash": secret_hash, "role": role.value, "created_by": by.name, "created_at": now(tx)}
    fresh = row | {"last_used_at": None, "revoked_at": None}
    was_revoked = tokens.c.revoked_at.is_not(None)
    is_taken = not insert_new(tx, tokens, name=name, **row)
    if is_taken and tx.execute(update(tokens).where(tokens.c.name == name, was_revoked).values(fresh)).rowcount == 0:
        raise TokenExists(f"`{name}`; revoke it first, or take another name")
    _record(tx, EventType.TOKEN_CREATED, by, {"name": name, "role": role.value})
    return get_token(tx, name)


def revoke_token(tx: Connection, name: str, *, by: Identity) -> None:
    """Raises TokenNotFound."""
    live = update(tokens).where(tokens.c.name == name, tokens.c.revoked_at.is_(None))
    if tx.execute(live.values(revoked_at=now(tx))).rowcount == 0:
        raise TokenNotFound(f"`{name}`")
    _record(tx, EventType.TOKEN_REVOKED, by, {"name": name})


def get_token(connection: Connection, name: str) -> Token:
    """Raises TokenNotFound; finds also one that was revoked."""
    row = connection.execute(select(tokens).where(tokens.c.name == name)).mappings().one_or_none()
    if row is None:
        raise TokenNotFound(f"`{name}`")
    return _read_token(row)


def list_tokens(connection: Connection, *, after: str = "", limit: int | None = None) -> list[Token]:
    """By name, those behind `after`, the revoked ones too."""
    query = select(tokens).where(tokens.c.name > after).order_by(tokens.c.name).limit(limit)
    return [_read_token(row) for row in connection.execute(query).mappings()]


def find_token(connection: Connection, secret_hash: str) -> Token | None:
    """The live token of this hash."""
    live = select(tokens).where(tokens.c.hash == secret_hash, tokens.c.revoked_at.is_(None))
    row = connection.execute(live).mappings().one_or_none()
    return None if row is None else _read_token(row)


def is_use_to_be_noted(connection: Connection, token: Token) -> bool:
    """Whether the last use that was noted is longer ago than a minute."""
    return token.last_used_at is None or token.last_used_at <= now(connection) - _LAST_USE_IS_KEPT_TO


def note_use(tx: Connection, name: str) -> None:
    """The token of this name was used now."""
    moment = now(tx)
    is_older = or_(tokens.c.last_used_at.is_(None), tokens.c.last_used_at <= moment - _LAST_USE_IS_KEPT_TO)
    tx.execute(update(tokens).where(tokens.c.name == name, is_older).values(last_used_at=moment))


def is_name(text: str) -> bool:
    """Whether this can be the name of a user or a token."""
    return _NAME.match(text) is not None


def check_name(name: str) -> None:
    """Raises InvalidName."""
    if not is_name(name):
        raise InvalidName(f"`{name[:100]}`")


def _record(tx: Connection, type: EventType, by: Identity, payload: dict[str, JsonValue]) -> None:  # noqa: A002
    record_audit(tx, type=type, by=by.name, via=by.via, payload=payload)


def read_user(row: RowMapping) -> User:
    """A row of the table of users."""
    return User(row["name"], Role(row["role"]), row["password_hash"] is not None, row["created_at"])


def _read_token(row: RowMapping) -> Token:
    return Token(
        name=row["name"],
        role=Role(row["role"]),
        created_by=row["created_by"],
        created_at=row["created_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )
