"""What the web server ends when its time comes, or its event: one that cannot be ended holds up no other."""

import asyncio
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.api.context import ApiContext
from agentmesh_dagster.api.continuation import give_event_to_waits
from agentmesh_dagster.api.due_waits import ending_due_waits
from agentmesh_dagster.entities.models import Workflow
from agentmesh_dagster.runtime.plans import forget_plans
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.clock import now
from agentmesh_dagster.store.tables import revisions, waits
from agentmesh_dagster.store.triggers import receive_event
from tests.api.office import QueueOnly
from tests.control.conftest import dagster_home, instance, services  # noqa: F401 used as fixtures
from tests.control.office import Office, noting
from tests.process.servers import wait_until
from tests.shapes import node, workflow


@pytest.fixture
def office(services: Services, instance: dg.DagsterInstance) -> Office:  # noqa: F811
    return Office(services, instance)


def pause(identity: str, **wait: Any) -> Workflow:
    nodes = [node("start", "start"), node("pause", "wait", **wait), noting("after"), node("end", "end")]
    return workflow(identity, nodes, ["start -> pause", "pause -> after", "after -> end"])


def start_broken_and_sound(office: Office, **wait: Any) -> str:
    """Two runs that wait, the first of a workflow that nobody can read any more; the id of the second."""
    office.start(pause("broken", **wait))
    sound = office.start(pause("sound", **wait))
    with office.services.store.begin() as tx:
        tx.execute(revisions.update().where(revisions.c.entity_id == "broken").values(document="{"))
    forget_plans()
    return sound


def goes_on(office: Office, run_id: str) -> bool:
    return len(office.run(run_id).launches) == 2


def open_context(office: Office) -> ApiContext:
    return ApiContext(office.services, office.instance, QueueOnly(office.instance))


def test_a_wait_that_cannot_be_ended_does_not_hold_up_the_others(office: Office):
    sound = start_broken_and_sound(office, seconds=3600)
    with office.services.store.begin() as tx:
        tx.execute(waits.update().values(due_at=now(tx) - timedelta(seconds=1)))

    with ending_due_waits(open_context(office)):
        wait_until(lambda: goes_on(office, sound), 20)


@pytest.mark.parametrize("is_posted_here", [True, False])
def test_nor_does_one_that_waits_for_an_event(office: Office, is_posted_here: bool):
    sound = start_broken_and_sound(office, event={"name": "paid"})
    for number in range(2):
        with office.services.store.begin() as tx:
            receive_event(tx, "paid", str(number), {}, by="shop")

    if is_posted_here:
        asyncio.run(give_event_to_waits(open_context(office), "paid"))
        assert goes_on(office, sound)
    else:
        with ending_due_waits(open_context(office)):
            wait_until(lambda: goes_on(office, sound), 20)
