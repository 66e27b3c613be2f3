"""`concurrency` of a workflow: never more open runs than it says, whoever launches, and what becomes of one more."""

import threading
from collections import Counter
from typing import Any

import dagster as dg
import pytest

from agentmesh_dagster.control.adopt import adopt_launches
from agentmesh_dagster.control.cancel import cancel_run
from agentmesh_dagster.control.fork import prepare_fork
from agentmesh_dagster.control.in_place import execute_launch as execute_in_place
from agentmesh_dagster.control.in_place import run_in_place
from agentmesh_dagster.control.launch import PreparedLaunch, prepare_launch
from agentmesh_dagster.control.maintenance import run_maintenance
from agentmesh_dagster.control.queued_runs import begin_queued_runs
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.retry import retry_run
from agentmesh_dagster.entities.models import EventType, Run, RunStatus, Workflow
from agentmesh_dagster.runtime.launches import LaunchFacts, start_launch
from agentmesh_dagster.runtime.places import RunLimitReached
from agentmesh_dagster.runtime.plans import load_plan
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.catalogue import current_revision, save_checked
from agentmesh_dagster.store.events import list_events
from agentmesh_dagster.store.run_limits import list_open_runs, lock_run_limit
from agentmesh_dagster.store.runs import get_run, list_runs, lock_run
from agentmesh_dagster.translator.dagster_runs import read_instance_id
from agentmesh_dagster.translator.run_tags import FORK_TAG
from agentmesh_dagster.wire import NewFork
from tests.control.dagster_actions import execute_launch, launch_subset, reexecute_from_failure
from tests.control.office import APPROVED, Office
from tests.faults.conftest import site
from tests.faults.processes import wait_until
from tests.faults.site import Site
from tests.shapes import node, workflow

__all__ = ["site"]


def flow(on_limit: str | None = "queue", most: int = 1) -> Workflow:
    """start → gate → end."""
    nodes = [node("start", "start"), node("gate", "human_approval"), node("end", "end")]
    limit = None if on_limit is None else {"max": most, "onLimit": on_limit}
    return workflow("w", nodes, ["start -> gate", "gate -> end"], concurrency=limit)


def failing(on_limit: str) -> Workflow:
    nodes = [node("start", "start"), node("end", "end", output="no luck", outcome="failed")]
    return workflow("w", nodes, ["start -> end"], concurrency={"max": 1, "onLimit": on_limit})


class Line(Office):
    """Launches as the API does, and looks at what waits."""

    def save(self, saved: Workflow) -> None:
        self.flow = saved
        save_checked(self.services.store, [saved], author="test")

    def launch(self) -> PreparedLaunch:
        return prepare_launch(self.services, self.instance, self.flow, {}, launched_by="test")

    def launch_and_work(self) -> str:
        launch = self.launch()
        assert not launch.is_queued
        run_in_place(self.services, self.instance, launch)
        return launch.run_id

    def launch_in_dagster(self) -> str:
        """The launchpad's button, and what the queue makes of it; the id of the Dagster run."""
        config = {"ops": {"start": {"config": {"input": {}}}}}
        launch_id = launch_subset(self.instance, "w", ["*"], config)
        execute_launch(self.services, self.instance, launch_id)
        return launch_id

    def work_off(self) -> None:
        """Gives places, and executes what is queued then."""
        begin_queued_runs(self.services, self.instance)
        for queued in self.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])):
            execute_launch(self.services, self.instance, queued.run_id)

    def end(self, run_id: str) -> None:
        self.answer(run_id, "gate", APPROVED)
        self.continue_run(run_id)

    def get(self, run_id: str) -> Run:
        with self.services.store.read() as connection:
            return get_run(connection, run_id)

    def status(self, run_id: str) -> tuple[str, bool]:
        run = self.get(run_id)
        return run.status.value, run.queued_at is not None

    def dagster_status(self, launch_id: str) -> dg.DagsterRunStatus | None:
        found = self.instance.get_run_by_id(launch_id)
        return found.status if found else None

    def starts(self, run_id: str) -> list[dict[str, Any]]:
        """What was said at each start of a run."""
        with self.services.store.read() as connection:
            events = list_events(connection, run_id)
        return [event.payload for event in events if event.type is EventType.RUN_STARTED]

    def count_open(self) -> int:
        with self.services.store.read() as connection:
            return len(list_open_runs(connection, "w"))


@pytest.fixture
def line(services: Services, instance: dg.DagsterInstance) -> Line:
    return Line(services, instance)


def test_a_run_that_waits_at_a_gate_is_open_and_the_next_one_begins_when_it_has_ended(line: Line):
    line.save(flow())
    first = line.launch_and_work()
    second, third = line.launch(), line.launch()

    assert (second.is_queued, third.is_queued) == (True, True)
    assert line.status(second.run_id) == ("pending", True)
    assert line.dagster_status(second.run_id) is None, "Dagster need not hold it"
    line.work_off()
    assert line.status(second.run_id) == ("pending", True), "there is no place yet"

    line.end(first)
    line.work_off()

    assert line.status(second.run_id) == ("running", False)
    assert line.status(third.run_id) == ("pending", True), "they begin in their order"
    line.end(second.run_id)
    run_maintenance(line.services, line.instance)  # the sensor does it, too
    line.work_off()
    assert line.status(third.run_id) == ("running", False)


