"""Triggers as Dagster's Automation page lists them: what a code server loads, and what a worker does not."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import TickStatus
from sqlalchemy import event

from agentmesh_dagster import build_definitions
from agentmesh_dagster.code_location import build_repository
from agentmesh_dagster.code_location.dagster_internals import DefinitionsLoadContext, DefinitionsLoadType
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.tables import revisions
from tests.control.instances import open_test_instance
from tests.faults.site import Site
from tests.triggers.daemon import Daemon
from tests.triggers.flows import after, flow, on, runs_of, save

# Dagster reads a property of schedules that it has deprecated itself.
pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")

NINE = {"type": "cron", "cron": "0 9 * * MON-FRI", "timezone": "Europe/Berlin"}


@pytest.fixture(autouse=True)
def as_a_code_server_loads() -> Iterator[None]:
    """A worker of another test may have left its way of loading in this process."""
    with DefinitionsLoadContext.scoped(DefinitionsLoadContext(DefinitionsLoadType.INITIALIZATION)):
        yield


def evaluate(schedule: dg.ScheduleDefinition, moment: datetime) -> Any:
    with dg.build_schedule_context(scheduled_execution_time=moment) as context:
        [asked] = schedule.evaluate_tick(context).run_requests or []
    return asked.run_config["ops"]["start"]["config"]["input"]


def test_every_trigger_is_listed_with_its_job_its_switch_and_what_it_does(services: Services):
    triggers = [
        NINE,
        NINE | {"enabled": False},
        on("order.paid", condition="context.event.ok"),
        on("order.paid", enabled=False),
    ]
    save(services, flow("nightly"), flow("w", *triggers, after("nightly", "failed"), name="Pay *it*"))

    repository = build_repository()

    schedules = {schedule.name: schedule for schedule in repository.schedule_defs}
    sensors = {sensor.name: sensor for sensor in repository.sensor_defs if sensor.name != "agentmesh_runs"}
    assert list(schedules) == ["Pay_it__cron", "Pay_it__cron_2"]
    assert list(sensors) == ["Pay_it__on_order_paid", "Pay_it__on_order_paid_2", "Pay_it__after_nightly_failed"]
    assert {one.job_name for one in (*schedules.values(), *sensors.values())} == {"Pay_it"}
    assert [schedule.default_status.value for schedule in schedules.values()] == ["RUNNING", "STOPPED"]
    assert [sensor.default_status.value for sensor in sensors.values()] == ["RUNNING", "STOPPED", "RUNNING"]
    first = schedules["Pay_it__cron"]
    assert (first.cron_schedule, first.execution_timezone) == ("0 9 * * mon-fri", "Europe/Berlin")
    assert first.tags == {"agentmesh/workflow": "w"}
    said = {name: sensor.description for name, sensor in sensors.items()}
    posted = "Starts the workflow Pay *it* when something is posted to /api/events/order.paid"
    assert said["Pay_it__on_order_paid"] == f"{posted}, if context.event.ok."
    assert said["Pay_it__on_order_paid_2"] == f"{posted}."
    assert said["Pay_it__after_nightly_failed"] == (
        "Starts the workflow Pay *it* when a run of the workflow nightly has failed."
    )


def test_names_are_unique_over_workflows_whatever_they_are_called(services: Services):
    save(
        services,
        flow("1", on("b"), name="a"),
        flow("2", on("b"), name="a__on_b"),
        flow("3", on("b__on_b"), name="a"),
        flow("4", NINE, on("b"), name="a_"),
        flow("5", NINE, on("订单"), name="订单"),
    )

    repository = build_repository()

    names = [one.name for one in (*repository.schedule_defs, *repository.sensor_defs)]
    assert len(names) == len(set(names)) == 8


def test_a_schedule_hands_over_its_input_and_the_moment(services: Services):
    schema = {"type": "object", "properties": {"day": {"type": "string"}, "n": {"type": "integer", "default": 3}}}
    timed = NINE | {"input": {"day": "{{ context.event.scheduledAt }}"}}
    save(services, flow("w", timed, NINE, inputSchema=schema), flow("free", NINE))
    moment = datetime(2026, 3, 2, 8, tzinfo=UTC)

    repository = build_repository()

    assert evaluate(repository.get_schedule_def("w__cron"), moment) == {"day": "2026-03-02T08:00:00Z", "n": 3}
    assert evaluate(repository.get_schedule_def("w__cron_2"), moment) == {"n": 3}
    assert evaluate(repository.get_schedule_def("free__cron"), moment) == {}


def test_a_schedule_fires_once_at_its_time_in_its_time_zone(site: Site, daemon: Daemon):
    save(site.services, flow("w", NINE | {"input": "{{ context.event.scheduledAt }}"}))
    daemon.look_at_schedules(datetime(2026, 3, 2, 7, 59, tzinfo=UTC))  # from then on it runs

    tick = daemon.schedule("w__cron", datetime(2026, 3, 2, 8, 0, 30, tzinfo=UTC))
    again = daemon.schedule("w__cron", datetime(2026, 3, 2, 8, 1, 30, tzinfo=UTC))
    site.heal()

    assert tick.status is TickStatus.SUCCESS
    assert again.tick_id == tick.tick_id
    [run] = runs_of(site.services, "w")
    assert tick.run_ids == [run.id]
    assert run.output == "2026-03-02T08:00:00Z"


def test_a_broken_workflow_costs_its_own_triggers_only(services: Services):
    save(services, flow("good", on("a")), flow("bad", on("b")), flow("worse", NINE))
    damage = {"bad": '{not json "triggers":[{', "worse": '{"id":"worse","name":"worse","triggers":[{"type":"cron"}]}'}
    with services.store.begin() as tx:
        for identity, document in damage.items():
            tx.execute(revisions.update().where(revisions.c.entity_id == identity).values(document=document))

    repository = build_repository()

    assert [sensor.name for sensor in repository.sensor_defs] == ["agentmesh_runs", "good__on_a"]
    assert list(repository.schedule_defs) == []
    assert "cannot run" in str(repository.get_job("worse").description)


def test_a_workflow_with_a_trigger_that_is_no_good_any_more_says_so_in_its_job(services: Services):
    save(services, flow("w", NINE))
    with services.store.begin() as tx:
        [row] = tx.execute(revisions.select().where(revisions.c.entity_id == "w")).mappings()
        document = row["document"].replace("0 9 * * MON-FRI", "0 99 * * *")
        tx.execute(revisions.update().where(revisions.c.entity_id == "w").values(document=document))

    repository = build_repository()

    assert list(repository.schedule_defs) == []
    assert "The hour `99` does not lie between 0 and 23" in str(repository.get_job("w").description)


def test_triggers_merge_into_somebodys_own_definitions(services: Services):
    save(services, flow("w", NINE, on("order.paid")))

    merged = dg.Definitions.merge(dg.Definitions(), build_definitions())

    assert {schedule.name for schedule in merged.schedules or []} == {"w__cron"}
    assert {sensor.name for sensor in merged.sensors or []} == {"agentmesh_runs", "w__on_order_paid"}
    assert dg.Definitions.validate_loadable(merged) is None


def test_a_worker_reads_no_triggers(services: Services, home: Path):
    flows = [flow("w", NINE, on("order.paid")), *(flow(f"other{number}", on("x")) for number in range(5))]
    save(services, *flows)
    asked: list[str] = []
    with open_test_instance(home) as instance:
        launch = prepare_launch(services, instance, flows[0], {}, launched_by="test")
        event.listen(services.store.engine, "before_cursor_execute", lambda *args: asked.append(f"{args[2:4]}"))
        assert run_in_place(services, instance, launch)

    assert any("'w'" in statement for statement in asked)
    assert not [statement for statement in asked if "other" in statement or '"triggers":[{' in statement]
