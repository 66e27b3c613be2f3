"""People: who is logged in, who may log in, and the tokens of scripts."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, HTTPException, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from agentmesh_dagster import wire
from agentmesh_dagster.api.access import NotAllowed
from agentmesh_dagster.api.context import get_context
from agentmesh_dagster.api.login.login import WrongLogin, confirm_password, knock, log_in, log_out
from agentmesh_dagster.api.login.passwords import hash_password
from agentmesh_dagster.api.login.request_info import forget_session, get_request_info, keep_session
from agentmesh_dagster.api.login.secrets import hash_secret, make_token
from agentmesh_dagster.api.login.wire import (
    CreatedToken,
    Credentials,
    CredentialsBody,
    NewToken,
    NewTokenBody,
    NewUser,
    NewUserBody,
    Session,
    Token,
    User,
    UserChange,
    UserChangeBody,
)
from agentmesh_dagster.api.requests import (
    Administrator,
    Asked,
    Cursor,
    JsonRoute,
    Limit,
    Reader,
    build_router,
    faults,
    read_body,
)
from agentmesh_dagster.entities.access import Identity, Permission
from agentmesh_dagster.store import people
from agentmesh_dagster.store.login_failures import TooManyFailures
from agentmesh_dagster.store.pages import read_cursor, write_cursor

Listed = TypeVar("Listed", people.User, people.Token)

PersonName = Annotated[str, Path(alias="name", pattern=people.NAME_PATTERN)]


class _Door(JsonRoute):
    """A way in: whoever comes is counted before what they send is looked at."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def knock_and_handle(request: Request) -> Response:
            try:
                await run_in_threadpool(knock, get_context(request).services.store, get_request_info(request).address)
            except TooManyFailures as refused:
                raise _deny(refused) from refused
            return await handle(request)

        return knock_and_handle


_doors = APIRouter(prefix="/session", tags=["login"], route_class=_Door)  # the way in needs no permission
_sessions = build_router("/session", "login")
_users = build_router("/users", "people")
_tokens = build_router("/tokens", "people")


@_doors.post("", status_code=201, responses=faults(429))
def create_session(call: Asked, body: CredentialsBody) -> Session:
    """Logs a browser in: the session comes as a cookie. Scripts send a token instead."""
    services, request_info = call.context.services, get_request_info(call.request)
    given = read_body(Credentials, body)
    try:
        secret = log_in(
            services.store, services.settings, name=given.name, password=given.password, address=request_info.address
        )
    except (WrongLogin, TooManyFailures) as refused:
        raise _deny(refused) from refused
    keep_session(call.response, request_info, secret, services.settings.session_hours)
    with services.store.read() as connection:
        user = people.get_user(connection, given.name)
    return _describe(call, Identity(user.name, user.role, via="session"))


@_sessions.get("")
def get_session(call: Asked, somebody: Reader) -> Session:
    """Who asks, and what they may do."""
    return _describe(call, somebody)


@_sessions.delete("", status_code=204)
def delete_session(call: Asked) -> None:
    """Logs out."""
    request_info = get_request_info(call.request)
    if request_info.session:
        log_out(call.context.services.store, request_info.session)
    forget_session(call.response, request_info)


@_users.get("")
def list_users(call: Asked, _: Administrator, limit: Limit = 50, cursor: Cursor = None) -> wire.PageOf[User]:
    """Those who may log in, by name."""
    with call.context.services.store.read() as connection:
        found = people.list_users(connection, after=_read_place(cursor), limit=limit + 1)
    return wire.PageOf(items=[_write_user(user) for user in found[:limit]], next_cursor=_write_place(found, limit))


@_users.post("", status_code=201, responses=faults(409))
def create_user(call: Asked, admin: Administrator, body: NewUserBody) -> User:
    """Lets somebody in."""
    new = read_body(NewUser, body)
    password_hash = None if new.password is None else hash_password(new.password)
    with call.context.services.store.begin() as tx:
        return _write_user(people.add_user(tx, new.name, new.role, password_hash, by=admin))