def test_a_queued_run_can_be_canceled_and_never_begins(line: Line):
    line.save(flow())
    first = line.launch_and_work()
    second, third = line.launch(), line.launch()

    cancel_run(line.services, line.instance, second.run_id, by="ann")
    line.end(first)
    line.work_off()

    assert line.status(second.run_id) == ("canceled", False)
    assert line.status(third.run_id) == ("running", False)
    assert line.dagster_status(second.run_id) is None


def test_reading_a_queued_run_does_not_begin_it(line: Line):
    line.save(flow())
    line.launch_and_work()
    queued = line.launch()
    Site(line.services, line.instance, line.services.settings.home).let_time_pass()

    reconcile_run(line.services, line.instance, queued.run_id)
    run_maintenance(line.services, line.instance)

    assert line.status(queued.run_id) == ("pending", True)
    assert line.dagster_status(queued.run_id) is None


def test_skip_starts_no_run_and_says_why(line: Line):
    line.save(flow("skip"))
    first = line.launch_and_work()

    with pytest.raises(RunLimitReached, match=f"1 of at most 1 is open: `{first}`"):
        line.launch()

    assert line.count_open() == 1
    line.end(first)
    assert line.launch_and_work() != first


def test_cancel_oldest_makes_room_and_says_for_whom(line: Line):
    line.save(flow("cancelOldest", most=2))
    first, second = line.launch_and_work(), line.launch_and_work()

    third = line.launch_and_work()

    assert line.status(first) == ("canceled", False)
    assert line.get(first).error == (
        f"Canceled by run `{third}`: at most 2 may be open (`concurrency`, `cancelOldest`)."
    )
    assert line.dagster_status(first) is dg.DagsterRunStatus.CANCELED
    assert [line.status(second), line.status(third)] == [("running", False)] * 2


def test_a_run_that_dagster_launched_waits_without_a_process_and_begins_in_its_turn(line: Line):
    line.save(flow())
    first = line.launch_and_work()

    second = line.launch_in_dagster()

    assert line.status(second) == ("pending", True)
    assert line.dagster_status(second) is dg.DagsterRunStatus.SUSPENDED
    line.work_off()
    assert line.status(second) == ("pending", True)
    line.end(first)
    line.work_off()
    assert line.status(second) == ("running", False)
    assert len(line.get(second).launches) == 2
    line.end(second)
    assert line.status(second) == ("succeeded", False)
    assert line.dagster_status(second) is dg.DagsterRunStatus.SUCCESS


def test_a_run_that_dagster_launched_and_that_is_skipped_is_none(line: Line):
    line.save(flow("skip"))
    first = line.launch_and_work()

    second = line.launch_in_dagster()

    assert line.dagster_status(second) is dg.DagsterRunStatus.FAILURE
    found = line.instance.get_run_by_id(second)
    assert found
    assert first in found.tags["agentmesh/skipped"]
    line.end(first)
    adopt_launches(line.services, line.instance)
    with line.services.store.read() as connection:
        assert [run.id for run in list_runs(connection)] == [first]


def test_a_worker_that_needs_the_place_cancels_the_oldest_in_dagster_too(line: Line):
    line.save(flow("cancelOldest"))
    first = line.launch_and_work()

    second = line.launch_in_dagster()
    run_maintenance(line.services, line.instance)

    assert line.status(first) == ("canceled", False)
    assert line.dagster_status(first) is dg.DagsterRunStatus.CANCELED
    assert line.status(second) == ("running", False)


@pytest.mark.parametrize("on_limit", ["queue", "skip"])
def test_two_launches_at_once_never_exceed_the_most(line: Line, on_limit: str):
    line.save(flow(on_limit, most=3))
    came: Counter[str] = Counter()
    ready = threading.Barrier(8)

    def launch() -> None:
        ready.wait()
        try:
            came["queued" if line.launch().is_queued else "placed"] += 1
        except RunLimitReached:
            came["skipped"] += 1

    work(launch, 8)

    assert came == {"placed": 3, "queued" if on_limit == "queue" else "skipped": 5}
    assert line.count_open() == 3


def test_two_launches_at_once_both_make_room(line: Line):
    line.save(flow("cancelOldest", most=2))
    ready = threading.Barrier(6)

    def launch() -> None:
        ready.wait()
        line.launch()

    work(launch, 6)

    assert line.count_open() == 2
    with line.services.store.read() as connection:
        assert Counter(run.status for run in list_runs(connection)) == {RunStatus.PENDING: 2, RunStatus.CANCELED: 4}


def test_two_looks_at_once_begin_each_run_once(line: Line):
    line.save(flow(most=1))
    first = line.launch_and_work()
    queued = [line.launch().run_id for _ in range(4)]
    line.save(flow(most=3))
    begun: list[str] = []

    work(lambda: begun.extend(begin_queued_runs(line.services, line.instance).begun), 5)

    assert sorted(begun) == sorted(queued[:2]), "the newest revision says how many"
    assert line.count_open() == 3
    line.save(flow(None))
    line.work_off()
    assert line.count_open() == 5
    assert line.status(first)[0] == "running"


