"""Access: who somebody is, and what they may do."""

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    READ = "read"
    EDIT = "edit"  # save, launch, cancel, and change things in Dagster's UI
    ANSWER = "answer"  # gates
    ADMINISTER = "administer"  # people, tokens, what happened


class Role(StrEnum):
    VIEWER = "viewer"
    EDITOR = "editor"
    APPROVER = "approver"
    ADMIN = "admin"

    def may(self, permission: Permission) -> bool:
        return permission in _GRANTED[self]


_GRANTED = {
    Role.VIEWER: {Permission.READ},
    Role.EDITOR: {Permission.READ, Permission.EDIT},
    Role.APPROVER: {Permission.READ, Permission.ANSWER},  # an editor alone may not approve their own work
    Role.ADMIN: set(Permission),
}


@dataclass(frozen=True)
class Identity:
    """Somebody whom the server knows."""

    name: str
    role: Role
    via: str  # how they came: session, token, open (login is switched off), cli, deadline

    def may(self, permission: Permission) -> bool:
        return self.role.may(permission)
