"""How people come in: by name and password, or by a link that is good for one session."""

import ipaddress
from datetime import timedelta
from urllib.parse import urlencode

from agentmesh_dagster.api.login.passwords import hash_password, is_hash_dated, is_password
from agentmesh_dagster.api.login.secrets import hash_secret, make_secret
from agentmesh_dagster.entities.models import EventType
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.settings import Settings
from agentmesh_dagster.store import Connection, Store
from agentmesh_dagster.store.events import record_audit
from agentmesh_dagster.store.login_failures import (
    Limit,
    count_try,
    forgive_try,
    is_known_place,
    note_place,
)
from agentmesh_dagster.store.people import get_password_hash, is_name, is_user, rehash_password
from agentmesh_dagster.store.sessions import add_login_link, end_session, open_session, take_login_link

LINK_LASTS = timedelta(hours=1)

# Who guesses at one name from one address waits up to five minutes. An address may be that of a whole office, so it is
# given more. Guesses from many addresses share a limit for each name, which those are spared who try from where they
# have logged in before: nobody can lock somebody else out by guessing.
_OF_A_NAME_THERE = Limit(free=5, longest_seconds=300)
_OF_A_NAME = Limit(free=50, longest_seconds=300)
_OF_AN_ADDRESS = Limit(free=20, longest_seconds=60)
_IPV6_HOME = 64  # bits: whoever has one IPv6 address has all that begin so


class WrongLogin(AgentMeshError):
    """This name and this password do not belong together."""


class DeadLink(AgentMeshError):
    """This link is not good any more: it logs in once, within an hour."""


def knock(store: Store, address: str) -> None:
    """Counts that somebody comes in from there, before anything that was sent is looked at. Raises TooManyFailures."""
    with store.begin() as tx:
        count_try(tx, {name_address(address): _OF_AN_ADDRESS})


def name_address(address: str) -> str:
    """Whom an address stands for: of IPv6 it is one network."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return f"address {address}"
    if isinstance(known, ipaddress.IPv4Address):
        return f"address {known}"
    if known.ipv4_mapped:
        return f"address {known.ipv4_mapped}"
    return f"address {ipaddress.ip_network((known, _IPV6_HOME), strict=False)}"


def log_in(store: Store, settings: Settings, *, name: str, password: str, address: str) -> str:
    """Opens a session and returns its secret, behind a `knock`. Raises WrongLogin, TooManyFailures."""
    kept = _check(store, name, password, address)
    session = make_secret()
    with store.begin() as tx:
        if get_password_hash(tx, name) != kept:  # changed at this very moment
            raise WrongLogin
        if is_hash_dated(kept):
            rehash_password(tx, name, kept, hash_password(password))
        _open(tx, settings, name, session, "password", address)
    return session


def confirm_password(store: Store, *, name: str, password: str, address: str) -> None:
    """Somebody shows once more who they are. Raises WrongLogin, TooManyFailures."""
    knock(store, address)
    _check(store, name, password, address)


def use_link(store: Store, settings: Settings, *, secret: str, address: str) -> str:
    """Uses a login link up, opens a session and returns its secret, behind a `knock`. Raises DeadLink."""
    session = make_secret()
    with store.begin() as tx:
        name = take_login_link(tx, hash_secret(secret))
        if name is not None:
            forgive_try(tx, anew=[], once=[name_address(address)])
            _open(tx, settings, name, session, "link", address)
            return session
        _record_failure(tx, None, "link", address)
    raise DeadLink


def log_out(store: Store, session: str) -> None:
    """Ends a session."""
    with store.begin() as tx:
        end_session(tx, hash_secret(session))


def make_login_link(tx: Connection, name: str, base_url: str) -> str:
    """A link that logs this user in once, within an hour; `base_url` is where the server is reached."""
    secret = make_secret()
    add_login_link(tx, user_name=name, secret_hash=hash_secret(secret), lasts=LINK_LASTS)
    return f"{base_url.rstrip('/')}/login?{urlencode({'token': secret})}"


def _check(store: Store, name: str, password: str, address: str) -> str:
    """The hash that the password fits."""
    place, everywhere = name_address(address), f"name {name}"
    there = f"{everywhere} from {place}"
    kept = None
    if is_name(name):
        with store.begin() as tx:
            kept = get_password_hash(tx, name)
            shared = {} if is_known_place(tx, name, place) else {everywhere: _OF_A_NAME}
            count_try(tx, {there: _OF_A_NAME_THERE} | shared)
    is_right = is_password(password, kept)
    with store.begin() as tx:
        if is_right and kept is not None:
            forgive_try(tx, anew=[there], once=[place, everywhere])
            return kept
        known = name if is_name(name) and is_user(tx, name) else None
        _record_failure(tx, known, "password", address)
    raise WrongLogin


def _open(tx: Connection, settings: Settings, name: str, session: str, via: str, address: str) -> None:
    lasts = timedelta(hours=settings.session_hours)
    open_session(tx, user_name=name, secret_hash=hash_secret(session), via=via, address=address, lasts=lasts)
    note_place(tx, name, name_address(address))


def _record_failure(tx: Connection, name: str | None, via: str, address: str) -> None:
    # An unknown name is not written down: it may be a password, typed into the wrong field.
    by = name or "unknown"
    record_audit(tx, type=EventType.LOGIN_FAILED, by=by, via=via, payload={"name": name, "address": address})