def test_a_run_that_is_retried_waits_for_a_place_like_a_new_one(line: Line):
    line.save(failing("queue"))
    failed = line.launch_and_work()
    line.save(flow())
    open_run = line.launch_and_work()

    launch = retry_run(line.services, line.instance, failed, by="ann")

    assert launch.is_queued
    assert line.status(failed) == ("pending", True)
    assert len(line.starts(failed)) == 1, "it has not started again yet"
    line.end(open_run)
    line.work_off()
    assert line.status(failed) == ("failed", False), "it has failed again, after it had begun again"
    assert len(line.get(failed).launches) == 2
    assert [start.get("retriedBy") for start in line.starts(failed)] == [None, "ann"]


def test_a_retry_is_refused_where_there_is_no_place(line: Line):
    line.save(failing("skip"))
    failed = line.launch_and_work()
    line.save(flow("skip"))
    line.launch_and_work()

    with pytest.raises(RunLimitReached):
        retry_run(line.services, line.instance, failed, by="ann")
    assert line.status(failed) == ("failed", False)


def test_a_fork_waits_for_a_place_like_a_new_run(line: Line):
    line.save(flow())
    first = line.launch_and_work()
    line.instance.add_run_tags(first, {"team": "red"})

    fork = prepare_fork(line.services, line.instance, first, NewFork(from_node_id="gate"), by="ann")

    assert fork.is_queued
    line.end(first)
    line.work_off()
    forked = line.instance.get_run_by_id(fork.run_id)
    assert forked
    assert (forked.tags["team"], forked.tags[FORK_TAG]) == ("red", first)
    assert set(forked.step_keys_to_execute or ()) == {"gate", "end"}
    said = [event.message for event in line.instance.all_logs(first) if "Forked" in (event.message or "")]
    assert said == ["Forked: another run goes on from gate."]
    assert line.status(fork.run_id) == ("running", False)
    assert line.get(fork.run_id).waiting_on


def test_a_reexecution_in_dagster_that_finds_no_place_fails_and_says_why(line: Line):
    line.save(failing("queue"))
    failed = line.launch_and_work()
    open_run = line.launch().run_id  # nobody has worked on it yet

    again = reexecute_from_failure(line.instance, failed)
    execute_launch(line.services, line.instance, again)

    assert line.dagster_status(again) is dg.DagsterRunStatus.FAILURE
    found = line.instance.get_run_by_id(again)
    assert found
    assert open_run in found.tags["agentmesh/skipped"]
    assert line.status(failed) == ("failed", False)


def test_a_reexecution_locks_the_limit_before_its_run_as_a_retry_does(line: Line):
    line.save(failing("queue"))
    failed = line.launch_and_work()
    parent = line.instance.get_run_by_id(failed)
    assert parent
    plan = load_plan(line.services.store, "w", current_revision(line.services.store))
    facts = LaunchFacts(
        "again", read_instance_id(line.instance), parent.job_name, {}, parent_id=failed, is_from_failure=True
    )
    started: list[str] = []
    again = threading.Thread(target=lambda: started.append(start_launch(line.services, plan, facts)))

    with line.services.store.begin() as tx:
        lock_run_limit(tx, "w")
        again.start()
        again.join(timeout=1)
        assert again.is_alive(), "it waits for the limit"
        lock_run(tx, failed)  # PostgreSQL would call it a deadlock if the other one held it
    again.join()

    assert started == [failed]


def test_in_a_terminal_a_run_waits_for_its_place(line: Line):
    line.save(flow())
    first = line.launch_and_work()
    second = line.launch()

    waiting = threading.Thread(target=execute_in_place, args=(line.services, line.instance, second))
    waiting.start()
    line.answer(first, "gate", APPROVED)
    reconcile = threading.Thread(target=line.continue_run, args=(first,))
    reconcile.start()
    reconcile.join()
    waiting.join(timeout=60)

    assert not waiting.is_alive()
    assert line.status(second.run_id) == ("running", False)
    assert line.get(second.run_id).waiting_on


@pytest.mark.parametrize("point", ["launch-stored", "place-given", "launch-in-dagster"])
def test_a_queued_run_survives_a_kill(site: Site, point: str):
    line = Line(site.services, site.instance)
    line.save(flow())
    first = line.launch_and_work()
    if point == "launch-stored":
        assert site.start("run", "w", AGENTMESH_CRASH_AT=point).wait() == -9
    else:
        line.launch()
        line.end(first)
        assert site.start("begin_queued", AGENTMESH_CRASH_AT=point).wait() == -9
    if point == "launch-stored":
        line.end(first)

    site.heal()

    with site.services.store.read() as connection:
        newest, _ = list_runs(connection)
    wait_until(lambda: line.status(newest.id) == ("running", False))
    line.end(newest.id)
    site.heal()
    assert line.status(newest.id) == ("succeeded", False)


def work(task: Any, times: int) -> None:
    threads = [threading.Thread(target=task) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
