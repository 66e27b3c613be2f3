"""Each new version of an asset becomes one run, whoever makes it, however often Dagster is asked for it."""

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import delete, select

from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import asset_looks, deliveries, triggers
from agentmesh_dagster.store.trigger_outcomes import list_outcomes
from tests.faults.site import Site
from tests.triggers.daemon import Daemon
from tests.triggers.flows import flow, read_deliveries, runs_of, save, states

# Dagster reads a property of schedules that it has deprecated itself.
pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")

SENSOR = "brief__on_raw_tickets"


def waits_for(key: str = "raw/tickets", **fields: Any) -> dict[str, Any]:
    return {"type": "asset", "key": key, **fields}


def report(site: Site, partition: str | None = None, key: str = "raw/tickets", **metadata: Any) -> None:
    """A version of an asset of somebody else's, that no run of Dagster's has made."""
    made = dg.AssetMaterialization(key.split("/"), partition=partition, metadata=metadata)
    site.instance.report_runless_asset_event(made)


def make(site: Site, partition: str, **metadata: Any) -> str:
    """Makes a version of an asset of somebody else's; the run's id."""
    days = dg.StaticPartitionsDefinition(["mon", "tue"])

    @dg.asset(key=["raw", "tickets"], partitions_def=days)
    def made() -> dg.MaterializeResult[Any]:
        return dg.MaterializeResult(metadata=metadata)

    return dg.materialize([made], instance=site.instance, partition_key=partition).run_id


def test_a_version_starts_a_run_that_knows_it(site: Site, daemon: Daemon):
    report(site, "mon")  # before the trigger was there
    save(site.services, flow("brief", waits_for()))
    run_id = make(site, "tue", row_count=120, table=dg.MetadataValue.json({"name": "tickets"}))
    report(site, key="raw/others")

    tick = daemon.sense(SENSOR)
    site.heal()

    [run] = runs_of(site.services, "brief")
    assert tick.run_ids == [run.id]
    assert {name: run.input[name] for name in ("key", "partition", "runId")} == {
        "key": "raw/tickets",
        "partition": "tue",
        "runId": run_id,
    }
    assert {name: run.input["metadata"][name] for name in ("row_count", "table")} == {
        "row_count": 120,
        "table": {"name": "tickets"},
    }
    assert run.input["timestamp"].endswith("+00:00")
    assert not daemon.is_asking(SENSOR)
    site.check()


def test_the_same_partition_again_is_a_version_of_its_own(site: Site, daemon: Daemon):
    save(site.services, flow("brief", waits_for(input={"day": "{{ context.event.partition }}"})))
    for partition in ("mon", "tue", "mon"):
        report(site, partition)

    daemon.sense(SENSOR)
    site.heal()
    report(site, "mon")
    daemon.sense(SENSOR)
    site.heal()

    assert [run.input["day"] for run in runs_of(site.services, "brief")] == ["mon", "tue", "mon", "mon"]


def test_a_condition_chooses_and_the_history_says_what_came(site: Site, daemon: Daemon):
    save(site.services, flow("brief", waits_for(condition="context.event.metadata.rows > 10")))
    report(site, rows=1)
    report(site, rows=11)

    daemon.sense(SENSOR)
    site.heal()

    assert states(site.services, "brief") == ["declined", "launched"]
    assert read_deliveries(site.services, "brief")[0].source == "version of `raw/tickets`"
    with site.services.store.read() as connection:
        outcomes = list_outcomes(connection, "brief", "asset:1:raw/tickets", limit=10)
    assert [(outcome.state.value, outcome.asset_key) for outcome in outcomes] == [
        ("launched", "raw/tickets"),
        ("declined", "raw/tickets"),
    ]


def test_any_takes_versions_that_follow_each_other_as_one(site: Site, daemon: Daemon):
    save(site.services, flow("brief", waits_for(partitions="any", input="{{ context.event.partition }}")))
    for partition in ("mon", "tue", "wed"):
        report(site, partition)
    daemon.sense(SENSOR)
    assert runs_of(site.services, "brief") == []

    with site.services.store.begin() as tx:
        for row in tx.execute(select(deliveries.c.id, deliveries.c.arrived_at)).all():
            tx.execute(
                deliveries.update()
                .where(deliveries.c.id == row.id)
                .values(arrived_at=row.arrived_at - timedelta(seconds=60))
            )
        tx.execute(triggers.update().values(enabled_at=now(tx) - timedelta(days=1)))
    daemon.sense(SENSOR)
    site.heal()

    assert [run.input for run in runs_of(site.services, "brief")] == ["wed"]


def test_a_look_that_was_forgotten_and_a_second_location_make_no_second_run(site: Site, daemon: Daemon):
    save(site.services, flow("brief", waits_for()))
    report(site)
    daemon.sense(SENSOR)
    site.heal()
    with site.services.store.begin() as tx:
        tx.execute(delete(asset_looks))

    daemon.sense(SENSOR)
    site.heal()

    assert len(runs_of(site.services, "brief")) == 1


def test_what_was_made_while_the_trigger_was_off_starts_nothing(site: Site, daemon: Daemon):
    save(site.services, flow("brief", waits_for()))
    daemon.switch(SENSOR, on=False)
    report(site)
    daemon.switch(SENSOR, on=True)
    daemon.sense(SENSOR)
    site.heal()
    assert runs_of(site.services, "brief") == []

    report(site)
    daemon.sense(SENSOR)
    site.heal()
    assert len(runs_of(site.services, "brief")) == 1
