"""Waits: what a step waits for, while it holds nothing, and the launch that goes on from there.

A step that waits has an open wait; both begin and end in one transaction. What is particular to a kind stands in a
table of its own beside it, such as the form of a gate.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, func, insert, or_, select, update

from agentmesh_dagster.entities.bounds import YEAR_SECONDS
from agentmesh_dagster.entities.models import Awaited, RunStatus, StepStatus
from agentmesh_dagster.graph.address import Address, read_address
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import launches, runs, steps, waits

MAX_WAIT_SECONDS = 10 * YEAR_SECONDS  # as far away as a calendar reaches safely; documents of old may ask for more


class WaitKind(StrEnum):
    PERSON = "person"  # with a gate
    TIMER = "timer"
    EVENT = "event"
    CALLBACK = "callback"
    CHILD = "child"  # a run of another workflow
    NEXT_LAUNCH = "next_launch"  # for nothing else: its worker was lost, and the run goes on behind it

    @property
    def status(self) -> StepStatus:
        """Of a step that waits so."""
        return StepStatus.WAITING_HUMAN if self is WaitKind.PERSON else StepStatus.WAITING


class WaitState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"  # what was waited for has come
    EXPIRED = "expired"  # its time was over first
    CANCELED = "canceled"  # with its run


@dataclass(frozen=True)
class Wait:
    step_id: str
    run_id: str
    kind: WaitKind
    state: WaitState
    due_at: datetime | None
    closed_by: str | None = None
    closed_at: datetime | None = None
    event_name: str | None = None
    looked_to: int | None = None  # position of the last event of that name that it has looked at

    @property
    def awaited(self) -> Awaited:
        """As a step shows it."""
        return Awaited(kind=self.kind.value, event=self.event_name, until=self.due_at)

    def looking_from(self, position: int) -> "Wait":
        """The same wait, as it stands when it has looked so far."""
        return replace(self, looked_to=position)


def open_wait(
    tx: Connection,
    step_id: str,
    run_id: str,
    kind: WaitKind,
    *,
    due_in_seconds: float | None = None,
    due_at: datetime | None = None,
    event_name: str | None = None,
) -> datetime | None:
    """A step that is waiting from this transaction on; returns when that ends by itself, None: never.

    A step that waited before waits anew.
    """
    moment = now(tx)
    if due_in_seconds is not None:
        due_at = moment + timedelta(seconds=min(due_in_seconds, MAX_WAIT_SECONDS))
    tx.execute(delete(waits).where(waits.c.step_id == step_id))
    opened = {"state": WaitState.OPEN.value, "opened_at": moment, "due_at": due_at}
    of_event = {"event_name": event_name, "looked_to": None if event_name is None else 0}
    tx.execute(insert(waits).values(step_id=step_id, run_id=run_id, kind=kind.value, **opened, **of_event))
    return due_at


def await_next_launch(tx: Connection, step_id: str, run_id: str) -> None:
    """A step has ended without a worker that could go on behind it: a launch has to."""
    moment = now(tx)
    closed = {"state": WaitState.CLOSED.value, "opened_at": moment, "closed_at": moment}
    tx.execute(delete(waits).where(waits.c.step_id == step_id))
    tx.execute(insert(waits).values(step_id=step_id, run_id=run_id, kind=WaitKind.NEXT_LAUNCH.value, **closed))


def close_wait(tx: Connection, step_id: str, state: WaitState, *, by: str, launch_id: str | None = None) -> bool:
    """Ends an open wait; False when somebody else was first (compare-and-set). `launch_id`: which goes on from there
    at once.
    """
    closed = {"state": state.value, "closed_by": by, "closed_at": now(tx), "launch_id": launch_id}
    return tx.execute(update(waits).where(waits.c.step_id == step_id, _is_open()).values(closed)).rowcount == 1


def find_wait(connection: Connection, step_id: str) -> Wait | None:
    """What the step waits for, or has waited for last; None: it never has."""
    row = connection.execute(select(waits).where(waits.c.step_id == step_id)).one_or_none()
    return None if row is None else read_wait(row)


def cancel_waits(tx: Connection, run_id: str) -> None:
    """Ends all open waits of a run, and the steps that wait so."""
    _cancel(tx, and_(waits.c.run_id == run_id, _is_open()), None)


def cancel_wait(tx: Connection, step_id: str, reason: str) -> None:
    """Ends an open wait, and the step that waits so, while its run goes on."""
    _cancel(tx, and_(waits.c.step_id == step_id, _is_open()), reason)


def _cancel(tx: Connection, condition: ColumnElement[bool], reason: str | None) -> None:
    moment = now(tx)
    waiting = select(waits.c.step_id).where(condition)
    ended = {"status": StepStatus.CANCELED.value, "error": reason, "finished_at": moment}
    tx.execute(update(steps).where(steps.c.id.in_(waiting)).values(ended))
    tx.execute(update(waits).where(condition).values(state=WaitState.CANCELED.value, closed_at=moment))


def has_open_wait(connection: Connection, run_id: str) -> bool:
    """Whether a step of the run waits."""
    return connection.execute(select_open_waits().where(waits.c.run_id == run_id).limit(1)).first() is not None


def has_waited(connection: Connection, step_id: str) -> bool:
    """Whether the step waits, or has waited."""
    return connection.execute(select(waits.c.step_id).where(waits.c.step_id == step_id)).first() is not None


def list_due_waits(connection: Connection, limit: int = 200, *, run_id: str | None = None) -> list[Wait]:
    """The open waits whose time is over by the database's clock, of all runs or of one, those of longest ago first."""
    due = select(waits).where(_is_open(), waits.c.due_at <= now(connection))
    if run_id is not None:
        due = due.where(waits.c.run_id == run_id)
    rows = connection.execute(due.order_by(waits.c.due_at, waits.c.step_id).limit(limit))
    return [read_wait(row) for row in rows]


