"""Decisions: what people were asked, what they said, and how long it took them."""

import csv
import io
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, Self

from agentmesh_dagster.entities.entity import Entity, Timestamp
from agentmesh_dagster.entities.gates import GateState
from agentmesh_dagster.entities.json_values import JsonValue, as_object, write_json

_VALUES = ("payload", "answer", "changed_payload")  # any JSON: text in a table, whose columns have one type each


class Outcome(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    OTHER = "other"  # an answer that says neither, or a deadline that stands for none


class Decision(Entity):
    """One answer to a gate, by a person or by its deadline."""

    id: str  # of the asking: the step's; one that was asked anew has the number of its asking behind it
    project_id: str
    workflow_id: str
    run_id: str
    step_id: str
    node_id: str
    path: str
    asset: str | None = None  # the key of the one that the run makes
    partition: str | None = None
    outcome: Outcome
    state: GateState  # answered, or expired
    changed: bool  # whether the answer has another payload than the one that was shown
    answered_by: str
    answered_via: str | None = None
    opened_at: Timestamp
    answered_at: Timestamp
    seconds: float  # between the two
    comment: str | None = None
    instructions: str
    payload: Any = None  # what was shown
    changed_payload: Any = None
    answer: Any = None
    shown_digest: str | None = None  # SHA-256 of run, revision, instructions and payload

    @classmethod
    def of(cls, answer: JsonValue, payload: JsonValue, **others: Any) -> Self:
        """What an answer says about what was shown; `others` are the fields that do not follow from it."""
        says = as_object(answer)
        approved = says.get("approved", answer)
        outcome = {True: Outcome.APPROVED, False: Outcome.REJECTED}[approved] if isinstance(approved, bool) else None
        changed = "payload" in says and write_json(says["payload"]) != write_json(payload)
        comment = says.get("comment")
        return cls(
            outcome=outcome or Outcome.OTHER,
            changed=changed,
            changed_payload=says["payload"] if changed else None,
            comment=comment if isinstance(comment, str) else None,
            answer=answer,
            payload=payload,
            **others,
        )

    def to_row(self) -> dict[str, Any]:
        """A row of a table: each field by its Python name, any JSON as its text, None for what is not there."""
        row = {name: getattr(self, name) for name in type(self).model_fields}
        texts = {name: None if row[name] is None else write_json(row[name]) for name in _VALUES}
        return row | texts | {"outcome": self.outcome.value, "state": self.state.value}


def write_csv(decisions: Iterable[Decision]) -> Iterator[str]:
    """Lines of CSV, the first with the names of the fields as the API has them."""
    names = {name: field.alias or name for name, field in Decision.model_fields.items()}
    yield _write_line(list(names.values()))
    for decision in decisions:
        row = decision.to_row()
        moments = {name: row[name].isoformat() for name in ("opened_at", "answered_at")}
        yield _write_line(list((row | moments | {"changed": str(decision.changed).lower()}).values()))


def _write_line(cells: list[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
