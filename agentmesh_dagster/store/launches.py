"""Launches: the Dagster runs of each run, and who is at work on them.

Functions take a connection; whoever changes a launch holds its run's row lock (`runs.lock_run`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, RowMapping, and_, func, insert, select, update

from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import launches


class LaunchKind(StrEnum):
    FIRST = "first"
    RESUME = "resume"  # behind an answered gate
    AGAIN = "again"  # of what the launch before it was to do, which never began
    REEXECUTION = "reexecution"  # asked for in Dagster, of steps that had not ended well
    JOINED = "joined"  # asked for in Dagster while its run asked a person for the same: it ends as that does


@dataclass(frozen=True)
class Launch:
    id: str  # the Dagster run's id
    run_id: str
    instance_id: str  # which Dagster instance keeps it: only that one knows its status
    position: int  # 0 for the first of the run
    kind: LaunchKind
    revision: int
    created_at: datetime
    submitted_at: datetime | None  # when Dagster had taken it; None: the launcher died, or is just about it
    parked_at: datetime | None  # when its work was done and its run began to wait for a person
    lease_expires_at: datetime | None  # None until a worker took it up
    ended_at: datetime | None  # when its Dagster run was seen to have ended
    retried_by: str | None  # who retried its run with it

    @property
    def is_live(self) -> bool:
        """Whether it is on its way, or at work, as far as the store knows."""
        return self.ended_at is None and self.parked_at is None


def insert_launch(
    tx: Connection,
    launch_id: str,
    run_id: str,
    kind: LaunchKind,
    revision: int,
    *,
    instance_id: str,
    is_submitted: bool,
    retried_by: str | None = None,
) -> Launch:
    """Adds a launch to a run whose lock the caller holds; `is_submitted`: Dagster has it already."""
    position = tx.execute(select(func.count()).where(launches.c.run_id == run_id)).scalar_one()
    moment = now(tx)
    tx.execute(
        insert(launches).values(
            launch_id=launch_id,
            run_id=run_id,
            instance_id=instance_id,
            position=position,
            kind=kind.value,
            created_at=moment,
            submitted_at=moment if is_submitted else None,
            revision=revision,
            retried_by=retried_by,
        )
    )
    launch = find_launch(tx, launch_id)
    assert launch is not None
    return launch


def mark_launch_submitted(tx: Connection, launch_id: str, before: datetime | None = None) -> bool:
    """Dagster has taken the launch: from now on only Dagster can lose it.

    False when somebody else has marked it since the caller read `before`: then it is theirs to start.
    """
    unchanged = launches.c.submitted_at.is_(None) if before is None else launches.c.submitted_at == before
    marked = tx.execute(
        update(launches).where(launches.c.launch_id == launch_id, unchanged).values(submitted_at=now(tx))
    )
    return marked.rowcount == 1


def find_launch(connection: Connection, launch_id: str) -> Launch | None:
    row = connection.execute(select(launches).where(launches.c.launch_id == launch_id)).mappings().one_or_none()
    return _read_launch(row) if row else None


def list_launches(connection: Connection, run_id: str) -> list[Launch]:
    """The launches of a run, oldest first."""
    rows = connection.execute(select(launches).where(launches.c.run_id == run_id).order_by(launches.c.position))
    return [_read_launch(row) for row in rows.mappings()]


def list_parked_launches(connection: Connection, instance_id: str, limit: int = 10_000) -> list[Launch]:
    """The launches that stand as suspended in this Dagster instance, oldest first."""
    parked = and_(
        launches.c.instance_id == instance_id, launches.c.parked_at.is_not(None), launches.c.ended_at.is_(None)
    )
    rows = connection.execute(select(launches).where(parked).order_by(launches.c.parked_at).limit(limit))
    return [_read_launch(row) for row in rows.mappings()]


def find_unknown_launches(connection: Connection, launch_ids: Sequence[str]) -> set[str]:
    """Those of the given Dagster run ids that are no launch of ours yet."""
    known = connection.execute(select(launches.c.launch_id).where(launches.c.launch_id.in_(launch_ids)))
    return set(launch_ids) - {row.launch_id for row in known}


def renew_launch(tx: Connection, launch_id: str, lease_seconds: float) -> bool:
    """Puts the end of the launch's lease off; False when the launch was ended meanwhile."""
    renewed = tx.execute(
        update(launches)
        .where(launches.c.launch_id == launch_id, launches.c.ended_at.is_(None))
        .values(lease_expires_at=now(tx) + timedelta(seconds=lease_seconds))
    )
    return renewed.rowcount == 1


def has_live_lease(connection: Connection, launch: Launch) -> bool:
    """Whether a worker has renewed the launch's lease lately, by the database's clock."""
    return launch.lease_expires_at is not None and now(connection) < launch.lease_expires_at


def end_lease(tx: Connection, launch_id: str) -> None:
    """Nobody is at work on the launch any more; how it ends is still to be told."""
    was_taken_up = and_(launches.c.launch_id == launch_id, launches.c.lease_expires_at.is_not(None))
    tx.execute(update(launches).where(was_taken_up).values(lease_expires_at=now(tx)))


def park_launch(tx: Connection, launch_id: str) -> None:
    """The launch's work is done; its Dagster run stays open, as suspended, while its run waits for a person."""
    tx.execute(
        update(launches)
        .where(launches.c.launch_id == launch_id, launches.c.ended_at.is_(None))
        .values(parked_at=now(tx))
    )


def end_launch(tx: Connection, launch_id: str) -> None:
    tx.execute(
        update(launches)
        .where(launches.c.launch_id == launch_id, launches.c.ended_at.is_(None))
        .values(ended_at=now(tx))
    )


def _read_launch(values: RowMapping) -> Launch:
    return Launch(
        values["launch_id"],
        values["run_id"],
        values["instance_id"],
        values["position"],
        LaunchKind(values["kind"]),
        values["revision"],
        values["created_at"],
        values["submitted_at"],
        values["parked_at"],
        values["lease_expires_at"],
        values["ended_at"],
        values["retried_by"],
    )
