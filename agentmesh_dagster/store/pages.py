"""Lists in pages: a cursor is the place of the last item seen, so later inserts shift nothing."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeGuard, TypeVar, cast

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, read_json, write_json
from agentmesh_dagster.errors import AgentMeshError, InvalidValue

Item = TypeVar("Item")


class InvalidCursor(InvalidValue):
    """This cursor does not come from this list."""


@dataclass(frozen=True)
class Page(Generic[Item]):
    items: tuple[Item, ...]
    next_cursor: str | None  # None: this was the last page
    faults: tuple[AgentMeshError, ...] = ()  # one for each item of the page that cannot be read


def write_cursor(place: Sequence[str]) -> str:
    """An opaque text for the sort key of the last item of a page."""
    return base64.urlsafe_b64encode(write_json(list(place)).encode()).decode().rstrip("=")


def read_cursor(cursor: str, length: int) -> list[str]:
    """The sort key of `length` texts in a cursor; raises InvalidCursor."""
    try:
        place = read_json(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (InvalidJson, binascii.Error, ValueError) as error:
        raise InvalidCursor(f"`{cursor[:80]}`") from error
    if not _is_place(place, length):
        raise InvalidCursor(f"`{cursor[:80]}`")
    return place


def _is_place(value: JsonValue, length: int) -> TypeGuard[list[str]]:
    return isinstance(value, list) and [type(part) for part in cast("list[object]", value)] == [str] * length
