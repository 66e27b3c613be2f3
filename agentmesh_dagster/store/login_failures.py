"""The slow-down after failed logins, shared by all web processes.

A try is counted as a failure before the password is looked at, and forgiven when it was right: tries that arrive at
once are counted one by one, so none of them gets past the limit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.insert_new import insert_on
from agentmesh_dagster.store.tables import login_failures, login_places

_FORGOTTEN_AFTER = timedelta(hours=1)  # without a further failure
_PLACE_FORGOTTEN_AFTER = timedelta(days=90)


@dataclass(frozen=True)
class Limit:
    """How often somebody may fail, and how long they then wait."""

    free: int  # failures that cost nothing
    longest_seconds: int  # the wait is 1 s, and doubles with each further failure up to this

    def wait(self, failures: int) -> timedelta:
        """How long to wait after so many failures."""
        if failures <= self.free:
            return timedelta()
        return timedelta(seconds=min(2 ** min(failures - self.free - 1, 30), self.longest_seconds))


class TooManyFailures(AgentMeshError):
    """Too many failed logins."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds  # until the next try
        super().__init__(f"try again in {seconds} s")


def count_try(tx: Connection, limits: Mapping[str, Limit]) -> None:
    """Counts a try for everyone it is counted for: names and addresses. Raises TooManyFailures, and counts nothing."""
    moment = now(tx)
    tx.execute(delete(login_failures).where(login_failures.c.last_at <= moment - _FORGOTTEN_AFTER))
    counts = {who: _lock(tx, who, moment) for who in sorted(limits)}  # in one order, against deadlocks
    # The clock again: somebody may have held a row meanwhile.
    moment = now(tx)
    ready = max(last_at + limits[who].wait(count) for who, (count, last_at) in counts.items())
    if ready > moment:
        raise TooManyFailures(max(1, -int((moment - ready) // timedelta(seconds=1))))
    for who, (count, _) in counts.items():
        tx.execute(update(login_failures).where(login_failures.c.who == who).values(count=count + 1, last_at=moment))


def forgive_try(tx: Connection, *, anew: Sequence[str], once: Sequence[str]) -> None:
    """The try was right: those of `anew` begin anew, those of `once` are given back this one try."""
    tx.execute(delete(login_failures).where(login_failures.c.who.in_(anew)))
    same = login_failures.c.who.in_(once)
    tx.execute(update(login_failures).where(same, login_failures.c.count > 0).values(count=login_failures.c.count - 1))


def note_place(tx: Connection, user_name: str, place: str) -> None:
    """Somebody has logged in from there."""
    moment = now(tx)
    mine = login_places.c.user_name == user_name
    tx.execute(delete(login_places).where(mine, login_places.c.last_at <= moment - _PLACE_FORGOTTEN_AFTER))
    insert = insert_on(tx, login_places).values(user_name=user_name, place=place, last_at=moment)
    tx.execute(insert.on_conflict_do_update(index_elements=["user_name", "place"], set_={"last_at": moment}))


def is_known_place(tx: Connection, user_name: str, place: str) -> bool:
    """Whether somebody has logged in from there within the last 90 days."""
    mine = (login_places.c.user_name == user_name, login_places.c.place == place)
    is_fresh = login_places.c.last_at > now(tx) - _PLACE_FORGOTTEN_AFTER
    return tx.execute(select(login_places.c.place).where(*mine, is_fresh)).first() is not None


def _lock(tx: Connection, who: str, moment: datetime) -> tuple[int, datetime]:
    """The failures so far, and the last one; nobody else counts for `who` until the transaction ends."""
    insert = insert_on(tx, login_failures).values(who=who, count=0, last_at=moment)
    # An update that changes nothing: it locks the row, and gives it back as it is.
    kept = insert.on_conflict_do_update(index_elements=["who"], set_={"who": who})
    row = tx.execute(kept.returning(login_failures.c.count, login_failures.c.last_at)).one()
    return row[0], row[1]
