"""Pages of rows in the order of time: first what decides, then the values of those that are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Integer, Select, func, literal, tuple_

from agentmesh_dagster.store.pages import cut_page, read_cursor, read_moment, write_cursor, write_moment
from agentmesh_dagster.store.tables import UtcDateTime


@dataclass(frozen=True)
class Timeline:
    """What puts rows in order, and what makes them large."""

    id: ColumnElement[str]
    moment: ColumnElement[datetime]
    values: Sequence[ColumnElement[Any]]  # columns that may be large
    newest_first: bool = False


def measure(values: Sequence[ColumnElement[Any]]) -> ColumnElement[int]:
    """How many characters these columns of a row have together."""
    total: ColumnElement[int] = literal(0)
    for value in values:
        total += func.coalesce(func.length(value, type_=Integer()), 0)
    return total


def find_page(
    connection: Connection, query: Select[Any], timeline: Timeline, *, limit: int, cursor: str | None
) -> tuple[list[str], str | None]:
    """The ids of the rows on one page, in their order, and the cursor of the next; `query` chooses among all rows.

    A page ends early where its values are large. Raises InvalidCursor.
    """
    place = tuple_(timeline.moment, timeline.id)
    if cursor is not None:
        moment, identity = read_cursor(cursor, 2)
        last = tuple_(literal(read_moment(moment), UtcDateTime()), literal(identity))
        query = query.where(place < last if timeline.newest_first else place > last)
    order = [timeline.moment, timeline.id]
    if timeline.newest_first:
        order = [column.desc() for column in order]
    columns = (timeline.id.label("id"), timeline.moment.label("moment"), measure(timeline.values).label("size"))
    found = connection.execute(query.with_only_columns(*columns).order_by(*order).limit(limit + 1)).all()
    shown = found[: cut_page([row.size for row in found], limit)]
    has_more = len(found) > len(shown)
    return [row.id for row in shown], write_cursor((write_moment(shown[-1].moment), shown[-1].id)) if has_more else None
