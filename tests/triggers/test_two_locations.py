"""Several code locations, instances and daemons on one store: each time of a trigger, and each event, is one run."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.test_utils import freeze_time

from agentmesh_dagster.control.schedules import look_at_time
from agentmesh_dagster.control.triggers import LoadedTrigger, look_for_arrivals
from agentmesh_dagster.graph.triggers import read_triggers
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.translator.build_job import build_job
from tests.control.instances import open_test_instance
from tests.faults.site import Site
from tests.triggers.daemon import Daemon
from tests.triggers.flows import flow, on, post, runs_of, save

pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")

HOURLY = {"type": "cron", "cron": "0 * * * *"}
NINE, AFTER_NINE = "2026-03-02T09:00:00Z", datetime(2026, 3, 2, 9, 0, 30, tzinfo=UTC)
BEFORE_NINE = datetime(2026, 3, 2, 8, 59, 30, tzinfo=UTC)


def load(services: Services, workflow_id: str) -> LoadedTrigger:
    """The only trigger of a workflow, as a code server loads it."""
    plan = load_plan(services.store, workflow_id, current_revision(services.store))
    [trigger] = read_triggers(plan.workflow.triggers)
    return LoadedTrigger(plan, trigger, build_job(plan, workflow_id, services))


def test_the_daemons_of_two_instances_make_one_run_of_a_time(site: Site, daemon: Daemon, tmp_path: Path):
    save(site.services, flow("w", HOURLY))
    daemon.look_at_schedules(BEFORE_NINE)  # from then on it runs
    with open_test_instance(tmp_path / "other") as instance:
        other = Daemon(instance)
        other.look_at_schedules(BEFORE_NINE)
        made, skipped = daemon.schedule("w__cron", AFTER_NINE), other.schedule("w__cron", AFTER_NINE)

        assert (made.status, skipped.status) == (TickStatus.SUCCESS, TickStatus.SKIPPED)
        assert skipped.skip_reason
        assert f"There is one run for {NINE}" in skipped.skip_reason
        assert instance.get_runs_count() == 0
    site.heal()
    assert [run.launches for run in runs_of(site.services, "w")] == [made.run_ids]


def test_of_two_code_locations_the_first_asks_for_the_run_of_a_time_and_may_do_so_again(
    site: Site, instance: dg.DagsterInstance
):
    save(site.services, flow("w", HOURLY))
    loaded = load(site.services, "w")

    def count_asked(hour: int, who: str) -> int:
        with freeze_time(datetime(2026, 3, 2, hour, 0, 5, tzinfo=UTC)):
            moment = datetime(2026, 3, 2, hour, tzinfo=UTC)
            return len(look_at_time(site.services, instance, loaded, moment, who).asked)

    assert [count_asked(9, who) for who in ("here", "there", "here")] == [1, 0, 1]
    assert count_asked(10, "there") == 1


def test_of_two_code_locations_one_asks_for_the_run_of_an_event(site: Site, instance: dg.DagsterInstance):
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "1", {})
    loaded = load(site.services, "pay")

    asked = [look_for_arrivals(site.services, instance, loaded, None, who).asked for who in ("here", "there", "here")]

    assert [len(found) for found in asked] == [1, 0, 1]