def find_first_due(connection: Connection) -> datetime | None:
    """When the first of all open waits is over by itself."""
    return connection.execute(select(func.min(waits.c.due_at)).where(_is_open())).scalar_one()


def find_next_due(connection: Connection, run_id: str) -> datetime | None:
    """When the next timer of the run is over; None: it waits for none."""
    timers = select(func.min(waits.c.due_at)).where(
        waits.c.run_id == run_id, _is_open(), waits.c.kind == WaitKind.TIMER.value
    )
    return connection.execute(timers).scalar_one()


def take_ended_waits(tx: Connection, run_id: str, launch_id: str) -> list[Address]:
    """Ties the waits that ended, and that no launch goes on from yet, to this one; the steps of all that it takes."""
    tx.execute(update(waits).where(waits.c.run_id == run_id, _is_untaken()).values(launch_id=launch_id))
    return list_taken_waits(tx, launch_id)


def list_taken_waits(connection: Connection, launch_id: str) -> list[Address]:
    """The steps of the waits that had ended when this launch began, and from which it goes on."""
    taken = select(steps.c.node_id, steps.c.path).join(waits, waits.c.step_id == steps.c.id)
    rows = connection.execute(taken.where(waits.c.launch_id == launch_id))
    return [read_address(row.node_id, row.path) for row in rows]


def release_waits(tx: Connection, launch_id: str) -> None:
    """The launch that had taken these waits did nothing: the next takes them."""
    tx.execute(update(waits).where(waits.c.launch_id == launch_id).values(launch_id=None))


def has_untaken_wait(connection: Connection, run_id: str) -> bool:
    """Whether a wait of the run has ended since its last launch."""
    untaken = select(waits.c.step_id).where(waits.c.run_id == run_id, _is_untaken())
    return connection.execute(untaken.limit(1)).first() is not None


def list_runs_to_resume(connection: Connection, instance_id: str) -> list[str]:
    """Ids of the open runs of a Dagster instance with a resume that it was not given, or, while none of their launches
    is live, with waits that ended and that no launch has taken, or with no launch that ever began, such as one that
    came when there was no place for its run; oldest first.

    All of them: some cannot go on before another wait has ended, and a limit would let these hide the others.
    """
    of_run = select(launches.c.launch_id).where(launches.c.run_id == runs.c.id)
    is_ours = of_run.where(launches.c.position == 0, launches.c.instance_id == instance_id).exists()
    unended = of_run.where(launches.c.ended_at.is_(None), launches.c.parked_at.is_(None))
    begun = unended.where(launches.c.submitted_at.is_(None)).exists()
    ended = select(waits.c.step_id).where(waits.c.run_id == runs.c.id, _is_untaken()).exists()
    is_waiting = select_open_waits().where(waits.c.run_id == runs.c.id).exists()
    unbegun = and_(~of_run.where(launches.c.ended_at.is_(None)).exists(), ~is_waiting)
    is_open = and_(runs.c.status.in_([RunStatus.RUNNING.value, RunStatus.PENDING.value]), runs.c.queued_at.is_(None))
    has_no_live = ~unended.exists()
    had_no_place = and_(runs.c.status == RunStatus.PENDING.value, has_no_live)
    may_go = or_(begun, unbegun, had_no_place, and_(ended, has_no_live))
    query = select(runs.c.id).where(is_open, is_ours, may_go)
    return [row.id for row in connection.execute(query.order_by(runs.c.created_at, runs.c.id))]


def select_open_waits() -> Select[Any, Any]:
    """Run and step of every open wait."""
    return select(waits.c.run_id, waits.c.step_id).where(_is_open())


def select_waits_for_person() -> Select[Any, Any]:
    """Run and step of every open wait for a person."""
    return select_open_waits().where(waits.c.kind == WaitKind.PERSON.value)


def read_wait(row: Row[Any]) -> Wait:
    """A wait from its row."""
    return Wait(
        row.step_id,
        row.run_id,
        WaitKind(row.kind),
        WaitState(row.state),
        row.due_at,
        row.closed_by,
        row.closed_at,
        row.event_name,
        row.looked_to,
    )


def _is_open() -> ColumnElement[bool]:
    return waits.c.state == WaitState.OPEN.value


def _is_untaken() -> ColumnElement[bool]:
    ended = waits.c.state.in_([WaitState.CLOSED.value, WaitState.EXPIRED.value])
    return and_(ended, waits.c.launch_id.is_(None))
