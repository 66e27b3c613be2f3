"""What can go wrong with the catalogue."""

from collections.abc import Iterable
from datetime import datetime

from agentmesh_dagster.entities.models import Kind
from agentmesh_dagster.errors import AgentMeshError, Conflict, InvalidValue, NotFound

_SHOWN = 5  # of a list of names in a message


class EntityNotFound(NotFound):
    """The catalogue has no such entity."""

    def __init__(self, kind: Kind, name: str, more: str = "") -> None:
        self.kind = kind
        super().__init__(f"{kind} `{name}`{more}")


class AmbiguousName(AgentMeshError):
    """Several entities have this name: give an id."""

    def __init__(self, kind: Kind, name: str, ids: Iterable[str]) -> None:
        self.ids = tuple(ids)
        super().__init__(f"{kind} `{name}` may be {name_some([f'`{identity}`' for identity in self.ids])}")


class InvalidEntity(InvalidValue):
    """This entity cannot be stored."""


class MissingProject(AgentMeshError):
    """A project is missing: create it first, or save it in the same call."""


class StaleRevision(Conflict):
    """Somebody else saved this first: load it again and repeat your change."""

    def __init__(
        self,
        kind: Kind,
        identity: str,
        *,
        expected: int,
        revision: int,
        saved_by: str,
        saved_at: datetime,
        deleted: bool,
    ) -> None:
        """`revision` is the newest one, `expected` the one that the caller had seen (0: none)."""
        self.kind = kind
        self.id = identity
        self.expected = expected
        self.revision = revision
        self.saved_by = saved_by
        self.saved_at = saved_at
        verb = "deleted" if deleted else "saved"
        mine = f"yours began at revision {expected}" if expected else "yours was to be new"
        when = f"{saved_at:%Y-%m-%d %H:%M:%S} UTC"
        super().__init__(f"{kind} `{identity}` is at revision {revision}, {verb} by {saved_by} at {when}; {mine}")


class EntityInUse(Conflict):
    """This is in use and cannot be deleted."""

    def __init__(self, kind: Kind, identity: str, users: Iterable[str]) -> None:
        """`users` are such as "workflow `triage`"."""
        self.users = tuple(users)
        super().__init__(f"{kind} `{identity}` is used by {name_some(self.users)}")


class BrokenDocument(AgentMeshError):
    """A stored document cannot be read: save it anew, or restore an older revision."""

    def __init__(self, kind: Kind, identity: str, revision: int, reason: str) -> None:
        self.kind = kind
        self.id = identity
        self.revision = revision
        self.reason = reason
        super().__init__(f"{kind} `{identity}` at revision {revision}: {reason}")


def name_some(names: Iterable[str]) -> str:
    """ "a, b, c and 7 more"."""
    listed = list(names)
    more = len(listed) - _SHOWN
    return ", ".join(listed[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
