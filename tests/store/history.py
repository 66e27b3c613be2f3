"""A store with a history: many runs that have ended and a few that wait, written straight into the tables."""

import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table

from agentmesh_dagster.entities.models import EventType, RunStatus
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.tables import (
    deliveries,
    entities,
    events,
    gates,
    launches,
    posted_events,
    revisions,
    runs,
    steps,
    waits,
)

INSTANCE = "instance"  # the Dagster instance of all launches
WORKFLOWS = 20
PROJECTS = 10
EVENT = "order"  # one run of ten came of such an event
TRIGGER = "event:1:order"

_APART = timedelta(seconds=86.4)  # a thousand runs a day
_NODES = (("start", "start"), ("read", "agent"), ("ask", "human_approval"), ("write", "tool"), ("end", "end"))
_AT_ONCE = 20_000

Row = dict[str, Any]


@dataclass(frozen=True)
class PastRun:
    """One run of the history; what it has follows from its number."""

    number: int
    waits: bool  # for a person; else it has ended
    created_at: datetime

    @property
    def id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"run {self.number}"))

    @property
    def workflow(self) -> int:
        return self.number * 7 % WORKFLOWS

    @property
    def project_id(self) -> str:
        return f"project-{self.workflow % PROJECTS}"

    @property
    def status(self) -> RunStatus:
        """Of a hundred that have ended, seven failed and three were canceled."""
        place = self.number * 37 % 100
        if self.waits:
            return RunStatus.RUNNING
        return RunStatus.FAILED if place < 7 else RunStatus.CANCELED if place < 10 else RunStatus.SUCCEEDED

    @property
    def was_asked(self) -> bool:
        return self.waits or self.number % 5 == 0

    @property
    def launch_id(self) -> str:
        return f"{self.id}-0"

    def after(self, seconds: float) -> datetime:
        return self.created_at + timedelta(seconds=seconds)

    def step_id(self, node_id: str) -> str:
        return f"{self.id}-{node_id}"

    @property
    def nodes(self) -> tuple[tuple[str, str], ...]:
        """The nodes that were reached, with their types."""
        return tuple(node for node in _NODES if self.was_asked or node[0] != "ask")[: 3 if self.waits else None]


def fill(store: Store, count: int, *, waiting: int) -> None:
    """Adds `count` runs, with all that belongs to them, to an empty store; the newest `waiting` wait for a person."""
    begun = datetime.now(UTC) - count * _APART
    past = [PastRun(number, number >= count - waiting, begun + number * _APART) for number in range(count)]
    with store.begin() as tx:
        _load(tx, revisions, (_describe_revision(row, begun) for row in _list_entities(begun)))
        _load(tx, entities, _list_entities(begun))
        _load(tx, posted_events, (_describe_posted(run) for run in past[::10]))
        _load(tx, runs, map(_describe_run, past))
        _load(tx, launches, map(_describe_launch, past))
        _load(tx, steps, (row for run in past for row in _list_steps(run)))
        _load(tx, waits, (_describe_wait(run) for run in past if run.was_asked))
        _load(tx, gates, (_describe_gate(run) for run in past if run.was_asked))
        _load(tx, events, (row for run in past for row in _list_events(run)))
        _load(tx, deliveries, (_describe_delivery(run) for run in past[::10]))
    if store.url.drivername != "sqlite":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")  # PostgreSQL does so by itself after a minute


def _list_entities(moment: datetime) -> Iterator[Row]:
    moments = {"created_at": moment, "updated_at": moment, "deleted": False}
    for number in range(PROJECTS):
        name = {"kind": "project", "id": f"project-{number}", "project_id": None, "name": f"Project {number}"}
        yield {**name, "revision": number + 1, **moments}
    for number in range(WORKFLOWS):
        project = f"project-{number % PROJECTS}"
        name = {"kind": "workflow", "id": f"flow-{number}", "project_id": project, "name": f"Flow {number}"}
        yield {**name, "revision": PROJECTS + number + 1, **moments}


def _describe_revision(entity: Row, moment: datetime) -> Row:
    return {
        "revision": entity["revision"],
        "kind": entity["kind"],
        "entity_id": entity["id"],
        "name": entity["name"],
        "saved_at": moment,
        "saved_by": "ann",
    }


def _describe_run(run: PastRun) -> Row:
    return {
        "id": run.id,
        "workflow_id": f"flow-{run.workflow}",
        "project_id": run.project_id,
        "job_name": f"flow_{run.workflow}",
        "revision": PROJECTS + run.workflow + 1,
        "status": run.status.value,
        "input": json.dumps({"text": "x" * 200}),
        "output": json.dumps({"text": "y" * 200}) if run.status is RunStatus.SUCCEEDED else None,
        "error": "it failed" if run.status is RunStatus.FAILED else None,
        "created_at": run.created_at,
        "started_at": run.after(1),
        "finished_at": None if run.waits else run.after(60),
        "launched_by": "ann",
    }


