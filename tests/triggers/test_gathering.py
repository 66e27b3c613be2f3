"""Events that are gathered: the last of a burst starts a run, or several start one; whenever the sensor looks."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from agentmesh_dagster.entities.models import RunStatus
from agentmesh_dagster.store.catalogue import InvalidDocument
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import deliveries, triggers
from agentmesh_dagster.store.trigger_outcomes import list_outcomes
from tests.faults.site import Site
from tests.triggers.daemon import Daemon
from tests.triggers.flows import flow, on, post, read_deliveries, runs_of, save, states

pytestmark = [
    pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated:DeprecationWarning"),
]

SENSOR = "pay__on_order_paid"


def paid(**fields: Any) -> dict[str, Any]:
    return on("order.paid", **fields)


def post_at(site: Site, *seconds_ago: float, body: Any = None) -> None:
    """Posts an event for each, which came so long ago; its id and body say when."""
    for number, ago in enumerate(seconds_ago):
        name = f"{len(read_deliveries(site.services, 'pay'))}"
        post(site.services, "order.paid", name, {"n": int(name), "ago": ago, "at": number} if body is None else body)
        with site.services.store.begin() as tx:
            came: datetime = now(tx) - timedelta(seconds=ago)
            tx.execute(deliveries.update().where(deliveries.c.event_id == name).values(arrived_at=came))


def save_long_ago(site: Site, trigger: dict[str, Any], **fields: Any) -> None:
    save(site.services, flow("pay", trigger, **fields))
    with site.services.store.begin() as tx:
        tx.execute(triggers.update().values(enabled_at=now(tx) - timedelta(days=1)))


def inputs(site: Site) -> list[Any]:
    """Of the runs, oldest first."""
    return [run.input for run in runs_of(site.services, "pay")]


def test_of_a_burst_the_last_event_starts_a_run_once_it_is_quiet(site: Site, daemon: Daemon):
    save_long_ago(site, paid(debounceSeconds=30))
    post_at(site, 70, 60, 50, 25)  # the last may yet be followed by another

    assert len(daemon.sense(SENSOR).run_ids) == 0
    assert states(site.services, "pay") == ["joined", "joined", "joined", "waiting"]


def test_bursts_that_came_while_nobody_looked_start_a_run_each(site: Site, daemon: Daemon):
    save_long_ago(site, paid(debounceSeconds=30))
    post_at(site, 300, 290, 280, 100, 90)

    assert len(daemon.sense(SENSOR).run_ids) == 2
    site.heal()

    assert [given["n"] for given in sorted(inputs(site), key=lambda given: given["n"])] == [2, 4]
    assert states(site.services, "pay") == ["joined", "joined", "launched", "joined", "launched"]
    assert "A later one came soon: event `2`" in (read_deliveries(site.services, "pay")[0].reason or "")


@pytest.mark.parametrize("looks_between", [False, True])
def test_each_event_of_a_burst_names_the_run_of_the_last(site: Site, daemon: Daemon, looks_between: bool):
    save_long_ago(site, paid(debounceSeconds=30))
    post_at(site, 20, 15)
    if looks_between:
        daemon.sense(SENSOR)
    post_at(site, 5)
    with site.services.store.begin() as tx:
        for row in tx.execute(deliveries.select()).mappings().all():
            earlier = row["arrived_at"] - timedelta(seconds=60)
            tx.execute(deliveries.update().where(deliveries.c.id == row["id"]).values(arrived_at=earlier))

    daemon.sense(SENSOR)
    site.heal()

    [run] = runs_of(site.services, "pay")
    with site.services.store.read() as connection:
        [trigger] = set(connection.execute(select(deliveries.c.trigger)).scalars())
        outcomes = list_outcomes(connection, "pay", trigger, limit=10)
    assert run.input["n"] == 2
    assert [outcome.run_id for outcome in outcomes] == [run.id] * 3


def test_an_event_that_the_condition_declines_follows_nothing(site: Site, daemon: Daemon):
    save_long_ago(site, paid(debounceSeconds=30, condition="context.event.kind != 'noise'"))
    post_at(site, 60, body={"kind": "good"})
    post_at(site, 10, body={"kind": "noise"})

    daemon.sense(SENSOR)
    site.heal()

    assert inputs(site) == [{"kind": "good"}]
    assert states(site.services, "pay") == ["launched", "declined"]


def test_a_batch_is_full_or_its_time_is_over(site: Site, daemon: Daemon):
    save_long_ago(site, paid(batch={"maxItems": 3, "maxSeconds": 60}))
    post_at(site, 50, 40, 30, 20, 10)  # three are enough; two wait for more, or for their time

    assert len(daemon.sense(SENSOR).run_ids) == 1
    site.heal()
    assert [[each["n"] for each in given] for given in inputs(site)] == [[0, 1, 2]]
    assert states(site.services, "pay") == ["launched", "joined", "joined", "waiting", "waiting"]

    with site.services.store.begin() as tx:
        for row in tx.execute(deliveries.select().where(deliveries.c.state == "waiting")).mappings().all():
            earlier = row["arrived_at"] - timedelta(seconds=60)
            tx.execute(deliveries.update().where(deliveries.c.id == row["id"]).values(arrived_at=earlier))
    daemon.sense(SENSOR)
    site.heal()
    assert sorted(len(given) for given in inputs(site)) == [2, 3]
    assert {run.status for run in runs_of(site.services, "pay")} == {RunStatus.SUCCEEDED}


def test_the_input_of_a_batch_sees_the_list_and_its_condition_each_event(site: Site, daemon: Daemon):
    first = "{{ context.event[0].n }} of {{ size(context.event) }}"
    save_long_ago(site, paid(batch={"maxItems": 10, "maxSeconds": 5}, condition="context.event.n != 1", input=first))
    post_at(site, 60, 59, 58)

    daemon.sense(SENSOR)
    site.heal()

    assert inputs(site) == ["0 of 2"]
    assert states(site.services, "pay") == ["launched", "declined", "joined"]


@pytest.mark.parametrize(
    "gathered", [{"batch": {"maxItems": 2, "maxSeconds": 5}}, {"debounceSeconds": 20}], ids=["batch", "debounce"]
)
@pytest.mark.parametrize("point", ["run-asked-for", "RUN_IDS_RESERVED", "RUN_LAUNCHED"])
def test_a_daemon_that_dies_makes_the_same_of_what_is_gathered(
    site: Site, daemon: Daemon, gathered: dict[str, Any], point: str
):
    save_long_ago(site, paid(**gathered))
    post_at(site, 60, 59)
    if point == "run-asked-for":
        site.start("sense", SENSOR, AGENTMESH_CRASH_AT=point).wait()
    else:
        site.start("sense", SENSOR, point).wait()
    post_at(site, 2)  # belongs to neither

    later = Daemon(site.instance, minutes_later=5)
    for _ in range(3):
        later.sense(SENSOR)
    site.heal()

    [given] = inputs(site)
    assert [each["n"] for each in given] == [0, 1] if "batch" in gathered else given["n"] == 1
    assert sorted(states(site.services, "pay")) == ["joined", "launched", "waiting"]
    site.check()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"debounceSeconds": 3, "batch": {"maxItems": 2, "maxSeconds": 5}}, "take one of the two"),
        ({"batch": {"maxItems": 2, "maxSeconds": 5}, "condition": "context.other"}, "context.event"),
    ],
)
def test_what_does_not_go_together_is_an_issue(site: Site, fields: dict[str, Any], said: str):
    with pytest.raises(InvalidDocument, match=said):
        save(site.services, flow("pay", paid(**fields)))
