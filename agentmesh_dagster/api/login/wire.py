"""What goes over the wire about people: who is logged in, users, tokens."""

from typing import Annotated

from fastapi import Body

from agentmesh_dagster.api.requests import DescribedBy
from agentmesh_dagster.entities.access import Permission, Role
from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.entities.models import Entity, Timestamp


class Session(Entity):
    """Who is logged in."""

    name: str
    role: Role
    via: str  # how they came: session, token, open (login is switched off)
    permissions: list[Permission]
    login: bool  # whether this server has a login at all


class Credentials(Entity):
    """What somebody logs in with."""

    name: str
    password: str


class User(Entity):
    """Somebody who may log in."""

    name: str
    role: Role
    has_password: bool  # without one: by a login link only
    created_at: Timestamp


class NewUser(Entity):
    """Somebody who is to log in; without a password, by a login link only."""

    name: str
    role: Role
    password: str | None = None


class UserChange(Entity):
    """What is to be changed; who is no admin changes their own password, and gives the current one."""

    role: Role | None = None
    password: str | None = None
    current_password: str | None = None


class Token(Entity):
    """A script's way in."""

    name: str
    role: Role
    created_by: str
    created_at: Timestamp
    last_used_at: Timestamp | None = None  # to the minute
    revoked_at: Timestamp | None = None


class NewToken(Entity):
    """A token that is to be made."""

    name: str
    role: Role


class CreatedToken(Token):
    """A new token, with its secret: it is shown this once."""

    token: str


CredentialsBody = Annotated[JsonValue, DescribedBy(Credentials), Body(title="Credentials")]
NewUserBody = Annotated[JsonValue, DescribedBy(NewUser), Body(title="NewUser")]
UserChangeBody = Annotated[JsonValue, DescribedBy(UserChange), Body(title="UserChange")]
NewTokenBody = Annotated[JsonValue, DescribedBy(NewToken), Body(title="NewToken")]
