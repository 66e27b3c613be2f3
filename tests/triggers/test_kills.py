"""The daemon, or the code server, dies in each window of a tick; then exactly one run comes of an event."""

from pathlib import Path

import pytest

from agentmesh_dagster.crash_points import CrashPoint
from agentmesh_dagster.entities.models import RunStatus
from tests.faults.processes import wait_until
from tests.faults.site import Site
from tests.triggers.daemon import Daemon
from tests.triggers.flows import flow, on, post, runs_of, save, states

# Both in Dagster itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning"),
]

KILLED = -9
PAID = "pay__on_order_paid"

# Dagster's own crash points in a sensor's tick, in their order.
IN_DAGSTER = ["TICK_CREATED", "TICK_HELD", "RUN_IDS_RESERVED", "RUN_CREATED", "RUN_LAUNCHED"]


@pytest.fixture
def posted(site: Site) -> Site:
    save(site.services, flow("pay", on("order.paid")))
    for event_id in ("1", "2"):
        post(site.services, "order.paid", event_id, event_id)
    return site


def continue_run(site: Site, daemon: Daemon) -> None:
    """The daemon is there again."""
    for _ in range(3):
        daemon.sense(PAID)
    site.heal()


def assert_one_run_each(site: Site) -> None:
    found = runs_of(site.services, "pay")
    assert sorted(run.input for run in found) == ["1", "2"]
    assert {run.status for run in found} == {RunStatus.SUCCEEDED}
    assert states(site.services, "pay") == ["launched"] * 2
    assert site.instance.get_runs_count() == 2
    site.check()


@pytest.mark.parametrize("point", IN_DAGSTER)
def test_the_daemon_dies_in_a_tick(posted: Site, point: str):
    assert posted.start("sense", PAID, point).wait() == KILLED

    continue_run(posted, Daemon(posted.instance, minutes_later=5))

    assert_one_run_each(posted)


@pytest.mark.parametrize("point", IN_DAGSTER[2:])
def test_the_daemon_dies_and_comes_back_when_dagster_has_given_the_tick_up(posted: Site, point: str):
    assert posted.start("sense", PAID, point).wait() == KILLED

    continue_run(posted, Daemon(posted.instance, minutes_later=2 * 24 * 60))

    assert_one_run_each(posted)


def test_the_code_server_dies_when_it_has_noted_what_it_asks_for(posted: Site):
    process = posted.start("sense", PAID, AGENTMESH_CRASH_AT=CrashPoint.RUN_ASKED_FOR)
    assert process.wait() == KILLED
    assert states(posted.services, "pay") == ["requested"] * 2

    continue_run(posted, Daemon(posted.instance, minutes_later=5))

    assert_one_run_each(posted)


def test_a_run_that_is_deleted_while_the_daemon_is_dead_runs_once_at_most(posted: Site):
    assert posted.start("sense", PAID, "RUN_LAUNCHED").wait() == KILLED
    [made] = posted.instance.get_runs()
    posted.instance.delete_run(made.run_id)

    continue_run(posted, Daemon(posted.instance, minutes_later=5))

    found = runs_of(posted.services, "pay")
    assert sorted(run.input for run in found) in (["1", "2"], ["2"])
    assert {run.status for run in found} == {RunStatus.SUCCEEDED}


def test_two_daemons_at_once_make_one_run_of_each_event(site: Site):
    """Dagster allows one; whoever starts two by mistake gets nothing twice."""
    save(site.services, flow("pay", on("order.paid")))
    for number in range(6):
        post(site.services, "order.paid", f"{number}", number)

    processes = [site.start("sense", PAID) for _ in range(3)]
    for process in processes:
        process.wait()
    continue_run(site, Daemon(site.instance, minutes_later=5))

    assert sorted(run.input for run in runs_of(site.services, "pay")) == list(range(6))
    assert {run.status for run in runs_of(site.services, "pay")} == {RunStatus.SUCCEEDED}


def test_an_event_that_many_post_at_once_is_new_to_one_of_them(site: Site, tmp_path: Path):
    save(site.services, flow("pay", on("order.paid")))
    start = tmp_path / "start"
    processes = [site.start("post", "order.paid", [f"{n}" for n in range(20)], str(start)) for _ in range(3)]
    wait_until(lambda: all("ready" in process.read_output() for process in processes))
    start.touch()

    new = [event_id for process in processes for event_id in process.end_well()[1:]]

    assert sorted(new, key=int) == [f"{n}" for n in range(20)]
    assert states(site.services, "pay") == ["waiting"] * 20