@_users.put("/{name}", responses=faults(404, 429))
def change_user(call: Asked, somebody: Reader, name: PersonName, body: UserChangeBody) -> User:
    """Changes a role, at once, or a password, which ends all sessions of the user. People may change their own one."""
    change = read_body(UserChange, body)
    if not somebody.may(Permission.ADMINISTER):
        _check_own_password(call, somebody, name, change)
    password_hash = None if change.password is None else hash_password(change.password)
    with call.context.services.store.begin() as tx:
        return _write_user(people.change_user(tx, name, role=change.role, password_hash=password_hash, by=somebody))


@_users.delete("/{name}", status_code=204, responses=faults(404))
def delete_user(call: Asked, admin: Administrator, name: PersonName) -> None:
    """Lets somebody in no more, and ends their sessions."""
    with call.context.services.store.begin() as tx:
        people.remove_user(tx, name, by=admin)


@_tokens.get("")
def list_tokens(call: Asked, _: Administrator, limit: Limit = 50, cursor: Cursor = None) -> wire.PageOf[Token]:
    """The tokens of scripts, by name, the revoked ones too."""
    with call.context.services.store.read() as connection:
        found = people.list_tokens(connection, after=_read_place(cursor), limit=limit + 1)
    items = [Token.model_validate(vars(token)) for token in found[:limit]]
    return wire.PageOf(items=items, next_cursor=_write_place(found, limit))


@_tokens.post("", status_code=201, responses=faults(409))
def create_token(call: Asked, admin: Administrator, body: NewTokenBody) -> CreatedToken:
    """Makes a token for a script. Its secret is in the answer, and never shown again."""
    new = read_body(NewToken, body)
    secret = make_token()
    with call.context.services.store.begin() as tx:
        token = people.create_token(tx, new.name, new.role, hash_secret(secret), by=admin)
    return CreatedToken.model_validate({**vars(token), "token": secret})


@_tokens.delete("/{name}", status_code=204, responses=faults(404))
def revoke_token(call: Asked, admin: Administrator, name: PersonName) -> None:
    """Lets a script in no more."""
    with call.context.services.store.begin() as tx:
        people.revoke_token(tx, name, by=admin)


router = APIRouter()
for _part in (_doors, _sessions, _users, _tokens):
    router.include_router(_part)


def _check_own_password(call: Asked, somebody: Identity, name: str, change: UserChange) -> None:
    is_own = somebody.via == "session" and somebody.name == name
    if not is_own or change.role is not None or change.current_password is None:
        raise NotAllowed("who is no admin changes their own password only, and gives the current one with it")
    store, address = call.context.services.store, get_request_info(call.request).address
    try:
        confirm_password(store, name=name, password=change.current_password, address=address)
    except WrongLogin as refused:
        raise NotAllowed("the current password is another") from refused
    except TooManyFailures as refused:
        raise _deny(refused) from refused


def _deny(refused: WrongLogin | TooManyFailures) -> HTTPException:
    if isinstance(refused, TooManyFailures):
        return HTTPException(429, f"{refused}.", {"Retry-After": str(refused.seconds)})
    return HTTPException(401, str(refused))


def _describe(call: Asked, identity: Identity) -> Session:
    return Session(
        name=identity.name,
        role=identity.role,
        via=identity.via,
        permissions=[permission for permission in Permission if identity.may(permission)],
        login=call.context.services.settings.auth == "on",
    )


def _write_user(user: people.User) -> User:
    return User.model_validate(vars(user))


def _read_place(cursor: str | None) -> str:
    return read_cursor(cursor, 1)[0] if cursor else ""


def _write_place(found: Sequence[Listed], limit: int) -> str | None:
    return write_cursor([found[limit - 1].name]) if len(found) > limit else None
