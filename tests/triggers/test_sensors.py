"""What has arrived becomes one run each: whatever is canceled, deleted, switched off, faulty or asked for again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import TickStatus
from sqlalchemy import select, update

from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.entities.models import Kind, RunStatus
from agentmesh_dagster.store.catalogue import EntityInUse, delete_entity
from agentmesh_dagster.store.tables import deliveries, runs
from agentmesh_dagster.store.triggers import take_delivery
from tests.control.dagster_actions import execute_launch
from tests.control.instances import open_test_instance
from tests.faults.site import Site
from tests.triggers.daemon import Daemon
from tests.triggers.flows import after, failing, flow, on, post, read_deliveries, runs_of, save, states

# Dagster reads a property of schedules that it has deprecated itself.
pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")

PAID = "pay__on_order_paid"


def error_of(daemon: Daemon, sensor: str) -> str:
    """What the tick of a sensor fails with."""
    tick = daemon.sense(sensor)
    assert tick.status is TickStatus.FAILURE
    error = tick.error
    while error and error.cause:
        error = error.cause
    return error.message if error else ""


def test_an_event_becomes_a_run_with_its_body_as_input(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "1", {"amount": 7})

    tick = daemon.sense(PAID)
    site.heal()

    [run] = runs_of(site.services, "pay")
    assert (run.input, run.output) == ({"amount": 7}, {"amount": 7})
    assert tick.run_ids == [run.id]
    assert states(site.services, "pay") == ["launched"]
    assert not daemon.is_asking(PAID)
    site.check()


def test_the_run_knows_which_sensor_launched_it(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "1", {})
    daemon.sense(PAID)
    site.heal()

    with site.services.store.read() as connection:
        assert connection.execute(select(runs.c.launched_by)).scalars().all() == [f"sensor: {PAID}"]


def test_an_input_is_filled_in_from_the_event_and_a_condition_chooses(site: Site, daemon: Daemon):
    big = on("order.paid", condition="context.event.amount > 100", input={"who": "{{ context.event.customer }}"})
    save(site.services, flow("pay", big))
    post(site.services, "order.paid", "small", {"amount": 7, "customer": "ann"})
    post(site.services, "order.paid", "big", {"amount": 700, "customer": "bob"})

    daemon.sense(PAID)
    site.heal()

    assert [run.input for run in runs_of(site.services, "pay")] == [{"who": "bob"}]
    assert states(site.services, "pay") == ["declined", "launched"]


def test_what_cannot_become_a_run_is_told_once_and_holds_nothing_up(site: Site, daemon: Daemon):
    schema = {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "integer"}}}
    save(site.services, flow("pay", on("order.paid", condition="context.event.amount != 3"), inputSchema=schema))
    for event_id, body in {"a": {"amount": "much"}, "b": {"other": 1}, "c": {"amount": 5}, "d": "text"}.items():
        post(site.services, "order.paid", event_id, body)

    told = error_of(daemon, PAID)
    assert "event `a`" in told
    assert "'much' is not of type 'integer'" in told
    assert "event `b`: " in told
    assert "no field 'amount'" in told
    assert "event `d`" in told
    assert "event `c`" not in told

    assert daemon.is_asking(PAID)
    site.heal()
    assert [run.input for run in runs_of(site.services, "pay")] == [{"amount": 5}]
    assert not daemon.is_asking(PAID)
    assert [delivery.state for delivery in read_deliveries(site.services, "pay")] == [
        "failed",
        "failed",
        "launched",
        "failed",
    ]
    assert "no field 'amount'" in str(read_deliveries(site.services, "pay")[1].reason)


def test_the_schemas_defaults_are_filled_in(site: Site, daemon: Daemon):
    schema = {"type": "object", "properties": {"plan": {"type": "string", "enum": ["free", "pro"], "default": "free"}}}
    save(site.services, flow("pay", on("order.paid"), inputSchema=schema))
    post(site.services, "order.paid", "1", {})
    daemon.sense(PAID)
    site.heal()

    assert [run.input for run in runs_of(site.services, "pay")] == [{"plan": "free"}]


def test_each_trigger_of_each_workflow_gets_the_event(site: Site, daemon: Daemon):
    two = [on("order.paid", input="first"), on("order.paid", input="second")]
    save(site.services, flow("pay", *two), flow("ship", on("order.paid")), flow("other", on("order.sent")))
    post(site.services, "order.paid", "1", "body")

    for sensor in (PAID, f"{PAID}_2", "ship__on_order_paid", "other__on_order_sent"):
        daemon.sense(sensor)
    site.heal()

    assert sorted(run.input for run in runs_of(site.services, "pay")) == ["first", "second"]
    assert [run.input for run in runs_of(site.services, "ship")] == ["body"]
    assert runs_of(site.services, "other") == []


def test_many_events_are_launched_in_pages(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid")))
    for number in range(30):
        post(site.services, "order.paid", f"{number:03}", number)

    asked = [len(daemon.sense(PAID).run_ids) for _ in range(3)]

    assert asked == [25, 5, 0]
    queued = site.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
    assert len(queued) == 30
    assert states(site.services, "pay") == ["launched"] * 30


def test_a_run_that_is_canceled_in_the_queue_does_not_come_again(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "1")
    [run_id] = daemon.sense(PAID).run_ids
    queued = site.instance.get_run_by_id(run_id)
    assert queued
    daemon.adopt(site.services, run_id)
    site.instance.report_run_canceled(queued)

    assert [daemon.is_asking(PAID) for _ in range(3)] == [False] * 3
    site.heal()
    assert [(run.id, run.status) for run in runs_of(site.services, "pay")] == [(run_id, RunStatus.CANCELED)]


def test_a_run_that_is_canceled_here_does_not_come_again(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "1")
    [run_id] = daemon.sense(PAID).run_ids
    daemon.adopt(site.services, run_id)
    cancel_run(site.services, site.instance, run_id, by="ann")

    assert [daemon.is_asking(PAID) for _ in range(3)] == [False] * 3
    assert site.instance.get_runs_count() == 1


@pytest.mark.parametrize("is_known", [False, True], ids=["at once", "after it was adopted"])
def test_a_run_that_is_deleted_in_dagster_does_not_come_again(site: Site, daemon: Daemon, is_known: bool):
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "1")
    [run_id] = daemon.sense(PAID).run_ids
    if is_known:
        daemon.adopt(site.services, run_id)
    site.instance.delete_run(run_id)

    assert [daemon.is_asking(PAID) for _ in range(3)] == [False] * 3
    assert site.instance.get_runs_count() == 0
    assert states(site.services, "pay") == ["launched" if is_known else "missed"]


def test_a_run_that_ended_and_is_deleted_in_dagster_does_not_come_again(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "1")
    [run_id] = daemon.sense(PAID).run_ids
    site.heal()
    site.instance.delete_run(run_id)

    assert not daemon.is_asking(PAID)
    assert [run.status for run in runs_of(site.services, "pay")] == [RunStatus.SUCCEEDED]


def test_a_second_run_for_the_same_event_does_nothing(site: Site, daemon: Daemon):
    """Should Dagster make one, such as two daemons at once."""
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "1")
    [second] = daemon.sense(PAID).run_ids
    [delivery] = read_deliveries(site.services, "pay")
    with site.services.store.begin() as tx:
        assert take_delivery(tx, delivery.id, "the first")

    site.heal()

    assert runs_of(site.services, "pay") == []
    launched = site.instance.get_run_by_id(second)
    assert launched
    assert launched.status is dg.DagsterRunStatus.FAILURE
    logs = site.instance.get_records_for_run(second).records
    assert "Another run was started for this event" in "".join(str(log.event_log_entry) for log in logs)


def test_what_was_posted_before_the_trigger_was_there_starts_nothing(site: Site, daemon: Daemon):
    post(site.services, "order.paid", "early")
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "late")

    daemon.sense(PAID)
    site.heal()

    assert len(runs_of(site.services, "pay")) == 1
    assert not post(site.services, "order.paid", "early"), "and it is not new the second time either"


def test_what_was_posted_while_the_sensor_was_switched_off_starts_nothing_when_it_is_switched_on(
    site: Site, daemon: Daemon
):
    save(site.services, flow("pay", on("order.paid")))
    daemon.sense(PAID)
    daemon.switch(PAID, on=False)
    post(site.services, "order.paid", "meanwhile")
    daemon.switch(PAID, on=True)
    post(site.services, "order.paid", "afterwards", "now")

    daemon.sense(PAID)
    site.heal()

    assert [run.input for run in runs_of(site.services, "pay")] == ["now"]
    assert sorted(states(site.services, "pay")) == ["launched", "missed"]


def test_a_trigger_that_the_document_has_not_enabled_can_be_switched_on_in_dagster(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid", enabled=False)))
    post(site.services, "order.paid", "meanwhile")
    assert daemon.find_sensor(PAID).default_status is dg.DefaultSensorStatus.STOPPED

    daemon.switch(PAID, on=True)
    post(site.services, "order.paid", "afterwards", "now")
    daemon.sense(PAID)
    site.heal()

    assert [run.input for run in runs_of(site.services, "pay")] == ["now"]


def test_enabling_a_trigger_in_the_document_does_not_start_what_came_before(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid", enabled=False)))
    post(site.services, "order.paid", "meanwhile")
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "afterwards", "now")

    daemon.sense(PAID)
    site.heal()

    assert [run.input for run in runs_of(site.services, "pay")] == ["now"]


def test_what_waits_survives_an_edit_a_new_name_and_triggers_that_come_and_go(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.sent"), on("order.paid")))
    post(site.services, "order.paid", "1", "kept")
    post(site.services, "order.sent", "1", "dropped")
    cron = {"type": "cron", "cron": "0 9 * * *", "enabled": False}
    save(site.services, flow("pay", cron, on("order.made"), on("order.paid"), name="Paying"))

    daemon.sense("Paying__on_order_paid")
    site.heal()
    save(site.services, flow("pay", on("order.sent")))
    daemon.sense("pay__on_order_sent")
    site.heal()

    assert [run.input for run in runs_of(site.services, "pay")] == ["kept"]
    assert sorted(states(site.services, "pay")) == ["launched", "missed"]


def test_the_end_of_a_run_starts_the_next_workflow_with_its_output(site: Site, daemon: Daemon):
    save(site.services, flow("first", on("go")), flow("second", after("first")))
    post(site.services, "go", "1", {"n": 1})
    daemon.sense("first__on_go")
    site.heal()

    assert daemon.is_asking("second__after_first_succeeded")
    site.heal()

    [run] = runs_of(site.services, "second")
    assert (run.status, run.input) == (RunStatus.SUCCEEDED, {"n": 1})
    assert not daemon.is_asking("second__after_first_succeeded")


def test_a_failure_is_handed_over_with_its_error(site: Site, daemon: Daemon):
    said = "{{ context.event.workflowName }}: {{ context.event.error }}"
    save(site.services, failing("broken").model_copy(update={"triggers": flow("x", on("go")).triggers}))
    save(site.services, flow("alarm", after("broken", "failed")), flow("say", after("broken", "failed", input=said)))
    save(site.services, flow("never", after("broken")))
    post(site.services, "go", "1", {"n": 1})
    daemon.sense("broken__on_go")
    site.heal()

    for sensor in ("alarm__after_broken_failed", "say__after_broken_failed", "never__after_broken_succeeded"):
        daemon.sense(sensor)
    site.heal()

    [source] = runs_of(site.services, "broken")
    assert [run.input for run in runs_of(site.services, "alarm")] == [
        {
            "runId": source.id,
            "workflowId": "broken",
            "workflowName": "broken",
            "status": "failed",
            "input": {"n": 1},
            "output": None,
            "error": "no luck",
        }
    ]
    assert [run.input for run in runs_of(site.services, "say")] == ["broken: no luck"]
    assert runs_of(site.services, "never") == []


def test_a_canceled_run_is_an_end_too(site: Site, daemon: Daemon):
    save(site.services, flow("first", on("go")), flow("mourn", after("first", "canceled", input="gone")))
    post(site.services, "go", "1")
    [run_id] = daemon.sense("first__on_go").run_ids
    daemon.adopt(site.services, run_id)
    cancel_run(site.services, site.instance, run_id, by="ann")

    daemon.sense("mourn__after_first_canceled")
    site.heal()

    assert [run.input for run in runs_of(site.services, "mourn")] == ["gone"]


def test_a_workflow_that_another_waits_for_is_not_deleted(site: Site):
    save(site.services, flow("first"), flow("second", after("first")))

    with pytest.raises(EntityInUse, match="workflow `second`"):
        delete_entity(site.services.store, Kind.WORKFLOW, "first", author="test")
    delete_entity(site.services.store, Kind.WORKFLOW, "second", author="test")
    delete_entity(site.services.store, Kind.WORKFLOW, "first", author="test")


def test_a_deleted_workflow_waits_for_nothing(site: Site):
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "1")
    delete_entity(site.services.store, Kind.WORKFLOW, "pay", author="test")
    post(site.services, "order.paid", "2")

    assert states(site.services, "pay") == ["missed"]


def test_what_one_dagster_instance_has_asked_for_another_leaves_alone_for_ten_minutes(
    site: Site, daemon: Daemon, tmp_path: Path
):
    save(site.services, flow("pay", on("order.paid")))
    post(site.services, "order.paid", "1")
    [asked_first] = daemon.sense(PAID).run_ids

    with open_test_instance(tmp_path / "other") as other:
        beside = Daemon(other)
        assert not beside.is_asking(PAID)
        with site.services.store.begin() as tx:
            tx.execute(update(deliveries).values(requested_at=datetime.now(UTC) - timedelta(minutes=11)))
        assert beside.is_asking(PAID), "that one was switched off for good"
        [asked_there] = [run.run_id for run in other.get_runs()]
        beside.adopt(site.services, asked_there)

    execute_launch(site.services, site.instance, asked_first)  # that one is there again
    first = site.instance.get_run_by_id(asked_first)
    assert first
    assert first.status is dg.DagsterRunStatus.FAILURE
    assert [run.id for run in runs_of(site.services, "pay")] == [asked_there]


def test_a_run_that_dagster_cannot_make_is_asked_for_again_and_holds_nothing_up(site: Site, daemon: Daemon):
    save(site.services, flow("pay", on("order.paid")))
    for number in range(5):
        post(site.services, "order.paid", f"{number}", number)
    broken = daemon.sense(PAID, {"RUN_CREATED": RuntimeError("the queue is closed")})
    assert broken.status is TickStatus.FAILURE

    asked = [len(daemon.sense(PAID).run_ids) for _ in range(3)]

    assert sum(asked) + 1 >= 5
    assert states(site.services, "pay") == ["launched"] * 5
    assert site.instance.get_runs_count() == 5
