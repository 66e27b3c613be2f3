"""Launches that never began: a fault of the machinery is no fault of the run, so another is launched after a while."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from agentmesh_dagster.store import Connection
from agentmesh_dagster.store.launches import Launch, LaunchKind
from agentmesh_dagster.store.step_leases import has_begun

_PAUSES_SECONDS = (5, 20, 60, 120, 240)  # some seven minutes: a database, or a node, has restarted by then
MOST_TRIES = len(_PAUSES_SECONDS) + 1


def count_unbegun(connection: Connection, launched: Sequence[Launch]) -> int:
    """How many of the last of these launches, which are those of one run, ended without having begun a step.

    A re-execution that somebody asked for in Dagster is not counted: whoever asked sees what came of it.
    """
    count = 0
    for launch in _list_own(launched)[::-1]:
        is_over = launch.ended_at is not None and launch.parked_at is None
        if launch.kind is LaunchKind.REEXECUTION or not is_over or has_begun(connection, launch.run_id, launch.id):
            break
        count += 1
    return count


def find_due(connection: Connection, launched: Sequence[Launch]) -> datetime | None:
    """When the next launch of an open run is due, since the last one never began; None: it did."""
    tries = count_unbegun(connection, launched)
    ended_at = _list_own(launched)[-1].ended_at
    if not tries or ended_at is None:
        return None
    return ended_at + timedelta(seconds=_PAUSES_SECONDS[min(tries, len(_PAUSES_SECONDS)) - 1])


def _list_own(launched: Sequence[Launch]) -> list[Launch]:
    """Those that do the run's work."""
    return [launch for launch in launched if launch.kind is not LaunchKind.JOINED]
