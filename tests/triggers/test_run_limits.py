"""What triggers start keeps to `concurrency`: one more waits, or is none and its tick says why."""

from datetime import UTC, datetime

import pytest
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus

from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.run_limits import list_open_runs
from tests.faults.site import Site
from tests.triggers.daemon import Daemon
from tests.triggers.flows import flow, on, post, read_deliveries, runs_of, save, states

# Dagster reads a property of schedules that it has deprecated itself.
pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")

PAID, NIGHTLY = "pay__on_order_paid", "pay__cron"
CRON = {"type": "cron", "cron": "0 3 * * *"}


def limited(on_limit: str, most: int = 1) -> dict[str, object]:
    return {"max": most, "onLimit": on_limit}


def open_runs(services: Services) -> list[str]:
    with services.store.read() as connection:
        return list_open_runs(connection, "pay")


def said(tick: InstigatorTick) -> str:
    assert tick.status is TickStatus.SKIPPED
    return tick.skip_reason or ""


def test_events_wait_for_their_place_as_runs(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid"), concurrency=limited("queue")))
    for number in range(3):
        post(site.services, "order.paid", f"{number}", number)

    tick = daemon.sense(PAID)

    assert len(tick.run_ids) == 1
    assert states(site.services, "pay") == ["requested", "launched", "launched"]
    queued = runs_of(site.services, "pay")
    assert [(run.status, run.queued_at is None) for run in queued] == [(RunStatus.PENDING, False)] * 2
    assert len(open_runs(site.services)) == 0, "Dagster has only just been asked for the first"
    site.heal()
    found = runs_of(site.services, "pay")
    assert sorted(run.input for run in found) == [0, 1, 2]
    assert {run.status for run in found} == {RunStatus.SUCCEEDED}
    started = [begins(site.services, run.id) for run in sorted(found, key=lambda run: run.input)]
    assert started == sorted(started), "in their order"
    site.check()


def begins(services: Services, run_id: str) -> int:
    with services.store.read() as connection:
        return list_events(connection, run_id)[0].id


def test_an_event_that_finds_no_place_is_skipped_and_the_tick_says_so(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid"), concurrency=limited("skip")))
    post(site.services, "order.paid", "1", 1)
    [asked] = daemon.sense(PAID).run_ids
    post(site.services, "order.paid", "2", 2)

    assert "event `2`: Skipped, Dagster was asked for 1 of at most 1" in said(daemon.sense(PAID))
    daemon.adopt(site.services, asked)
    post(site.services, "order.paid", "3", 3)
    assert f"event `3`: Skipped, 1 of at most 1 is open: `{asked}`" in said(daemon.sense(PAID))

    site.heal()
    assert [run.input for run in runs_of(site.services, "pay")] == [1]
    assert states(site.services, "pay") == ["launched", "skipped", "skipped"]
    assert f"`{asked}`" in (read_deliveries(site.services, "pay")[2].reason or "")
    assert not daemon.is_asking(PAID)


def test_of_many_events_in_one_tick_as_many_become_runs_as_there_are_places(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid"), concurrency=limited("skip", 2)))
    for number in range(5):
        post(site.services, "order.paid", f"{number}", number)

    assert len(daemon.sense(PAID).run_ids) == 2

    site.heal()
    assert sorted(run.input for run in runs_of(site.services, "pay")) == [0, 1]
    assert states(site.services, "pay") == ["launched", "launched", "skipped", "skipped", "skipped"]


def test_each_event_takes_the_place_of_the_one_before(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid"), concurrency=limited("cancelOldest")))
    for number in range(3):
        post(site.services, "order.paid", f"{number}", number)

    for run_id in daemon.sense(PAID).run_ids:
        daemon.adopt(site.services, run_id)

    assert len(open_runs(site.services)) == 1
    site.heal()
    statuses = [run.status for run in runs_of(site.services, "pay")]
    assert sorted(statuses) == [RunStatus.CANCELED, RunStatus.CANCELED, RunStatus.SUCCEEDED]


@pytest.mark.parametrize("on_limit", ["queue", "skip"])
def test_a_time_that_finds_no_place_waits_or_is_skipped(site: Site, daemon: Daemon, on_limit: str):
    save(site.services, flow("pay", CRON, concurrency=limited(on_limit)))
    daemon.look_at_schedules(datetime(2026, 5, 1, 12, tzinfo=UTC))
    [first] = daemon.schedule(NIGHTLY, datetime(2026, 5, 2, 3, 0, 5, tzinfo=UTC)).run_ids
    daemon.adopt(site.services, first)

    reason = said(daemon.schedule(NIGHTLY, datetime(2026, 5, 3, 3, 0, 5, tzinfo=UTC)))

    found = runs_of(site.services, "pay")
    if on_limit == "skip":
        assert f"Skipped, 1 of at most 1 is open: `{first}`" in reason
        assert [run.id for run in found] == [first]
    else:
        assert f"The run `{found[1].id}` waits for a place" in reason
        assert found[1].queued_at is not None
    site.heal()
    assert {run.status for run in runs_of(site.services, "pay")} == {RunStatus.SUCCEEDED}