def _describe_launch(run: PastRun) -> Row:
    return {
        "launch_id": run.launch_id,
        "run_id": run.id,
        "instance_id": INSTANCE,
        "position": 0,
        "kind": "first",
        "created_at": run.created_at,
        "submitted_at": run.after(0.5),
        "parked_at": run.after(30) if run.waits else None,
        "lease_expires_at": run.after(90),
        "ended_at": None if run.waits else run.after(60),
        "revision": PROJECTS + run.workflow + 1,
    }


def _list_steps(run: PastRun) -> Iterator[Row]:
    for place, (node_id, node_type) in enumerate(run.nodes):
        last = place == len(run.nodes) - 1
        ended = "failed" if run.status is RunStatus.FAILED else "succeeded"
        yield {
            "id": run.step_id(node_id),
            "run_id": run.id,
            "node_id": node_id,
            "path": "",
            "node_type": node_type,
            "status": "succeeded" if not last else "waiting_human" if run.waits else ended,
            "attempt": 1,
            "input": json.dumps("x" * 200),
            "output": json.dumps("y" * 200),
            "parent_step_ids": json.dumps([run.step_id(run.nodes[place - 1][0])] if place else []),
            "launch_id": run.launch_id,
            "fence": 1,
            "started_at": run.after(place * 10),
            "finished_at": None if last and run.waits else run.after(place * 10 + 9),
        }


def _describe_wait(run: PastRun) -> Row:
    """One gate of three has a deadline; of a canceled run it was canceled."""
    state = "open" if run.waits else "canceled" if run.status is RunStatus.CANCELED else "closed"
    return {
        "step_id": run.step_id("ask"),
        "run_id": run.id,
        "kind": "person",
        "state": state,
        "opened_at": run.after(20),
        "due_at": run.after(100 * 86_400) if run.number % 3 == 0 else None,
        "closed_by": "ann" if state == "closed" else None,
        "closed_at": None if run.waits else run.after(25),
        "launch_id": run.launch_id if state == "closed" else None,
    }


def _describe_gate(run: PastRun) -> Row:
    """One gate of four has a webhook."""
    is_answered = not run.waits and run.status is not RunStatus.CANCELED
    return {
        "step_id": run.step_id("ask"),
        "instructions": "Is this right?",
        "payload": json.dumps("x" * 200),
        "assignees": "[]",
        "on_deadline": "fail" if run.number % 3 == 0 else None,
        "notify_url": "https://example.com" if run.number % 4 == 0 else None,
        "notice_due_at": run.after(20) if run.number % 4 == 0 and run.waits else None,
        "answer": '"yes"' if is_answered else None,
    }


def _list_events(run: PastRun) -> Iterator[Row]:
    for place, (node_id, _) in enumerate(run.nodes):
        for number, event_type in enumerate((EventType.STEP_STARTED, EventType.STEP_COMPLETED)):
            payload = json.dumps({"nodeId": node_id, "output": "y" * 100})
            yield _describe_event(run, event_type, place * 10 + number, payload, run.step_id(node_id))
    if run.was_asked and not run.waits:
        yield _describe_event(run, EventType.GATE_ANSWERED, 25, '{"by": "ann", "via": "api"}', run.step_id("ask"))
    yield _describe_event(run, EventType.RUN_COMPLETED, 60, '{"output": null}', None)


def _describe_event(run: PastRun, event_type: EventType, second: int, payload: str, step_id: str | None) -> Row:
    return {
        "timestamp": run.after(second),
        "project_id": run.project_id,
        "run_id": run.id,
        "step_id": step_id,
        "type": event_type.value,
        "payload": payload,
    }


def _describe_posted(run: PastRun) -> Row:
    return {
        "name": EVENT,
        "event_id": f"{run.number}",
        "body": "{}",
        "posted_at": run.created_at,
        "posted_by": "shop",
    }


def _describe_delivery(run: PastRun) -> Row:
    return {
        "id": f"delivery-{run.number}",
        "workflow_id": "flow-0",
        "trigger": TRIGGER,
        "event_name": EVENT,
        "event_id": f"{run.number}",
        "arrived_at": run.created_at,
        "state": "launched",
        "requested_at": run.after(1),
        "instance_id": INSTANCE,
        "run_id": run.id,
    }


def _load(tx: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Adds rows as the driver wants them, JSON as text; all rows of a table have the same columns."""
    iterator = iter(rows)
    load: Callable[[Connection, str, Sequence[str], list[tuple[Any, ...]]], None]
    load = _insert if tx.dialect.name == "sqlite" else _copy
    while some := list(islice(iterator, _AT_ONCE)):
        columns = list(some[0])
        load(tx, table.name, columns, [tuple(map(_write, row.values())) for row in some])


def _write(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value


def _insert(tx: Connection, table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    places = ", ".join("?" for _ in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    tx.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({places})", rows)


def _copy(tx: Connection, table: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{column}"' for column in columns)
    tx.exec_driver_sql("SET LOCAL timezone = 'UTC'")
    with tx.connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:  # type: ignore[attr-defined]
        for row in rows:
            copy.write_row(row)
