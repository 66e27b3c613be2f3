"""Times that were missed while the daemon was down, and times that begin a little later."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus
from dagster._core.test_utils import freeze_time

from agentmesh_dagster.control.queued_runs import begin_queued_runs
from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.store.catalogue import InvalidDocument
from agentmesh_dagster.store.tables import runs
from tests.faults.site import Site
from tests.triggers.daemon import Daemon
from tests.triggers.flows import flow, read_deliveries, runs_of, save

# Dagster reads a property of schedules that it has deprecated itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated:DeprecationWarning"),
]

NAME = "w__cron"


def hourly(**fields: Any) -> dict[str, Any]:
    return {"type": "cron", "cron": "0 * * * *", "input": "{{ context.event.scheduledAt }}", **fields}


def at(hour: int, minute: int = 0, second: int = 5) -> datetime:
    """Of the day after tomorrow: times before the trigger was saved are not missed."""
    day = (datetime.now(UTC) + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(hours=hour, minutes=minute, seconds=second)


def hour_of(text: str) -> int:
    return int(text[11:13])


def hours(site: Site) -> list[int]:
    """Of the runs' times."""
    return sorted(hour_of(run.input) for run in runs_of(site.services, "w"))


def run_until_three_and_come_back(site: Site, daemon: Daemon, **fields: Any) -> InstigatorTick:
    """It runs at three, is down, and comes back at half past eight."""
    save(site.services, flow("w", hourly(**fields)))
    daemon.look_at_schedules(at(2, 30))
    daemon.schedule(NAME, at(3))
    return daemon.schedule(NAME, at(8, 30))


@pytest.mark.parametrize(
    ("catch_up", "made"),
    [
        ({}, [3, 8]),
        ({"catchUp": "last"}, [3, 8]),
        ({"catchUp": "none"}, [3]),
        ({"catchUp": "all"}, [3, 4, 5, 6, 7, 8]),
        ({"catchUp": "all", "maxCatchUp": 2}, [3, 7, 8]),
        ({"catchUp": "all", "maxCatchUp": 1}, [3, 8]),
    ],
)
def test_after_an_outage_runs_come_of_the_times_that_the_trigger_wants(
    site: Site, daemon: Daemon, catch_up: dict[str, Any], made: list[int]
):
    tick = run_until_three_and_come_back(site, daemon, **catch_up)
    site.heal()

    assert hours(site) == made
    missed = [delivery for delivery in read_deliveries(site.services, "w") if delivery.state == "missed"]
    assert len(missed) == 6 - len(made), "each that was missed is known, with a reason"
    assert all("Missed" in (delivery.reason or "") for delivery in missed)
    if made == [3]:
        assert tick.status is TickStatus.SKIPPED
        assert "catchUp: none" in (tick.skip_reason or "")
    again = daemon.schedule(NAME, at(9))
    assert len(again.run_ids) == 1
    site.heal()
    assert hours(site) == [*made, 9]


def test_two_daemons_make_up_for_each_time_once(site: Site, daemon: Daemon):
    save(site.services, flow("w", hourly(catchUp="all")))
    daemon.look_at_schedules(at(2, 30))
    daemon.schedule(NAME, at(3))
    first = daemon.schedule(NAME, at(6, 30))
    assert len(first.run_ids) == 3

    second = Daemon(site.instance).schedule(NAME, at(6, 31))

    assert second.tick_id == first.tick_id
    site.heal()
    assert hours(site) == [3, 4, 5, 6]


def test_times_while_the_schedule_was_switched_off_were_not_missed(site: Site, daemon: Daemon):
    save(site.services, flow("w", hourly(catchUp="all")))
    daemon.look_at_schedules(at(2, 30))
    daemon.schedule(NAME, at(3))
    with freeze_time(at(3, 30)):
        daemon.switch_schedule(NAME, on=False)
    daemon.look_at_schedules(at(6, 30))
    with freeze_time(at(6, 40)):
        daemon.switch_schedule(NAME, on=True)
    daemon.schedule(NAME, at(7))
    site.heal()

    assert hours(site) == [3, 7]


def test_a_daemon_that_dies_while_it_makes_up_for_times_loses_and_doubles_none(site: Site, daemon: Daemon):
    save(site.services, flow("w", hourly(catchUp="all")))
    daemon.look_at_schedules(at(2, 30))
    daemon.schedule(NAME, at(3))
    site.start("schedule", NAME, at(6, 30).isoformat(), AGENTMESH_CRASH_AT="run-asked-for").wait()

    daemon.schedule(NAME, at(7, 0, 30))
    site.heal()

    assert hours(site) == [3, 4, 5, 6, 7]
    assert {run.status for run in runs_of(site.services, "w")} == {RunStatus.SUCCEEDED}


def test_jitter_puts_a_run_off_by_what_follows_from_workflow_and_time(site: Site, daemon: Daemon):
    save(site.services, flow("w", hourly(jitterSeconds=3_000)), flow("v", hourly(jitterSeconds=3_000)))
    daemon.look_at_schedules(at(2, 30))

    told = [daemon.schedule(NAME, at(hour, 0, 0)).skip_reason or "" for hour in (3, 4)]

    first, second = runs_of(site.services, "w")
    [other, _] = runs_of(site.services, "v")
    assert first.status is RunStatus.PENDING
    assert first.id in told[0]
    assert "`jitterSeconds`" in told[0]
    delays = [run.queued_at - at(hour, 0, 0) for run, hour in ((first, 3), (second, 4), (other, 3)) if run.queued_at]
    assert len(set(delays)) == 3
    assert all(timedelta(0) <= delay < timedelta(seconds=3_000) for delay in delays)
    assert begin_queued_runs(site.services, site.instance).begun == [], "not before"
    with site.services.store.begin() as tx:
        tx.execute(runs.update().values(queued_at=datetime.now(UTC) - timedelta(seconds=1)))
    site.heal()
    assert hours(site) == [3, 4]
    assert {run.status for run in runs_of(site.services, "w")} == {RunStatus.SUCCEEDED}


def test_a_bound_for_one_that_makes_up_for_none_has_no_effect(site: Site):
    with pytest.raises(InvalidDocument, match="`maxCatchUp` says how many"):
        save(site.services, flow("w", hourly(maxCatchUp=3)))
