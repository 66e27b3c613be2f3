"""Large values left out of what is read, so that a list need not carry them: what they are is told by a CutValue."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    Label,
    RowMapping,
    Select,
    Text,
    case,
    func,
    literal,
    null,
    type_coerce,
)

from agentmesh_dagster.entities.json_values import JsonValue, write_json
from agentmesh_dagster.entities.models import CutValue

PREVIEW_CHARS = 200


def measure(values: Sequence[ColumnElement[Any]], max_chars: int | None = None) -> ColumnElement[int]:
    """How many characters these columns of a row have together; one with more than `max_chars` has as many as that."""
    total: ColumnElement[int] = literal(0)
    for value in values:
        size = _length(value)
        total += size if max_chars is None else case((size > max_chars, max_chars), else_=size)
    return total


def leave_out_large(query: Select[Any], values: Sequence[Column[Any]], max_chars: int | None) -> Select[Any]:
    """The query without the values of these columns that have more than `max_chars` characters; None: with all.

    The database leaves them out, so nobody reads them; `read_cuts` finds in a row what they were.
    """
    if max_chars is None:
        return query
    large = {value.key: _length(value) > max_chars for value in values}
    kept = [column for column in query.selected_columns if column.key not in large]
    shown: list[Label[Any]] = []
    for value in values:
        text = type_coerce(value, Text())
        shown += [
            type_coerce(case((large[value.key], null()), else_=text), value.type).label(value.key),
            case((large[value.key], _length(value)), else_=null()).label(f"{value.key}_chars"),
            case((large[value.key], func.substr(text, 1, PREVIEW_CHARS)), else_=null()).label(f"{value.key}_preview"),
        ]
    return query.with_only_columns(*kept, *shown)


def read_cuts(row: RowMapping, values: Sequence[Column[Any]]) -> dict[str, CutValue] | None:
    """What was left out of a row that `leave_out_large` may have cut, by the column's name; None for nothing."""
    cuts = {
        value.key: CutValue(chars=row[f"{value.key}_chars"], preview=row[f"{value.key}_preview"])
        for value in values
        if row.get(f"{value.key}_chars") is not None
    }
    return cuts or None


def cut_fields(
    fields: Mapping[str, JsonValue], max_chars: int
) -> tuple[dict[str, JsonValue], dict[str, CutValue] | None]:
    """The fields without those whose JSON text has more than `max_chars` characters, and what was left out."""
    texts = {name: write_json(value) for name, value in fields.items()}
    cuts = {
        name: CutValue(chars=len(text), preview=text[:PREVIEW_CHARS])
        for name, text in texts.items()
        if len(text) > max_chars
    }
    return {name: value for name, value in fields.items() if name not in cuts}, cuts or None


def _length(value: ColumnElement[Any]) -> ColumnElement[int]:
    return func.coalesce(func.length(value, type_=Integer()), 0)
