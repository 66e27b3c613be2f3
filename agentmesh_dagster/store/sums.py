"""Sums over all runs, as they are asked for: in all, or by day, workflow and model."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, or_, select, tuple_

from agentmesh_dagster.store.pages import Page, read_cursor, write_cursor
from agentmesh_dagster.store.tables import model_use, step_failures

_NUMBERS = ("calls", "failures", "input_tokens", "output_tokens", "usd")
_PLACES = {
    "day": ("day",),
    "project": ("project_id",),
    "workflow": ("workflow_id",),
    "model": ("provider", "model"),
}


@dataclass(frozen=True)
class ModelUse:
    """What models were asked for; None stands for all days, workflows and so on."""

    calls: int
    failures: int
    input_tokens: int
    output_tokens: int
    usd: float  # of calls whose price is known
    day: str | None = None  # UTC
    project_id: str | None = None
    workflow_id: str | None = None
    provider: str | None = None
    model: str | None = None


@dataclass(frozen=True)
class UseFilter:
    """Which use is wanted; None wants all."""

    project_id: str | None = None
    workflow_id: str | None = None
    since: date | None = None
    until: date | None = None  # this day, too


def list_first_use(connection: Connection, *, limit: int) -> list[ModelUse]:
    """By workflow and model, since ever; those that were first, so that what is listed once is listed for ever."""
    place = [model_use.c[name] for name in (*_PLACES["workflow"], *_PLACES["model"])]
    rows = connection.execute(_select_sums(place).order_by(func.min(model_use.c.day), *place).limit(limit))
    return [_read_use(row) for row in rows.mappings()]


def page_use(
    connection: Connection, by: Collection[str], wanted: UseFilter, *, limit: int, cursor: str | None = None
) -> Page[ModelUse]:
    """One page of what was used, summed up by day, project, workflow or model; the newest day first.

    Raises InvalidCursor.
    """
    names = [name for place, columns in _PLACES.items() if place in by for name in columns]
    place = [model_use.c[name] for name in names]
    query = _select_sums(place).where(*_list_conditions(wanted))
    if cursor is not None:
        query = query.where(_is_behind(place, read_cursor(cursor, len(place))))
    ordered = query.order_by(*(column.desc() if column.key == "day" else column for column in place))
    found = connection.execute(ordered.limit(limit + 1)).mappings().all()
    items = tuple(_read_use(row) for row in found[:limit])
    following = tuple(found[limit - 1][name] for name in names) if len(found) > limit else None
    return Page(items, None if following is None else write_cursor(following))


def list_step_failures(connection: Connection, *, limit: int) -> Sequence[tuple[str, str, int]]:
    """Workflow, code, and how many steps failed so since ever; those that were first."""
    place = (step_failures.c.workflow_id, step_failures.c.code)
    query = select(*place, func.sum(step_failures.c.steps)).group_by(*place)
    rows = connection.execute(query.order_by(func.min(step_failures.c.day), *place).limit(limit))
    return [(row[0], row[1], int(row[2])) for row in rows]


def _select_sums(place: Sequence[ColumnElement[Any]]) -> Select[Any]:
    sums = [func.coalesce(func.sum(model_use.c[name]), 0).label(name) for name in _NUMBERS]
    return select(*place, *sums).group_by(*place)


def _list_conditions(wanted: UseFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.project_id is not None:
        found.append(model_use.c.project_id == wanted.project_id)
    if wanted.workflow_id is not None:
        found.append(model_use.c.workflow_id == wanted.workflow_id)
    if wanted.since is not None:
        found.append(model_use.c.day >= wanted.since.isoformat())
    if wanted.until is not None:
        found.append(model_use.c.day <= wanted.until.isoformat())
    return found


def _is_behind(place: Sequence[ColumnElement[Any]], values: Sequence[str]) -> ColumnElement[bool]:
    if place[0].key != "day":
        return tuple_(*place) > tuple_(*values)
    (day, *rest), (of, *others) = place, values
    return or_(day < of, and_(day == of, tuple_(*rest) > tuple_(*others))) if rest else day < of


def _read_use(row: RowMapping) -> ModelUse:
    sums = {name: int(row[name]) for name in _NUMBERS[:-1]}  # a sum may come as a Decimal
    place = {name: row[name] for name in row if name not in _NUMBERS}
    return ModelUse(**sums, usd=round(float(row["usd"]), 9), **place)
