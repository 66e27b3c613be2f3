"""Pages of rows in the order of time: first what decides, then the values of those that are shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Select, literal, select, tuple_, union_all

from agentmesh_dagster.store.cutting import measure
from agentmesh_dagster.store.pages import cut_page, read_cursor, read_moment, write_cursor, write_moment
from agentmesh_dagster.store.tables import UtcDateTime


@dataclass(frozen=True)
class Timeline:
    """What puts rows in order, and what makes them large."""

    id: ColumnElement[str]
    moment: ColumnElement[datetime]
    values: Sequence[ColumnElement[Any]]  # columns that may be large
    newest_first: bool = False
    max_chars: int | None = None  # larger values are not shown


def find_page(
    connection: Connection,
    query: Select[Any],
    timeline: Timeline,
    *,
    limit: int,
    cursor: str | None,
    either: Sequence[ColumnElement[bool]] = (),
) -> tuple[list[str], str | None]:
    """The ids of the rows on one page, in their order, and the cursor of the next; `query` chooses among all rows.

    `either` are conditions of which a row meets one; () for no such condition. A page ends early where its values
    are large. Raises InvalidCursor.
    """
    place = tuple_(timeline.moment, timeline.id)
    if cursor is not None:
        moment, identity = read_cursor(cursor, 2)
        last = tuple_(literal(read_moment(moment), UtcDateTime()), literal(identity))
        query = query.where(place < last if timeline.newest_first else place > last)
    columns = (
        timeline.id.label("id"),
        timeline.moment.label("moment"),
        measure(timeline.values, timeline.max_chars).label("size"),
    )
    query = cast("Select[Any]", query.with_only_columns(*columns))
    query = _put_in_order(query, timeline.moment, timeline.id, timeline).limit(limit + 1)
    if either:
        # One by one: each goes along an index in this order. Together they would all be read, and sorted.
        firsts = union_all(*(select(query.where(condition).subquery()) for condition in either)).subquery()
        query = _put_in_order(select(firsts), firsts.c.moment, firsts.c.id, timeline).limit(limit + 1)
    found = connection.execute(query).all()
    shown = found[: cut_page([row.size for row in found], limit)]
    has_more = len(found) > len(shown)
    return [row.id for row in shown], write_cursor((write_moment(shown[-1].moment), shown[-1].id)) if has_more else None


def _put_in_order(
    query: Select[Any], moment: ColumnElement[datetime], identity: ColumnElement[str], timeline: Timeline
) -> Select[Any]:
    order = (moment.desc(), identity.desc()) if timeline.newest_first else (moment, identity)
    return query.order_by(*order)
