"""Who asks: found out anew at each request, so that what is revoked or changed counts at once."""

from contextlib import suppress

from starlette.requests import HTTPConnection

from agentmesh_dagster.api.login.request_info import RequestInfo
from agentmesh_dagster.api.login.secrets import hash_secret
from agentmesh_dagster.entities.access import Identity, Role
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Store, StoreFull, StoreReadOnly
from agentmesh_dagster.store.people import find_token, is_use_to_be_noted, note_use
from agentmesh_dagster.store.sessions import find_session_user

ANYBODY = Identity("local", Role.ADMIN, via="open")  # when login is switched off


def find_identity(
    store: Store, settings: Settings, connection: HTTPConnection, request_info: RequestInfo
) -> Identity | None:
    """Somebody whom a bearer token or a session shows; a token that is not good is not made up for by a session."""
    if settings.auth == "off":
        return ANYBODY
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _find_by_token(store, hash_secret(token.strip()))
    return _find_by_session(store, hash_secret(request_info.session)) if request_info.session else None


def _find_by_token(store: Store, token_hash: str) -> Identity | None:
    with store.read() as connection:
        token = find_token(connection, token_hash)
        if token is None:
            return None
        is_to_be_noted = is_use_to_be_noted(connection, token)
    if is_to_be_noted:
        # Where nothing can be written whoever only reads is served all the same.
        with suppress(StoreFull, StoreReadOnly), store.begin() as tx:
            note_use(tx, token.name)
    return Identity(token.name, token.role, via="token")


def _find_by_session(store: Store, session_hash: str) -> Identity | None:
    with store.read() as connection:
        user = find_session_user(connection, session_hash)
    return None if user is None else Identity(user.name, user.role, via="session")
