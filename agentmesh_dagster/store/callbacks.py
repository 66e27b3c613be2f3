"""Callbacks: addresses that are given out for waits, and what was posted to them, maybe before the wait was reached."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from sqlalchemy import Connection, and_, select, update

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.errors import Conflict, NotFound
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.insert_new import insert_new
from agentmesh_dagster.store.tables import callbacks, keys

_KEY = "callbacks"
_KEY_BYTES = 32


class CallbackNotFound(NotFound):
    """There is no such callback."""


class CallbackUsed(Conflict):
    """This callback was used: it is good once."""


@dataclass(frozen=True)
class Callback:
    run_id: str
    step_id: str  # of the wait


def give_out(tx: Connection, run_id: str, step_id: str) -> str:
    """The token of the wait's callback: the same whoever asks. Only its hash is kept."""
    token = _sign(_read_key(tx), step_id)
    insert_new(tx, callbacks, token_hash=_hash(token), run_id=run_id, step_id=step_id)
    return token


def find_callback(connection: Connection, token: str) -> Callback:
    """Raises CallbackNotFound."""
    row = connection.execute(select(callbacks).where(callbacks.c.token_hash == _hash(token))).one_or_none()
    if row is None:
        raise CallbackNotFound("it was never given out, or its run was deleted")
    return Callback(row.run_id, row.step_id)


def receive(tx: Connection, token: str, body: JsonValue) -> None:
    """Keeps what was posted; CallbackUsed when something was before."""
    free = and_(callbacks.c.token_hash == _hash(token), callbacks.c.received_at.is_(None))
    if tx.execute(update(callbacks).where(free).values(body=body, received_at=now(tx))).rowcount != 1:
        raise CallbackUsed("something was posted to it before")


def find_received(connection: Connection, step_id: str) -> tuple[JsonValue] | None:
    """What was posted for a wait; None: nothing yet."""
    query = select(callbacks.c.body).where(callbacks.c.step_id == step_id, callbacks.c.received_at.is_not(None))
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.body,)


def _read_key(tx: Connection) -> bytes:
    query = select(keys.c.value).where(keys.c.name == _KEY)
    if tx.execute(query).first() is None:
        insert_new(tx, keys, name=_KEY, value=secrets.token_hex(_KEY_BYTES))  # or somebody else has, at this moment
    return bytes.fromhex(tx.execute(query).scalar_one())


def _sign(key: bytes, step_id: str) -> str:
    digest = hmac.new(key, step_id.encode(), hashlib.sha256).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
