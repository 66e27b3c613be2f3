"""What the store tells of a step that was given to a worker elsewhere; on each database."""

import time

import pytest

from agentmesh_dagster.entities.models import StepStatus
from agentmesh_dagster.graph.address import Address
from agentmesh_dagster.graph.plan import Plan
from agentmesh_dagster.runtime.launches import LaunchFacts, start_launch
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services, open_services
from agentmesh_dagster.runtime.step_watch import Finding, StepWatch
from agentmesh_dagster.settings import get_settings
from agentmesh_dagster.store.catalogue import current_revision
from agentmesh_dagster.store.steps import Claim, LeaseLost, NewStep, StepEnd, claim_step, end_step, get_step, renew_step
from tests.shapes import node, save, workflow

KEY = Address("start")
RUN_ID = "11111111-1111-4111-8111-111111111111"


LEASE_SECONDS = 0.5


@pytest.fixture
def services(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Services:
    monkeypatch.setenv("AGENTMESH_LEASE_SECONDS", str(LEASE_SECONDS))
    monkeypatch.setenv("AGENTMESH_DATABASE_URL", store_url)
    get_settings.cache_clear()
    return open_services()


@pytest.fixture
def plan(services: Services) -> Plan:
    save(services, workflow("w", [node("start", "start"), node("end", "end")], ["start -> end"]))
    plan = load_plan(services.store, "w", current_revision(services.store))
    start_launch(services, plan, LaunchFacts(RUN_ID, "instance", "w", {}))
    return plan


def claim(services: Services, lease_seconds: float) -> Claim:
    step = NewStep(KEY, "start", [])
    with services.store.begin() as tx:
        return claim_step(tx, RUN_ID, step, input=None, launch_id=RUN_ID, owner="w", lease_seconds=lease_seconds)


def end(services: Services, claimed: Claim, status: StepStatus) -> None:
    with services.store.begin() as tx:
        end_step(tx, claimed, StepEnd(status, output={}))


def look_until_found(watch: StepWatch, *, has_begun: bool = True, has_died: bool = False) -> Finding:
    deadline = time.monotonic() + 4 * LEASE_SECONDS
    while (found := watch.look(has_begun=has_begun, has_died=has_died)) is Finding.FINE:
        assert time.monotonic() < deadline, "it waits for ever"
        time.sleep(0.02)
    return found


def stays_fine(watch: StepWatch, *, has_begun: bool = True) -> bool:
    deadline = time.monotonic() + 1.5 * LEASE_SECONDS
    while time.monotonic() < deadline:
        if watch.look(has_begun=has_begun, has_died=False) is not Finding.FINE:
            return False
        time.sleep(0.05)
    return True


def test_a_step_in_the_queue_is_waited_for(services: Services, plan: Plan):
    assert stays_fine(StepWatch(services, RUN_ID, KEY, begins_within_seconds=0), has_begun=False)


def test_a_step_whose_lease_is_renewed_is_waited_for(services: Services, plan: Plan):
    watch = StepWatch(services, RUN_ID, KEY)
    claimed = claim(services, LEASE_SECONDS)
    for _ in range(3):
        with services.store.begin() as tx:
            assert renew_step(tx, claimed, LEASE_SECONDS)
        assert watch.look(has_begun=True, has_died=False) is Finding.FINE
        time.sleep(LEASE_SECONDS / 2)


def test_a_step_that_nobody_began_may_be_repeated(services: Services, plan: Plan):
    assert look_until_found(StepWatch(services, RUN_ID, KEY, begins_within_seconds=0.2)) is Finding.SAFE_TO_REPEAT
    dead = StepWatch(services, RUN_ID, KEY)
    assert look_until_found(dead, has_begun=False, has_died=True) is Finding.SAFE_TO_REPEAT


def test_a_step_that_had_ended_may_be_repeated(services: Services, plan: Plan):
    watch = StepWatch(services, RUN_ID, KEY)
    end(services, claim(services, LEASE_SECONDS), StepStatus.SUCCEEDED)
    assert look_until_found(watch) is Finding.SAFE_TO_REPEAT


def test_a_step_whose_worker_fell_silent_is_ended_and_that_worker_writes_nothing_more(services: Services, plan: Plan):
    watch = StepWatch(services, RUN_ID, KEY)
    claimed = claim(services, 0.1)
    assert look_until_found(watch) is Finding.DIED_AT_WORK

    assert watch.give_up(plan, "it died", tries_again=False)
    with pytest.raises(LeaseLost):
        end(services, claimed, StepStatus.SUCCEEDED)
    with services.store.read() as connection:
        step = get_step(connection, claimed.step_id)
    assert step is not None
    assert (step.status, step.error) == (StepStatus.FAILED, "it died")


def test_a_step_that_ended_at_the_last_moment_is_not_given_up(services: Services, plan: Plan):
    watch = StepWatch(services, RUN_ID, KEY)
    claimed = claim(services, 0.1)
    assert look_until_found(watch) is Finding.DIED_AT_WORK
    end(services, claimed, StepStatus.SUCCEEDED)

    assert not watch.give_up(plan, "it died", tries_again=False)
    assert look_until_found(watch) is Finding.SAFE_TO_REPEAT
