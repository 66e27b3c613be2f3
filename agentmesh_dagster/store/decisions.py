"""Decisions: every answer to a gate, with what it was about, also to one that was asked anew since."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, func, literal, select, tuple_

from agentmesh_dagster.entities.decisions import Decision
from agentmesh_dagster.entities.gates import GateState
from agentmesh_dagster.store.engine import Store
from agentmesh_dagster.store.pages import Page, cut_page, read_cursor, read_moment, write_cursor, write_moment
from agentmesh_dagster.store.tables import UtcDateTime, gate_history, gates, materializations, runs, steps, waits
from agentmesh_dagster.store.timeline import measure

_AT_ONCE = 200  # rows of one query
_OF_RUN = (
    runs.c.project_id,
    runs.c.workflow_id,
    runs.c.id.label("run_id"),
    steps.c.node_id,
    steps.c.path,
    materializations.c.asset_key.label("asset"),
    materializations.c.partition,
)


@dataclass(frozen=True)
class DecisionFilter:
    """Which decisions are wanted; None wants all."""

    project_id: str | None = None
    workflow_id: str | None = None
    asset: str | None = None  # the key of the one that the run makes
    by: str | None = None  # who answered
    since: datetime | None = None  # answered at this moment or later
    until: datetime | None = None  # answered before it


def page_decisions(
    connection: Connection, wanted: DecisionFilter, *, limit: int, cursor: str | None = None
) -> Page[Decision]:
    """One page of decisions, newest first; `limit` is at least 1. Raises InvalidCursor.

    An answer that a run took over from another is none: it stands with the run that was asked.
    """
    last = read_cursor(cursor, 2) if cursor is not None else None
    found: list[RowMapping] = []
    for query, moment, step_id in (_select_newest(), _select_past()):
        chosen = query.where(*_list_conditions(wanted, moment))
        if last is not None:
            place = tuple_(literal(read_moment(last[0]), UtcDateTime()), literal(last[1]))
            chosen = chosen.where(tuple_(moment, step_id) < place)
        found += connection.execute(chosen.order_by(moment.desc(), step_id.desc()).limit(limit + 1)).mappings()
    found.sort(key=lambda row: (row["answered_at"], row["step_id"]), reverse=True)
    shown = found[: cut_page([row["size"] for row in found], limit)]
    next_cursor = None
    if len(found) > len(shown):
        next_cursor = write_cursor((write_moment(shown[-1]["answered_at"]), shown[-1]["step_id"]))
    return Page(tuple(_read(row) for row in shown), next_cursor)


def iterate_decisions(store: Store, wanted: DecisionFilter) -> Iterator[Decision]:
    """All of them, newest first, in a read for each few: no transaction stays open while somebody reads slowly."""
    cursor = None
    while True:
        with store.read() as connection:
            page = page_decisions(connection, wanted, limit=_AT_ONCE, cursor=cursor)
        yield from page.items
        if (cursor := page.next_cursor) is None:
            return


def name_decision(step_id: str, position: int) -> str:
    """The id of the answer to a step's gate; `position` counts how often it had been asked before."""
    return f"{step_id}.{position}" if position else step_id


def _select_newest() -> tuple[Select[Any], ColumnElement[datetime], ColumnElement[str]]:
    """Of gates as they were asked last."""
    before = select(func.count()).where(gate_history.c.step_id == gates.c.step_id).scalar_subquery()
    shown: list[ColumnElement[Any]] = [
        gates.c.step_id,
        before.label("position"),
        waits.c.state,
        gates.c.instructions,
        gates.c.payload,
        gates.c.answer,
        waits.c.opened_at,
        waits.c.closed_by.label("answered_by"),
        waits.c.closed_at.label("answered_at"),
        gates.c.answered_via,
        gates.c.seen_hash,
        *_OF_RUN,
        measure([gates.c.instructions, gates.c.payload, gates.c.answer]).label("size"),
    ]
    joined = _with_run(gates).join(waits, waits.c.step_id == gates.c.step_id)
    is_decided = waits.c.state.in_(("closed", "expired"))
    query = select(*shown).select_from(joined).where(is_decided, gates.c.taken_from_run_id.is_(None))
    return query, waits.c.closed_at, waits.c.step_id


def _select_past() -> tuple[Select[Any], ColumnElement[datetime], ColumnElement[str]]:
    """Of gates as they were asked before they were asked anew."""
    kept = [column for column in gate_history.c if column.name not in ("assignees", "deadline_at")]
    size = measure([gate_history.c.instructions, gate_history.c.payload, gate_history.c.answer]).label("size")
    query = select(*kept, *_OF_RUN, size).select_from(_with_run(gate_history))
    is_decided = gate_history.c.state.in_(("answered", "expired"))
    return query.where(is_decided), gate_history.c.answered_at, gate_history.c.step_id


def _with_run(asked: Table) -> Any:
    joined = asked.join(steps, steps.c.id == asked.c.step_id).join(runs, runs.c.id == steps.c.run_id)
    return joined.outerjoin(materializations, materializations.c.run_id == runs.c.id)


def _list_conditions(wanted: DecisionFilter, moment: ColumnElement[datetime]) -> Iterator[ColumnElement[bool]]:
    by = waits.c.closed_by if moment is waits.c.closed_at else gate_history.c.answered_by
    asked = {
        runs.c.project_id: wanted.project_id,
        runs.c.workflow_id: wanted.workflow_id,
        materializations.c.asset_key: wanted.asset,
        by: wanted.by,
    }
    yield from (column == value for column, value in asked.items() if value is not None)
    if wanted.since is not None:
        yield moment >= wanted.since
    if wanted.until is not None:
        yield moment < wanted.until


def _read(row: RowMapping) -> Decision:
    return Decision.of(
        row["answer"],
        row["payload"],
        id=name_decision(row["step_id"], row["position"]),
        state=GateState.EXPIRED if row["state"] == "expired" else GateState.ANSWERED,
        answered_by=row["answered_by"] or "",
        seconds=(row["answered_at"] - row["opened_at"]).total_seconds(),
        shown_digest=row["seen_hash"],
        **{
            name: row[name]
            for name in ("project_id", "workflow_id", "run_id", "step_id", "node_id", "path", "asset", "partition")
        },
        **{name: row[name] for name in ("answered_via", "opened_at", "answered_at", "instructions")},
    )
