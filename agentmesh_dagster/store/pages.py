"""Lists in pages: a cursor is the place of the last item seen, so later inserts shift nothing."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeGuard, TypeVar

from agentmesh_dagster.entities.json_values import InvalidJson, JsonValue, read_json, write_json
from agentmesh_dagster.errors import AgentMeshError, InvalidValue

Item = TypeVar("Item")

_MAX_CHARACTERS = 20_000_000  # of the values on one page, so that a list of large values fits into memory


class InvalidCursor(InvalidValue):
    """This cursor does not come from this list."""


@dataclass(frozen=True)
class Page(Generic[Item]):
    items: tuple[Item, ...]
    next_cursor: str | None  # None: this was the last page
    faults: tuple[AgentMeshError, ...] = ()  # one for each item of the page that cannot be read


def cut_page(sizes: Sequence[int], limit: int) -> int:
    """How many of the items, which have so many characters each, go on one page: at least one, at most `limit`."""
    total = 0
    for count, size in enumerate(sizes[:limit]):
        total += size
        if total > _MAX_CHARACTERS and count:
            return count
    return min(limit, len(sizes))


def write_moment(moment: datetime) -> str:
    """A moment as it stands in a cursor."""
    return moment.isoformat()


def read_moment(text: str) -> datetime:
    """The moment in a cursor; raises InvalidCursor."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidCursor from error


def read_number(text: str) -> int:
    """The integer in a cursor, at most one of 64 bits; raises InvalidCursor."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidCursor
    return int(text)


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
    return isinstance(value, list) and [type(part) for part in value] == [str] * length
