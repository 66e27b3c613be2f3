"""Maintenance: what the sensor does at each tick, derived from the store alone, as much as fits into a tick."""

import random
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import dagster as dg

from agentmesh_dagster.control.adopt import adopt_launches
from agentmesh_dagster.control.children import OfRun, tend_children
from agentmesh_dagster.control.queued_runs import begin_queued_runs
from agentmesh_dagster.control.reconcile import reconcile_run
from agentmesh_dagster.control.resume import submit_resume
from agentmesh_dagster.errors import AgentMeshError
from agentmesh_dagster.runtime.arrivals import look_for_event
from agentmesh_dagster.runtime.due_waits import end_due_wait
from agentmesh_dagster.runtime.notices import send_notice
from agentmesh_dagster.runtime.services import Services
from agentmesh_dagster.store.awaited_events import list_waits_to_look
from agentmesh_dagster.store.gates import list_due_notices
from agentmesh_dagster.store.launches import Launch, list_parked_launches
from agentmesh_dagster.store.runs import filter_run_ids, list_unsettled_run_ids
from agentmesh_dagster.store.waits import list_due_waits, list_runs_to_resume
from agentmesh_dagster.translator.dagster_runs import read_instance_id

_TICK_SECONDS = 40.0  # Dagster gives a tick 60
_IDS_AT_ONCE = 500

Thing = TypeVar("Thing")
ThingOfRun = TypeVar("ThingOfRun", bound=OfRun)


@dataclass(frozen=True)
class MaintenanceReport:
    """What one tick found and did."""

    adopted: int = 0
    expired: list[str] = field(default_factory=list[str])  # step ids
    settled: list[str] = field(default_factory=list[str])  # run ids
    resumed: list[str] = field(default_factory=list[str])  # run ids
    waiting: int = 0  # runs of which a step waits
    notified: int = 0  # webhooks told of a gate
    children: int = 0  # runs that were started for steps which wait for them
    faults: list[str] = field(default_factory=list[str])  # what went wrong, with single runs
    placed: list[str] = field(default_factory=list[str])  # ids of the runs that have waited for a place, and have one


def run_maintenance(
    services: Services,
    instance: dg.DagsterInstance,
    *,
    seconds: float = _TICK_SECONDS,
    projects: Collection[str] | None = None,
) -> MaintenanceReport:
    """Settles what nobody else has: dead workers, waits whose time is over, and those that ended and that no launch
    followed; of all projects, or of these (ids).

    What goes wrong with one run is told, and does not hold up the others. What there is no time for is left to the
    next tick.
    """
    tick = _Tick(time.monotonic(), seconds)
    instance_id = read_instance_id(instance)
    adopted = adopt_launches(services, instance)
    with services.store.read() as connection:
        due, looking = list_due_waits(connection), list_waits_to_look(connection)
        unsettled = list_unsettled_run_ids(connection, instance_id)
        parked = list_parked_launches(connection, instance_id)
    looks_after = _Chosen(services, projects)
    due = looks_after.choose(due, lambda wait: wait.run_id)
    looking = looks_after.choose(looking, lambda wait: wait.run_id)
    unsettled = looks_after.choose(unsettled, lambda run_id: run_id)
    parked = looks_after.choose(parked, lambda launch: launch.run_id)
    expired = tick.do(due, lambda wait: end_due_wait(services, wait), until=0.25)
    tick.do(looking, lambda wait: look_for_event(services, wait), until=0.35)
    unsettled = list(dict.fromkeys([*unsettled, *_find_given_up(instance, parked)]))
    settled = tick.do(_begin_anywhere(unsettled), lambda run_id: reconcile_run(services, instance, run_id), until=0.6)
    tended = tend_children(services, instance, _OwnChildren(tick, looks_after))
    placed = begin_queued_runs(services, instance, projects=projects)
    tick.faults.extend(placed.faults)
    with services.store.read() as connection:
        answered = list_runs_to_resume(connection, instance_id)
        notices = list_due_notices(connection)
    answered = looks_after.choose(answered, lambda run_id: run_id)
    notices = looks_after.choose(notices, lambda gate: gate.run_id)
    resumed = tick.do(_begin_anywhere(answered), lambda run_id: submit_resume(services, instance, run_id), until=0.9)
    # Last: somebody else's server must not hold up what is ours.
    notified = tick.do(notices, lambda gate: send_notice(services, gate), until=1.0)
    return MaintenanceReport(
        adopted,
        [wait.step_id for wait in expired],
        settled,
        resumed,
        len({launch.run_id for launch in parked}.difference(resumed)),
        len(notified),
        len(tended.started),
        tick.faults,
        placed.begun,
    )


@dataclass(frozen=True)
class _Chosen:
    """The projects that a location was given; the runs of others are another location's."""

    services: Services
    projects: Collection[str] | None

    def choose(self, things: Sequence[Thing], run_of: Callable[[Thing], str]) -> list[Thing]:
        if self.projects is None or not things:
            return [*things]
        with self.services.store.read() as connection:
            ours = filter_run_ids(connection, {run_of(thing) for thing in things}, self.projects)
        return [thing for thing in things if run_of(thing) in ours]


@dataclass
class _Tick:
    """The time of one tick, and what went wrong in it."""

    started: float
    seconds: float
    faults: list[str] = field(default_factory=list[str])

    def do(self, things: Iterable[Thing], deed: Callable[[Thing], object], *, until: float) -> list[Thing]:
        """The things for which `deed` gave something true.

        It stops at that share of the tick, after one thing at the least: what there was no time for is found again
        at the next.
        """
        done: list[Thing] = []
        for thing in things:
            try:
                if deed(thing):
                    done.append(thing)
            except (AgentMeshError, dg.DagsterError) as fault:
                self.faults.append(str(fault))
            if time.monotonic() - self.started > until * self.seconds:
                break
        return done


@dataclass(frozen=True)
class _OwnChildren:
    """What a tick does for children, as far as their parents are this location's."""

    tick: _Tick
    looks_after: _Chosen

    def __call__(
        self, things: Sequence[ThingOfRun], deed: Callable[[ThingOfRun], object], *, until: float
    ) -> list[ThingOfRun]:
        return self.tick.do(self.looks_after.choose(things, lambda thing: thing.run_id), deed, until=until)


def _begin_anywhere(things: Sequence[Thing]) -> list[Thing]:
    """The same things in the same order, from a place on that is drawn by lot, and round.

    Some need nothing at tick after tick, such as a run whose second gate is still open. Whatever a tick has no time
    for must not always be the same.
    """
    place = random.randrange(len(things) or 1)
    return [*things[place:], *things[:place]]


def _find_given_up(instance: dg.DagsterInstance, parked: Sequence[Launch]) -> list[str]:
    """The runs whose suspended launch somebody has canceled or deleted in Dagster."""
    run_ids = {launch.id: launch.run_id for launch in parked}
    launch_ids = list(run_ids)
    given_up: list[str] = []
    for start in range(0, len(launch_ids), _IDS_AT_ONCE):
        page = launch_ids[start : start + _IDS_AT_ONCE]
        suspended = dg.RunsFilter(run_ids=page, statuses=[dg.DagsterRunStatus.SUSPENDED])
        standing = set(instance.get_run_ids(suspended))
        given_up += [run_ids[launch_id] for launch_id in page if launch_id not in standing]
    return given_up
