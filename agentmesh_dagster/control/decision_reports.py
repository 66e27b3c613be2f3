"""Decisions as an asset: Dagster's catalogue shows, by day, how many there were and how they came out.

The store has them; Dagster is told the sums of a day after each answer. Nothing hangs on that: what one report did not
tell, the next one does.
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median

import dagster as dg

from agentmesh_dagster.entities.decisions import Decision, Outcome
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store import Store
from agentmesh_dagster.store.decisions import DecisionFilter, iterate_decisions

_KEY = dg.AssetKey(["agentmesh", "decisions"])
_FIRST_DAY = "2025-01-01"
# One object: it may stand in a location twice, where somebody merges two `build_definitions`.
DECISIONS = dg.AssetSpec(
    _KEY,
    description="What people decided at gates, by day (UTC). Read it with `agentmesh_dagster.decisions()`.",
    group_name="agentmesh",
    kinds={"agentmesh"},
    partitions_def=dg.DailyPartitionsDefinition(_FIRST_DAY, end_offset=1),  # today as well
)


@dataclass
class DecisionReports:
    """The reports of one process: many answers at once are told by few."""

    _days: set[datetime] = field(default_factory=set[datetime])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def report(self, services: Services, instance: dg.DagsterInstance, answered_at: datetime) -> None:
        """Tells what was decided on that day so far, now, or by the thread that is at it already."""
        self._days.add(answered_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))
        while self._days and self._lock.acquire(blocking=False):
            try:
                while self._days:
                    day = self._days.pop()  # first: an answer that comes meanwhile is told by one more report
                    _report_day(services.store, instance, day)
            finally:
                self._lock.release()


def _report_day(store: Store, instance: dg.DagsterInstance, day: datetime) -> None:
    found = list(iterate_decisions(store, DecisionFilter(since=day, until=day + timedelta(days=1))))
    if found:
        told = dg.AssetObservation(_KEY, partition=day.date().isoformat(), metadata=_describe(found))
        instance.report_runless_asset_event(told)


def _describe(found: list[Decision]) -> dict[str, dg.MetadataValue]:
    outcomes = Counter(decision.outcome for decision in found)
    counts = {outcome.value: outcomes[outcome] for outcome in Outcome}
    counts["changed"] = sum(decision.changed for decision in found)
    seconds = median(decision.seconds for decision in found)
    return {
        **{name: dg.MetadataValue.int(count) for name, count in counts.items()},
        "median seconds to answer": dg.MetadataValue.float(seconds),
        "last by": dg.MetadataValue.text(found[0].answered_by),
    }
