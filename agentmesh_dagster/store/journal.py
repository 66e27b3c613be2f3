"""The journal of a step: what its agent has done, in order, as long as the step has not succeeded."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, func, insert, literal, select

from agentmesh_dagster.entities.json_values import JsonValue
from agentmesh_dagster.store.tables import journal


class EntryKind(StrEnum):
    REPLY = "reply"  # of the model
    RESULT = "result"  # of a tool


@dataclass(frozen=True)
class JournalEntry:
    """Something that need not be done again."""

    kind: EntryKind
    digest: str  # of what it answers
    value: JsonValue


def add_entry(tx: Connection, step_id: str, entry: JournalEntry) -> None:
    """Adds an entry behind the others; the caller holds the run's lock."""
    position = select(func.count()).where(journal.c.step_id == step_id).scalar_subquery()
    value = literal(entry.value, journal.c.value.type)
    row = select(literal(step_id), position, literal(entry.kind.value), literal(entry.digest), value)
    tx.execute(insert(journal).from_select(["step_id", "position", "kind", "digest", "value"], row))


def read_entries(connection: Connection, step_id: str) -> Mapping[str, JsonValue]:
    """What was kept, by the digest of what it answers; of two with the same digest the later one."""
    query = select(journal.c.digest, journal.c.value).where(journal.c.step_id == step_id)
    return {row.digest: row.value for row in connection.execute(query.order_by(journal.c.position))}


def delete_entries(tx: Connection, step_id: str, *, since: str | None = None) -> None:
    """Deletes the entries of a step; `since`: the one with this digest and those behind it."""
    unwanted = journal.c.step_id == step_id
    if since is not None:
        first = select(func.min(journal.c.position)).where(unwanted, journal.c.digest == since).scalar_subquery()
        unwanted &= journal.c.position >= first
    tx.execute(delete(journal).where(unwanted))
