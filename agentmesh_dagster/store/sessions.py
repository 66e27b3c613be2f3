"""Sessions: people who are logged in; and login links, each good for one session. Of both only hashes are kept."""

from datetime import timedelta

from sqlalchemy import Connection, delete, insert, select, update

from agentmesh_dagster.entities.models import EventType
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.events import record_audit
from agentmesh_dagster.store.people import User, read_user
from agentmesh_dagster.store.tables import login_links, sessions, users


def open_session(
    tx: Connection,
    *,
    user_name: str,
    secret_hash: str,
    via: str,
    address: str,
    lasts: timedelta,
) -> None:
    """Somebody has logged in, by a password or a link (`via`), from an address. Sessions that are over are removed."""
    moment = now(tx)
    tx.execute(delete(sessions).where(sessions.c.expires_at <= moment))
    row = {"hash": secret_hash, "user_name": user_name, "via": via, "created_at": moment}
    tx.execute(insert(sessions).values(**row, expires_at=moment + lasts))
    record_audit(
        tx,
        type=EventType.LOGIN_SUCCEEDED,
        by=user_name,
        via=via,
        payload={"name": user_name, "address": address},
    )


def find_session_user(connection: Connection, secret_hash: str) -> User | None:
    """Whose session this is, as they are now; None when there is no such session, or it is over."""
    joined = users.join(sessions, sessions.c.user_name == users.c.name)
    is_live = (sessions.c.hash == secret_hash, sessions.c.expires_at > now(connection))
    row = connection.execute(select(users).select_from(joined).where(*is_live)).mappings().one_or_none()
    return None if row is None else read_user(row)


def end_session(tx: Connection, secret_hash: str) -> None:
    """Logs out."""
    tx.execute(delete(sessions).where(sessions.c.hash == secret_hash))


def add_login_link(tx: Connection, *, user_name: str, secret_hash: str, lasts: timedelta) -> None:
    """A link that logs this user in, once. Links that are over are removed."""
    moment = now(tx)
    tx.execute(delete(login_links).where(login_links.c.expires_at <= moment))
    tx.execute(insert(login_links).values(hash=secret_hash, user_name=user_name, expires_at=moment + lasts))


def take_login_link(tx: Connection, secret_hash: str) -> str | None:
    """Uses a link up and returns whom it logs in; None when it is unknown, used or over (compare-and-set)."""
    moment = now(tx)
    is_good = (login_links.c.hash == secret_hash, login_links.c.used_at.is_(None), login_links.c.expires_at > moment)
    if tx.execute(update(login_links).where(*is_good).values(used_at=moment)).rowcount == 0:
        return None
    return tx.execute(select(login_links.c.user_name).where(login_links.c.hash == secret_hash)).scalar_one()
