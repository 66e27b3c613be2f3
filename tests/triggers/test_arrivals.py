"""What arrives is noted for each trigger that waits for it, in the transaction in which it arrives."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, insert, select

from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import prepare_launch
from agentmesh_dagster.entities.json_values import InvalidJson
from agentmesh_dagster.entities.models import EventType, Workflow
from agentmesh_dagster.graph.triggers import key_triggers
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store import open_store
from agentmesh_dagster.store.address import read_url
from agentmesh_dagster.store.catalogue.documents import write_document
from agentmesh_dagster.store.migrations import FOLDER
from agentmesh_dagster.store.tables import entities, events, revisions, triggers
from agentmesh_dagster.store.triggers import InvalidEvent, receive_event
from tests.control.dagster_actions import execute_launch, reexecute_from_failure
from tests.faults.site import Site
from tests.shapes import node, workflow
from tests.triggers.flows import after, flow, on, post, read_deliveries, save, states


def test_an_id_is_new_once(services: Services):
    save(services, flow("pay", on("order.paid")))

    assert post(services, "order.paid", "1", {"n": 1})
    assert not post(services, "order.paid", "1", {"n": 2})
    assert post(services, "order.sent", "1", {"n": 3})

    assert [delivery.event for delivery in read_deliveries(services, "pay")] == [{"n": 1}]


def test_who_posted_what_is_written_down(services: Services):
    post(services, "order.paid", "1")
    post(services, "order.paid", "1")

    with services.store.read() as connection:
        found = connection.execute(select(events.c.payload).where(events.c.type == EventType.EVENT_RECEIVED.value))
        assert found.scalars().all() == [{"name": "order.paid", "eventId": "1", "by": "ann", "via": "test"}]


@pytest.mark.parametrize(("name", "event_id"), [("", "1"), ("order.paid", " "), ("x" * 256, "1"), ("n", "1" * 256)])
def test_an_event_has_a_name_and_an_id(services: Services, name: str, event_id: str):
    with pytest.raises(InvalidEvent), services.store.begin() as tx:
        receive_event(tx, name, event_id, {}, by="ann")


@pytest.mark.parametrize("body", [float("nan"), "\ud800", {"a": "\x00"}])
def test_a_body_that_is_no_json_is_refused(services: Services, body: object):
    with pytest.raises(InvalidJson), services.store.begin() as tx:
        receive_event(tx, "order.paid", "1", body, by="ann")

    assert post(services, "order.paid", "1"), "nothing was stored"


def test_what_is_not_committed_did_not_arrive(services: Services):
    save(services, flow("pay", on("order.paid")))

    def die_in_the_middle() -> None:
        with services.store.begin() as tx:
            receive_event(tx, "order.paid", "1", {}, by="ann")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        die_in_the_middle()

    assert states(services, "pay") == []
    assert post(services, "order.paid", "1")


def test_each_end_of_a_run_arrives_once(site: Site):
    """A failed run that is executed again, and fails again, has ended twice."""
    nodes = [node("start", "start"), node("end", "end", output="no luck", outcome="failed")]
    broken = workflow("broken", nodes, ["start -> end"])
    save(site.services, broken, flow("alarm", after("broken", "failed")), flow("cheer", after("broken")))
    launch = prepare_launch(site.services, site.instance, broken, {"n": 1}, launched_by="test")
    run_in_place(site.services, site.instance, launch)
    site.heal()

    assert states(site.services, "alarm") == ["waiting"]
    execute_launch(site.services, site.instance, reexecute_from_failure(site.instance, launch.launch_id))
    site.heal()

    assert states(site.services, "alarm") == ["waiting"] * 2
    assert [delivery.event["runId"] for delivery in read_deliveries(site.services, "alarm")] == [launch.run_id] * 2
    assert states(site.services, "cheer") == []


def test_workflows_that_were_stored_before_there_were_triggers_have_them_after_the_upgrade(fresh_url: str):
    pay = flow("pay", on("order.paid"), {"type": "cron", "cron": "@daily"}, on("order.paid", enabled=False))
    ship = flow("ship", after("pay", "failed"), on("订单"))
    _make_store_of_the_first_release(fresh_url, pay, ship, flow("plain"))

    store = open_store(fresh_url)
    with store.read() as connection:
        upgraded = connection.execute(select(triggers).order_by(triggers.c.trigger)).mappings().all()
    store.close()

    kept = [(row["workflow_id"], row["trigger"], row["kind"], row["source"], row["status"]) for row in upgraded]
    assert kept == [
        ("pay", "event:1:order.paid", "event", "order.paid", None),
        ("ship", "event:1:订单", "event", "订单", None),
        ("pay", "event:2:order.paid", "event", "order.paid", None),
        ("ship", "run:1:failed:pay", "run", "pay", "failed"),
    ]
    assert [row["enabled_at"] for row in upgraded] == [_SAVED_AT, _SAVED_AT, None, _SAVED_AT]
    assert {row["trigger"] for row in upgraded} < {*key_triggers(pay.triggers), *key_triggers(ship.triggers)}


_SAVED_AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def _make_store_of_the_first_release(url: str, *flows: Workflow) -> None:
    address = read_url(url)
    if address.drivername == "sqlite":
        Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(address)
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for revision, one in enumerate(flows, start=1):
            head = {"revision": revision, "kind": "workflow", "name": one.name}
            document = write_document(one)
            connection.execute(
                insert(revisions).values(
                    **head, entity_id=one.id, document=document, saved_at=_SAVED_AT, saved_by="somebody"
                )
            )
            connection.execute(
                insert(entities).values(
                    **head, id=one.id, project_id="default", created_at=_SAVED_AT, updated_at=_SAVED_AT
                )
            )
    engine.dispose()
